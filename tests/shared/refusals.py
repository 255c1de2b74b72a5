"""Every refusal that a test provokes is one that was reviewed: tests look at parts of a sentence.

A refusal that is new, or another one, fails the file that provokes it, after its last test.
"""

import os
import re

import pytest
from recorded import FOLDER, again

from slidingwindows import SlidingWindowsError

# What differs from run to run, from machine to machine, and from version to version.
FLEETING = {
    r"torch says: .*": "torch says: …",
    r"(?<=: )(?=\w+(Error|Exception): ).*": "…",
    r"(?:/[\w.+-]+){3,}/?": "FOLDER/",
    r"(0x)?[0-9a-f]{8,}": "NUMBER",
    r"\d[\d,.]*": "N",
}
LONGEST = 400


def lasting(problem: str) -> str:
    for pattern, name in FLEETING.items():
        problem = re.sub(pattern, name, problem, flags=re.S)
    return " ".join(problem.split())[:LONGEST]


def known(room: str) -> set[str]:
    path = FOLDER / f"refused_in_{room}.txt"
    return set(path.read_text("utf-8").splitlines()) if path.is_file() else set()


@pytest.fixture(scope="module", autouse=True)
def only_known_refusals(request):
    """Of a room's tests, named by their folder."""
    room, provoked = request.path.parent.name, set()
    before = SlidingWindowsError.__init__

    def remembered(self, problem, context=""):
        before(self, problem, context)
        provoked.add(lasting(self.problem))

    SlidingWindowsError.__init__ = remembered
    try:
        yield
    finally:
        SlidingWindowsError.__init__ = before
    if os.environ.get("RECORD"):
        text = "\n".join(sorted(provoked | known(room)))
        (FOLDER / f"refused_in_{room}.txt").write_text(f"{text}\n", "utf-8")
    new = sorted(provoked - known(room))
    assert not new, f"refused in words that nobody has reviewed: {new}; {again()}"
