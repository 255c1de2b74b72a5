"""Mutation testing: put faults into the code one at a time, and count those that tests notice.

    python scripts/bench.py mutants --area engine --sample 60 --seed 1
    python scripts/bench.py mutants --module geometry --sample 1000

The tree is copied first and only the copy is changed. A process that has collected the tests once
is forked for each mutant; its child exchanges the changed function in memory and runs the tests
that reach it, until one fails. What lives is tried again in the copy's files, in a new process.
A mutant is killed if a test fails or the child exceeds its time limit; mutants that change nothing
visible are listed in equivalents.py and not counted.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from . import ROOT, row
from .areas import AREAS, OF_LESSONS, Area, chosen_for_page, chosen_for_script
from .equivalents import BY_RESULT, EQUIVALENT
from .forks import KILLED, SURVIVED, TIMED_OUT, Child, Copy
from .live import OUT_OF_REACH, SAME_RESULT, Live
from .mutating import Mutant, of_python, of_script
from .reach import coverage, measured
from .script import Node, Standing, under_node
from .wording import of_prose

OPTIONS = ("area", "module", "sample", "seed", "jobs")
# In processor time: by the wall clock, a busy machine would count as a kill.
PATIENCE, LEAST_PATIENCE = 5, 60
AT_FIRST = 2  # test files
MOST_SECONDS = 30  # of tests of one mutant in memory


def run(area=None, module=None, sample=60, seed=1, jobs=1) -> bool:
    """Print each survivor, and the score of each area."""
    os.environ["OMP_NUM_THREADS"] = "1"  # as conftest.py sets it for the tests
    if module:
        area = area or area_of(module)
    names = [area] if area else [*AREAS, *OF_LESSONS]
    good = True
    for name in names:
        if name in OF_LESSONS:
            from . import lessons

            killed, decided = lessons.score(name, sample, seed, print)
            least = OF_LESSONS[name]
        else:
            killed, decided = score(AREAS[name], module, sample, seed, jobs)
            least = AREAS[name].least
        percent = 100 * killed / max(decided, 1)
        good &= row(f"{name}: {killed} of {decided}, percent", percent, at_least=least)
    return good


def area_of(module: str) -> str:
    """The area that a module belongs to, by its name or by that from the package's folder on."""
    for name, area in AREAS.items():
        if any(module in names_of(path) for path in area.sources(ROOT)):
            return name
    raise SystemExit(f"no area has a module {module!r}; its name is a file's, such as geometry")


def names_of(path: Path) -> tuple[str, str]:
    return path.stem, module_of(path.as_posix())


def mutants_of(area: Area, module: str | None = None) -> list[Mutant]:
    """Every mutant of an area, or of one of its modules; known equivalents are among them."""
    mutants = []
    for path in area.sources(ROOT):
        if module and module not in names_of(path):
            continue
        make = {".js": of_script, ".md": of_prose}.get(path.suffix, of_python)
        mutants += make(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    return mutants


def module_of(path: str) -> str:
    """A file's name from the package's folder on, such as core/trace; elsewhere its own name."""
    _, package, name = path.rpartition("scripts/slidingwindows/")
    return name.removesuffix(".py") if package else Path(path).stem


def function_of(mutant: Mutant) -> str:
    """The function that it changes, as what tests run is noted; '' behind the colon for none."""
    return f"{module_of(mutant.path)}:{mutant.function}"


def key_of(mutant: Mutant) -> tuple[str, str, str]:
    """The key of a mutant in EQUIVALENT."""
    return Path(mutant.path).stem, mutant.text, mutant.change


def score(area: Area, module, sample: int, seed: int, jobs: int) -> tuple[int, int]:
    """(killed, decided) of a random sample; prints the survivors, and the time of a mutant.

    Equivalents are left out after the draw, so that a new entry leaves the rest of a sample alone.
    """
    every = mutants_of(area, module)
    drawn = random.Random(seed).sample(every, min(sample, len(every)))
    chosen = [mutant for mutant in drawn if key_of(mutant) not in EQUIVALENT]
    results = Counter()
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        whole_site = "tests/browser" in area.tests  # it is built from a warm cache
        folders = [Path(scratch, str(number)) for number in range(jobs)]
        copies = [Copy(folder, ROOT, whole_site) for folder in folders]
        for copy in copies if whole_site else ():
            copy.plugins.append(Standing(copy))
            stack.callback(copy.plugins[0].close)
        known = coverage(area, copies, ROOT) if area.modules else seconds_of(area, chosen, copies)
        begun = time.monotonic()
        for mutant, result, words in outcomes(chosen, area, known, copies):
            results[result] += 1
            tally = f"\r{results.total()} of {len(chosen)}, {results[KILLED]} killed"
            print(tally, end="", file=sys.stderr, flush=True)
            if result not in (KILLED, TIMED_OUT, SAME_RESULT):
                print(f"\n{result}  {mutant}  ({words})", flush=True)
        seconds = (time.monotonic() - begun) / max(len(chosen), 1)
    counts = ", ".join(f"{count} {result}" for result, count in results.items())
    left_out = len(drawn) - len(chosen)
    print(f"\n{len(every)} mutants, {len(drawn)} drawn: {counts}, {left_out} equivalent; ", end="")
    print(f"{seconds:.1f} seconds each")
    killed = results[KILLED] + results[TIMED_OUT]
    return killed, killed + results[SURVIVED]


def outcomes(mutants, area, known, copies) -> Iterator[tuple[Mutant, str, str]]:
    """(mutant, result, words) of each, as they end: in memory or under Node, the rest in files."""
    rest, first = [], iter([(mutant, "", "") for mutant in mutants])
    if area.modules:
        first = in_memory(mutants, known, copies)
    elif copies[0].plugins:
        first = under_node(mutants, Node(copies[0]))
    for mutant, result, words in first:
        if result in (KILLED, TIMED_OUT, SAME_RESULT):
            yield mutant, result, words
        else:
            rest.append(mutant)
    yield from in_files(rest, area, known, copies)


def in_memory(mutants, known, copies) -> Iterator[tuple[Mutant, str, str]]:
    """Each with those tests that run its function, the quickest first."""
    waiting, asked = list(reversed(mutants)), {}
    lives = [Live(copy, list(known)) for copy in copies]
    free = list(lives)
    try:
        while waiting or asked:
            while waiting and free:
                mutant = waiting.pop()
                tests = single_tests_for(mutant, known, MOST_SECONDS)
                if not tests or not mutant.function:
                    yield mutant, OUT_OF_REACH, ""
                    continue
                asked[free[-1]] = mutant
                free.pop().ask(mutant, tests, whole_result_of(mutant))
            time.sleep(0.01)
            for live in list(asked):
                answer = live.answer()
                if answer:
                    free.append(live)
                    yield asked.pop(live), *answer
    finally:
        for live in lives:
            live.close()


def whole_result_of(mutant: Mutant) -> tuple[str, str] | None:
    """A module and a function of it that tells whether the mutant is equivalent."""
    module = module_of(mutant.path)
    name = BY_RESULT.get(function_of(mutant))
    return (f"slidingwindows.{module.replace('/', '.')}", name) if name else None


def in_files(mutants, area, known, copies) -> Iterator[tuple[Mutant, str, str]]:
    """Each with all test files that run its function, in a process that has imported none of them.

    A few files go first, since to collect all of them takes longer than most mutants live.
    """
    free, running = list(copies), {}
    waiting = list(reversed(mutants))

    def begin(copy, mutant, tests, later, names):
        single = {test for _, test in single_tests_for(mutant, known)}
        allowed = PATIENCE * sum(known[test]["seconds"] for test in tests)
        chosen = [Chosen(single)] if single else []
        child = Child(copy, tests, max(allowed, LEAST_PATIENCE), chosen)
        running[child] = mutant, later, names

    while waiting or running:
        while waiting and free:
            mutant, copy = waiting.pop(), free.pop()
            tests = tests_for(mutant, area, known)
            names = ", ".join(Path(test).stem for test in tests)
            if not tests:
                free.append(copy)
                yield mutant, SURVIVED, "no test reaches it"
                continue
            copy.mutate(mutant)
            begin(copy, mutant, tests[:AT_FIRST], tests[AT_FIRST:], names)
        time.sleep(0.05)
        for child in [child for child in running if child.ended()]:
            mutant, later, names = running.pop(child)
            if later and child.result() == SURVIVED:
                begin(child.copy, mutant, later, [], names)
                continue
            child.copy.restore(mutant)
            free.append(child.copy)
            yield mutant, child.result(), names


class Chosen:
    """A pytest plugin: of the tests collected, only these; all, if there are none of these."""

    def __init__(self, names):
        self.names = names

    def pytest_collection_modifyitems(self, items):
        chosen = [item for item in items if item.nodeid in self.names]
        items[:] = chosen or items


def tests_for(mutant: Mutant, area: Area, known: dict) -> list[str]:
    """Test files that run the mutant's function; first those named after it, and quick ones."""
    stem = Path(mutant.path).stem
    chosen_for = {".js": chosen_for_script, ".md": chosen_for_page}.get(Path(mutant.path).suffix)
    if chosen_for:
        quickest = sorted(known, key=lambda test: known[test].get("seconds", 0))
        chosen = chosen_for(Path(mutant.path), [ROOT / test for test in quickest])
        return [one.relative_to(ROOT).as_posix() for one in chosen]
    function = function_of(mutant)
    reached = [test for test, entry in known.items() if function in entry["functions"]]
    return sorted(reached, key=lambda test: (stem not in test, known[test]["seconds"]))


def single_tests_for(mutant: Mutant, known: dict, most=math.inf) -> list[tuple[float, str]]:
    """(seconds, test) of the tests that run the mutant's function, the quickest first.

    No more of them than take that many seconds, but at least one.
    """
    function = function_of(mutant)
    tests = sorted(
        (seconds, test)
        for entry in known.values()
        for test, (seconds, ran) in entry.get("tests", {}).items()
        if function in entry["shared"] or function in ran
    )
    sums = accumulate(seconds for seconds, _ in tests)
    return [
        one
        for place, (one, end) in enumerate(zip(tests, sums, strict=True))
        if end <= most or not place
    ]


def seconds_of(area: Area, mutants: list[Mutant], copies: list[Copy]) -> dict:
    """By test file that covers one of these scripts or pages: its seconds, without a mutant.

    Which test covers one of them is written down in areas.py, so nothing is traced.
    """
    tests = {test: {} for test in named(area)}
    wanted = {test for mutant in mutants for test in tests_for(mutant, area, tests)}
    found = dict(measured([test for test in tests if test in wanted], copies, traced=False))
    return {test: found.get(test, {}) for test in tests}


def named(area: Area) -> list[str]:
    """An area's test files, as paths from the project's folder on."""
    return [test.relative_to(ROOT).as_posix() for test in area.test_files(ROOT)]
