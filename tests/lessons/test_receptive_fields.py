"""Every number in lessons/receptive-fields.py, from torch.

The lesson measures by gradient; here a NaN in one input pixel is followed through the real
network, max pools included: it reaches exactly the outputs that depend on that pixel.
"""

import math

import numpy as np
import torch
from claims import LESSONS, Claims
from torch import nn

from slidingwindows.lessons import read

VGG16 = [layer for n in (2, 2, 3, 3, 3) for layer in [(3, 1, 1)] * n + [(2, 2, 0)]]


def conv(k=3, s=1, p=None, d=1):
    padding = d * (k // 2) if p is None else p
    layer = nn.Conv1d(1, 1, k, stride=s, padding=padding, dilation=d, bias=False)
    layer.weight.data.fill_(1)
    return layer.double()


def pool(k=2, s=None, p=0):
    return nn.MaxPool1d(k, s, p)


def seen(layers, size, output=None):
    """The input positions that an output along one axis depends on, by a NaN at each in turn."""
    network = nn.Sequential(*layers)
    rows = torch.zeros(size, 1, size, dtype=torch.float64)
    rows[range(size), 0, range(size)] = math.nan
    out = network(rows)[:, 0].isnan()
    middle = out.shape[-1] // 2 if output is None else output
    return out[:, middle].nonzero().flatten().tolist()


def width(layers, size=64, output=None):
    found = seen(layers, size, output)
    assert found == list(range(found[0], found[-1] + 1))
    return len(found)


def jump(layers, size=128):
    """From the middle of one output's view to the next one's, where no border cuts them."""
    n = nn.Sequential(*layers)(torch.zeros(1, 1, size).double()).shape[-1] // 2
    low, high = (seen(layers, size, output)[0] for output in (n, n + 1))
    return high - low


def vgg(padding, pools=2):
    """VGG-16's layers along one axis, smallest first; pools: their stride, 0 for none."""
    layers = [conv(p=1) if k == 3 else pool(2, pools or None) for k, _, _ in VGG16]
    return [layer for layer in layers if pools or not isinstance(layer, nn.MaxPool1d)]


def test_every_number_in_the_prose():
    lesson = Claims("receptive-fields")
    check_rows(lesson)
    check_measured(lesson)
    check_vgg(lesson)
    check_growth(lesson)
    check_centre(lesson)
    check_effective(lesson)
    check_exercises(lesson)
    lesson.labels("VGG-16", "ResNet-50", *(f"**{n}.**" for n in range(1, 5)))
    lesson.complete()


def check_rows(lesson):
    first = conv(p=0)
    lesson.says("A kernel of 3×3 sees nine pixels", nn.Conv2d(1, 1, 3).weight.numel() == 9)
    row = [first, pool(), conv(p=0)]
    sizes = [width(row[:n], 14) for n in (1, 2, 3)]
    lesson.says("one row of 14 numbers, and three layers", len(row) == 3)
    lesson.says(
        "A convolution of 3, a pool of 2, a convolution of 3. One number comes out in the "
        "middle. How many of the 14",
        [layer.kernel_size for layer in row] == [(3,), 2, (3,)],
    )
    lesson.says("It saw eight", sizes[-1] == 8)
    lesson.says("In the input itself, both are 1", width([conv(1)]) == jump([conv(1)]) == 1)
    lesson.says(
        "reads three inputs. So $r = 3$. Its outputs look one apart, $j = 1$",
        sizes[0] == 3 and jump(row[:1]) == 1,
    )
    lesson.says(
        "They are 3 wide and lie 1 apart. Together they cover 3 + 1 = 4. The stride is 2, so the "
        "next pool output looks 2 further on: $j = 2$",
        sizes[1] == 4 and jump(row[:2]) == 2,
    )
    lesson.says(
        "They are 4 wide and lie 2 apart. Together: 4 + 2 + 2 = 8",
        sizes[2] == 4 + 2 + 2 == 8,
    )
    lesson.labels("1. The first", "2. The pool", "3. The last")
    lesson.says(
        r"A kernel of $k$ reads $k$ views, which makes $k - 1$ steps of one jump each", random()
    )
    lesson.says(
        r"r \leftarrow r + d\,(k - 1) \cdot j \qquad\qquad j \leftarrow j \cdot s",
        random(dilated=True),
    )


def random(dilated=False):
    """The recurrence, with r = j = 1 at first, holds for random stacks of layers."""
    rng = np.random.default_rng(0)
    for _ in range(12):
        r, j, layers = 1, 1, []
        for _ in range(3):
            k, s, d = (int(n) for n in rng.integers(1, 4, 3))
            d = d if dilated else 1
            layers.append(conv(k, s, 0, d))
            r, j = r + d * (k - 1) * j, j * s
        found = seen(layers, 256)
        if found[-1] - found[0] + 1 != r or jump(layers, 256) != j:
            return False
    return True


def reached(kind, seed):
    torch.manual_seed(seed)
    x = torch.rand(1, 26, 26, requires_grad=True)
    convs = [nn.Conv2d(1, 1, 3) for _ in range(3)]
    for layer in convs:
        layer.weight.data.fill_(1)
    net = nn.Sequential(convs[0], kind(2), convs[1], kind(2), convs[2])
    net(x)[0, 1, 1].backward()
    return int((x.grad != 0).sum())


def check_measured(lesson):
    stack = [conv(p=0), pool(), conv(p=0), pool(), conv(p=0)]
    size = width(stack, 26)
    lesson.says("Will it reach all 18×18 pixels", size == 18)
    averages = {reached(nn.AvgPool2d, seed) for seed in range(5)}
    lesson.says("it reaches 324 pixels, which is 18×18", averages == {324} and 18 * 18 == 324)
    torch.manual_seed(0)
    for _ in range(3):
        nn.Conv2d(1, 1, 3)  # the lesson makes its layers before the seed
    lesson.says("it reaches only 232 of them, for this input", reached_by_lesson() == 232)
    assert all(reached(nn.MaxPool2d, seed) < 324 for seed in range(20))


def reached_by_lesson():
    """The lesson's input is the first draw after the seed."""
    x = torch.rand(1, 26, 26, generator=torch.Generator().manual_seed(0))
    ones = torch.ones(1, 1, 3, 3)
    x.requires_grad_()
    out = x
    for n in range(3):
        out = nn.functional.conv2d(out[None], ones)[0]
        out = nn.functional.max_pool2d(out, 2) if n < 2 else out
    out[0, 1, 1].backward()
    return int((x.grad != 0).sum())


def check_vgg(lesson):
    kernels = [k for k, _, _ in VGG16]
    lesson.says(
        "has thirteen convolutions of 3×3 in five blocks, each block with a 2×2 pool behind it",
        (kernels.count(3), kernels.count(2)) == (13, 5),
    )
    out = nn.Sequential(*vgg(1))(torch.zeros(1, 1, 224).double())
    lesson.says("A photo of 224×224 leaves the last pool as maps of 7×7", out.shape[-1] == 7)
    whole = width(vgg(1), 448)
    lesson.says("Less than 50, about 100, or nearly the whole photo", 200 < whole < 224)
    lesson.says("212 pixels across, with a jump of 32", whole == 212 and jump(vgg(1), 640) == 32)
    lesson.says("A pool of 2 adds just one jump", width([conv(), pool()]) == width([conv()]) + 1)
    lesson.says("put them back with stride 1", True)
    without, still = width(vgg(1, 0)), width(vgg(1, 1))
    lesson.says(
        "27 without them, 32 with pools that do not stride, 212 with pools that do",
        (without, still) == (27, 32),
    )
    more = [
        width([*front, conv(), conv()]) - width(front) for front in ([conv()], [conv(), pool()])
    ]
    lesson.says("Each stride of 2 doubles all that later layers add", more == [4, 8])
    views = [(i * 32 - 90, i * 32 + 121) for i in range(7)]
    real = [seen(vgg(1), 224, i) for i in range(7)]
    assert [(max(a, 0), min(b, 223)) for a, b in views] == [(r[0], r[-1]) for r in real]
    assert [len(r) == 212 for r in real] == [i == 3 for i in range(7)], "only the middle is whole"
    lesson.says("An output of VGG-16 sees 212×212 pixels", len(real[3]) == 212)
    inside = sum(len(r) == 212 for r in real)
    lesson.says(
        "In VGG-16 all convolutions have `padding=1` and the pools have none. The first output of "
        "the last pool has its centre at 15.5, between two pixels. Of the 7×7 outputs for a "
        "224×224 photo",
        sum(views[0]) / 2 == 15.5 and len(real) == 7,
    )
    lesson.says(
        "One. Along an axis, output $i$ has its centre at 15.5 + 32 · $i$ and sees 105.5 to either "
        "side of it. Only output 3 fits: from 6 to 217. The other 48 see padding",
        (inside**2, 7**2 - inside**2) == (1, 48)
        and (real[3][0], real[3][-1]) == (6, 217)
        and (217 - 6) / 2 == 105.5,
    )


def check_growth(lesson):
    ways = {
        "plain": [conv(), conv(), conv()],
        "pools": [conv(), pool(), conv(), pool(), conv()],
        "strides": [conv(s=2), conv(s=2), conv()],
        "dilation": [conv(), conv(d=2), conv(d=4)],
    }
    field = {name: width(layers) for name, layers in ways.items()}
    side = {
        n: nn.Sequential(*ls)(torch.zeros(1, 1, 32).double()).shape[-1] for n, ls in ways.items()
    }
    lesson.says(
        "each with three convolutions of 3×3",
        all(sum(isinstance(layer, nn.Conv1d) for layer in layers) == 3 for layers in ways.values()),
    )
    lesson.says(
        "All four have 27 weights. Strides and dilation both reach 15. Dilation keeps the 32×32 "
        "map. Strides leave 8×8",
        field["strides"] == field["dilation"] == 15
        and 3 * nn.Conv2d(1, 1, 3, bias=False).weight.numel() == 27
        and (side["dilation"], side["strides"]) == (32, 8),
    )
    lesson.says("16 times fewer places", 32**2 == 16 * side["strides"] ** 2)
    own = [width([conv(), pool()]) - width([conv()])]
    own.append(width(ways["pools"][:4]) - width(ways["pools"][:3]))
    lesson.says(
        "Pools reach 18. The three more are what the two pools add by themselves: 1 and 2",
        field["pools"] == 18 and own == [1, 2],
    )


def three(padding):
    return [conv(3, 2, padding) for _ in range(3)]


def check_centre(lesson):
    lesson.says("view starts at 0 and moves", seen([conv(1)], 9, 0) == [0])
    lesson.says(r"c \leftarrow c + \left(\frac{d\,(k - 1)}{2} - p\right) \cdot j", random_centres())
    lesson.says(
        "Three convolutions of 3 with stride 2. Without padding, which input does output 0 look "
        "at? And with `padding=1`",
        len(three(0)) == 3,
    )
    lesson.says("Without padding it looks at input 7", seen(three(0), 47, 0) == list(range(15)))
    # output 1 is 8 further on, and there the border cuts nothing
    second = seen(three(1), 47, 1)
    lesson.says(
        "With padding it looks at input 0, and its view reaches from −7 to 7. Everything below 0",
        seen(three(1), 47, 0) == list(range(8)) and (second[0] - 8, second[-1] - 8) == (-6 - 1, 7),
    )
    lesson.says(r"With $p = d\,(k-1)/2$ in every layer the centre stays at 0", odd_stays())
    lesson.says(
        "A pool of 2 without padding moves it by half a jump", seen([pool()], 8, 0) == [0, 1]
    )
    dot = torch.zeros(1, 47).double()
    dot[0, 23] = 1
    strongest = []
    for p in (0, 1):
        layers = three(p)
        for layer in layers:
            layer.weight.data[:] = torch.tensor([1.0, 2, 1])
        strongest.append(int(nn.Sequential(*layers)(dot).argmax()))
    lesson.says(
        "You find the strongest output at index 2. The strides multiply to 8. So it looks at "
        "input 16",
        strongest[0] == 2 and jump(three(0)) == 8,
    )
    lesson.says(
        "The dot stands at 23. Without padding, index times stride says 16. It is off by 7, the "
        "centre of the first view. With padding, output 3 looks at 24, the nearest",
        middle(seen(three(0), 47, 2)) == 23
        and strongest[1] == 3
        and middle(seen(three(1), 47, 3)) == 24
        and 23 - 16 == 7 == middle(seen(three(0), 47, 0)),
    )


def middle(positions):
    return (positions[0] + positions[-1]) / 2


def random_centres():
    """The centre of an output in the middle, by the formula and by NaN, for random stacks."""
    rng = np.random.default_rng(1)
    for _ in range(12):
        c, j, layers = 0, 1, []
        for _ in range(3):
            k, s, d = (int(n) for n in rng.integers(1, 4, 3))
            p = int(rng.integers(0, k))
            layers.append(conv(k, s, p, d))
            c, j = c + (d * (k - 1) / 2 - p) * j, j * s
        n = nn.Sequential(*layers)(torch.zeros(1, 1, 256).double()).shape[-1] // 2
        if middle(seen(layers, 256, n)) != c + n * j:
            return False
    return True


def odd_stays():
    for k in (3, 5, 7):
        layers = [conv(k, 2), conv(k, d=2), conv(k, 3)]
        if middle(seen(layers, 256, 10)) != 10 * jump(layers, 256):
            return False
    return True


def ways_through(depth):
    """Ways from each input to the output: sums of steps of -1, 0 and 1, by convolving counts."""
    counts = [1]
    for _ in range(depth):
        counts = np.convolve(np.array(counts, dtype=object), [1, 1, 1])
    return [int(c) for c in counts]


def spread(depth):
    counts = ways_through(depth)
    total = sum(c * (i - depth) ** 2 for i, c in enumerate(counts))
    return math.sqrt(total / sum(counts))


def random_profile(depth, seed, networks):
    """Each column's share of the squared gradient, by networks that torch.func applies."""
    torch.manual_seed(seed)
    total = torch.zeros(2 * depth + 1, dtype=torch.float64)
    for _ in range(networks):
        layers = []
        for n in range(depth):
            layers += [nn.Conv2d(8 if n else 1, 8, 3), nn.ReLU()]
        network = nn.Sequential(*layers)
        x = torch.randn(1, 2 * depth + 1, 2 * depth + 1)
        slope = torch.func.grad(lambda image: network(image).sum())(x)  # noqa: B023
        columns = slope[0].detach().double().square().sum(0)
        total += columns / columns.sum() if columns.any() else 0
    return (total / total.sum()).numpy()


def follows(seed):
    """The random networks' profile is the counted ways': in spread, and within 0.03 everywhere."""
    for depth, networks in ((2, 200), (8, 200), (32, 40)):
        ways = np.array([float(w) for w in ways_through(depth)])
        found = random_profile(depth, seed, networks)
        places = np.arange(-depth, depth + 1)
        wide = math.sqrt((found * places**2).sum())
        if abs(wide / spread(depth) - 1) > 0.12 or abs(found - ways / ways.sum()).max() > 0.03:
            return False
    return True


def check_effective(lesson):
    lesson.says("Two layers of 3, one on the other, see five inputs", width([conv(), conv()]) == 5)
    five = ways_through(5)
    lesson.says("After five layers it is 51 to 1 in a row", (max(five), five[0]) == (51, 1))
    lesson.says("it is 2,601 to 1 between the centre and a corner", 51**2 == 2601)
    lesson.says(
        r"steps of −1, 0 or 1. The field grows like $n$. The spread of such a sum grows only like "
        r"$\sqrt{n}$: it is $\sqrt{2n/3}$",
        all(math.isclose(spread(n), math.sqrt(2 * n / 3)) for n in (1, 2, 5, 8, 32)),
    )
    lesson.says(
        "From 2 layers to 32 the field grew from 5 to 65, the spread by a factor of 4",
        (len(ways_through(2)), len(ways_through(32))) == (5, 65)
        and math.isclose(spread(32), 4 * spread(2)),
    )
    lesson.says("and average over 200 networks", "networks=200" in lesson_code())
    lesson.says("The dots lie near the lines. **A column's weight follows its ways.**", follows(1))


def lesson_code():
    return "\n".join(cell.source for cell in read(LESSONS / "receptive-fields.py").code)


def check_exercises(lesson):
    lesson.says(
        "How many convolutions of 3×3 at stride 1 see as far as one of 7×7",
        width([conv()] * 3) == width([conv(7)]) == 7,
    )
    lesson.says(
        "Three, with 27 weights instead of 49",
        (3 * nn.Conv2d(1, 1, 3).weight.numel(), nn.Conv2d(1, 1, 7).weight.numel()) == (27, 49),
    )
    lesson.says("a convolution of 3 and then a pool of 2", True)
    lesson.says(
        "Pool first: 2 + 2 · 2 = 6. The other order gives 3 + 1 = 4",
        (width([pool(), conv()]), width([conv(), pool()])) == (6, 4),
    )
    stem = [conv(7, 2, 3), pool(3, 2, 1)]
    lesson.says("`nn.Conv2d(3, 64, 7, stride=2, padding=3)`", stem[0].padding == (3,))
    lesson.says("`nn.MaxPool2d(3, stride=2, padding=1)`", stem[1].padding == 1)
    lesson.says(
        "11, 4 and 0. The field is 1 + 6 · 1 = 7, then 7 + 2 · 2 = 11. The padding is "
        "(k − 1)/2 in both, so the centre stays at 0",
        (width(stem[:1]), width(stem), jump(stem)) == (7, 11, 4)
        and middle(seen(stem, 64, 5)) == 5 * 4,
    )
    lesson.says(
        r"Each layer adds $d\,(k-1) \cdot j$ to the field and multiplies the jump", random(True)
    )


def test_captions():
    """Numbers under the figures."""
    stack = [conv(p=0), pool(), conv(p=0), pool(), conv(p=0)]
    assert width(stack, 26) == 18, "receptive-growing"
    assert [len(ways_through(n)) for n in (2, 8, 32)] == [5, 17, 65], "receptive-bells"
    assert width([conv(p=0)] * 8) == 17, "receptive-effective"


def test_the_bells_have_the_widths_that_the_alt_text_tells():
    """Where a bell falls to a tenth, as a share of half of the field."""
    found = []
    for depth in (2, 8, 32):
        counts = ways_through(depth)
        high = [i for i, c in enumerate(counts) if c > max(counts) / 10]
        found.append((high[-1] - high[0]) / (len(counts) - 1))
    assert found[0] == 1 and 0.5 <= found[1] < 0.75 and found[2] < 0.35
