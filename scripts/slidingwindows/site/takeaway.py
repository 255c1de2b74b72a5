"""The course as a zip to run elsewhere: notebooks, scripts, the wheel, pinned requirements."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..course.scratch import scratch
from ..export.files import write, zipped
from .notices import NAME as NOTICES
from .notices import notices_text
from .prepared import folder_of_script
from .stamps import commit_time

NAME = "sliding-windows-course"
# What the notebooks need besides the package's own dependencies.
BESIDE = ("scikit-learn", "scipy", "ipykernel", "nbclient")
# What one notebook needs beyond all that: too large to install for the others.
MORE = {"moving-between-libraries": ("jax", "keras", "onnx", "onnxruntime")}
SOURCES = ("pyproject.toml", "README.md", "LICENSE")
README = """\
Sliding Windows: the whole course, to read and to run.

notebooks/    every lesson, executed; open one in Jupyter, VS Code or any other reader
scripts/      the same lessons as plain Python
requirements.txt    the exact versions they were run with, and the package beside it

To run them (Python {python} or later; on Linux, torch's CPU build is much smaller):

    python -m venv environment
    . environment/bin/activate              on Windows: environment\\Scripts\\activate
    pip install --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
    pip install jupyterlab
    jupyter lab notebooks
{more}
Text and figures are CC BY 4.0, code is MIT; NOTICES.txt credits what is not ours. The course
began from Sebastian Raschka's and Lightning AI's Deep Learning Fundamentals, Unit 7.
"""


MORE_README = """
notebooks/{name}.ipynb needs large packages that no other does:

    pip install -r requirements-{name}.txt
"""


def takeaway(root: Path, target: Path) -> int:
    """Pack a prepared project's course; returns how many files the zip holds.

    Raises what course_files() raises.
    """
    files = course_files(root)
    write(target, zipped({f"{NAME}/{name}": data for name, data in files.items()}))
    return len(files)


def course_files(root: Path) -> dict[str, bytes]:
    """Everything needed to run a prepared project's lessons elsewhere, by path.

    Raises SlidingWindowsError if lessons are not prepared, or the wheel cannot be built.
    """
    notebooks = sorted((root / ".cache" / "notebooks" / "lessons").glob("*.ipynb"))
    if not notebooks:
        raise SlidingWindowsError("no lesson is prepared; run make site first")
    wheel, content = _wheel(root)
    files = {f"notebooks/{path.name}": path.read_bytes() for path in notebooks}
    files |= {f"scripts/{path.name}": path.read_bytes() for path in scripts_of(root)}
    files[wheel] = content
    files["requirements.txt"] = requirements(root, wheel).encode()
    more = ""
    for name in MORE:
        if f"notebooks/{name}.ipynb" in files:
            files[f"requirements-{name}.txt"] = more_requirements(root, name).encode()
            more += MORE_README.format(name=name)
    files["README.txt"] = README.format(python=_oldest(root), more=more).encode()
    files["LICENSE"] = (root / "LICENSE").read_bytes()
    files[NOTICES] = notices_text().encode()
    return files


def scripts_of(root: Path) -> list[Path]:
    """Each lesson as a script: as it is written, or as it was prepared from another format."""
    books = (root / ".cache" / "notebooks" / "lessons").glob("*.ipynb")
    return sorted(folder_of_script(root, b.stem) / "lessons" / f"{b.stem}.py" for b in books)


def _oldest(root: Path) -> str:
    match = re.search(r'requires-python = ">=([\d.]+)"', (root / "pyproject.toml").read_text())
    return match[1]


def _wheel(root: Path) -> tuple[str, bytes]:
    """Name and bytes of the package's wheel, built in a copy so that nothing is left here."""
    with scratch() as folder:
        copy = Path(folder, "copy")
        unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "benches", "*.sh")
        shutil.copytree(root / "scripts", copy / "scripts", ignore=unwanted)
        for name in SOURCES:
            shutil.copy(root / name, copy / name)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
        command += [folder, "--no-build-isolation", "--disable-pip-version-check", str(copy)]
        # The earliest date in a zip is in 1980.
        dated = {"SOURCE_DATE_EPOCH": commit_time(root) or "315532800"}
        done = subprocess.run(command, env={**os.environ, **dated}, capture_output=True, text=True)
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SlidingWindowsError(f"the package's wheel was not built: {last}")
        return wheels[0].name, wheels[0].read_bytes()


def requirements(root: Path, wheel: str) -> str:
    """The wheel, and the locked versions of everything that it and the notebooks need."""
    locked = _locked(root)
    needed = sorted(_needed(["slidingwindows", *BESIDE]) & set(locked))
    lines = "\n".join(locked[name] for name in needed)
    return f"# The versions that the lessons were executed with.\n./{wheel}\n{lines}\n"


def more_requirements(root: Path, name: str) -> str:
    """The locked versions of what only this notebook needs."""
    locked = _locked(root)
    needed = _needed([*MORE[name]]) - _needed(["slidingwindows", *BESIDE])
    lines = "\n".join(locked[package] for package in sorted(needed & set(locked)))
    return f"# What notebooks/{name}.ipynb needs besides requirements.txt.\n{lines}\n"


def _locked(root: Path) -> dict[str, str]:
    """'name==version' by name, from the lock's lines for this Python, and from torch's file."""
    from packaging.markers import Marker

    pins = {}
    for name in ("requirements.lock", "requirements-torch.txt"):
        for line in re.findall(r"^[a-z].*", (root / name).read_text("utf-8"), re.MULTILINE):
            pinned, _, marker = line.removesuffix("\\").partition(";")
            if not marker.strip() or Marker(marker).evaluate():
                pins[_plain(pinned.partition("==")[0])] = pinned.strip()
    return pins


def _needed(names: list[str]) -> set[str]:
    """Packages and everything that they need on this machine, according to what is installed."""
    from packaging.requirements import Requirement

    result: set[str] = set()
    waiting = [_plain(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in result:
            continue
        result.add(name)
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(_plain(requirement.name))
    return result


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
