"""The house style of docstrings, read: plain paragraphs, and in them 'name: words'.

A line, or a sentence after a full stop or semicolon, that begins with parameters
and a colon explains them up to the next such beginning or the paragraph's end.
'Returns ...' and 'Raises SomeError ...' begin in the same way. A paragraph that
begins with '>>>' is an example.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A piece of a docstring.

    kind: 'text', 'parameter', 'returns', 'raises' or 'example'.
    names: the parameters explained, or the error raised.
    """

    kind: str
    text: str
    names: tuple[str, ...] = ()


def parts_of(docstring: str, parameters: tuple[str, ...] = ()) -> list[Part]:
    """A docstring, freed of its indentation, piece by piece."""
    found = []
    for paragraph in re.split(r"\n\s*\n", docstring.strip()):
        if paragraph.startswith(">>>"):
            found.append(Part("example", paragraph))
        elif paragraph:
            found += _pieces(paragraph, parameters)
    return found


def _pieces(paragraph: str, parameters: tuple[str, ...]) -> list[Part]:
    known = "|".join(sorted(map(re.escape, parameters), key=len, reverse=True)) or "(?!)"
    # and: in 'this one, and that: ...'
    explains = rf"(?P<names>(?:{known})(?:(?:,\s+|\s+and\s+|,\s+and\s+)(?:{known}))*):\s"
    gives = r"(?P<returns>Returns\s)|Raises\s+(?P<error>\w+),?\s"
    starts = re.compile(rf"(?:^|(?<=\n)|(?<=[.;]\s))(?:and\s+)?(?:{explains}|{gives})")
    matches = list(starts.finditer(paragraph))
    stops = [match.start() for match in matches] + [len(paragraph)]
    found = [Part("text", _line(paragraph[: stops[0]]))] if stops[0] else []
    for match, stop in zip(matches, stops[1:], strict=True):
        text = _line(paragraph[match.end() : stop])
        if match["names"]:
            names = tuple(re.split(r",\s+and\s+|,\s+|\s+and\s+", match["names"]))
            found.append(Part("parameter", text, names))
        elif match["error"]:
            found.append(Part("raises", text, (match["error"],)))
        else:
            found.append(Part("returns", text))
    return found


def _line(text: str) -> str:
    """One line, ended by a full stop; a semicolon divided it from the next piece."""
    text = " ".join(text.split()).rstrip(";,")
    return text if text.endswith((".", ":", "?", "!")) else f"{text}."
