"""Each message of lessons/error-messages.py: torch says it for the call shown, the cure works."""

import ast
import re

import pytest
import torch
import torch.nn.functional as F
from claims import LESSONS
from torch import nn

from slidingwindows.lessons import read

CELLS = read(LESSONS / "error-messages.py").cells
HEADINGS = [c.source.removeprefix("## ") for c in CELLS if c.source.startswith("## ")]
CALLS = [c.source for c in CELLS if c.source.startswith("refused(")]
X = torch.rand(1, 5, 5)


def test_every_message_has_its_call():
    assert len(HEADINGS) == len(CALLS) >= 15
    # FACTS of the course: what people search for.
    for words in (
        "pad should be at most half of",
        "Output size is too small",
        "padding='same' is not supported for strided convolutions",
        "Found an invalid max index",
        "stride should not be zero",
        "non-empty 3D or 4D",
    ):
        assert any(words in heading for heading in HEADINGS), words


@pytest.mark.parametrize(("heading", "cell"), list(zip(HEADINGS, CALLS, strict=True)))
def test_torch_says_it(heading, cell):
    call = ast.parse(cell, mode="eval").body.args[0].body
    code = compile(ast.Expression(call), heading, "eval")
    with pytest.raises(Exception, match=re.escape(heading)):
        eval(code, {"torch": torch, "nn": nn, "x": X})


def test_the_cures_work():
    """What the page advises, done."""
    assert nn.MaxPool2d(2, padding=2 // 2)(X).shape == (1, 3, 3)
    nine = torch.rand(1, 9, 9)
    padded = F.pad(nine, (2, 2, 2, 2), value=-torch.inf)
    assert nn.MaxPool2d(3, stride=1, dilation=2)(padded).shape == nine.shape
    assert nn.Conv2d(1, 1, 3, stride=2, padding=1)(X).shape == (1, 3, 3)
    assert nn.MaxPool2d(3, stride=1, padding=1)(X).shape == X.shape
    assert nn.MaxPool2d(2)(torch.rand(5, 5)[None]).shape == (1, 2, 2)
    whole = torch.arange(25.0).reshape(1, 5, 5)
    values, indices = nn.MaxPool2d(2, return_indices=True)(whole)
    back = nn.MaxUnpool2d(2)(values, indices, output_size=whole.shape[-2:])
    assert torch.equal(back[back > 0], values.flatten())
    assert torch.equal(back[back > 0], whole[back > 0])
    last = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 10))
    assert last(torch.rand(1, 1, 10, 10)).shape == last(torch.rand(1, 1, 7, 9)).shape
    assert nn.Conv2d(1, 8, 3)(torch.randint(0, 9, (1, 1, 8, 8)).float()).shape == (1, 8, 6, 6)
    assert nn.Conv2d(1, 1, 3, padding=4, padding_mode="reflect")(X).shape == (1, 11, 11)
    assert nn.Conv2d(1, 1, 3, padding=5, padding_mode="circular")(X).shape == (1, 13, 13)
    assert nn.ConvTranspose2d(1, 1, 3, stride=2, output_padding=1)(X).shape == (1, 12, 12)


def test_half_leaves_one_real_number_in_a_corner():
    """The figure: which windows hold how many of the input's numbers."""
    ones = torch.ones(1, 4, 4)
    real = 4 * nn.AvgPool2d(2, stride=2, padding=1)(ones)
    assert real[0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


def test_a_wrong_size_may_also_pass_in_silence():
    """'When it does not, the numbers land at wrong places without a word.'"""
    x = torch.zeros(1, 5, 5)
    x[0, 1, 1] = 9
    values, indices = nn.MaxPool2d(2, return_indices=True)(x)
    with torch.no_grad():
        indices = indices.clamp(max=15)
        back = nn.MaxUnpool2d(2)(values, indices)
    assert back[0, 1, 1] != 9 and back[0, 1, 2] == 9


def test_links_lead_to_lessons_that_exist():
    names = re.findall(r"\]\(([\w-]+)\.ipynb\)", "\n".join(c.source for c in CELLS))
    assert len(names) == len(HEADINGS)
    missing = {name for name in names if not (LESSONS / f"{name}.py").exists()}
    assert not missing
