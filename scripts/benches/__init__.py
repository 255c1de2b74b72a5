"""What the benchmarks share: timing, and printing a measured value beside its bound."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def timed(function, runs: int) -> tuple[float, object]:
    """Median seconds of some runs, and the last result."""
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), result


def row(name: str, value: float, at_least=None, at_most=None) -> bool:
    """Print one measured value beside its bound; True if it is within it."""
    good = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    bound = f"at least {at_least}" if at_least is not None else ""
    bound = f"at most {at_most}" if at_most is not None else bound
    print(
        f"{name:<32} {value:>10.3f}  {bound:<16} {'' if not bound else 'ok' if good else 'MISSED'}"
    )
    return good


def build_site(folder: Path, root: Path = ROOT) -> None:
    """Build the whole site of a project, as `make site` does; a failed build's output is shown."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
