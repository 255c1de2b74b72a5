"""Every number in lessons/dilation.py, from torch."""

from itertools import combinations_with_replacement, permutations

import pytest
import torch
import torch.nn.functional as F
from claims import Claims
from torch import nn

from slidingwindows import receptive_field, slide


def side(layer, i):
    return layer(torch.zeros(1, i, i)).shape[-1]


def line(dilations, reach=None):
    """Ways from each pixel of a row to one output, by moving an impulse through the layers.

    The lesson asks autograd; here the stack runs forwards on every impulse.
    """
    reach = reach or sum(dilations)
    impulses = torch.eye(2 * reach + 1, dtype=torch.float64)[:, None]
    ones = torch.ones(1, 1, 3, dtype=torch.float64)
    for d in dilations:
        impulses = F.conv1d(impulses, ones, padding=d, dilation=d)
    return impulses[:, 0, reach].int().tolist()


def used(dilations):
    """How many pixels of the square field reach the output, and how many there are."""
    row = line(dilations)
    return sum(n > 0 for n in row) ** 2, len(row) ** 2


def stack(*dilations):
    return nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=d, dilation=d) for d in dilations))


def field(*dilations):
    return receptive_field(stack(*dilations), (1, 41, 41)).size[0]


def refusal(call, kind=RuntimeError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_every_number_in_the_prose():
    lesson = Claims("dilation")
    check_taps(lesson)
    check_extent(lesson)
    check_same(lesson)
    check_fields(lesson)
    check_gridding(lesson)
    check_pools(lesson)
    check_exercises(lesson)
    lesson.labels(*(f"**{n}.**" for n in range(1, 5)))
    lesson.complete()


def check_taps(lesson):
    conv = nn.Conv2d(1, 1, 3, dilation=2, bias=False)
    conv.weight.data.fill_(1)
    x = torch.zeros(1, 7, 7, requires_grad=True)
    conv(x)[0, 0, 0].backward()
    lesson.says(
        "With dilation 1 the taps are neighbours. With dilation 2 one pixel lies between them",
        nn.Conv2d(1, 1, 3).dilation == (1, 1) and x.grad[0, 0, :5].tolist() == [1, 0, 1, 0, 1],
    )
    lesson.says(
        "A 3×3 kernel with `dilation=2` stands in the upper left corner of a 7×7 map",
        conv.weight.shape[2:] == (3, 3),
    )
    rows, cols = (axis.unique().tolist() for axis in x.grad[0].nonzero().T)
    lesson.says(
        "It reads rows 0, 2 and 4, and in each of them columns 0, 2 and 4. The output is 3×3, "
        "where dilation 1 would give 5×5",
        rows == cols == [0, 2, 4]
        and int(x.grad.sum()) == 9
        and (side(conv, 7), side(nn.Conv2d(1, 1, 3), 7)) == (3, 5),
    )


def smallest_input(k, d):
    """The smallest size that torch accepts: what the kernel spans."""
    layer = nn.Conv2d(1, 1, k, dilation=d)
    for i in range(1, 40):
        try:
            assert side(layer, i) == 1
        except RuntimeError:
            continue
        return i


def check_extent(lesson):
    smallest = {(k, d): smallest_input(k, d) for k in (1, 2, 3, 5) for d in (1, 2, 3)}
    lesson.says(
        "A kernel of $k$ has $k - 1$ gaps",
        all(smallest[k, 3] - smallest[k, 2] == k - 1 for k in (1, 2, 3, 5)),
    )
    lesson.says("$$d(k - 1) + 1$$", all(e == d * (k - 1) + 1 for (k, d), e in smallest.items()))
    formula = [
        side(nn.Conv2d(1, 1, k, s, p, d), i) == (i + 2 * p - d * (k - 1) - 1) // s + 1
        for i in range(9, 16)
        for k in (1, 2, 3)
        for s in (1, 2, 3)
        for p in (0, 1, 2)
        for d in (1, 2, 3)
    ]
    lesson.says(r"o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1", all(formula))
    message = refusal(lambda: side(nn.Conv2d(1, 1, 3, dilation=4), 7))
    lesson.says("torch itself calls the kernel 9×9", "Kernel size: (9 x 9)" in message)


def check_same(lesson):
    keeps = {
        (k, d): [p for p in range(12) if side(nn.Conv2d(1, 1, k, padding=p, dilation=d), 25) == 25]
        for k in (1, 3, 5)
        for d in (1, 2, 3)
    }
    lesson.says(
        "At stride 1 the size stays if the padding is half of what the extent trims: "
        "$p = d(k-1)/2$. For a kernel of 3 that is simply $p = d$",
        all(p == [d * (k - 1) // 2] for (k, d), p in keeps.items()),
    )
    assert side(nn.Conv2d(1, 1, 3, padding="same", dilation=4), 9) == 9
    block = nn.Conv2d(1, 1, 3, padding=1, dilation=2)
    lesson.says(
        "You know `padding=1` keeps the size for a 3×3 kernel. Then you add `dilation=2`",
        side(nn.Conv2d(1, 1, 3, padding=1), 7) == 7,
    )
    lesson.says(
        "The map shrank from 7 to 5. With `padding=2` the block fits again",
        side(block, 7) == 5 and side(nn.Conv2d(1, 1, 3, padding=2, dilation=2), 7) == 7,
    )


def check_fields(lesson):
    lesson.says("Stack layers at stride 1, and each adds", field(1, 2, 5) == 1 + 2 * (1 + 2 + 5))
    lesson.says(
        "Three layers with 3×3 kernels, dilations 1, 2 and 4. How many rows does one output number "
        "see? And with dilation 1 in all three",
        field(1, 2, 4) != field(1, 1, 1),
    )
    weights = sum(p.numel() for layer in stack(1, 2, 4) for p in [layer.weight])
    lesson.says(
        "15 against 7, with the same 27 weights",
        (field(1, 2, 4), field(1, 1, 1), weights) == (15, 7, 27),
    )
    doubling = [field(*(2**n for n in range(depth))) for depth in (1, 2, 3, 4)]
    assert doubling == [3, 7, 15, 31]  # the caption names the first three
    lesson.says(
        "Double the dilation from layer to layer, and the field doubles, too. "
        "Without dilation it only grows by 2",
        all(b == 2 * a + 1 for a, b in zip(doubling, doubling[1:], strict=False))
        and [field(*[1] * depth) for depth in (1, 2, 3, 4)] == [3, 5, 7, 9],
    )


def check_gridding(lesson):
    lesson.says("A field of 15 rows", field(1, 2, 4) == 15)
    lesson.says(
        "Take dilations 2, 2 and 2. The field is 13 wide. How many of these 13 pixels",
        field(2, 2, 2) == 13 == len(line((2, 2, 2))),
    )
    lesson.says(
        "With 2, 2, 2 every other number is zero: 7 pixels of 13, and in the whole field 49 of 169",
        line((2, 2, 2)) == [1, 0, 3, 0, 6, 0, 7, 0, 6, 0, 3, 0, 1] and used((2, 2, 2)) == (49, 169),
    )
    lesson.says(
        "The two other stacks use every pixel", used((1, 1, 1))[0] == 49 and all(line((1, 2, 4)))
    )
    x = torch.randint(0, 9, (1, 9, 10)).float()
    one, two = nn.Conv2d(1, 1, 3, bias=False), nn.Conv2d(1, 1, 3, dilation=2, bias=False)
    one.weight.data = two.weight.data = torch.randint(-3, 4, (1, 1, 3, 3)).float()
    quarters = [
        torch.equal(one(x[:, r::2, c::2]), two(x)[:, r::2, c::2]) for r in (0, 1) for c in (0, 1)
    ]
    lesson.says(
        "A convolution with dilation 2 reads pixels of one kind only: even columns for an even "
        "output, odd for odd",
        all(quarters),
    )
    check_rule(lesson)


def rule(dilations):
    seen = 1
    for d in sorted(dilations):
        if d > seen:
            return False
        seen += 2 * d
    return True


def check_rule(lesson):
    stacks = [
        s for depth in (1, 2, 3, 4) for s in combinations_with_replacement(range(1, 12), depth)
    ]
    lesson.says(
        "**No hole appears as long as each dilation is at most the receptive field of the ones "
        "before it.** The first one must be 1",
        len(stacks) > 1000
        and all(all(line(s)) == rule(s) for s in stacks)
        and not any(rule(s) for s in stacks if min(s) > 1),
    )
    four = [(1, 2, 5), (2, 4, 8), (1, 2, 9), (1, 3, 9)]
    lesson.says(
        "Which of these stacks leave holes: 1, 2, 5? 2, 4, 8? 1, 2, 9? 1, 3, 9?",
        [all(line(s)) for s in four] == [True, False, False, True],
    )
    widest = max((s for s in four if all(line(s))), key=lambda s: len(line(s)))
    lesson.says(
        "1, 3, 9 is the widest of all: it covers 27×27 without a hole, "
        "and every pixel has exactly one path",
        widest == (1, 3, 9)
        and set(line(widest)) == {1}
        and used(widest) == (27**2, 27**2)
        and not any(rule(s) and sum(s) > 13 for s in stacks if len(s) == 3),
    )
    orders = {tuple(n > 0 for n in line(s)) for s in permutations((9, 1, 3))}
    lesson.says("The order plays no part: 9, 1, 3 reaches the same pixels", len(orders) == 1)
    lesson.says("choose dilations such as 1, 2, 5 against it", all(line((1, 2, 5))))
    even = [s for s in stacks if all(d % 2 == 0 for d in s)]
    lesson.says(
        "Dilations that are all multiples of 2 leave holes", not any(all(line(s)) for s in even)
    )


def check_pools(lesson):
    wide = nn.MaxPool2d(3, stride=1, dilation=2)
    x = torch.rand(1, 7, 7)
    two, three = (
        refusal(lambda p=p: nn.MaxPool2d(3, stride=1, padding=p, dilation=2)(x)) for p in (2, 3)
    )
    lesson.says(
        "Torch 2.13 checks that twice. The first check goes by the extent, which is 5 here, so a "
        "padding of 2 passes. The second goes by `kernel_size` and forgets the dilation",
        torch.__version__.startswith("2.13")
        and "half of effective kernel size" in three
        and "half of kernel size" in two,
    )
    assert "dilation" in refusal(lambda: nn.AvgPool2d(3, stride=1, dilation=2), TypeError)
    mean = nn.Conv2d(1, 1, 3, dilation=2, bias=False)
    mean.weight.data.fill_(1 / 9)
    taps = [[x[0, r : r + 5 : 2, c : c + 5 : 2].mean() for c in range(3)] for r in range(3)]
    lesson.says(
        "use a convolution whose nine weights are 1/9",
        torch.allclose(mean(x)[0], torch.tensor(taps)),
    )
    largest = [[x[0, r : r + 5 : 2, c : c + 5 : 2].max() for c in range(3)] for r in range(3)]
    assert torch.equal(wide(x)[0], torch.tensor(largest))
    padded = wide(F.pad(x, (2, 2, 2, 2), value=-torch.inf))
    assert padded.shape == x.shape and padded.isfinite().all()


def check_exercises(lesson):
    five = nn.Conv2d(1, 1, 5, dilation=3)
    lesson.says("How many pixels does a kernel of 5 with dilation 3 span", side(five, 13) == 1)
    lesson.says("13: four gaps of 3, plus 1.", (side(five, 13), 4 * 3 + 1) == (1, 13))
    refusal(lambda: side(five, 12))
    padded = nn.Conv2d(1, 1, 5, padding=6, dilation=3)
    lesson.says("6, half of 12.", side(padded, 20) == 20 and 12 / 2 == 6)
    both = nn.Conv2d(1, 1, 3, stride=2, dilation=2, bias=False)
    both.weight.data.fill_(1)
    lesson.says(
        "`nn.Conv2d(1, 1, 3, stride=2, dilation=2)` slides over a 7×7 map. What size comes out, "
        "and how many of the 49 pixels are read",
        side(both, 7) < 7,
    )
    reads = {p for step in slide(both, torch.rand(1, 7, 7)).steps for p in positions(step)}
    lesson.says(
        "2, and 16 pixels. Stride and dilation are both even, so only rows and columns "
        "0, 2, 4 and 6 are ever read",
        side(both, 7) == 2 and reads == {(r, c) for r in (0, 2, 4, 6) for c in (0, 2, 4, 6)},
    )
    lesson.says("You stack dilations 1, 2, 4 and 8", field(1, 2, 4, 8) > field(1, 2, 4))
    lesson.says(
        "31, and no hole. Before the 8 the field is 15, and 8 is not more than 15",
        field(1, 2, 4, 8) == 31 and all(line((1, 2, 4, 8))) and field(1, 2, 4) == 15,
    )
    lesson.says("A dilated kernel spans $d(k-1) + 1$ pixels", side(five, 3 * (5 - 1) + 1) == 1)
    lesson.says(
        "a kernel of 3 takes a padding equal to its dilation",
        all(side(nn.Conv2d(1, 1, 3, padding=d, dilation=d), 20) == 20 for d in range(1, 8)),
    )


def positions(step):
    return [(tap.row, tap.col) for tap in step.taps]


def test_a_dilated_kernel_is_a_larger_one_with_zeros():
    x = torch.randint(0, 9, (1, 9, 9)).float()
    for d in (2, 3):
        spread = nn.Conv2d(1, 1, 3, dilation=d, bias=False)
        spread.weight.data = torch.randint(-3, 4, (1, 1, 3, 3)).float()
        large = nn.Conv2d(1, 1, 2 * d + 1, bias=False)
        large.weight.data.zero_()
        large.weight.data[:, :, ::d, ::d] = spread.weight.data
        assert torch.equal(large(x), spread(x))


def test_the_picture_of_gridding_shows_what_its_alt_text_says():
    squares = {(1, 1, 1): 7, (2, 2, 2): 13, (1, 2, 4): 15}
    assert {s: len(line(s)) for s in squares} == squares
    assert [used(s)[0] for s in squares] == [49, 49, 225]


def test_with_even_dilations_neighbouring_outputs_share_no_pixel():
    for dilations, share in (((2, 2, 2), False), ((2, 4, 6), False), ((1, 2, 4), True)):
        image = torch.rand(1, 31, 31, requires_grad=True)
        seen = []
        for col in (15, 16):
            image.grad = None
            stack(*dilations)(image)[0, 15, col].backward()
            seen.append(image.grad != 0)
        assert bool((seen[0] & seen[1]).any()) is share
