"""A figure's data as a lesson's output holds it: forged or broken, it is refused by name."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from tiny_project import Project, lesson

from slidingwindows import SlidingWindowsError
from slidingwindows.course import figure_data, lessons
from slidingwindows.course.figure_data import figures_of, problem_of
from slidingwindows.export.files import Entry
from slidingwindows.lesson import MIME


def png(width=4, height=6, kind="PNG", mode="RGB"):
    """What may be the layers of a plot of 2×1 pixels: drawn at twice its size, three of them."""
    buffer = io.BytesIO()
    Image.new(mode, (width, height)).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def plot(**changes):
    """Data of a good plot of 2×1 pixels, with changes; None takes a part away."""
    data = {"kind": "plot", "name": "good", "caption": "", "alt": "A line.", "width": 2}
    data |= {"height": 1, "layers": png(), **changes}
    return {name: value for name, value in data.items() if value is not None}


def shown(*data):
    return [{"output_type": "display_data", "data": {MIME: one}} for one in data]


@pytest.fixture
def two(tmp_path):
    """A lesson of two code cells, in lines 10 and 13."""
    (tmp_path / "gamma.py").write_text(lesson("Gamma", "a = 1", "b = 2"))
    return lessons.read(tmp_path / "gamma.py")


def test_good_figures_come_with_their_places_in_order(two):
    others = [{"output_type": "stream", "name": "stdout", "text": "x"}, {"data": {"text/plain": 1}}]
    outputs = {"gamma": [[*others, *shown(plot(name="b"))], shown(plot(name="a"), plot(name="c"))]}
    figures = figures_of([two], outputs)
    assert list(figures) == ["b", "a", "c"]
    assert figures["a"].data == plot(name="a")
    assert {found.lesson for found in figures.values()} == {"gamma"}
    assert figures["b"].place == "lessons/gamma.py, code cell 1, line 10"
    assert figures["a"].place == figures["c"].place == "lessons/gamma.py, code cell 2, line 13"
    assert figures_of([], {}) == {}


NAMES = ["../../x", "/x", "a/b", "a.b", ".", "", "A", "a b", "a--b", "-a", "ä", "a\n", "x" * 81]


@pytest.mark.parametrize("name", [*NAMES, 7, ["a"], True])
def test_a_name_that_is_no_address(two, name):
    with pytest.raises(SlidingWindowsError) as caught:
        figures_of([two], {"gamma": [[], shown(plot(name=name))]})
    said = str(caught.value)
    assert said.startswith("lessons/gamma.py, code cell 2, line 13: a figure's name is its address")
    assert said.endswith(f"not {str(name)[:80]!r}") and len(said) < 230


def test_data_without_a_name(two):
    with pytest.raises(SlidingWindowsError) as caught:
        figures_of([two], {"gamma": [[], shown(plot(name=None))]})
    assert str(caught.value) == (
        "lessons/gamma.py, code cell 2, line 13: a figure's data has no name"
    )


def test_the_longest_name_and_digits_are_fine(two):
    for name in ("x" * 80, "7", "a-1-b"):
        assert list(figures_of([two], {"gamma": [shown(plot(name=name)), []]})) == [name]


@pytest.mark.parametrize("data", [None, [], "x", 7])
def test_data_that_is_no_dict(two, data):
    kind = type(data).__name__
    expected = f"line 10: a figure's data is a {kind}, not a dict"
    with pytest.raises(SlidingWindowsError, match=expected):
        figures_of([two], {"gamma": [shown(data), []]})


def test_two_figures_of_one_name(two):
    for outputs in ([shown(plot(), plot()), []], [shown(plot()), shown(plot())]):
        with pytest.raises(SlidingWindowsError) as caught:
            figures_of([two], {"gamma": outputs})
        at = [10, 10] if outputs[0][1:] else [10, 13]
        first, second = (f"lessons/gamma.py, code cell {1 + (n > 10)}, line {n}" for n in at)
        assert str(caught.value) == (
            f"{second}: a figure is called 'good', as is one at {first}; give it another name"
        )


def test_a_broken_figure_is_told_with_name_and_place(two):
    with pytest.raises(SlidingWindowsError) as caught:
        figures_of([two], {"gamma": [shown(plot()), shown(plot(name="bad", alt=None))]})
    assert str(caught.value) == (
        "lessons/gamma.py, code cell 2, line 13: the figure 'bad' has no alt text"
    )


NO_LAYERS = "has no layers for a plot of 2×1 pixels, as plot() makes them"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": None}, "is of an unknown kind: None"),
        ({"kind": "Plot"}, "is of an unknown kind: 'Plot'"),
        ({"kind": ["plot"]}, "is of an unknown kind: ['plot']"),
        ({"caption": None}, "has no caption; it may be empty"),
        ({"caption": 7}, "has no caption; it may be empty"),
        ({"alt": " \n"}, "has no alt text"),
        ({"alt": 7}, "has no alt text"),
        ({"width": None}, "has sides of 1 to 2,000 pixels, not None and 1"),
        ({"width": True}, "has sides of 1 to 2,000 pixels, not True and 1"),
        ({"width": 2.0}, "has sides of 1 to 2,000 pixels, not 2.0 and 1"),
        ({"height": 0}, "has sides of 1 to 2,000 pixels, not 2 and 0"),
        ({"height": 2001}, "has sides of 1 to 2,000 pixels, not 2 and 2001"),
        ({"height": '1" onload="x'}, "has sides of 1 to 2,000 pixels, not 2 and '1\" onload=\"x'"),
        ({"width": 2000}, "has no layers for a plot of 2000×1 pixels, as plot() makes them"),
        ({"layers": None}, NO_LAYERS),
        ({"layers": [png()]}, NO_LAYERS),
        ({"layers": 7}, NO_LAYERS),
        ({"layers": ""}, NO_LAYERS),
        ({"layers": png(6, 6)}, NO_LAYERS),
        ({"layers": png(4, 2)}, NO_LAYERS),
        ({"layers": png(kind="GIF")}, NO_LAYERS),
        ({"layers": png(mode="L")}, NO_LAYERS),
        ({"layers": png(mode="RGBA")}, NO_LAYERS),
        ({"layers": png()[:-3] + "!!!"}, NO_LAYERS),
        ({"layers": png()[:20]}, NO_LAYERS),
        ({"caption": "x" * 10_000_001}, "characters of data; at most 10,000,000"),
    ],
)
def test_what_is_wrong_is_said(changes, problem):
    said = problem_of(plot(**changes))
    assert said.startswith(problem) or problem.startswith("char") and said.endswith(problem)
    assert problem_of(plot()) == ""


@pytest.mark.parametrize("kind", ["trace", "transfer", "funnel", "receptive"])
def test_what_is_drawn_needs_its_data(kind):
    assert problem_of({"kind": kind, "caption": "", kind: {}}) == ""
    for data in ({}, {kind: []}, {"data": {}}):
        problem = problem_of({"kind": kind, "caption": "", **data})
        assert problem == f"has no data under {kind!r}"


def test_the_largest_amount_of_data_is_counted_to_the_character(monkeypatch):
    data = {"kind": "trace", "caption": "", "trace": {}}
    monkeypatch.setattr(figure_data, "MOST_DATA", 45)
    assert problem_of(data) == ""
    monkeypatch.setattr(figure_data, "MOST_DATA", 44)
    assert problem_of(data) == "has 45 characters of data; at most 44"


@pytest.mark.parametrize("file", ["../x", "other.gif", "bad", "bad.made", "bad./../../x", "/bad.x"])
def test_an_entry_writes_its_own_files_alone(tmp_path, file):
    entry = Entry(tmp_path / "made", "bad")
    with pytest.raises(SlidingWindowsError) as caught:
        entry.put("key", {"bad.gif": b"x", file: b"x"})
    assert str(caught.value) == f"{file!r} is not a file of the artefact 'bad'"
    assert not list(tmp_path.rglob("*"))


FORGED = """\
class Forged:
    def _repr_mimebundle_(self, include=None, exclude=None):
        data = dict(kind="plot", name={name!r}, caption="", alt="x", width=2, height=1)
        data["layers"] = {layers!r}
        return {{"application/vnd.slidingwindows.figure+json": data, "text/plain": "x"}}

Forged()"""


def test_a_forged_name_writes_nothing_and_names_its_cell(tmp_path):
    """As it once did: files above the project."""
    name = "../../../escaped"
    text = lesson("Forger", "1", FORGED.format(layers=png(), name=name))
    project = Project.create(tmp_path / "project", {"forger": text})
    done = project.run("slidingwindows", "prepare")
    assert done.returncode == 2 and "Traceback" not in done.stdout
    told = "error: lessons/forger.py, code cell 2, line 13: a figure's name is its address"
    assert told in done.stdout, done.stdout
    assert not [path for path in Path(tmp_path).rglob("*") if "escaped" in path.name]


def test_layers_that_end_in_the_middle_are_told_with_their_cell(tmp_path):
    """Their sizes are right, so it is only while they are coloured that it shows."""
    cut = base64.b64encode(base64.b64decode(png())[:45]).decode()
    assert problem_of(plot(layers=cut)) == ""
    text = lesson("Forger", "1", FORGED.format(layers=cut, name="cut"))
    project = Project.create(tmp_path / "project", {"forger": text})
    done = project.run("slidingwindows", "prepare")
    assert done.returncode == 2 and "Traceback" not in done.stdout
    told = "error: lessons/forger.py, code cell 2, line 13: figure 'cut' cannot be drawn: "
    assert told in done.stdout and "the layers of the plot are damaged" in done.stdout, done.stdout
