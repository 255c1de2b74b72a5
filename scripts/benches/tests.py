"""The time of the whole test run, as `make test` does it, and the slowest tests and files."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from . import ROOT, row

SLOWEST = 20


class Case(NamedTuple):
    """One test of a report: its file and name, its seconds and its outcome."""

    file: str
    name: str
    seconds: float
    outcome: str  # passed, failure, error or skipped


def cases(report: Path) -> list[Case]:
    """The tests of a JUnit report, as pytest writes it."""
    result = []
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
        module = Path(*case.get("classname", "").split("."))
        outcome = outcomes[0] if outcomes else "passed"
        result.append(Case(f"{module}.py", case.get("name"), float(case.get("time")), outcome))
    return result


def measured(command: list[str]) -> tuple[int, float, float]:
    """Exit code, seconds, and seconds of user time of a command and everything it started.

    Processes that were started but not waited for are not counted.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, time.perf_counter() - begun, usage.ru_utime


def told(results: list[Case]) -> None:
    """Print the slowest tests, and the files whose tests took longest in all."""
    print(f"\nthe {SLOWEST} slowest tests")
    for case in sorted(results, key=lambda case: -case.seconds)[:SLOWEST]:
        print(f"{case.seconds:>8.1f} s  {case.file}::{case.name}")
    files = Counter()
    for case in results:
        files[case.file] += case.seconds
    print(f"\nthe {SLOWEST} slowest files, for LONGEST in tests/running.py")
    for file, seconds in files.most_common(SLOWEST):
        print(f"{seconds:>8.1f} s  {file}")


def run(runs: int) -> bool:
    """Run every test once, whatever ``runs`` says, and print its times beside their bounds."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.xml")
        code, wall, user = measured(["make", "-s", "test", f"ARGS=--junitxml={report}"])
        results = cases(report)
    outcomes = Counter(case.outcome for case in results)
    told(results)
    print(f"\ncollected {len(results)}, {', '.join(f'{n} {w}' for w, n in outcomes.items())}")
    good = [
        row("minutes of wall time", wall / 60, at_most=12),
        row("minutes of user time", user / 60, at_most=15),
        row("exit code of pytest", code, at_most=0),
        row("tests that did not pass", len(results) - outcomes["passed"], at_most=0),
    ]
    return all(good)
