"""Mutation testing: put faults into the code one at a time, and count those that tests notice.

    python scripts/bench.py mutants --area engine --sample 60 --seed 1
    python scripts/bench.py mutants --module geometry --sample 1000

The tree is copied first and only the copy is changed. A process that has imported torch once is
forked for each mutant; its child runs the tests that reach the changed function, until one fails.
A mutant is killed if a test fails or the child exceeds its time limit; mutants that change nothing
visible are listed in equivalents.py and not counted.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from . import ROOT, row
from .areas import AREAS, OF_LESSONS, Area, chosen_for_page, chosen_for_script
from .equivalents import EQUIVALENT
from .mutating import Mutant, of_python, of_script
from .wording import of_prose

OPTIONS = ("area", "module", "sample", "seed", "jobs")
KEPT = ".cache/mutants"
# In processor time: by the wall clock, a busy machine would count as a kill.
PATIENCE, LEAST_PATIENCE = 5, 60
HUNG = 1800
AT_FIRST = 2  # test files
MOST_MEMORY = 12 << 30
KILLED, SURVIVED, TIMED_OUT, HANGING = "killed", "survived", "killed by its time", "hanging"
NOTHING_RUN = 5  # pytest's exit code; 4 is a conftest.py that a mutant keeps from being imported


def run(area=None, module=None, sample=60, seed=1, jobs=1) -> bool:
    """Print each survivor, and the score of each area."""
    os.environ["OMP_NUM_THREADS"] = "1"  # as conftest.py sets it for the tests
    if module:
        area = area or next(name for name, one in AREAS.items() if module in one.modules)
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


def mutants_of(area: Area, module: str | None = None) -> list[Mutant]:
    """Every mutant of an area, or of one of its modules; known equivalents are among them."""
    mutants = []
    for path in area.sources(ROOT):
        if module and module not in (path.stem, module_of(path.as_posix())):
            continue
        make = {".js": of_script, ".md": of_prose}.get(path.suffix, of_python)
        mutants += make(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    return mutants


def module_of(path: str) -> str:
    """A file's name from the package's folder on, such as core/trace; elsewhere its own name."""
    _, package, name = path.rpartition("scripts/slidingwindows/")
    return name.removesuffix(".py") if package else Path(path).stem


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
    with tempfile.TemporaryDirectory() as scratch:
        whole_site = "tests/browser" in area.tests  # it is built from a warm cache
        copies = [Copy(Path(scratch, str(number)), whole_site) for number in range(jobs)]
        known = coverage(area, copies) if area.modules else seconds_of(area, chosen, copies)
        begun = time.monotonic()
        for mutant, result, words in outcomes(chosen, area, known, copies):
            results[result] += 1
            tally = f"\r{results.total()} of {len(chosen)}, {results[KILLED]} killed"
            print(tally, end="", file=sys.stderr, flush=True)
            if result not in (KILLED, TIMED_OUT):
                print(f"\n{result}  {mutant}  ({words})", flush=True)
        seconds = (time.monotonic() - begun) / max(len(chosen), 1)
    counts = ", ".join(f"{count} {result}" for result, count in results.items())
    left_out = len(drawn) - len(chosen)
    print(f"\n{len(every)} mutants, {len(drawn)} drawn: {counts}, {left_out} equivalent; ", end="")
    print(f"{seconds:.1f} seconds each")
    killed = results[KILLED] + results[TIMED_OUT]
    return killed, killed + results[SURVIVED]


def outcomes(mutants, area, known, copies):
    """(mutant, result, words) of each, as they end; as many at once as there are copies.

    A few files go first, since to collect all of them takes longer than most mutants live.
    """
    free, running = list(copies), {}
    waiting = list(reversed(mutants))

    def begin(copy, mutant, tests, later, names):
        allowed = PATIENCE * sum(known[test]["seconds"] for test in tests)
        child = Child(copy, tests, max(allowed, LEAST_PATIENCE))
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


def tests_for(mutant: Mutant, area: Area, known: dict) -> list[str]:
    """Test files that run the mutant's function; first those named after it, and quick ones."""
    stem = Path(mutant.path).stem
    module = module_of(mutant.path)
    chosen_for = {".js": chosen_for_script, ".md": chosen_for_page}.get(Path(mutant.path).suffix)
    if chosen_for:
        chosen = chosen_for(Path(mutant.path), [ROOT / test for test in known])
        return [one.relative_to(ROOT).as_posix() for one in chosen]
    function = f"{module}:{mutant.function}"
    reached = [test for test, entry in known.items() if function in entry["functions"]]
    return sorted(reached, key=lambda test: (stem not in test, known[test]["seconds"]))


class Copy:
    """The project's files, of which one at a time is changed."""

    def __init__(self, root: Path, with_cache=False):
        self.root = root / "project"
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in listed.splitlines():
            source = ROOT / name
            if source.is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, self.root / name)  # scripts stay executable
        if with_cache and (ROOT / ".cache").is_dir():
            apart = shutil.ignore_patterns("mutants", "pycache", "lock")
            shutil.copytree(ROOT / ".cache", self.root / ".cache", ignore=apart)
        # A mutant may have the age and length of the original; only its content differs.
        compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode"]
        subprocess.run([*compiling, "checked-hash", str(self.root / "scripts")], check=True)
        self.hits = root / "hits"  # what a traced test has run
        first = self.root / "scripts" / "slidingwindows" / "__init__.py"
        first.write_text(begun_with(first.read_text("utf-8"), TRACER), "utf-8")

    def mutate(self, mutant: Mutant) -> None:
        (self.root / mutant.path).write_text(mutant.source(), "utf-8")

    def restore(self, mutant: Mutant) -> None:
        shutil.copyfile(ROOT / mutant.path, self.root / mutant.path)


def begun_with(source: str, more: str) -> str:
    """A module that first runs something else, before what it imports; its docstring stays."""
    lines, tree = source.splitlines(keepends=True), ast.parse(source)
    documented = ast.get_docstring(tree) is not None
    lines.insert(tree.body[0].end_lineno if documented else 0, f"exec({more!r})\n")
    return "".join(lines)


class Child:
    """A fork of this process that runs some test files of a copy until one fails."""

    def __init__(self, copy: Copy, tests: list[str], seconds: float = 0, traced=False):
        import hypothesis  # noqa: F401  what most tests need is imported before the fork
        import numpy  # noqa: F401
        import PIL.Image  # noqa: F401
        import pytest  # noqa: F401
        import torch  # noqa: F401

        self.copy, self.code, self.begun = copy, None, time.monotonic()
        self.seconds = 0.0  # of processor time, once it has ended
        self.log = copy.root.parent / "output.txt"
        gc.freeze()  # so that no child scans all of torch's objects whenever pytest cleans up
        sys.stdout.flush()
        self.process = os.fork()
        if not self.process:
            code = 3
            try:
                code = in_child(copy, tests, seconds, traced, self.log)
            finally:
                os._exit(code)

    def ended(self) -> bool:
        if self.code is None:
            process, status, used = os.wait4(self.process, os.WNOHANG)
            if process:
                self.code = os.waitstatus_to_exitcode(status)
                self.seconds = used.ru_utime + used.ru_stime
            elif time.monotonic() - self.begun > HUNG:
                os.killpg(self.process, signal.SIGKILL)
                os.waitpid(self.process, 0)
                self.code = HANGING
            if self.code is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process, signal.SIGKILL)  # what tests may have left behind
        return self.code is not None

    def result(self) -> str:
        if self.code == NOTHING_RUN:
            raise SystemExit(self.log.read_text("utf-8", "replace"))
        if self.code == HANGING:
            return HANGING
        if self.code in (-signal.SIGXCPU, -signal.SIGKILL):
            return TIMED_OUT
        return KILLED if self.code else SURVIVED


def in_child(copy: Copy, tests, seconds, traced, log) -> int:
    """Run the tests with the copy's own package; their exit code."""
    os.setsid()
    with open(log, "wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.chdir(copy.root)
    scripts = str(copy.root / "scripts")
    sys.path[:] = [scripts, *(p for p in sys.path if p and Path(p).resolve() != ROOT / "scripts")]
    for name in [name for name in sys.modules if name.split(".")[0] == "benches"]:
        del sys.modules[name]
    # Compiled tests are reused by the next child; the package's are checked by content.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = scripts
    if seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 10))
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    if traced:
        copy.hits.mkdir()
        os.environ[VARIABLE] = str(copy.hits)
        import slidingwindows  # noqa: F401  which begins to trace
    import hypothesis
    import pytest

    # Only whether a sweep fails counts, so no example is shrunk.
    wanted = [one for one in hypothesis.Phase if one.name in ("explicit", "generate")]
    hypothesis.settings.register_profile("mutants", phases=wanted, database=None)
    hypothesis.settings.load_profile("mutants")
    code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    sys.settrace(None)
    return code


# At the beginning of the package's __init__.py, so in every process that a traced child starts: in
# copies of the package, too, and in processes with a cleaned environment, from which variables of
# this name are not removed. Each hit is written at once, for forks end without a word.
VARIABLE = "SLIDINGWINDOWS_MUTANTS"
TRACER = f"""
import os, sys, threading
folder = os.environ.get("{VARIABLE}")
if folder and "mutants_hits" not in sys.modules:
    sys.modules["mutants_hits"] = sys
    PACKAGE, seen = "/scripts/slidingwindows/", set()
    file = os.open(os.path.join(folder, str(os.getpid())), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def called(frame, event, argument, PACKAGE=PACKAGE, seen=seen, file=file, write=os.write):
        code = frame.f_code
        if code not in seen:
            seen.add(code)
            if PACKAGE in code.co_filename:
                module = code.co_filename.rsplit(PACKAGE, 1)[1].removesuffix(".py")
                name = code.co_qualname.split(".<locals>.<")[0]
                hit = module + ":" + ("" if name.startswith("<") else name)
                try:
                    write(file, (hit + "\\n").encode())
                except OSError:
                    pass
    sys.settrace(called)
    threading.settrace(called)
"""


def coverage(area: Area, copies: list[Copy]) -> dict:
    """By test file: the functions that it runs, and its seconds of processor time.

    Measured without a mutant, so a test that fails anyway is found out. Kept until the test or
    a module that it runs is another: without that, it cannot come to run any other function.
    """
    folder = ROOT / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    package = ROOT / "scripts" / "slidingwindows"
    modules = {
        path.relative_to(package).with_suffix("").as_posix(): contents([path])
        for path in sorted(package.rglob("*.py"))
    }
    result, keys = {}, {}
    for test in area.test_files(ROOT):
        helpers = [p for p in test.parent.glob("*.py") if not p.name.startswith("test_")]
        script = sorted((ROOT / "assets").rglob("*.js")) if test.parent.name == "site" else []
        key = contents([test, *helpers, *script])
        file = test.relative_to(ROOT).as_posix()
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


def measured(tests: list[str], copies: list[Copy], traced=True) -> Iterator[tuple[str, dict]]:
    """What each test file runs, and how long, as they end; each must pass."""
    waiting, free, running = tests[::-1], list(copies), {}
    while waiting or running:
        while waiting and free:
            copy, test = free.pop(), waiting.pop()
            shutil.rmtree(copy.hits, ignore_errors=True)
            running[Child(copy, [test], traced=traced)] = test
        time.sleep(0.05)
        for child in [child for child in running if child.ended()]:
            test = running.pop(child)
            if child.code:
                log = child.log.read_text("utf-8", "replace")
                raise SystemExit(f"{test} fails without any mutant:\n{log}")
            hits = child.copy.hits.iterdir() if traced else ()
            found = "\n".join(path.read_text("utf-8") for path in hits)
            free.append(child.copy)
            functions = sorted(set(found.split("\n")) - {""})
            yield test, {"seconds": round(child.seconds, 1), "functions": functions}


def contents(paths) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
