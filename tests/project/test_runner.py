"""The runner of the tests: every file is collected, nothing is skipped without a word."""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest
import running
from once import once
from tiny_project import REPO
from xdist.remote import Producer

TESTS = REPO / "tests"

# Instead of importing a file of tests, say that it was found: collecting takes no time then.
SEEN = """
import pytest

class Seen(pytest.Module):
    def collect(self):
        yield pytest.Function.from_parent(self, name="seen", callobj=lambda: None)

def pytest_pycollect_makemodule(module_path, parent):
    return Seen.from_parent(parent, path=module_path)
"""


def collected(folder, *arguments, plugin=SEEN):
    """Files that pytest collects here, started as `make test` starts it."""
    (folder / "seeing_files.py").write_text(plugin)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "seeing_files", "--collect-only", *arguments],
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {REPO / name for name in re.findall(r"^(tests/\S+\.py)\b", done.stdout, re.M)}, done


def test_every_file_of_tests_is_collected(tmp_path):
    found, _ = collected(tmp_path)
    assert found == set(TESTS.rglob("test_*.py")) and len(found) > 80
    assert {path.parent.name for path in found} >= {"browser", "course", "core", "project", "site"}


def test_no_test_is_in_a_file_that_is_not_collected():
    for path in TESTS.rglob("*.py"):
        if not path.name.startswith("test_"):
            tree = ast.parse(path.read_text("utf-8"))
            names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
            assert not [name for name in names if name.startswith("test")], path


def test_the_quick_part_says_what_it_leaves_out(tmp_path):
    quick, done = collected(tmp_path, "--quick")
    [words] = re.findall(r"^quick: (.+)$", done.stdout, re.M)
    count, total = map(int, re.findall(r"\d+", words)[:2])
    assert (count, total) == (len(quick), len(list(TESTS.rglob("test_*.py"))))
    rest = set()
    for part in words.split("left out: ")[1].split(", "):
        name, *but = re.split(" but | and ", part)
        files = [REPO / name] if name.endswith(".py") else (REPO / name).rglob("test_*.py")
        rest |= {path for path in files if path.name not in but}
    assert quick | rest == set(TESTS.rglob("test_*.py"))
    assert not quick & rest and len(quick) > 20


def test_lists_of_files_name_files_that_exist():
    for name in (*running.LONGEST, *running.SPLIT, *running.TOGETHER):
        assert (TESTS / name).is_file(), name
    assert all(list(TESTS.glob(f"{name}*")) for name in running.QUICK)
    drawing = [
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("test_*.py")
        if re.search(r"^from \w+ import (?:.*|\([^)]*)\brendered\b", path.read_text("utf-8"), re.M)
    ]
    assert sorted(drawing) == sorted(running.TOGETHER)
    for name in running.MAY_BE_SKIPPED:
        file, test = name.split("::")
        assert f"\ndef {test}(" in (REPO / file).read_text("utf-8")


# Runs of a few tests of their own, under our conftest.py.

TWO = ("-n", "2", "--dist", "loadfile")
GOOD = "def test_good(): pass\n"
BAD = {
    "skip": "import pytest\ndef test_it(): pytest.skip('no browser')",
    "mark": "import pytest\n@pytest.mark.skipif(True, reason='no browser')\ndef test_it(): pass",
    "whole file": "import pytest\npytest.importorskip('no_browser')",
    "in a fixture": "import pytest\n@pytest.fixture\ndef it(): pytest.skip('no browser')\n"
    "def test_it(it): pass",
    "xfail": "import pytest\n@pytest.mark.xfail(reason='no browser')\ndef test_it(): assert 0",
    "xpass": "import pytest\n@pytest.mark.xfail(reason='no browser')\ndef test_it(): pass",
}


@pytest.fixture
def run(tmp_path):
    """run({name: text}, ...) runs files of tests with our conftest.py in a project of their own."""
    tests = tmp_path / "tests"
    tests.mkdir()
    shutil.copy(TESTS / "conftest.py", tests)
    text = (TESTS / "running.py").read_text("utf-8")
    text = re.sub(r"(?m)^(LONGEST|SPLIT|TOGETHER) = \(([^)]*)\)", r"\1 = ()", text)
    text = re.sub(r"(?m)^MAY_BE_SKIPPED = \{[^}]*\}", "MAY_BE_SKIPPED = {}", text)
    (tests / "running.py").write_text(text, "utf-8")

    def started(files, *arguments):
        for name, text in files.items():
            (tests / f"test_{name}.py").write_text(text)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            + ["--rootdir", str(tmp_path), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tests), "PYTEST_ADDOPTS": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return started


@pytest.fixture
def edited(run, tmp_path):
    """edited(old, new) changes the copy of running.py that run() uses."""

    def change(old, new):
        running = tmp_path / "tests" / "running.py"
        text = running.read_text("utf-8")
        assert text.count(old) == 1
        running.write_text(text.replace(old, new), "utf-8")

    return change


def test_what_is_not_run_makes_the_run_fail(run):
    """In two processes, whose reports come through another one."""
    names = {name.replace(" ", "_"): text for name, text in BAD.items()}
    done = run({"good": GOOD, **names}, *TWO)
    assert done.returncode == 1 and " failed" not in done.stdout, done.stdout
    for name in names:
        assert re.search(rf"counts as a failure: tests/test_{name}.py.*brows", done.stdout), name
    assert done.stdout.count("counts as a failure") == len(BAD)


def test_what_may_be_skipped_is_named_with_its_reason(run, edited):
    edited("MAY_BE_SKIPPED = {}", "MAY_BE_SKIPPED = {'tests/test_bad': 'because'}")
    assert run({"good": GOOD, "bad": BAD["skip"]}).returncode == 0
    done = run({"worse": BAD["skip"]})
    assert done.returncode == 1 and done.stdout.count("counts as a failure: ") == 1
    assert "counts as a failure: tests/test_worse.py" in done.stdout
    assert "skipped: tests/test_bad.py::test_it: Skipped: no browser: because" in done.stdout


def test_what_a_file_leaves_in_the_environment_makes_the_run_fail(run):
    """Not what a fixture takes back, be it after the last test of its file."""
    leaves = "import os\ndef test_it(): os.environ['LEFT'] = '1'\ndef test_other(): pass\n"
    back = (
        "import os, pytest\n@pytest.fixture(scope='module')\ndef it():\n"
        "    os.environ['BACK'] = '1'\n    yield\n    del os.environ['BACK']\n"
        "def test_it(it): pass\ndef test_other(): pass\n"
    )
    done = run({"a": leaves, "b": back, "c": GOOD})
    assert done.returncode == 1 and "5 passed, 1 error" in done.stdout, done.stdout
    assert "tests of test_a.py leave LEFT changed" in done.stdout


def test_no_test_at_all_makes_the_run_fail(run, edited):
    done = run({"good": GOOD, "empty": "def nothing(): pass\n"})
    assert done.returncode != 0 and "test_empty.py holds no test" in done.stdout
    edited("MAY_BE_SKIPPED = {}", "MAY_BE_SKIPPED = {'tests/': 'because'}")
    done = run({"good": BAD["skip"], "empty": BAD["mark"]})
    assert done.returncode == 1 and "no test was executed" in done.stdout


def test_the_longest_files_come_first(run, edited):
    edited("LONGEST = ()", "LONGEST = ('test_y.py', 'test_z.py')")
    head = "import pathlib\nLONG = pathlib.Path(__file__).parent / 'long'\n"
    long, short = "def test_it(): LONG.touch()\n", "def test_it(): assert LONG.exists()\n"
    files = {"a": short, "b": short, "y": long, "z": long}
    done = run({name: head + text for name, text in files.items()}, *TWO)
    assert done.returncode == 0, done.stdout


def test_only_some_files_are_split_or_kept_together(monkeypatch):
    option = argparse.Namespace(dist="loadfile", loadscopereorder=True)
    config = argparse.Namespace(option=option, getvalue=lambda name: ["2*popen"])
    scheduler = running.pytest_xdist_make_scheduler(config, Producer("xdist", enabled=False))
    monkeypatch.setattr(running, "SPLIT", ("site/test_a.py",))
    monkeypatch.setattr(running, "TOGETHER", ("figures/test_d.py", "figures/test_c.py"))
    for test, place in (
        ("tests/site/test_a.py::test_it[1]", "tests/site/test_a.py::test_it[1]"),
        ("tests/figures/test_c.py::test_it", "figures/test_d.py"),
        ("tests/figures/test_d.py::test_it", "figures/test_d.py"),
        ("tests/figures/test_e.py::test_it", "figures/test_e.py"),
        ("tests/site/test_b.py::test_it[1]", "site/test_b.py"),
        # What is asked of a lesson goes where that lesson runs, whoever asks.
        ("tests/lessons/test_padding.py::test_it", "lessons/test_padding.py"),
        ("tests/lessons/test_every_lesson.py::test_it[padding]", "lessons/test_padding.py"),
        ("tests/lessons/test_exercises.py::test_it[-1-padding]", "lessons/test_padding.py"),
        (
            "tests/lessons/test_exercises.py::test_it[1-output-size-cheat-sheet]",
            "lessons/test_output_size_cheat_sheet.py",
        ),
        ("tests/lessons/test_exercises.py::test_it[no-lesson]", "lessons/test_exercises.py"),
        ("tests/site/test_b.py::test_it[padding]", "site/test_b.py"),
    ):
        assert scheduler._split_scope(test) == place
    assert option.loadscopereorder is False
    option.dist = "load"
    assert running.pytest_xdist_make_scheduler(config, None) is None


# What is made once for all processes.


class Factory:
    """As much of pytest's tmp_path_factory as once() uses."""

    def __init__(self, folder):
        self.folder = folder

    def getbasetemp(self):
        return self.folder


def all_at_once(count, function):
    """What each of some threads returned or raised."""
    begun, results = threading.Barrier(count), []

    def work():
        begun.wait()
        try:
            results.append(function())
        except AssertionError as error:
            results.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_once_makes_a_folder_once_for_all_processes(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    calls = []

    def make(folder):
        calls.append(folder)
        (folder / "made").write_text("whole")

    def ask():
        factory = Factory(tmp_path / threading.current_thread().name)  # one for each process
        return (once(factory, "thing", make) / "made").read_text()

    assert all_at_once(8, ask) == ["whole"] * 8
    assert calls == [tmp_path / "thing"]


def test_once_fails_for_all_with_the_same_words(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    calls = []

    def make(folder):
        calls.append(folder)
        pytest.fail("no site")

    said = all_at_once(8, lambda: once(Factory(tmp_path), "thing", make))
    assert len(calls) == 1 and len(set(said)) == 1
    assert "thing could not be made" in said[0] and "no site" in said[0]


def test_once_begins_again_after_a_kill(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def killed(folder):
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        once(Factory(tmp_path), "thing", killed)
    folder = once(Factory(tmp_path), "thing", lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]
