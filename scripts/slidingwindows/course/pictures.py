"""Pictures in a lesson's words: files of lessons/images/, and what a notebook has attached.

On a page each is a file with words and a size; in a notebook for readers it is in its cell.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import normpath
from urllib.parse import quote, unquote

from ..core.errors import SlidingWindowsError
from .blocks import fenced
from .failing import where_in_words
from .inert import faults_in, without_code
from .lessons import Cell, Lesson

FOLDER, ATTACHED = "images", "attached"  # within lessons/, and so in the site
KINDS = {".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
KINDS |= {".webp": "image/webp", ".svg": "image/svg+xml"}
ADDRESS = r"\(\s*(?P<address><[^<>\n]*>|[^\s()]+)(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
ALT = r"!\[(?P<alt>(?:[^\[\]]|\[[^\[\]]*\])*)\]"
PICTURE = re.compile(ALT + ADDRESS + r"(?P<braces>\{[^}\n]*\})?")
REFERENCE = re.compile(r"!\[[^\[\]]*\] ?\[[^\[\]]*\]")
IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/|#", re.IGNORECASE)  # hosts, data, the site's root
MADE = ("figures/", "assets/")  # in the site, of what a build makes


@dataclass(frozen=True)
class Picture:
    """A picture of this lesson's own in its words.

    start, end: of the address in the cell's text. behind: where attributes of it may be added, 0
    if some are there. file: its address from the page. kind: a MIME type. size: in CSS pixels,
    unknown for drawings.
    """

    start: int
    end: int
    behind: int
    file: str
    kind: str
    content: bytes
    size: tuple[int, int] | None


def pictures_in(lesson: Lesson, number: int) -> list[Picture]:
    """The lesson's own pictures in a cell, which is counted among all cells from 0.

    Raises SlidingWindowsError naming cell and line for a picture without words, and for one that
    is not there.
    """
    cell = lesson.cells[number]
    if cell.kind != "markdown" or not ("![" in cell.source or IMG.search(cell.source)):
        return []
    found, text = [], _without_code(cell.source)
    for one in [*REFERENCE.finditer(text), *IMG.finditer(text)]:
        source = re.search(r"\bsrc\s*=\s*[\"']?([^\"'\s>]+)", one[0])
        if not source or not ELSEWHERE.match(source[1]):
            place = where_in_words(lesson, number, one.start())
            raise SlidingWindowsError(f"{place}: write {one[0]} as ![what it shows](address)")
    for one in PICTURE.finditer(text):
        address, place = one["address"].strip("<>"), where_in_words(lesson, number, one.start())
        if not cell.source[one.start("alt") : one.end("alt")].strip():
            raise SlidingWindowsError(
                f"{place}: a picture without alt text; write ![what it shows]({address})"
            )
        named = _own(lesson, cell, address, place)
        if named:
            behind = 0 if one["braces"] else one.end()
            found.append(Picture(*one.span("address"), behind, *named))
    return found


def _own(
    lesson: Lesson, cell: Cell, address: str, place: str
) -> tuple[str, str, bytes, tuple[int, int] | None] | None:
    """(address from the page, MIME type, content, size) of a picture that is the lesson's own."""
    scheme, _, file = unquote(address).partition(":")
    if scheme == "attachment":
        if file not in cell.attachments:
            known = ", ".join(cell.attachments) or "none"
            raise SlidingWindowsError(f"{place}: the cell has no attachment {file!r}, but {known}")
        kind, content = cell.attachments[file]
        name = re.sub(r"[^\w.-]+", "-", Path(file).stem).strip(".-") or "picture"
        suffix = next((suffix for suffix, known in KINDS.items() if known == kind), "")
        if not suffix:
            raise SlidingWindowsError(f"{place}: {file} is of type {kind}, which is no picture")
        size = _size(content, suffix, f"{place}: {file}")
        return f"{ATTACHED}/{lesson.name}.{name}{suffix}", kind, content, size
    if ELSEWHERE.match(address):
        return None
    folder, path = lesson.path.parent, normpath(unquote(address))
    if path.startswith("../"):  # a picture of docs/, or one that the build makes
        rest = path.removeprefix("../")
        if not rest.startswith(MADE) and not (folder.parent / "docs" / rest).is_file():
            raise SlidingWindowsError(f"{place}: there is no docs/{rest}")
        return None
    suffix = Path(path).suffix.lower()
    if not path.startswith(f"{FOLDER}/") or suffix not in KINDS:
        raise SlidingWindowsError(
            f"{place}: a lesson's pictures are in lessons/{FOLDER}/ and end in {', '.join(KINDS)}; "
            f"{address} does not"
        )
    try:
        content = (folder / path).read_bytes()
    except OSError as error:
        raise SlidingWindowsError(f"{place}: there is no lessons/{path}") from error
    return quote(path), KINDS[suffix], content, _size(content, suffix, f"{place}: lessons/{path}")


def _size(content: bytes, suffix: str, named: str) -> tuple[int, int] | None:
    """CSS pixels, unknown for drawings. Raises SlidingWindowsError for what is no picture."""
    from PIL import Image

    if suffix == ".svg":
        text = content.decode("utf-8", "replace")
        faults = [f for f in faults_in(text, "") if not re.match(r"<?style", f.what)]
        if faults or "<svg" not in text:
            what = faults[0].what if faults else "no <svg>"
            raise SlidingWindowsError(f"{named} is no drawing that a page can show: {what}")
        return None
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise SlidingWindowsError(f"{named} is no picture that can be read") from error


def on_page(cell: Cell, pictures: list[Picture]) -> str:
    """A cell's words with the addresses and sizes that its pictures have in the site."""
    text = cell.source
    for one in reversed(pictures):
        if one.size and one.behind:
            sides = f"{{ width={one.size[0]} height={one.size[1]} loading=lazy }}"
            text = text[: one.behind] + sides + text[one.behind :]
        text = text[: one.start] + one.file + text[one.end :]
    return text


def in_notebook(cell: Cell, pictures: list[Picture]) -> tuple[str, dict]:
    """A cell's words with its pictures attached, and the attachments."""
    text, attached = cell.source, {}
    for one in reversed(pictures):
        name = one.file.rpartition("/")[2]
        attached[name] = {one.kind: base64.b64encode(one.content).decode()}
        text = f"{text[: one.start]}attachment:{name}{text[one.end :]}"
    return text, attached


def every_picture(lesson: Lesson) -> list[Picture]:
    """The lesson's own pictures in all its cells; raises what pictures_in() raises."""
    return [one for number in range(len(lesson.cells)) for one in pictures_in(lesson, number)]


def attached_files(pictures: list[Picture]) -> dict[str, bytes]:
    """What a lesson's notebook has attached, by file in the folder of such files."""
    return {Path(p.file).name: p.content for p in pictures if p.file.startswith(ATTACHED)}


def image_files(lessons: Path) -> Iterator[str]:
    """Addresses from the site's root of the pictures in the folder of images."""
    for path in sorted((lessons / FOLDER).rglob("*")):
        if path.suffix.lower() in KINDS and path.is_file():
            _size(path.read_bytes(), path.suffix.lower(), str(path.relative_to(lessons.parent)))
            yield path.relative_to(lessons.parent).as_posix()


def _without_code(markdown: str) -> str:
    """Markdown of the same length with blanks for its code."""
    lines = markdown.split("\n")
    code = fenced(lines)
    kept = "\n".join(" " * len(line) if code[n] else line for n, line in enumerate(lines))
    return without_code(kept)
