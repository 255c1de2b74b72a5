"""The notes of a release are its section of the changelog, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from slidingwindows import __version__

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "release_notes.py"
CHANGELOG = """# Changelog

## 0.2.0, unreleased

- New.

## 0.1.0, 2026-01-02

- First,
  of all.

### A heading within

- Last.

## 0.0.1, 2025-12-31
"""


@pytest.fixture
def printed(tmp_path):
    """Runs the script beside a changelog of its own."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, "utf-8")

    def run(*arguments):
        command = [sys.executable, tmp_path / "scripts" / SCRIPT.name, *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    return run


def test_one_versions_section(printed):
    done = printed("0.1.0")
    assert done.stdout == "- First,\n  of all.\n\n### A heading within\n\n- Last.\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unreleased_version_is_printed_and_said(printed):
    done = printed("0.2.0")
    assert (done.returncode, done.stdout) == (0, "- New.\n")
    assert done.stderr == "note: 0.2.0 has no date in CHANGELOG.md yet\n"


@pytest.mark.parametrize(
    "version, told",
    [("0.3.0", "has 0.2.0, 0.1.0, 0.0.1, but no 0.3.0"), ("0.0.1", "says nothing of 0.0.1")],
)
def test_a_version_without_notes_is_an_error(printed, version, told):
    done = printed(version)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == f"error: CHANGELOG.md {told}\n"


def test_make_prints_those_of_the_packages_version():
    done = subprocess.run(
        ["make", "--no-print-directory", "-o", ".venv/ready", "release-notes"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert text.startswith("# Changelog\n\n## " + __version__ + ", ")
    assert len(done.stdout) > 1000 and done.stdout in text + "\n"
