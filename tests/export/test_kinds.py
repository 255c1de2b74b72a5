"""The table of figure kinds: every class is in it, and all that makes files asks it."""

import json

import numpy as np
import pytest
import torch
from figure_cases import case
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, receptive_field, route, save
from slidingwindows.core.figures import CLASSES, kind_name, restored
from slidingwindows.drawing.style import THEMES
from slidingwindows.export.encoding import contents
from slidingwindows.export.kinds import KINDS, is_stepped, kind_of
from slidingwindows.export.render import render
from slidingwindows.export.rendered import Rendered
from slidingwindows.export.still import palette_of, stills_of
from slidingwindows.lesson import show

LAYERS = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))
FIGURES = {
    "trace": case("max"),
    "transfer": route(nn.MaxPool2d(2), torch.arange(16.0).reshape(1, 4, 4)),
    "funnel": funnel(LAYERS, torch.arange(144.0).reshape(1, 12, 12)),
    "receptive": receptive_field(LAYERS, (1, 12, 12)),
}
every_kind = pytest.mark.parametrize("name", CLASSES)


def test_every_class_is_drawn():
    assert list(KINDS) == list(CLASSES) == list(FIGURES)


@every_kind
def test_a_figure_is_found_by_its_class_and_comes_back_from_json(name):
    figure = FIGURES[name]
    assert type(figure) is CLASSES[name] and kind_name(figure) == name
    assert kind_of(figure) is KINDS[name]
    again = restored(name, json.loads(json.dumps(figure.to_dict())))
    assert type(again) is type(figure) and again == figure


@every_kind
def test_what_a_kind_draws_has_only_colours_of_its_palette(name):
    figure = FIGURES[name]
    count = len(palette_of(figure, THEMES["light"]))
    pictures = [canvas.pixels for canvas, _ in kind_of(figure).animate(figure)]
    assert len(pictures) > 2
    assert max(np.max(pixels) for pixels in pictures) < count <= 256


@every_kind
def test_a_rendered_figure_says_what_its_kind_says(name):
    figure = FIGURES[name]
    made = render(show(figure, "one", "A caption.").data)
    assert contents(figure, "txt").decode().splitlines() == [made.alt, *made.transcript]
    assert made.moving and made.operation == kind_of(figure).operation(figure)
    stepped = name in ("trace", "transfer")
    assert is_stepped(figure) == stepped == bool(made.steps) == bool(made.recipe)
    assert ("one.trace.js" in made.files) == stepped == (made.call != "")
    first, _ = stills_of(figure)[0]
    assert first.startswith("window 1 of " if stepped else "frame 1 of ")
    facts = json.loads(json.dumps(made.facts()))
    assert "files" not in facts and Rendered.of({**facts, "caption": ""}, made.files) == made


@pytest.mark.parametrize("figure", [None, "trace", {"kind": "trace"}, Rendered, nn.ReLU()])
def test_whoever_is_asked_says_the_same_of_what_is_no_figure(figure, tmp_path):
    told = (
        "a figure comes from slide, route, funnel or receptive_field; this is a "
        f"{type(figure).__name__}"
    )
    asked = [
        kind_of,
        is_stepped,
        stills_of,
        lambda figure: show(figure, "one"),
        lambda figure: contents(figure, "gif"),
        lambda figure: palette_of(figure, THEMES["dark"]),
        lambda figure: save(figure, tmp_path / "one.gif"),
    ]
    for ask in asked:
        with pytest.raises(SlidingWindowsError) as caught:
            ask(figure)
        assert told in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_an_unknown_kind_is_not_drawn():
    data = {"kind": "picture", "name": "one", "caption": "", "picture": {}}
    with pytest.raises(SlidingWindowsError, match="unknown kind of figure 'picture'; there are "):
        render(data)
