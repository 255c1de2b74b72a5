"""What a lesson's links to the explorer hold: the layer, its input and weights."""

import re
from urllib.parse import unquote

import torch
from torch import nn

from slidingwindows import slide

LINK = re.compile(r"\]\(\.\./explorer\.md#([^)\s]+)\)")


def states(page) -> list[dict[str, str]]:
    """Each link's words by name, as the explorer reads them."""
    text = "\n".join(cell.source for cell in page.run.lesson.cells if cell.kind == "markdown")
    pairs = [[part.split("=", 1) for part in link.split("&")] for link in LINK.findall(text)]
    return [{name: unquote(value.replace("+", " ")) for name, value in one} for one in pairs]


def _grid(text: str) -> torch.Tensor:
    return torch.tensor([[float(n) for n in row.split(",")] for row in text.split(";")])


def opens(page, name: str) -> None:
    """The page's one link to the explorer leads to what this figure of the page shows."""
    [words] = states(page)
    layer = eval(words["call"], {"nn": nn}).requires_grad_(False)
    if "weights" in words:
        layer.weight.data = _grid(words["weights"])[None, None]
    shown, linked = page.figure(name), slide(layer, _grid(words["input"])[None])
    for part in ("geometry", "planes", "weights", "output", "stretch"):
        assert getattr(linked, part) == getattr(shown, part), f"the link has another {part}"
