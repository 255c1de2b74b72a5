"""Refuse outputs that reveal the machine a lesson ran on: paths, process ids, memory addresses.

These differ from build to build, tell who built the site, and mean nothing to a reader.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from ..core.errors import SlidingWindowsError
from .failing import where
from .lessons import Lesson

# '<Foo object at 0x7f12ab34cd56>', or a bare address: twelve digits, where programs are loaded.
ADDRESS = re.compile(r"\bat 0[xX][0-9a-fA-F]{6,16}\b|\b0[xX](?:0000)?[5-7][0-9a-fA-F]{11}\b")
DECIMAL = re.compile(r"(?<![\w.])\d{14,15}(?![\w.])")
LOWEST, HIGHEST = 0x5000_0000_0000, 0x7FFF_FFFF_FFFF  # of addresses on 64-bit systems
ASKS_ADDRESS = re.compile(r"\bid\(|\bdata_ptr\(")
HOMES = r"/(?:home|Users|root)/[\w.-]+|\b[A-Za-z]:[\\/]+[Uu]sers[\\/]+[\w.-]+"
HOMES += r"|/mnt/[a-z]/[Uu]sers/[\w.-]+|(?:/private)?/var/folders/[\w.+-]+"
OWN = r"/(?:proc|run/user)/\d+|/dev/shm/[\w.-]+"  # of a process, of a user, of a boot
# A folder of another machine, '\\server\share', also as repr() writes it.
SHARED = re.compile(r"(?<![\w\\])(?:\\\\[\w.$-]{2,}\\|\\{4}[\w.$-]{2,}\\\\)[\w.$-]{2,}")
TABLE = re.compile(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL)  # where \\ ends a row
INSTALLED = r"/[\w./-]*/(?:site|dist)-packages\b"
ASKS_PROCESS = re.compile(r"getpp?id|\bprocess|threading|get_native_id", re.IGNORECASE)
NAMES_PROCESS = re.compile(r"\bpp?id\b|process", re.IGNORECASE)
# Addresses on other machines, whose paths are not this one's: 'https://example.com:/root/x'.
ELSEWHERE = re.compile(r"\b(?:https?|ftps?|wss?|git|ssh)://[^\s\"'<>)\]]*", re.IGNORECASE)
FEW = 60  # characters of a trace that an error quotes


def refuse_traces(lesson: Lesson, outputs: list[list[dict]], numbers: tuple[int, ...] = ()) -> None:
    """Raise SlidingWindowsError naming lesson and cell if an output reveals the machine.

    outputs: of each code cell. numbers: the ids of the processes that ran them.
    """
    paths = _paths(lesson.path.resolve().parents[1])
    for number, shown in enumerate(outputs):
        source = lesson.code[number].source
        for text in (text for output in shown for text in texts_of(output)):
            trace = _trace(text, source, paths, numbers)
            if trace:
                what, sign = trace
                raise SlidingWindowsError(
                    f"{where(lesson, number)}: an output shows {what}, "
                    f"which another build would not: {sign[:FEW]!r}"
                )


def texts_of(output: dict) -> list[str]:
    """Every text of an output that a reader can see."""
    if output["output_type"] == "stream":
        return [output["text"]]
    if output["output_type"] == "error":
        return [output["ename"], output["evalue"]]
    texts = []
    for value in output.get("data", {}).values():
        if isinstance(value, dict):  # a figure's words; its numbers come from its trace
            texts += [value[n] for n in ("caption", "alt") if isinstance(value.get(n), str)]
        else:
            texts.append(value if isinstance(value, str) else str(value))
    return texts


def _paths(project: Path) -> re.Pattern:
    """This machine's own folders, and whatever looks like a user's folder on any machine."""
    own = {str(project), str(Path.home()), tempfile.gettempdir(), sys.prefix, sys.base_prefix}
    own |= {os.path.realpath(path) for path in own}
    own |= {quote(path) for path in own}  # as in a file:// address
    home = str(Path.home())
    # '/usr' and the like are the same everywhere.
    long = sorted(
        (path for path in own if path.count(os.sep) > 1 or path == home != os.sep),
        key=len,
        reverse=True,
    )
    short = [path for path in ("/tmp", "/root", tempfile.gettempdir()) if path not in long]
    named = "|".join(rf"{re.escape(path)}(?![\w-])" for path in long)
    below = "|".join(rf"{re.escape(path)}/[\w.-]+" for path in dict.fromkeys(short))
    whole = "|".join(part for part in (named, below, HOMES, OWN, INSTALLED) if part)
    # A path begins anywhere but inside another one, so also after 'PATH=/usr/bin:' and 'file://'.
    return re.compile(rf"(?:(?<![\w./])|(?<=://)|(?<=:///)|(?<=://localhost))(?:{whole})")


def _trace(text: str, source: str, paths: re.Pattern, numbers) -> tuple[str, str] | None:
    near = ELSEWHERE.sub(" ", text)
    match = paths.search(near) or SHARED.search(TABLE.sub(" ", near))
    if match:
        return "a path of this machine", match[0]
    match = ADDRESS.search(text)
    if match:
        return "an address in memory", match[0]
    if ASKS_ADDRESS.search(source):
        for match in DECIMAL.finditer(text):
            if LOWEST <= int(match[0]) <= HIGHEST:
                return "an address in memory", match[0]
    for number in numbers:
        match = re.search(rf"(?<![\w.]){number}(?!\w|\.\d)", text)
        # Small numbers are everywhere: one is a process id only where something asks for it.
        if match and (ASKS_PROCESS.search(source) or NAMES_PROCESS.search(text)):
            return "the number of a process", match[0]
    return None


__all__ = ["refuse_traces", "texts_of"]
