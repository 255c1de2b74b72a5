"""Lessons to run in a browser: links to Colab and Binder, and the branch that both read.

Colab opens notebooks from GitHub alone, and this repository keeps lessons as plain scripts. So
`make notebooks` puts the take-away, unpacked, on a branch of its own: executed notebooks, the
package's wheel and exact requirements, which Binder installs. `python -m slidingwindows.cloud`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from .errors import SlidingWindowsError
from .takeaway import course_files

BRANCH = "notebooks"
GITHUB = re.compile(r"https://github\.com/([\w-]+/[\w.-]+?)(?:\.git)?/?$")


def cloud_links(repo_url: str | None, lesson: str) -> dict[str, str]:
    """{'Colab': address, 'Binder': address} of a lesson; none unless GitHub has the repository."""
    found = GITHUB.match(repo_url or "")
    if not found:
        return {}
    name = found[1]
    path = f"notebooks/{lesson}.ipynb"
    return {
        "Colab": f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/{path}",
        "Binder": f"https://mybinder.org/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/{path}",
    }


def branch_files(root: Path, repo_url: str) -> dict[str, bytes]:
    """What the branch holds, by path. On Colab a notebook's first cell installs the package.

    Raises SlidingWindowsError if repo_url is not on GitHub, or the course cannot be packed.
    """
    if not GITHUB.match(repo_url):
        raise SlidingWindowsError(f"repo_url is no repository on GitHub: {repo_url}")
    files = course_files(root)
    wheel = next(name for name in files if name.endswith(".whl"))
    address = f"{repo_url.removesuffix('/').removesuffix('.git')}/raw/{BRANCH}/{wheel}"
    first = f'import sys\n\nif "google.colab" in sys.modules:\n    %pip install --quiet {address}'
    for name in [name for name in files if name.endswith(".ipynb")]:
        book = nbformat.reads(files[name].decode(), as_version=4)
        book.cells.insert(0, nbformat.v4.new_code_cell(first, id="colab-alone"))
        files[name] = (nbformat.writes(book) + "\n").encode()
    return files


def push(root: Path, files: dict[str, bytes]) -> str:
    """Make these files the one commit of the branch, at 'origin'; returns the commit.

    Neither root's own branch nor its files and index are touched.
    """
    with tempfile.TemporaryDirectory(prefix="slidingwindows-") as scratch:
        tree = Path(scratch, "tree")
        for name, data in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(data)
        at = {
            **os.environ,
            "GIT_INDEX_FILE": str(Path(scratch, "index")),
            "GIT_WORK_TREE": str(tree),
        }
        at["GIT_DIR"] = _git(root, dict(os.environ), "rev-parse", "--absolute-git-dir")
        _git(tree, at, "add", "--all", "--force", ".")
        made = _git(tree, at, "write-tree")
        author = ["-c", "user.name=Sliding Windows", "-c", "user.email=notebooks@localhost"]
        commit = _git(tree, at, *author, "commit-tree", made, "-m", "Executed notebooks")
        _git(tree, at, "push", "--quiet", "--force", "origin", f"{commit}:refs/heads/{BRANCH}")
        return commit


def _git(folder: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SlidingWindowsError(f"git {' '.join(words)}: {last}")
    return done.stdout.strip()


def main(root: Path) -> int:
    """Push the branch if mkdocs.yml names a repository; returns an exit code."""
    from mkdocs.config import load_config

    repo_url = load_config(str(root / "mkdocs.yml")).repo_url
    if not repo_url:
        print("mkdocs.yml has no repo_url, so there is no branch to push")
        return 0
    try:
        commit = push(root, branch_files(root, repo_url))
    except SlidingWindowsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{commit[:9]} is now the branch {BRANCH}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
