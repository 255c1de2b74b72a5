"""lessons/what-other-tutorials-get-wrong.py: each sentence put to the test, from torch."""

import itertools
import re
import textwrap
import warnings

import torch
import torch.nn.functional as F
from lesson_run import told_in
from torch import nn

from slidingwindows import slide

CS231N = "https://cs231n.github.io/convolutional-networks/"
SPRINGENBERG = "https://arxiv.org/abs/1412.6806"
MODULE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"
NOTES = "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"


def side(layer, i):
    return layer(torch.zeros(1, i, i)).shape[-1]


def unread(pool, i):
    """Which places of a signal no window of a pool reads, by a peak at each place in turn."""
    return [n for n in range(i) if pool(torch.eye(i)[n : n + 1]).max() == 0]


def readers(i, k, p):
    """How often each pixel is read: a one at each place, and a count of the outputs it reaches."""
    counts = torch.zeros(i, i)
    for y, x in itertools.product(range(i), repeat=2):
        image = torch.zeros(1, 1, i, i)
        image[0, 0, y, x] = 1
        counts[y, x] = F.conv2d(image, torch.ones(1, 1, k, k), padding=p).count_nonzero()
    return counts


def hidden(image, k):
    """How many of eight one-pixel shifts a pool hides, shifting by cropping, without rolling."""
    big, before = F.pad(image, (3, 3, 3, 3)), None
    found = 0
    for dy, dx in itertools.product((0, -1, 1), repeat=2):
        crop = big[:, 3 - dy : 3 - dy + image.shape[1], 3 - dx : 3 - dx + image.shape[2]]
        pooled = nn.MaxPool2d(k)(crop)
        before = pooled if before is None else before
        found += torch.equal(pooled, before)
    return found - 1


def code_and_sources(page):
    """For each of the page's sentences, how many code cells and how many sources it has."""
    found = []
    for cell in page.run.lesson.cells:
        if cell.kind == "code" and found:
            found[-1][0] += 1
        for line in cell.source.split("\n") if cell.kind == "markdown" else ():
            if line.startswith("## "):
                found.append([0, 0])
            elif found:
                found[-1][1] += line.count("](https://")
    return found[:-1]  # the last part sums up


def test_every_claim(page):
    sentences = [
        line[4:-1]
        for cell in page.run.lesson.cells
        if cell.kind == "markdown"
        for line in cell.source.split("\n")
        if line.startswith('## "')
    ]
    with_code = len(sentences) == len(code_and_sources(page)) == 11 and all(
        n for n, _ in code_and_sources(page)
    )
    page.says(
        "Eleven sentences about pooling, stride and padding, each put to the test by a few lines "
        "of torch, with sources and the part that is right",
        with_code and sum(sources > 0 for _, sources in code_and_sources(page)) >= 9,
    )
    page.labels("You have read it many times, so it must be true?", "Have you read a twelfth?")
    page.says(
        "Here are eleven sentences about pooling, stride and padding. Each is followed by code "
        "that you can run",
        with_code,
    )
    page.aside(
        "Most of them are *nearly* right, and their authors knew what they meant. We say so where "
        "it is due",
        why="what we think of other authors",
    )
    page.says("More in [output size]", told_in("output-size", "Floors add up"))
    page.says("More in [padding]", told_in("padding", "Full padding", "equally frequently"))
    page.says(
        "More in [stride instead of pooling]", told_in("stride-instead-of-pooling", "ConvPool")
    )
    page.says(
        "More in [what pooling throws away]", told_in("what-pooling-throws-away", "output_size")
    )
    page.says(
        "Sizes to look up are on the [cheat sheet]", told_in("output-size-cheat-sheet", "ceil_mode")
    )
    page.aside(
        "None of these sentences is foolish. Each is true in the case that its author had in mind",
        why="what we think of other authors",
    )
    page.says("A few lines of code show you where that case ends", with_code)
    page.labels("Put it to the same test")
    rounding_down(page)
    counting_pixels(page)
    padding_of_a_max_pool(page)
    ceil_mode(page)
    shifts(page)
    same_in_tensorflow(page)
    parameters(page)
    unpooling(page)
    ties(page)
    resnet(page)
    page.complete()


def rounding_down(page):
    ten = side(nn.Conv2d(1, 1, 3, stride=2), 10)
    page.says('"An input of 10, a kernel of 3, a stride of 2: impossible"', ten > 0)
    conv = nn.Conv2d(1, 1, 3, stride=2)
    page.cites("The call this setting invalid", CS231N)
    page.cites("The notes do say that a library might crop like this", CS231N)
    page.says(
        "Their advice, to choose sizes that fit, is still good",
        all((unread(nn.MaxPool1d(3, 2), i) == []) == ((i - 3) % 2 == 0) for i in range(3, 20)),
    )
    page.says(
        "since (10 − 3) / 2 + 1 = 4.5 is not a whole number",
        (10 - conv.kernel_size[0]) / conv.stride[0] + 1 == 4.5,
    )
    page.prints("print(side(nn.Conv2d(1, 1, 3, stride=2), 10))", (10 - 3) // 2 + 1)
    page.says("Torch rounds down: 4.", ten == 4)
    last = torch.zeros(1, 10, 10)
    last[0, 9, :] = last[0, :, 9] = 1
    page.says(
        "The last row and column are read by no window",
        F.conv2d(last, torch.ones(1, 1, 3, 3), stride=2).abs().sum() == 0,
    )


def counting_pixels(page):
    same, valid, full = (readers(5, 3, p) for p in (1, 0, 2))
    page.says('"With padding, every pixel counts the same"', len(same.unique()) > 1)
    page.cites(
        'Padding "ensures that all pixels are used equally frequently", says in the summary of '
        "*Padding and Stride*",
        "https://d2l.ai/",
    )
    page.labels("Does it make all pixels equal?")
    page.says(
        "Padding does let more windows read the border",
        (same >= valid).all() and same[0, 0] > valid[0, 0],
    )
    page.says(
        "Let each of the windows add 1 to every pixel that it reads, for a 3×3 kernel on 5×5 with "
        '"same" padding',
        page.names["ones"].weight.unique().tolist() == [1]
        and (page.names["ones"].kernel_size, page.names["ones"].padding) == ((3, 3), "same")
        and torch.equal(page.names["image"].grad[0], same),
    )
    page.prints("print(image.grad[0].int())", same.int())
    page.says(
        "**A corner counts 4 times, an inner pixel 9 times.** Better than 1 against 9 without "
        "padding, but not the same",
        (same[0, 0], same[2, 2]) == (4, 9) and (valid[0, 0], valid[2, 2]) == (1, 9),
    )
    page.says(
        "With zeros at stride 1, it takes full padding, which is k − 1 on each side, to make all "
        "equal",
        all(
            (len(readers(7, k, p).unique()) == 1) == (p >= k - 1)
            for k in (2, 3, 4)
            for p in range(k + 2)
        ),
    )


def padding_of_a_max_pool(page):
    negative = torch.full((1, 3, 3), -1.0)
    zeros, kept = nn.MaxPool2d(3, 1)(F.pad(negative, [1] * 4)), nn.MaxPool2d(3, 1, 1)(negative)
    page.says('"Max pooling pads with zeros"', not torch.equal(zeros, kept))
    page.cites(
        'The documentation of said "implicitly zero-padded"',
        "https://pytorch.org/docs/1.8.0/generated/torch.nn.MaxPool2d.html",
    )
    page.says(
        "Later versions say minus infinity, which is what torch does",
        "negative infinity" in nn.MaxPool2d.__doc__ and (kept == -1).all(),
    )
    page.cites(
        "In one library, Eclipse Aidge, padded max pooling really did fill with zeros, until",
        "https://gitlab.eclipse.org/eclipse/aidge/aidge_core/-/merge_requests/447",
    )
    assert torch.equal(page.names["negative"], negative)
    page.prints(
        'print("zeros, by hand:", by_hand.unique().tolist())',
        f"torch:          {sorted(set(kept.flatten().tolist()))}",
        f"zeros, by hand: {sorted(set(zeros.flatten().tolist()))}",
    )
    page.says("**It pads with minus infinity.**", (kept == -1).all())
    page.says(
        "With zeros, the border of an image of −1 would turn into 0",
        zeros[0, 0].tolist() == [0, 0, 0] and zeros[0, 1, 1] == -1,
    )
    noise = torch.randn(8, 9, 9)
    minus_infinity, by_zeros = (
        [pool(x) for x in (noise, noise.relu())]
        for pool in (nn.MaxPool2d(3, 2, 1), lambda x: nn.MaxPool2d(3, 2)(F.pad(x, [1] * 4)))
    )
    alike = [torch.equal(a, b) for a, b in zip(minus_infinity, by_zeros, strict=True)]
    page.says(
        "After a ReLU nothing is negative, and then you cannot see the difference. That keeps the "
        "error hidden",
        noise.relu().min() >= 0 and alike == [False, True],
    )


def ceil_mode(page):
    row, pool = torch.arange(10.0)[None], nn.MaxPool1d(1, stride=2, ceil_mode=True)
    page.says('"ceil_mode covers every element"', len(unread(pool, 10)) > 0)
    words = " ".join(F.max_pool2d.__doc__.split())
    told = re.search(r"ceil_mode: If.*?(?= return_indices: If)", words)[0]
    assert "ensures that every element in the input tensor is covered by a sliding window" in told
    page.says(
        "This one stands in torch's own documentation", "every element" in F.max_pool2d.__doc__
    )
    page.prints("words = F.max_pool2d.__doc__", textwrap.fill(told, 66))
    page.prints("print(nn.MaxPool1d(1, stride=2, ceil_mode=True)(row))", row[:, ::2])
    page.draws("wrong-ceil-mode", slide(pool, row))
    page.says(
        "A kernel of 1 at stride 2. Hatched: no window reads the odd places, whatever the rounding",
        (pool.kernel_size, pool.stride) == (1, 2)
        and unread(pool, 10) == unread(nn.MaxPool1d(1, stride=2), 10) == list(range(1, 10, 2))
        and page.figure("wrong-ceil-mode").geometry.untouched()
        == {(0, n) for n in range(1, 10, 2)},
    )
    page.says(
        "**Not if the stride is larger than the kernel.** Then there are gaps between the windows, "
        "and rounding up cannot fill them",
        unread(pool, 10) == [1, 3, 5, 7, 9]
        and all(
            unread(nn.MaxPool1d(k, s, ceil_mode=True), 12)
            for k, s in itertools.combinations(range(1, 6), 2)
        ),
    )
    page.says("Without dilation, it is true in all other cases", covers_otherwise())
    page.says(
        "[Open this row in the explorer], and let the kernel grow until no cell is hatched",
        [unread(nn.MaxPool1d(k, 2, ceil_mode=True), 10) for k in (1, 2)] == [[1, 3, 5, 7, 9], []],
    )
    page.says(
        "Nor is rounding up the whole rule. Here (10 − 1) / 2 + 1 is 5.5, but torch makes 5 "
        "windows, not 6: it drops a last window that would start behind the input",
        (10 - pool.kernel_size) / pool.stride + 1 == 5.5
        and pool(row).shape[-1] == 5
        and 5 * pool.stride == row.shape[-1],
    )
    page.cites("The says that in a note", MODULE)
    assert "would start in the right padded region are ignored" in nn.MaxPool2d.__doc__


def covers_otherwise():
    for k, s, i in itertools.product(range(1, 6), range(1, 6), range(1, 14)):
        for p in range(k // 2 + 1):
            if k >= s and i + 2 * p >= k and unread(nn.MaxPool1d(k, s, p, ceil_mode=True), i):
                return False
    return True


def shifts(page):
    counts = {}
    for k in (2, 3):
        counts[k] = []
        for y, x in itertools.product(range(k), repeat=2):
            dot = torch.zeros(1, 6 * k, 6 * k)
            dot[0, 2 * k + y, 2 * k + x] = 1
            counts[k].append(hidden(dot, k))
    page.cites(
        "Often with a number: with 2×2 windows, 3 of the 8 shifts by one pixel leave the output as "
        "it is; with 3×3 "
        "windows, 5 of 8",
        "https://dsp.stackexchange.com/questions/24900/",
    )
    page.labels("Count it, for one bright pixel at each place of a window")
    dots = [F.pad(torch.ones(1, 1, 1), (n, 17 - n, m, 17 - m)) for n in (6, 7) for m in (6, 8)]
    page.says(
        "How many of the eight shifts leave the whole output as it was",
        all(
            page.names["hidden"](image, nn.MaxPool2d(k)) == hidden(image, k)
            for image in dots
            for k in (2, 3)
        ),
    )
    noises = []
    for seed in range(8):
        noise = torch.rand(1, 18, 18, generator=torch.Generator().manual_seed(seed))
        noises.append((hidden(noise, 2), hidden(noise, 3)))
    page.prints(
        "STEPS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]",
        f"2×2: one bright pixel {torch.tensor(counts[2]).reshape(2, 2).tolist()}",
        f"     noise {noises[0][0]}",
        f"3×3: one bright pixel {torch.tensor(counts[3]).reshape(3, 3).tolist()}",
        f"     noise {noises[0][1]}",
    )
    first = torch.rand(1, 18, 18, generator=torch.Generator().manual_seed(0))
    assert torch.equal(page.names["noise"], first)
    page.says(
        "**For a single bright pixel under a 2×2 window, 3 of 8 is right. In general it is not.**",
        set(counts[2]) == {3} != set(counts[3]),
    )
    page.says(
        "A constant image hides all 8 shifts",
        [hidden(torch.ones(1, 18, 18), k) for k in (2, 3)] == [8, 8],
    )
    page.says(
        "Under a 3×3 window it depends on where the pixel stands: 3, 5 or all 8",
        set(counts[3]) == {3, 5, 8} and len(counts[3]) == 3 * 3,
    )
    page.says(
        "That makes 40 of 72, which is less than 5 of 8",
        (sum(counts[3]), 8 * len(counts[3])) == (40, 72) and 8 * sum(counts[3]) < 5 * 72,
    )
    page.says(
        "And on an image of noise not one shift stays hidden: some output always changes",
        set(noises) == {(0, 0)},
    )
    page.says("Pooling *damps* small shifts", all(map(damped, range(8))))
    page.cites(
        "[A trained network] still stumbles over one pixel, and larger ones do too",
        "https://jmlr.org/papers/v20/19-519.html",
    )


def damped(seed):
    """Noise that moves by one pixel changes less behind a max pool."""
    image = torch.rand(1, 18, 18, generator=torch.Generator().manual_seed(seed))
    pool = nn.MaxPool2d(2)
    moves = [(image, image.roll(step, (1, 2))) for step in ((0, 1), (1, 0), (0, -1), (-1, 0))]
    return all((pool(a) - pool(b)).abs().mean() < (a - b).abs().mean() for a, b in moves)


def same_in_tensorflow(page):
    count = torch.arange(16.0).reshape(1, 4, 4)
    torch_s = nn.MaxPool2d(3, 2, 1)(count)
    end = torch.stack(
        [count[0, r : r + 3, c : c + 3].max() for r in (0, 2) for c in (0, 2)]
    ).reshape(1, 2, 2)
    page.says('"SAME in TensorFlow is padding=1 in torch"', not torch.equal(torch_s, end))
    page.says(
        "Both make 2×2 of a 4×4 image, with a kernel of 3 at stride 2",
        torch_s.shape == end.shape == (1, 2, 2),
    )
    around = [
        count[0, max(0, r) : r + 3, max(0, c) : c + 3].max() for r in (-1, 1) for c in (-1, 1)
    ]
    page.prints(
        "at_the_end = F.pad(count, (0, 1, 0, 1), value=-torch.inf)",
        torch.stack(around).reshape(2, 2).tolist(),
        str(end[0].tolist()),
    )
    page.cites("TensorFlow's put an odd pixel of padding at the end", NOTES)
    page.says(
        "**The shapes agree, the numbers do not:** three of the four differ",
        torch_s.shape == end.shape and int((torch_s != end).sum()) == 3 == torch_s.numel() - 1,
    )
    needed = {i: (-(-i // 2) - 1) * 2 + 3 - i for i in range(4, 12)}
    page.says(
        "On 5×5 they do not: an odd size needs a pixel on each side, and that is `padding=1`",
        all(total == 1 + i % 2 for i, total in needed.items()),
    )
    totals = [max(k - 1, 0) for k in (1, 3, 5, 7)]  # TensorFlow's SAME at stride 1, both ends
    page.says(
        "At stride 1 with a kernel of 3 the two are the same on every size",
        (totals[1] // 2, totals[1] - totals[1] // 2) == (1, 1)
        and all(side(nn.MaxPool2d(3, 1, 1), n) == n for n in range(1, 12)),
    )
    page.says(
        "Any other odd kernel takes `padding=(k - 1)//2` to be that",
        [(total // 2, total - total // 2) for total in totals] == [(p, p) for p in range(4)]
        and all(side(nn.MaxPool2d(2 * p + 1, 1, p), 9) == 9 for p in range(4))
        and all(side(nn.MaxPool2d(k, 1, 1), 9) != 9 for k in (5, 7)),
    )


def parameters(page):
    strided = nn.Conv2d(64, 64, 3, stride=2, padding=1)
    learned = sum(p.numel() for p in strided.parameters())
    page.prints(
        "for layer in (nn.MaxPool2d(2), nn.Conv2d(64, 64, 3, stride=2, padding=1)):",
        f"{(64, 16, 16)} {sum(p.numel() for p in nn.MaxPool2d(2).parameters())} parameters",
        f"{(64, 16, 16)} {64 * 64 * 3 * 3 + 64:,} parameters",
    )
    page.says(
        "**A convolution in the pool's place adds parameters:** 36,928 of them for 64 channels",
        not list(nn.MaxPool2d(2).parameters())
        and learned == 36_928
        and strided.in_channels == strided.out_channels == 64,
    )
    page.labels("A stride replaces pooling at no cost", "Pooling layers have no parameters")
    page.cites(
        'found that max pooling can be replaced by a convolution with increased stride "without '
        'loss in accuracy on several image recognition benchmarks". The sentence is about accuracy',
        SPRINGENBERG,
    )
    page.cites(
        "Part of what it gains may come from its size; the paper knows, and compares with a "
        "*ConvPool-CNN* that keeps the pools and adds convolutions too",
        SPRINGENBERG,
    )
    page.says(
        "True for each pool of today's torch", len(pools()) >= 17 and not any(map(taught, pools()))
    )
    page.cites(
        "But the pools of LeNet-5 ( ) multiplied their sums by a learned number and added a "
        "learned "
        "bias, one pair for each map",
        "https://doi.org/10.1109/5.726791",
    )
    layer, x = page.names["first"], torch.rand(6, 4, 4)
    pair = nn.BatchNorm2d(6)  # one weight and one bias a map, too
    learned = sum(p.numel() for p in pair.parameters())
    page.prints("first = Subsampling(6)", str((6, 28 // 2, 28 // 2)), f"{learned} parameters")
    page.says(
        "**Its first one, with 6 maps, had 12.**",
        sum(p.numel() for p in layer.parameters()) == 12 == learned,
    )
    weight, bias = torch.rand(2, 6, 1, 1)
    with torch.no_grad():
        sums = x.unfold(1, 2, 2).unfold(2, 2, 2).sum((3, 4))
        given = torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))
        plain = torch.sigmoid(weight * sums + bias)
    page.says(
        'So "without parameters" is a choice',
        torch.allclose(given, plain) and taught(layer) == 12 and not taught(nn.AvgPool2d(2)),
    )
    page.says(
        "LeNet-5's way: add up four, times a weight, plus a bias, through a sigmoid",
        torch.allclose(given, plain),
    )
    assert torch.allclose(layer(x), torch.sigmoid(sums)), "weights of one, no bias"


def pools():
    """One of each pool that torch has."""
    kinds = [kind for name, kind in vars(nn).items() if re.fullmatch(r"\w+Pool\dd", name)]
    made = {"LPPool": (2, 2), "Fractional": (2, 3)}  # a norm first; the output's size behind
    settings = [next((v for n, v in made.items() if n in kind.__name__), (2,)) for kind in kinds]
    return [kind(*given) for kind, given in zip(kinds, settings, strict=True)]


def taught(layer):
    return sum(p.numel() for p in layer.parameters())


def unpooling(page):
    page.says(
        "Torch's documentation is exact here: it says *partial inverse*",
        "a partial inverse of" in nn.MaxUnpool2d.__doc__,
    )
    x = torch.arange(1.0, 26).reshape(1, 5, 5)
    back = torch.zeros(5, 5)
    back[1:4:2, 1:4:2] = x[0, 1:4:2, 1:4:2]  # the largest of each window stands below, on the right
    kept = int((back == x[0]).sum())
    bright = torch.zeros(1, 5, 5)
    bright[0, 1, 1] = 9
    assert torch.equal(page.names["bright"], bright) and torch.equal(page.names["x"], x)
    with warnings.catch_warnings(action="error"):
        moved = nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(bright))
    place = 1 * 5 + 1  # in a map of five columns
    page.prints(
        'print("kept:", int((back == x).sum()), "of", x.numel())',
        f"kept: {kept} of {x.numel()}",
        f"output_size=(5, 5): the 9 returns to {[list(divmod(place, 5))]}",
        f"output_size=None: the 9 returns to {[list(divmod(place, 4))]}",
    )
    page.says("Pool a 5×5 map, and send it back", x.shape == (1, 5, 5))
    page.says("It brings back the winners alone:** 4 of 25 numbers", (kept, x.numel()) == (4, 25))
    page.says(
        "And without `output_size` torch takes the map for 4×4, so the 9 from row 1, column 1 "
        "lands "
        "in column 2. Nothing warns you",
        moved.shape == (1, 4, 4) and moved[0, 1, 2] == 9 and divmod(place, 4) == (1, 2),
    )


def ties(page):
    shared = {}
    for name, function in (("pool", nn.MaxPool2d(2)), ("amax", lambda x: x.amax((1, 2)))):
        x = torch.zeros(1, 2, 2, requires_grad=True)
        function(x).sum().backward()
        shared[name] = x.grad.flatten().tolist()
    mask = (torch.zeros(2, 2) == torch.zeros(2, 2).amax()).float().flatten()
    page.labels("if the largest number is there more than once?")
    page.prints(
        "tied = torch.ones(1, 2, 2)",
        f"nn.MaxPool2d:    {shared['pool']}",
        f"torch.amax:      {shared['amax']}",
        f"a mask, by hand: {mask.tolist()}",
    )
    page.says(
        "A version written by hand may compare each cell with the maximum, and give the gradient "
        "to all that match",
        mask.tolist() == [1] * 4,
    )
    page.says(
        "**A max pool gives all to the first of equals.** `torch.amax` shares it",
        shared == {"pool": [1, 0, 0, 0], "amax": [1 / 4] * 4},
    )
    page.says(
        "The mask hands out four times what arrived, which is neither",
        mask.sum() == 4 * sum(shared["pool"]) == 4 * sum(shared["amax"]),
    )
    noise = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(0)).relu()
    page.says(
        "Ties are not rare: after a ReLU many windows are all zero",
        (nn.MaxPool2d(2)(noise) == 0).float().mean() > 0.05,
    )


SLIM = "https://github.com/tensorflow/models/blob/master/research/slim/nets/resnet_v1.py"
PLACES = (("first", 1), ("first", 3), ("last", 3))


def resnet(page):
    found = {place: measured(*place) for place in PLACES}
    page.says('"The receptive field of ResNet-50 is 483"', found["last", 3] == 483)
    page.cites(
        "That number is in the literature ( ), and it is right for the network that was measured",
        "https://doi.org/10.23915/distill.00021",
    )
    page.says("But several networks bear this name", len(set(found.values())) == 2 < len(found))
    page.says(
        "Each has four blocks of units, and three of the blocks halve the map",
        all(len(strides) == 4 and strides.count(2) == 3 for strides in STRIDES.values()),
    )
    page.says(
        "They differ in *where* a block takes its stride: in its first unit or its last, and in a "
        "unit's first 1×1 convolution or its 3×3",
        [set(values) for values in zip(*PLACES, strict=True)] == [{"first", "last"}, {1, 3}]
        and all(page.names["field"](*place) == size for place, size in found.items()),
    )
    page.says(
        "Receptive field, if this unit of a block takes the stride, in the layer with this kernel",
        all(page.names["field"](*place) == size for place, size in found.items())
        and page.names["field"]("last", 1) == measured("last", 1),
    )
    page.says(
        "kernel and stride, before the blocks",
        all(page.names["field"](*place) == size for place, size in found.items()),
    )
    ends = list(itertools.accumulate((3, 4, 6)))
    page.says(
        "Either way the map is halved at the three borders between the blocks",
        halving("first") == ends and [unit + 1 for unit in halving("last")] == ends,
    )
    page.labels("So name the library when you quote the number")
    page.says("Build three of them", len(found) == 3)
    page.prints(
        'for unit, kernel in (("first", 1), ("first", 3), ("last", 3)):',
        *(f"{unit} unit, {k}×{k} convolution: {size}" for (unit, k), size in found.items()),
    )
    page.says(
        "**It is 427 with the stride in the 3×3 convolution of a block's first unit, and 483 in "
        "the other two.**",
        found == {("first", 1): 483, ("first", 3): 427, ("last", 3): 483},
    )
    page.cites(
        "The 427 is that of",
        "https://docs.pytorch.org/vision/stable/models/generated/torchvision.models.resnet50.html",
    )
    page.cites("The 483 of the literature is that of", SLIM)
    page.cites("which takes the stride in a block's last unit", SLIM)


STRIDES = {"first": (1, 2, 2, 2), "last": (2, 2, 2, 1)}


def halving(where: str) -> list[int]:
    """The numbers of the units that halve the map, counted through all blocks."""
    found, before = [], 0
    for units, stride in zip((3, 4, 6, 3), STRIDES[where], strict=True):
        found += [before + (0 if where == "first" else units - 1)] if stride == 2 else []
        before += units
    return found


def measured(where: str, kernel: int) -> int:
    """ResNet-50's receptive field, measured by gradient along one axis; no formula."""
    layers = [nn.Conv1d(1, 1, 7, 2, 3), nn.Conv1d(1, 1, 3, 2, 1)]
    for units, stride in zip((3, 4, 6, 3), STRIDES[where], strict=True):
        for unit in range(units):
            s = stride if unit == (0 if where == "first" else units - 1) else 1
            layers += [
                nn.Conv1d(1, 1, 1, s if kernel == 1 else 1),
                nn.Conv1d(1, 1, 3, s if kernel == 3 else 1, 1),
                nn.Conv1d(1, 1, 1),
            ]
    for layer in layers:
        nn.init.ones_(layer.weight)
    x = torch.zeros(1, 1, 2048, dtype=torch.float64, requires_grad=True)
    out = nn.Sequential(*layers).double()(x)
    out[0, 0, out.shape[-1] // 2].backward()
    reached = x.grad[0, 0].nonzero().flatten()
    return int(reached.max() - reached.min()) + 1
