"""Break a lesson on purpose, in its code or in its words, and see whether its test notices.

    python tests/shared/mutations.py max-pooling --most 20
    python tests/shared/mutations.py --all --most 5 --seed 1

A mutant counts once a reader would see something else: other outputs, figures or checks. One whose
code raises is not counted, since the build already refuses it.
"""

import argparse
import ast
import contextlib
import importlib
import inspect
import io
import random
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent / "lessons"), str(HERE.parents[1] / "scripts")]

import torch  # noqa: E402
from benches.wording import reworded  # noqa: E402
from lesson_run import LESSONS, NAMES, run  # noqa: E402

from slidingwindows.course.lessons import Lesson, path_of, read  # noqa: E402
from slidingwindows.testing.page import Page, comments_of, words_of  # noqa: E402
from slidingwindows.testing.run import Run, execute  # noqa: E402
from slidingwindows.testing.words import TOKEN  # noqa: E402

# A picture's width, height and colours state nothing.
STYLE = {"width", "height", "color", "colour", "linewidth", "marker", "fontsize", "alpha", "zorder"}


@dataclass(frozen=True)
class Mutant:
    """A lesson with one change, and where the change is."""

    what: str
    lesson: Lesson


def code_mutants(lesson: Lesson) -> Iterator[Callable[[], Mutant]]:
    """One change each: a number, an argument, an order, an operator, an emptied cell.

    Each mutant is made when it is called, for few of so many are ever run.
    """
    for place, cell in enumerate(lesson.cells):
        if cell.kind != "code":
            continue
        where = f"{lesson.path.name}:{cell.line}"
        emptied = "\n".join(["pass", *comments(cell.source)])
        yield partial(Mutant, f"{where} emptied", _with(lesson, place, emptied))
        for number, node in enumerate(ast.walk(ast.parse(cell.source))):
            for which in range(len(list(_changes(node)))):
                yield partial(_changed, lesson, place, number, which)


def _changed(lesson: Lesson, place: int, number: int, which: int) -> Mutant:
    """With one of the changes of one node of a cell's tree, both by their numbers."""
    cell = lesson.cells[place]
    tree = ast.parse(cell.source)
    node = list(ast.walk(tree))[number]
    what, change = list(_changes(node))[which]
    change(node)
    line = cell.line + getattr(node, "lineno", 1) - 1
    source = "\n".join([ast.unparse(tree), *comments(cell.source)])
    return Mutant(f"{lesson.path.name}:{line} {what}", _with(lesson, place, source))


def comments(source: str) -> list[str]:
    """A cell's comments, which stay, for tests notice when one is missing."""
    return [f"# {text}" for text in comments_of(source)]


def _changes(node: ast.AST):
    """(what, function that changes such a node) for each mutation that fits."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):

        def add(twin):
            twin.value += 1

        yield f"{node.value} + 1", add
    if isinstance(node, ast.Constant) and type(node.value) is bool:

        def turn(twin):
            twin.value = not twin.value

        yield f"not {node.value}", turn
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("show", "plot"):
        for place, words in enumerate(node.args):
            if place < 2 or not isinstance(words, ast.Constant):
                continue  # before them come what is shown and its name
            for start, stop, new in reworded(str(words.value)):

                def reword(twin, place=place, start=start, stop=stop, new=new):
                    text = twin.args[place].value
                    twin.args[place].value = text[:start] + new + text[stop:]

                yield f"caption or alt text: {words.value[start:stop]!r} is now {new!r}", reword
        return
    if isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            if keyword.arg not in STYLE:

                def drop(twin, place=place):
                    del twin.keywords[place]

                yield f"{ast.unparse(node)[:40]}: without {keyword.arg}", drop
        if len(node.args) > 1:

            def swap(twin):
                twin.args[0], twin.args[1] = twin.args[1], twin.args[0]

            yield f"{ast.unparse(node)[:40]}: arguments swapped", swap
    if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1:

        def turn_round(twin):
            twin.elts.reverse()

        yield f"{ast.unparse(node)[:40]}: reversed", turn_round
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):

        def other(twin):
            twin.op = ast.Add() if isinstance(twin.op, ast.Sub) else ast.Sub()

        yield f"{ast.unparse(node)[:40]}: another operator", other


def word_mutants(lesson: Lesson, guarded: bool = False) -> Iterator[Callable[[], Mutant]]:
    """One change each: a number or a word with an opposite, in what readers read.

    guarded: only where the guard of words.py asks for a proof, so that all have to be noticed.
    Made when called, as those of the code are.
    """
    for place, cell in enumerate(lesson.cells):
        if "exercise" in cell.tags:
            continue
        words = [(0, len(cell.source))] if cell.kind == "markdown" else _told(cell.source)
        on_one_line = cell.source.replace("\n", " ")
        for start, stop, new in reworded(cell.source):
            if not any(a <= start < b for a, b in words):
                continue
            if guarded and not TOKEN.match(on_one_line, start):
                continue
            source = cell.source[:start] + new + cell.source[stop:]
            line = cell.line + cell.source[:start].count("\n")
            what = f"{cell.source[start:stop]!r} is now {new!r}"
            changed = _with(lesson, place, source)
            yield partial(Mutant, f"{lesson.path.name}:{line} {what}", changed)


def _told(source: str) -> list[tuple[int, int]]:
    """Where a cell's comments and docstrings lie."""
    lines = [0, *(match.end() for match in re.finditer("\n", source))]
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    before = [tokenize.NEWLINE, *(token.type for token in tokens)]
    return [
        (lines[token.start[0] - 1] + token.start[1], lines[token.end[0] - 1] + token.end[1])
        for token, last in zip(tokens, before, strict=False)
        if (token.type == tokenize.COMMENT and comments_of(token.string))
        or (token.type == tokenize.STRING and last == tokenize.INDENT)
    ]


def _with(lesson: Lesson, place: int, source: str) -> Lesson:
    cells = list(lesson.cells)
    cells[place] = replace(cells[place], source=source)
    return replace(lesson, cells=tuple(cells))


def noticed(name: str, mutated: Run) -> bool:
    """Whether some test of this lesson's file fails on the mutated run."""
    tests = importlib.import_module(f"test_{name.replace('-', '_')}")
    for attribute, test in list(vars(tests).items()):  # a warning adds a name
        if not attribute.startswith("test_") or not inspect.isfunction(test):
            continue
        needs = set(inspect.signature(test).parameters)
        if "page" not in needs or needs - {"page"}:
            continue  # such a test does not read the run
        try:
            with torch.random.fork_rng(), contextlib.redirect_stdout(io.StringIO()):
                test(Page(mutated))
        except Exception:
            return True
    return False


def verdict(mutant: Mutant, original: Run) -> str:
    """'raises', 'same' (nothing a reader sees has changed), 'killed' or 'SURVIVED'."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            if _code(mutant.lesson) == _code(original.lesson):
                mutated = replace(original, lesson=mutant.lesson)
            else:
                mutated = execute(mutant.lesson)
            same_words = words_of(mutated) == words_of(original)
            if same_words and mutated.visible() == original.visible():
                return "same"
    except Exception:
        return "raises"
    return "killed" if noticed(mutant.lesson.name, mutated) else "SURVIVED"


def _code(lesson: Lesson) -> list[str]:
    """What the cells do, comments, docstrings and layout aside."""
    trees = [ast.parse(cell.source) for cell in lesson.code]
    for node in [node for tree in trees for node in ast.walk(tree)]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body[0].value.value = ""
    return list(map(ast.dump, trees))


def sample(name: str, most: int, seed: int, of: Callable = code_mutants) -> list[Mutant]:
    """At most so many mutants of a lesson, the same for the same seed."""
    mutants = list(of(read(path_of(LESSONS, name))))
    random.Random(f"{name} {seed}").shuffle(mutants)
    return [make() for make in mutants[:most]]


@cache
def passes(name: str) -> bool:
    """Whether the lesson as it is passes its tests; asked once, for the mutants of both kinds."""
    return not noticed(name, run(name))


def score(names: list[str], most: int, seed: int, of: Callable, report=print) -> tuple[int, int]:
    """(killed, decided) of at most so many mutants of each of these lessons."""
    killed = decided = 0
    for name in names:
        original = run(name)
        if not passes(name):
            raise SystemExit(f"the tests of {name} fail on the lesson as it is")
        for mutant in sample(name, most, seed, of):
            result = verdict(mutant, original)
            killed += result == "killed"
            decided += result in ("killed", "SURVIVED")
            if result == "SURVIVED":
                report(f"survived  {mutant.what}")
    return killed, decided


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lesson", nargs="*", help="names of lessons, such as max-pooling")
    parser.add_argument("--all", action="store_true", help="every lesson")
    parser.add_argument("--most", type=int, default=20, help="mutants of each kind for a lesson")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.set_num_threads(1)  # as in the tests
    names = NAMES if chosen.all else chosen.lesson
    for name in names:
        for kind, of in {"code": code_mutants, "words": word_mutants}.items():
            killed, decided = score([name], chosen.most, chosen.seed, of)
            print(f"{name:<36} {kind:<6} {killed} of {decided} killed", flush=True)


if __name__ == "__main__":
    main()
