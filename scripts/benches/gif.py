"""Our GIF writer against matplotlib's FuncAnimation and PillowWriter, frame for frame."""

from __future__ import annotations

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


def ours(trace) -> bytes:
    """The light GIF, drawn and encoded."""
    from slidingwindows.frames import animate
    from slidingwindows.gif import encode
    from slidingwindows.renderers import compact
    from slidingwindows.style import LIGHT

    frames = [(canvas.pixels, duration) for canvas, duration in animate(trace)]
    images, colours = compact([pixels for pixels, _ in frames], LIGHT.palette())
    return encode(zip(images, (d for _, d in frames), strict=True), colours)


def moments(trace) -> list[tuple[str, int, float]]:
    """What each frame of our animation shows: (kind, step, how far the window has come)."""
    from slidingwindows.frames import GLIDE, durations

    glide, look, _ = durations(len(trace.steps))
    found = [("opening", 0, 0.0)]
    for step in range(len(trace.steps)):
        if step and glide:
            found += [("glide", step, part) for part in GLIDE]
        found += [("look", step, 1.0)] if look else []
        found.append(("answer", step, 1.0))
    return [*found, ("last", len(trace.steps) - 1, 1.0)]


def matplotlibs(trace, path: Path) -> bytes:
    """The same frames as a matplotlib user would make them: FuncAnimation and PillowWriter.

    Cell for cell and word for word what our frames show, drawn once and then only changed.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from slidingwindows.drawing import Drawing
    from slidingwindows.style import LIGHT, ROLES

    drawing, colour = Drawing(trace), dict(zip(ROLES, LIGHT.colours, strict=True))
    layout = drawing.layout
    width, height = 640, layout.height
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width), axes.set_ylim(height, 0), axes.set_axis_off()

    def write(x, y, text, size, role="text", **more):  # size in pixels; a point is 100/72 of one
        return axes.text(x, y, text, size=size * 0.72, color=colour[role], **more)

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
    """Print time and size against matplotlib, and size against gifsicle where it is installed."""
    from slidingwindows.frames import animate

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
            row("times faster", their_time / our_time, at_least=20),
            row("ours, bytes a frame", len(our_bytes) / frames, at_most=1500),
            row("matplotlib, bytes a frame", len(their_bytes) / frames),
            row("part of matplotlib's bytes", len(our_bytes) / len(their_bytes), at_most=0.2),
        ]
        if shutil.which("gifsicle"):
            Path(folder, "ours.gif").write_bytes(our_bytes)
            command = ["gifsicle", "-O3", f"{folder}/ours.gif", "-o", f"{folder}/smaller.gif"]
            subprocess.run(command, check=True)
            optimised = Path(folder, "smaller.gif").stat().st_size
            good.append(row("against gifsicle -O3", len(our_bytes) / optimised, at_most=1.02))
    return all(good)
