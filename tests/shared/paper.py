"""Read the pictures in a PDF, as Chromium writes them: eight-bit samples, deflated."""

import numpy as np


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
