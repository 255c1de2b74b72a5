"""check(): right answers in any form, and wrong ones told what is wrong with their form."""

import math

import numpy as np
import pytest
import torch

from slidingwindows.course.exercises import form, is_right, verdict
from slidingwindows.lesson import check

SIZE = torch.Size([1, 3, 3])
NESTED = torch.tensor([[[8.0, 9.5]]])


def said(capsys, answer, truth) -> str:
    check(answer, lambda: truth)
    return capsys.readouterr().out.removesuffix("\n")


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        (3, 3),
        (3.0, 3),
        (3, torch.tensor(3)),
        (np.int64(3), 3),
        ((1, 3, 3), SIZE),
        ([1, 3, 3], SIZE),
        (np.array([1, 3, 3]), SIZE),
        (torch.tensor([1, 3, 3]), SIZE),
        ([[[8, 9.5]]], NESTED),
        ([torch.tensor([[8, 9.5]])], NESTED),
        (NESTED.double(), NESTED),
        (0.667, 2 / 3),
        (1e-9, 0.0),
        (-8, torch.tensor(-8.0)),
        (1234.3, 1234.25),
        (4.000001, 4.0),
        (4.000001, 4),
        (4, torch.tensor(4.000001)),
        (0.3, 0.1 + 0.2),
        (3, 0.1 + 0.2 + 2.7),
        (400.3, 400.25),
        (float("nan"), torch.tensor(torch.nan)),
        (float("inf"), torch.inf),
        (True, torch.tensor(True)),
        (np.True_, True),
        ([True, False], (True, False)),
        (1.5012, 1.5),
        (0.06499335, 0.06467),  # exactly half of the third digit off
        ("floor", "floor"),
        (None, None),
        (range(3), [0, 1, 2]),
    ],
)
def test_right_in_any_form(capsys, answer, truth):
    assert said(capsys, answer, truth) == "Right."


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("(1,3,3)", SIZE),
        ("1, 3, 3", SIZE),
        ("[1, 3, 3]", SIZE),
        ("torch.Size([1, 3, 3])", SIZE),
        ("1×3×3", SIZE),
        (" 3 ", 3),
        ("−8", -8),
        ("tensor([[[8., 9.5]]])", NESTED),
        ("tensor([[1, 2],\n        [3, 4]])", torch.tensor([[1, 2], [3, 4]])),
        ("array([1, 3, 3])", SIZE),
        ("True", True),
    ],
)
def test_a_text_that_spells_the_answer_is_right(capsys, answer, truth):
    assert said(capsys, answer, truth) == "Right. It takes no quotation marks."


@pytest.mark.parametrize(
    ("answer", "truth", "why"),
    [
        ((466570, 484010), (466560, 484000), "Try again."),
        ((466560, 484010), (466560, 484000), "1 of 2 right."),
        (36929, 36928, "Try again."),
        (3.0001, 3, "The answer is a whole number; you gave a fraction."),
        (4000.5, 4000.0, "Try again."),
        (0.6, 2 / 3, "Try again."),
        ((1, 3), SIZE, "The answer is three whole numbers; you gave two."),
        (3, SIZE, "The answer is three whole numbers; you gave a whole number."),
        ([3], SIZE, "The answer is three whole numbers; you gave a list of one whole number."),
        ((1, 3), 3, "The answer is a whole number; you gave two whole numbers."),
        ((1, 3.5), (True, False), "The answer is two True-or-False values; you gave two numbers."),
        (True, 1, "The answer is a whole number; you gave True or False."),
        (1, True, "The answer is True or False; you gave a whole number."),
        ([True, 3], [1, 3], "The answer is two whole numbers; you gave two things."),
        ("three", 3, "The answer is a whole number; you gave text."),
        ("(1, 3)", SIZE, "The answer is three whole numbers; you gave two."),
        ("4", 3, "Try again."),
        (3, "floor", "The answer is text; you gave a whole number."),
        ("ceiling", "floor", "Try again."),
        (None, 0, "The answer is a whole number; you gave None."),
        ([], SIZE, "The answer is three whole numbers; you gave an empty list."),
        (
            [1, 3, 3],
            (SIZE, (1, 7, 7)),
            "The answer is two lists of three whole numbers; you gave three whole numbers.",
        ),
        (
            [[1, 3], [1, 7]],
            (SIZE, (1, 7, 7)),
            "The answer is two lists of three whole numbers; "
            "you gave two lists of two whole numbers.",
        ),
        ([[[8, 9]]], NESTED, "1 of 2 right."),
        ({3}, 3, "The answer is a whole number; you gave a value of type set."),
        (1 + 2j, 3, "The answer is a whole number; you gave a value of type complex."),
        (object(), 3, "The answer is a whole number; you gave a value of type object."),
        (float("nan"), 1.5, "Try again."),
        (float("inf"), 1.5, "Try again."),
        (10**400, 1.5, "Try again."),
    ],
)  # fmt: skip
def test_wrong_is_told_by_its_form(capsys, answer, truth, why):
    assert said(capsys, answer, truth) == f"Not yet. {why}"


@pytest.mark.parametrize("truth", [1, 1000, 466560, 10**15, 0, -7, 4000.0, 1e6, 2.5, 123456.5])
def test_the_next_whole_number_is_never_right(truth):
    for kind in (float, type(truth)):
        assert is_right(kind(truth), truth)
        assert not is_right(kind(truth) + 1, truth) and not is_right(kind(truth) - 1, truth)


def test_dots_ask_nothing_of_torch(capsys):
    def never():
        raise AssertionError("asked too early")

    check(..., never)
    assert capsys.readouterr().out.startswith("Put your answer in the place of the three dots")


def test_form_of_many():
    assert form([1] * 12) == "twelve whole numbers" and form([1] * 13) == "13 whole numbers"
    assert form([[1, 2], [3]]) == "two lists" and form([[[1]]]) == (
        "one list of one list of a list of one whole number"
    )
    assert form([[[[[[2.5]]]]]]) == "one list of " * 5 + "a list of one number"
    assert form([[[[[[[2.5]]]]]]]) == "lists nested 7 deep"
    assert form(2.5) == "a number" and form([2.5, 1]) == "two numbers"
    assert form(["a", "b"]) == "two things" and form(["a"]) == "a list of one thing"
    assert form([True]) == "a list of one True-or-False value"


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        (399.7, 400.0),
        (4.003, 4.0),
        (399.7, torch.tensor(400.0)),
        (4.00001, 4.0),
        (3.9999, torch.tensor(4.000001)),
        (466560.2, 466560.0),
        (1000001, 1000000.0),
        (10**15 + 1, float(10**15)),
        (0.0005, 0.0),
        ([[[8.004, 9.5]]], NESTED),
        (1.0000015, 1.0),
        (1.5e-6, 0.0),
    ],
)
def test_whole_truths_that_are_floats_are_exact(capsys, answer, truth):
    assert said(capsys, answer, truth).startswith("Not yet.")
    assert said(capsys, truth, truth) == "Right."


def test_a_list_that_holds_itself_is_met_kindly(capsys):
    endless = [1]
    endless.append(endless)
    expected = "Not yet. The answer is three whole numbers; you gave lists nested without end."
    assert said(capsys, endless, SIZE) == expected


@pytest.mark.parametrize(
    ("answer", "given"),
    [(math.nan, "nan"), (math.inf, "infinity"), (-math.inf, "infinity"), ("1e400", "infinity")],
)
def test_what_is_not_finite_is_no_fraction(answer, given):
    assert verdict(answer, 3) == f"Not yet. The answer is a whole number; you gave {given}."


def test_lists_nested_deeply_make_a_short_line():
    answer = 1
    for _ in range(400):
        answer = [answer]
    words = "Not yet. The answer is two whole numbers; you gave lists nested 400 deep."
    assert verdict(answer, [1, 2]) == words


@pytest.mark.parametrize(("answer", "truth"), [(0, 0.0005), (0.0005, 0.0001), (0.051, 0.0501)])
def test_a_small_fraction_is_no_other(answer, truth):
    assert not is_right(answer, truth)


@pytest.mark.parametrize("truth", [0.00012345, 0.0010049, 0.02857, 0.31256, 0.99949, 1.23456])
def test_a_fraction_may_be_rounded_to_three_digits(truth):
    assert is_right(float(f"{truth:.3g}"), truth) or truth > 1
    assert is_right(float(f"{truth:.4g}"), truth)
    assert is_right(truth * (1 + 1e-7), truth)


class Unlisted:
    """Its numbers cannot be listed."""

    def tolist(self):
        raise NotImplementedError("not today")


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (torch.empty(2, device="meta"), "Tensor"),
        (torch.eye(2).to_sparse(), "Tensor"),
        (Unlisted(), "Unlisted"),
    ],
)
def test_an_answer_whose_numbers_cannot_be_listed_is_called_by_its_type(answer, named):
    said = verdict(answer, [1, 2])
    assert said == f"Not yet. The answer is two whole numbers; you gave a value of type {named}."
