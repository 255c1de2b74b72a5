"""A Funnel in words: alt text, a transcript of every layer, what figures say of their stacks."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.funnel import Funnel, Stage
from ..core.text import size


def alt_text(funnel: Funnel) -> str:
    """What a reader who cannot see the picture needs first."""
    first, *rest = funnel.stages
    steps = "; ".join(f"{stage.call} gives {size(stage.shape)}" for stage in rest)
    what = "a photo" if len(first.shape) == 3 else "an input"
    return f"Animation: {what} of {size(first.shape)} shrinks layer by layer: {steps}."


def transcript(funnel: Funnel) -> list[str]:
    """One sentence for each stage, and the totals."""
    lines = []
    for number, stage in enumerate(funnel.stages):
        name = "The input" if number == 0 else f"After {stage.call}"
        text = f"{name}: {described(stage.shape)}"
        if len(stage.shape) > 1:
            text += f", {stage.numbers:,} numbers"
        if number:
            text += f", {stage.parameters:,} learnable parameters"
            text += f", {stage.macs:,} multiply-accumulates"
            text += f"; {seen(stage)}" if seen(stage) else ""
        lines.append(text + ".")
    return [*lines, f"Together: {', '.join(costs(funnel))}."]


def described(shape: tuple[int, ...]) -> str:
    """(8, 54, 54) as '8 maps of 54 by 54', (10,) as '10 numbers'."""
    channels, *sizes = shape
    if not sizes:
        return f"{channels:,} numbers" if channels != 1 else "1 number"
    maps = {1: "signal", 2: "map"}.get(len(sizes), "volume")
    return f"{channels} {maps}{'s' if channels != 1 else ''} of " + " by ".join(map(str, sizes))


def seen(stage: Stage) -> str:
    """What one number of a stage depends on, in words; '' where that has no one size."""
    if stage.everything:
        return "each number sees the whole input"
    if not stage.field:
        return ""
    return f"receptive field {size([r.size for r in stage.field])}"  # padding may be part of it


def named(stages: Sequence[Stage], names: list[str]) -> str:
    """A run of layers in brief. names: their classes."""
    return f"{len(stages)} layers, {names[0]} to {names[-1]}"


def facts(stages: Sequence[Stage]) -> list[str]:
    """What the layers of one stack give, and what they cost and see; of the input, what it is."""
    what = _brief(stages[-1].shape)
    if stages[0].call == "input":
        return [f"The input: {what}"]
    parameters, macs = (sum(getattr(s, n) for s in stages) for n in ("parameters", "macs"))
    text = f"{'gives' if len(stages) == 1 else 'each gives'} {what}"
    together = "in all " if len(stages) > 1 else ""
    text += f"; {together}{parameters:,} parameters" if parameters else "; no parameters"
    cost = f"{macs:,} multiply-accumulates" if macs else "nothing to multiply"
    sees = stages[-1].sees()
    if sees == "all":
        cost += "; sees all of the input"
    elif stages[-1].field:
        cost += f"; sees {size([r.size for r in stages[-1].field])}"
    return [text, cost]


def way(funnel: Funnel) -> str:
    """From what to what."""
    first, last = funnel.stages[0].shape, funnel.stages[-1].shape
    return f"From {_brief(first)} to {_brief(last)}."


def costs(funnel: Funnel) -> tuple[str, str]:
    """Parameters and multiply-accumulates of the whole network."""
    return f"{funnel.parameters:,} parameters", f"{funnel.macs:,} multiply-accumulates"


def in_front(turn: int, turns: int) -> str:
    """What a picture says that shows other channels."""
    return f"Other channels in front, turn {turn} of {turns}."


def _brief(shape: tuple[int, ...]) -> str:
    return described(shape).replace(" by ", "×")
