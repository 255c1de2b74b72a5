"""A new course: a project that builds, serves, tests and deploys itself with this package."""

from __future__ import annotations

import json
import os
import re
import shutil
import string
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from .. import __version__
from ..core.errors import SlidingWindowsError
from ..export.files import ASIDE
from .home import home
from .keys import HERE
from .scaffold import TEMPLATES, checked_title, lesson_files, name_of, quoted

FIRST = "First lesson"
# What a template becomes; those with a $ of their own are taken as they are.
FILES = {
    "mkdocs.yml": "mkdocs.yml",
    "index.md": "docs/index.md",
    "glossary.md": "docs/reference/glossary.md",
    "sources.md": "docs/reference/sources.md",
    "notices.md": "docs/reference/notices.md",
    "requirements.txt": "requirements.txt",
    "README.md": "README.md",
}
PLAIN = {
    "hooks.txt": "hooks.py",
    "pyproject.txt": "pyproject.toml",
    "Makefile": "Makefile",
    "site.yml": ".github/workflows/site.yml",
    "gitignore": ".gitignore",
}
# What installs, as the package's own repository has it.
SET_UP = ("requirements.lock", "requirements-torch.txt", "scripts/torch.sh", "scripts/node.sh")
# What Markdown lets a backslash take the sense of; and what it does not, or what begins maths then.
MARKUP = re.compile(r"[\\`*_{}#+.!>|-]")
ENTITIES = {"&": "&amp;", "<": "&lt;", "$": "&#36;", "~": "&#126;", "[": "&#91;", "]": "&#93;"}
ELSEWHERE = """\
# This folder is on one machine; elsewhere it takes an address:
# slidingwindows @ git+https://github.com/OWNER/NAME@COMMIT"""
LOCAL = """\
- `requirements.txt` names a folder of one machine. Put the package's repository and a commit there,
  as in its comment; else neither others nor the workflow can install it.
"""


def new_course(title: str, folder: Path | None = None) -> list[Path]:
    """Write a project into a new folder, by default named after the title.

    Returns the files written. Raises SlidingWindowsError, and writes nothing, if the title is not
    good, if something exists there already, or if it cannot be written.
    """
    title = checked_title(title)
    if folder is None:
        folder = Path(name_of(title, "name a folder after it"))
    if folder.exists() or folder.is_symlink():
        raise SlidingWindowsError(f"{folder} already exists; choose a new folder")
    files = course_files(title)
    aside = None
    try:
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=ASIDE))
        for name, text in files.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(text.encode())
        os.chmod(aside, 0o755)
        os.rename(aside, folder)
    except OSError as error:
        raise SlidingWindowsError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        if aside:
            shutil.rmtree(aside, ignore_errors=True)
    return [folder / name for name in files]


def course_files(title: str) -> dict[str, str]:
    """The text of every file by its path in the project."""
    package, origin, before = _package()
    words = {"quoted": quoted(title), "marked": marked(title)}
    words |= {"package": package, "origin": origin, "before": before}
    files = {}
    for template, name in FILES.items():
        text = (TEMPLATES / "project" / template).read_text("utf-8")
        files[name] = string.Template(text).substitute(words).rstrip() + "\n"
    for template, name in PLAIN.items():
        files[name] = (TEMPLATES / "project" / template).read_text("utf-8")
    files |= lesson_files(FIRST, name_of(FIRST))
    files |= {name: (home() / name).read_text("utf-8") for name in SET_UP}
    return files | _script()


def marked(title: str) -> str:
    """The title as Markdown that shows it letter by letter."""
    text = MARKUP.sub(r"\\\g<0>", title)
    return text.translate(str.maketrans(ENTITIES))


def _script() -> dict[str, str]:
    """package.json and its lock with what bundles the site's script, and nothing else of ours."""
    wanted = json.loads((home() / "package.json").read_text("utf-8"))
    lock = json.loads((home() / "package-lock.json").read_text("utf-8"))
    needs = {"esbuild": wanted["devDependencies"]["esbuild"]}
    name = {"name": "course-script"}
    place = re.compile(r"node_modules/(?:esbuild|@esbuild/[\w-]+)")
    packages = {path: one for path, one in lock["packages"].items() if place.fullmatch(path)}
    top = {"": {**name, "devDependencies": needs}}
    lock = {**lock, **name, "packages": top | packages}
    wanted = {
        **name,
        "private": True,
        "description": "What bundles the site's script; scripts/node.sh installs it.",
        "devDependencies": needs,
    }
    return {
        "package.json": json.dumps(wanted, indent=2) + "\n",
        "package-lock.json": json.dumps(lock, indent=2) + "\n",
    }


def _package() -> tuple[str, str, str]:
    """A line for pip, where it leads, and what is to be done about it before one publishes.

    From where this package runs: a checkout, or what pip noted when it installed it.
    """
    checkout = HERE.parents[1]
    if (checkout / "pyproject.toml").is_file():
        address = _pushed(checkout) or checkout.resolve().as_uri()
    else:
        address = _installed_from()
    if not address:
        return f"slidingwindows=={__version__}", "# This version was installed:", ""
    line = f"slidingwindows @ {address}"
    if not address.startswith("file:"):
        return line, "# pip builds it from its repository:", ""
    return line, ELSEWHERE, LOCAL


def _pushed(checkout: Path) -> str:
    """The commit at hand as pip takes it, if the repository that git calls origin has it, too."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(checkout), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    address, commit = git("remote", "get-url", "origin"), git("rev-parse", "HEAD")
    there = address.startswith("https://") and git("branch", "-r", "--contains", "HEAD")
    return f"git+{address}@{commit}" if there and "@" not in address else ""


def _installed_from() -> str:
    try:
        noted = distribution("slidingwindows").read_text("direct_url.json")
    except PackageNotFoundError:
        return ""
    if not noted:
        return ""
    facts = json.loads(noted)
    if "vcs_info" in facts:
        return f"git+{facts['url']}@{facts['vcs_info']['commit_id']}"
    return facts["url"]
