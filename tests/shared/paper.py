"""Read a PDF as Chromium writes it: pictures as eight-bit samples, deflated, letters as glyphs."""

import re

import numpy as np

# In a page's content: a font is chosen, or glyphs are shown, each by its number in that font.
SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-F]+)> Tj")
# In a font's table: from a number, or from one to another, these are the letters.
LETTERS = re.compile(r"^<([0-9A-F]+)> (?:<([0-9A-F]+)> )?<([0-9A-F]+)>$", re.MULTILINE)


def pictures(document) -> list[np.ndarray]:
    """Height by width by 3 of each picture, page by page, in the order of the pages' resources."""
    return [found for page in document.pages for found in _inside(page)]


def _inside(part):
    for thing in part.get("/Resources", {}).get("/XObject", {}).values():
        thing = thing.get_object()
        if thing["/Subtype"] == "/Image":
            assert thing["/BitsPerComponent"] == 8
            samples = np.frombuffer(thing.get_data(), np.uint8)
            samples = samples.reshape(thing["/Height"], thing["/Width"], -1)
            yield np.broadcast_to(samples, (*samples.shape[:2], 3))
        else:
            yield from _inside(thing)


def letters(document) -> list[str]:
    """What is written on each page, in the order in which it is drawn, white space left out.

    pypdf's extract_text() also finds out where words and lines end, and takes ten times as long.
    """
    fonts: dict[int, dict[str, str]] = {}
    return ["".join(_shown(page, page["/Contents"], fonts)) for page in document.pages]


def _shown(part, content, fonts):
    """The letters of a page, or of a form on it; those of the forms that it draws at last."""
    resources, font = part.get("/Resources", {}), {}
    for name, glyphs in SHOWN.findall(content.get_data()):
        if name:
            font = _font(resources["/Font"][f"/{name.decode()}"], fonts)
            digits = len(next(iter(font)))
        else:
            text = glyphs.decode()
            for place in range(0, len(text), digits):
                yield font[text[place : place + digits]]
    for thing in resources.get("/XObject", {}).values():
        form = thing.get_object()
        if form["/Subtype"] == "/Form":
            yield from _shown(form, form, fonts)


def _font(font, fonts) -> dict[str, str]:
    """The letters of each glyph by its number, in hexadecimal digits."""
    table = font["/ToUnicode"]
    if id(table) not in fonts:
        found = fonts[id(table)] = {}
        for first, last, given in LETTERS.findall(table.get_data().decode("ascii")):
            *before, letter = bytes.fromhex(given).decode("utf-16-be")
            for n in range(int(last or first, 16) - int(first, 16) + 1):
                number = f"{int(first, 16) + n:0{len(first)}X}"
                found[number] = "".join([*before, chr(ord(letter) + n)]).strip()
    return fonts[id(table)]
