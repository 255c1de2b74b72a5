"""What each picture's file says of itself: title, author, licence and source, in its metadata."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from figure_cases import case
from PIL import Image, ImageSequence
from test_gif import blocks
from test_renderers import line, network
from torch import nn

from slidingwindows import receptive_field, save, slide
from slidingwindows.export.credits import credit, public, shown_at, stamped
from slidingwindows.export.encoding import contents
from slidingwindows.export.render import render
from slidingwindows.lesson import plot, show

ROOT = Path(__file__).parents[2]
SOURCE = "https://example.org/course/lessons/max-pooling/#first"
TRACE = slide(nn.MaxPool2d(2), torch.arange(16.0).reshape(1, 4, 4))
LAYERS = nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(2))
FIGURES = {
    "trace": lambda: show(TRACE, "first"),
    "network": lambda: show(network(), "first"),
    "field": lambda: show(receptive_field(LAYERS, (1, 12, 12)), "first"),
    "plot": lambda: plot(line, "first", alt="A line falls."),
}


def said(picture: bytes) -> dict[str, str]:
    """The keywords of a file, as Pillow reads them."""
    image = Image.open(io.BytesIO(picture))
    if image.format == "GIF":
        lines = image.info["comment"].decode("ascii").splitlines()
        return dict(one.split(": ", 1) for one in lines)
    return dict(image.text)


def unpacked(files: dict[str, bytes]) -> dict[str, bytes]:
    """Pictures by the name of their file, those in zips among them."""
    found = {}
    for name, data in files.items():
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                found |= {inside: archive.read(inside) for inside in archive.namelist()}
        elif not name.endswith(".js"):
            found[name] = data
    return found


def expected(title: str, source: str) -> dict[str, str]:
    return {
        "Title": title,
        "Author": "The Sliding Windows authors",
        "Copyright": "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
        "Source": source,
    }


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("source", [SOURCE, ""])
def test_every_picture_of_a_figure_carries_its_credit(name, source):
    pictures = unpacked(render(FIGURES[name]().data, source).files)
    kinds = {file.rpartition(".")[2] for file in pictures}
    assert kinds == ({"png"} if name == "plot" else {"png", "gif"})
    assert len(pictures) >= (2 if name == "plot" else 10)
    title = f"first: {TRACE.call}" if name == "trace" else "first"
    for file, data in pictures.items():
        assert said(data) == expected(title, source or "Sliding Windows"), file


@pytest.mark.parametrize("name", FIGURES)
def test_another_author_s_course_names_that_author_and_no_licence_of_ours(name):
    data = {**FIGURES[name]().data, "course": "Windows – mine"}
    for file, picture in unpacked(render(data).files).items():
        words = said(picture)
        assert words.pop("Title").startswith("first"), file
        name = words["Source"]
        assert name in ("Windows ? mine", "Windows – mine")  # as far as the format has letters
        assert words == {
            "Author": f"The {name} authors",
            "Source": name,
            "Software": "Sliding Windows",
        }


def test_licence_and_author_are_those_of_the_licence_file():
    text = (ROOT / "LICENSE").read_text("utf-8")
    facts = credit("a")
    licence, address = facts["Copyright"].split(", ")
    assert f"({licence})" in text and f"{address}\n" in text
    assert f"Copyright (c) 2026 {facts['Author']}\n" in text
    assert f"- name: {facts['Author']}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


@pytest.mark.parametrize("kind", ["gif", "png", "apng", "zip"])
def test_a_figure_that_somebody_draws_is_theirs(kind, tmp_path):
    """No licence of ours is put on it: only what it shows, and with what it was made."""
    path = save(TRACE, tmp_path / f"a.{kind}")
    pictures = unpacked({path.name: path.read_bytes()})
    assert pictures
    for data in pictures.values():
        assert said(data) == {"Title": TRACE.call, "Software": "Sliding Windows"}
    field = save(receptive_field(LAYERS, (1, 12, 12)), tmp_path / "field.gif")
    assert said(field.read_bytes()) == {"Software": "Sliding Windows"}


@pytest.mark.parametrize("kind", ["gif", "png", "apng"])
def test_no_pixel_and_no_time_is_changed(kind):
    plain = contents(case("max"), kind)
    more = stamped(plain, credit("a", SOURCE))
    both = [ImageSequence.Iterator(Image.open(io.BytesIO(data))) for data in (plain, more)]
    for one, other in zip(*both, strict=True):
        assert one.info.get("duration") == other.info.get("duration")
        np.testing.assert_array_equal(one.convert("RGB"), other.convert("RGB"))


def test_it_is_small():
    plain = contents(TRACE, "png")
    assert len(stamped(plain, credit("a", SOURCE))) - len(plain) < 300


def test_a_png_read_by_the_letter_of_its_specification():
    data = stamped(contents(TRACE, "png"), {"Title": "a × b", "Source": "→"})
    place, chunks = 8, []
    while place < len(data):
        [length] = struct.unpack(">I", data[place : place + 4])
        body = data[place + 4 : place + 8 + length]
        [check] = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
        assert check == zlib.crc32(body)
        chunks.append((body[:4], body[4:]))
        place += 12 + length
    assert [kind for kind, _ in chunks[:3]] == [b"IHDR", b"tEXt", b"tEXt"]
    assert chunks[-1] == (b"IEND", b"")
    # Latin-1 has a sign for times and none for an arrow.
    assert [text for _, text in chunks[1:3]] == [b"Title\0a \xd7 b", b"Source\0?"]


@pytest.mark.parametrize("length", [1, 246, 247, 248, 600])
def test_a_gif_read_by_the_letter_of_its_specification(length):
    """A comment of any length, in blocks of at most 255 bytes, behind the loop."""
    plain, text = contents(TRACE, "gif"), "x" * length
    data = stamped(plain, {"Comment": text})
    read, was = blocks(data), blocks(plain)
    assert read.pop("comments") == [b"Comment: " + text.encode(), *was.pop("comments")]
    assert read == was
    place = data.index(b"NETSCAPE2.0") + 16
    assert data[place : place + 2] == b"\x21\xfe"


def test_other_files_are_left_alone():
    assert stamped(b"RIFF....WEBP", credit("a")) == b"RIFF....WEBP"


def test_where_a_figure_is_shown():
    assert shown_at("https://example.org/course/", "padding", "first") == (
        "https://example.org/course/lessons/padding/#first"
    )
    for here in ("", "http://127.0.0.1:8000/", "http://localhost/", "http://[::1]/"):
        assert not public(here) and shown_at(here, "padding", "first") == ""
