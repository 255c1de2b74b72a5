"""Speed and size against other ways of doing the same, as ratios measured in one run.

    python scripts/bench.py gif      our GIF writer against matplotlib's FuncAnimation
    python scripts/bench.py build    builds against plain mkdocs-jupyter and plain Markdown
    python scripts/bench.py pages    what each page loads, shifts and scores in Lighthouse
    python scripts/bench.py browser  the time that one step of a 64x64 input takes in Chromium
    python scripts/bench.py tests    what all tests cost, and which are slowest

Numbers differ from machine to machine; the ratios and the bounds printed beside them should hold.
"""

from __future__ import annotations

import argparse
import importlib
import sys

BENCHES = ("gif", "browser", "build", "pages", "tests")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=BENCHES)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    good = importlib.import_module(f"benches.{options.what}").run(options.runs)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
