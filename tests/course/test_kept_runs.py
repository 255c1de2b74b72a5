"""What is kept of a lesson's last run, and what of it an edit leaves, without any kernel."""

import json
import socket
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from slidingwindows.course import snapshots
from slidingwindows.course.lessons import Cell, Lesson
from slidingwindows.course.snapshots import Run, Waiting, keep, sign


def lesson_of(*sources, name="one", folder="/nowhere"):
    cells = tuple(Cell("code", source, 1) for source in sources)
    return Lesson(Path(folder, "lessons", f"{name}.py"), {}, cells, "")


class Ended:
    """In the place of a process that waits."""

    closed = False

    def close(self):
        self.closed = True


@pytest.fixture
def run():
    """A run of the cells a, b and c; a process waits after the first and after the third."""
    lesson = lesson_of("a", "b", "c")
    made = Run(tempfile.TemporaryDirectory())
    made.done = [sign(lesson, cell) for cell in lesson.code]
    made.outputs, made.counts, made.printed = [["A"], ["B"], ["C"]], [1, 2, 3], [10, 20, 30]
    made.displays = {"d": {0: [0], 1: [0, 1], 2: [5]}}
    made.waiting = {1: Ended(), 3: Ended()}
    made.connection = "old"
    yield made
    made.close()


def test_an_edit_leaves_what_a_process_waits_after(run):
    for sources, left in {
        ("a", "b", "c"): 3, ("a", "b", "c", "d"): 3, ("a", "b", "x"): 1, ("a", "x", "c"): 1,
        ("a", "b"): 1, ("a",): 1, ("x", "b", "c"): 0, (): 0,
    }.items():  # fmt: skip
        kept = Run(run.scratch, list(run.done), list(run.outputs), list(run.counts))
        kept.printed, kept.waiting = list(run.printed), {1: Ended(), 3: Ended()}
        before, kept.connection = dict(kept.waiting), "old"
        assert kept.go_back(lesson_of(*sources)) == left, sources
        assert kept.done == run.done[:left] and kept.outputs == run.outputs[:left]
        assert (kept.counts, kept.printed) == ([1, 2, 3][:left], [10, 20, 30][:left])
        assert list(kept.waiting) == [number for number in (1, 3) if number <= left]
        assert {n: one.closed for n, one in before.items()} == {1: left < 1, 3: left < 3}
        assert kept.connection is None


def test_what_cannot_be_undone_ends_all_waiting(run):
    first, third = run.waiting.values()
    run.forget("leaves a thread")
    assert run.why == "leaves a thread" and run.waiting == {} and run.idle == [first, third]
    assert not first.closed
    assert run.go_back(lesson_of("a", "b", "c")) == 0
    folder = Path(run.scratch.name)
    assert folder.is_dir()
    run.close()
    assert first.closed and third.closed and not folder.exists()
    assert run.why == "leaves a thread"


def test_outputs_of_cells_that_do_not_run_again_are_given_back(run):
    cells = [SimpleNamespace(outputs=[], execution_count=None) for _ in range(4)]
    client = SimpleNamespace(nb=SimpleNamespace(cells=cells), printed=[0, 0, 0, 7])
    run.go_back(lesson_of("a", "x"))
    run.fill(client)
    assert [cell.outputs for cell in cells] == [["A"], [], [], []]
    assert [cell.execution_count for cell in cells] == [1, None, None, None]
    assert client.printed == [10, 0, 0, 7] and client._display_id_map == {"d": {0: [0]}}
    cells[0].outputs.append("later")
    client._display_id_map["d"][0].append(9)
    assert run.outputs == [["A"]] and run.displays["d"][0] == [0]  # copies


def test_what_a_cell_left_is_taken(run):
    lesson = lesson_of("a", "b", "c", "d")
    cells = [SimpleNamespace(outputs=[], execution_count=None) for _ in range(3)]
    cells.append(SimpleNamespace(outputs=[{"x": [1]}], execution_count=4))
    shown = {"e": {3: [0]}}
    client = SimpleNamespace(nb=SimpleNamespace(cells=cells), printed=[0, 0, 0, 40])
    client._display_id_map = shown
    run.take(client, lesson)
    assert run.done[3] == sign(lesson, lesson.code[3]) and len(run.done) == 4
    assert run.outputs[3] == [{"x": [1]}] and run.counts[3] == 4 and run.printed[3] == 40
    cells[3].outputs[0]["x"].append(2)
    shown["e"][3].append(1)
    assert run.outputs[3] == [{"x": [1]}] and run.displays == {"e": {3: [0]}}


def test_a_cell_is_signed_by_its_code_its_tags_and_its_data(tmp_path):
    (tmp_path / "lessons" / "data").mkdir(parents=True)
    data = tmp_path / "lessons" / "data" / "a.csv"
    data.write_text("1")
    lesson = lesson_of("x", folder=tmp_path)
    tagged = Cell("code", "x", 9, ("hide",)), Cell("code", "x", 9, ("hide", "exercise"))
    signs = {sign(lesson, cell) for cell in (Cell("code", "y", 1), *tagged)}
    assert len(signs | {sign(lesson, lesson.code[0])}) == 4
    assert sign(lesson, Cell("code", "x", 99)) == sign(lesson, lesson.code[0])
    reads = Cell("code", "read('data/a.csv')", 1)
    before = sign(lesson, reads)
    data.write_text("2")
    assert sign(lesson, reads) != before


def test_the_two_lessons_that_ran_last_are_kept():
    kept, runs = {}, [SimpleNamespace(close=Ended().close) for _ in range(4)]
    ended = []
    for number, one in enumerate(runs):
        one.close = lambda number=number: ended.append(number)
        keep(kept, lesson_of("a", name=f"n{number}"), one)
    assert ended == [0, 1] and [path.stem for path in kept] == ["n2", "n3"]
    assert list(kept.values()) == runs[2:]


def test_a_waiting_process_gets_a_connection_and_the_cells(run, monkeypatch):
    ours, theirs = socket.socketpair()
    killed = []
    monkeypatch.setattr(snapshots, "kill_tree", killed.append)
    with theirs:
        run.waiting = {1: Waiting(417, ours)}
        run.go_back(lesson_of("a", "x"))
        assert run.ask([{"source": "x", "tags": ["é"]}]) is True
        said, numbers, _, _ = socket.recv_fds(theirs, 9, 2)
        assert said == b"." and len(numbers) == 1
        with socket.socket(fileno=numbers[0]) as fork, run.connection:
            assert json.loads(fork.makefile("rb").readline()) == {
                "cells": [{"source": "x", "tags": ["é"]}]
            }
            fork.sendall(b"answer")
            assert run.connection.recv(9) == b"answer"
    assert run.ask([]) is False  # nobody listens any more
    run.close()
    assert killed == [417] and ours.fileno() == -1
