"""The one exception class of this package."""

from __future__ import annotations


class SlidingWindowsError(ValueError):
    """Bad input, with one clear message.

    The message says first what does not fit, then on its own line the
    operation, the shapes and the parameters it was asked for.
    """

    def __init__(self, problem: str, context: str = ""):
        self.problem = problem
        self.context = context
        super().__init__(f"{problem}\n  in {context}" if context else problem)
