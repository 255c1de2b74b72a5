"""An edit runs from its own cell on, and gives what a run from the start gives."""

import contextlib
import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from sweeps import SWEEPS
from tiny_project import HANGING, lesson

from slidingwindows import SlidingWindowsError
from slidingwindows.course import branching, execution, lessons, snapshots, warm

LOGGER = "mkdocs.slidingwindows"
FIRST = [
    "import os, random\nrandom.seed(1)\na = [1]",
    "import os, random\nrandom.seed(2)\na = [2, 3]",
]
# All that lives in a process, and much that does not; some fail where others did not come before.
CELLS = [
    "a.append(len(a))\na",
    "print(a, len(In), end='')",
    "random.random()",
    "a = sorted(a)[::-1]\na[0]",
    "steps = iter(range(9))\nnext(steps)",
    "next(steps)",
    "with open('f', 'a') as f:\n    f.write('x')",
    "sorted(name for name in os.listdir() if name == 'f'), open('f').read()",
    "import pathlib\npathlib.Path('f').unlink(missing_ok=True)",
    "kept = open('f', 'a+')",
    "kept.write('y')\nkept.tell()",
    "read = open('/dev/zero', 'rb')\nread.read(1)",
    "lines = open(os.__file__, 'rb')\nlines.read(9)",
    "lines.seek(4000)\nlines.read(200)",
    "lines.read(5000)[-9:]",
    "import threading\nwait = threading.Event()\n"
    "thread = threading.Thread(target=wait.wait, daemon=True)\nthread.start()",
    "wait.set()\nthread.join()\nthread.is_alive()",
    "handle = display(len(a), display_id=True)",
    "handle.update(sum(a))",
    "!echo $((2 + 3)) >> f; cat f",
    "import mmap\nshared = mmap.mmap(-1, 1)",
    "shared[0] += 1\nshared[0]",
    "1 / (len(a) - 3)",
    "_, sorted(Out)",
    "def f():\n    return len(a)",
    "f()",
    "for number in range(3):\n    print(number)",
    "",
]  # fmt: skip


def written(folder, name, cells):
    path = folder / "lessons" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lesson(name.title(), *cells))
    return lessons.read(path)


def shown(one, **how):
    """What a lesson gives, or says."""
    try:
        return json.dumps(execution.run(one, **how)[0])
    except SlidingWindowsError as error:
        return str(error)


def plain(text):
    return re.sub(r'"traceback": \[.*?\]', "", text)


def edited(cells, chance):
    """The same cells after one edit."""
    cells, at = list(cells), chance.randrange(1, len(cells))
    kind = chance.choice(["change", "change", "add", "remove", "first"])
    if kind == "first":
        cells[0] = chance.choice(FIRST)
    elif kind == "remove" and len(cells) > 3:
        del cells[at]
    elif kind == "add" and len(cells) < 7:
        cells.insert(at, chance.choice(CELLS))
    else:
        cells[at] = chance.choice(CELLS)
    return cells


@pytest.fixture
def forgotten(caplog):
    """What the build says; no lesson has been run."""
    caplog.set_level(logging.INFO, LOGGER)
    warm.close()
    yield caplog
    warm.close()


def test_after_any_edits_a_lesson_gives_what_a_clean_run_gives(tmp_path, forgotten):
    chance, clean = random.Random(17), {}
    for number in range(12 * SWEEPS):
        cells = [FIRST[0], *chance.choices(CELLS, k=3)]
        for _ in range(3):
            one = written(tmp_path, f"lesson-{number % 3}", cells)
            text = one.text
            if text not in clean:
                clean[text] = plain(shown(one))
            assert plain(shown(one, keep=True)) == clean[text], (number, cells)
            cells = edited(cells, chance)
    said = forgotten.text
    assert len(clean) > 25
    assert said.count("from code cell") > 10 and said.count("from the start") > 2


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("open('f', 'w').close()", "writes files or starts programs"),
        ("import os\nos.system('true');", "writes files or starts programs"),
        ("import sqlite3\nsqlite3.connect('f').close()", "writes files or starts programs"),
        (
            "handle = display(1, display_id=True)\nhandle.update(2)",
            "changes what another one shows",
        ),
        ("read = open('/dev/zero', 'rb')", "leaves an open file"),
        ("import socket\nboth = socket.socketpair()", "leaves 2 open files"),
        ("import mmap\nshared = mmap.mmap(-1, 1)", "leaves memory shared with other processes"),
        (
            "import threading, time\nthread = threading.Thread(target=time.sleep, args=[99])\n"
            "thread.daemon = True\nthread.start()",
            "leaves 2 threads",
        ),
    ],
)
def test_what_stands_against_going_back_is_told(tmp_path, forgotten, cell, told):
    """It runs from the cell on that left it, or from the start if what it did cannot be undone."""
    ran(tmp_path, forgotten, ["a = 1", cell, "b = 2", "a + b"])
    where, result = ran(tmp_path, forgotten, ["a = 1", cell, "b = 2", "a - b"])
    lasting = "leaves" not in told
    begin = "from code cell 4 on" if lasting else "from code cell 2 on"
    assert (where, result) == (f"lessons/one.py runs {begin}, since code cell 2 {told}", "-1")
    where, _ = ran(tmp_path, forgotten, ["a = 1", f"{cell}\nc = 1", "b = 2", "a - b, 1"])
    begin = "the start" if lasting else "code cell 2 on"
    assert where.startswith(f"lessons/one.py runs from {begin}")


def ran(tmp_path, caplog, cells):
    """(where a lesson begins to run, the text of its last output)"""
    caplog.clear()
    outputs, _ = execution.run(written(tmp_path, "one", cells), keep=True)
    told = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    return " ".join(told), outputs[-1][0].get("text") or outputs[-1][0]["data"]["text/plain"]


def test_it_runs_from_the_edited_cell_on(tmp_path, forgotten):
    first = "import os\nstarted = os.getpid()\na = [1]"
    cells = [first, "a.append(2)", "a.append(3)", "a, started"]
    told, before = ran(tmp_path, forgotten, cells)
    assert told == ""
    told, after = ran(tmp_path, forgotten, [*cells[:2], "a.append(4)", "a, started"])
    assert told == "lessons/one.py runs from code cell 3 on"
    assert after == before.replace("3]", "4]"), "the first cell was run once"
    told, after = ran(tmp_path, forgotten, [*cells[:2], "a.append(4)", "a, started", "len(a)"])
    assert (told, after) == ("lessons/one.py runs from code cell 5 on", "3")
    told, after = ran(tmp_path, forgotten, [first, "a.append(9)", "a, started"])
    assert told == "lessons/one.py runs from code cell 2 on" and "[1, 9]" in after
    told, after = ran(tmp_path, forgotten, [f"{first}\nb = 1", "a.append(9)", "a, started"])
    assert told == "lessons/one.py runs from the start" and after != before


def test_a_file_that_is_read_is_read_from_the_same_place_again(tmp_path, forgotten):
    cells = ["import os\nlines = open(os.__file__, 'rb')\nlines.read(10)", "lines.read(9000)[-9:]"]
    told = [ran(tmp_path, forgotten, [*cells, f"lines.read(9), {n}"]) for n in range(3)]
    assert [where for where, _ in told[1:]] == ["lessons/one.py runs from code cell 3 on"] * 2
    results = {result.rpartition(",")[0] for _, result in told}
    assert len(results) == 1 and execution.run(written(tmp_path, "one", [*cells, "lines.read(9)"]))[
        0
    ][-1][0]["data"]["text/plain"] == results.pop().lstrip("(")


@pytest.mark.parametrize("apart", [False, True], ids=["beside", "apart"])
def test_the_first_import_of_a_module_changes_no_file(tmp_path, forgotten, monkeypatch, apart):
    """Python keeps the compiled module then, as it does of the package after an edit of it."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "new_here.py").write_text("number = 7\n")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "apart") if apart else "")
    load = f"import sys\nsys.path.insert(0, {str(folder)!r})\nimport new_here"
    ran(tmp_path, forgotten, ["a = 1", load, "new_here.number"])
    kept = next(tmp_path.rglob("new_here.*.pyc"))
    assert ("apart" in kept.parts) == apart
    told = ran(tmp_path, forgotten, ["a = 1", load, "new_here.number + 1"])
    assert told == ("lessons/one.py runs from code cell 3 on", "8")
    if not apart:  # what a lesson itself puts there counts
        own = f"{load}\nopen({str(kept.with_name('own.txt'))!r}, 'w').close()"
        ran(tmp_path, forgotten, ["a = 1", own, "new_here.number"])
        where, _ = ran(tmp_path, forgotten, ["a = 1", own, "new_here.number + 1"])
        assert "since code cell 2 writes files" in where


def test_a_cell_that_raised_is_the_first_to_run_again(tmp_path, forgotten):
    with pytest.raises(SlidingWindowsError, match="code cell 2, line 13: NameError"):
        ran(tmp_path, forgotten, ["a = 1", "b", "a + 1"])
    assert ran(tmp_path, forgotten, ["a = 1", "b = 2", "a + b"]) == (
        "lessons/one.py runs from code cell 2 on", "3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "looked"),
    [
        ("import os\nos._exit(0)", False),
        ("import ctypes\nctypes.string_at(0)", False),
        # A program keeps the connection open, and a process that waits is the parent to be told.
        ("import os, time\nif os.fork():\n    os._exit(0)\ntime.sleep(3600)", True),
    ],
    ids=["exits", "crashes", "leaves a program"],
)
def test_a_process_that_dies_after_another_one_began_to_wait_is_told_of(
    tmp_path, forgotten, monkeypatch, cell, looked
):
    """And not that it did not end in time. The one that waits can go on.

    looked: whether it must be looked for, as its connection does not close.
    """
    if not looked:
        monkeypatch.setattr(warm, "runs", lambda process: True)
    where = r"^lessons/one.py, code cell 2, line 13: the kernel died$"
    for _ in range(2):
        with pytest.raises(SlidingWindowsError, match=where):
            ran(tmp_path, forgotten, ["a = 1", cell, "a + 1"])
    assert ran(tmp_path, forgotten, ["a = 1", "b = 2", "a + b"]) == (
        "lessons/one.py runs from code cell 2 on", "3",
    )  # fmt: skip


def test_a_data_file_is_part_of_the_cell_that_names_it(tmp_path, forgotten):
    data = tmp_path / "lessons" / "data"
    data.mkdir(parents=True)
    (data / "x").write_text("1")
    read = "import os\ntext = open(os.environ['SLIDINGWINDOWS_LESSONS'] + '/data/x').read()"
    cells = ["a = 1", "# 'data/x'\n" + read, "text", "text + text"]
    assert ran(tmp_path, forgotten, cells) == ("", "'11'")
    (data / "x").write_text("2")
    assert ran(tmp_path, forgotten, cells) == ("lessons/one.py runs from code cell 2 on", "'22'")


def test_processes_wait_for_few_lessons_and_few_cells(tmp_path, forgotten, monkeypatch):
    monkeypatch.setattr(snapshots, "CELLS", 2)
    names = ["one", "two", "three"]
    for name in names:
        execution.run(written(tmp_path, name, ["a = 1", "2", "3", "4"]), keep=True)
    execution.run(written(tmp_path, "four", ["a = 1"]))
    (waiting,) = warm._current.values()
    assert [path.stem for path in waiting.kept] == names[-snapshots.LESSONS :]
    assert [sorted(run.waiting) for run in waiting.kept.values()] == [[1, 2]] * 2
    processes = [one.process for run in waiting.kept.values() for one in run.waiting.values()]
    folders = [run.scratch.name for run in waiting.kept.values()]
    warm.close()
    assert not any(map(os.path.exists, folders))
    until_gone(processes)


def until_gone(processes):
    ends = time.monotonic() + HANGING
    while any(os.path.exists(f"/proc/{process}/status") and "Z (" not in status(process)
              for process in processes):  # fmt: skip
        assert time.monotonic() < ends
        time.sleep(0.05)


def status(process):
    try:
        with open(f"/proc/{process}/status") as file:
            return file.read()
    except OSError:
        return "Z ("


def test_a_process_that_died_is_no_state_to_go_back_to(tmp_path, forgotten):
    ran(tmp_path, forgotten, ["a = 1", "a + 1"])
    (waiting,) = warm._current.values()
    (run,) = waiting.kept.values()
    for one in run.waiting.values():
        os.kill(one.process, signal.SIGKILL)
    until_gone([one.process for one in run.waiting.values()])
    assert ran(tmp_path, forgotten, ["a = 1", "a + 2"]) == (
        "lessons/one.py runs from the start",
        "3",
    )


def test_nothing_that_waits_outlives_a_killed_build(tmp_path):
    cells = [
        "a = 1",
        "b = 2",
        f"import time\nopen({str(tmp_path / 'on')!r}, 'w')\ntime.sleep(3600)",
    ]
    one = written(tmp_path / "project", "one", cells)
    code = (
        "import sys, pathlib\nfrom slidingwindows.course import execution, lessons\n"
        f"execution.run(lessons.read(pathlib.Path({str(one.path)!r})), keep=True)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    build = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while not (tmp_path / "on").exists():
        assert build.poll() is None
        time.sleep(0.05)
    started = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if str(tmp_path) in os.readlink(f"/proc/{name}/cwd"):
                started.append(int(name))
    assert len(started) == 4, "one that can be forked, two that wait, one that runs"
    build.kill()
    build.wait()
    until_gone(started)


def test_a_snapshot_that_is_killed_first_takes_its_fork_along():
    """The build's end is seen by all of them at once: one may be killed before it ends its own."""
    work = (
        "import os, time\n"
        "os.setpgid(0, 0)\n"
        "if not os.fork():\n"
        "    os.setpgid(0, 0)\n"
        "    print(os.getpid(), flush=True)\n"
        "time.sleep(3600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE) as first:
        second = int(first.stdout.readline())
        branching.end(first.pid)
        until_gone([first.pid, second])
