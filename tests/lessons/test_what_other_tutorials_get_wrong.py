"""Every sentence put to the test in lessons/what-other-tutorials-get-wrong.py, from torch."""

import itertools

import torch
import torch.nn.functional as F
from claims import LESSONS, Claims
from torch import nn

from slidingwindows.lessons import read

NAME = "what-other-tutorials-get-wrong"
CELLS = read(LESSONS / f"{NAME}.py").cells
SENTENCES = [
    line[4:-1]
    for cell in CELLS
    if cell.kind == "markdown"
    for line in cell.source.split("\n")
    if line.startswith('## "')
]


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


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    assert len(SENTENCES) == 11
    assert lesson.text.count("eleven sentences") == 1
    sizes(lesson)
    shifts(lesson)
    others(lesson)
    lesson.complete()


def sizes(lesson):
    ten = side(nn.Conv2d(1, 1, 3, stride=2), 10)
    lesson.says('"An input of 10, a kernel of 3, a stride of 2: impossible"', ten > 0)
    lesson.says("(10 − 3) / 2 + 1 = 4.5", (10 - 3) / 2 + 1 == 4.5)
    lesson.says("Torch rounds down: 4.", ten == 4)
    last = torch.zeros(1, 10, 10)
    last[0, 9, :] = last[0, :, 9] = 1
    lesson.says(
        "The last row and column are read by no window",
        F.conv2d(last, torch.ones(1, 1, 3, 3), stride=2).abs().sum() == 0,
    )
    same, valid, full = (readers(5, 3, p) for p in (1, 0, 2))
    image = torch.zeros(1, 1, 5, 5, requires_grad=True)
    F.conv2d(image, torch.ones(1, 1, 3, 3), padding=1).sum().backward()
    lesson.says(
        "Let each of the windows add 1 to every pixel that it reads",
        torch.equal(image.grad[0, 0], same),
    )
    lesson.says("for a 3×3 kernel on 5×5", nn.Conv2d(1, 1, 3, padding="same").padding == "same")
    lesson.says("A corner counts 4 times, an inner pixel 9", (same[0, 0], same[2, 2]) == (4, 9))
    lesson.says("Better than 1 against 9", (valid[0, 0], valid[2, 2]) == (1, 9))
    lesson.says("Only full padding makes all equal", len(full.unique()) == 1 < len(same.unique()))
    negative = torch.full((1, 3, 3), -1.0)
    zeros = nn.MaxPool2d(3, 1)(F.pad(negative, [1] * 4))
    lesson.says(
        "the border of an image of −1 would turn into 0",
        zeros[0, 0].tolist() == [0, 0, 0] and bool((nn.MaxPool2d(3, 1, 1)(negative) == -1).all()),
    )
    positive = torch.rand(1, 9, 9).relu()
    lesson.says(
        "After a ReLU nothing is negative, and then you cannot see the difference",
        torch.equal(nn.MaxPool2d(3, 2, 1)(positive), nn.MaxPool2d(3, 2)(F.pad(positive, [1] * 4))),
    )
    pool = nn.MaxPool1d(1, stride=2, ceil_mode=True)
    lesson.says(
        "**Not if the stride is larger than the kernel.** Then there are gaps",
        unread(pool, 10) == [1, 3, 5, 7, 9],
    )
    lesson.says("Without dilation, it is true in all other cases", covers_otherwise())
    lesson.says(
        "(10 − 1) / 2 + 1 is 5.5, but torch makes 5 windows, not 6",
        (10 - 1) / 2 + 1 == 5.5 and pool(torch.rand(1, 10)).shape[-1] == 5,
    )


def covers_otherwise():
    for k, s, i in itertools.product(range(1, 6), range(1, 6), range(1, 14)):
        for p in range(k // 2 + 1):
            if k >= s and i + 2 * p >= k and unread(nn.MaxPool1d(k, s, p, ceil_mode=True), i):
                return False
    return True


def test_torch_s_own_words():
    words = " ".join(F.max_pool2d.__doc__.split())
    assert "ensures that every element in the input tensor is covered by a sliding window" in words
    assert "negative infinity" in nn.MaxPool2d.__doc__ and "ignored" in nn.MaxPool2d.__doc__
    assert "partial inverse" in nn.MaxUnpool2d.__doc__


def shifts(lesson):
    counts = {}
    for k in (2, 3):
        counts[k] = []
        for y, x in itertools.product(range(k), repeat=2):
            dot = torch.zeros(1, 6 * k, 6 * k)
            dot[0, 2 * k + y, 2 * k + x] = 1
            counts[k].append(hidden(dot, k))
    lesson.says(
        "with 2×2 windows, 3 of the 8 shifts by one pixel leave the output as it is; with 3×3 "
        "windows, 5 of 8",
        set(counts[2]) == {3} and 5 in counts[3],
    )
    lesson.says(
        "**For a single bright pixel, 3 of 8 is right. For anything else it is not.**",
        set(counts[2]) == {3},
    )
    lesson.says("Under a 3×3 window", len(counts[3]) == 9)
    lesson.says("where the pixel stands: 3, 5 or all 8", set(counts[3]) == {3, 5, 8})
    lesson.says(
        "That makes 40 of 72, which is less than 5 of 8",
        (sum(counts[3]), 8 * len(counts[3])) == (40, 72) and 40 / 72 < 5 / 8,
    )
    for seed in range(8):
        noise = torch.rand(1, 18, 18, generator=torch.Generator().manual_seed(seed))
        assert hidden(noise, 2) == hidden(noise, 3) == 0, "not one shift stays hidden"


def others(lesson):
    count = torch.arange(16.0).reshape(1, 4, 4)
    torch_s = nn.MaxPool2d(3, 2, 1)(count)
    end = nn.MaxPool2d(3, 2)(F.pad(count, (0, 1, 0, 1), value=-torch.inf))
    lesson.says('"SAME in TensorFlow is padding=1 in torch"', not torch.equal(torch_s, end))
    lesson.says(
        "Both make 2×2 of a 4×4 image, with a kernel of 3 at stride 2",
        torch_s.shape == end.shape == (1, 2, 2),
    )
    assert "three of the four differ" in lesson.text and int((torch_s != end).sum()) == 3
    totals = [max(k - 1, 0) for k in (1, 3, 5, 7)]  # TensorFlow's SAME at stride 1, both ends
    lesson.says(
        "At stride 1 with an odd kernel the two are the same",
        [(total // 2, total - total // 2) for total in totals] == [(p, p) for p in range(4)]
        and all(side(nn.MaxPool2d(2 * p + 1, 1, p), 9) == 9 for p in range(4)),
    )
    strided = nn.Conv2d(64, 64, 3, stride=2, padding=1)
    lesson.says(
        "36,928 of them for 64 channels", sum(p.numel() for p in strided.parameters()) == 36928
    )
    pair = nn.BatchNorm2d(6)  # one weight and one bias a map, like LeNet-5's subsampling
    lesson.labels("LeNet-5")
    lesson.says("with 6 maps, had 12", sum(p.numel() for p in pair.parameters()) == 12)
    x = torch.arange(1.0, 26).reshape(1, 5, 5)
    back = nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(x), output_size=(5, 5))
    lesson.says("Pool a 5×5 map", back.shape == x.shape)
    lesson.says("It brings back the winners alone:** 4 of 25", int((back == x).sum()) == 4)
    bright = torch.zeros(1, 5, 5)
    bright[0, 1, 1] = 9
    moved = nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(bright))
    lesson.says(
        "torch takes the map for 4×4, so the 9 from row 1, column 1 lands in column 2",
        moved.shape == (1, 4, 4) and moved[0, 1, 2] == 9,
    )
    ties()
    lesson.says('"The receptive field of ResNet-50 is 483"', measured(1) == 483)
    lesson.says(
        "**It is 483 with the stride in a block's first 1×1 convolution, and 427 with the "
        "stride in its 3×3 convolution",
        (measured(1), measured(3)) == (483, 427),
    )


def ties():
    shared = {}
    for name, function in (("pool", nn.MaxPool2d(2)), ("amax", lambda x: x.amax((1, 2)))):
        x = torch.zeros(1, 2, 2, requires_grad=True)
        function(x).sum().backward()
        shared[name] = x.grad.flatten().tolist()
    assert shared == {"pool": [1, 0, 0, 0], "amax": [0.25] * 4}
    mask = torch.zeros(2, 2) == torch.zeros(2, 2).amax()
    assert mask.sum() == 4, "four times what arrived"


def measured(place: int) -> int:
    """ResNet-50's receptive field, measured by gradient along one axis; no formula."""
    layers = [nn.Conv1d(1, 1, 7, 2, 3), nn.Conv1d(1, 1, 3, 2, 1)]
    for units, stride in ((3, 1), (4, 2), (6, 2), (3, 2)):
        for unit in range(units):
            s = stride if unit == 0 else 1
            layers += [
                nn.Conv1d(1, 1, 1, s if place == 1 else 1),
                nn.Conv1d(1, 1, 3, s if place == 3 else 1, 1),
                nn.Conv1d(1, 1, 1),
            ]
    for layer in layers:
        nn.init.ones_(layer.weight)
    x = torch.zeros(1, 1, 2048, dtype=torch.float64, requires_grad=True)
    out = nn.Sequential(*layers).double()(x)
    out[0, 0, out.shape[-1] // 2].backward()
    reached = x.grad[0, 0].nonzero().flatten()
    return int(reached.max() - reached.min()) + 1


def test_the_page_computes_both_fields_and_the_pair_of_lenet():
    names: dict = {"print": lambda *_: None}
    for cell in CELLS:
        if cell.kind == "code" and not cell.source.lstrip().startswith("show("):
            exec(compile(cell.source, NAME, "exec"), names)
    assert names["field"](True, False) == measured(1)
    assert names["field"](False, True) == measured(3)
    layer = names["first"]
    x = torch.rand(6, 4, 4, generator=torch.Generator().manual_seed(0))
    layer.weight.data.fill_(0.5)
    layer.bias.data.fill_(-1)
    expected = torch.sigmoid(4 * F.avg_pool2d(x, 2) * 0.5 - 1)
    assert torch.allclose(layer(x), expected)
