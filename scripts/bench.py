"""Speed and size against other ways of doing the same, as ratios measured in one run.

    python scripts/bench.py gif      our GIF writer against matplotlib's FuncAnimation and gifsicle
    python scripts/bench.py build    builds against plain mkdocs-jupyter and plain Markdown
    python scripts/bench.py course   what an author of the real course waits for
    python scripts/bench.py pages    what each page loads, shifts and scores in Lighthouse
    python scripts/bench.py browser  the time that one step of a 64x64 input takes in Chromium
    python scripts/bench.py tests    what all tests cost, and which are slowest
    python scripts/bench.py mutants  how many faults put into the code the tests notice

Numbers differ from machine to machine; the ratios and the bounds printed beside them should hold.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from benches.areas import AREAS, OF_LESSONS

BENCHES = ("gif", "browser", "build", "course", "pages", "tests", "mutants")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=BENCHES)
    parser.add_argument("--runs", type=int, default=5)
    mutants = parser.add_argument_group("mutants")
    mutants.add_argument("--area", choices=[*AREAS, *OF_LESSONS], help="all if not given")
    mutants.add_argument("--module", help="one module alone, such as geometry")
    mutants.add_argument("--sample", type=int, default=60, help="how many mutants of each area")
    mutants.add_argument("--seed", type=int, default=1, help="of the sample")
    mutants.add_argument("--jobs", type=int, default=1, help="how many mutants at once")
    options = parser.parse_args()
    bench = importlib.import_module(f"benches.{options.what}")
    names = getattr(bench, "OPTIONS", ("runs",))
    good = bench.run(**{name: getattr(options, name) for name in names})
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
