"""Mutants in memory: one process collects all tests once, and a fork of it changes one function.

Nearly every mutant of a function dies here within a second. What lives on may have been out of
reach (other processes, what modules compute when they are imported) and is tried again in files.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib
import json
import os
import select
from collections import defaultdict
from pathlib import Path
from types import CodeType, FunctionType

from .forks import KILLED, SURVIVED, TIMED_OUT, Copy, Fork, limit, prepare, run_pytest

HUNG = 600
PATIENCE, LEAST_PATIENCE = 5, 20
OUT_OF_REACH = "not a function that can be exchanged"
SAME_RESULT = "the same result"  # and therefore equivalent
SAME = 77  # the exit code for it


class Live:
    """A process that has collected the tests of an area, and tries mutants one after the other."""

    def __init__(self, copy: Copy, files: list[str]):
        self.copy = copy
        theirs, self.asking = os.pipe()
        self.answers, ours = os.pipe()
        self.buffer = b""

        def function():
            os.close(self.asking)
            os.close(self.answers)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            prepare(copy)
            loop = Loop(copy, os.fdopen(theirs), ours)
            return run_pytest(["-s", f"--basetemp={copy.folder / 'tmp'}", *files], [loop])

        self.process = Fork(function, copy.folder / "live.txt")
        os.close(theirs)
        os.close(ours)

    def ask(self, mutant, tests: list[tuple[float, str]], result: tuple[str, str] | None) -> None:
        """Begin to try a mutant with these tests, each with its seconds, in this order.

        If result is given, a module and a function of it, a mutant that lives is equivalent once
        this function returns the same as before.
        """
        question = {
            "result": result,
            "path": mutant.path, "source": mutant.source(),
            "seconds": sum(seconds for seconds, _ in tests), "tests": [test for _, test in tests],
        }  # fmt: skip
        text = json.dumps(question).encode() + b"\n"
        while text:
            text = text[os.write(self.asking, text) :]

    def answer(self) -> tuple[str, str] | None:
        """(result, the test that failed), or None if there is none yet."""
        while select.select([self.answers], [], [], 0)[0]:
            more = os.read(self.answers, 65536)
            if not more:
                raise SystemExit(self.process.log.read_text("utf-8", "replace"))
            self.buffer += more
        if not self.buffer.endswith(b"\n"):
            return None
        result, test = json.loads(self.buffer)
        self.buffer = b""
        return result, test

    def close(self) -> None:
        self.process.kill()
        os.waitpid(self.process.process, 0)
        os.close(self.asking)
        os.close(self.answers)


class Loop:
    """A pytest plugin: instead of running the collected tests, it answers questions."""

    def __init__(self, copy: Copy, questions, answers: int):
        self.copy, self.questions, self.answers = copy, questions, answers
        self.trusted, self.results, self.failed, self.caches = {}, {}, "", []

    def pytest_runtestloop(self, session):
        items = {item.nodeid: item for item in session.items}
        gc.unfreeze()  # what is frozen is not listed
        functions = functions_of(self.copy.root)
        kind = functools._lru_cache_wrapper
        self.caches = [one for one in gc.get_objects() if isinstance(one, kind)]
        for line in self.questions:
            question = json.loads(line)
            chosen = [items[test] for test in question["tests"] if test in items]
            patches = patches_for(self.copy.root / question["path"], question["source"], functions)
            answer = OUT_OF_REACH, ""
            if patches:
                seconds, result = question["seconds"], question["result"]
                answer = self.tried(chosen, patches, seconds, result and self.returned(*result))
                if answer[0] == KILLED and not self.passes_alone(items[answer[1]]):
                    answer = OUT_OF_REACH, f"{answer[1]} fails by itself"
            os.write(self.answers, json.dumps(answer).encode() + b"\n")
        return True

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = report.nodeid

    def passes_alone(self, item) -> bool:
        """So that no test counts that only passes after another one."""
        if item.nodeid not in self.trusted:
            result, _ = self.tried([item], [])
            self.trusted[item.nodeid] = result == SURVIVED
        return self.trusted[item.nodeid]

    def returned(self, module: str, name: str):
        """A function of the package, and what it returns without a mutant."""
        if (module, name) not in self.results:
            function = getattr(importlib.import_module(module), name)
            self.results[module, name] = function, function()
        return self.results[module, name]

    def tried(self, items, patches, seconds=0.0, whole=None) -> tuple[str, str]:
        """Run tests in a fork until one fails: (result, that test)."""
        failed = self.copy.folder / "failed.txt"
        failed.write_text("", "utf-8")

        def function():
            limit(max(PATIENCE * seconds, LEAST_PATIENCE))
            for one, code in patches:
                one.__code__ = code
            for cached in self.caches:
                cached.cache_clear()
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    failed.write_text(self.failed, "utf-8")
                    return 1
            return SAME if whole and whole[0]() == whole[1] else 0

        fork = Fork(function, self.copy.folder / "output.txt")
        while not fork.ended(HUNG):
            select.select([], [], [], 0.005)
        if fork.code == SAME:
            return SAME_RESULT, ""
        result, test = fork.result(), failed.read_text("utf-8")
        if result == KILLED and not test:
            result = OUT_OF_REACH  # it ended without a test that failed
        return (KILLED if result == TIMED_OUT and test else result), test


def functions_of(root: Path) -> dict[tuple[str, str], list[FunctionType]]:
    """Every function of the copy's package that is alive, by its file and qualified name."""
    package = str(root / "scripts" / "slidingwindows") + os.sep
    found = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename.startswith(package):
            found[one.__code__.co_filename, one.__code__.co_qualname].append(one)
    return found


def patches_for(path: Path, source: str, functions) -> list[tuple[FunctionType, CodeType]]:
    """Functions and their new code; none if something else than functions has changed."""
    before = codes(ast.unparse(ast.parse(path.read_text("utf-8"))), path)
    after = codes(source, path)
    changed = [
        name for name in after if name not in before or own(before[name]) != own(after[name])
    ]
    patches = []
    for name in changed:
        found = []
        while name:
            several = f"{name}'" in after or name.endswith("'")  # which is which is not known
            for one in () if several else functions.get((str(path), name), ()):
                if len(one.__code__.co_freevars) != len(after[name].co_freevars):
                    return []
                found.append((one, after[name]))
            name = name.rpartition(".<locals>.")[0]
        if not found:
            return []
        patches += found
    return patches


def codes(source: str, path: Path) -> dict[str, CodeType]:
    """Every code object of a module, by its qualified name; equal names are numbered."""
    found = {}

    def visit(code):
        name = code.co_qualname
        while name in found:
            name += "'"
        found[name] = code
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                visit(inner)

    visit(compile(source, str(path), "exec"))
    return found


def own(code: CodeType) -> tuple:
    """What a code object does by itself, wherever its lines are."""
    constants = [repr(one) for one in code.co_consts if not isinstance(one, CodeType)]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return code.co_code, constants, names, code.co_exceptiontable
