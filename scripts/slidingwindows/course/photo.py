"""The site's one photo, matplotlib's portrait of Grace Hopper: its credit, and its grey values."""

from __future__ import annotations

import json
from pathlib import Path

from ..export.files import Entry, digest
from .keys import source_key, versions

FILE = "grace_hopper.jpg"
STATUS = (
    "Commodore Grace M. Hopper, official portrait, United States Navy, 1984. "
    "Public domain in the United States; from matplotlib's sample data."
)
SIDE = 64
TOP = 4  # rows left out above the head


def photo_credit(up: str) -> str:
    """A line of Markdown for a page that shows the photo. up: the path to the pages' folder."""
    return f"*Photo: {STATUS} See [Notices]({up}reference/notices.md#portrait-of-grace-hopper).*"


def photo_script() -> str:
    """One JavaScript statement with SIDE rows of grey values, 0 to 255."""
    import matplotlib

    from ..tracing.reading import read_picture

    path = Path(matplotlib.get_data_path(), "sample_data", FILE)
    height = SIDE + 2 * TOP + 4  # the photo is a little taller than wide
    rows = read_picture(path, 1, (height, SIDE))[0][TOP : TOP + SIDE].astype(int).tolist()
    numbers = json.dumps(rows, separators=(",", ":"))
    return f"(globalThis.SlidingWindows ??= {{}}).photo = {numbers};\n"


def write_photo(folder: Path) -> str:
    """Write assets/photo.js into a folder unless it is up to date; returns its name."""
    entry = Entry(folder / "assets", "photo")
    key = digest(source_key("course.photo"), versions("matplotlib", "pillow"))
    if entry.state(key) != "fresh":
        entry.put(key, {"photo.js": photo_script()})
    return "assets/photo.js"
