"""The benches' own parts: projects that build, and a table that is theirs and keeps its bounds."""

import re
import subprocess
import sys
from pathlib import Path

import benches.tests as tests_bench
import nbformat
import pytest
from benches import row
from benches.build import PAGE, SIZES, by_hand, table
from benches.projects import names, ours, parts, plain_markdown, plain_notebooks
from benches.tests import Case, cases, measured, told
from tiny_project import REPO

from slidingwindows.course.lessons import find

MEASURED = {
    "cold": 20.0,
    "plain cold": 40.0,
    "no-op": 2.2,
    "pages": 2.0,
    "prose edit": 3.0,
    "code edit": 7.0,
    "serve": 1.7,
    "serve pages": 1.0,
    "cold memory": 500.0,
    "plain cold memory": 400.0,
}


def rows(text) -> dict[str, list[str]]:
    """The table's lines by their first cell."""
    found = re.findall(r"^\| (.+?) \| (.+) \|$", text, re.M)
    return {name: cells.split(" | ") for name, cells in found}


def test_the_table_of_builds_has_ratios_and_bounds():
    found = rows(table({10: MEASURED, 100: MEASURED}))
    assert found["part of its time"] == ["0.50", "0.50", "0.6"]
    assert found["times as long"] == ["1.10", "1.10", "1.5"]
    assert found["times as long as plain Markdown"] == ["1.50", "1.50", "1.7"]
    assert found["first build, everything executed"] == ["20.0 s", "20.0 s", ""]


def test_the_page_was_made_by_the_bench_and_keeps_its_bounds():
    text = PAGE.read_text("utf-8")
    made = table({size: MEASURED for size in SIZES}) + by_hand(text)
    number = r"\d[\d.]*"
    machine = r"\([^()]*cores[^()]*\)"
    texts = [re.sub(number, "N", re.sub(machine, "here", one)) for one in (text, made)]
    assert texts[0] == texts[1]
    for name, cells in rows(text).items():
        bound = cells[-1].strip()
        if re.fullmatch(number, bound):
            assert all(float(cell) <= float(bound) for cell in cells[:-1]), name


def test_three_projects_of_the_same_words(tmp_path):
    mine = ours(tmp_path / "ours", 2)
    books = plain_notebooks(tmp_path / "books", 2)
    pages = plain_markdown(tmp_path / "pages", 2)
    lessons = find(mine / "lessons", "")
    assert [lesson.name for lesson in lessons] == names(2)
    for n, lesson in enumerate(lessons, 1):
        assert [(cell.kind, cell.source) for cell in lesson.cells] == [
            (kind, text.strip()) for kind, text in parts(n)
        ]
        book = nbformat.read(books / "docs" / "lessons" / f"{lesson.name}.ipynb", as_version=4)
        assert [(cell.cell_type, cell.source) for cell in book.cells] == parts(n)
        page = (pages / "docs" / "lessons" / f"{lesson.name}.md").read_text("utf-8")
        assert all(text in page for _, text in parts(n))
    hooks = f"hooks: [{REPO / 'scripts' / 'slidingwindows' / 'site' / 'hooks.py'}]"
    assert hooks in (mine / "mkdocs.yml").read_text("utf-8")
    for plain in (books, pages):
        settings = (plain / "mkdocs.yml").read_text("utf-8")
        assert "hooks:" not in settings and "execute: true" in settings


@pytest.mark.parametrize(
    ("value", "bounds", "good"),
    [
        (1, {}, True),
        (1, {"at_most": 1}, True),
        (2, {"at_most": 1}, False),
        (2, {"at_least": 3}, False),
    ],
)
def test_a_measured_figure_beside_its_bound(value, bounds, good, capsys):
    assert row("x", value, **bounds) == good
    assert ("MISSED" in capsys.readouterr().out) != good


REPORTED = """
import time
import pytest

def test_good(): pass

@pytest.fixture
def broken(): raise OSError

def test_error(broken): pass

@pytest.mark.parametrize("n", [1])
def test_bad(n): assert n == 2

def test_not_run(): pytest.skip("why")
"""


def test_what_a_run_of_tests_cost(tmp_path, capsys):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(REPORTED)
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", "--rootdir", "."]
    subprocess.run([*command, "-p", "no:cacheprovider"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    found = cases(report)
    assert {(case.file, case.name, case.outcome) for case in found} == {
        ("tests/test_it.py", "test_good", "passed"),
        ("tests/test_it.py", "test_error", "error"),
        ("tests/test_it.py", "test_bad[1]", "failure"),
        ("tests/test_it.py", "test_not_run", "skipped"),
    }
    slow = [Case(f"tests/test_{n % 2}.py", f"test_{n}", float(n), "passed") for n in range(30)]
    told(slow)
    lines = capsys.readouterr().out.splitlines()
    tests = [line.split()[-1] for line in lines if "::" in line]
    assert tests == [f"tests/test_{n % 2}.py::test_{n}" for n in range(29, 9, -1)]
    assert [line.split() for line in lines[-2:]] == [
        ["225.0", "s", "tests/test_1.py"],
        ["210.0", "s", "tests/test_0.py"],
    ]


def test_processor_time_is_of_children_too():
    work = "for _ in range(20_000_000): pass"
    family = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}]); sys.exit(3)"
    )
    code, wall, user = measured([sys.executable, "-c", family])
    alone = measured([sys.executable, "-c", "import subprocess; raise SystemExit(0)"])
    assert (code, alone[0]) == (3, 0) and wall > 0 and user > 2 * alone[2]


def test_the_bench_runs_the_tests_as_make_does(monkeypatch):
    """With make's environment, which spares each process compiling all that it imports."""
    commands = []

    def ran(command):
        commands.append(command)
        Path(command[-1].partition("--junitxml=")[2]).write_text("<testsuites/>")
        return 0, 60.0, 90.0

    monkeypatch.setattr(tests_bench, "measured", ran)
    assert tests_bench.run(1)
    [[*make, arguments]] = commands
    assert make == ["make", "-s", "test"] and arguments.startswith("ARGS=--junitxml=")
