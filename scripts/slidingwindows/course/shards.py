"""One machine's part of the lessons, where several machines share the work.

What each of them makes is keyed by content. So their caches merge by copying, and whatever no
machine has made, the build makes itself: a bad division costs time and cannot cost a page.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..core.errors import SlidingWindowsError

SHARD = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


class Shard(NamedTuple):
    """The part ``number``, counted from 1, of ``count`` parts."""

    number: int
    count: int


def shard_of(text: str) -> Shard:
    """'2/5' as a shard. Raises SlidingWindowsError for anything else."""
    found = SHARD.fullmatch(text)
    shard = Shard(*map(int, found.groups())) if found else None
    if shard is None or shard.number > shard.count:
        raise SlidingWindowsError(
            f"a shard is its number and how many there are, such as 2/5, not {text!r}"
        )
    return shard


def names_of(shard: Shard, names: list[str], seconds: dict[str, float]) -> set[str]:
    """Those of all lessons that are a shard's; every lesson is in one shard.

    seconds: what lessons took the last time, as far as it is known. The longest lesson goes first,
    each to the shard that has the least to do; one of which nothing is known counts as the mean.
    Machines that know the same, or nothing, divide in the same way.
    """
    known = [seconds[name] for name in names if name in seconds]
    mean = sum(known) / max(len(known), 1)
    costs = {name: seconds.get(name, mean) for name in names}
    parts = [[] for _ in range(shard.count)]
    for name in sorted(names, key=lambda name: (-costs[name], name)):
        least = min(parts, key=lambda part: (sum(costs[one] for one in part), len(part)))
        least.append(name)
    return set(parts[shard.number - 1])
