"""The API reference page: marks in its Markdown are replaced by entries made from docstrings.

'<!-- api slide lesson.show functions -->' becomes the entries named, in this order. The words
functions, classes, errors and values become all names of ``__all__`` of that kind that no mark
names, so that a new public name appears by itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import SlidingWindowsError

if TYPE_CHECKING:
    from .api_source import Entry, Package

MARK = re.compile(r"^<!-- api ([\w. ]+) -->$", re.MULTILINE)
REST = {"functions": "function", "classes": "class", "errors": "error", "values": "value"}


def with_api(markdown: str, folder: Path) -> tuple[str, list[str]]:
    """A page with its marks filled in, and its problems, one sentence each.

    folder: of the package's source.
    """
    from .api_html import entry_html  # with griffe, which only one page of one course needs
    from .api_source import Package

    package = Package(folder)
    words = [word for match in MARK.finditer(markdown) for word in match.group(1).split()]
    named = [word for word in words if word not in REST]
    entries, problems = _entries(package, [*named, *package.public])
    others = [name for name in entries if name not in {_own(word) for word in named}]
    shown: set[str] = set()

    def chosen(word: str) -> list[str]:
        if word in REST:
            return [name for name in others if entries[name].kind == REST[word]]
        return [_own(word)] if _own(word) in entries else []

    def replace(match: re.Match) -> str:
        names = [name for word in match.group(1).split() for name in chosen(word)]
        shown.update(names)
        return "\n\n".join(entry_html(entries[n], set(entries), _import(n)) for n in names)

    def _import(name: str) -> str:
        module = f"{folder.name}.{entries[name].module}"
        return "" if name in package.public else f"from {module} import {name}"

    page = MARK.sub(replace, markdown)
    problems += [f"{name} is public but not on the page" for name in entries if name not in shown]
    return page, problems + [text for entry in entries.values() for text in without_words(entry)]


def _own(word: str) -> str:
    return word.rpartition(".")[2]


def _entries(package: Package, names: list[str]) -> tuple[dict[str, Entry], list[str]]:
    entries, problems = {}, []
    for name in names:
        try:
            entry = package.entry(name)
            entries.setdefault(entry.name, entry)
        except SlidingWindowsError as error:
            problems.append(error.problem)
    return entries, problems


def without_words(entry: Entry) -> list[str]:
    """What an entry's docstrings leave out, one sentence each."""
    problems = _untold(entry, entry.name)
    for member in entry.members:
        problems += _untold(member, f"{entry.name}.{member.name}")
    return problems


def _untold(entry: Entry, name: str) -> list[str]:
    if not entry.parts:
        return [f"{name} has no docstring"]
    explained = {part.name for part in entry.parts}
    missing = [one for one in entry.parameters if one not in explained]
    return [f"the docstring of {name} does not explain {one}" for one in missing]
