"""Numbers, tables and JSON as they are written, plain data and back, and the one error's words."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import pytest
import torch

from slidingwindows import Axis, Geometry, SlidingWindowsError, UnevenAxis
from slidingwindows.core.errors import given, one_error
from slidingwindows.core.plain import axis_of, check_types, frozen, geometry_of, plain
from slidingwindows.core.text import aligned, equals, json_text, number, once, shape_text, size

INF, NAN = math.inf, math.nan

NUMBERS = {  # beside those of test_words.py: the ends of what is written in which way
    0: ("0", "="),
    0.0004999: ("5.00e−4", "≈"),
    0.0005: ("0.001", "≈"),
    0.00051: ("0.001", "≈"),
    -0.0002: ("−2.00e−4", "="),
    0.9996: ("1", "≈"),
    999_999.0: ("999999", "="),
    999_999.5: ("999999.5", "="),
    1_000_000.0: ("1.00e6", "="),
    -1_000_000.0: ("−1.00e6", "="),
    1e10: ("1.00e10", "="),
    1e100: ("1.00e100", "="),
    1e-100: ("1.00e−100", "="),
    200.0: ("200", "="),
    -200.0: ("−200", "="),
    0.25: ("0.25", "="),
    # A float32's own rounding counts as none, and no more than that.
    1.0000001: ("1", "="),
    1.0000003: ("1", "≈"),
    -1.0000001: ("−1", "="),
    -1.0000003: ("−1", "≈"),
    INF: ("∞", "="),
    -INF: ("−∞", "="),
    NAN: ("nan", "="),
}


def test_numbers_at_the_ends_of_each_way_to_write_them():
    for value, expected in NUMBERS.items():
        assert (number(value), equals(value)) == expected, value


def test_shapes_and_tables():
    assert (size((6, 7)), size(["N", 3, "?"]), size((5,))) == ("6×7", "N×3×?", "5")
    assert (shape_text((3, 6, 16)), shape_text((4,)), shape_text(())) == ("(3, 6, 16)", "(4)", "()")
    assert once([7]) == "7"
    assert (once([3, 3.0, 3]), once([3, 5]), once([3, 3, -0.5])) == ("3", "3×5", "3×3×−0.5")
    rows = [("a", "bbb", "c"), ("dd", "e", "fff"), ("g", "", "")]
    assert aligned(rows) == "a   bbb    c\ndd    e  fff\ng"
    assert aligned(rows, left=2) == "a   bbb    c\ndd  e    fff\ng"
    assert aligned(rows, left=0) == " a  bbb    c\ndd    e  fff\n g"


JSON = {
    "[]": [],
    "{}": {},
    '"ö−"': "ö−",
    "[1, 2.5, null, true]": [1, 2.5, None, True],
    "[1, 2]": (1, 2),
    '{"a": 1, "ö": "−"}': {"a": 1, "ö": "−"},
    "[\n [1],\n 2\n]": [[1], 2],
    "[\n 2,\n [1]\n]": (2, (1,)),
    '[\n {"a": 1}\n]': [{"a": 1}],
    '{\n "ö": [],\n "1": 2\n}': {"ö": [], 1: 2},
    '{\n "a": {\n  "b": [\n   [\n    [1, 2],\n    3\n   ]\n  ]\n },\n "c": "d"\n}': {
        "a": {"b": [[[1, 2], 3]]},
        "c": "d",
    },
}


def test_json_is_read_back_and_has_one_line_for_what_holds_only_atoms():
    for text, data in JSON.items():
        assert json_text(data) == text
        assert json.loads(text) == json.loads(json.dumps(data))
    assert json_text([[1]], 2) == "[\n   [1]\n  ]"
    for thing in ([1, NAN], {"a": INF}, -INF):
        with pytest.raises(ValueError, match="not JSON compliant"):
            json_text(thing)


class Pair(NamedTuple):
    first: int
    second: float = 0.0


@dataclass(frozen=True)
class Held:
    """One field of each kind that the package declares."""

    kept: ClassVar[str] = "of the class, and no field"
    whole: int = 1
    real: float = 0.5
    word: str = "x"
    choice: bool = True
    maybe: int | None = None
    pair: tuple[int, float] = (1, 2.0)
    many: tuple[float, ...] = ()
    wholes: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    rows: tuple[tuple[float, ...], ...] = ()
    inner: Pair = Pair(1)
    one_of: Axis | UnevenAxis | None = None


class More(float):
    """A float, and not exactly one."""


class Word(str):
    """A str of somebody's own."""

    __slots__ = ()


def test_data_becomes_plain_and_frozen_again():
    axis = Axis(5, 2, 1, (1, 0))
    cases = [
        (1, 1),
        (True, True),
        (None, None),
        ("inf", "inf"),
        (1.5, 1.5),
        (INF, "inf"),
        (-INF, "-inf"),
        (NAN, "nan"),
        ((1, 2.5, INF, "x", None, True), [1, 2.5, "inf", "x", None, True]),
        ([1, (NAN, -INF)], [1, ["nan", "-inf"]]),
        ({"a": (1, INF), 2: INF}, {"a": [1, "inf"], 2: "inf"}),
        (Pair(1, NAN), [1, "nan"]),
        ([More(INF), More(2)], ["inf", 2.0]),
        (
            UnevenAxis(3, ((0, 2), (1, 3))),
            {"size": 3, "spans": [[0, 2], [1, 3]], "rule": "adaptive"},
        ),
        (
            {"axis": axis},
            {"axis": {"size": 5, "kernel_size": 2, "stride": 1, "padding": [1, 0], "dilation": 1,
                      "ceil_mode": False, "crop": [0, 0]}},
        ),
    ]  # fmt: skip
    axis.starts, axis.windows  # noqa: B018 - what is cached is no field
    for value, expected in cases:
        found = plain(value)
        assert found == expected and repr(found) == repr(expected), value
    assert plain(Axis) is Axis  # for check_types to refuse
    back = [
        (["nan", 1, 2.5], "(nan, 1, 2.5)"),
        ([1, None, True], "(1, None, True)"),
        ([[1, "inf"], ["x", "-inf"], []], "((1, inf), ('x', -inf), ())"),
        ({"a": ["nan"], "b": {"c": [1]}, "d": "infinity"},
         "{'a': (nan,), 'b': {'c': (1,)}, 'd': 'infinity'}"),
        ((1, [2]), "(1, [2])"),
        ("inf", "inf"),
        (7, "7"),
    ]  # fmt: skip
    for value, expected in back:
        assert str(frozen(value)) == expected
    assert type(frozen("inf")) is type(frozen("nan")) is float and frozen(["-inf"]) == (-INF,)


def test_axes_from_their_fields():
    fields = {"size": 5, "kernel_size": 2, "stride": 1}
    uneven = {"size": 4, "spans": ((0, 4),)}
    assert axis_of(fields) == Axis(5, 2, 1) and axis_of(uneven) == UnevenAxis(4, ((0, 4),))
    both = geometry_of({"rows": fields, "cols": uneven})
    assert both == Geometry(Axis(5, 2, 1), UnevenAxis(4, ((0, 4),)))
    with pytest.raises(TypeError, match="depths"):
        geometry_of({"rows": fields, "cols": fields, "depths": fields})


LAST = 2**63 - 1  # a 64-bit integer's largest
TAKEN = {
    "whole": [LAST, -LAST - 1, 0],
    "real": [1, INF, NAN, -0.0, int(sys.float_info.max), -int(sys.float_info.max)],
    "word": ["", "nan"],
    "choice": [False],
    "maybe": [3, -LAST - 1],
    "pair": [(0, 1)],
    "many": [(1.5, NAN), (1, 2.5), (1, 2)],
    "wholes": [(LAST, -LAST - 1), (0,)],
    "words": [("a", "b")],
    "rows": [((), (1.0,), (1, 2.0))],
    "inner": [Pair(2, 3), Pair(-1, INF)],
    "one_of": [Axis(1, 1, 1), UnevenAxis(1, ((0, 1),))],
}
REFUSED = {
    "whole": [LAST + 1, -LAST - 2, True, 1.0, None, "1"],
    "real": [True, None, "1", int(sys.float_info.max) + 1, -(10**309), More(1.0)],
    "word": [None, 1, b"x", ("x",), Word("x")],
    "choice": [0, 1, None, "True"],
    "maybe": ["", 1.5, False, LAST + 1],
    "pair": [(1,), (1, 2.0, 3.0), (1.0, 2.0), (1, None), [1, 2.0], None],
    "many": [(None,), (1.5, "x"), (1.5, True), 1.5, [1.5]],
    "wholes": [(LAST + 1,), (0, -LAST - 2), (1, 2.0), (1.0,), (1, True)],
    "words": [("a", 1), (None,), "ab", ["a"]],
    "rows": [((1.0,), (None,)), (1.0,), ([1.0],), ((1.0,), 2.0)],
    "inner": [(1, 2.0), None, Pair],
    "one_of": [Axis, "x", Geometry(Axis(1, 1, 1), Axis(1, 1, 1)), Pair(1.0, 2.0)],
}


def test_a_field_holds_what_its_class_declares_and_nothing_else():
    check_types(Held())
    for name, values in TAKEN.items():
        for value in values:
            check_types(Held(**{name: value}))
    for name, values in REFUSED.items():
        for value in values:
            with pytest.raises(SlidingWindowsError) as caught:
                check_types(Held(**{name: value}))
                pytest.fail(f"{name} cannot be {value!r}")
            assert caught.value.problem.startswith(f"{name} of a Held cannot be ")
    for pair, where in ((Pair(1.0, 2.0), "first"), (Pair(1, None), "second")):
        with pytest.raises(SlidingWindowsError, match=f"^{where} of a Pair cannot be "):
            check_types(Held(inner=pair))
    with pytest.raises(SlidingWindowsError) as caught:
        check_types(Held(words=tuple("abcdefgh") + (1,)))
    assert caught.value.problem == (
        "words of a Held cannot be ('a', 'b', 'c', 'd', 'e', 'f', ...)"  # a long one is cut
    )


def test_one_error_and_its_lines():
    plain_one, with_context = SlidingWindowsError("x"), SlidingWindowsError("a", "b")
    assert (str(plain_one), plain_one.problem, plain_one.context) == ("x", "x", "")
    assert str(with_context) == "a\n  in b" and with_context.args == ("a\n  in b",)
    assert (with_context.problem, with_context.context) == ("a", "b")
    full, over = "x" * 1000, "y" * 1001
    cut = SlidingWindowsError(f"{full}\n{over}\nz", over)
    assert cut.problem == f"{full}\n{'y' * 999}…\nz" and cut.context == f"{'y' * 999}…"
    assert str(cut) == f"{cut.problem}\n  in {cut.context}"


def test_what_is_missing_and_what_else_is_raised():
    assert given(0, "depth") == 0
    with pytest.raises(SlidingWindowsError) as caught:
        given(None, "depth")
    assert str(caught.value) == "the depth is missing"
    mine = SlidingWindowsError("mine")
    for cause, words in [
        (KeyError("a"), "no: KeyError: 'a'"),
        (ValueError("\n  one \ntwo"), "no: ValueError: one "),
        (RuntimeError(), "no: RuntimeError: no reason given"),
        (mine, "mine"),
    ]:
        with pytest.raises(SlidingWindowsError) as caught, one_error("no", "here"):
            raise cause
        own = cause is mine
        assert caught.value.problem == words and caught.value.context == ("" if own else "here")
        assert (caught.value is mine) == own and (own or caught.value.__cause__ is cause)
    with pytest.raises(SlidingWindowsError) as caught, one_error("no"):
        torch.zeros(2).view(3)
    assert caught.value.problem == "no: RuntimeError: shape '[3]' is invalid for input of size 2"
    assert caught.value.context == ""
