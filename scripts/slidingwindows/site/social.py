"""Social cards: the picture that a shared link shows, with a page's title and first figure."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw

from ..drawing.style import LIGHT, font
from ..export.credits import PROJECT
from ..export.files import Entry, digest
from .embed import MARK

SIZE = (1200, 630)  # pixels, what most sites show whole
MARGIN, GAP, COLUMN = 64, 48, 520
LARGE, SMALL = 56, 28
COLOURS = 64
SOURCE = Path(__file__).read_bytes()


def social_picture(
    name: str,
    title: str,
    description: str,
    markdown: str,
    figures: Path,
    cache: Path,
    site: str = PROJECT,
) -> bytes:
    """A PNG of SIZE, drawn again only if its words or its figure changed.

    name: the page's, of which one picture is kept. markdown: the page's, with the marks of its
    figures. figures: where their stills lie. cache: where the picture is kept, as an artefact.
    site: its name, at the foot.
    """
    still = _still(markdown, figures)
    key = digest(SOURCE, title, description, still, site)
    entry, kept = Entry(cache, name), cache / f"{name}.png"
    if entry.state(key) == "fresh":
        return kept.read_bytes()
    drawn = _draw(title, description, still, site)
    entry.put(key, {kept.name: drawn})
    return drawn


def forget_others(cache: Path, site: Path) -> None:
    """Remove cached pictures of pages that the finished site no longer has."""
    shown = {path.stem for path in (site / "social").glob("*.png")}
    for path in cache.glob("[!.]*") if shown else ():
        if path.stem not in shown:
            path.unlink(missing_ok=True)


def _still(markdown: str, figures: Path) -> bytes:
    for name in MARK.findall(markdown):
        path = figures / f"{name}.light.png"
        if path.exists():
            return path.read_bytes()
    return b""


def _draw(title: str, description: str, still: bytes, site: str) -> bytes:
    from ..drawing.grid import wrap  # with numpy, and most builds draw no picture

    picture = Image.new("RGB", SIZE, LIGHT.rgb("page"))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, SIZE[0], 14), fill=LIGHT.rgb("fresh"))
    width = COLUMN if still else SIZE[0] - 2 * MARGIN
    top = 96
    large, small = font(LARGE, bold=True), font(SMALL)
    for line in wrap(title, LARGE, room=width, bold=True):
        pen.text((MARGIN, top), line, LIGHT.rgb("text"), large)
        top += 70
    top += 22
    room = (SIZE[1] - 130 - top) // 40
    lines = wrap(description, SMALL, room=width)
    if len(lines) > room:
        kept = lines[room - 1].rsplit(" ", 1)[0]  # room for the dots
        lines = [*lines[: room - 1], f"{kept} …"]
    for line in lines:
        pen.text((MARGIN, top), line, LIGHT.rgb("muted"), small)
        top += 40
    foot = wrap(site, 30, room=width, bold=True)[0]
    pen.text((MARGIN, SIZE[1] - 92), foot, LIGHT.rgb("fresh"), font(30, bold=True))
    if still:
        _paste(picture, still)
    data = io.BytesIO()
    flat = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat.save(data, "PNG", optimize=True)
    return data.getvalue()


def _paste(picture: Image.Image, still: bytes) -> None:
    """Paste the figure into the right half, as large as it fits; of a tall one, its top."""
    figure = Image.open(io.BytesIO(still)).convert("RGB")
    left = MARGIN + COLUMN + GAP
    width, height = SIZE[0] - left - GAP, SIZE[1] - 2 * GAP
    scale = width / figure.width
    if figure.height * scale > height * 1.6:
        figure = figure.crop((0, 0, figure.width, round(height / scale)))
    scale = min(width / figure.width, height / figure.height)
    figure = figure.resize((round(figure.width * scale), round(figure.height * scale)))
    top = (SIZE[1] - figure.height) // 2
    picture.paste(figure, (left + (width - figure.width) // 2, top))
