"""lessons/what-a-convolution-looks-for.py: its words, outputs and figures, by plain sums."""

import itertools
import re

import matplotlib
import matplotlib.cbook
import scipy
import torch
from lesson_run import source
from PIL import Image
from portrait import portrait
from torch import nn

from slidingwindows import slide

KERNEL = torch.tensor([[-1.0, 0, 1]] * 3)
EDGE = torch.tensor([[0.0, 0, 0, 1, 1, 1]] * 6)
CS231N = "https://cs231n.github.io/convolutional-networks/"
DLF = "https://lightning.ai/courses/deep-learning-fundamentals/"
ZEILER = "https://arxiv.org/abs/1311.2901"


def photo():
    return torch.from_numpy(portrait(160)) / 255


def sums(image, kernel):
    """The answers of a 3×3 kernel, as nine shifted images, each times its weight."""
    rows, cols = (n - 2 for n in image.shape)
    return sum(kernel[r, c] * image[r : r + rows, c : c + cols] for r in range(3) for c in range(3))


def conv(image, kernel):
    """What torch makes of a grey image."""
    return nn.functional.conv2d(image[None, None], kernel[None, None])[0, 0]


def multiplies_and_adds():
    """Torch's numbers are sums of products, one for each place of the window."""
    generator = torch.Generator().manual_seed(0)
    image, kernel = (torch.rand(n, n, generator=generator) for n in (7, 3))
    return torch.allclose(conv(image, kernel), sums(image, kernel))


def steps(width=8):
    """Pictures with one upright edge each, and how bright they are left and right of it."""
    for at, (left, right) in itertools.product(range(1, width), ((0, 1), (1, 0), (0.4, 0.5))):
        row = torch.tensor([left] * at + [right] * (width - at), dtype=torch.float32)
        yield at, left, right, row.repeat(5, 1)


def finds_each_upright_edge():
    """The answer is not 0 just where the window has the edge in it; its sign says which way."""
    for at, left, right, image in steps():
        row = conv(image, KERNEL)[0]
        expected = [at in (place + 1, place + 2) for place in range(6)]
        if [abs(answer) > 1e-4 for answer in row.tolist()] != expected:
            return False
        if any((answer > 0) != (right > left) for answer in row.tolist() if abs(answer) > 1e-4):
            return False
    return True


def largest_where_alike():
    """Of all windows of black and white the largest answer have those low left and high right."""
    windows = torch.tensor(list(itertools.product((0.0, 1), repeat=9))).view(-1, 3, 3)
    answers = (windows * KERNEL).sum((1, 2))
    alike = (windows[:, :, 0] == 0).all(1) & (windows[:, :, 2] == 1).all(1)
    return torch.equal(answers == answers.max(), alike) and alike.sum() == 8


def same_everywhere():
    """A picture that is moved gives the same answers, moved."""
    image = torch.rand(9, 9)
    moved = image.roll((2, 3), (0, 1))
    return torch.allclose(sums(moved, KERNEL)[2:, 3:], conv(image, KERNEL)[:-2, :-3], atol=1e-6)


def learned(inside, outside, k):
    return outside * (inside * k * k + 1)


def why_a_window(page):
    inputs, maps = 3 * 110 * 110, 8 * 108 * 108
    page.prints("joined = nn.Linear", f"{maps * (inputs + 1):,}")
    page.says("its sizes alone, no memory", page.names["joined"].weight.data_ptr() == 0)
    page.labels("Why a window at all?", "of the [CNN funnel] to")
    page.labels("A layer without windows would join every number of the 3×110×110 photo")
    page.labels("every number of its first maps, 8×108×108")
    page.says("More than three billion", 3e9 < maps * (inputs + 1) < 4e9)
    window = torch.ones(1, 3, 110, 110, requires_grad=True)
    conv = nn.Conv2d(3, 8, 3)
    (read,) = torch.autograd.grad(conv(window)[0, 0, 50, 50], window)
    own = int((read != 0).sum()) + 1
    page.says(
        "Patterns are small, so let each output read only its own window of 3×3 in three channels: "
        "28 numbers with the bias, for each of 93,312 outputs, make 2,612,736",
        own == 3 * 3 * 3 + 1 and (own, conv(window).numel(), own * maps) == (28, 93_312, 2_612_736),
    )
    page.says(
        "And a pattern is the same everywhere, so let all places share one set: 224 are left, the "
        "same 224 as above",
        same_everywhere() and sum(p.numel() for p in conv.parameters()) == own * 8 == 224,
    )
    page.cites(
        "Sharing has a price. Where a pattern means something else at another place, as in photos "
        "of faces that are all centred, it is the wrong assumption",
        CS231N,
    )


def test_every_claim(page):
    edges_of_a_photo(page)
    nine_numbers(page)
    bias_and_relu(page)
    channels(page)
    why_a_window(page)
    exercises(page)
    page.labels("Compute one number of a convolution by hand", "Nine numbers on an edge")
    page.labels("count the weights of any convolution")
    page.cites("The path of these lessons follows Unit 7 of", DLF)
    page.cites(
        "That early layers of trained networks respond to edges and colours is shown by", ZEILER
    )
    page.aside("The words and the measurements are our own", why="who wrote this")
    page.complete()


def edges_of_a_photo(page):
    image = photo()
    across, down = sums(image, KERNEL), sums(image, KERNEL.T)
    assert torch.equal(page.names["photo"], image[None])
    pictures = [axes["images"] for axes in page.drawing("looks-for-edges")]
    expected = [image, across, down]
    same = all(
        len(shown) == 1 and torch.allclose(torch.tensor(shown[0]).float(), values, atol=1e-5)
        for shown, values in zip(pictures, expected, strict=True)
    )
    titles = [axes["title"] for axes in page.drawing("looks-for-edges")]
    page.plots("looks-for-edges", same)
    assert titles == ["photo", "from left to right", "from top to bottom"]
    page.says("Here is what nine numbers can find:", same and KERNEL.numel() == 9)
    page.says(
        "Nine weights, laid on a picture, find every upright edge in it",
        finds_each_upright_edge() and page.names["kernel"].numel() == 9,
    )
    grey = matplotlib.colormaps["gray"]
    page.says(
        "The photo that comes with matplotlib, in grey: 0 is black, 1 is white",
        torch.equal(page.names["photo"], image[None])
        and (image.min() >= 0, image.max() <= 1) == (True, True)
        and (grey(0.0)[:3], grey(1.0)[:3]) == ((0, 0, 0), (1, 1, 1)),
    )
    rise = sums(EDGE, KERNEL).max() > 0 > sums(1 - EDGE, KERNEL).min()
    any_kernel = torch.rand(3, 3)
    page.says(
        "The answers of one 3×3 kernel at every place of a grey image",
        torch.allclose(
            page.names["laid_on"](image[None, :9, :7], any_kernel)[0],
            sums(image[:9, :7], any_kernel),
            atol=1e-5,
        ),
    )
    page.says(
        "A photo, and what two kernels of nine numbers each find in it. White is an edge from dark "
        "to bright, black is one from bright to dark, and grey is no edge",
        same and rise and sums(torch.ones(4, 4), KERNEL).abs().max() == 0,
    )
    page.says(
        "Three pictures. A portrait in grey; the same portrait as grey ground with white and black "
        "lines along its upright edges; and again with lines along its level edges",
        len(pictures) == 3
        and same
        and max(across.abs().median(), down.abs().median()) < 0.1
        and min(across.max(), -across.min(), down.max(), -down.min()) > 1
        and (sums(EDGE, KERNEL).max(), sums(EDGE.T, KERNEL.T).max(), sums(EDGE, KERNEL.T).max())
        == (3, 3, 0),
    )
    page.says(
        "Nobody told these kernels what a face is",
        torch.equal(page.names["kernel"], KERNEL) and not page.names["kernel"].requires_grad,
    )
    page.says(
        "All they respond to is a step in brightness",
        all(
            torch.allclose(conv(image + more, kernel), conv(image, kernel), atol=1e-5)
            and conv(torch.full((4, 4), more), kernel).abs().max() < 1e-6
            for kernel in (KERNEL, KERNEL.T)
            for more in (0.25, 0.5)
        ),
    )
    page.aside("and yet you know the face again", why="what readers see")
    blocks = across[:158, :158].view(79, 2, 79, 2).transpose(1, 2).reshape(79, 79, 4)
    page.says(
        "[Max pooling] makes it smaller and keeps the strongest of what was found",
        torch.equal(nn.MaxPool2d(2)(across[None])[0], blocks.sort(2).values[..., -1]),
    )
    page.says(
        "The map of edges is as large as the photo, but for a border of one pixel",
        tuple(across.shape) == tuple(n - 2 for n in image.shape),
    )


def nine_numbers(page):
    found = sums(EDGE, KERNEL)
    page.says(
        "6×6 pixels, black on the left, white on the right",
        torch.equal(page.names["edge"][0], EDGE)
        and EDGE.shape == (6, 6)
        and (EDGE[:, :3].max(), EDGE[:, 3:].min()) == (0, 1),
    )
    page.says(
        "A **kernel** is a small grid of numbers, its *weights*. This one has −1 in its left "
        "column, 0 in the middle and 1 on the right",
        KERNEL.unique(dim=0).tolist() == [[-1, 0, 1]]
        and torch.equal(page.names["look"].weight[0, 0], KERNEL),
    )
    page.says(
        "nothing is learned here",
        not any(p.requires_grad or p.grad is not None for p in page.names["look"].parameters()),
    )
    page.prints("look = nn.Conv2d(1, 1, kernel_size=3, bias=False)", EDGE, KERNEL)
    page.says(
        "A convolution lays the kernel on the picture, multiplies each weight with the pixel below "
        "it, and adds up the nine products. That sum is one number of the output. Then the window "
        "moves on",
        multiplies_and_adds() and torch.equal(conv(EDGE, KERNEL), found),
    )
    page.says(
        "A convolution multiplies what its window sees by the kernel's weights, and adds up",
        multiplies_and_adds(),
    )
    as_it_is, turned = (
        torch.from_numpy(scipy.signal.convolve2d(EDGE, kernel, "valid"))
        for kernel in (KERNEL, KERNEL.flip(0, 1))
    )
    page.says(
        "In mathematics a convolution turns the kernel by 180° before it lays it on. "
        "Torch does not",
        torch.equal(turned, found) and not torch.equal(as_it_is, found),
    )
    page.says(
        "what it does is called a cross-correlation elsewhere",
        torch.equal(torch.from_numpy(scipy.signal.correlate2d(EDGE, KERNEL, "valid")), found),
    )
    page.says(
        "For a learned kernel that makes no difference, because the network would learn the "
        "turned one. It does when you copy a kernel from a textbook or from SciPy",
        torch.equal(turned, found) and torch.equal(as_it_is, sums(EDGE, KERNEL.flip(0, 1))),
    )
    page.labels("What is the sum where all nine pixels are black? Where all nine are white?")
    page.prints("look(edge)", found[None])
    look = nn.Conv2d(1, 1, 3, bias=False).requires_grad_(False)
    look.weight.data = KERNEL[None, None]
    page.draws("looks-for-an-edge", slide(look, EDGE[None]))
    black_to_white = (EDGE[:-2, :-2] == 0) & (EDGE[:-2, 2:] == 1)
    page.says(
        "The answer is 3 wherever the left column of the window is black and its right column "
        "white",
        torch.equal(found == 3, black_to_white) and black_to_white.sum() == 8,
    )
    black, white = (sums(torch.full((3, 3), v), KERNEL) for v in (0.0, 1.0))
    page.says("On black the sum is 0, because every pixel is 0", black == 0)
    page.says(
        "On white it is 0 as well, because three weights of −1 and three of 1 cancel each other",
        white == 0 and [int((KERNEL == w).sum()) for w in (-1, 1)] == [3, 3],
    )
    page.says(
        "So a flat area gives nothing, however bright it is",
        all(conv(torch.full((5, 5), float(v)), KERNEL).abs().max() == 0 for v in range(-3, 9)),
    )
    products = [EDGE[:3, at : at + 3] * KERNEL for at in (1, 2)]
    page.says(
        "On the edge nothing cancels: the left column meets black and takes nothing away, the "
        "right column meets white and adds three",
        all((p[:, 0].sum(), p[:, 2].sum(), p.min()) == (0, 3, 0) for p in products),
    )
    page.says(
        "So the answer is large where the picture looks like the kernel: low on the left, high on "
        "the right",
        largest_where_alike(),
    )
    page.says(
        "The sum is large where the input looks like the kernel. Its sign says which way round",
        largest_where_alike() and finds_each_upright_edge(),
    )
    page.labels("What does the same kernel answer now?")
    page.labels("what does it answer if the edge lies level, black above and white below?")
    swapped, level = sums(1 - EDGE, KERNEL), sums(EDGE.T, KERNEL)
    page.prints(
        'print("white, then black:", look(1 - edge).unique())',
        f"white, then black: {swapped.unique()}",
        f"black above white: {level.unique()}",
    )
    products = (1 - EDGE)[:3, 1:4] * KERNEL
    page.says(
        "An edge from bright to dark gives −3, because now the −1 column meets the white",
        swapped.unique().tolist() == [-3, 0]
        and (products[:, 0].sum(), products[:, 2].sum()) == (-3, 0),
    )
    page.says(
        "A level edge gives 0 in every window: left and right look the same to this kernel, so it "
        "sees nothing",
        bool((level == 0).all()) and torch.equal(EDGE.T[:, :-2], EDGE.T[:, 2:]),
    )
    page.says(
        "To find level edges, turn the kernel on its side. That is the second map of the photo "
        "above",
        sums(EDGE.T, KERNEL.T).unique().tolist() == [0, 3]
        and torch.allclose(
            torch.tensor(page.drawing("looks-for-edges")[2]["images"][0]).float(),
            sums(photo(), KERNEL.T),
            atol=1e-5,
        ),
    )
    page.aside("In practice you do not write such weights", why="a habit of the trade")
    page.cites(
        "A network starts with random ones and *learns* them, and edges like these are among the "
        "first things that networks learn from photos",
        ZEILER,
    )
    fresh = [nn.Conv2d(1, 1, 3).weight for _ in range(2)]
    assert not torch.equal(*fresh) and fresh[0].requires_grad


def bias_and_relu(page):
    rows = [sums(EDGE, KERNEL)[0], sums(1 - EDGE, KERNEL)[0]]
    page.labels("Bias and ReLU: keep what was found")
    shifted, image = nn.Conv2d(1, 1, 3).double(), torch.rand(1, 1, 6, 6).double()
    plain = nn.functional.conv2d(image, shifted.weight)
    page.says(
        "Two small things follow. A **bias** is one more learned number, which is added to every "
        "sum. And a **ReLU** replaces every negative number by 0",
        shifted.bias.shape == (1,)
        and shifted.bias.requires_grad
        and torch.allclose(shifted(image) - plain, shifted.bias)
        and torch.relu(torch.arange(-3.0, 4)).tolist() == [0, 0, 0, 0, 1, 2, 3],
    )
    page.says(
        "The sums along a row are 0, 3, 3 and 0, or 0, −3, −3 and 0 for the swapped picture",
        [row.tolist() for row in rows] == [[0, 3, 3, 0], [0, -3, -3, 0]],
    )
    page.labels("What is left of both after a bias of −1 and a ReLU?")
    after = [(row - 1).clamp(min=0) for row in rows]
    page.prints(
        "look_again = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())",
        f"black, then white: {after[0]}",
        f"white, then black: {after[1]}",
    )
    silent = [float((torch.tensor(s) - 1).clamp(min=0)) for s in (0.5, 1.0, 1.5)]
    page.says(
        "The bias sets how strong a pattern has to be before it counts: here more than 1. The ReLU "
        "drops everything below",
        silent == [0, 0, 0.5] and page.names["look_again"][0].bias.item() == -1,
    )
    answers = [page.names["look_again"](EDGE[None] * bright)[0, 0] for bright in (0.5, 1, 2)]
    page.says(
        'So a convolution with its ReLU says "here it is" and "how strongly", and is silent '
        "everywhere else",
        [answer.tolist() for answer in answers] == [[0, n, n, 0] for n in (0.5, 2, 5)],
    )
    page.says("A bias shifts what counts as found, and a ReLU drops the rest", silent[2] == 0.5)


def colour_photo():
    return Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))


def channels(page):
    deep = nn.Conv2d(3, 1, 3)
    page.says(
        "A colour photo has three channels, so a filter needs three kernels: one for red, one for "
        "green, one for blue",
        deep.weight.shape[1] == 3 and colour_photo().getbands() == ("R", "G", "B"),
    )
    page.says(
        "All the kernels that make one output map are together one **filter**. It is a block, as "
        "deep as its input",
        all(
            nn.Conv2d(inside, outside, 3).weight.shape == (outside, inside, 3, 3)
            for inside in (1, 3, 5)
            for outside in (1, 4)
        ),
    )
    x = page.names["colours"]
    out = sum(sums(plane, kernel) for plane, kernel in zip(x, page.names["whole"][0], strict=True))
    with torch.no_grad():
        deep.weight.data, deep.bias.data = page.names["whole"], torch.tensor([2.0])
        page.draws("looks-through-channels", slide(deep, x))
    drawn = page.figure("looks-through-channels")
    right = torch.equal(torch.tensor(drawn.output), out + 2)
    page.says(
        "One filter on an input of three channels: three kernels, one for each channel, and one "
        "sum",
        right and len(drawn.weights) == len(x) == 3,
    )
    page.says("One filter gives one map, however many channels it reads", right)
    page.prints("deep = nn.Conv2d(3, 1, 3)", "weights of one filter: (3, 3, 3)")
    page.says(
        "It lays each on its own channel, and adds up all the products and the bias",
        right and page.names["deep"].bias.item() == 2,
    )
    page.says("One filter finds one pattern and makes one map", right and len(drawn.output) == 2)
    page.says(
        "A filter is a block of kernels, one for each input channel. One filter makes one map",
        right and len(drawn.weights) == 3,
    )
    two = nn.Conv2d(1, 2, 3, bias=False)
    two.weight.data = torch.stack([KERNEL, KERNEL.T])[:, None]
    found = [[answer.max().item() for answer in two(e[None])] for e in (EDGE, EDGE.T)]
    page.says(
        "A layer has many filters, so that it can look for many patterns", found == [[3, 0], [0, 3]]
    )
    layer = nn.Conv2d(3, 8, 3)
    page.says(
        "`nn.Conv2d(3, 8, 3)`, the first layer of the funnel, has eight",
        layer.weight.shape[0] == 8 and first_layer_of_the_funnel() == "nn.Conv2d(3, 8, 3)",
    )
    page.labels("Channels: a kernel for each", "Read the shape of `weight` from left to right")
    page.labels("How many numbers does `nn.Conv2d(3, 8, 3)` learn?", "`nn.Conv2d(3, 8, 3)`")
    total = learned(3, 8, 3)
    page.prints(
        "layer = nn.Conv2d(3, 8, 3)",
        f"weight  (8, 3, 3, 3) {8 * 27:>4}",
        f"bias    (8,) {8:>4}",
        str(total),
    )
    page.says(
        "eight filters, each three channels deep, each kernel 3×3",
        layer.weight.shape == (8, 3, 3, 3),
    )
    page.says(
        f"That makes {8 * 27} weights, and eight biases, one for each filter",
        layer.weight.numel() == 8 * 27 and layer.bias.numel() == 8,
    )
    page.says(
        f"The photo is not in that count. The same {total} numbers slide over an image of any "
        "size, "
        "because a pattern is the same pattern wherever it is",
        total == sum(p.numel() for p in layer.parameters())
        and [layer(torch.rand(3, n, n)).shape[1] for n in (3, 10, 31)] == [1, 8, 29]
        and same_everywhere(),
    )


def first_layer_of_the_funnel():
    text = source("the-cnn-funnel")
    return re.search(r"nn\.Conv2d\([^)]*\)", text)[0]


def exercises(page):
    page.labels("Work each out on paper", "Then open the answer")
    page.labels("To try kernels of your own, [open this kernel and its edge in the explorer]")
    page.labels("and change a weight:", "does a flat area still give nothing?")
    page.labels("answer to a window in which every pixel is 5?")
    flat = sums(torch.full((3, 3), 5.0), KERNEL)
    page.says("0. Its weights add up to 0, so anything flat gives 0", flat == KERNEL.sum() == 0)
    page.answers(1, "0")
    slope = torch.tensor([[1.0, 2, 4]] * 3)
    total = float(sums(slope, KERNEL))
    page.says(
        "A window holds the rows 1 2 4, 1 2 4 and 1 2 4", torch.equal(page.names["slope"][0], slope)
    )
    page.labels("with a bias of −4 and a ReLU?")
    page.says("The sum is 9: each row gives 4 − 1", total == 9 and 3 * (4 - 1) == total)
    page.says("With the bias it is 5, and the ReLU lets 5 pass", max(total - 4, 0) == 5)
    page.answers(2, ("The sum is 9", 9), ("it is 5", 5))
    weights, biases = nn.Conv2d(16, 32, 5).parameters()
    page.labels("What is the shape of the weights of `nn.Conv2d(16, 32, 5)`?")
    page.labels("How many numbers does `nn.Conv2d(16, 32, 5)` learn")
    page.says(
        "`(32, 16, 5, 5)`: 32 filters, each 16 channels deep, each kernel 5×5",
        weights.shape == (32, 16, 5, 5),
    )
    page.answers(3, "`(32, 16, 5, 5)`")
    page.says(
        "12,832: 32 filters of 16·25 weights are 12,800, and there are 32 biases",
        (weights.numel(), biases.numel(), learned(16, 32, 5)) == (12800, 32, 12832),
    )
    page.answers(4, ("12,832", 12832))
    page.prints(
        "print(look(torch.full((1, 3, 3), 5.0)).item())",
        f"{float(flat)}",
        f"{total} {total - 4}",
        f"(32, 16, 5, 5) {learned(16, 32, 5)}",
    )
