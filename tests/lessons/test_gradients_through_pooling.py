"""lessons/gradients-through-pooling.py: its words, outputs and figures, from torch and by hand."""

import inspect
import re
from functools import cache

import matplotlib.cbook
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lesson_run import source
from PIL import Image
from torch import nn

from slidingwindows import route, slide
from slidingwindows.drawing.animation import scene_of

POOL = nn.MaxPool2d(2)
IMAGE = torch.tensor([[[3.0, 1, 4, 1], [0, 2, 6, 5], [7, 2, 0, 3], [1, 8, 9, 2]]])
PEAK = torch.tensor([[[1.0, 4, 2], [3, 9, 5], [0, 6, 7]]])
SAME = torch.ones(1, 2, 2)
TIED = torch.tensor([[[2.0, 7, 0, 5], [7, 1, 5, 5], [0, 0, 3, 1], [0, 0, 2, 3]]])
SENT = torch.tensor([[4.0, 8], [0, -4]])
FOUR = 0.25 * torch.eye(4).reshape(4, 1, 2, 2)  # a nudge of each number of a window


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


@cache
def photo():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    return torch.from_numpy(np.array(picture)).float()[None, 20:340, 90:410]


@cache
def noise(seed, side=320):
    return torch.randn(1, side, side, generator=torch.Generator().manual_seed(seed))


def growth_of(layer, x, nudge):
    """How much the sum of the outputs grows."""
    return (layer(x + nudge).sum() - layer(x).sum()).item()


def each_nudge(x, size):
    """For each number of x, a nudge of it alone."""
    return size * torch.eye(x.numel()).reshape(-1, *x.shape)


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


def test_every_claim(page):
    first_words(page)
    back_to_the_winner(page)
    an_average_shares(page)
    overlap(page)
    a_tie(page)
    masks(page)
    dead_windows(page)
    reach(page)
    gradcheck(page)
    exercises(page)
    page.complete()


def first_words(page):
    x = torch.tensor([[[1.0, 5], [2, 3]]])
    growths = [(POOL(x + nudge) - POOL(x)).item() for nudge in FOUR]
    each = gradient(POOL, noise(0, 8)).unfold(1, 2, 2).unfold(2, 2, 2).sum((3, 4))
    page.says("Training sends numbers back through every window", (each == 1).all())
    page.says(
        "A maximum sends them to one pixel, an average to all, and where windows overlap they "
        "add up",
        [int((gradient(layer, x) != 0).sum()) for layer in (POOL, nn.AvgPool2d(2))] == [1, 4]
        and gradient(nn.MaxPool2d(2, 1), PEAK).max() > 1,
    )
    weightless(page)
    page.labels("Raise one input by a little", "Take four numbers", "Nudge each one by 0.25")
    page.labels("How much does the output grow, for each unit you added?")
    layer = nn.AvgPool2d(3, stride=1)  # with four outputs
    ratios = [growth_of(layer, IMAGE, nudge) / 0.25 for nudge in each_nudge(IMAGE, 0.25)]
    page.says(
        "That ratio is the **gradient** of this input. If there are many outputs, add them up "
        "first",
        np.allclose(ratios, gradient(layer, IMAGE).flatten(), atol=1e-5)
        and not np.allclose(ratios, gradient(lambda x: layer(x).mean(), IMAGE).flatten()),
    )
    page.prints(
        "growth = (pool(nudged) - pool(x)).item()",
        *(
            f"nudge the {int(number)}: gradient {growth / 0.25}"
            for number, growth in zip(x.flatten(), growths, strict=True)
        ),
    )
    page.says(
        "Only the 5 counts. Raise it by 0.25, and the maximum rises by 0.25. Raise another one, "
        "and the maximum stays what it is",
        growths == [0, 0.25, 0, 0] and x.flatten()[1] == 5,
    )
    page.says(
        "This check is called a *finite difference*",
        "finite difference" in inspect.getdoc(torch.autograd.gradcheck),
    )
    wins = POOL(x + 16 * FOUR[3]).item()
    page.says(
        "The nudge must be small: raise the 3 by 4, and it wins",
        wins == x[0, 1, 1] + 4 > POOL(x).item()
        and x[0, 1, 1] == 3
        and growths[3] == 0 != wins - POOL(x).item(),
    )
    page.prints("gradient(pool, x)", torch.tensor(growths).reshape(1, 2, 2) / 0.25)
    page.says(
        "The same four numbers", gradient(POOL, x).flatten().tolist() == [g / 0.25 for g in growths]
    )
    page.says(
        "The gradient of the sum of the layer's outputs",
        np.allclose(page.names["gradient"](layer, IMAGE).flatten(), ratios, atol=1e-5)
        and layer(IMAGE).numel() > 1,
    )
    asked, passed = [], []

    def watched(x):
        """A max pool that notes who asks it, and in which order gradients pass."""
        asked.append(x)
        larger = 2 * x
        out = POOL(larger)
        for name, tensor in (("input", x), ("between", larger), ("result", out)):
            tensor.register_hook(lambda _, name=name: passed.append(name))
        return out

    found = page.names["gradient"](watched, IMAGE)
    page.says(
        "Torch needs no nudges. `backward()` goes from the result to the inputs and works out all "
        "gradients at once",
        torch.equal(found, 2 * by_hand(IMAGE, 2, 2))
        and torch.equal(asked[0], IMAGE)
        and len(asked) == 1
        and passed == ["result", "between", "input"],
    )
    page.says(
        "The part of torch that does it is called **autograd**",
        "torch.autograd.backward(" in inspect.getsource(torch.Tensor.backward),
    )
    cells = [cell.source for cell in page.run.lesson.code]
    asking = [n for n, source in enumerate(cells) if re.search(r"(?<!\.)\bgradient\(", source)]
    page.says(
        "Here it is as a function, for the rest of this page",
        asking[0] == page.cell("def gradient(layer, x):") and len(asking) > 10,
    )


def weightless(page):
    """All that a convolution learns from is what its pool sends back."""
    pools = [nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1), nn.LPPool2d(2, 2)]
    page.says("A pool has nothing to learn", not [p for pool in pools for p in pool.parameters()])
    conv, learned = nn.Conv2d(1, 1, 3), []
    for pool in pools:
        mapped = conv(noise(0, 8)[None])
        out = pool(mapped)
        through = torch.autograd.grad(out.sum(), mapped, retain_graph=True)
        whole, parts = (
            torch.autograd.grad(start, conv.weight, sent, retain_graph=True)[0]
            for start, sent in ((out.sum(), None), (mapped, through))
        )
        nothing = torch.autograd.grad(mapped, conv.weight, torch.zeros_like(mapped))[0]
        learned.append(torch.allclose(whole, parts) and whole.any() and not nothing.any())
    page.says(
        "But the layers in front of it do, and whatever they learn from must come back through "
        "the pool",
        all(learned) and len(list(conv.parameters())) == 2,
    )
    page.labels("Catch a backward pass that is wrong", "for each way to shrink a map")


def back_to_the_winner(page):
    assert torch.equal(page.names["image"], IMAGE)
    found = by_hand(IMAGE, 2, 2)
    page.says(
        "A 2×2 max pool over a 4×4 image has four windows. How many of the sixteen",
        POOL(IMAGE).numel() == 4 and IMAGE.shape == (1, 4, 4) and IMAGE.numel() == 16,
    )
    page.prints("gradient(pool, image)", found)
    page.draws("gradients-max", route(POOL, IMAGE))
    moves = page.figure("gradients-max").moves
    page.says(
        "Each window hands its gradient to its winner, and nothing to the other three",
        len(moves) == 4 and {len(move.writes) for move in moves} == {1},
    )
    page.labels("The way back through a max pool")
    page.says(
        "Four, one for each window. The other twelve get 0",
        (found == 1).sum() == 4 and (found == 0).sum() == 12,
    )
    values, where = nn.MaxPool2d(2, return_indices=True)(IMAGE.clone().requires_grad_())
    page.says(
        "A max pool works like a switch. On the way forward it notes the winner's place. You can "
        "read that place with `return_indices`",
        torch.equal(values.grad_fn._saved_result1, where)  # noted before any backward pass
        and sorted(where.flatten().tolist()) == found.flatten().nonzero().flatten().tolist(),
    )
    same, nowhere_else = [], []
    for seed in range(3):
        image = torch.randint(0, 4, (1, 8, 8), generator=torch.Generator().manual_seed(seed))
        for pool in (nn.MaxPool2d(2), nn.MaxPool2d(3, stride=2)):
            pool.return_indices = True
            places = pool(image.float())[1]
            picked = gradient(lambda x, places=places: x.flatten()[places], image.float())
            pool.return_indices = False
            back = gradient(pool, image.float())
            same.append(torch.equal(picked, back))
            reached = set(back.flatten().nonzero().flatten().tolist())
            nowhere_else.append(reached == set(places.flatten().tolist()))
    page.says("On the way back the gradient goes there, and nowhere else", all(nowhere_else))
    page.says("So picking the winners by their index has the very same gradient", all(same))
    page.prints(
        "values, where = nn.MaxPool2d(2, return_indices=True)(waiting)",
        f"same gradient: {torch.equal(by_hand(IMAGE, 2, 2), page.names['gradient'](POOL, IMAGE))}",
        f"a gradient goes through the values: {POOL(IMAGE.clone().requires_grad_()).requires_grad}",
        f"a gradient goes through the index:  {where.requires_grad}",
    )
    page.says(
        "The index itself has no gradient. It is a whole number",
        not where.requires_grad and not where.is_floating_point(),
    )
    moved = nn.MaxPool2d(2, return_indices=True)
    steps = [
        moved(IMAGE + nudge)[1] - where for size in (0.25, 2.5) for nudge in each_nudge(IMAGE, size)
    ]
    page.says(
        "nudge a pixel, and it stays or it jumps",
        {step.any().item() for step in steps} == {False, True}
        and all(step.dtype == torch.int64 for step in steps),
    )
    (value, index), (grown, same_index) = moved(IMAGE), moved(1.5 * IMAGE)
    page.says(
        "A network cannot learn from *where* the winner stood, only from how large it was",
        torch.equal(index, same_index) and not torch.equal(value, grown),
    )


def an_average_shares(page):
    page.says(
        "So far each output sent back a 1, because we added all outputs up",
        (gradient(torch.sum, POOL(IMAGE)) == 1).all()
        and by_hand(IMAGE, 2, 2).sum() == POOL(IMAGE).numel(),
    )
    a_loss_sends(page)
    assert torch.equal(page.names["sent"], SENT)
    page.says(
        "The four outputs of a 2×2 average pool send back 4, 8, 0 and −4",
        SENT.flatten().tolist() == [4, 8, 0, -4] and nn.AvgPool2d(2)(IMAGE).shape[1:] == SENT.shape,
    )
    shares = (SENT / 4).repeat_interleave(2, 0).repeat_interleave(2, 1)[None]
    page.prints("mean(waiting).backward(sent[None])", shares)
    page.draws("gradients-average", route(nn.AvgPool2d(2), IMAGE, gradient=SENT))
    page.says(
        "An average divides by 4 on the way forward, so it divides by 4 on the way back",
        torch.equal(nn.AvgPool2d(2)(IMAGE)[0, 0, 0] * 4, IMAGE[0, :2, :2].sum())
        and all(
            write.amount * 4 == move.reads[0].value
            for move in page.figure("gradients-average").moves
            for write in move.writes
        ),
    )
    page.says(
        "A quarter of what its window sent",
        torch.equal(gradient(nn.AvgPool2d(2), IMAGE, SENT[None]), shares),
    )
    images = [noise(seed, 4) for seed in range(4)]
    page.says(
        "An average pool does not look at the pixels for that: its shares are the same for every "
        "image",
        all(torch.equal(gradient(nn.AvgPool2d(2), image, SENT[None]), shares) for image in images),
    )
    at_the_border(page)


def a_loss_sends(page):
    """The mean of squares as a loss: by autograd, and by raising each output a little."""
    loss = lambda out: (out**2).mean()  # noqa: E731
    x = noise(0, 4).double().requires_grad_()
    out = nn.AvgPool2d(2)(x)
    numbers = gradient(loss, out.detach())
    nudges = [1e-6 * nudge.double() for nudge in each_nudge(out, 1.0)]
    growths = [growth_of(loss, out.detach(), nudge) / 1e-6 for nudge in nudges]
    (slope,) = torch.autograd.grad(loss(out), x, retain_graph=True)
    page.says(
        "In training each one sends a number of its own: how much the *loss*, which training makes "
        "smaller, grows with that output",
        np.allclose(growths, numbers.flatten(), atol=1e-5)
        and len(set(numbers.flatten().tolist())) == 4
        and loss(nn.AvgPool2d(2)(x - 0.1 * slope)) < loss(out),
    )
    out.backward(numbers)
    page.says("You hand these numbers to `backward`", torch.allclose(x.grad, slope))


def at_the_border(page):
    """White: each real pixel is 1, so an output tells how many of them its window saw."""
    white = torch.ones(1, 3, 3)
    windows = torch.tensor([[[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]])  # that hold a pixel
    assert torch.equal(page.names["white"], white)
    lines, layers, shares = [], {}, {}
    for counted, divisor in ((True, 9), (False, 4)):
        layers[counted] = nn.AvgPool2d(3, 2, 1, count_include_pad=counted)
        shares[counted] = windows / divisor
        assert torch.allclose(gradient(layers[counted], white), shares[counted])
        lines += [f"count_include_pad={counted}: {windows.sum() / divisor:.2f} in total"]
        lines += [str(windows[0] / divisor)]
    page.prints("for counted in (True, False):", *lines)
    page.labels("You know the two choices from [average pooling]", "Now look at the totals")
    with_zeros, without = (gradient(layer, noise(0, 9)) for layer in layers.values())
    page.says(
        "At the border, the share depends on what you divide by",
        (with_zeros < without - 0.01)[0, :, 0].all()
        and torch.equal(with_zeros[:, 2:-2, 2:-2], without[:, 2:-2, 2:-2]),
    )
    real = 9 * layers[True](white)
    page.says("At stride 2, there are four windows, one at each corner", real.shape == (1, 2, 2))
    page.says(
        "Each sees four real pixels and five zeros",
        torch.allclose(real, SAME * 4) and 9 - 4 == round(9 - real[0, 0, 0].item()),
    )
    page.says("The first pixel is in one window only", windows[0, 0, 0] == 1)
    page.says(
        "Dividing by 9 gives it 1/9; dividing by the real pixels gives it 1/4",
        [gradient(layers[c], white)[0, 0, 0].item() for c in (True, False)]
        == pytest.approx([1 / 9, 1 / 4]),
    )
    page.says(
        "The centre is in all four windows, so it gets four shares",
        all(share[0, 1, 1] == 4 * share[0, 0, 0] for share in shares.values()),
    )
    page.says(
        "The outputs sent 4. With `count_include_pad=True` only 1.78 arrives",
        real.numel() == 4
        and f"{gradient(layers[True], white).sum():.2f}" == "1.78"
        and gradient(layers[False], white).sum().item() == pytest.approx(4),
    )
    padded = gradient(nn.AvgPool2d(3, 2), F.pad(white, (1, 1, 1, 1)))  # now the zeros are pixels
    real_pixels = padded[:, 1:-1, 1:-1]
    page.says(
        "the rest went into the padding, where nobody learns from it",
        torch.allclose(real_pixels, gradient(layers[True], white))
        and (padded.sum() - real_pixels.sum()).item() == pytest.approx(4 - 16 / 9),
    )
    negative = -1 - torch.rand(1, 9, 9, generator=torch.Generator().manual_seed(0))
    sent = torch.rand(1, 5, 5, generator=torch.Generator().manual_seed(0))
    hands_on = [
        gradient(layer, negative, sent).sum().item() == pytest.approx(sent.sum().item())
        for layer in (layers[False], nn.MaxPool2d(3, 2, 1), layers[True])
    ]
    page.says(
        "An average that divides by its real pixels hands on all that it was sent. So does a max "
        "pool, since its padding never wins",
        hands_on == [True, True, False]
        and (nn.MaxPool2d(3, 2, 1, return_indices=True)(negative)[1] >= 0).all()
        and nn.MaxPool2d(3, 2, 1)(negative).max() < 0,
    )


def overlap(page):
    assert torch.equal(page.names["peak"], PEAK)
    found = by_hand(PEAK, 2, 1)
    page.says(
        "With a stride smaller than the kernel, a pixel stands in several windows. It may win more "
        "than once",
        found.max() > 1,
    )
    page.says(
        "A 3×3 image has its peak in the middle. A 2×2 max pool goes over it with stride 1",
        PEAK[0, 1, 1] == PEAK.max() and PEAK.shape == (1, 3, 3),
    )
    page.prints("gradient(nn.MaxPool2d(2, stride=1), peak)", found)
    page.draws("gradients-overlap", route(nn.MaxPool2d(2, stride=1), PEAK))
    page.says(
        "All four windows hold the 9, so it wins four times",
        PEAK[0, 1, 1] == 9
        and [m.writes[0][:2] for m in page.figure("gradients-overlap").moves] == [(1, 1)] * 4,
    )
    page.says(
        "4: the peak is in all four windows and wins them all",
        found.sum() == found[0, 1, 1] == 4,
    )
    nudge = torch.zeros_like(PEAK)
    nudge[0, 1, 1] = 0.25
    pool = nn.MaxPool2d(2, 1)
    page.says(
        "Gradients add up, because a nudge of the peak moves four outputs",
        (pool(PEAK + nudge) != pool(PEAK)).sum() == 4
        and growth_of(pool, PEAK, nudge) / 0.25 == gradient(pool, PEAK)[0, 1, 1] == 4,
    )


def a_tie(page):
    page.labels("All four numbers of a window are equal")
    assert torch.equal(page.names["same"], SAME) and torch.equal(page.names["tied"], TIED)
    page.prints("print(gradient(pool, tied))", by_hand(SAME, 2, 2), by_hand(TIED, 2, 2))
    page.draws("max-pool-ties", slide(POOL, TIED))
    pooled = torch.tensor([[[7.0, 5], [0, 3]]])
    page.says(
        "On the way forward a tie changes nothing. Rings mark the numbers that tied with the "
        "winner",
        torch.equal(POOL(TIED), pooled)
        and [len(step.ties) for step in page.figure("max-pool-ties").steps]
        == [n - 1 for n in tied(TIED).tolist()],
    )
    page.draws("gradients-ties", route(POOL, TIED))
    page.says(
        "In each window, the first of equals gets it all",
        [m.writes[0][:2] for m in page.figure("gradients-ties").moves]
        == [(0, 1), (0, 3), (2, 0), (2, 2)]
        and min(tied(TIED).tolist()) > 1,
    )
    losers = (TIED == F.interpolate(pooled[None], scale_factor=2)[0]) & (by_hand(TIED, 2, 2) == 0)
    raised = each_nudge(TIED, 1.0)[losers.flatten()]
    page.says(
        "[Open this map with its gradient in the explorer], raise a number that lost its tie, and "
        "see where the gradient goes",
        all(gradient(POOL, TIED + nudge)[nudge > 0] == 1 for nudge in raised)
        and len(raised) == losers.sum() == sum(tied(TIED)) - 4
        and "=2,7,0,5;7,1,5,5;0,0,3,1;0,0,2,3&" in page.run.lesson.cells[page_cell(page)].source,
    )
    stood = POOL(TIED.clone().requires_grad_()).grad_fn._saved_result1
    page.says(
        "The output is the same whichever of them wins, but torch also remembers *where* the "
        "winner stood",
        all(POOL(TIED.flip(axes)).flip(axes).equal(pooled) for axes in (1, 2))
        and torch.equal(TIED.flatten()[stood], pooled),
    )
    page.says(
        "It takes the first in reading order, and that one gets it all",
        gradient(POOL, SAME).flatten().tolist() == [1, 0, 0, 0],
    )
    page.says(
        "Others choose otherwise. `torch.amax` is a second maximum in torch",
        torch.amax(SAME) == POOL(SAME).item()
        and not torch.equal(gradient(torch.amax, SAME), gradient(POOL, SAME)),
    )
    by_a_mask(page)
    ways = {"MaxPool2d": POOL, "amax": torch.amax, "mask": Mask.apply}
    found = {name: gradient(way, SAME).flatten() for name, way in ways.items()}
    page.prints(
        'ways = {"MaxPool2d": pool, "amax": torch.amax, "mask": Masked.apply}',
        *(f"{name:<10} {values.tolist()}" for name, values in found.items()),
    )
    page.says(
        "Three answers: all to the first, a quarter to each (`amax`), and 1 to each (the mask)",
        [g.tolist() for g in found.values()] == [[1, 0, 0, 0], [0.25] * 4, [1] * 4],
    )
    growth = (POOL(SAME + 0.25) - POOL(SAME)).item()
    foretold = {name: 0.25 * sum(g.tolist()) for name, g in found.items()}
    page.labels("Which is right?", "Raise all four numbers by 0.25 and compare")
    small = 0.1 * torch.rand(1, 4, 4, generator=torch.Generator().manual_seed(0))
    page.says(
        "A gradient foretells the growth: nudge times gradient, added up",
        all(
            growth_of(layer, IMAGE, small)
            == pytest.approx((small * gradient(layer, IMAGE)).sum().item(), rel=1e-4)
            for layer in (POOL, nn.AvgPool2d(2), nn.AvgPool2d(3, 1), nn.MaxPool2d(2, 1))
        ),
    )
    page.prints(
        "growth = (pool(same + step) - pool(same)).item()",
        f"the maximum grows by {growth}",
        *(f"{name:<10} foretells {value}" for name, value in foretold.items()),
    )
    page.says("The mask is wrong by a factor of four", foretold["mask"] == 4 * growth)
    page.says(
        "The other two both foretell the truth, although they differ",
        foretold["MaxPool2d"] == foretold["amax"] == growth
        and not torch.equal(found["MaxPool2d"], found["amax"]),
    )
    page.says(
        "At a tie the maximum has a kink, like a roof at its ridge. Raise any one of the four and "
        "it rises. Lower one and it stays",
        all(POOL(SAME + nudge) == 1.25 and POOL(SAME - nudge) == 1 for nudge in FOUR),
    )
    # Subgradients: the maximum lies above each plane, and the mask's plane cuts it.
    nudges = noise(0, 64).reshape(-1, 4)
    grows = (SAME.flatten() + nudges).amax(1) - 1
    shared = torch.tensor([[0.5, 0.5, 0, 0], [0.1, 0.2, 0.3, 0.4], [0, 0, 0, 1]])
    allowed = [bool((grows >= nudges @ g - 1e-5).all()) for g in (*found.values(), *shared)]
    page.says(
        "There is no single gradient, and any way to share out the 1 is as good as another. "
        "Mathematicians call each of them a *subgradient*",
        allowed[:2] + allowed[3:] == [True] * 5 and all(shared.sum(1) == 1),
    )
    page.says("The mask shares out more than there is", found["mask"].sum() > 1 and not allowed[2])
    page.says(
        "At a tie the first pixel gets all. `amax` shares, and a mask hands out too much",
        found["MaxPool2d"][0] == found["amax"].sum() == 1 < found["mask"].sum(),
    )


def page_cell(page):
    """Which cell of the lesson holds the link to the explorer."""
    (cell,) = (n for n, c in enumerate(page.run.lesson.cells) if "explorer.md#call" in c.source)
    return cell


def by_a_mask(page):
    calls, masked = [], page.names["Masked"]

    class Noted(masked):
        @staticmethod
        def forward(ctx, x):
            calls.append("forward")
            return masked.forward(ctx, x)

        @staticmethod
        def backward(ctx, sent):
            calls.append("backward")
            return masked.backward(ctx, sent)

    x = TIED.clone().requires_grad_()
    out = Noted.apply(x)
    on_the_way_there = list(calls)
    out.backward()
    page.says(
        "And here is a maximum whose backward pass was written by hand, with a mask",
        out == TIED.max() and torch.equal(x.grad, (TIED == TIED.max()).float()),
    )
    page.says(
        "(Torch calls `forward` on the way to the result and `backward` on the way back.)",
        (on_the_way_there, calls) == (["forward"], ["forward", "backward"]),
    )


def masks(page):
    assert torch.equal(page.names["noise"], noise(0)) and torch.equal(page.names["photo"], photo())
    lines = ["        ties   torch    mask"]
    for name, x in (("noise", noise(0)), ("ReLU", noise(0).clamp(min=0)), ("photo", photo())):
        winners = tied(x).float()
        sends = gradient(POOL, x).sum() / POOL(x).numel()
        share = f"{(winners > 1).float().mean():7.1%}"
        lines.append(f"{name:<5}{share}{sends:8.2f}{winners.mean():8.2f}")
        page.says(
            "The last two columns say what torch and the mask hand on, per window. "
            "Each window was sent a 1",
            sends == 1 == by_hand(x[:, :16, :16], 2, 2).sum() / 64,
        )
    page.prints('print("        ties   torch    mask")', *lines)
    page.says("320×320", page.names["photo"].shape == page.names["noise"].shape == (1, 320, 320))
    rows = page.names["windows"]  # of the photo, which came last
    page.says(
        "one a row",
        rows.shape == (160 * 160, 4) and torch.equal(rows[161], photo()[0, 2:4, 2:4].flatten()),
    )
    page.labels("Now count the ties elsewhere")
    rates = []
    for seed in range(5):
        winners, few = tied(F.relu(noise(seed))), noise(seed, 2)
        page.says(
            "If you write a max pool yourself, `x == maximum` looks right. On a few random floats "
            "it *is* right, since they hardly ever tie",
            (tied(noise(seed)) == 1).all()
            and torch.equal(gradient(Mask.apply, few), by_hand(few, 2, 2)),
        )
        page.says(
            "So tests with random numbers pass",
            torch.equal(gradient(page.names["Masked"].apply, few), gradient(POOL, few)),
        )
        page.says(
            "There the mask sends four gradients in place of one",
            winners.unique().tolist() == [1, 4],
        )
        rates.append((winners == 4).float().mean().item())
    below = np.mean([(noise(seed) < 0).float().mean().item() for seed in range(5)])
    page.says(
        "Behind a ReLU, about one window in sixteen is all zeros: a half, four times over",
        np.allclose(rates, 1 / 16, atol=0.005)
        and np.isclose(below, 0.5, atol=0.005)
        and np.isclose(below**4, 1 / 16, atol=0.005),
    )
    in_the_photo, in_noise = (
        (x[:, :, 1:] == x[:, :, :-1]).float().mean() for x in (photo(), noise(0))
    )
    page.says(
        "In a photo of 256 grey levels, neighbours are often equal",
        photo().min() >= 0
        and photo().max() <= 255
        and torch.equal(photo(), photo().round())
        and in_the_photo > 0.05 > 100 * in_noise,
    )
    page.says(
        "Here more than one window in ten has a tie",
        0.1 < (tied(photo()) > 1).float().mean() < 0.13,
    )


def dead_windows(page):
    dead, both = page.names["dead"], nn.Sequential(nn.ReLU(), POOL)
    assert torch.equal(dead, torch.tensor([[[-1.0, -3], [-2, -1]]]))
    zeros = torch.zeros(1, 2, 2)
    page.prints(
        'print("behind the ReLU:", behind.flatten().tolist())',
        f"behind the ReLU: {by_hand(zeros, 2, 2).flatten().tolist()}",
        f"in front of it:  {zeros.flatten().tolist()}",
    )
    page.says(
        "The zeros behind a ReLU all tie, so the first of them gets the gradient",
        torch.equal(F.relu(dead), zeros) and by_hand(zeros, 2, 2)[0, 0, 0] == 1,
    )
    page.says(
        "The pool hands the gradient to the first zero",
        torch.equal(gradient(POOL, F.relu(dead)), by_hand(zeros, 2, 2)),
    )
    page.says(
        "The ReLU stops it there, because its own gradient is 0 for negative numbers. Nothing "
        "comes through",
        gradient(POOL, F.relu(dead)).any()
        and not gradient(nn.ReLU(), dead).any()
        and not gradient(both, dead).any(),
    )
    page.says(
        "That is no fault. Nudge any of these four, and the output stays 0",
        all(both(dead + nudge) == 0 == gradient(both, dead)[nudge > 0] for nudge in FOUR),
    )
    taught = {}
    for sign in (-1.0, 1.0):
        in_front = nn.Conv2d(1, 1, 1)
        in_front.weight.data.fill_(sign)
        in_front.bias.data.fill_(0)
        mapped = in_front(1 + torch.rand(1, 2, 2))
        slopes = torch.autograd.grad(both(mapped).sum(), list(in_front.parameters()))
        taught[mapped.max().item() > 0] = any(slope.any() for slope in slopes)
    page.says(
        "But it has a price: a window whose pixels are all negative teaches the layers in front of "
        "it nothing",
        taught == {False: False, True: True},
    )


def halvings():
    conv = nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False)
    conv.weight.data.fill_(1)
    return {
        "max 2": POOL,
        "average 2": nn.AvgPool2d(2),
        "every second": lambda x: x[:, ::2, ::2],
        "max 3, stride 2": nn.MaxPool2d(3, 2, 1),
        "conv 3, stride 2": conv,
    }


def reach(page):
    ways = halvings()
    page.says("Halve an image in five ways", len(ways) == len(page.names["halvings"]) == 5)
    page.says(
        "a max pool of 2, an average pool of 2, every second pixel, a max pool of 3 with stride 2, "
        "a convolution of 3 with stride 2",
        all(way(noise(0)).shape == (1, 160, 160) for way in ways.values()),
    )
    found = {name: [gradient(way, x) for x in (noise(0), photo())] for name, way in ways.items()}
    lines = [f"{'noise':>24}{'photo':>8}{'largest':>9}"]
    for name, (first, second) in found.items():
        shares = "".join(f"{(g > 0).float().mean():8.1%}" for g in (first, second))
        lines.append(f"{name:<16}{shares}{second.amax():8.2f}")
    page.prints("found = [gradient(layer, x) for x in (noise, photo)]", *lines)
    page.labels("Order them by the share of pixels that get any gradient")
    _, *rows = page.output("found = [gradient(layer, x) for x in (noise, photo)]").split("\n")
    shown = [[float(text.strip("%")) for text in row.split()[-3:]] for row in rows]
    counted = [
        [*(100 * g.count_nonzero().item() / g.numel() for g in pair), pair[1].max().item()]
        for pair in found.values()
    ]
    page.says(
        "The columns *noise* and *photo* say which share of their pixels gets a gradient. The last "
        "column is the largest one in the photo",
        np.allclose(shown, counted, atol=0.051),
    )
    places = []
    for x in (*map(noise, range(4)), photo()):
        largest, average, second, wide, read = grads = [gradient(way, x) for way in ways.values()]
        shares = [(g != 0).float().mean().item() for g in grads]
        page.says("- **Average:** every pixel, a quarter each", (average == 1 / 4).all())
        page.says(
            "**Max of 2 and every second pixel:** exactly one in four, 1 each",
            shares[0] == shares[2] == 1 / 4
            and largest.unique().tolist() == second.unique().tolist() == [0, 1],
        )
        page.says(
            "**Max of 3 with stride 2:** as many windows, yet *fewer* pixels",
            ways["max 3, stride 2"](x).numel() == POOL(x).numel() and 0.15 < shares[3] < 0.19,
        )
        wins = nn.MaxPool2d(3, 2, 1, return_indices=True)(x)[1]
        page.says(
            "Neighbouring windows share a winner, and one pixel can win up to four",
            (wins[:, 1:] == wins[:, :-1]).any()
            and (wins[..., 1:] == wins[..., :-1]).any()
            and wide.max() == 4,
        )
        page.says("- **Convolution:** every pixel, but not evenly", shares[4] == 1)
        page.says(
            "A pixel is read by one, two or four windows, in a fixed lattice. With weights of one "
            "you see it plainly",
            read.unique().tolist() == [1, 2, 4],
        )
        against = gradient(lambda x: -ways["average 2"](x), x)  # teaches the very opposite
        page.labels("Does the average teach better, then, because it reaches all?")
        page.says(
            "This count cannot tell",
            torch.equal(against, -average) and (against != 0).sum() == (average != 0).sum(),
        )
        page.says(
            "Behind a 2×2 max pool, three pixels in four get nothing from this image",
            (largest == 0).float().mean() == 3 / 4,
        )
        places.append((largest, second, read))
    pairs = list(zip(places, places[1:], strict=False))
    page.says(
        "But a stride takes the same places in every image",
        all(torch.equal(one[1], other[1]) for one, other in pairs),
    )
    page.says(
        "A max pool lets the image choose",
        not any(torch.equal(one[0], other[0]) for one, other in pairs),
    )
    assert all(torch.equal(one[2], other[2]) for one, other in pairs)  # "in a fixed lattice"
    page.labels("What the pools are worth in training, you will see on [digits]")
    page.says(
        "A max pool hands each gradient to its winner, an average shares it, a stride gives it to "
        "fixed places",
        torch.equal(largest[:, :16, :16], by_hand(photo()[:, :16, :16], 2, 2))
        and average.unique().tolist() == [1 / 4]
        and second[:, ::2, ::2].all()
        and second.sum() == second[:, ::2, ::2].sum(),
    )
    the_maps(page, found)


def the_maps(page, found):
    corners = {name: grads[0][0, :12, :12] for name, grads in found.items()}
    panels = page.drawing("gradients-reach")
    page.plots(
        "gradients-reach",
        [panel["title"] for panel in panels] == [name.replace(", ", "\n") for name in corners]
        and all(
            np.allclose(panel["images"][0], corner**0.5)
            for panel, corner in zip(panels, corners.values(), strict=True)
        ),
    )
    largest, average, second, wide, read = corners.values()
    page.says(
        "Five maps of 12×12 pixels, bright where a gradient arrives",
        [np.shape(p["images"][0]) for p in panels] == [(12, 12)] * 5
        and all(
            np.array_equal(np.array(panel["images"][0]) > 0, corner != 0)
            for panel, corner in zip(panels, corners.values(), strict=True)
        ),
    )
    lit = {
        tuple(block.flatten().tolist())
        for block in largest.unfold(0, 2, 2).unfold(1, 2, 2).reshape(36, 4)
    }
    page.says(
        "Max 2: one bright pixel in each 2×2 window, at changing places",
        {sum(block) for block in lit} == {1} and len(lit) == 4,
    )
    page.says("Average 2: an even dark grey", average.unique().tolist() == [0.25])
    lattice = torch.zeros(12, 12)
    lattice[::2, ::2] = 1
    page.says("Every second: a regular lattice", torch.equal(second, lattice))
    page.says(
        "Max 3 with stride 2: fewer pixels, some of them brighter",
        (wide > 0).sum() < (largest > 0).sum() and wide.max() > largest.max(),
    )
    page.says(
        "Convolution: every pixel, in a regular pattern of three brightnesses",
        read.all() and len(read.unique()) == 3,
    )
    brightness = torch.tensor(panels[3]["images"][0]).flatten()
    page.says(
        "Where the gradient arrives, in one corner of the noise. The brighter, the more",
        torch.equal(wide, gradient(halvings()["max 3, stride 2"], noise(0))[0, :12, :12])
        and torch.equal(brightness.argsort(stable=True), wide.flatten().argsort(stable=True)),
    )


class Doubled(Mask):
    """A gradient that is wrong everywhere."""

    @staticmethod
    def backward(ctx, sent):
        return 2 * Mask.backward(ctx, sent)


def nudgeable(x):
    return x.clone().requires_grad_()


def gradcheck(page):
    tiny = inspect.signature(torch.autograd.gradcheck).parameters["eps"].default
    seen, x = [], noise(0, 2).double()
    torch.autograd.gradcheck(lambda x: (seen.append(x.detach().clone()), POOL(x))[1], nudgeable(x))
    moved = {tuple((step - x).div(tiny).round().int().flatten().tolist()) for step in seen}
    page.says(
        "`torch.autograd.gradcheck` nudges each input, as you did at the start, and compares",
        {tuple(nudge) for nudge in torch.eye(4).int().tolist()} <= moved
        and not torch.autograd.gradcheck(Doubled.apply, nudgeable(x), raise_exception=False),
    )
    arrives = {d: (torch.ones((), dtype=d) + tiny - 1) / tiny for d in (torch.half, torch.float)}
    arrives[torch.double] = (torch.ones((), dtype=torch.double) + tiny - 1) / tiny
    page.says(
        "The nudges are tiny, so it wants numbers of 64 bits",
        tiny == 1e-6
        and [abs(part.item() - 1) < 1e-3 for part in arrives.values()] == [False, False, True]
        and torch.zeros(1).double().element_size() * 8 == 64,
    )
    with pytest.warns(UserWarning, match="not a double precision"):
        torch.autograd.gradcheck(POOL, torch.rand(1, 2, 2).requires_grad_(), raise_exception=False)
    ways = {"MaxPool2d": POOL, "amax": torch.amax, "mask": Mask.apply}
    numerical, verdicts = set(), {}
    for name, way in ways.items():
        passed = []
        for seed in range(3):
            x = noise(seed, 2).double().requires_grad_()
            passed.append(torch.autograd.gradcheck(way, x, raise_exception=False))
        verdicts["random", name] = all(passed)
        with pytest.raises(RuntimeError, match="Jacobian mismatch") as error:
            torch.autograd.gradcheck(way, SAME.double().requires_grad_())
        verdicts["equal", name] = False
        slopes = re.search(r"numerical:tensor\((.*?), dtype", str(error.value), re.DOTALL)
        numerical |= set(re.findall(r"\d\.\d+", slopes.group(1)))
    page.prints(
        "def check_gradient(function, x):",
        *(
            f"{kind:<7} {name:<10} {verdicts[kind, name]}"
            for kind in ("random", "equal")
            for name in ways
        ),
    )
    page.says(
        "On random numbers all three pass, the wrong mask among them",
        all(verdicts["random", name] for name in ways) and len(ways) == 3,
    )
    page.says(
        "On equal numbers all three fail, torch's own pool among them",
        not any(verdicts["equal", name] for name in ways),
    )
    assert {gradient(way, SAME).sum().item() for way in ways.values()} == {1, 4}  # right and wrong
    page.says(
        "So `gradcheck` cannot judge a kink",
        len({verdicts["equal", name] for name in ways}) == 1,
    )
    page.says(
        "`gradcheck` finds wrong gradients, but not at ties",
        not torch.autograd.gradcheck(Doubled.apply, nudgeable(x), raise_exception=False)
        and torch.autograd.gradcheck(POOL, nudgeable(x))
        and len({verdicts["equal", name] for name in ways}) == 1,
    )
    page.labels("Keep ties out of its way, and test them as you did above")
    page.says(
        "by what was sent and what arrived",
        [gradient(way, SAME).sum().item() == 1 for way in ways.values()] == [True, True, False],
    )
    slopes = {round(float(n), 4) for n in numerical}
    mean = [(POOL(SAME.double() + n) - POOL(SAME.double() - n)).item() / 0.5 for n in FOUR]
    page.says(
        "It raises and lowers one number at a time and takes the mean slope, here 0.5 for each",
        slopes == set(mean) == {0.5},
    )
    page.says(
        "That is none of the three answers",
        not any((gradient(way, SAME) == 0.5).any() for way in ways.values()),
    )


def exercises(page):
    gradient_of = page.names["gradient"]
    page.labels("Predict first.", "Then open the answer", "Check all five:")
    numbers = torch.arange(1.0, 17).reshape(1, 4, 4)
    page.says(
        "The numbers 1 to 16 stand in a 4×4 image, row by row. Which of them get a gradient from "
        "`nn.MaxPool2d(2)`?",
        torch.equal(page.names["numbers"], numbers),
    )
    winners = numbers[by_hand(numbers, 2, 2) > 0].int().tolist()
    page.says(
        "6, 8, 14 and 16. The largest stands at the lower right of each window",
        winners == [6, 8, 14, 16] == numbers[0, 1::2, 1::2].flatten().tolist(),
    )
    page.answers(1, "6", "8", "14", "16")
    five = torch.rand(1, 5, 5)
    middle = gradient_of(nn.AvgPool2d(3, stride=1), five)[0, 2, 2].item()
    page.says(
        "`nn.AvgPool2d(3, stride=1)` goes over a 5×5 image",
        nn.AvgPool2d(3, stride=1)(five).shape == (1, 3, 3),
    )
    page.says(
        "1. It stands in all nine windows, and each sends it a ninth",
        middle == pytest.approx(9 * (1 / 9)) and nn.AvgPool2d(3, stride=1)(five).numel() == 9,
    )
    page.answers(2, ("1. It stands", 1))
    ones = torch.ones(1, 5, 5)
    flat = by_hand(ones, 3, 1)
    page.says(
        "`nn.MaxPool2d(3, stride=1)` goes over a 5×5 image of ones. How many pixels get a "
        "gradient? What is the largest gradient?",
        torch.equal(page.names["flat"], flat),
    )
    page.says("9 pixels, and each gets 1", (flat == 1).sum() == 9 == flat.sum())
    page.says(
        "Every window is one great tie",
        (nn.MaxPool2d(3, 1)(ones) == -nn.MaxPool2d(3, 1)(-ones)).all(),
    )
    page.says(
        "Its first pixel wins, and no two windows have the same first pixel",
        torch.equal(flat[0, :3, :3], torch.ones(3, 3)) and flat.sum() == 9,
    )
    page.answers(3, ("9 pixels", 9), ("each gets 1", 1))
    shared = gradient(nn.AdaptiveAvgPool2d(1), torch.rand(1, 7, 7), torch.full((1, 1, 1), 98.0))
    page.says(
        "A whole 7×7 map is averaged into one number, which sends back 98",
        nn.AdaptiveAvgPool2d(1)(torch.rand(1, 7, 7)).numel() == 1 and shared.shape == (1, 7, 7),
    )
    page.says(
        "Each output sends back a 1, unless it says otherwise",
        page.names["flat"].sum() == nn.MaxPool2d(3, 1)(ones).numel()
        and page.names["middle"].item() == pytest.approx(middle)
        and page.names["shared"].item() * 49 == pytest.approx(98),
    )
    page.says(
        "2, because 98 / 49 = 2",
        torch.allclose(shared, torch.tensor(2.0)) and shared.numel() == 49,
    )
    sides = [gradient(nn.AdaptiveAvgPool2d(1), torch.rand(1, n, n)).max() for n in (2, 4, 7, 14)]
    page.says("The larger the map, the thinner the shares", sides == sorted(sides, reverse=True))
    page.answers(4, ("2, because", 2))
    swapping(page)
    last_words(page)
    page.prints(
        "print(round(shared.item(), 3), changed)",
        f"{winners} {middle:.1f}",
        f"{(flat > 0).sum()} {flat.max()}",
        f"{98 / 7**2} (False, False)",
    )


def swapping(page):
    before, after = nn.Sequential(nn.ReLU(), POOL), nn.Sequential(POOL, nn.ReLU())
    page.labels("You swap a ReLU and the max pool behind it")
    page.labels("so that the pool comes first. Does the output change?")
    for seed in range(4):
        x = noise(seed)
        page.says(
            "Neither, on random numbers. The largest number wins before the ReLU as after it",
            torch.equal(before(x), after(x))
            and torch.equal(gradient(before, x), gradient(after, x)),
        )
        page.says(
            "But with the pool first, the ReLU has a quarter of the work",
            POOL(x).numel() * 4 == x.numel(),
        )
    page.says(
        "If all are negative, both ways give 0 and no gradient",
        not any(f(-SAME).any() or gradient(f, -SAME).any() for f in (before, after)),
    )
    page.answers(5, ("Neither", (False, False)))


def last_words(page):
    pools = POOL, nn.AvgPool2d(2), nn.MaxPool2d(2, 1), nn.AvgPool2d(3, 1)
    page.says(
        "A gradient says how much the output grows with an input. A nudge checks it",
        all(
            growth_of(pool, IMAGE, nudge) / 0.25
            == pytest.approx(gradient(pool, IMAGE)[nudge > 0].item(), abs=1e-4)
            for pool in pools
            for nudge in each_nudge(IMAGE, 0.25)
        ),
    )
    page.says(
        "Where windows overlap, gradients add up",
        (gradient(nn.AvgPool2d(2, 1), PEAK)[0, 1, 1], gradient(nn.AvgPool2d(2, 2), PEAK).max())
        == (4 / 4, 1 / 4),
    )
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(2, 1, 2))
    for weights in network.parameters():
        weights.data.fill_(1)
    image = torch.ones(1, 1, 9, 9)
    one = lambda x: network(x)[:, 0, 1, 1]  # noqa: E731
    with torch.no_grad():
        seen = (one(image + torch.eye(81).reshape(81, 1, 9, 9)) != one(image)).reshape(9, 9)
    page.says(
        "A gradient also shows which pixels an output can see at all",
        torch.equal(gradient(one, image)[0, 0] != 0, seen) and 0 < seen.sum() < 81,
    )
    page.labels("Next: [receptive fields]")
    page.aside(
        "The rules and the measurements here are our own, made by the code on this page",
        why="where the lesson comes from",
    )
    others, scratch = (
        source(name) for name in ("what-other-tutorials-get-wrong", "from-scratch-in-numpy")
    )
    page.says(
        "The same mask is tested in [what other tutorials get wrong], and the backward pass in "
        "plain NumPy stands in [from scratch in NumPy]",
        re.search(r"tied == tied\.amax\(\)", others) and "def max_pool_backward(" in scratch,
    )


def test_the_figures_are_legible(page):
    figures = [figure for figure in page.run.figures.values() if not figure.draw]
    assert len(figures) == 5
    for figure in figures:
        assert scene_of(figure.item).layout.font_size >= 18
