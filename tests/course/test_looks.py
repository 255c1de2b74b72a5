"""How a plot looks, line by line: every artist, with what its numbers do not say."""

import matplotlib.style
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from slidingwindows.testing.looks import _colour, looks
from slidingwindows.testing.run import drawing

GREYS = "#000000ff #404040ff #808080ff #c0c0c0ff #ffffffff, bad #00000000"
LIGHT = "#ffffffff #bfbfbfff #7f7f7fff #3f3f3fff #000000ff, bad #00000000"


@pytest.fixture(autouse=True)
def default():
    with matplotlib.style.context("default"):
        yield


def lines_of(draw):
    """What is told of one pair of axes, without the line of the axes themselves."""
    figure = Figure()
    draw(figure.subplots())
    first, *rest = looks(figure)
    assert first.startswith("axes ")
    return [line.removeprefix("  ") for line in rest]


def test_images_and_meshes_tell_their_colours():
    def draw(axes):
        numbers = [[0, 1], [2, 4]]
        axes.imshow(numbers, cmap="gray")
        axes.imshow(numbers, cmap="gray_r", vmin=-1, vmax=8.25, alpha=0.5)
        axes.imshow(numbers, cmap="gray", vmax=5)
        axes.imshow(np.zeros((2, 2, 3)), alpha=[[0.111, 0.2], [0.3, 0.4]]).set_visible(False)
        axes.imshow(np.full((2, 2), np.nan), cmap="gray")
        axes.imshow([[np.nan, 3], [1, 2]], cmap="gray", vmin=1)
        axes.pcolormesh(numbers, cmap="gray")

    assert lines_of(draw) == [
        f"image {GREYS}, its own numbers",
        f"image {LIGHT}, -1 to 8.2 alpha [0.5]",
        f"image {GREYS}, 0 to 5",
        "image in its own colours hidden alpha [0.11 0.2  0.3 ]",
        f"image {GREYS}, its own numbers ×2",
        f"group {GREYS}, its own numbers",
    ]


def test_lines_points_shapes_and_texts_tell_their_looks():
    def draw(axes):
        axes.plot([0, 1], "--o", label="one", color="red", lw=2)
        for _ in range(3):
            axes.plot([0, 1], label="two", color="blue", alpha=0.255)
        axes.scatter([0, 1], [1, 2], color=["red", "blue"], edgecolor="black")
        axes.scatter([0], [1], facecolor="none", edgecolor="lime")
        colours = [(n / 60, 0, 0) for n in range(60)]
        axes.scatter(range(60), range(60), facecolor=colours, edgecolor=colours)
        axes.bar([0], [1], color="#00ff0080", edgecolor="black")
        axes.bar([0], [1], fill=False, edgecolor="black").patches[0].set_visible(False)
        axes.text(0.123, 4.56, "w", fontsize=7.5, color="red", ha="right", va="top")
        axes.annotate("x", (1, 2), xytext=(3, 4))

    shades = sorted({f"#{round(n / 60 * 255):02x}0000ff" for n in range(50)})
    assert lines_of(draw) == [
        "line 'one' -- #ff0000ff width 2 marker o",
        "line 'two' - #0000ffff width 1.5 marker None alpha [0.26] ×3",
        "group filled ['#0000ffff', '#ff0000ff'] edged ['#000000ff']",
        "group filled [] edged ['#00ff00ff']",
        f"group filled {shades} edged {shades}",
        "shape Rectangle filled #00ff0080 edged #000000ff",
        "shape Rectangle filled none edged #000000ff hidden",
        "text at 0.12 4.6 size 7.5 #ff0000ff right top",
        "text at 3 4 size 10 #000000ff left baseline",
    ]


def test_axes_tell_their_limits_and_the_figure_its_legends():
    figure = Figure()
    one, two = figure.subplots(2)
    one.plot([0, 1])
    two.set_xlim(5, -1.234)
    two.set_yscale("log")
    two.set_ylim(1, 100)
    two.axis("off")
    two.set_aspect(2)
    two.set_facecolor("none")
    two.spines["top"].set_visible(False)
    two.set_visible(False)
    figure.legend(one.get_lines() * 2, ["p", "q"])
    no, yes = np.False_, np.True_
    assert looks(figure) == [
        f"axes auto by auto, inverted {[no, no]}, linear linear, aspect auto, on #ffffffff,"
        " frame True [True, True, True, True]",
        "  line '_child0' - #1f77b4ff width 1.5 marker None",
        f"axes 5 to -1.2 by 1 to 1e+02, inverted {[yes, no]}, linear log, aspect 2.0, on #00000000,"
        " frame False [True, True, True, False] hidden",
        "legend of all: p, q",
    ]
    assert _colour("none") == "#00000000" and _colour("no colour") == "none"


def test_what_a_plot_draws():
    def draw(figure):
        one, two = figure.subplots(1, 2)
        one.set_title("T")
        one.set_xlabel("X")
        one.set_ylabel("Y")
        one.set_xticks([0, 1], ["a", "b"])
        one.set_yticks([0.5], ["c"])
        one.plot([0, 1], [2, 3], label="line")
        one.bar([1], [3], width=0.5, bottom=2)
        one.add_patch(Polygon([(0, 0), (1, 0), (1, 1)]))  # which is no bar
        one.scatter([4, 5], [6, 7])
        one.pcolormesh([[1, 2], [3, 4]])
        one.text(0, 0, "words")
        one.legend(["told"])
        two.imshow([[1, 2]])
        two.set_xticks([])
        two.set_yticks([])

    (one, two), seen = drawing(draw)
    assert one.pop("points")[0] == [[4, 6], [5, 7]]
    assert one == {
        "title": "T", "xlabel": "X", "ylabel": "Y", "xticks": ["a", "b"], "yticks": ["c"],
        "lines": [("line", [0, 1], [2, 3])], "bars": [(0.75, 2, 0.5, 3)], "images": [],
        "meshes": [[[1, 2], [3, 4]]], "texts": ["words"], "legend": ["told"],
    }  # fmt: skip
    assert two == {
        "title": "", "xlabel": "", "ylabel": "", "xticks": [], "yticks": [], "lines": [],
        "bars": [], "points": [], "images": [[[1, 2]]], "meshes": [], "texts": [], "legend": [],
    }  # fmt: skip
    assert seen[0].startswith("axes ") and len(seen) > 5
