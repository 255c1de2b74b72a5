"""Sweeps: how many random cases a test draws, the same ones in every run.

``make test SWEEPS=5`` draws five times as many, for a change of the engine that deserves it.
"""

import os

from hypothesis import settings

SWEEPS = int(os.environ.get("SWEEPS", "1"))


def draws(cases: int) -> settings:
    """A decorator for a test that hypothesis gives its cases."""
    return settings(max_examples=cases * SWEEPS, deadline=None, derandomize=True)
