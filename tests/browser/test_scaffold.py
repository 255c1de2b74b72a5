"""CONTRIBUTING's "a lesson in five minutes": what new-lesson writes passes all that it names."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from site_pages import ROOT

from slidingwindows.course.prepare import prepare
from slidingwindows.site.plain import plain_files

NAME = "pooling-over-time"
OWN = f"test_{NAME.replace('-', '_')}"
TEST = f"tests/lessons/{OWN}.py"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of this whole course, its lessons executed already, with one lesson more."""
    prepare(ROOT, report=lambda line: None)
    root = tmp_path_factory.mktemp("scaffold") / "course"
    for folder in ("assets", "docs", "lessons", "scripts", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, root)
    kept = shutil.ignore_patterns("site-*", "pycache", "lock")
    shutil.copytree(ROOT / ".cache", root / ".cache", ignore=kept)
    done = run(root, "slidingwindows", "new-lesson", "Pooling over time")
    assert done.returncode == 0, done.stdout
    return root


def run(root, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "scripts")},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_make_check_passes(course):
    """The strict build with all its checks, the gallery's weight among them, and the linter."""
    done = run(course, "slidingwindows", "site", "--check")
    assert done.returncode == 0, done.stdout[-3000:]
    # The check keeps no site, so the lesson and its card are looked for in the plain Markdown.
    files = plain_files(course)
    assert f"docs/lessons/{NAME}/index.md" in files
    assert f"{NAME}-first".encode() in files["docs/gallery/index.md"]
    for lint in (("check",), ("format", "--check")):
        done = run(course, "ruff", *lint, *([TEST] if lint[0] == "format" else [TEST, "lessons"]))
        assert done.returncode == 0, done.stdout


def test_the_lessons_tests_pass(course):
    """Its own test, and those that hold for each lesson, mutants and exercises included."""
    every = ("every_lesson", "exercises", "broken_lessons")
    files = [TEST, *(f"tests/lessons/test_{name}.py" for name in every)]
    done = run(course, "pytest", "-v", "-p", "no:cacheprovider", "-k", f"{NAME} or {OWN}", *files)
    assert done.returncode == 0, done.stdout[-3000:]
    passed = dict(re.findall(r"^(tests/\S+) (\.+) +\[", done.stdout, re.MULTILINE))
    assert list(passed) == files and sum(map(len, passed.values())) > 5, done.stdout


def test_its_own_test_fails_when_a_number_is_wrong(course):
    lesson = course / "lessons" / f"{NAME}.py"
    text = lesson.read_text("utf-8")
    lesson.write_text(text.replace("2 rows and 2 columns", "2 rows and 3 columns"), "utf-8")
    try:
        done = run(course, "pytest", TEST, "-p", "no:cacheprovider")
    finally:
        lesson.write_text(text, "utf-8")
    assert (
        done.returncode == 1 and "does not say 'The output has 2 rows and 2 columns'" in done.stdout
    )
