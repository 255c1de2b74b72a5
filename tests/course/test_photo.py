"""The site's one photo: its grey values for the script, as numpy makes them of the file."""

import json
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from slidingwindows.course.photo import photo_credit, photo_script, write_photo


def test_the_script_holds_the_head_in_64_rows_of_64():
    script = photo_script()
    begin, end = "(globalThis.SlidingWindows ??= {}).photo = [[", "]];\n"
    assert script.startswith(begin) and script.endswith(end) and " " not in script[len(begin) :]
    rows = np.array(json.loads(f"[[{script.removeprefix(begin).removesuffix(end)}]]"))
    assert rows.shape == (64, 64) and rows.dtype == int
    path = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
    grey = np.asarray(Image.open(path).convert("L"), float)
    # Means of what each number covers, to a pixel; all but 4 rows above and 8 below are there.
    down, across = (np.linspace(0, side, count + 1).round().astype(int)
                    for side, count in zip(grey.shape, (76, 64), strict=True))  # fmt: skip
    sums = np.add.reduceat(np.add.reduceat(grey, down[:-1], 0), across[:-1], 1)
    means = sums / np.outer(np.diff(down), np.diff(across))
    assert np.abs(means[4:68] - rows).mean() < 1.5
    for moved in (means[3:67], means[5:69], np.roll(means[4:68], 1, axis=1)):
        assert np.abs(moved - rows).mean() > 3


def test_the_script_is_written_once(tmp_path):
    assert write_photo(tmp_path) == "assets/photo.js"
    path = tmp_path / "assets" / "photo.js"
    assert path.read_text("utf-8") == photo_script()
    made = path.stat().st_mtime_ns, path.stat().st_ino
    assert write_photo(tmp_path) == "assets/photo.js"
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == made
    path.write_text("damaged")
    write_photo(tmp_path)
    assert path.read_text("utf-8") == photo_script()


def test_the_credit_leads_to_the_notices():
    assert photo_credit("../../") == (
        "*Photo: Commodore Grace M. Hopper, official portrait, United States Navy, 1984. Public "
        "domain in the United States; from matplotlib's sample data. See "
        "[Notices](../../reference/notices.md#portrait-of-grace-hopper).*"
    )
