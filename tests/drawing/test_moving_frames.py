"""What decoded GIFs of moves show: unpooling, unfolding, folding and gradients, cell by cell."""

import io
from functools import cache

import numpy as np
import pytest
from figure_cases import as_planned, decoded, numbers, table_roles, without_colours
from moving_cases import CASES, case, rendered
from PIL import Image
from seeing import (
    EDGE,
    FRESH,
    INSET,
    WINDOW,
    few,
    legend_rows,
    score,
    see,
    see_lines,
    see_outline,
    see_progress,
    see_words,
    shown_steps,
)

from slidingwindows.drawing.animation import scene_of
from slidingwindows.drawing.canvas import INDEX
from slidingwindows.words.transfer import alt_text

every_case = pytest.mark.parametrize("name", CASES)


@cache
def scene(name: str):
    return scene_of(case(name))


@cache
def film(name: str, theme: str):
    """(kind, step, pixels) of the decoded stored pictures."""
    plan = score(len(case(name).moves))
    stored = decoded(rendered(name).files[f"figure.{theme}.gif"])
    durations = [duration for *_, duration in plan]
    shown = as_planned(stored, durations, lambda picture: numbers(picture, theme))
    return [(*facts[:2], picture) for facts, picture in zip(plan, shown, strict=True)]


def frames(name: str, theme: str, kind: str):
    return [(step, pixels) for its, step, pixels in film(name, theme) if its == kind]


@cache
def target_after(name: str, count: int) -> dict[tuple[int, int], float]:
    """What so many moves have brought, by position; what no move wrote is absent."""
    known: dict[tuple[int, int], float] = {}
    for move in case(name).moves[:count]:
        for row, col, amount in move.writes:
            old = known.get((row, col), 0.0) if case(name).adds else 0.0
            known[row, col] = old + amount
    return known


def see_target(pixels, name, known: int, fresh=None, final=False) -> None:
    """Zeros or nothing where no move has written yet, the numbers so far everywhere else.

    final: the numbers of the end, with those of the fresh move among them.
    """
    transfer, panel = case(name), scene(name).layout.output
    told = target_after(name, known if fresh is None or final else fresh + 1)
    new = {w[:2] for w in transfer.moves[fresh].writes} if fresh is not None else set()
    for row in range(panel.rows):
        for col in range(panel.cols):
            if (row, col) in told:
                look = ("fresh", "page", True) if (row, col) in new else ("result", "text", False)
                see(scene(name), pixels, panel, row, col, told[row, col], *look)
            elif transfer.kind == "unfold":
                left, top, right, bottom = panel.box(row, col)
                here = pixels[top + INSET : bottom - INSET, left + INSET : right - INSET]
                assert (here == INDEX["page"]).all(), "a column is known too early"
            else:
                see(scene(name), pixels, panel, row, col, 0.0, "page", "muted")
    done = known if fresh is None else max(known, fresh + 1)
    see_progress(pixels, done, len(transfer.moves))


def see_sources(pixels, name, move=None) -> None:
    """What the move reads stands out; padding is grey; every number is there."""
    transfer, layout = case(name), scene(name).layout
    if transfer.kind == "gradient":
        see_forward(pixels, name, move)
        return
    read = {r[:3] for r in move.reads} if move else set()
    for plane, panel in enumerate(layout.inputs):
        for r in range(panel.first_row, panel.first_row + panel.rows):
            for c in range(panel.first_col, panel.first_col + panel.cols):
                height, width = transfer.geometry.input_shape
                outside = transfer.kind == "unfold" and not (0 <= r < height and 0 <= c < width)
                fill, ink = ("pad", "muted") if outside else ("page", "text")
                if (plane, r, c) in read and not scene(name).shaded:
                    fill, ink = "window", "text"
                top = -panel.first_row, -panel.first_col
                value = transfer.sources[plane][r + top[0]][c + top[1]]
                see(scene(name), pixels, panel, r, c, value, fill, ink)


def see_forward(pixels, name, move=None) -> None:
    """The forward pass's input, its winner and ties, and the gradient that comes back."""
    transfer = case(name)
    forward, [panel], [beside] = (
        transfer.forward,
        scene(name).layout.inputs,
        scene(name).layout.kernels,
    )
    step = forward.steps[transfer.moves.index(move)] if move else None
    taps = {(t.row, t.col): number for number, t in enumerate(step.taps)} if step else {}
    rows, cols = forward.geometry.rows, forward.geometry.cols
    for r in range(-rows.padding[0], rows.size + rows.padding[1]):
        for c in range(-cols.padding[0], cols.size + cols.padding[1]):
            inside = 0 <= r < rows.size and 0 <= c < cols.size
            down, across = forward.stretch
            own = inside and r % down == 0 and c % across == 0
            fill, ink = ("page", "text") if own else ("pad", "muted")
            tap, bold, ring = taps.get((r, c)), False, False
            if tap is not None and not scene(name).shaded:
                fill, ink, ring = "window", "text", tap in step.ties
                if tap == step.winner:
                    fill, ink, bold = "edge", "page", True
            elif tap is not None and tap == step.winner:
                see_outline(pixels, panel.box(r, c), "edge", 1)
            see(scene(name), pixels, panel, r, c, forward.at(0, r, c), fill, ink, bold, ring)
    for r in range(beside.rows):
        for c in range(beside.cols):
            here = step is not None and (r, c) == step.output
            fill = "window" if here and scene(name).font(beside) else "page"
            see(scene(name), pixels, beside, r, c, transfer.sources[0][r][c], fill, "text")


def told_at(name: str, number: int) -> str:
    """What is said of a move, or its first part where three lines cannot hold it."""
    text = case(name).moves[number].arithmetic
    long = len(text) > 135 or len(scene(name).wrapped(text)) > 3
    return text.split(":")[0] if long else text


@every_case
def test_opening(name, theme="light"):
    [(_, pixels)] = frames(name, theme, "opening")
    see_sources(pixels, name)
    see_target(pixels, name, known=0)
    see_lines(scene(name).layout, pixels, scene(name).opening_words())
    pixels = pixels.copy()
    pixels[legend_rows(scene(name).layout)] = INDEX["page"]
    assert not np.isin(pixels, [EDGE, WINDOW, FRESH]).any()


@every_case
def test_look(name, theme="light"):
    for number, pixels in few(frames(name, theme, "look")):
        move = case(name).moves[number]
        see_sources(pixels, name, move)
        see_target(pixels, name, known=number)
        for row, col, _ in move.writes if not scene(name).shaded else ():
            see_outline(pixels, scene(name).layout.output.box(row, col), "fresh", 3)


@every_case
def test_answer(name, theme="light"):
    answers = frames(name, theme, "answer")
    assert [number for number, _ in answers] == shown_steps(len(case(name).moves))
    for number, pixels in few(answers):
        see_sources(pixels, name, case(name).moves[number])
        see_target(pixels, name, known=number, fresh=number)
        see_words(scene(name), pixels, told_at(name, number))


@every_case
def test_last_frame_is_what_torch_returned(name, theme="light"):
    [(_, pixels)] = frames(name, theme, "last")
    transfer, panel = case(name), scene(name).layout.output
    see_sources(pixels, name)
    see_target(pixels, name, known=len(transfer.moves))
    known = target_after(name, len(transfer.moves))
    for row in range(panel.rows):
        for col in range(panel.cols):
            value = transfer.target[row][col]
            assert known.get((row, col), 0.0) == pytest.approx(value, abs=1e-5)
    see_lines(scene(name).layout, pixels, scene(name).closing_words())


@every_case
def test_poster(name, theme="light"):
    """All is there: no cell holds a sum on its way, so the picture shows a state that exists."""
    pixels, moves = poster(name, theme), case(name).moves
    told = next(n for n in range(len(moves) // 2, len(moves)) if lasts(name, n))
    see_sources(pixels, name, moves[told])
    see_words(scene(name), pixels, told_at(name, told))
    see_target(pixels, name, known=len(moves), fresh=told, final=True)


def lasts(name: str, number: int) -> bool:
    """Whether what a move wrote is not written again."""
    moves = case(name).moves
    later = {write[:2] for move in moves[number + 1 :] for write in move.writes}
    return later.isdisjoint(write[:2] for write in moves[number].writes)


def poster(name, theme):
    image = Image.open(io.BytesIO(rendered(name).files[f"figure.{theme}.png"]))
    return numbers(np.array(image.convert("RGB")), theme)


@every_case
def test_light_and_dark_are_one_picture(name):
    """So what the tests above read in the light one holds for the dark one too."""
    np.testing.assert_array_equal(poster(name, "light"), poster(name, "dark"))
    gifs = {theme: rendered(name).files[f"figure.{theme}.gif"] for theme in ("light", "dark")}
    light, dark = (without_colours(gif) for gif in gifs.values())
    assert light[0] == dark[0] and light[1] != dark[1]
    light, dark = (table_roles(gif, theme) for theme, gif in gifs.items())
    assert light == dark


@every_case
def test_words_name_the_call_and_the_sizes(name):
    transfer = case(name)
    made, title = rendered(name), " ".join(scene(name).layout.title)
    title = title.replace("\N{NO-BREAK SPACE}", " ")
    if transfer.kind == "gradient":
        assert title == f"backward through {transfer.forward.call}"
    else:
        assert title == transfer.call
    assert made.alt == alt_text(transfer) and len(made.alt) < 500
    assert f"{len(transfer.target)}×{len(transfer.target[0])}" in made.alt
    assert len(made.transcript) >= len(transfer.moves) + 2


def test_cases_cover_what_they_say():
    assert {lasts(name, len(case(name).moves) // 2) for name in CASES} == {True, False}
    assert {case(name).kind for name in CASES} == {"unpool", "unfold", "fold", "gradient"}
    overlap = case("back ties and overlap")
    assert any(step.ties for step in overlap.forward.steps)
    assert max(sum(row) for row in overlap.target) > 1
    assert {name for name in CASES if scene(name).shaded} == {"back shades", "unfold shades"}
    assert len(case("unfold channels").sources) == 2
