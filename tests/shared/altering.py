"""Figures of torch's own with one part exchanged for what torch did not make."""

from __future__ import annotations

import copy
from dataclasses import replace

from slidingwindows import SlidingWindowsError, Trace
from slidingwindows.core.origin import check_trace, check_transfer


def altered(figure, **parts):
    """The same figure with other parts, which its own check never saw."""
    other = copy.copy(figure)
    vars(other).update(parts)
    return other


def fault(trace, **parts) -> str:
    """What is wrong with a trace of these parts; '' if nothing is."""
    other = altered(trace, **parts)
    try:
        (check_trace if isinstance(other, Trace) else check_transfer)(other)
    except SlidingWindowsError as error:
        assert error.context == other.call
        words, impossible, rest = error.problem.partition(", which is impossible")
        assert words and impossible and not rest, error.problem
        return words
    return ""


def problem_of(figure, **changed) -> str:
    """What is said of parts that do not belong together; '' if nothing is."""
    try:
        replace(figure, **changed)
    except SlidingWindowsError as error:
        assert error.context == figure.call
        return error.problem
    return ""


def step_with(trace, number, **parts) -> dict:
    """The trace's steps, where one has other parts, as a part itself."""
    steps = list(trace.steps)
    steps[number] = replace(steps[number], **parts)
    return {"steps": tuple(steps)}


def plane_with(trace, plane, row, col, value) -> dict:
    """The trace's planes with another number at a place counted from the padding's corner."""
    planes = [[list(line) for line in one] for one in trace.planes]
    planes[plane][row][col] = value
    return {"planes": tuple(tuple(map(tuple, one)) for one in planes)}
