"""A tiny project with a package and tests, for the mutants' bench to break."""

import subprocess
import sys
from pathlib import Path

from tiny_project import REPO

PROJECT = {
    "scripts/slidingwindows/__init__.py": "",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['scripts']\n",
    ".gitignore": ".cache/\n",
}


def run_bench(root: Path, files: dict[str, str], code: str) -> list[str]:
    """The lines that code prints which imports the benches and gets the project as its argument."""
    for name, text in (PROJECT | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    command = [sys.executable, "-c", code, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPO / "scripts")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()
