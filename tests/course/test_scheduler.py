"""What one build executes and draws, in which order, and what it reports: without any kernel.

What lessons print and what figures look like is made up here; other tests run the real ones.
"""

import json
import re
import threading

import pytest
from test_figure_data import plot, shown
from tiny_project import lesson as script

from slidingwindows import SlidingWindowsError
from slidingwindows.course import execution, lessons, warm, work
from slidingwindows.course.prepare import figures_shown, figures_wait, is_fresh
from slidingwindows.course.work import Stopped, Work
from slidingwindows.export import recolour
from slidingwindows.export.rendered import Rendered

ADDRESS = "https://example.org/a/"


@pytest.fixture
def course(tmp_path, monkeypatch):
    return Course(tmp_path, monkeypatch)


class Course:
    """Lessons, each with the data of the figures that it shows, and what was done with them."""

    def __init__(self, root, monkeypatch):
        self.root, self.figures, self.fails, self.broken = root, {}, {}, set()
        self.done, self.warmed, self.lines = [], [], []
        self.texts = {}
        monkeypatch.setattr(execution, "warm_up", lambda found: self.warmed.append(names(found)))
        monkeypatch.setattr(execution, "execute", self.execute)
        monkeypatch.setattr(execution, "draw", self.draw)
        monkeypatch.setattr(recolour, "recoloured", self.recolour)
        monkeypatch.setattr(work, "WORKERS", 1)  # one after another, in the order they are given
        for known in (work._failed, work._known):
            monkeypatch.setattr(work, "_failed" if known is work._failed else "_known", {})
        (root / "lessons").mkdir()

    def write(self, name, *figures, code="x = 1"):
        (self.root / "lessons" / f"{name}.py").write_text(script(name, code))
        self.figures[name] = [{**plot(name=figure), "caption": code} for figure in figures]

    def execute(self, lesson, keep):
        self.done.append(f"{lesson.name}{' kept' if keep else ''}")
        if lesson.name in self.fails:
            raise SlidingWindowsError(f"lessons/{lesson.name}.py: {self.fails[lesson.name]}")
        return self.outputs(lesson.name)

    def outputs(self, name):
        return [[{**output, "metadata": {}} for output in shown(*self.figures[name])]]

    def draw(self, data, source):
        self.done.append(f"{data['name']} by {data.get('course')} at {source}")
        if data["name"] in self.broken:
            raise ValueError("" if data["name"] == "silent" else "no ink")
        name = data["name"]
        files = {f"{name}.dark.png": b"x" * 1499, f"{name}.light.gif": b"x" * 1500}
        return Rendered(files, "A line.", [], 2, 1, False, "Plot")

    def recolour(self, rendered, kind):
        self.done.append(f"{kind} coloured")
        return rendered

    def work(self, *, address=ADDRESS, redraw=False, serving=False, **options):
        self.lines, self.done, self.warmed = [], [], []
        made = Work(self.root, address, redraw, self.lines.append, serving, **options)
        outputs = made.do(lessons.find(self.root / "lessons"))
        self.lines = [re.sub(r"\d+\.\d s", "T s", line) for line in self.lines]
        return made, outputs


def names(found):
    return [lesson.name for lesson in found]


AT = "at https://example.org/a/lessons/alpha"


def test_what_is_missing_is_made_and_then_fresh(course):
    course.write("alpha", "one", "two")
    course.write("beta")
    made, outputs = course.work()
    assert course.warmed == [["alpha", "beta"]]
    assert course.done == [
        "alpha", "beta", f"one by None {AT}/#one", f"two by None {AT}/#two",
    ]  # fmt: skip
    drawn = "dark.png 1 kB, light.gif 2 kB, T s"
    assert sorted(course.lines) == [
        f"figure  one                                missing  {drawn}",
        f"figure  two                                missing  {drawn}",
        "lesson  alpha                              missing  executed in T s",
        "lesson  beta                               missing  executed in T s",
    ]
    assert outputs == {"alpha": course.outputs("alpha"), "beta": [[]]}
    assert {name: list(found) for name, found in made.found.items()} == {
        "alpha": ["one", "two"], "beta": [],
    }  # fmt: skip
    kept = course.root / ".cache"
    assert json.loads((kept / "executed" / "alpha.json").read_text()) == outputs["alpha"]
    facts = json.loads((kept / "figures" / "one.json").read_text())
    assert facts["caption"] == "x = 1" and facts["files"] == ["one.dark.png", "one.light.gif"]
    assert made.rendered("one").files["one.light.gif"] == b"x" * 1500
    seconds = json.loads((kept / "seconds.json").read_text())
    assert set(seconds) == {"alpha", "beta"} and all(round(s, 1) == s for s in seconds.values())
    before = made
    made, again = course.work()
    assert again == outputs and made.keys == before.keys and course.done == course.warmed == []
    assert sorted(course.lines) == [
        "figure  one                                fresh",
        "figure  two                                fresh",
        "lesson  alpha                              fresh",
        "lesson  beta                               fresh",
    ]
    assert made.rendered("one").files == before.rendered("one").files and not made.drew


def test_the_longest_begins_first(course):
    for name in ("alpha", "beta", "gamma"):
        course.write(name)
    (course.root / ".cache").mkdir()
    times = course.root / ".cache" / "seconds.json"
    times.write_text('{"alpha": 1, "beta": "2.5", "gamma": 2}')
    course.work(part=True)
    assert course.done == ["beta", "gamma", "alpha"]
    assert times.read_text() == '{"alpha": 1, "beta": "2.5", "gamma": 2}'  # as other machines have
    for damaged in ("", "[]", '{"alpha": []}', '{"alpha": "x"}'):
        times.write_text(damaged)
        made, _ = course.work()
        assert made.seconds == {} and course.done == []


def test_lessons_that_fail_are_told_with_all_that_others_show(course):
    course.write("alpha", "one")
    course.write("beta", "two")
    course.fails["alpha"] = "no"
    made, outputs = course.work()
    assert made.failures == [("alpha", "lessons/alpha.py: no")]
    assert list(outputs) == list(made.found) == list(made.seconds) == ["beta"]
    assert "lesson  alpha                              missing  FAILED" in course.lines
    course.work()
    assert course.done == ["alpha"]


def test_while_serving_a_failure_is_not_tried_again_until_it_could_end_otherwise(course):
    for name in ("alpha", "beta", "gamma"):
        course.write(name)
    course.fails["alpha"] = "no"
    course.work(serving=True)
    assert course.done == ["alpha", "beta", "gamma"]  # too many to be kept
    made, _ = course.work(serving=True)
    assert made.failures == [("alpha", "lessons/alpha.py: no")] and course.done == []
    assert course.lines[0] == (
        "lesson  alpha                              missing  FAILED, and has not changed"
    )
    course.write("alpha", code="x = 2")
    course.write("beta", code="x = 2")
    course.fails.clear()
    made, _ = course.work(serving=True)
    assert made.failures == [] and course.done == ["alpha kept", "beta kept"]
    course.write("beta", code="x = 3")
    course.work()
    assert course.done == ["beta"]  # nobody edits it


def test_figures_that_fail_are_told_with_their_cells(course):
    course.write("alpha", "one", "silent", "two")
    course.broken |= {"one", "silent"}
    made, _ = course.work()
    place = "lessons/alpha.py, code cell 1, line 10: figure "
    assert sorted(made.failures) == [
        ("alpha", f"{place}'one' cannot be drawn: no ink"),
        ("alpha", f"{place}'silent' cannot be drawn: ValueError"),
    ]
    assert "figure  one                                missing  FAILED" in course.lines
    assert list(made.made) == ["two"]
    course.figures["alpha"][0]["caption"] = 7
    course.write("alpha", code="x = 2")
    course.figures["alpha"] = [{**plot(name="one"), "caption": 7}]
    made, _ = course.work()
    assert made.failures == [("alpha", f"{place.removesuffix('figure ')}the figure 'one' has no "
                                       "caption; it may be empty")]  # fmt: skip


def test_figures_name_their_course_and_their_place(course):
    course.write("alpha", "one")
    course.work(course="Mine")
    assert course.done[1:] == [f"one by Mine {AT}/#one"]
    course.work(course="Mine", address="")
    assert course.done == ["one by Mine at "]
    course.work(address="")
    assert course.done == ["one by None at "]
    course.work(address="")
    assert course.done == []
    course.work(address="", redraw=True)
    assert course.done == ["one by None at "]
    assert course.lines[1].startswith(
        "figure  one                                fresh    dark.png"
    )


def test_another_colour_of_the_same_shapes_draws_no_trace_again(course, monkeypatch):
    course.write("alpha", "one", "two")
    course.figures["alpha"][0] = {"kind": "trace", "name": "one", "caption": "", "trace": {}}
    sources, packages = {True: "light", False: "shapes"}, {"pillow": 1, "matplotlib": 1}

    def source_key(*makers, colours=True):
        assert makers == ("export.render", "export.recolour")
        return sources[colours]

    rested = []
    monkeypatch.setattr(work, "source_key", source_key)
    monkeypatch.setattr(work, "versions", lambda *names: str([packages[name] for name in names]))
    monkeypatch.setattr(warm, "rest", lambda: rested.append(True))
    one, two = f"one by None {AT}/#one", f"two by None {AT}/#two"
    made, _ = course.work()
    assert course.done == ["alpha", one, two] and made.drew and rested == [True]
    sources[True] = "dark"
    made, _ = course.work()
    assert course.done == ["trace coloured", two] and made.drew
    for changed, new in ((sources, {False: "rounder"}), (packages, {"matplotlib": 2}),
                         (packages, {"pillow": 2})):  # fmt: skip
        changed.update(new)
        course.work()
        assert course.done == [one, two]
    course.figures["alpha"].pop()
    (course.root / ".cache" / "executed" / "alpha.made").unlink()
    rested.clear()
    sources[True] = "light"
    made, _ = course.work()
    assert course.done == ["alpha", "trace coloured"] and not made.drew and rested == []


def test_what_nobody_looks_at_waits_if_only_its_looks_have_changed(course):
    course.write("alpha", "one", "two")
    course.work()
    made, _ = course.work(address="", wanted={"two"})
    assert course.done == ["two by None at "] and made.later == {"one"}
    assert "figure  one                                stale    waits until those of the page " \
        "are drawn" in course.lines  # fmt: skip
    made, _ = course.work(address="", wanted={"one"})
    assert course.done == ["one by None at "] and made.later == set()
    course.write("alpha", "one", "two", code="x = 2")
    made, _ = course.work(address="", wanted=set())
    assert made.later == set() and len(course.done) == 3  # their data is other data
    made, _ = course.work(redraw=True, wanted=set())
    assert made.later == set() and len(course.done) == 2
    (course.root / ".cache" / "figures" / "one.dark.png").unlink()
    made, _ = course.work(wanted=set())
    assert made.later == set() and len(course.done) == 1  # there is nothing to be left


def test_a_preparation_that_is_stopped_begins_nothing_more(course):
    course.write("alpha")
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        course.work(stop=stop)
    made, _ = course.work(stop=threading.Event())
    made.go_on()
    stop = made.stop
    stop.set()
    with pytest.raises(Stopped):
        made.go_on()


def test_what_the_last_preparation_noted(tmp_path):
    assert not figures_wait(tmp_path) and figures_shown(tmp_path) == {}
    note = tmp_path / ".cache" / "prepared.json"
    note.parent.mkdir()
    for text in ("", "[]", "7"):
        note.write_text(text)
        assert not figures_wait(tmp_path) and figures_shown(tmp_path) == {}
        assert is_fresh(tmp_path) is False
    note.write_text('{"waits": true, "figures": {"a": ["b"]}}')
    assert figures_wait(tmp_path) is True and figures_shown(tmp_path) == {"a": ["b"]}
    note.write_text('{"waits": false}')
    assert figures_wait(tmp_path) is False
