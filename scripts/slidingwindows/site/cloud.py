"""Lessons in Colab and Binder: the links to them, and the branch of notebooks that both read.

Colab opens notebooks only from GitHub, and this repository keeps lessons as plain scripts. So
`make notebooks` puts the takeaway, unpacked, on a branch of its own: executed notebooks, the
package's wheel and exact requirements, which Binder installs. `python -m slidingwindows.site.cloud`
writes its files; scripts/push_notebooks.sh, which needs no package, pushes them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ..core.errors import SlidingWindowsError
from .folders import write_folder
from .takeaway import course_files

BRANCH = "notebooks"
GITHUB = re.compile(r"https://github\.com/([\w-]+/[\w.-]+?)(?:\.git)?/?$")


def cloud_links(repo_url: str | None, lesson: str) -> dict[str, str]:
    """{'Colab': address, 'Binder': address} of a lesson; {} unless the repository is on GitHub."""
    match = GITHUB.match(repo_url or "")
    if not match:
        return {}
    name = match[1]
    path = f"notebooks/{lesson}.ipynb"
    return {
        "Colab": f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/{path}",
        "Binder": f"https://mybinder.org/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/{path}",
    }


def branch_files(root: Path, repo_url: str) -> dict[str, bytes]:
    """What the branch holds, by path. On Colab a notebook's first cell installs the package.

    Raises SlidingWindowsError if repo_url is not on GitHub, or the course cannot be packed.
    """
    import nbformat

    if not GITHUB.match(repo_url):
        raise SlidingWindowsError(f"repo_url is not a repository on GitHub: {repo_url}")
    files = course_files(root)
    wheel = next(name for name in files if name.endswith(".whl"))
    address = f"{repo_url.removesuffix('/').removesuffix('.git')}/raw/{BRANCH}/{wheel}"
    first = f'import sys\n\nif "google.colab" in sys.modules:\n    %pip install --quiet {address}'
    for name in [name for name in files if name.endswith(".ipynb")]:
        book = nbformat.reads(files[name].decode(), as_version=4)
        book.cells.insert(0, nbformat.v4.new_code_cell(first, id="colab-alone"))
        files[name] = (nbformat.writes(book) + "\n").encode()
    return files


def write_branch(root: Path, folder: Path) -> int:
    """Replace a folder with what the branch holds; returns how many files.

    Without repo_url in mkdocs.yml there is nothing to write, and the folder is removed. Raises what
    branch_files() raises, and leaves the folder as it was.
    """
    from mkdocs.config import load_config

    repo_url = load_config(str(root / "mkdocs.yml")).repo_url
    files = branch_files(root, repo_url) if repo_url else {}
    write_folder(folder, files)
    return len(files)


def main(root: Path) -> int:
    """Write dist/notebooks, which scripts/push_notebooks.sh pushes; returns an exit code."""
    try:
        count = write_branch(root, root / "dist" / BRANCH)
    except SlidingWindowsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"dist/{BRANCH}: {count} files" if count else "mkdocs.yml has no repo_url: no branch")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
