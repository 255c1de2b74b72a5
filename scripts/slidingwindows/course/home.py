"""What the build needs beside Python: style, script, theme, lists of locked versions.

In a checkout it lies beside the package, where this course lies too. A wheel carries it inside
(setup.py), so that the package builds courses anywhere.
"""

from __future__ import annotations

from pathlib import Path

from ..core.errors import SlidingWindowsError
from .keys import HERE

PACKAGE = HERE.resolve()
INSTALLED = PACKAGE / "home"


def home() -> Path:
    """The folder that holds assets/. Raises SlidingWindowsError if the package came without."""
    for folder in (INSTALLED, PACKAGE.parents[1]):
        if (folder / "assets" / "site.css").is_file():
            return folder
    raise SlidingWindowsError(
        f"{HERE} came without its assets, which a site needs; install it from its repository"
    )


def is_home(root: Path) -> bool:
    """Whether a project is the one that this package was written for."""
    return root.resolve() == PACKAGE.parents[1]


def assets_of(root: Path) -> dict[str, Path]:
    """The files directly in assets/ by name: a project's own, else the package's."""
    folders = (home() / "assets", root / "assets")
    paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    return {path.name: path for path in paths if path.is_file()}
