"""A funnel's stages are what torch returned; what cannot be one is refused."""

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, funnel
from slidingwindows.feature_maps import Funnel

IMAGE = torch.rand(3, 12, 10, generator=torch.Generator().manual_seed(1))


def test_stages_have_torchs_shapes_and_survive_json():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))
    found = funnel(network, IMAGE)
    current, shapes = IMAGE, [tuple(IMAGE.shape)]
    for layer in network:
        current = layer(current)
        shapes.append(tuple(current.shape))
    assert [stage.shape for stage in found.stages] == shapes
    assert [stage.parameters for stage in found.stages] == [0, 3 * 4 * 9 + 4, 0, 0]
    assert Funnel.from_dict(found.to_dict()) == found
    assert "(4, 5, 4)" in found.table()


@pytest.mark.parametrize(
    ("network", "image"),
    [
        (nn.ReLU(), IMAGE),
        (nn.Sequential(nn.ReLU()), [1]),
        (nn.Sequential(), IMAGE),
        (nn.Sequential(nn.ReLU()), IMAGE * float("nan")),
        (nn.Sequential(nn.ReLU()), torch.rand(1, 3, 4, 4)),
        (nn.Sequential(nn.ReLU()), torch.ones(3, 4, 4, dtype=torch.int64)),
        (nn.Sequential(nn.ReLU()), torch.rand(3, 0, 4)),
        (nn.Sequential(nn.Conv2d(4, 1, 3)), IMAGE),
        (nn.Sequential(nn.Flatten()), IMAGE),
        (nn.Sequential(nn.Dropout(0.5)), IMAGE),
        (nn.Sequential(*[nn.ReLU()] * 20), IMAGE),
        (nn.Sequential(nn.ReLU()), torch.rand(3, 300, 300)),
    ],
)
def test_what_is_no_funnel_is_refused(network, image):
    with pytest.raises(SlidingWindowsError):
        funnel(network, image)
