"""lessons/what-a-convolution-looks-for.py: its words, outputs and figures, by plain sums."""

import scipy
import torch
from portrait import portrait
from torch import nn

from slidingwindows import slide

KERNEL = torch.tensor([[-1.0, 0, 1]] * 3)
EDGE = torch.tensor([[0.0, 0, 0, 1, 1, 1]] * 6)
CS231N = "https://cs231n.github.io/convolutional-networks/"
ZEILER = "https://arxiv.org/abs/1311.2901"


def photo():
    return torch.from_numpy(portrait(160)) / 255


def sums(image, kernel):
    """The answers of a 3×3 kernel, as nine shifted images, each times its weight."""
    rows, cols = (n - 2 for n in image.shape)
    return sum(kernel[r, c] * image[r : r + rows, c : c + cols] for r in range(3) for c in range(3))


def learned(inside, outside, k):
    return outside * (inside * k * k + 1)


def why_a_window(page):
    inputs, maps = 3 * 110 * 110, 8 * 108 * 108
    page.prints("joined = nn.Linear", f"{maps * (inputs + 1):,}")
    page.labels("A layer without windows would join every number of the 3×110×110 photo")
    page.labels("every number of its first maps, 8×108×108")
    page.says("More than three billion", 3e9 < maps * (inputs + 1) < 4e9)
    window = torch.ones(1, 3, 110, 110, requires_grad=True)
    conv = nn.Conv2d(3, 8, 3)
    (read,) = torch.autograd.grad(conv(window)[0, 0, 50, 50], window)
    own = int((read != 0).sum()) + 1
    page.says(
        "28 numbers with the bias, for each of 93,312 outputs, make 2,612,736",
        (own, conv(window).numel(), own * maps) == (28, 93_312, 2_612_736),
    )
    page.says("let each output read only its own window of 3×3 in three channels", own == 28)
    page.says(
        "so let all places share one set: 224 are left, the same 224 as above",
        sum(p.numel() for p in conv.parameters()) == own * 8 == 224,
    )
    page.cites("as in photos of faces that are all centred, it is the wrong assumption", CS231N)


def test_every_claim(page):
    edges_of_a_photo(page)
    nine_numbers(page)
    bias_and_relu(page)
    channels(page)
    why_a_window(page)
    exercises(page)
    page.labels("Unit 7", "Compute one number of a convolution by hand", "Then the window moves on")
    page.labels("count the weights of any convolution", "Nine numbers on an edge")
    page.labels("Two small things usually follow", "That is the second map of the photo above")
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
    page.says("what nine numbers can find", KERNEL.numel() == 9)
    page.says("Nine weights, laid on a picture", KERNEL.numel() == 9)
    page.says("find every edge in it", bool((sums(EDGE, KERNEL).abs() > 0).any()))
    page.says("two kernels of nine numbers each", KERNEL.T.numel() == 9)
    rise = sums(EDGE, KERNEL).max() > 0 > sums(1 - EDGE, KERNEL).min()
    page.says("White is an edge from dark to bright, black is one from bright to dark", rise)
    page.says("grey is no edge", sums(torch.ones(4, 4), KERNEL).abs().max() == 0)
    page.says(
        "with white and black lines along its upright edges; and again with lines along its level",
        (sums(EDGE, KERNEL).max(), sums(EDGE.T, KERNEL.T).max(), sums(EDGE, KERNEL.T).max())
        == (3, 3, 0),
    )
    page.says(
        "makes it smaller and keeps what was found",
        nn.MaxPool2d(2)(across[None]).max() == across.max(),
    )
    page.says("Three pictures", len(pictures) == 3)
    page.says(
        "The map of edges is as large as the photo, but for a border of one pixel",
        tuple(across.shape) == tuple(n - 2 for n in image.shape),
    )


def nine_numbers(page):
    found = sums(EDGE, KERNEL)
    page.says("6×6 pixels, black on the left, white on the right", EDGE.shape == (6, 6))
    page.says(
        "This one has −1 in its left column, 0 in the middle and 1 on the right",
        KERNEL.unique(dim=0).tolist() == [[-1, 0, 1]],
    )
    page.prints("look = nn.Conv2d(1, 1, kernel_size=3, bias=False)", EDGE, KERNEL)
    page.says("adds up the nine products. That sum is one number of the output", found[0, 0] == 0)
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
    page.says("The answer is 3 wherever", torch.equal(found == 3, black_to_white))
    black, white = (sums(torch.full((3, 3), v), KERNEL) for v in (0.0, 1.0))
    page.says("On black the sum is 0, because every pixel is 0", black == 0)
    page.says(
        "On white it is 0 as well, because three weights of −1 and three of 1 cancel each other",
        white == 0 and [int((KERNEL == w).sum()) for w in (-1, 1)] == [3, 3],
    )
    page.says("the right column meets white and adds three", KERNEL[:, 2].sum() == 3)
    page.says("low on the left, high on the right", bool((KERNEL[:, 0] < KERNEL[:, 2]).all()))
    swapped, level = sums(1 - EDGE, KERNEL), sums(EDGE.T, KERNEL)
    page.prints(
        'print("white, then black:", look(1 - edge).unique())',
        f"white, then black: {swapped.unique()}",
        f"black above white: {level.unique()}",
    )
    page.says("An edge from bright to dark gives −3", swapped.min() == -3)
    page.says("because now the −1 column meets the white", (1 - EDGE)[0, 0] == 1)
    page.says("A level edge gives 0 in every window", bool((level == 0).all()))
    page.cites(
        "edges like these are among the first things that networks learn from photos", ZEILER
    )


def bias_and_relu(page):
    rows = [sums(EDGE, KERNEL)[0], sums(1 - EDGE, KERNEL)[0]]
    page.says(
        "A **bias** is one more learned number, which is added to every sum",
        nn.Conv2d(1, 1, 3).bias.shape == (1,),
    )
    page.says(
        "a **ReLU** replaces every negative number by 0",
        torch.relu(torch.tensor([-2.0, 3])).tolist() == [0, 3],
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
    page.says("here more than 1", silent == [0, 0, 0.5])
    page.says("A bias shifts what counts as found, and a ReLU drops the rest", silent[2] == 0.5)


def channels(page):
    deep = nn.Conv2d(3, 1, 3)
    page.says(
        "A colour photo has three channels, so a filter needs three kernels: one for red, one for "
        "green, one for blue",
        deep.weight.shape[1] == 3,
    )
    page.says(
        "All the kernels that make one output map are together one **filter**",
        deep.weight.shape[0] == 1,
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
    page.says("One filter finds one pattern and makes one map", right)
    page.says("One filter makes one map", right)
    page.says("one for each input channel", len(drawn.weights) == 3)
    layer = nn.Conv2d(3, 8, 3)
    page.says("the first layer of the funnel, has eight", layer.weight.shape[0] == 8)
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
    page.says(f"The same {total} numbers slide over an image of any size", total == 216 + 8)


def exercises(page):
    page.labels("answer to a window in which every pixel is 5?")
    flat = sums(torch.full((3, 3), 5.0), KERNEL)
    page.says("0. Its weights add up to 0, so anything flat gives 0", flat == KERNEL.sum() == 0)
    page.answers(1, "0")
    slope = torch.tensor([[1.0, 2, 4]] * 3)
    total = float(sums(slope, KERNEL))
    page.says("A window holds the rows 1 2 4, 1 2 4 and 1 2 4", page.names["slope"][0, 0, 2] == 4)
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
