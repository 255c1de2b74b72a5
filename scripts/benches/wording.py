"""What else a text could say: each number and each word with an opposite, changed one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .mutating import Mutant, numbered

# Words and what they turn into, both ways. The list is not the guard's: it also has plain verbs
# and the field's nouns, so that it measures what the guard of words.py lets through.
BOTH_WAYS = (
    "more/less larger/smaller largest/smallest doubles/halves always/never every/no higher/lower"
    " first/last half/twice two/three four/five zero/one infinity/zero not/also all/some many/few"
    " same/other equal/different left/right top/bottom upper/lower above/below before/after"
    " behind/around inside/outside wins/loses keeps/drops grows/shrinks rises/falls better/worse"
    " longer/shorter wider/narrower faster/slower both/neither with/without large/small six/seven"
    " wide/narrow strong/weak bright/dark black/white positive/negative even/odd max/average"
    " maximum/mean maxima/averages input/output inputs/outputs row/column rows/columns"
    " height/width pooling/convolution pool/convolution window/map stride/padding dilation/stride"
    " adds/subtracts multiply/divide multiplies/divides nothing/everything can/cannot start/end"
    " deep/shallow eight/nine begins/ends forward/backward together/apart known/unknown new/old"
    " add/remove"
)
ONE_WAY = "only/also is/is~not are/are~not has/lacks have/lack does/does~not will/will~not most/few"
OTHER_WORD = dict(pair.split("/")[::-1] for pair in BOTH_WAYS.split())
OTHER_WORD |= dict(
    pair.replace("~", " ").split("/") for pair in (BOTH_WAYS + " " + ONE_WAY).split()
)
STATED = re.compile(
    r"(?<![\w.])[−-]?\d+(?:[.,×]\d+)*%?|\b(?:" + "|".join(OTHER_WORD) + r")\b", re.IGNORECASE
)
# Addresses, citations, code, tags and their attributes, and the numbers of exercises.
HIDDEN = re.compile(
    r"\]\([^)]*\)|\[[^\]]*\]\(https?[^)]*\)|^```.*?^```|^\*\*\d+\.\*\*|<!--.*?-->|<[^>]*>"
    r"|\{ ?[#.:][^}\n]*\}|^hide: .*?$",
    re.MULTILINE | re.DOTALL,
)


def reworded(text: str) -> Iterator[tuple[int, int, str]]:
    """Each place of a text that states a number or a direction, and what else it could say."""
    hidden = [match.span() for match in HIDDEN.finditer(text)]
    for match in STATED.finditer(text):
        if any(start <= match.start() < stop for start, stop in hidden):
            continue
        old = match.group()
        digits = re.search(r"\d+", old)
        if digits:
            yield *match.span(), old.replace(digits.group(), str(int(digits.group()) + 1), 1)
        else:
            yield *match.span(), OTHER_WORD[old.lower()]


def of_prose(path: str, source: str) -> list[Mutant]:
    """The mutants of a page in Markdown."""
    found = []
    for start, stop, new in reworded(source):
        line = source.count("\n", 0, start)
        text = source.split("\n")[line].strip()
        change = f"{source[start:stop]} → {new}"
        changed = source[:start] + new + source[stop:]
        found.append(Mutant(path, line + 1, "", text, change, lambda changed=changed: changed))
    return numbered(found)
