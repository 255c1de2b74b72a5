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
from .failing import shell_file, where
from .lessons import Lesson
from .terminal import left

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
MOST_OUTPUT = 20_000  # characters that a cell may print, and again that its values may have
FEW = 60  # characters of a trace that an error quotes
# '/…/x.py:21: UserWarning: what it warns of', as Python prints it.
WARNING = re.compile(r":\d+: (\w*Warning): (.*)")
PLAIN = "text/plain"
# A frame of a traceback that is in no cell: 'File ~/x/functional.py:12, in relu(x)'.
FRAME = re.compile(r"^ *File [^<\s]", re.MULTILINE)
STYLED = re.compile(r'<table id="(T_[0-9a-f]{5,32})"')  # pandas draws lots for a styled table's id


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
                    f"which another build would not: {sign[:FEW]!r}{_way_out(text)}"
                )


def _way_out(text: str) -> str:
    """What to do about a text that Python's warnings printed; '' for any other."""
    warning = WARNING.search(text)
    if not warning:
        return ""
    name, words = warning[1], warning[2].strip()
    return (
        f"; it is a {name}, {words[:FEW]!r}: mend what it warns of, or first call "
        'warnings.simplefilter("ignore")'
    )


def seen(data: dict) -> dict:
    """A value by MIME type, without its plain text if a richer form is what every reader gets."""
    return {mime: value for mime, value in data.items() if mime != PLAIN or len(data) == 1}


def as_kept(
    lesson: Lesson, outputs: list[list[dict]], numbers: tuple[int, ...] = ()
) -> list[list[dict]]:
    """Outputs without what nobody is shown of them, where that reveals the machine or is long.

    This is the plain text of what has a richer form, and those parts of an error's traceback that
    are in no cell.
    An object without a text of its own has one with its address, which no two builds agree on.
    """
    paths, tables = _paths(lesson.path.resolve().parents[1]), 0

    def kept(output: dict, source: str) -> dict:
        nonlocal tables
        if output["output_type"] == "error":
            parts = [part for part in output["traceback"] if not FRAME.search(left(part))]
            if _trace(left("\n".join(parts)), source, paths, numbers):
                parts = [f"{output['ename']}: {output['evalue']}".rstrip(": ")]
            told = shell_file(output["evalue"], r" (line \1)")
            return {**output, "evalue": told, "traceback": parts}
        data = output.get("data", {})
        html = data.get("text/html")
        if isinstance(html, str) and STYLED.search(html):
            tables += 1
            data = {**data, "text/html": with_steady_id(html, f"T_{tables}")}
        plain = str(data[PLAIN]) if PLAIN in data else ""
        if len(plain) > MOST_OUTPUT or _trace(plain, source, paths, numbers):
            data = seen(data)
        return output if data is output.get("data", data) else {**output, "data": data}

    return [
        [kept(output, cell.source) for output in shown]
        for cell, shown in zip(lesson.code, outputs, strict=True)
    ]


def with_steady_id(html: str, name: str = "T") -> str:
    """HTML of a styled table of pandas with an id of ours, which is the same in every build."""
    table = STYLED.search(html)
    return re.sub(rf"\b{table[1]}(?![0-9a-f])", name, html) if table else html


def texts_of(output: dict) -> list[str]:
    """Every text of an output that a reader can see."""
    if output["output_type"] == "stream":
        return [output["text"]]
    if output["output_type"] == "error":
        return [output["ename"], output["evalue"]]
    texts = []
    for value in seen(output["data"]).values():
        if isinstance(value, dict):  # a figure's words; its numbers come from its trace
            texts += [value[n] for n in ("caption", "alt") if isinstance(value.get(n), str)]
        else:
            texts.append(str(value))
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
    short = dict.fromkeys(("/tmp", "/root", tempfile.gettempdir()))
    named = "|".join(rf"{re.escape(path)}(?![\w-])" for path in long)
    below = "|".join(rf"{re.escape(path)}/[\w.-]+" for path in short)
    whole = "|".join(part for part in (named, below, HOMES, OWN, INSTALLED) if part)
    # A path begins anywhere but inside another one, so also after 'PATH=/usr/bin:' and 'file://'.
    return re.compile(rf"(?:(?<![\w./])|(?<=://)|(?<=:///)|(?<=://localhost))(?:{whole})")


def _trace(text: str, source: str, paths: re.Pattern, numbers) -> tuple[str, str] | None:
    near = ELSEWHERE.sub("", text)
    match = paths.search(near) or SHARED.search(TABLE.sub("", near))
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
