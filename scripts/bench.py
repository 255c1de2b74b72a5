"""Speed and size against other ways of doing the same, as ratios measured in one run.

    python scripts/bench.py gif      our GIF writer against matplotlib's FuncAnimation

Numbers differ from machine to machine; the ratios and the bounds printed beside them should hold.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(function, runs: int) -> tuple[float, object]:
    """Median seconds of some runs, and the last result."""
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), result


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


def matplotlibs(trace, path: Path, frames: int) -> bytes:
    """The same grids, numbers and window, frame for frame, by FuncAnimation and PillowWriter."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(6.4, 5.36), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 12.2), axes.set_ylim(9.4, -1), axes.set_axis_off()
    rows, cols = trace.geometry.input_shape
    cells, answers = {}, {}
    for grid, height, width, left in ((cells, rows, cols, 0.3), (answers, 3, 3, 8)):
        for r in range(height):
            for c in range(width):
                grid[r, c] = axes.add_patch(Rectangle((left + c, r), 1, 1, fc="white", ec="grey"))
                text = f"{trace.at(0, r, c):g}" if grid is cells else ""
                grid[r, c].label = axes.text(
                    left + c + 0.5, r + 0.5, text, ha="center", va="center"
                )
    axes.text(4, -0.5, trace.call, family="monospace")
    words = axes.text(0.3, 7, "")
    window = axes.add_patch(Rectangle((0, 0), 2, 2, fill=False, ec="#a84300", lw=4))

    def draw(number: int):
        step = trace.steps[min(number * len(trace.steps) // frames, len(trace.steps) - 1)]
        taps = {(tap.row, tap.col) for tap in step.taps}
        for place, patch in cells.items():
            patch.set_facecolor("#ffe2ad" if place in taps else "white")
        answers[step.output].set_facecolor("#d5e6fb")
        answers[step.output].label.set_text(f"{step.value:g}")
        words.set_text(step.arithmetic)
        window.set_xy((0.3 + step.taps[0].col, step.taps[0].row))
        return [window, words, *cells.values(), *answers.values()]

    animation = FuncAnimation(figure, draw, frames=frames, cache_frame_data=False)
    animation.save(path, writer=PillowWriter(fps=4))
    return path.read_bytes()


def gif(runs: int) -> bool:
    """Print time and size against matplotlib, and size against gifsicle where it is installed."""
    from slidingwindows.frames import animate

    trace = example_trace()
    frames = len(list(animate(trace)))
    with tempfile.TemporaryDirectory() as folder:
        our_time, our_bytes = timed(lambda: ours(trace), runs)
        path = Path(folder, "matplotlib.gif")
        their_time, their_bytes = timed(lambda: matplotlibs(trace, path, frames), max(1, runs // 3))
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


def row(name: str, value: float, at_least=None, at_most=None) -> bool:
    """Print one measured figure beside its bound; True if it keeps it."""
    good = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    bound = f"at least {at_least}" if at_least is not None else ""
    bound = f"at most {at_most}" if at_most is not None else bound
    print(
        f"{name:<28} {value:>10.3f}  {bound:<16} {'' if not bound else 'ok' if good else 'MISSED'}"
    )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["gif"])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    return 0 if {"gif": gif}[options.what](options.runs) else 1


if __name__ == "__main__":
    sys.exit(main())
