"""A plot's layers in a theme's colours are what matplotlib draws with these colours."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import colors, rcParams
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from slidingwindows import SlidingWindowsError
from slidingwindows.drawing import packed
from slidingwindows.drawing.layers import DRAWINGS, FIRST, LIGHT_AND_DARK, SECOND, Layers, unpacked
from slidingwindows.drawing.plot import Layout, Measured, drawn, layers, settings
from slidingwindows.drawing.style import DARK, LIGHT, ROLES
from slidingwindows.export import plots
from slidingwindows.export.plots import plot_png
from slidingwindows.lesson import plot

WIDTH, HEIGHT = 480, 200
OTHER = dict(zip(FIRST + SECOND, np.random.default_rng(0).integers(0, 256, (6, 3)), strict=True))
COLOURS = {
    "light": {role: LIGHT.rgb(role) for role in FIRST + SECOND},
    "dark": {role: DARK.rgb(role) for role in FIRST + SECOND},
    "other": {role: tuple(map(int, colour)) for role, colour in OTHER.items()},
}
RAMP = np.linspace(0, 1, 40)
PLANE = np.add.outer(RAMP, RAMP) / 2


def test_a_slow_machine_adds_no_warning(monkeypatch, recwarn):
    clock = itertools.count(step=2)
    monkeypatch.setattr("matplotlib.legend.time", SimpleNamespace(perf_counter=lambda: next(clock)))

    def draw(figure):
        axes = figure.subplots()
        axes.plot([1, 2], label="line")
        axes.legend()

    layers(draw, "slow", WIDTH, HEIGHT)
    assert next(clock) > 2 and not recwarn.list


def test_lines_of_one_colour_differ_in_kind_and_marker():
    looks = [tuple(look.values()) for look in settings(LIGHT_AND_DARK)["axes.prop_cycle"]]
    for number, (colour, *rest) in enumerate(looks):
        same = [others for other, *others in looks[:number] if other == colour]
        assert all(a != b for others in same for a, b in zip(rest, others, strict=True))
    assert len(looks) == 8 and len({colour for colour, *_ in looks}) == 4
    for at in (1, 2):  # line styles come twice, since matplotlib has four; markers once
        assert len({look[at] for look in looks}) == 4 * at


def lines(figure):
    axes = figure.subplots()
    for number in range(4):
        axes.plot([0, 1, 2], np.sin(np.arange(3) * number), label=f"line {number}")
    axes.set(title="title", xlabel="across", ylabel="up")
    axes.legend(loc="upper right")


def see_through(figure):
    axes = figure.subplots()
    for number in range(5):
        axes.fill_between(RAMP, RAMP**number, alpha=0.3, color=f"C{number}")
        axes.fill_between(RAMP, 1 - RAMP**number, alpha=0.45, color="orange", hatch="/")
    axes.add_patch(Rectangle((0.2, 0.2), 0.5, 0.5, facecolor=(*colors.to_rgb("C0"), 0.3), ec="C1"))
    axes.scatter(RAMP, PLANE[7], c="black", alpha=0.5)


def maps(figure):
    warm = np.stack([PLANE, PLANE**2, 1 - PLANE], 2)
    for axes, image in zip(figure.subplots(1, 3), (warm, PLANE, -PLANE), strict=True):
        axes.imshow(image, cmap="gray" if image is PLANE else "viridis")
        axes.text(3, 30, "words", color="white", rotation=30)
        axes.set_title("a title")
        axes.contour(PLANE, [0.4, 0.7], colors=["C1"])
        axes.set_axis_off()


def own_maps(figure):
    """Colour maps from roles: a list, and between two."""
    page, cycle = rcParams["axes.facecolor"], rcParams["axes.prop_cycle"].by_key()["color"]
    between = colors.LinearSegmentedColormap.from_list("own", [page, cycle[0], "white"])
    left, middle, right = figure.subplots(1, 3)
    left.pcolormesh(PLANE > 0.4, cmap=colors.ListedColormap([page, cycle[1]]), edgecolors="gray")
    middle.imshow(PLANE, cmap=between)
    right.imshow(PLANE, cmap=between, interpolation="bilinear", alpha=0.6)


DRAWS = {draw.__name__: draw for draw in (lines, see_through, maps, own_maps)}
# Levels of 255 that bytes may be off where colours are mixed, again and again where they overlap.
OFF = {"lines": 3, "see_through": 12, "maps": 1, "own_maps": 3}


def crowd(figure):
    points = np.random.default_rng(0).normal(size=(2, 9000))
    figure.subplots().scatter(*points, alpha=0.03, color="C1")


@pytest.fixture(scope="module")
def found():
    return {name: layers(draw, name, WIDTH, HEIGHT) for name, draw in DRAWS.items()}


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("name", DRAWS)
def test_layers_in_a_themes_colours_are_what_is_drawn_with_them(name, theme, found):
    coloured = found[name].coloured(COLOURS[theme]).astype(int)
    directly = drawn(DRAWS[name], COLOURS[theme], WIDTH, HEIGHT)
    assert coloured.shape == directly.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    apart = abs(coloured - directly)
    assert apart.max() <= OFF[name]
    assert (apart > 2).mean() < 0.03


def beside_maps(figure):
    """What the layout moves beside axes, in a figure that is also laid out before it is done."""
    left, right = figure.subfigures(1, 2)
    upper, lower = left.subplots(2, 1)
    left.colorbar(upper.imshow(PLANE), ax=[upper, lower])
    figure.canvas.draw()
    lower.set(xlabel="across", ylabel="up", title="later")
    right.suptitle("a title")
    axes = right.subplots()
    axes.plot([0, 1e6], label="line")
    axes.inset_axes([0.6, 0.1, 0.3, 0.3]).set_title("inset")
    right.legend(loc="outside lower center")


@pytest.mark.parametrize("draw", [*DRAWS.values(), beside_maps])
def test_what_another_drawing_measured_changes_no_pixel(draw, monkeypatch):
    """Against matplotlib's own layout, which measures anew."""
    measured = Measured()
    drawn(draw, COLOURS["light"], WIDTH, HEIGHT, measured)
    after = drawn(draw, COLOURS["dark"], WIDTH, HEIGHT, measured)
    assert any(measured.rooms.values())
    monkeypatch.setattr(Layout, "execute", ConstrainedLayoutEngine.execute)
    assert np.array_equal(after, drawn(draw, COLOURS["dark"], WIDTH, HEIGHT))


@pytest.mark.parametrize("theme", COLOURS)
def test_what_is_not_mixed_is_exact(theme, found):
    """Pages, bars and photos: no level is lost where one colour covers all."""
    pixels = found["maps"].coloured(COLOURS[theme])
    assert (pixels[0] == COLOURS[theme]["page"]).all()
    directly = drawn(maps, COLOURS[theme], WIDTH, HEIGHT)
    fixed = (found["maps"].first.max(2) == 0) & (found["maps"].second.max(2) == 0)
    assert fixed.mean() > 0.2 and (pixels[fixed] == directly[fixed]).all()


def test_many_points_that_are_seen_through_are_no_other_drawing():
    """Their rounding adds up, to more than a choice of colours that is refused must."""
    assert plot(crowd, "crowd", alt="Points.", width=WIDTH, height=HEIGHT).data["layers"]


def test_the_roles_are_the_themes_and_each_has_a_channel_for_itself():
    assert set(FIRST + SECOND) <= set(ROLES) and len({*FIRST, *SECOND}) == 6
    codes = [[colours[role] for colours in DRAWINGS] for role in FIRST + SECOND]
    assert np.linalg.matrix_rank(np.array(codes).reshape(6, -1)) == 6
    assert sorted(LIGHT_AND_DARK) == sorted(FIRST + SECOND)


def test_layers_survive_packing(found):
    for one in found.values():
        again = unpacked(one.packed(), WIDTH, HEIGHT)
        for part in ("fixed", "first", "second"):
            assert np.array_equal(getattr(one, part), getattr(again, part))


def light(colour):
    return colors.rgb_to_hsv(colors.to_rgb(colour))[2] > 0.5


def by_page(figure):
    figure.text(0.4, 0.4, "ink", color="black" if light(rcParams["axes.facecolor"]) else "white")


def by_text(figure):
    figure.text(0.4, 0.4, "ink", color="black" if light(rcParams["text.color"]) else "white")


def by_bar(figure):
    inks = rcParams["text.color"], rcParams["axes.facecolor"]
    figure.text(0.4, 0.4, "ink", color=inks[int(light("C0"))])


def by_luminance(figure):
    """Only the drawing that is compared tells: red, which stands for C0, is dark as black is."""
    inks = rcParams["text.color"], rcParams["axes.facecolor"]
    figure.text(
        0.4, 0.4, "ink", color=inks[int(np.dot(colors.to_rgb("C0"), (0.2, 0.7, 0.1)) > 0.5)]
    )


def counting(figure):
    figure.subplots().plot([1, 2], [1, len(CALLS)])
    CALLS.append(figure)


def random(figure):
    figure.subplots().plot(np.random.default_rng().random(9))


CALLS: list = []


@pytest.mark.parametrize("draw", [by_page, by_text, by_bar, by_luminance, counting, random])
def test_what_layers_cannot_hold_is_refused(draw):
    with pytest.raises(SlidingWindowsError, match="^plot 'odd' draws something else when it is ca"):
        plot(draw, "odd", alt="Odd.")


@pytest.mark.parametrize("data", [b"", b"PNG", "cut", "small"])
def test_damaged_layers_are_refused(data, found):
    whole = found["lines"].packed()
    width = WIDTH - (data == "small")
    data = {"cut": whole[: len(whole) // 2], "small": whole}.get(data, data)
    with pytest.raises(SlidingWindowsError, match="^the layers of the plot are damaged$"):
        unpacked(data, width, HEIGHT)


def test_shares_that_no_drawing_has_make_no_other_colours():
    """As of a forged output: brighter than white is white."""
    full = np.full((2, 2, 3), 255, np.uint8)
    assert (Layers(full, full, full).coloured(COLOURS["light"]) == 255).all()


def test_many_colours_are_compared_with_the_palette_in_parts(monkeypatch, found):
    whole = plot_png(found["maps"], DARK)
    monkeypatch.setattr(plots, "MANY", 7)
    assert plot_png(found["maps"], DARK) == whole


def test_a_layer_is_drawn_at_twice_the_size():
    assert packed.SCALE == 2
