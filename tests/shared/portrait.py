"""The lessons' photo, read independently: matplotlib's sample in grey, 0 to 255."""

from __future__ import annotations

from functools import cache

import matplotlib.cbook
import numpy as np
from PIL import Image


@cache
def portrait(side: int = 320) -> np.ndarray:
    """The face in so many rows and columns, float32; 320 are the photo's own pixels."""
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    return np.asarray(picture.crop((90, 20, 410, 340)).resize((side, side)), np.float32)
