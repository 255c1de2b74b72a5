"""A figure whose files got other colours is, byte for byte, the one drawn in these colours."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from every_figure import figure, rendered

from slidingwindows.core.figures import CLASSES, kind_name
from slidingwindows.drawing.style import ROLES, THEMES
from slidingwindows.export.recolour import recoloured
from slidingwindows.export.render import render
from slidingwindows.export.rendered import Rendered

NAMES = ("max padded", "shades", "moving back average", "funnel signals", "field cells")


def drawn(name):
    item = figure(name)
    return render({"kind": (kind := kind_name(item)), "name": "figure", kind: item.to_dict()})


def other(seed, alike=()):
    """Two themes in colours by chance. alike: roles that share the page's colour."""
    chance = np.random.default_rng(seed)

    def colours():
        found = {role: "#{:02x}{:02x}{:02x}".format(*chance.integers(0, 256, 3)) for role in ROLES}
        return tuple(found["page" if role in alike else role] for role in ROLES)

    return {name: replace(theme, colours=colours()) for name, theme in THEMES.items()}


@pytest.mark.parametrize("name", NAMES)
def test_other_colours_are_what_is_drawn_in_them(name):
    """Also from themes in which roles cannot be told apart by their colours."""
    kind = kind_name(figure(name))
    with mock.patch.dict(THEMES, other(1, ("window", "text", "edge", "fresh"))):
        made = drawn(name)
    with mock.patch.dict(THEMES, other(2)):
        expected = drawn(name)
        got = recoloured(made, kind)
    assert got == expected
    files = {file: data for file, data in made.files.items() if data != got.files[file]}
    assert set(made.files) - set(files) <= {"figure.trace.js"}
    again = recoloured(got, kind)
    assert again.files == recoloured(drawn(name), kind).files == drawn(name).files


def test_each_kind_is_tried():
    assert {kind_name(figure(name)) for name in NAMES} == set(CLASSES)


def test_what_a_recolouring_needs_is_kept_with_the_figure():
    made = rendered("shades")
    assert len(made.numbers) > 10 and len(set(made.numbers)) == len(made.numbers)
    assert Rendered.of({**made.facts(), "numbers": list(made.numbers)}, made.files) == made
