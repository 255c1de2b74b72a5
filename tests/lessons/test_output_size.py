"""Every number in lessons/output-size.py, from torch."""

import pytest
import torch
from claims import Claims
from torch import nn

X = torch.tensor(
    [
        [
            [3.0, 1, 4, 1, 5, 9, 2],
            [6, 5, 3, 5, 8, 9, 7],
            [9, 3, 2, 3, 8, 4, 6],
            [2, 6, 4, 3, 3, 8, 3],
            [2, 7, 9, 5, 0, 2, 8],
            [8, 4, 1, 9, 7, 1, 6],
            [9, 3, 9, 9, 3, 7, 5],
        ]
    ]
)


def out(layer, *size):
    """Height and width that torch makes of a map."""
    return tuple(layer(torch.zeros(1, *size)).shape[1:])


def side(layer, i):
    rows, cols = out(layer, i, i)
    assert rows == cols
    return rows


def read(layer, i):
    """Which pixels change the output, found by putting a large number at each in turn."""
    before = layer(torch.zeros(1, i, i))
    seen = torch.zeros(i, i, dtype=torch.bool)
    for row in range(i):
        for col in range(i):
            x = torch.zeros(1, i, i)
            x[0, row, col] = 1e3
            seen[row, col] = not torch.equal(layer(x), before)
    return seen


def unread(layer, i):
    return int((~read(layer, i)).sum())


def naive(i, k, s, p):
    """The ceiling without torch's rule."""
    return -((k - i - 2 * p) // s) + 1


def refusal(call, kind=RuntimeError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_every_number_in_the_prose():
    lesson = Claims("output-size")
    sizes = [side(layer, 25) for layer in (nn.MaxPool2d(2), nn.MaxPool2d(2, ceil_mode=True))]
    lesson.says(
        "A layer turns 25 rows into 12, or into 13, or into 23",
        (*sizes, side(nn.Conv2d(1, 1, 3), 25)) == (12, 13, 23),
    )
    check_stops(lesson)
    check_floor(lesson)
    check_ceil(lesson)
    check_stairs(lesson)
    check_kernels(lesson)
    check_rectangle(lesson)
    check_way_back(lesson)
    check_exercises(lesson)
    lesson.labels(*(f"**{n}.**" for n in range(1, 6)))
    lesson.complete()


def check_stops(lesson):
    layer, row = nn.MaxPool1d(3, stride=2), torch.arange(8.0)[None]
    lesson.says(
        "one row of 8 pixels, a window of 3 and a stride of 2. The first stop takes 3 pixels, "
        "and 5 are left. Each further stop takes 2",
        layer(row).shape == (1, 3) and layer(row)[0].tolist() == [2, 4, 6],
    )
    lesson.says(
        "Three stops. One pixel is left, and one is not enough for a step of 2",
        layer(row[:, :7]).shape == layer(row).shape and layer(row[:, [*range(8), 7]]).numel() == 4,
    )
    formula = [
        side(nn.Conv2d(1, 1, k, s, p, d), i) == (i + 2 * p - d * (k - 1) - 1) // s + 1
        for i in range(9, 20)
        for k in (1, 2, 3, 4)
        for s in (1, 2, 3)
        for p in (0, 1, 2)
        for d in (1, 2)
    ]
    pools = [
        side(nn.MaxPool2d(k, s, p, d), i) == (i + 2 * p - d * (k - 1) - 1) // s + 1
        for i in range(9, 20)
        for k in (1, 2, 3, 4)
        for s in (1, 2, 3)
        for p in range(k // 2 + 1)
        for d in (1, 2)
    ]
    assert len(formula) == 792
    right = all(formula) and all(pools)
    lesson.says(r"o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1", right)
    lesson.says("$i + 2p$ instead of $i$", right)
    lesson.says("over $d(k-1) + 1$ pixels instead of $k$", right)


def check_floor(lesson):
    pool = nn.MaxPool2d(2)
    lost = ~read(pool, 7)
    lesson.says(
        "A 7×7 map goes through `nn.MaxPool2d(2)`. What size comes out? "
        "How many of the 49 pixels are never read?",
        side(pool, 7) == 3 and lost.numel() == 49,
    )
    last = torch.zeros(7, 7, dtype=torch.bool)
    last[6], last[:, 6] = True, True
    lesson.says(
        "The last row and the last column are lost: 13 pixels",
        torch.equal(lost, last) and int(lost.sum()) == 13,
    )
    lesson.labels(r"$(i + 2p - k) \bmod s$ rows at the bottom")
    for k, s, p, i in ((2, 2, 0, 9), (3, 3, 1, 9), (3, 4, 0, 9), (1, 3, 0, 9), (3, 2, 1, 8)):
        pixels = read(nn.AvgPool2d(k, s, p), i)
        left = (i + 2 * p - k) % s
        end = i - max(0, left - p)  # the padding at the end is lost first
        assert not pixels[end:].any() and not pixels[:, end:].any()
        assert pixels[end - 1].any() and pixels[0].any() and pixels[:, 0].any()
    pad1 = nn.MaxPool2d(3, stride=2, padding=1)
    lesson.says(
        "A window of 3 at stride 2 with padding 1 turns 5×5 and 6×6 into 3×3. On 6×6 the leftover "
        "is the padding below and at the right, and no real pixel is lost",
        [side(pad1, i) for i in (5, 6)] == [3, 3] and unread(pad1, 6) == 0 == (6 + 2 - 3) % 2 - 1,
    )
    strange = side(nn.Conv2d(1, 1, 3, stride=2), 10)
    lesson.says(
        "An input of 10 with a kernel of 3 and a stride of 2 gives 4.5 before the floor, "
        "and 4 after it",
        strange == side(nn.MaxPool2d(3, 2), 10) == 4 and (10 - 3) / 2 + 1 == 4.5,
    )
    five = nn.Sequential(*[nn.MaxPool2d(2) for _ in range(5)])
    found = {i: side(five, i) for i in range(32, 300, 7)}
    lesson.says(
        r"Five pools of 2 in a row keep $\lfloor i/32 \rfloor$",
        all(o == i // 32 for i, o in found.items()),
    )
    lesson.says(
        "224 and 255 both end at 7, and the larger photo has paid for 31 rows",
        [side(five, i) for i in (223, 224, 255, 256)] == [6, 7, 7, 8] and 255 - 224 == 31,
    )


def check_ceil(lesson):
    up, down = nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2)
    lesson.says("25 rows through `nn.MaxPool2d(2)` give 12.", side(down, 25) == 12)
    lesson.says("13 instead of 12.", side(up, 25) == 13)
    lesson.says("The corner window keeps its only one, the 5", up(X)[0, -1, -1] == X[0, 6, 6] == 5)
    drop = nn.MaxPool2d(3, 3, 1, ceil_mode=True)
    lesson.says(
        "A 5×5 map, a window of 3, stride 3, padding 1. The division gives "
        "$(5 + 2 - 3)/3 = 1.33$. Rounded up and plus one, that makes 3. Is it 3?",
        round((5 + 2 - 3) / 3, 2) == 1.33 and naive(5, 3, 3, 1) == 3,
    )
    lesson.says("It is 2. The third window would start", side(drop, 5) == 2)
    nothing = torch.full((1, 3, 3), -torch.inf)
    lesson.says("its maximum would be minus infinity", nn.MaxPool2d(3)(nothing) == -torch.inf)
    rule, dropped = True, []
    for i in range(1, 14):
        for k in range(1, 6):
            for s in range(1, 6):
                for p in range(k // 2 + 1):
                    if i + 2 * p < k:
                        continue
                    o = naive(i, k, s, p)
                    drops = (o - 1) * s >= i + p
                    rule &= side(nn.MaxPool2d(k, s, p, ceil_mode=True), i) == o - drops
                    dropped += [(k, s, p)] * drops
    lesson.says(
        r"$$(o - 1)\,s \ge i + p \quad\Rightarrow\quad o \text{ becomes } o - 1$$",
        rule and dropped,
    )
    lesson.says("The window starts at $(o-1)s$, and the input ends at $i + p$", rule)
    lesson.says("Here 2·3 = 6 is not less than 5 + 1 = 6", 2 * 3 == 6 == 5 + 1)
    lesson.says(
        "Without padding it can happen too, but only if the stride is larger than the kernel",
        {s > k for k, s, p in dropped if p == 0} == {True},
    )
    covers = [
        not unread(nn.AvgPool2d(k, s, k // 2, ceil_mode=True), i)
        for i in (3, 4, 5, 6, 7)
        for k in (1, 2, 3, 4)
        for s in range(1, k + 1)
    ]
    gaps = [unread(nn.AvgPool2d(k, s, ceil_mode=True), 9) for k, s in ((1, 2), (1, 3), (2, 3))]
    lesson.says(
        "It does if the kernel is at least as long as the stride. If not, there are gaps",
        all(covers) and all(gaps),
    )


def check_stairs(lesson):
    inputs = range(4, 17)
    layers = [nn.Conv2d(1, 1, 3), nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2), nn.MaxPool2d(3)]
    rises = []
    for layer in layers:
        sizes = [side(layer, i) for i in inputs]
        rises.append([i for i, a, b in zip(inputs[1:], sizes, sizes[1:], strict=False) if b > a])
    lesson.says(
        "four settings on all inputs from 4 to 16",
        rises[0] == list(inputs)[1:]  # as the alt text says
        and rises[1] == [5, 7, 9, 11, 13, 15]
        and rises[2] == [6, 8, 10, 12, 14, 16]
        and rises[3] == [6, 9, 12, 15],
    )
    lesson.says(
        "A stride of 2 gives two inputs the same output size",
        side(layers[2], 8) == side(layers[2], 9),
    )
    lesson.says(
        "A pool steps by its kernel size, a convolution by 1, unless you say so",
        (nn.MaxPool2d(4).stride, nn.Conv2d(1, 1, 4).stride) == (4, (1, 1)),
    )
    nine = {kind: side(kind(3), 9) for kind in (nn.MaxPool2d, nn.AvgPool2d)}
    lesson.says(
        "Here are a window of 3, no stride, and a 9×9 map",
        set(nine.values()) == {3} and side(nn.Conv2d(1, 1, 3), 9) == 7,
    )
    lesson.says(
        "A pool's stride defaults to its `kernel_size`; that is what `stride=None` means. "
        "A convolution's defaults to 1",
        nn.MaxPool2d((2, 3)).stride == (2, 3)
        and out(nn.MaxPool2d((2, 3), stride=None), 12, 12) == (6, 4)
        and nn.Conv2d(1, 1, 5).stride == (1, 1),
    )


def check_kernels(lesson):
    one = [
        side(nn.Conv2d(1, 1, k, padding=p), i) == i + 2 * p - k + 1
        for i in range(6, 12)
        for k in range(1, 6)
        for p in range(3)
    ]
    lesson.says("At stride 1 the formula is $o = i + 2p - k + 1$", all(one))
    padded = {k: {side(nn.Conv2d(1, 1, k, padding=p), 10) for p in range(9)} for k in range(1, 10)}
    keeping = [k for k, sizes in padded.items() if 10 in sizes]
    lesson.says(
        "The size stays if $2p = k - 1$. Two times a whole number is even, so "
        "**the kernel must be odd**. That is one reason why you see 3, 5 and 7 so often",
        keeping == [1, 3, 5, 7, 9],
    )
    table = [(1, 1, 0), (3, 1, 1), (2, 2, 0), (4, 2, 1), (3, 2, 1), (7, 2, 3)]
    rules = [lambda i: i] * 2 + [lambda i: i // 2] * 2 + [lambda i: (i + 1) // 2] * 2
    right = all(
        side(nn.Conv2d(1, 1, k, s, p), i) == rule(i)
        for (k, s, p), rule in zip(table, rules, strict=True)
        for i in range(8, 30)
    )
    lesson.says("The next two halve and round **down**. The last two halve and round **up**", right)
    general = all(
        side(nn.Conv2d(1, 1, k, 2, (k - 1) // 2), i) == (i + k % 2) // 2
        for k in range(1, 9)
        for i in range(8, 30)
    )
    lesson.says("At stride 2 a few settings are worth knowing", general)
    lesson.says(
        "In all of them the padding is $(k-1)/2$, cut to a whole number. "
        "Then, at stride 2, even kernels round down and odd kernels round up",
        general and all(p == (k - 1) // 2 for k, _, p in table),
    )


def check_rectangle(lesson):
    wide = nn.MaxPool2d((3, 5), (3, 4), (0, 1))
    lesson.says(
        "An 8×8 map, a window of 3 rows and 5 columns, stride `(3, 4)`, padding `(0, 1)`",
        out(wide, 8, 8) == (2, 2),
    )
    lesson.says(
        "Rows: $(8 - 3)/3$ is 1.67, cut to 1, plus 1 is 2. "
        "Columns: $(8 + 2 - 5)/4$ is 1.25, cut to 1, plus 1 is 2.",
        (round((8 - 3) / 3, 2), (8 + 2 - 5) / 4) == (1.67, 1.25) and (8 - 3) // 3 + 1 == 2,
    )
    pixels = read(nn.AvgPool2d((3, 5), (3, 4), (0, 1)), 8)
    assert pixels.all(1).tolist() == [True] * 6 + [False] * 2  # two rows are left over
    assert pixels.any(0).all()
    assert (8 + 2 - 5) % 4 == 1  # the last column of padding


def check_way_back(lesson):
    settings = [
        (i, k, s, p, d, a)
        for i in (3, 4, 5)
        for k in (1, 2, 3)
        for s in (1, 2, 3)
        for p in (0, 1)
        for d in (1, 2)
        for a in range(max(s, d))
        if (i - 1) * s - 2 * p + d * (k - 1) + 1 + a > 0
    ]
    lesson.says(
        r"o = (i - 1)\,s - 2p + d(k-1) + 1 + a",
        len(settings) > 100
        and all(
            side(nn.ConvTranspose2d(1, 1, k, s, p, a, dilation=d), i)
            == (i - 1) * s - 2 * p + d * (k - 1) + 1 + a
            for i, k, s, p, d, a in settings
        ),
    )
    there = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    back = [nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=a) for a in (0, 1)]
    lesson.says("where a convolution made 3 of 5, it makes 5 of 3", side(back[0], 3) == 5)
    lesson.says(
        "A convolution with a kernel of 3, a stride of 2 and a padding of 1 makes 3 of 5, and 3 "
        "of 6. Which one shall the 3 return to",
        [side(there, i) for i in (5, 6)] == [3, 3] and [side(b, 3) for b in back] == [5, 6],
    )
    back[1].weight.data = torch.tensor([[[[1.0, 0, 1], [0, 2, 0], [1, 0, 1]]]])
    extra = back[1](torch.arange(1.0, 10).reshape(1, 3, 3)) - back[1].bias
    lesson.says(
        "The extra row and column are computed like all others",
        bool(extra[0, -1].abs().max() > 1 and extra[0, :, -1].abs().max() > 1),
    )
    image, up = torch.rand(1, 25, 25), nn.ConvTranspose2d(1, 1, 2, stride=2)
    small = nn.MaxPool2d(2)(image)
    lesson.says(
        "25 went down to 12, and 12 up to 24",
        (small.shape[-1], up(small).shape[-1]) == (12, 24)
        and "must match" in refusal(lambda: image + up(small)),
    )
    assert up(small, output_size=(25, 25)).shape == image.shape
    pool = refusal(lambda: nn.MaxPool2d(5)(torch.rand(1, 3, 3)))
    lesson.says(
        '"Output size is too small" means: the formula gave 0 or less',
        "Output size is too small" in pool and (3 - 5) // 5 + 1 == 0,
    )


def check_exercises(lesson):
    stem, small = nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, padding=1)
    first = stem(torch.rand(3, 224, 224))
    lesson.says(
        "A photo of 224×224 enters `nn.Conv2d(3, 64, 7, stride=2, padding=3)`, "
        "then `nn.MaxPool2d(3, 2, padding=1)`",
        first.shape[0] == 64,
    )
    lesson.says(
        "112 and 56. $(224 + 6 - 7)/2$ is 111.5, cut to 111, plus 1. "
        "Then $(112 + 2 - 3)/2$ is 55.5, cut to 55, plus 1.",
        (first.shape[-1], small(first).shape[-1]) == (112, 56)
        and ((224 + 6 - 7) / 2, (112 + 2 - 3) / 2) == (111.5, 55.5),
    )
    lost = unread(nn.MaxPool2d(3), 10)
    lesson.says("How many pixels of a 10×10 map does `nn.MaxPool2d(3)` never", lost > 0)
    lesson.says(
        "19: the last row and the last column. Three windows of 3 read 9 rows, and 100 − 81 is 19",
        lost == 19 == 100 - 81 and side(nn.MaxPool2d(3), 10) == 3,
    )
    image = torch.zeros(1, 10, 10, requires_grad=True)
    corner = nn.AvgPool2d(3, ceil_mode=True)(image)
    corner[0, -1, -1].backward()
    lesson.says(
        "4, and one pixel.",
        side(nn.MaxPool2d(3, ceil_mode=True), 10) == 4 and int((image.grad != 0).sum()) == 1,
    )
    rule = nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)
    lesson.says(
        "What does `nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)` make of a height of 5?",
        rule.ceil_mode,
    )
    lesson.says(
        "3. The plain ceiling is 4, from 2.5 rounded up, plus 1. Its last window would start at "
        "3·2 = 6, and 5 + 1 = 6",
        side(rule, 5) == 3 and naive(5, 2, 2, 1) == 4 and (5 + 2 - 2) / 2 == 2.5,
    )
    grown = [side(nn.ConvTranspose2d(1, 1, 2, 2, output_padding=a), 12) for a in (0, 1)]
    lesson.says(
        "a height of 12 back to 25 with `nn.ConvTranspose2d(1, 1, 2, stride=2)`", grown[1] == 25
    )
    lesson.says(r"1. Without it, $11 \cdot 2 + 2 = 24$", grown[0] == 24 == 11 * 2 + 2)


def test_the_messages_are_torchs():
    flat, small = torch.rand(3, 3), torch.rand(1, 3, 3)
    assert "can't be greater" in refusal(lambda: nn.Conv2d(1, 1, 5)(small))
    assert "stride should not be zero" in refusal(lambda: nn.MaxPool2d(2, stride=3 // 5)(small))
    assert "non-empty 3D or 4D" in refusal(lambda: nn.MaxPool2d(2)(flat))


def test_convolutions_have_no_ceil_mode():
    assert "ceil_mode" in refusal(lambda: nn.Conv2d(1, 1, 2, ceil_mode=True), TypeError)


def test_the_pools_of_the_figures_lose_what_their_captions_say():
    signal = nn.MaxPool1d(3, stride=2)
    assert signal(torch.rand(1, 8)).shape == (1, 3) and signal(torch.rand(1, 9)).shape == (1, 4)
    assert side(nn.MaxPool2d(2, ceil_mode=True), 7) == 4
    assert unread(nn.MaxPool2d(2, ceil_mode=True), 7) == 0
