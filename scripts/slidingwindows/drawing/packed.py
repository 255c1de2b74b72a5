"""The size of the picture that a plot's layers travel in; told without numpy, as all builds ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SCALE = 2  # pictures are drawn at twice their size, sharp on dense screens


def layers_fit(image: Image.Image, width: int, height: int) -> bool:
    """Whether a picture, which need not be read for that, may hold the layers of such a plot."""
    return image.mode == "RGB" and image.size == (SCALE * width, 3 * SCALE * height)
