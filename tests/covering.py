"""`make test COVERAGE=1`: how much of each room of the package the tests ran, as a report."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scripts" / "slidingwindows"
# In full, for programs that tests start work in other folders.
os.environ.setdefault("COVERAGE_FILE", str(ROOT / ".cache" / "coverage" / "data"))


def room_of(path: Path) -> str:
    """A module's room, such as 'core'; '.' for modules outside of all rooms."""
    return path.relative_to(PACKAGE).parent.parts[0] if path.parent != PACKAGE else "."


def table(missing: dict[Path, tuple[int, int]]) -> list[str]:
    """Aligned lines, the least covered room first, with its three modules that miss most.

    missing: for each module how many lines can run, and how many did not.
    """
    lines, missed = Counter(), Counter()
    for path, (count, unseen) in missing.items():
        for room in (room_of(path), "all"):
            lines[room] += count
            missed[room] += unseen
    found = [f"{'room':<10}{'lines':>7}{'missed':>8}{'covered':>9}  most missed"]
    covered = {room: 100 * (1 - missed[room] / lines[room]) for room in lines if lines[room]}
    for room in sorted(covered, key=lambda room: (room == "all", covered[room])):
        worst = [path for path in missing if missing[path][1] and room_of(path) == room]
        worst.sort(key=lambda path: -missing[path][1])
        names = ", ".join(f"{path.name} {missing[path][1]}" for path in worst[:3])
        numbers = f"{lines[room]:>7}{missed[room]:>8}{covered[room]:>8.1f}%"
        found.append(f"{room:<10}{numbers}  {names}".rstrip())
    return found


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    plugin = config.pluginmanager.getplugin("_cov")
    if plugin is None or plugin.cov_controller is None:
        return
    measured = plugin.cov_controller.cov
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        _, lines, _, missing, _ = measured.analysis2(str(path))
        found[path] = len(lines), len(missing)
    terminalreporter.write_sep("=", "coverage by room")
    for line in table(found):
        terminalreporter.write_line(line)
