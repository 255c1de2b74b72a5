"""Mutants of Python and JavaScript files: what can be changed, and the changed source.

Python is changed in its syntax tree, so that each mutant compiles; script is changed as text, with
comments left out.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault: where it is, its line's text, and what it changes into what.

    If the same change fits in several places of equal lines, or of one, it is numbered.
    """

    path: str
    line: int
    function: str
    text: str
    change: str
    source: Callable[[], str]  # the whole changed file

    def __str__(self) -> str:
        return f"{self.path}:{self.line}  {self.change}\n      {self.text}"


# Each comparison becomes its neighbour (a boundary moved) and its opposite.
COMPARED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
CALCULATED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# Words whose exchange makes a sentence wrong rather than odd.
EXCHANGED = (
    ("more", "less"),
    ("larger", "smaller"),
    ("largest", "smallest"),
    ("first", "last"),
    ("rows", "columns"),
    ("row", "column"),
    ("height", "width"),
    ("input", "output"),
    ("zeros", "ones"),
    ("zero", "one"),
    ("left", "right"),
    ("before", "after"),
    ("every", "no"),
    ("each", "none"),
    ("all", "none"),
    ("only", "also"),
    ("not", "now"),
    ("no", "every"),
    ("max", "min"),
    ("light", "dark"),
    ("least", "most"),
)
SWAPS = {a: b for one, other in EXCHANGED for a, b in ((other, one), (one, other))}
A_WORD = re.compile(r"(?<![\w-])(" + "|".join(sorted(SWAPS, key=len, reverse=True)) + r")(?![\w-])")


def other_words(text: str) -> list[str]:
    """The text emptied; with a word replaced by its opposite; with a digit increased."""
    texts = [""] if text else []
    if " " in text.strip():
        word = A_WORD.search(text)
        if word:
            texts.append(text[: word.start()] + SWAPS[word[0]] + text[word.end() :])
        digit = re.search(r"\d", text)
        if digit:
            texts.append(text.replace(digit[0], str((int(digit[0]) + 1) % 10), 1))
    return texts


def of_python(path: str, source: str) -> list[Mutant]:
    """Every mutant of a Python file, in the order of its lines."""
    tree = ast.parse(source)
    lines = source.splitlines()
    mutants, widths = [], _widths(tree)
    for function, node, parent, field, index in _places(tree):
        for new in _changes(node, parent):
            if node in widths and new.value == -1:
                continue
            line = (node.target if isinstance(node, ast.comprehension) else node).lineno
            text = lines[line - 1].strip()
            change = f"{_short(node)} → {_short(new)}"
            changed = partial(_with, tree, parent, field, index, new)
            mutants.append(Mutant(path, line, function, text, change, changed))
    return numbered(mutants)


def _widths(tree: ast.Module) -> set[ast.AST]:
    """The zeros of len(rows[0]): the last row is as long as the first."""
    return {
        node.args[0].slice
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "len"
        and isinstance(node.args[0], ast.Subscript)
        and ast.unparse(node.args[0].slice) == "0"
    }


def numbered(mutants: list[Mutant]) -> list[Mutant]:
    """In line order, numbered so that no two have both the same text and the same change."""
    ordered = sorted(mutants, key=lambda one: one.line)
    several = Counter((one.text, one.change) for one in ordered)
    seen = Counter()
    for number, one in enumerate(ordered):
        key = one.text, one.change
        seen[key] += 1
        if several[key] > 1:
            ordered[number] = one._replace(change=f"{one.change} (place {seen[key]})")
    return ordered


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())  # on one line
    return text if len(text) <= 90 else f"{text[:60]} … {text[-27:]}"


def _places(tree: ast.Module) -> Iterator[tuple]:
    """(function around it, node, parent, field, index) of what may be changed.

    Annotations, decorators, docstrings and imports are left alone: no run depends on most of them.
    """

    def visit(parent, function):
        for field, value in ast.iter_fields(parent):
            if field in ("annotation", "returns", "decorator_list", "bases", "names", "ctx"):
                continue
            many = isinstance(value, list)
            for index, node in enumerate(value if many else [value]):
                if not isinstance(node, ast.AST) or _is_docstring(node):
                    continue
                if isinstance(node, ast.Import | ast.ImportFrom):
                    continue
                if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                    continue
                within = function
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    outer = f"{function}." if function else ""
                    if isinstance(parent, ast.FunctionDef):
                        outer += "<locals>."
                    within = outer + node.name
                if hasattr(node, "lineno") or isinstance(node, ast.comprehension):
                    yield within, node, parent, field, index if many else None
                yield from visit(node, within)

    yield from visit(tree, "")


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _changes(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """What a node may become."""
    if isinstance(node, ast.Constant):
        yield from _constants(node, parent)
    elif isinstance(node, ast.Compare):
        for position, operator in enumerate(node.ops):
            for other in COMPARED[type(operator)]:
                ops = [*node.ops]
                ops[position] = other()
                yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in CALCULATED:
        yield ast.BinOp(node.left, CALCULATED[type(node.op)](), node.right)
    elif isinstance(node, ast.AugAssign) and type(node.op) in CALCULATED:
        yield ast.AugAssign(node.target, CALCULATED[type(node.op)](), node.value)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Return):
        if node.value is not None and ast.unparse(node.value) != "None":
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.If | ast.IfExp):
        yield from _decisions(node)
    elif isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield)
    ):
        yield ast.Pass()
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield ast.comprehension(node.target, node.iter, node.ifs[1:], node.is_async)


def _constants(node: ast.Constant, parent: ast.AST) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(parent, ast.keyword) and parent.arg == "strict":
        return
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, str):
        for text in other_words(value):
            yield ast.Constant(text)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    """Without its last plain argument, or without one of its named ones.

    zip's strict=True stays: it only guards what is of one length anyway.
    """
    if len(node.args) > 1 and not isinstance(node.args[-1], ast.Starred):
        yield ast.Call(node.func, node.args[:-1], node.keywords)
    for number, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, "strict"):
            rest = [*node.keywords[:number], *node.keywords[number + 1 :]]
            yield ast.Call(node.func, node.args, rest)


def _decisions(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    for value in (True, False):
        yield type(node)(ast.Constant(value), node.body, node.orelse)


def _with(tree: ast.Module, parent, field: str, index: int | None, new: ast.AST) -> str:
    """The source of the tree with one node replaced; the tree itself stays unchanged."""
    old = getattr(parent, field)
    try:
        if index is None:
            setattr(parent, field, new)
        else:
            setattr(parent, field, [*old[:index], new, *old[index + 1 :]])
        return ast.unparse(tree)
    finally:
        setattr(parent, field, old)


# What may be changed in script, between comments: a pattern, and what its match becomes.
IN_SCRIPT = (
    (re.compile(r"===|!=="), lambda m: ["!==" if m[0] == "===" else "==="]),
    (re.compile(r"&&|\|\|"), lambda m: ["||" if m[0] == "&&" else "&&"]),
    (re.compile(r" (<=|>=|<|>) "), lambda m: [f" {o} " for o in JS_COMPARED[m[1]]]),
    (re.compile(r" ([+\-*/%]) "), lambda m: [f" {JS_CALCULATED[m[1]]} "]),
    (re.compile(r"(?<= )([+\-])="), lambda m: ["-=" if m[1] == "+" else "+="]),
    (re.compile(r"(?<![\w.#$\"'])\d+(?![\w.])"), lambda m: [str(int(m[0]) + 1)]),
    (re.compile(r"\b(true|false)\b"), lambda m: ["false" if m[0] == "true" else "true"]),
    (re.compile(r"\bMath\.(floor|ceil|min|max)\b"), lambda m: [f"Math.{JS_MATHS[m[1]]}"]),
    (re.compile(r"!(?=[\w(])"), lambda m: [""]),
    (re.compile(r"\breturn (?!null\b)[^;{}\n]+;"), lambda m: ["return null;"]),
    (re.compile(r"\bif \(([^()\n]|\([^()\n]*\))+\)"), lambda m: ["if (true)", "if (false)"]),
    (re.compile(r'"((?:[^"\\\n]|\\.)*)"'), lambda m: [f'"{t}"' for t in other_words(m[1])]),
)
JS_COMPARED = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<")}
JS_CALCULATED = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*"}
JS_MATHS = {"floor": "ceil", "ceil": "floor", "min": "max", "max": "min"}
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.S)
USE_STRICT = '"use strict"'


def of_script(path: str, source: str) -> list[Mutant]:
    """Every mutant of a file of JavaScript, in the order of its lines."""
    # Comments become blanks, so that positions stay the same.
    bare = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), source)
    mutants = []
    for pattern, become in IN_SCRIPT:
        for match in pattern.finditer(bare):
            start, end = match.span()
            if match[0] == USE_STRICT:
                continue
            line = source.count("\n", 0, start) + 1
            text = source.splitlines()[line - 1].strip()
            for new in become(match):
                changed = partial("".join, (source[:start], new, source[end:]))
                change = f"{match[0].strip()} → {new.strip()}"
                mutants.append(Mutant(path, line, "", text, change, changed))
    return numbered(mutants)
