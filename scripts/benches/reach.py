"""Which tests run which functions, and how long they take: measured once, without any mutant."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import ROOT
from .areas import Area
from .forks import Child, Copy

KEPT = ".cache/mutants"


def used() -> float:
    """Seconds of processor time of this process and of children that have ended."""
    return sum(os.times()[:4])


class Itemised:
    """A pytest plugin that notes, for every test, its seconds and the functions that it runs.

    What runs before the tests, or in a fixture that they may share, counts for the whole file.
    """

    def __init__(self, hits: Path, aside: Path):
        self.hits, self.aside = hits, aside
        self.shared, self.tests, self.used = set(), {}, used()

    def taken(self) -> set[str]:
        """What has been run since the last call, here and in processes that have been started."""
        found = set()
        for path in self.hits.iterdir():
            found |= set(path.read_text("utf-8").split("\n"))
            with path.open("r+b") as file:  # its process goes on to append
                file.truncate()
        sys.mutants_seen.clear()
        return found - {""}

    def pytest_collection_finish(self):
        self.shared |= self.taken()

    def pytest_runtest_logreport(self, report):
        ran = self.taken()
        if report.when == "setup":
            self.shared |= ran
        entry = self.tests.setdefault(report.nodeid, [0, set()])
        before, self.used = self.used, used()
        entry[0] = round(entry[0] + self.used - before, 3)
        entry[1] |= ran

    def pytest_sessionfinish(self):
        tests = {name: [seconds, sorted(ran)] for name, (seconds, ran) in self.tests.items()}
        found = {"shared": sorted(self.shared), "tests": tests}
        self.aside.write_text(json.dumps(found), "utf-8")


def coverage(area: Area, copies: list[Copy], root: Path = ROOT) -> dict:
    """By test file: its seconds of processor time, the functions it runs, and those of each test.

    Measured without a mutant, so a test that fails anyway is found out. Kept until the test or
    a module that it runs is another: without that, it cannot come to run any other function.
    """
    folder = root / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    package = root / "scripts" / "slidingwindows"
    modules = {
        path.relative_to(package).with_suffix("").as_posix(): contents([path])
        for path in sorted(package.rglob("*.py"))
    }
    result, keys = {}, {}
    for test in area.test_files(root):
        helpers = [p for p in test.parent.glob("*.py") if not p.name.startswith("test_")]
        script = sorted((root / "assets").rglob("*.js")) if test.parent.name == "site" else []
        key = contents([test, *helpers, *script])
        file = test.relative_to(root).as_posix()
        kept = folder / f"{file.replace('/', '.')}.json"
        entry = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
        run = entry.get("modules", {})
        if entry.get("key") != key or any(modules.get(name) != run[name] for name in run):
            keys[file] = key
        else:
            result[file] = entry
    for file, entry in measured(list(keys), copies):
        # A process that was killed, or may write no more, leaves a name unfinished.
        ran = {function.split(":")[0] for function in entry["functions"]} & modules.keys()
        entry |= {"key": keys[file], "modules": {name: modules[name] for name in sorted(ran)}}
        aside = folder / f"{file.replace('/', '.')}.aside"
        aside.write_text(json.dumps(entry), "utf-8")
        aside.replace(aside.with_suffix(".json"))
        result[file] = entry
    return result


def measured(tests: list[str], copies: list[Copy], traced=True) -> Iterator[tuple[str, dict]]:
    """What each test file runs, and how long, as they end; each must pass."""
    waiting, free, running = tests[::-1], list(copies), {}
    while waiting or running:
        while waiting and free:
            copy, test = free.pop(), waiting.pop()
            shutil.rmtree(copy.hits, ignore_errors=True)
            plugins = [Itemised(copy.hits, copy.folder / "found.json")] if traced else []
            running[Child(copy, [test], plugins=plugins, traced=traced)] = test
        time.sleep(0.05)
        for child in [child for child in running if child.ended()]:
            test, copy = running.pop(child), child.copy
            if child.code:
                log = child.log.read_text("utf-8", "replace")
                raise SystemExit(f"{test} fails without any mutant:\n{log}")
            free.append(copy)
            entry = {"seconds": round(child.seconds, 1), "functions": []}
            if traced:
                entry |= json.loads((copy.folder / "found.json").read_text("utf-8"))
                each = [entry["shared"], *(ran for _, ran in entry["tests"].values())]
                entry["functions"] = sorted(set().union(*each))
            yield test, entry


def contents(paths) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
