"""Check an exercise's answer: whether it is right and, if not, what is wrong with its form.

Nothing here gives the right value away. Only its form is told, which the question implies anyway,
and how many of several numbers are right.
"""

from __future__ import annotations

import ast
import math
import re
import sys

NO_ANSWER_YET = "Put your answer in the place of the three dots, then run this cell again."
RELATIVE = 1e-3  # allowed error, if the truth has a fraction
THIRD_DIGIT = 5e-3  # the same below 1, relative too: half of the third digit, but at most RELATIVE
LARGEST = 0.4  # no error may be so large that the next whole number would pass
ROUNDING, MOST_ROUNDING = 1e-6, 1e-3  # relative, of sums in float32; and its absolute limit
DEEPEST = 6  # lists in lists that are told one by one
NUMBER_WORDS = "no one two three four five six seven eight nine ten eleven twelve".split()
# What torch writes around numbers: torch.Size([1, 2]) and tensor([1., 2.]).
WRAPPED = re.compile(r"(?:torch\.Size|tensor|array)\((.*)\)", re.DOTALL)


def verdict(answer, truth) -> str:
    """One line for the reader: 'Right.', or 'Not yet.' and a hint at the answer's form.

    answer: what the reader wrote. truth: what torch says. Both may be numbers, words, shapes,
    nested lists, tensors or arrays; an answer may also be any of these as text.
    """
    true = listed(truth)
    try:
        given = listed(answer)
    except RecursionError:
        return f"Not yet. The answer is {form(true)}; you gave lists nested without end."
    quoted = isinstance(given, str) and not isinstance(true, str)
    if quoted:
        given = _read(given)
        if isinstance(given, str):
            return f"Not yet. The answer is {form(true)}; you gave text."
    if is_right(given, true):
        return "Right. It takes no quotation marks." if quoted else "Right."
    return f"Not yet. {_hint(given, true)}"


def listed(value):
    """Tensors, arrays, shapes and tuples as lists, so that any of these can stand for another."""
    if hasattr(value, "tolist"):
        try:
            value = value.tolist()
        except Exception:  # sparse or without numbers: what it is called by type
            return value
    if isinstance(value, list | tuple | range):
        return [listed(item) for item in value]
    return value


def is_right(given, true) -> bool:
    """Whether an answer is right. Whole numbers must be exact, fractions within a thousandth.

    Below 1 a fraction may be rounded to three digits, however small it is.

    A float counts as whole up to the rounding of float32: 4.0 and 4.000001 are 4.
    """
    if isinstance(given, list) and isinstance(true, list):
        return len(given) == len(true) and all(map(is_right, given, true))
    if not _number(given) or not _number(true):
        return type(given) is type(true) and given == true
    if given == true or (given != given and true != true):
        return True
    if not all(-sys.float_info.max <= number <= sys.float_info.max for number in (given, true)):
        return False
    rounding = min(ROUNDING * max(1.0, abs(true)), MOST_ROUNDING)
    if abs(true - round(true)) <= rounding:
        either = isinstance(given, float) or isinstance(true, float)
        return either and abs(given - round(true)) <= rounding
    size = abs(true)
    allowed = min(RELATIVE * size, LARGEST) if size >= 1 else min(THIRD_DIGIT * size, RELATIVE)
    return abs(given - true) <= max(allowed, ROUNDING)


def form(value) -> str:
    """What kind of thing a value is, without the value: 'three whole numbers'."""
    if not isinstance(value, list):
        return _one(value)
    if not value:
        return "an empty list"
    if _depth(value) > DEEPEST:
        return f"lists nested {_depth(value)} deep"
    if all(isinstance(item, list) for item in value):
        inner = {form(item) for item in value}
        each = f" of {inner.pop()}" if len(inner) == 1 else ""
        return f"{_count(len(value))} list{'s' * (len(value) > 1)}{each}"
    if len(value) == 1:
        return f"a list of one {_kind(value, 1)}"
    return f"{_count(len(value))} {_kind(value, len(value))}"


def _number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _depth(value) -> int:
    """How many lists are nested, however deep that is."""
    depth, level = 0, [value]
    while lists := [one for one in level if isinstance(one, list)]:
        depth, level = depth + 1, [item for one in lists for item in one]
    return depth


def _count(number: int) -> str:
    return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) else str(number)


def _kind(items: list, number: int) -> str:
    """The plural noun for items; for one item a singular."""
    one = number == 1
    if all(isinstance(item, bool) for item in items):
        return "True-or-False value" + "s" * (not one)
    if all(_number(item) for item in items):
        whole = all(isinstance(item, int) for item in items)
        return f"{'whole ' * whole}number" + "s" * (not one)
    return "thing" if one else "things"


def _one(value) -> str:
    if isinstance(value, bool):
        return "True or False"
    if _number(value):
        return "a whole number" if isinstance(value, int) else "a number"
    if isinstance(value, str):
        return "text"
    if value is None:
        return "None"
    return f"a value of type {type(value).__name__}"


def _read(text: str):
    """The value that a text spells out, such as '(1, 3, 3)'; else the text itself."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-").replace("\N{MULTIPLICATION SIGN}", ",")
    wrapped = WRAPPED.fullmatch(plain)
    try:
        return listed(ast.literal_eval(wrapped[1] if wrapped else plain))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _hint(given, true) -> str:
    wanted, got = form(_exact(true)), form(_exact(given))
    if _shape(given) != _shape(true):
        flat = all(isinstance(v, list) and _shape(v) == [None] * len(v) for v in (given, true))
        short = flat and len(given) > 1 and _kind(_exact(given), 2) == _kind(_exact(true), 2)
        return f"The answer is {wanted}; you gave {_count(len(given)) if short else got}."
    pairs = list(zip(_leaves(given), _leaves(true), strict=True))
    for one, other in pairs:
        if isinstance(one, bool) != isinstance(other, bool) or _number(one) != _number(other):
            return f"The answer is {wanted}; you gave {got}."
        if isinstance(other, int) and isinstance(one, float) and not one.is_integer():
            if math.isfinite(one):
                return f"The answer is {wanted}; you gave a fraction."
            return f"The answer is {wanted}; you gave {'nan' if math.isnan(one) else 'infinity'}."
    right = sum(is_right(one, other) for one, other in pairs)
    return f"{right} of {len(pairs)} right." if right else "Try again."


def _exact(value):
    """Numbers such as 3.0 as ints, so that form() calls them whole."""
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shape(value):
    """How lists are nested: a list for each list, None for anything else."""
    return [_shape(item) for item in value] if isinstance(value, list) else None


def _leaves(value) -> list:
    if not isinstance(value, list):
        return [value]
    return [leaf for item in value for leaf in _leaves(item)]


__all__ = ["NO_ANSWER_YET", "form", "is_right", "listed", "verdict"]
