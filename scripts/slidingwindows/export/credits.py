"""Metadata inside picture files (PNG text, GIF comment): title, author, licence, source."""

from __future__ import annotations

import struct
import zlib
from ipaddress import ip_address
from urllib.parse import urlsplit

PROJECT = "Sliding Windows"
AUTHOR = f"The {PROJECT} authors"
LICENCE, TERMS = "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"
PNG, GIF = b"\x89PNG\r\n\x1a\n", b"GIF89a"


def credit(title: str, source: str = "", course: str = "") -> dict[str, str]:
    """The keywords of a figure of the site. source: where it is shown; else the project's name.

    course: the name of another author's course, whose licence we do not know.
    """
    if course:
        author = f"The {course} authors"
        return {"Title": title, "Author": author, "Source": source or course, "Software": PROJECT}
    return {
        "Title": title,
        "Author": AUTHOR,
        "Copyright": f"{LICENCE}, {TERMS}",
        "Source": source or PROJECT,
    }


def tool(title: str) -> dict[str, str]:
    """The keywords of a figure that a user draws: it is theirs, so no author and no licence."""
    return {**({"Title": title} if title else {}), "Software": PROJECT}


def shown_at(address: str, lesson: str, name: str) -> str:
    """A figure's address on a public site; '' if the site is not public."""
    return f"{address.rstrip('/')}/lessons/{lesson}/#{name}" if public(address) else ""


def public(address: str) -> bool:
    """Whether an address leads anywhere from another machine."""
    host = urlsplit(address).hostname or "localhost"
    try:
        return not ip_address(host).is_loopback
    except ValueError:  # a name
        return host != "localhost"


def stamped(picture: bytes, metadata: dict[str, str]) -> bytes:
    """A PNG with a text chunk for each keyword, or a GIF with one comment of all; pixels stay.

    picture: a file as this package writes them, without keywords of its own. Letters that the
    format cannot hold become question marks. Files of other kinds are returned as they are.
    """
    if picture.startswith(PNG):
        offset = 33  # after the header, which comes first and always has 13 bytes
        chunks = b"".join(_text(keyword, text) for keyword, text in metadata.items())
    elif picture.startswith(GIF):
        flags = picture[10]
        offset = 13 + (3 * (2 << (flags & 7)) if flags & 0x80 else 0)  # after the palette
        if picture[offset : offset + 2] == b"\x21\xff":
            offset += 19  # after the loop, which browsers look for first
        chunks = _comment("\n".join(f"{keyword}: {text}" for keyword, text in metadata.items()))
    else:
        return picture
    return picture[:offset] + chunks + picture[offset:]


def _text(keyword: str, text: str) -> bytes:
    """A tEXt chunk: Latin-1 by the specification."""
    return chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1", "replace"))


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file: length, four-letter type, data and checksum."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def _comment(text: str) -> bytes:
    """A comment extension: ASCII by the specification, in blocks of at most 255 bytes."""
    data = text.encode("ascii", "replace")
    blocks = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"\x21\xfe" + b"".join(bytes((len(one),)) + one for one in blocks) + b"\0"
