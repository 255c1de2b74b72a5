"""How each lesson's plots look is as recorded: colours, limits, places of texts, legends.

What a plot's numbers are, its lesson's own test proves; with other colours or limits the same
numbers make another picture, and its words become untrue. So look at it before you record it again.
"""

import matplotlib
import numpy as np
import pytest
from lesson_run import NAMES, run
from matplotlib.figure import Figure
from recorded import compare_part

from slidingwindows.testing.looks import looks


@pytest.mark.parametrize("name", NAMES)
def test_the_plots_look_as_recorded(name):
    plots = {plot: figure.looks for plot, figure in run(name).figures.items() if figure.draw}
    lines = [f"{plot}: {line}" for plot, seen in plots.items() for line in seen]
    if lines:
        compare_part("plots", name, "\n".join(lines))


def picture(**changed):
    """A plot with one of everything, and one thing of it changed."""
    figure = Figure()
    axes = figure.subplots()
    axes.imshow(
        np.eye(3), cmap=changed.get("cmap", "gray"), vmax=changed.get("vmax"),
        alpha=changed.get("alpha"),
    )  # fmt: skip
    axes.plot([0, 1], linestyle=changed.get("linestyle", "-"), label="one", color="C0")
    axes.scatter([0], [1], color=changed.get("color", "C1"))
    axes.bar([0], [1], facecolor=changed.get("facecolor", "C2"))
    axes.text(changed.get("x", 0), 1, "words")
    axes.set_aspect(changed.get("aspect", "equal"))
    axes.set_yscale(changed.get("yscale", "linear"))
    axes.set_visible(changed.get("visible", True))
    if "xlim" in changed:
        axes.set_xlim(changed["xlim"])
    if changed.get("legend", True):
        figure.legend()
    return looks(figure)


@pytest.mark.parametrize(
    "changed",
    [
        {"cmap": "gray_r"}, {"vmax": 0.5}, {"alpha": 0}, {"linestyle": ""}, {"color": "C3"},
        {"facecolor": "C3"}, {"x": 2}, {"aspect": 0.2}, {"yscale": "symlog"}, {"visible": False},
        {"xlim": (5, 9)}, {"legend": False},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_another_look_is_another_record(changed):
    with matplotlib.style.context("default"):
        assert picture(**changed) != picture() == picture()
