"""Every number and conclusion in lessons/gradients-through-pooling.py, from torch."""

import re

import matplotlib.cbook
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from claims import LESSONS, Claims
from PIL import Image
from torch import nn

from slidingwindows import route
from slidingwindows.frames import scene_of
from slidingwindows.lessons import read

NAME = "gradients-through-pooling"
POOL = nn.MaxPool2d(2)
IMAGE = torch.tensor([[[3.0, 1, 4, 1], [0, 2, 6, 5], [7, 2, 0, 3], [1, 8, 9, 2]]])
PEAK = torch.tensor([[[1.0, 4, 2], [3, 9, 5], [0, 6, 7]]])
SAME = torch.ones(1, 2, 2)


def gradient(layer, image, sent=None):
    x = image.clone().requires_grad_()
    out = layer(x)
    (found,) = torch.autograd.grad(out, x, torch.ones_like(out) if sent is None else sent)
    return found


class Mask(torch.autograd.Function):
    """The mistake: every cell that equals the maximum receives all of the gradient."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.amax()

    @staticmethod
    def backward(ctx, sent):
        (x,) = ctx.saved_tensors
        return torch.where(x == x.amax(), sent, torch.zeros(()).to(sent))


def photo():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    return torch.from_numpy(np.array(picture)).float()[None, 20:340, 90:410]


def noise(seed, side=320):
    return torch.randn(1, side, side, generator=torch.Generator().manual_seed(seed))


def tied(x):
    """How many cells of each 2×2 window hold its maximum."""
    blocks = x[0].unfold(0, 2, 2).unfold(1, 2, 2).flatten(2)
    return (blocks == blocks.amax(2, keepdim=True)).sum(2).flatten()


def by_hand(image, kernel, stride):
    """A max pool's gradient by loops: each window's first maximum gets one."""
    found = torch.zeros_like(image)
    side = (image.shape[-1] - kernel) // stride + 1
    for top in range(0, side * stride, stride):
        for left in range(0, side * stride, stride):
            window = image[0, top : top + kernel, left : left + kernel].flatten().tolist()
            place = window.index(max(window))
            found[0, top + place // kernel, left + place % kernel] += 1
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (2, 1), (3, 2), (3, 1)])
def test_the_first_of_equals_wins_and_overlaps_add_up(seed, kernel, stride):
    """Few values, so that ties are common."""
    random = torch.Generator().manual_seed(seed)
    image = torch.randint(0, 4, (1, 9, 9), generator=random).float()
    assert torch.equal(
        by_hand(image, kernel, stride), gradient(nn.MaxPool2d(kernel, stride), image)
    )


@pytest.mark.parametrize("seed", range(3))
def test_an_average_looks_at_no_pixel_and_a_max_pool_does(seed):
    one, other = noise(seed, 8), noise(seed + 100, 8)
    for layer, alike in ((nn.AvgPool2d(3, 2, 1), True), (POOL, False)):
        assert torch.equal(gradient(layer, one), gradient(layer, other)) is alike


@pytest.mark.parametrize("seed", range(3))
def test_what_arrives_is_what_was_sent(seed):
    """Not so for an average that counts the zeros of its padding."""
    x, sent = noise(seed, 9), torch.rand(1, 5, 5, generator=torch.Generator().manual_seed(seed))
    arrives = {
        name: gradient(layer, x, sent).sum().item()
        for name, layer in {
            "max": nn.MaxPool2d(3, 2, 1),
            "real": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
            "padded": nn.AvgPool2d(3, 2, 1),
        }.items()
    }
    assert arrives["max"] == pytest.approx(sent.sum().item(), rel=1e-5)
    assert arrives["real"] == pytest.approx(sent.sum().item(), rel=1e-5)
    assert arrives["padded"] < 0.95 * sent.sum().item()


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    check_first(lesson)
    check_winners(lesson)
    check_average(lesson)
    check_ties(lesson)
    check_dead(lesson)
    check_reach(lesson)
    check_gradcheck(lesson)
    check_exercises(lesson)
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "**5.**")
    lesson.complete()


def check_first(lesson):
    x = torch.tensor([[[1.0, 5], [2, 3]]])
    nudges = 0.25 * torch.eye(4).reshape(4, 1, 2, 2)
    growths = [(POOL(x + nudge) - POOL(x)).item() for nudge in nudges]
    lesson.says("Nudge each one by 0.25", True)
    lesson.says(
        "Only the 5 counts. Raise it by 0.25, and the maximum rises by 0.25",
        growths == [0, 0.25, 0, 0],
    )
    lesson.says(
        "raise the 3 by 4, and it wins",
        POOL(x + 16 * nudges[3]).item() == x[0, 1, 1] + 4 > POOL(x).item(),
    )
    assert gradient(POOL, x).flatten().tolist() == [g / 0.25 for g in growths]


def check_winners(lesson):
    found = gradient(POOL, IMAGE)
    lesson.says(
        "A 2×2 max pool over a 4×4 image has four windows. How many of the sixteen",
        POOL(IMAGE).shape == (1, 2, 2) and IMAGE.shape == (1, 4, 4),
    )
    lesson.says(
        "Four, one for each window. The other twelve get 0",
        (found == 1).sum() == 4 and (found == 0).sum() == 12,
    )
    _, where = nn.MaxPool2d(2, return_indices=True)(IMAGE.clone().requires_grad_())
    assert not where.requires_grad and not where.is_floating_point()
    lesson.says("You can read that place with `return_indices`", where[0, 0, 0] == 0)
    for seed in range(3):
        image = torch.randint(0, 4, (1, 8, 8), generator=torch.Generator().manual_seed(seed))
        for pool in (nn.MaxPool2d(2), nn.MaxPool2d(3, stride=2)):
            pool.return_indices = True
            where = pool(image.float())[1]
            picked = gradient(lambda x, where=where: x.flatten()[where], image.float())
            pool.return_indices = False
            assert torch.equal(picked, gradient(pool, image.float()))


def check_average(lesson):
    sent = torch.tensor([[[4.0, 8], [0, -4]]])
    found = gradient(nn.AvgPool2d(2), IMAGE, sent)
    lesson.says("So far each output sent back a 1", True)
    lesson.says(
        "The four outputs of a 2×2 average pool send back 4, 8, 0 and −4",
        sent.flatten().tolist() == [4, 8, 0, -4],
    )
    assert torch.equal(found, (sent / 4).repeat_interleave(2, 1).repeat_interleave(2, 2))
    shares = {}
    for counted in (True, False):
        layer = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=counted)
        shares[counted] = gradient(layer, torch.ones(1, 3, 3))
        outputs = layer(torch.ones(1, 3, 3))
        assert outputs.shape == (1, 2, 2)
        lesson.says("At stride 2, there are four windows, one at each corner", outputs.numel() == 4)
        real = 9 * outputs if counted else 4 * outputs
        lesson.says("Each sees four real pixels and five zeros", torch.allclose(real, SAME * 4))
    corners = [shares[c][0, 0, 0].item() for c in (True, False)]
    lesson.says(
        "Dividing by 9 gives it 1/9; dividing by the real pixels gives it 1/4",
        corners == pytest.approx([1 / 9, 1 / 4]),
    )
    for share in shares.values():  # "so it gets four shares"
        assert share[0, 1, 1].item() == pytest.approx(4 * share[0, 0, 0].item())
    lesson.says(
        "The outputs sent 4. With `count_include_pad=True` only 1.78 arrives",
        round(shares[True].sum().item(), 2) == 1.78
        and shares[False].sum().item() == pytest.approx(4),
    )
    found = gradient(nn.MaxPool2d(2, stride=1), PEAK)
    lesson.says(
        "A 3×3 image has its peak in the middle. A 2×2 max pool goes over it with stride 1",
        PEAK[0, 1, 1] == PEAK.max() and PEAK.shape == (1, 3, 3),
    )
    lesson.says("4: the peak is in all four windows", found.sum() == found[0, 1, 1] == 4)


def check_ties(lesson):
    ways = {"pool": POOL, "amax": torch.amax, "mask": Mask.apply}
    found = {name: gradient(way, SAME).flatten() for name, way in ways.items()}
    lesson.says(
        "all to the first, a quarter to each (`amax`), and 1 to each (the mask)",
        [g.tolist() for g in found.values()] == [[1, 0, 0, 0], [0.25] * 4, [1] * 4],
    )
    growth = (POOL(SAME + 0.25) - POOL(SAME)).item()
    foretold = {name: (0.25 * g).sum().item() for name, g in found.items()}
    lesson.says("Raise all four numbers by 0.25 and compare", growth == 0.25)
    assert foretold == {"pool": growth, "amax": growth, "mask": 4 * growth}
    # A kink: "raise any one of the four and it rises. Lower one and it stays."
    for nudge in 0.25 * torch.eye(4).reshape(4, 1, 2, 2):
        assert POOL(SAME + nudge) == 1.25 and POOL(SAME - nudge) == 1
    # Subgradients: the maximum lies above each plane, and the mask's plane cuts it.
    nudges = noise(0, 64).reshape(-1, 4)
    grows = (SAME.flatten() + nudges).amax(1) - 1
    allowed = {n: bool((grows >= nudges @ g - 1e-5).all()) for n, g in found.items()}
    assert allowed == {"pool": True, "amax": True, "mask": False}
    lesson.says("any way to share out the 1", allowed["pool"] and allowed["amax"])
    rates = []
    for seed in range(5):
        assert (tied(noise(seed)) == 1).all()  # random numbers do not tie
        winners = tied(F.relu(noise(seed)))
        assert set(winners.tolist()) == {1, 4}
        rates.append((winners == 4).float().mean().item())
    assert np.allclose(rates, 1 / 16, atol=0.005) and 1 / 16 == 0.5**4
    picture = photo()
    lesson.says(
        "In a photo of 256 grey levels",
        picture.min() >= 0 and picture.max() <= 255 and torch.equal(picture, picture.round()),
    )
    assert 0.1 < (tied(picture) > 1).float().mean() < 0.13  # "more than one window in ten"
    for x in (picture, F.relu(noise(0))):
        per_window = gradient(POOL, x).sum() / POOL(x).numel()
        lesson.says("per window. Each window was sent a 1", per_window == 1)
        assert tied(x).float().mean() > 1.1


def check_dead(lesson):
    dead = torch.tensor([[[-1.0, -3], [-2, -1]]])
    assert gradient(POOL, F.relu(dead)).flatten().tolist() == [1, 0, 0, 0]
    both = nn.Sequential(nn.ReLU(), POOL)
    assert not gradient(both, dead).any()
    lesson.says("its own gradient is 0 for negative numbers", not gradient(nn.ReLU(), dead).any())
    lesson.says(
        "Nudge any of these four, and the output stays 0",
        all(both(dead + n) == 0 for n in 0.25 * torch.eye(4).reshape(4, 1, 2, 2)),
    )


def check_reach(lesson):
    conv = nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False)
    conv.weight.data.fill_(1)
    ways = [POOL, nn.AvgPool2d(2), lambda x: x[:, ::2, ::2], nn.MaxPool2d(3, 2, 1), conv]
    lesson.says(
        "a max pool of 2, an average pool of 2, every second pixel, a max pool of 3 with stride 2, "
        "a convolution of 3 with stride 2",
        all(way(noise(0)).shape == (1, 160, 160) for way in ways),
    )
    places = []
    for x in (*map(noise, range(4)), photo()):
        largest, average, second, wide, read = found = [gradient(way, x) for way in ways]
        shares = [(g != 0).float().mean().item() for g in found]
        assert shares[:3] == [0.25, 1, 0.25] and shares[4] == 1 and 0.15 < shares[3] < 0.19
        assert (average == 1 / 4).all()
        assert read.unique().tolist() == [1, 2, 4] and wide.max() == 4
        places.append((largest, second))
    for one, other in zip(places, places[1:], strict=False):
        assert torch.equal(one[1], other[1]) and not torch.equal(one[0], other[0])
    lesson.says(
        "**Max of 2 and every second pixel:** exactly one in four, 1 each",
        largest.unique().tolist() == second.unique().tolist() == [0, 1],
    )
    lesson.says(
        "**Max of 3 with stride 2:** as many windows, yet *fewer* pixels",
        ways[3](x).numel() == ways[0](x).numel() and (wide != 0).sum() < (largest != 0).sum(),
    )
    lesson.says(
        "Behind a 2×2 max pool, three pixels in four get nothing",
        (largest == 0).float().mean() == 3 / 4,
    )


def check_gradcheck(lesson):
    lesson.says("it wants numbers of 64 bits", torch.float64.itemsize * 8 == 64)
    with pytest.warns(UserWarning, match="not a double precision"):
        torch.autograd.gradcheck(POOL, torch.rand(1, 2, 2).requires_grad_(), raise_exception=False)
    numerical = set()
    for way in (POOL, torch.amax, Mask.apply):
        for seed in range(3):
            x = noise(seed, 2).double().requires_grad_()
            assert torch.autograd.gradcheck(way, x)
        with pytest.raises(RuntimeError, match="Jacobian mismatch") as error:
            torch.autograd.gradcheck(way, SAME.double().requires_grad_())
        slopes = re.search(r"numerical:tensor\((.*?), dtype", str(error.value), re.DOTALL)
        numerical |= set(re.findall(r"\d\.\d+", slopes.group(1)))
    lesson.says(
        "takes the mean slope, here 0.5 for each", {round(float(n), 4) for n in numerical} == {0.5}
    )


def check_exercises(lesson):
    numbers = torch.arange(1.0, 17).reshape(1, 4, 4)
    lesson.says(
        "The numbers 1 to 16 stand in a 4×4 image, row by row. Which of them get a gradient from "
        "`nn.MaxPool2d(2)`?",
        numbers[0, 0].tolist() == [1, 2, 3, 4] and numbers.max() == 16,
    )
    winners = numbers[gradient(POOL, numbers) > 0]
    lesson.says("6, 8, 14 and 16. The largest stands", winners.tolist() == [6, 8, 14, 16])
    lesson.says("Each output sends back a 1, unless it says otherwise", True)
    middle = gradient(nn.AvgPool2d(3, stride=1), torch.rand(1, 5, 5))[0, 2, 2].item()
    lesson.says(
        "`nn.AvgPool2d(3, stride=1)` goes over a 5×5 image",
        nn.AvgPool2d(3, stride=1)(torch.rand(1, 5, 5)).numel() == 9,
    )
    lesson.says(
        "1. It stands in all nine windows, and each sends it a ninth", middle == pytest.approx(1)
    )
    flat = gradient(nn.MaxPool2d(3, stride=1), torch.ones(1, 5, 5))[0]
    lesson.says(
        "`nn.MaxPool2d(3, stride=1)` goes over a 5×5 image of ones",
        flat.shape == (5, 5),
    )
    lesson.says("9 pixels, and each gets 1", (flat == 1).sum() == 9 == flat.sum())
    shared = gradient(nn.AdaptiveAvgPool2d(1), torch.rand(1, 7, 7), torch.full((1, 1, 1), 98.0))
    lesson.says("A whole 7×7 map is averaged into one number, which sends back 98", True)
    lesson.says(
        "2, because 98 / 49 = 2", torch.allclose(shared, torch.tensor(2.0)) and 98 / 49 == 2
    )
    before, after = nn.Sequential(nn.ReLU(), POOL), nn.Sequential(POOL, nn.ReLU())
    for seed in range(4):
        x = noise(seed)
        assert torch.equal(before(x), after(x))
        assert torch.equal(gradient(before, x), gradient(after, x))
        assert POOL(x).numel() * 4 == x.numel()  # "a quarter of the work"
    lesson.says(
        "both ways give 0 and no gradient",
        not any(f(-SAME).any() or gradient(f, -SAME).any() for f in (before, after)),
    )


def test_the_figures_are_legible_and_hold_what_their_captions_say():
    sources = [c.source for c in read(LESSONS / f"{NAME}.py").code if "show(\n" in c.source]
    assert len(sources) == 4
    names: dict = {}
    for cell in read(LESSONS / f"{NAME}.py").code:
        if cell.source.lstrip().startswith("show("):
            continue
        if "exercise" in cell.tags:
            break
        exec(compile(cell.source, NAME, "exec"), names)
    figures = [
        route(names["pool"], names["image"]),
        route(names["mean"], names["image"], gradient=names["sent"]),
        route(nn.MaxPool2d(2, stride=1), names["peak"]),
        route(names["pool"], names["tied"]),
    ]
    for figure in figures:
        assert scene_of(figure).layout.font_size >= 18
    largest, average, overlap, ties = figures
    assert {len(move.writes) for move in largest.moves} == {1}  # "nothing to the other three"
    assert all(w.amount * 4 == m.reads[0].value for m in average.moves for w in m.writes)
    assert [m.writes[0][:2] for m in overlap.moves] == [(1, 1)] * 4  # "it wins four times"
    assert [m.writes[0][:2] for m in ties.moves] == [(0, 1), (0, 3), (2, 0), (2, 2)]
