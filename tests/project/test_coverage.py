"""`make test COVERAGE=1` prints what the tests ran of each room, and never fails for it."""

import inspect
import os
import re
import subprocess
import sys

import pytest
from coverage import CoverageData
from covering import PACKAGE, room_of, table
from tiny_project import REPO

import slidingwindows

COVERED = ("-p", "covering", "--cov", "--cov-report=")


def test_a_line_for_each_room_the_least_covered_first():
    found = {
        PACKAGE / "core" / "a.py": (30, 0),
        PACKAGE / "core" / "b.py": (10, 1),
        PACKAGE / "site" / "c.py": (10, 2),
        PACKAGE / "site" / "d.py": (10, 3),
        PACKAGE / "site" / "e.py": (10, 4),
        PACKAGE / "site" / "f.py": (10, 5),
        PACKAGE / "lesson.py": (0, 0),
    }
    assert [line.split() for line in table(found)[1:]] == [
        ["site", "40", "14", "65.0%", "f.py", "5,", "e.py", "4,", "d.py", "3"],
        ["core", "40", "1", "97.5%", "b.py", "1"],
        ["all", "80", "15", "81.2%"],
    ]


def test_modules_outside_of_rooms():
    assert room_of(PACKAGE / "lesson.py") == "."
    assert room_of(PACKAGE / "site" / "templates" / "x.py") == "site"


@pytest.mark.parametrize("processes", [(), ("-n", "1")], ids=["one process", "workers"])
def test_a_run_measures_tests_and_the_programs_they_start(tmp_path, processes):
    (tmp_path / "test_it.py").write_text(
        "import subprocess, sys\n"
        "from slidingwindows import Axis\n"
        "def test_it():\n"
        "    assert Axis(5, 3, 2).formula()\n"
        "    command = [sys.executable, '-c', 'import slidingwindows.site.lighter']\n"
        f"    subprocess.run(command, cwd={str(tmp_path)!r}, check=True)\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    data = tmp_path / "data" / "kept"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *COVERED, *processes, "-c", "pyproject.toml"]
        # Else it removes what former runs of this machine left, however much that is.
        + ["--rootdir", ".", "--basetemp", str(tmp_path / "base"), str(tmp_path / "test_it.py")],
        cwd=REPO,
        env={**environment, "COVERAGE_FILE": str(data)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(\S+) +\d+ +\d+ +[\d.]+%", done.stdout, re.M)
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(rows) == sorted({*rooms, ".", "all"})
    kept = CoverageData(str(data))
    kept.read()
    lines, first = inspect.getsourcelines(slidingwindows.Axis.formula)
    assert first + len(lines) - 1 in kept.lines(str(PACKAGE / "core" / "geometry.py"))
    assert kept.lines(str(PACKAGE / "site" / "lighter.py")), "programs are not measured"


def test_make_measures_when_it_is_asked_to():
    def words(*settings):
        command = ["make", "-n", "-o", ".venv/ready", "test", "QUICK=1", *settings]
        return subprocess.run(command, cwd=REPO, capture_output=True, text=True).stdout.split()

    assert set(COVERED) <= set(words("COVERAGE=1"))
    assert "pytest" in words() and not set(COVERED) & set(words())


def test_nothing_but_a_report_comes_of_it():
    for name in ("pyproject.toml", "Makefile"):
        assert not re.search("fail.under", (REPO / name).read_text("utf-8"))
