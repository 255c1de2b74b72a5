"""The Python printed beside a figure: run, it makes the same figure, byte for byte."""

import pytest
import torch
from figure_cases import CASES, case
from torch import nn

import slidingwindows
from slidingwindows import Trace, Transfer, route, slide
from slidingwindows.words.recipe import MOST_NUMBERS, recipe


def made_by(text: str, monkeypatch):
    """The figure that a recipe saves."""
    saved = []
    monkeypatch.setattr(slidingwindows, "save", lambda *call: saved.append(call), raising=False)
    exec(compile(text, "recipe", "exec"), {"__name__": "recipe"})
    [(figure, name)] = saved
    assert name == "figure.gif"
    return figure


def whole(seed: int, *shape: int) -> torch.Tensor:
    return torch.randint(-9, 10, shape, generator=torch.Generator().manual_seed(seed)).float()


def odd(seed: int, *shape: int, dtype=torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def unpooled():
    values, indices = nn.MaxPool2d(2, return_indices=True)(whole(1, 2, 3, 6, 6))
    module = nn.MaxUnpool2d(2)
    return slide(module, values, channel=2, sample=1, indices=indices, output_size=(7, 7))


def unpooled_volume():
    values, indices = nn.MaxPool3d(2, return_indices=True)(whole(19, 1, 2, 4, 4, 5))
    size = {"indices": indices, "output_size": (4, 4, 5)}
    return slide(nn.MaxUnpool3d(2), values, channel=1, depth=2, **size)


def unpooled_signal():
    values, indices = nn.MaxPool1d(2, return_indices=True)(whole(20, 2, 9))
    return slide(nn.MaxUnpool1d(2), values, channel=1, indices=indices, output_size=(9,))


MORE = {
    "unpooled volume": unpooled_volume,
    "unpooled signal": unpooled_signal,
    "transposed volume, groups": lambda: slide(
        nn.ConvTranspose3d(4, 2, (3, 2, 2), (2, 1, 2), (1, 0, 1), groups=2),
        odd(21, 4, 3, 2, 3),
        channel=1,
        depth=2,
    ),
    "output_size": lambda: slide(
        nn.ConvTranspose2d(1, 1, 3, 2, 1), odd(22, 1, 3, 3), output_size=(6, 5)
    ),
    "gradient of a transposed volume": lambda: route(
        nn.ConvTranspose3d(2, 1, 3, 2), odd(23, 2, 2, 2, 2), depth=2, plane=5
    ),
    "gradient of a cropped one": lambda: route(
        nn.ConvTranspose2d(1, 1, 2, 2, padding=2), odd(24, 1, 4, 4)
    ),
    "one sample of a batch": lambda: slide(
        nn.MaxPool2d(2), odd(1, 3, 2, 4, 4), channel=1, sample=2
    ),
    "float64": lambda: slide(nn.AvgPool2d(2), odd(2, 1, 4, 4, dtype=torch.float64)),
    "bfloat16": lambda: slide(nn.MaxPool2d(2), odd(2, 1, 4, 4, dtype=torch.bfloat16)),
    "int64": lambda: slide(nn.AvgPool2d(2), whole(2, 1, 4, 4).long()),
    "groups": lambda: slide(nn.Conv2d(4, 6, 3, groups=2), odd(3, 4, 5, 5), channel=4),
    "a signal": lambda: slide(nn.Conv1d(2, 3, 3, padding=1), odd(4, 1, 2, 8), channel=2),
    "a volume": lambda: slide(
        nn.Conv3d(2, 2, 2, padding=1), odd(5, 2, 3, 4, 4), depth=3, channel=1
    ),
    "transposed, groups": lambda: slide(
        nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        odd(6, 4, 3, 3),
        channel=5,
    ),
    "transposed signal": lambda: slide(nn.ConvTranspose1d(1, 1, 3, stride=2), odd(7, 1, 4)),
    "LP": lambda: slide(nn.LPPool2d(3, 2), odd(8, 1, 4, 4).abs()),
    "adaptive": lambda: slide(nn.AdaptiveMaxPool2d((2, 3)), whole(9, 1, 5, 7)),
    "copied padding": lambda: slide(
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), odd(10, 1, 4, 4)
    ),
    "negative zero": lambda: slide(nn.MaxPool2d(1), torch.tensor([[[-0.0, 0.0]]])),
    "unpooled": unpooled,
    "unfolded": lambda: slide(nn.Unfold(2, padding=1), whole(11, 2, 2, 3, 3), sample=1),
    "folded": lambda: slide(nn.Fold((3, 3), 2), whole(12, 8, 4), channel=1),
    "folded, one sample of a batch": lambda: slide(
        nn.Fold((3, 3), 2), whole(25, 3, 8, 4), channel=1, sample=2
    ),
    "gradient of a max": lambda: route(nn.MaxPool2d(2, 1), whole(13, 1, 4, 4)),
    "gradient given": lambda: route(nn.AvgPool2d(2), whole(14, 1, 4, 4), odd(15, 2, 2)),
    "gradient of a signal": lambda: route(nn.MaxPool1d(2), whole(16, 1, 6), odd(17, 3)),
    "gradient of one channel": lambda: route(
        nn.Conv2d(3, 2, 2), odd(18, 3, 3, 3), channel=1, plane=2
    ),
}


@pytest.mark.parametrize("name", [*MORE, *CASES])
def test_the_recipe_makes_the_same_figure(name, monkeypatch):
    item = MORE[name]() if name in MORE else case(name)
    if not isinstance(item, Trace | Transfer):
        return
    text = recipe(item, "figure")
    numbers = item.planes if isinstance(item, Trace) else item.sources
    count = sum(len(row) for plane in numbers for row in plane)
    if not text:
        assert count > MOST_NUMBERS or item.operation.startswith("FractionalMaxPool")
        return
    figure = made_by(text, monkeypatch)
    # As text, so that nan equals nan and the sign of a zero counts.
    assert str(figure.to_dict()) == str(item.to_dict())
    assert max(map(len, text.splitlines())) < 400


def test_a_recipe_of_thousands_of_numbers_is_none():
    assert recipe(slide(nn.MaxPool2d(4), whole(1, 1, 32, 32)), "figure") == ""


def test_copied_padding_of_a_volume_has_no_recipe():
    module = nn.Conv3d(1, 1, 3, padding=1, padding_mode="replicate")
    assert recipe(slide(module, odd(1, 1, 3, 3, 3)), "figure") == ""
