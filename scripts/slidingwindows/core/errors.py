"""SlidingWindowsError, the package's one exception class, and helpers that raise it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

LONGEST = 1000  # characters of a line
T = TypeVar("T")


class SlidingWindowsError(ValueError):
    """Bad input, with one clear message.

    It is a ValueError, and the only error that this package raises on purpose.

    Args:
        problem: What does not fit.
        context: On a line of its own, the operation, the shapes and the parameters asked for.

    Examples:
        >>> from slidingwindows import Axis
        >>> try:
        ...     Axis(size=2, kernel_size=3, stride=1)
        ... except SlidingWindowsError as error:
        ...     print(error.problem)
        the kernel spans 3 elements but the padded input has only 2 (2 + 0 + 0 of padding)

    Source:
        Where torch or Python refused first, their own exception is the ``__cause__``.
    """

    def __init__(self, problem: str, context: str = "") -> None:
        self.problem, self.context = (_brief(text) for text in (problem, context))
        super().__init__(f"{self.problem}\n  in {self.context}" if context else self.problem)


def _brief(text: str) -> str:
    """Shorten a line of a message: it may quote a very long value, but should stay readable."""
    lines = text.split("\n")
    return "\n".join(s if len(s) <= LONGEST else f"{s[: LONGEST - 1]}…" for s in lines)


def given(value: T | None, name: str) -> T:
    """What only some kinds of a thing have; raises SlidingWindowsError where it is missing."""
    if value is None:
        raise SlidingWindowsError(f"the {name} is missing")
    return value


def words_of(error: BaseException) -> str:
    """The first line of what an exception says."""
    return next(iter(str(error).strip().splitlines()), "no reason given")


@contextmanager
def one_error(problem: str, context: str = "") -> Iterator[None]:
    """Whatever else is raised within becomes a SlidingWindowsError: the problem, then the cause."""
    try:
        yield
    except SlidingWindowsError:
        raise
    except Exception as error:
        problem = f"{problem}: {type(error).__name__}: {words_of(error)}"
        raise SlidingWindowsError(problem, context) from error
