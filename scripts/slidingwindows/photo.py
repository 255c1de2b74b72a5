"""The explorer's photo patch: matplotlib's sample photo as plain numbers, made by the build."""

from __future__ import annotations

import json
from pathlib import Path

from .artefacts import Entry, digest
from .sources import source_key, versions

SIDE = 64
TOP = 4  # rows left out above the head


def photo_script() -> str:
    """One statement that gives the browser SIDE rows of grey numbers from 0 to 255."""
    import matplotlib

    from .reading import read_picture

    path = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
    height = SIDE + 2 * TOP + 4  # as the photo is: a little higher than wide
    rows = read_picture(path, 1, (height, SIDE))[0][TOP : TOP + SIDE].astype(int).tolist()
    numbers = json.dumps(rows, separators=(",", ":"))
    return f"(globalThis.SlidingWindows ??= {{}}).photo = {numbers};\n"


def write_photo(folder: Path) -> str:
    """Write assets/photo.js into a folder, if it is not there as it should be; returns its name."""
    entry = Entry(folder / "assets", "photo")
    key = digest(source_key("photo"), versions("matplotlib", "pillow"))
    if entry.state(key) != "fresh":
        entry.put(key, {"photo.js": photo_script()})
    return "assets/photo.js"
