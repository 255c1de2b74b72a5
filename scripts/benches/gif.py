"""Our GIF writer against matplotlib's PillowWriter and against gifsicle, for the same shown states.

A file is compared whole. Bytes per stored picture would be the wrong measure: they get fewer if a
state is torn into several small pictures, and then a viewer shows two steps at once.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import row, timed


def example_trace():
    """The home page's figure: a 2x2 max pool over a 6x6 input."""
    import torch
    from torch import nn

    from slidingwindows import slide

    generator = torch.Generator().manual_seed(3)
    return slide(nn.MaxPool2d(2), torch.randint(0, 10, (1, 6, 6), generator=generator).float())


def figures() -> dict:
    """Figures of every kind, by name; with them the windows that each shows."""
    import torch
    from torch import nn

    from slidingwindows import funnel, receptive_field, route, slide

    def whole(seed: int, *shape: int):
        return torch.randint(-9, 10, shape, generator=torch.Generator().manual_seed(seed)).float()

    def seeded(layer, seed: int):
        for parameter in layer.parameters():
            parameter.data = whole(seed, *parameter.shape)
        return layer

    network = seeded(nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)), 1)
    three = seeded(nn.Conv2d(3, 1, 3), 2)
    photo = seeded(nn.Conv2d(1, 1, 3, padding=1, stride=5), 3)
    return {
        "home page, 6x6": example_trace(),
        "README, 7x7": slide(nn.MaxPool2d(3, stride=2, padding=1), whole(1, 1, 7, 7)),
        "16x16": slide(nn.MaxPool2d(2), whole(2, 1, 16, 16)),
        "32x32, 256 windows": slide(nn.MaxPool2d(2), whole(3, 1, 32, 32)),
        "three channels": slide(three, whole(4, 3, 5, 5)),
        "in shades": slide(photo, whole(5, 1, 20, 20)),
        "a signal": slide(nn.AvgPool1d(3, stride=2), whole(6, 1, 9)),
        "a gradient": route(nn.MaxPool2d(2, 1), whole(7, 1, 4, 4)),
        "a network": funnel(network, whole(8, 1, 8, 8)),
        "a receptive field": receptive_field(network, (1, 12, 12)),
    }


def ours(figure) -> bytes:
    """The light GIF, drawn and encoded."""
    from slidingwindows.export.encoding import contents

    return contents(figure, "gif")


def windows(figure) -> int:
    """How many of a figure's windows its animation shows; of a network, its pictures."""
    from slidingwindows.core.trace import Trace
    from slidingwindows.core.transfer import Transfer
    from slidingwindows.drawing.animation import scene_of

    if isinstance(figure, Trace | Transfer):
        return len(scene_of(figure).shown())
    return len(shown(ours(figure)))


def shown(gif: bytes) -> list[tuple[bytes, int]]:
    """(RGB, milliseconds) of every picture that a viewer shows."""
    from PIL import Image, ImageSequence

    pictures = ImageSequence.Iterator(Image.open(io.BytesIO(gif)))
    return [(one.convert("RGB").tobytes(), one.info["duration"]) for one in pictures]


def gifsicles(gif: bytes, folder: str) -> bytes:
    """What ``gifsicle -O3`` makes of the same shown states, stored whole; comments stay."""
    source, target = Path(folder, "whole.gif"), Path(folder, "smaller.gif")
    source.write_bytes(gif)
    whole = ["gifsicle", "--unoptimize", str(source), "-o", str(source)]
    subprocess.run(whole, check=True, capture_output=True)
    command = ["gifsicle", "-O3", "-Okeep-empty", str(source), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return target.read_bytes()


def moments(trace) -> list[tuple[str, int, float]]:
    """What each frame of our animation shows: (kind, step, how far the window has come)."""
    from slidingwindows.drawing.animation import GLIDE, durations

    glide, look, _ = durations(len(trace.steps))
    result = [("opening", 0, 0.0)]
    for step in range(len(trace.steps)):
        if step and glide:
            result += [("glide", step, part) for part in GLIDE]
        result += [("look", step, 1.0)] if look else []
        result.append(("answer", step, 1.0))
    return [*result, ("last", len(trace.steps) - 1, 1.0)]


def matplotlibs(trace, path: Path) -> bytes:
    """The same frames as a matplotlib user would make them: FuncAnimation and PillowWriter.

    Cell for cell and word for word what our frames show, drawn once and then only changed.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from slidingwindows.drawing.forward import Drawing
    from slidingwindows.drawing.style import LIGHT, ROLES

    drawing, colour = Drawing(trace), dict(zip(ROLES, LIGHT.colours, strict=True))
    layout = drawing.layout
    width, height = 640, layout.height
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width), axes.set_ylim(height, 0), axes.set_axis_off()

    def write(x, y, text, size, role="text", **kwargs):  # size in pixels; a point is 100/72 of one
        return axes.text(x, y, text, size=size * 0.72, color=colour[role], **kwargs)

    def box(panel, row, col, role="page"):
        left, top, right, bottom = panel.box(row, col)
        patch = Rectangle(
            (left, top), right - left, bottom - top, fc=colour[role], ec=colour["line"]
        )
        axes.add_patch(patch)
        middle = ((left + right) / 2, (top + bottom) / 2)
        patch.label = write(*middle, "", layout.font_size, ha="center", va="center")
        return patch

    def fill(patch, text, role, ink="text", bold=False):
        patch.set_facecolor(colour[role])
        patch.label.set(text=text, color=colour[ink], weight="bold" if bold else "normal")

    write(width / 2, 42, trace.call, 22, ha="center", family="monospace")
    panel, output = layout.inputs[0], layout.output
    cells = {(r, c): box(panel, r, c) for r in range(panel.rows) for c in range(panel.cols)}
    answers = {(r, c): box(output, r, c) for r in range(output.rows) for c in range(output.cols)}
    for place in (panel, output):
        write(place.x, place.y - 11, place.label, 20, "muted")
    for x, y, sign in layout.operators:
        write(x, y + 12, sign, 34, "muted", ha="center")
    x = layout.text_x
    for _, meaning in drawing.legend():
        axes.add_patch(Rectangle((x, layout.legend_y - 17), 20, 20, fc="white", ec=colour["edge"]))
        write(x + 28, layout.legend_y, meaning, 18, "muted")
        x += 250
    words = write(layout.text_x, layout.text_y, "", 23)
    window = Rectangle((0, 0), 0, 0, fill=False, ec=colour["edge"], lw=3)
    axes.add_patch(window)
    axes.add_patch(Rectangle((16, height - 8), 608, 5, fc=colour["pad"]))
    progress = axes.add_patch(Rectangle((16, height - 8), 0, 5, fc=colour["fresh"]))
    frames = moments(trace)

    def draw(number: int):
        kind, count, part = frames[number]
        step, known = trace.steps[count], count + (kind in ("answer", "last"))
        for (r, c), patch in cells.items():
            fill(patch, f"{trace.at(0, r, c):g}", "page")
        for n, other in enumerate(trace.steps):
            done = n < known and kind != "opening"
            fill(
                answers[other.output],
                f"{other.value:g}" if done else "",
                "result" if done else "page",
            )
        before = trace.steps[count - 1] if kind == "glide" else step
        (r0, c0), (r1, c1) = drawing.start(before), drawing.start(step)
        left, top, right, bottom = drawing.window_box(
            panel, (r0 + (r1 - r0) * part, c0 + (c1 - c0) * part)
        )
        window.set(xy=(left, top), width=right - left, height=bottom - top)
        window.set_visible(kind in ("glide", "look", "answer"))
        text = drawing.words(before)[0]
        if kind in ("look", "answer"):
            for tap in step.taps:
                fill(cells[tap.row, tap.col], f"{tap.value:g}", "window")
        if kind == "look":
            fill(answers[step.output], "?", "page", "muted", bold=True)
            text = text.split(" = ")[0] + " = ?"
        if kind == "answer":
            tap = step.taps[step.winner]
            fill(cells[tap.row, tap.col], f"{tap.value:g}", "edge", "page", bold=True)
            fill(answers[step.output], f"{step.value:g}", "fresh", "page", bold=True)
        if kind in ("opening", "last"):
            text = (drawing.opening_words() if kind == "opening" else drawing.closing_words())[0]
        words.set_text(text)
        progress.set_width(0 if kind == "opening" else 608 * known / len(trace.steps))
        return [window, words, progress, *cells.values(), *answers.values()]

    animation = FuncAnimation(figure, draw, frames=len(frames), cache_frame_data=False)
    animation.save(path, writer=PillowWriter(fps=4))
    return path.read_bytes()


def run(runs: int) -> bool:
    """Print time and size against matplotlib, then size against gifsicle, figure by figure."""
    from slidingwindows.drawing.animation import animate

    trace = example_trace()
    frames = len(list(animate(trace)))
    assert frames == len(moments(trace)), "both animations must show the same frames"
    with tempfile.TemporaryDirectory() as folder:
        our_time, our_bytes = timed(lambda: ours(trace), runs)
        path = Path(folder, "matplotlib.gif")
        their_time, their_bytes = timed(lambda: matplotlibs(trace, path), max(1, runs // 3))
        good = [
            row("frames, both", frames),
            row("ours, ms a frame", our_time / frames * 1000),
            row("matplotlib, ms a frame", their_time / frames * 1000),
            row("times faster", their_time / our_time, at_least=8),
            row("ours, bytes a window", len(our_bytes) / len(trace.steps)),
            row("matplotlib, bytes a window", len(their_bytes) / len(trace.steps)),
            row("part of matplotlib's bytes", len(our_bytes) / len(their_bytes), at_most=0.2),
            against_gifsicle(folder),
        ]
    return all(good)


def against_gifsicle(folder: str) -> bool:
    """Print each figure's bytes per window, and its size beside gifsicle's; False without it."""
    there = shutil.which("gifsicle") is not None
    good = [there]
    for name, figure in figures().items():
        gif = ours(figure)
        row(f"{name}, bytes a window", len(gif) / windows(figure))
        if there:
            theirs = gifsicles(gif, folder)
            assert shown(theirs) == shown(gif), "both files must show the same states"
            good.append(row("  of gifsicle -O3's bytes", len(gif) / len(theirs), at_most=1.02))
    if not there:
        print("gifsicle is missing (apt-get install gifsicle): its bound of 1.02 was NOT MEASURED")
    return all(good)
