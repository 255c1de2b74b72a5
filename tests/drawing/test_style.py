"""Colours: enough contrast, few of them, and never the only signal."""

from itertools import combinations

import numpy as np
import pytest
from figure_cases import CASES, case

from slidingwindows.drawing import animation as frames
from slidingwindows.drawing.canvas import INDEX, PAPER, TABLE, Canvas, _glyphs
from slidingwindows.drawing.forward import Drawing
from slidingwindows.drawing.grid import cell_text
from slidingwindows.drawing.style import LEVELS, PAIRS, ROLES, THEMES

themes = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def luminance(rgb) -> float:
    """Relative luminance as WCAG 2 defines it."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_itself():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x77,) * 3, (255,) * 3) == pytest.approx(4.48, abs=0.01)


@themes
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(theme, ink, ground):
    assert contrast(theme.rgb(ink), theme.rgb(ground)) >= 4.5


@themes
@pytest.mark.parametrize("mark", ["edge", "fresh"])
def test_marks_stand_out_from_the_page(theme, mark):
    assert contrast(theme.rgb(mark), theme.rgb("page")) >= 3


@themes
def test_the_window_stands_out_from_what_it_lies_on(theme):
    for ground in ("window", "pad", "page"):
        assert contrast(theme.rgb("edge"), theme.rgb(ground)) >= 3


@pytest.mark.parametrize("name", CASES)
def test_every_text_is_drawn_in_a_checked_pair(name, monkeypatch):
    """Watches each text drawn: the ground under its ink belongs to PAIRS, so has been measured."""
    used, draw = set(), Canvas.text

    def watched(self, x, y, text, size, role="text", anchor="left", bold=False, mono=False):
        # No letter leaves these rows; what is outside them need not be compared.
        rows = slice(max(0, int(y) - 2 * size), int(y) + 2 * size)
        before = self.pixels[rows].copy()
        draw(self, x, y, text, size, role, anchor, bold, mono)
        grounds = np.bincount(before[before != self.pixels[rows]], minlength=1).nonzero()[0]
        used.update((role, ROLES[ground]) for ground in grounds)

    monkeypatch.setattr(Canvas, "text", watched)
    for _ in frames.animate(case(name)):
        pass
    assert used and used <= set(PAIRS)


@themes
def test_palettes_are_small_and_their_colours_distinct(theme):
    palette = theme.palette()
    assert len(palette) == len(ROLES) + len(PAIRS) * (LEVELS - 1) + 1 <= 32
    assert len(set(palette)) == len(palette) - 1
    assert palette[PAPER] == theme.rgb("page")  # once as ground, once as ink
    assert all(0 <= channel <= 255 for colour in palette for channel in colour)


@themes
def test_roles_palette_and_canvas_agree(theme):
    assert len(theme.colours) == len(ROLES) == len(set(ROLES))
    for number, role in enumerate(ROLES):
        assert INDEX[role] == number
        assert theme.palette()[number] == theme.rgb(role)
        assert "#{:02x}{:02x}{:02x}".format(*theme.rgb(role)) == theme.colours[number]


@themes
def test_blends_lie_between_ink_and_ground(theme):
    palette = theme.palette()
    for ink, ground in PAIRS:
        shades = [palette[TABLE[INDEX[ink], n, INDEX[ground]]] for n in range(LEVELS + 1)]
        assert shades[0] == theme.rgb(ground) and shades[-1] == theme.rgb(ink)
        steps = [luminance(shade) for shade in shades]
        assert steps in (sorted(steps), sorted(steps, reverse=True))
        assert len(set(steps)) == LEVELS + 1


def test_light_is_light_and_dark_is_dark():
    assert luminance(THEMES["light"].rgb("page")) > 0.9
    assert luminance(THEMES["dark"].rgb("page")) < 0.05


def heavy(text: str, size: int) -> int:
    return int(_glyphs(text, size, True, False)[0].astype(int).sum())


def test_the_winner_is_bold_and_inverted_too():
    """In grey, or for a colour-blind reader, ink and weight still tell the winner from the rest."""
    drawing = Drawing(case("max"))
    step, panel = case("max").steps[0], drawing.layout.inputs[0]
    canvas = drawing.blank.copy()
    drawing.answer(canvas, 0)
    tap, size = step.taps[step.winner], drawing.layout.font_size
    text = cell_text(tap.value, drawing.layout.digits)
    assert heavy(text, size) > int(_glyphs(text, size, False, False)[0].astype(int).sum())
    for theme in THEMES.values():
        colours = np.array([luminance(colour) for colour in theme.palette()])
        for tap_number, (_, row, col, *_) in enumerate(step.taps):
            left, top, right, bottom = panel.box(row, col)
            cell = canvas.pixels[top + 4 : bottom - 4, left + 4 : right - 4]
            ground, ink = (
                colours[cell[0, 0]],
                colours[INDEX["page" if tap_number == step.winner else "text"]],
            )
            assert (colours[cell] == ink).any()
            # Light on dark where the others are dark on light, or the other way round.
            darker = theme.name == "light"
            assert (ink < ground) == (darker != (tap_number == step.winner))


def test_ties_have_a_ring_and_the_window_an_outline():
    drawing = Drawing(case("ties"))
    for index, step in enumerate(case("ties").steps):
        canvas = drawing.blank.copy()
        drawing.answer(canvas, index)
        panel = drawing.layout.inputs[0]
        for number, tap in enumerate(step.taps):
            left, top, right, bottom = panel.box(tap.row, tap.col)
            inner = canvas.pixels[top + 4 : bottom - 4, left + 4 : right - 4]
            rim = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
            assert (rim == INDEX["edge"]).all() == (number in step.ties or number == step.winner)


@themes
def test_grounds_differ_in_more_than_hue_or_carry_another_sign(theme):
    """Winner and window, newest and earlier output: told apart without any colour."""
    for one, other in combinations(("page", "edge", "window"), 2):
        assert contrast(theme.rgb(one), theme.rgb(other)) > 1.15
    assert contrast(theme.rgb("fresh"), theme.rgb("result")) >= 3
    assert contrast(theme.rgb("edge"), theme.rgb("window")) >= 3
