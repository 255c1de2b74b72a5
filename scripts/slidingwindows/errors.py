"""The one exception class of this package."""

from __future__ import annotations


class SlidingWindowsError(ValueError):
    """Bad input, with one clear message.

    It is a ValueError, and the only error that this package raises on purpose.
    problem: what does not fit. context: on a line of its own, the operation, the
    shapes and the parameters it was asked for.
    """

    def __init__(self, problem: str, context: str = ""):
        self.problem = problem
        self.context = context
        super().__init__(f"{problem}\n  in {context}" if context else problem)
