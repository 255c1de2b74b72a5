"""Mutants in memory: which functions are exchanged, and what is left to be tried in files."""

import ast
import importlib.util
import json

import pytest
from benches.equivalents import BY_RESULT
from benches.forks import KILLED, SURVIVED, TIMED_OUT
from benches.live import OUT_OF_REACH, SAME_RESULT, functions_of, patches_for
from benching import run_bench
from tiny_project import REPO

MODULE = """
from functools import cache

LIMIT = 3

def plain(a, b=5):
    return a + b

def outer(a):
    def inner(b):
        return a * b
    return [inner(one) for one in range(3) if one]

def made(n):
    def result(a):
        return a + n
    return result

add_two = made(2)

@cache
def kept(a):
    return a - LIMIT

class Box:
    side = 4

    def __init__(self, a):
        self.a = a

    @property
    def area(self):
        return self.a * self.side

    def twice(self): return 1
    twice = (lambda self: 2)

both = (lambda a: a + 1), (lambda a: a + 1)
"""
# By what is looked at: its value, what changes in the source, and the value that it then has.
EXCHANGED = {
    "plain(1)": (6, ("a + b", "a - b"), -4),
    "outer(2)": ([2, 4], ("a * b", "a + b"), [3, 4]),
    "outer(3)": ([3, 6], (" if one", ""), [0, 3, 6]),
    "outer(4)": ([4, 8], ("[inner(one) for one in range(3) if one]", "None"), None),
    "add_two(3)": (5, ("a + n", "a * n"), 6),
    "made(4)(3)": (7, ("a + n", "a * n"), 12),
    "kept(5)": (2, ("a - LIMIT", "a * LIMIT"), 15),
    "Box(3).area": (12, ("self.a * self.side", "self.side"), 4),
}
NOT_A_FUNCTION = {
    "a constant": ("LIMIT = 3", "LIMIT = 4"),
    "a default": ("b=5", "b=6"),
    "a class's field": ("side = 4", "side = 5"),
    "one of two of the same name": ("(lambda a: a + 1), (", "(lambda a: a + 2), ("),
    "no change": ("a + b", "a + b"),
}


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "scripts" / "slidingwindows" / "room.py"
    path.parent.mkdir(parents=True)
    path.write_text(MODULE, "utf-8")
    spec = importlib.util.spec_from_file_location("room", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found, path, functions_of(tmp_path)


@pytest.mark.parametrize("asked", EXCHANGED)
def test_a_function_is_exchanged_wherever_it_is_known(module, asked):
    room, path, functions = module
    before, change, after = EXCHANGED[asked]
    assert MODULE.count(change[0]) == 1 or change[0] == " if one"
    assert eval(asked, vars(room)) == before
    patches = patches_for(path, MODULE.replace(*change), functions)
    assert patches
    for function, code in patches:
        function.__code__ = code
    room.kept.cache_clear()
    assert eval(asked, vars(room)) == after


@pytest.mark.parametrize("change", NOT_A_FUNCTION.values(), ids=NOT_A_FUNCTION)
def test_what_is_no_function_is_left_to_files(module, change):
    _, path, functions = module
    assert patches_for(path, MODULE.replace(*change), functions) == []


def test_only_the_package_counts(module):
    _, path, functions = module
    assert {name for name, _ in functions} == {str(path)}
    assert ("Box.area" in {name for _, name in functions}) and len(functions) == 9


TRIED = """
from functools import cache

LIMIT = 3

@cache
def kept(a):
    return a + LIMIT

def table():
    return [abs(-1), 2]

def whole():
    return sorted(table())

def endless(n):
    while n:
        n = False
    return n

def elsewhere(n):
    return n + 1
"""
TESTS = """
import subprocess, sys
from slidingwindows.room.tried import LIMIT, elsewhere, endless, kept, table, whole

FOUND = []

def test_kept():
    assert kept(1) == 4

def test_whole():
    assert len(whole()) == len(table()) == 2

def test_endless():
    assert endless(True) is False
    FOUND.append(1)

def test_it_needs_another_one():
    assert FOUND and elsewhere(1)

def test_another_process():
    code = "from slidingwindows.room.tried import elsewhere; print(elsewhere(1))"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"2\\n"
"""
RUN = """
import json, sys
from pathlib import Path
from benches import live, mutants
from benches.areas import Area
live.LEAST_PATIENCE, mutants.ROOT = 1, Path(sys.argv[1])
mutants.BY_RESULT = {"room/tried:table": "whole"}
area = Area(("*/tried",), tests=("tests",))
copies = [mutants.Copy(mutants.ROOT / ".cache" / "copy", mutants.ROOT)]
known = mutants.coverage(area, copies, mutants.ROOT)
for mutant, result, words in mutants.in_memory(mutants.mutants_of(area), known, copies):
    print(json.dumps([mutant.function, mutant.change, result, words]))
"""


def test_mutants_die_in_memory_or_are_left_to_files(tmp_path):
    files = {"scripts/slidingwindows/room/tried.py": TRIED, "tests/test_tried.py": TESTS}
    found = {}
    for line in run_bench(tmp_path, files, RUN):
        function, change, result, test = json.loads(line)
        found[function, change] = result, test.partition("::")[2]
    by_itself = OUT_OF_REACH, "test_it_needs_another_one fails by itself"
    assert found == {
        ("", "3 → 4"): (OUT_OF_REACH, ""),
        ("", "3 → 2"): (OUT_OF_REACH, ""),
        ("kept", "return a + LIMIT → return None"): (KILLED, "test_kept"),
        ("kept", "a + LIMIT → a - LIMIT"): (KILLED, "test_kept"),
        ("table", "return [abs(-1), 2] → return None"): (KILLED, "test_whole"),
        ("table", "-1 → 1"): (SAME_RESULT, ""),
        **{("table", f"{one} → {one + by}"): (SURVIVED, "") for one in (1, 2) for by in (1, -1)},
        ("whole", "return sorted(table()) → return None"): (KILLED, "test_whole"),
        ("endless", "False → True"): (TIMED_OUT, ""),
        ("endless", "return n → return None"): (KILLED, "test_endless"),
        ("elsewhere", "return n + 1 → return None"): by_itself,
        ("elsewhere", "n + 1 → n - 1"): by_itself,
        ("elsewhere", "1 → 2"): by_itself,
        ("elsewhere", "1 → 0"): by_itself,
    }


def test_what_makes_the_result_of_another_function_is_private_and_there():
    for place, whole in BY_RESULT.items():
        path, name = place.split(":")
        source = (REPO / "scripts" / "slidingwindows" / f"{path}.py").read_text("utf-8")
        names = {one.name for one in ast.walk(ast.parse(source)) if hasattr(one, "name")}
        assert name.startswith("_") and {*name.split(".<locals>."), whole} <= names
