"""What a lesson imports, asked directly: a figure's data, its picture in a notebook, refusals."""

import importlib
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, course, slide
from slidingwindows.course.authoring import MIME, Figure, notebook_html, plot, show
from slidingwindows.course.figure_data import problem_of
from slidingwindows.export.render import preview
from slidingwindows.export.rendered import Rendered


def line(figure):
    figure.subplots().plot([1, 2, 4])


def test_a_trace_is_shown_whole(monkeypatch):
    trace = slide(nn.MaxPool2d(2), torch.arange(8.0).reshape(1, 2, 4))
    figure = show(trace, "max-pool-2x2", "*Two* windows.")
    data = {"kind": "trace", "name": "max-pool-2x2", "caption": "*Two* windows."}
    assert figure.data == {**data, "trace": trace.to_dict()} and problem_of(figure.data) == ""
    assert show(trace, "a").data["caption"] == ""
    monkeypatch.setenv("SLIDINGWINDOWS_BUILD", "1")
    expected = {MIME: figure.data, "text/plain": "figure max-pool-2x2"}
    assert figure._repr_mimebundle_() == expected
    monkeypatch.delenv("SLIDINGWINDOWS_BUILD")
    drawn = preview(figure.data)
    shown = {"text/html": notebook_html(drawn), "text/plain": drawn.alt}
    assert figure._repr_mimebundle_(include=None, exclude=None) == shown


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("a.dark.gif a.light.png a.light.gif a.dark.png", "gif"),
        ("a.dark.png a.light.png", "png"),
        ("a.dark.gif a.light.png", "png"),
    ],
)
def test_a_notebook_gets_the_light_picture_and_the_moving_one_if_there_is_one(names, kind):
    files = {name: b"light" if "light" in name else b"dark" for name in names.split()}
    made = Rendered(files, "A \"b\" <c> 'd'", [], 3, 2, True, "MaxPool2d")
    assert notebook_html(made) == (
        f'<img src="data:image/{kind};base64,bGlnaHQ=" width="3" height="2" '
        'alt="A &quot;b&quot; &lt;c&gt; &#x27;d&#x27;">'
    )


@pytest.mark.filterwarnings("ignore:constrained_layout not applied")  # there is no room to lay out
def test_a_plot_is_of_the_size_that_was_asked_for():
    figure = plot(line, "doubling", "A line.", "It *rises*.", width=30, height=20)
    data = {"kind": "plot", "name": "doubling", "caption": "It *rises*.", "alt": "A line."}
    assert {**figure.data, "layers": ""} == {**data, "width": 30, "height": 20, "layers": ""}
    assert problem_of(figure.data) == ""
    figure = plot(lambda figure: None, "a", "b")
    assert (figure.data["width"], figure.data["height"], figure.data["caption"]) == (640, 360, "")
    for width, height in ((2000, 1), (1, 2000)):
        figure = plot(lambda figure: None, "a", "b", width=width, height=height)
        assert problem_of(figure.data) == ""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"alt": " \n"}, "plot 'a' needs an alt text: say what the picture shows"),
        *(
            (
                {side: pixels},
                f"plot 'a': {side} must be a whole number from 1 to 2,000 pixels, got {pixels!r}",
            )
            for side in ("width", "height")
            for pixels in (0, -1, 2001, 2.5, "9")
        ),
    ],
)
def test_a_plot_that_cannot_be_shown_is_not_drawn(options, told):
    def never(figure):
        raise AssertionError("drawn too early")

    with pytest.raises(SlidingWindowsError, match=f"^{re.escape(told)}$"):
        plot(never, "a", **{"alt": "b", **options})


@pytest.mark.parametrize("name", ["", "A", "a b", "a--b", "-a", "a-", "ä", "a.b", "a\n"])
def test_a_figures_name_is_an_address(name):
    told = "a figure's name is its address: lowercase letters, digits and hyphens, not "
    for make in (lambda: Figure("plot", name, ""), lambda: plot(pytest.fail, name, "b")):
        with pytest.raises(SlidingWindowsError) as caught:
            make()
        assert str(caught.value) == told + repr(name)
    assert Figure("plot", "a-1-2b", "c", more=3).data == {
        "kind": "plot", "name": "a-1-2b", "caption": "c", "more": 3,
    }  # fmt: skip


def test_what_a_module_lists_is_there():
    texts = {
        path.stem: path.read_text("utf-8") for path in Path(course.__file__).parent.glob("*.py")
    }
    names = [name for name, text in texts.items() if "\n__all__ = " in text]
    for name in names:
        module = importlib.import_module(f"slidingwindows.course.{name}")
        assert [one for one in module.__all__ if not hasattr(module, one)] == [], name
    assert "authoring" in names and MIME == "application/vnd.slidingwindows.figure+json"
