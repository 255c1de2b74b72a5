"""What the tests cost: all of them, as `make test` runs them, with what took longest."""

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
    """One test of a report: its file and name, its seconds, and what became of it."""

    file: str
    name: str
    seconds: float
    outcome: str  # passed, failure, error or skipped


def cases(report: Path) -> list[Case]:
    """The tests of a JUnit report, as pytest writes it."""
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
        module = Path(*case.get("classname", "").split("."))
        outcome = outcomes[0] if outcomes else "passed"
        found.append(Case(f"{module}.py", case.get("name"), float(case.get("time")), outcome))
    return found


def measured(command: list[str]) -> tuple[int, float, float]:
    """Exit code, seconds, and seconds of processor time by a command and all that it started.

    Both in user mode. What a process started and did not wait for is not counted.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, time.perf_counter() - begun, usage.ru_utime


def told(found: list[Case]) -> None:
    """Print the slowest tests, and the files by what all their tests took."""
    print(f"\nthe {SLOWEST} slowest tests")
    for case in sorted(found, key=lambda case: -case.seconds)[:SLOWEST]:
        print(f"{case.seconds:>8.1f} s  {case.file}::{case.name}")
    files = Counter()
    for case in found:
        files[case.file] += case.seconds
    print(f"\nthe {SLOWEST} slowest files, for LONGEST in tests/running.py")
    for file, seconds in files.most_common(SLOWEST):
        print(f"{seconds:>8.1f} s  {file}")


def run(runs: int) -> bool:
    """Run every test once, whatever ``runs`` says, and print what it cost beside its bounds."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.xml")
        code, wall, user = measured(["make", "-s", "test", f"ARGS=--junitxml={report}"])
        found = cases(report)
    outcomes = Counter(case.outcome for case in found)
    told(found)
    print(f"\ncollected {len(found)}, {', '.join(f'{n} {w}' for w, n in outcomes.items())}")
    good = [
        row("minutes of wall time", wall / 60, at_most=12),
        row("minutes of user time", user / 60, at_most=15),
        row("exit code of pytest", code, at_most=0),
        row("tests that did not pass", len(found) - outcomes["passed"], at_most=0),
    ]
    return all(good)
