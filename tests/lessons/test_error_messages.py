"""lessons/error-messages.py: torch says each message of the call shown, and each cure works."""

import itertools
import re
import warnings

import pytest
import torch
import torch.nn.functional as F
from lesson_run import LESSONS
from torch import nn

from slidingwindows import slide
from slidingwindows.course.lessons import path_of

X = torch.rand(1, 5, 5)
KERNEL = torch.rand(1, 1, 3, 3)
FOUR = torch.tensor([[[5.0, 1, 7, 2], [2, 8, 3, 6], [6, 4, 9, 1], [3, 7, 0, 5]]])


def pooled(side: int):
    return F.max_pool2d(torch.rand(1, side, side), 2, return_indices=True)


def unpool_without_size():
    return nn.MaxUnpool2d(2)(
        *F.max_pool2d(torch.arange(25.0).view(1, 5, 5), 2, return_indices=True)
    )


def too_large_for_the_linear_layer():
    return nn.Linear(16, 10)(F.max_pool2d(torch.rand(1, 1, 10, 10), 2).flatten(1))


# What people search for, in the page's order: heading, a piece of the cell's code, the test's call.
MESSAGES = [
    (
        "pad should be at most half of effective kernel size",
        "nn.MaxPool2d(2, padding=2)",
        lambda: F.max_pool2d(X, 2, padding=2),
    ),
    (
        "pad should be smaller than or equal to half of kernel size",
        "padding=2, dilation=2",
        lambda: F.max_pool2d(torch.rand(1, 9, 9), 3, stride=1, padding=2, dilation=2),
    ),
    ("Output size is too small", "nn.MaxPool2d(6)", lambda: F.max_pool2d(X, 6)),
    (
        "Kernel size can't be greater than actual input size",
        "nn.Conv2d(1, 1, 6)",
        lambda: F.conv2d(X, torch.rand(1, 1, 6, 6)),
    ),
    (
        "padding='same' is not supported for strided convolutions",
        'stride=2, padding="same"',
        lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"),
    ),
    (
        "Using padding='same' with even kernel lengths and odd dilation",
        'nn.Conv2d(1, 1, 2, padding="same")',
        lambda: F.conv2d(X, torch.rand(1, 1, 2, 2), padding="same"),
    ),
    (
        "must be tuple of ints, not str",
        'nn.MaxPool2d(3, padding="same")',
        lambda: F.max_pool2d(X, 3, 3, "same", 1, ceil_mode=False, return_indices=False),
    ),
    ("stride should not be zero", "nn.MaxPool2d(2, stride=0)", lambda: F.max_pool2d(X, 2, 0)),
    (
        "non-positive stride is not supported",
        "nn.Conv2d(1, 1, 2, stride=0)",
        lambda: F.conv2d(X, torch.rand(1, 1, 2, 2), stride=0),
    ),
    (
        "non-empty 3D or 4D (batch mode) tensor expected for input",
        "torch.rand(5, 5)",
        lambda: F.max_pool2d(X[0], 2),
    ),
    (
        "Expected 3D (unbatched) or 4D (batched) input to conv2d",
        "torch.rand(1, 1, 1, 5, 5)",
        lambda: F.conv2d(X[None, None], torch.rand(8, 1, 3, 3)),
    ),
    (
        "to have 3 channels, but got 1 channels instead",
        "nn.Conv2d(3, 8, 3)(",
        lambda: F.conv2d(torch.rand(1, 1, 8, 8), torch.rand(8, 3, 3, 3)),
    ),
    (
        "Given transposed=1, weight of size",
        "F.conv_transpose2d(",
        lambda: F.conv_transpose2d(torch.rand(1, 3, 5, 5), torch.rand(8, 3, 3, 3)),
    ),
    (
        "Found an invalid max index",
        "nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)",
        unpool_without_size,
    ),
    (
        "Expected shape of indices to be same as that of the input tensor",
        "nn.MaxUnpool2d(2)(nn.Conv2d(1, 8, 1)(values), indices)",
        lambda: F.max_unpool2d(torch.rand(8, 3, 3), torch.zeros(1, 3, 3, dtype=torch.long), 2),
    ),
    (
        "invalid output_size",
        "output_size=(9, 9)))",
        lambda: F.max_unpool2d(*pooled(6), 2, output_size=(9, 9)),
    ),
    (
        "Padding size should be less than the corresponding input dimension",
        'padding=5, padding_mode="reflect"',
        lambda: F.pad(X, (5, 5, 5, 5), mode="reflect"),
    ),
    (
        "Padding value causes wrapping around more than once",
        'padding_mode="circular"',
        lambda: F.pad(X, (6, 6, 6, 6), mode="circular"),
    ),
    (
        "output padding must be smaller than either stride or dilation",
        "stride=2, output_padding=2",
        lambda: F.conv_transpose2d(X, torch.rand(1, 1, 3, 3), stride=2, output_padding=2),
    ),
    (
        "requested an output size of",
        "output_size=(13, 13)",
        lambda: nn.ConvTranspose2d(1, 1, 3, 2)(X, (13, 13)),
    ),
    (
        'Only "zeros" padding mode is supported for ConvTranspose2d',
        'nn.ConvTranspose2d(1, 1, 3, padding=1, padding_mode="reflect")',
        lambda: nn.ConvTranspose2d(2, 3, 5, padding_mode="circular"),
    ),
    ("in_channels must be divisible by groups", "groups=2", lambda: nn.Conv2d(3, 4, 3, groups=2)),
    (
        "mat1 and mat2 shapes cannot be multiplied",
        "nn.Linear(16, 10)",
        too_large_for_the_linear_layer,
    ),
    (
        "Input type (long int) and bias type (float) should be the same",
        "torch.randint(0, 9, (1, 1, 8, 8))",
        lambda: F.conv2d(
            torch.ones(1, 1, 8, 8, dtype=torch.long), torch.rand(8, 1, 3, 3), torch.rand(8)
        ),
    ),
    (
        "divisor must be not zero",
        "divisor_override=0",
        lambda: F.avg_pool2d(X, 2, divisor_override=0),
    ),
    (
        "output_ratio must be between 0 and 1",
        "output_ratio=1.5",
        lambda: nn.FractionalMaxPool2d(3, output_ratio=1.5),
    ),
]


@pytest.fixture(autouse=True)
def as_it_was():
    """The lesson makes torch repeat its warnings."""
    before = torch.is_warn_always_enabled()
    yield
    torch.set_warn_always(before)


def said(call) -> str:
    """What torch answers to a call that it refuses, or else what it warns of."""
    torch.set_warn_always(True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            call()
        except Exception as error:
            return f"{type(error).__name__}: {error}".partition(" (Triggered internally")[0]
    raise AssertionError("torch takes this now")


def refuses(call) -> bool:
    try:
        call()
    except (RuntimeError, TypeError, ValueError):
        return True
    return False


def returning(stride, dilation):
    """How many sizes a convolution with a kernel of 3 brings to 5."""
    conv = nn.Conv2d(1, 1, 3, stride, dilation=dilation)
    sides = range(2 * dilation + 1, 40)
    return sum(conv(torch.rand(1, side, side)).shape[-1] == 5 for side in sides)


def test_every_claim(page):
    messages(page)
    pools(page)
    convolutions(page)
    transposed(page)
    unpools(page)
    others(page)
    page.labels("More in", "Every window in torch", "Often a computed stride")
    page.labels("If you think of *how many times smaller*, you have its inverse in mind")
    page.complete()


def messages(page):
    """Each heading is in what torch says, and what the page prints is what it says here too."""
    headings = re.findall(r"## (.+)", "\n".join(page.blocks))
    assert headings == [heading for heading, _, _ in MESSAGES]
    for heading, code, call in MESSAGES:
        message = said(call)
        assert heading in message
        page.says(heading, message)
        page.prints(code, message)
    page.prints('print("torch", torch.__version__.split("+")[0])', f"torch {VERSION}")
    texts = {page.output(code) for _, code, _ in MESSAGES}
    page.says("Each one below was raised by the code beside it", len(texts) == len(MESSAGES))


VERSION = torch.__version__.partition("+")[0]


def most_padding(pool, kernel_size: int) -> int:
    """The largest padding that a pool takes."""
    return max(p for p in range(kernel_size + 1) if not failing(pool, kernel_size, p))


def failing(pool, kernel_size: int, padding: int) -> bool:
    return refuses(lambda: pool(kernel_size, padding=padding)(torch.rand(1, 20, 20)))


def emptiest() -> float:
    """The fewest real numbers in a window, over many pools that are padded by half."""
    found = []
    for k, s, i in itertools.product(range(1, 7), range(1, 4), range(1, 8)):
        if i + 2 * (k // 2) >= k:
            counts = nn.AvgPool2d(k, s, k // 2, divisor_override=1)(torch.ones(1, i, i))
            found.append(counts.min().item())
    return min(found)


def pools(page):
    half = [most_padding(pool, k) for pool in (nn.MaxPool2d, nn.AvgPool2d) for k in range(2, 9)]
    page.says(
        "Padding of a pool may be at most half of its kernel",
        half == [k // 2 for k in range(2, 9)] * 2,
    )
    page.says("at most `kernel_size // 2`", nn.MaxPool2d(2, padding=2 // 2)(X).shape == (1, 3, 3))
    real = 4 * nn.AvgPool2d(2, stride=2, padding=1)(torch.ones(1, 4, 4))
    assert real[0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    page.says(
        "With half, and without dilation, each window holds at least one real number",
        emptiest() == 1,
    )
    page.says("See the first, in the corner", real[0, 0, 0] == 1)
    page.draws("errors-half", slide(nn.MaxPool2d(2, 2, 1), FOUR))
    page.says(
        "A padding of half the kernel: in each corner one real number is left",
        {int(real[0, row, col]) for row in (0, -1) for col in (0, -1)} == {1},
    )
    nine = torch.rand(1, 9, 9)
    page.says(
        "A second check of the same rule. This one leaves dilation out of account, although the "
        "first check allows half of the *dilated* kernel",
        2 <= (2 * (3 - 1) + 1) // 2 < nine.shape[1]
        and "effective kernel" not in said(lambda: nn.MaxPool2d(3, 1, 2, dilation=2)(nine))
        and "effective kernel" in said(lambda: nn.MaxPool2d(3, 1, 3, dilation=2)(nine))
        and not failing(nn.MaxPool2d, 5, 2),
    )
    padded = F.pad(nine, (2, 2, 2, 2), value=-torch.inf)
    page.says(
        "`F.pad(x, (2, 2, 2, 2), value=-torch.inf)`",
        nn.MaxPool2d(3, stride=1, dilation=2)(padded).shape == nine.shape,
    )
    page.says(
        "The window is larger than the padded input, so it has no place",
        refuses(lambda: nn.MaxPool2d(6)(X)) and nn.MaxPool2d(5)(X).numel() == 1,
    )
    page.says("Take a larger input, a smaller kernel, or fewer pools", cures_of_small_outputs())
    page.says("Only convolutions know the words *same* and *valid*", words_of_padding())
    page.says(
        "Write `padding=1` for a kernel of 3 at stride 1",
        nn.MaxPool2d(3, stride=1, padding=1)(X).shape == X.shape,
    )
    page.says("A window that does not move never arrives", refuses(lambda: nn.MaxPool2d(2, 0)(X)))
    page.says("such as `size // target`, has become 0", 5 // 7 == X.shape[1] // 7 == 0)
    page.says("A 2-D pool wants channels", nn.MaxPool2d(2)(X[0][None]).shape == (1, 2, 2))
    page.says("Add the channel: `image[None]`", nn.MaxPool2d(2)(X[0][None]).shape == (1, 2, 2))
    page.says("A plain picture of (H, W) has too few", refuses(lambda: nn.MaxPool2d(2)(X[0])))
    page.says(
        "Give it a number other than 0",
        torch.allclose(nn.AvgPool2d(2, divisor_override=3)(X), nn.AvgPool2d(2)(X) * 4 / 3),
    )


def cures_of_small_outputs() -> bool:
    deep = nn.Sequential(*(nn.MaxPool2d(2) for _ in range(3)))
    larger, fewer = deep(torch.rand(1, 8, 8)), deep[:2](X)
    adaptive = nn.AdaptiveMaxPool2d(6)(X)
    return refuses(lambda: deep(X)) and (larger.numel(), fewer.numel()) == (1, 1) and len(adaptive)


def words_of_padding() -> bool:
    kernel = torch.rand(1, 1, 3, 3)
    taken = [F.conv2d(X, kernel, padding=word).shape[-1] for word in ("same", "valid")]
    return taken == [5, 3] and all(
        refuses(lambda word=word, pool=pool: pool(3, padding=word)(X))
        for word in ("same", "valid")
        for pool in (nn.MaxPool2d, nn.AvgPool2d)
    )


def convolutions(page):
    same = nn.Conv2d(1, 1, 3, padding="same")(X)
    page.says('"Same" has one meaning only at stride 1', same.shape == X.shape)
    halves = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    page.says("With a larger stride the size shrinks anyway", halves(X).shape[-1] < X.shape[-1])
    page.says("Write the padding as a number: `padding=1`", halves(X).shape == (1, 3, 3))
    page.says("padding=1` for a kernel of 3. More", halves.kernel_size == (3, 3))
    page.says("Only convolutions", halves(X).shape == (1, 3, 3))
    page.says(
        "A convolution has weights for a fixed number of input channels. Here it was made for "
        "colour and got grey",
        nn.Conv2d(3, 8, 3).weight.shape[1] == 3,
    )
    most = max(
        p for p in range(1, 5) if nn.Conv2d(1, 1, 3, padding=p, padding_mode="reflect")(X).numel()
    )
    page.says("Five pixels can lend at most four", (X.shape[1], most) == (5, 4))
    around = nn.Conv2d(1, 1, 3, padding=5, padding_mode="circular")(X)
    page.says("once around and no further", around.shape == (1, 13, 13))
    page.says(
        "Use less padding, or another `padding_mode`",
        nn.Conv2d(1, 1, 3, padding=4, padding_mode="reflect")(X).shape == (1, 11, 11)
        and nn.Conv2d(1, 1, 3, padding=5, padding_mode="replicate")(X).shape == (1, 13, 13),
    )
    page.says("Use less padding. More", around.numel() > 0)
    sizes = [nn.ConvTranspose2d(1, 1, 3, stride=2, output_padding=a)(X).shape[-1] for a in (0, 1)]
    back = [nn.Conv2d(1, 1, 3, stride=2)(torch.rand(1, size, size)).shape[-1] for size in sizes]
    page.says(
        "`output_padding` is there to choose among the sizes that one stride could have made, and "
        "there are only as many as the stride",
        sizes == [11, 12]
        and back == [5, 5]
        and all(returning(s, d) == s for s in range(1, 5) for d in range(1, 5)),
    )
    beyond = nn.ConvTranspose2d(1, 1, 3, dilation=3, output_padding=1)(X).shape[-1]
    page.says(
        "so with a dilation above the stride it also takes numbers that lead to other sizes",
        nn.Conv2d(1, 1, 3, dilation=3)(torch.rand(1, beyond, beyond)).shape[-1] != X.shape[-1],
    )
    largest = {}
    for s, d in itertools.product(range(1, 5), repeat=2):
        layers = [
            nn.ConvTranspose2d(1, 1, 3, s, dilation=d, output_padding=a, bias=False)
            for a in range(6)
        ]
        largest[s, d] = sum(not refuses(lambda layer=layer: layer(X)) for layer in layers)
    page.says(
        "Torch refuses what reaches the stride or the dilation, whichever is larger",
        all(taken == max(pair) for pair, taken in largest.items()),
    )
    page.says("Three channels do not make two groups", nn.Conv2d(4, 4, 3, groups=2).groups == 2)
    page.says("Weights are floats", nn.Conv2d(1, 8, 3).weight.is_floating_point())
    whole = torch.randint(0, 9, (1, 1, 8, 8))
    assert nn.Conv2d(1, 8, 3)(whole.float()).shape == (1, 8, 6, 6)

    even(page)
    page.says(
        "It also refuses too *many* dimensions",
        all(refuses(lambda n=n: F.conv2d(X.reshape([1] * n + [5, 5]), KERNEL)) for n in (0, 3)),
    )
    five = X[None, None]
    page.says(
        "Add what is missing with `x[None]`, or take away an axis of length 1 with `x.squeeze(0)`",
        F.conv2d(five.squeeze(0), KERNEL).shape == (1, 1, 3, 3)
        and F.conv2d(X[0][None], KERNEL).shape == (1, 3, 3),
    )


def even(page):
    """An even kernel with padding="same": right numbers, uneven padding."""
    kernel = torch.rand(1, 1, 2, 2)
    with warnings.catch_warnings(record=True):
        same = F.conv2d(X, kernel, padding="same")
    page.says(
        "To keep its size, a kernel of 2 needs one pixel of padding in all",
        F.conv2d(F.pad(X, (0, 1, 0, 1)), kernel).shape == X.shape,
    )
    page.says("A warning, not an error: the numbers are right", same.shape == X.shape)
    page.says("the two sides cannot get the same", refuses_every(X, kernel))
    page.says(
        "Torch puts the odd pixel at the end, on the right and at the bottom",
        torch.allclose(same, F.conv2d(F.pad(X, (0, 1, 0, 1)), kernel)),
    )
    other = F.conv2d(F.pad(X, (1, 0, 1, 0)), kernel)
    page.says(
        "To choose the other side, pad by hand: `F.pad(x, (1, 0, 1, 0))`",
        other.shape == X.shape and not torch.allclose(same, other),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page.says("Take an odd kernel", F.conv2d(X, KERNEL, padding="same").shape == X.shape)


def refuses_every(x, kernel) -> bool:
    """Whether no equal padding of both sides keeps the size."""
    return all(F.conv2d(x, kernel, padding=p).shape != x.shape for p in range(4))


def transposed(page):
    forth, back = nn.Conv2d(3, 8, (2, 4)), nn.ConvTranspose2d(3, 8, (2, 4))
    page.says(
        "The weights of a convolution are in the order (out, in, rows, columns), those of a "
        "transposed convolution in the order (in, out, rows, columns)",
        (forth.weight.shape, back.weight.shape) == ((8, 3, 2, 4), (3, 8, 2, 4)),
    )
    small = torch.rand(1, 3, 5, 5)
    turned = F.conv_transpose2d(small, forth.weight.transpose(0, 1))
    page.says("Exchange the first two axes: `weight.transpose(0, 1)`", turned.shape == (1, 8, 6, 8))
    square = torch.rand(3, 3, 2, 2)
    silent = F.conv_transpose2d(small, square)
    right = F.conv_transpose2d(small, square.transpose(0, 1))
    page.says(
        "If a layer has as many channels in as out, torch cannot notice it, and the result is "
        "silently wrong",
        silent.shape == right.shape and not torch.allclose(silent, right),
    )
    sizes = [n for n in range(9, 16) if nn.Conv2d(1, 1, 3, 2)(torch.rand(1, n, n)).shape[-1] == 5]
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2)
    asked = [n for n in range(9, 16) if not refuses(lambda n=n: layer(X, [n, n]))]
    page.says(
        "5 goes back to 11 or to 12, because a convolution at this stride makes 5 of both. It "
        "never makes 5 of 13",
        sizes == asked == [11, 12],
    )
    page.says("Ask for a size between the two that the message names", asked == [11, 12])
    with torch.no_grad():
        made = [layer(X, output_size=[n, n]) for n in asked]
        by_hand = [F.conv_transpose2d(X, layer.weight, layer.bias, 2, 0, a) for a in (0, 1)]
    page.says(
        "torch works out the `output_padding` that makes it",
        all(torch.equal(a, b) for a, b in zip(made, by_hand, strict=True)),
    )
    page.says(
        "which makes any size", all(F.interpolate(X[None], n).shape[-1] == n for n in (3, 13))
    )
    plain, cut = (F.conv_transpose2d(X, KERNEL, padding=p) for p in (0, 1))
    page.says(
        "It does the opposite, and cuts as many rows and columns off each side of the output",
        torch.allclose(cut, plain[:, 1:-1, 1:-1]),
    )
    counts = {}
    for k, s, p in itertools.product(range(2, 7), range(1, 4), range(3)):
        kernel, both = torch.rand(1, 1, k, k), {}
        before = F.conv_transpose2d(X, kernel, None, s, p)
        for mode in ("constant", "reflect"):
            wide = F.pad(X, (1, 1, 1, 1), mode=mode)
            both[mode] = F.conv_transpose2d(wide, kernel, None, s, p + s)
        assert torch.allclose(both["constant"], before)
        counts[k, s, p] = not torch.allclose(both["reflect"], before)
    page.says(
        '`F.pad(x, (1, 1, 1, 1), mode="reflect")`, and raise `padding` by the stride, which brings '
        "the output back to its size",
        len(counts) == 45,
    )
    page.says(
        "The new pixels still count where their squares reach inside, that is, if the kernel is "
        "larger than stride plus padding",
        all(counts[k, s, p] == (k > s + p) for k, s, p in counts),
    )


def unpools(page):
    values, indices = pooled(6)
    wide = nn.Conv2d(1, 8, 1)(values)
    page.says("Each number that goes back needs an index of its own", values.shape == indices.shape)
    page.says(
        "Here a convolution between pool and unpool made 8 channels of one, but the indices are "
        "still those of one channel",
        (len(wide), len(indices)) == (8, 1),
    )
    kept = nn.Conv2d(1, 1, 3, padding=1)(values)
    page.says(
        "Let the layers between keep channels and size, or go up by a transposed convolution, "
        "which needs no indices",
        F.max_unpool2d(kept, indices, 2).shape == (1, 6, 6)
        and nn.ConvTranspose2d(8, 8, 2, 2)(wide).shape == (8, 6, 6),
    )
    own = F.max_unpool2d(values, indices, 2).shape[-1]
    low = indices.clamp(max=15)  # inside the smallest map, so that the size alone decides
    taken = [
        n
        for n in range(1, 12)
        if not refuses(lambda n=n: F.max_unpool2d(values, low, 2, 2, 0, [n, n]))
    ]
    page.says(
        "Unpooling takes any size that is less than one stride away from the one that it makes by "
        "itself, here 6",
        own == 6 and taken == [n for n in range(12) if abs(n - own) < 2],
    )
    page.says(f'"between 4 and 8" means {taken[0]}, {taken[1]} or {taken[2]}', len(taken) == 3)
    page.says("The two numbers in the message are themselves too far", not {4, 8} & {*taken})
    nine = torch.rand(1, 9, 9)
    pair = F.max_pool2d(nine, 3, return_indices=True)
    page.says(
        "Pass the size that went into the pool, `x.shape[-2:]`, and give the unpool the pool's own "
        "kernel and stride",
        F.max_unpool2d(*pair, 3, output_size=nine.shape[-2:]).shape == nine.shape
        and refuses(lambda: F.max_unpool2d(*pair, 2, output_size=nine.shape[-2:])),
    )


def others(page):
    fractional = nn.FractionalMaxPool2d(2, output_ratio=1 / 1.5)(torch.rand(1, 9, 9))
    page.says("Turn it around, `output_ratio=1 / 1.5`", fractional.shape == (1, 6, 6))
    page.says("or name the size with `output_size`", nn.FractionalMaxPool2d(2, 6).output_size)
    page.says(
        "A fractional pool wants to know which share of each side is left: output by input. This "
        "pool only shrinks, so the share is below 1",
        all(refuses(lambda r=r: nn.FractionalMaxPool2d(2, output_ratio=r)) for r in (1.0, 1.5))
        and refuses(lambda: nn.FractionalMaxPool2d(1, output_size=6)(X)),
    )
    whole = torch.arange(25.0).view(1, 5, 5)
    values, indices = nn.MaxPool2d(2, return_indices=True)(whole)
    smallest = nn.MaxUnpool2d(2)(values, indices.clamp(max=15)).shape[-1]
    page.says(
        "torch assumes the smallest map that fits; an index of the true, larger map may lie",
        smallest == min(n for n in range(9) if n >= 2 and n // 2 == 2) and indices.max() >= 16,
    )
    back = nn.MaxUnpool2d(2)(values, indices, output_size=whole.shape[-2:])
    page.says("output_size=x.shape[-2:])`", back.shape == whole.shape)
    assert torch.equal(back[back > 0], whole[back > 0]) and (back > 0).sum() == values.numel()
    page.says("Its first number must be what `Flatten` gives", needs_what_flatten_gives())
    last = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 10))
    page.says(
        "or put `nn.AdaptiveAvgPool2d(1)` before it",
        last(torch.rand(1, 1, 10, 10)).shape == last(torch.rand(1, 1, 7, 9)).shape == (1, 10),
    )


def needs_what_flatten_gives() -> bool:
    x = torch.rand(1, 2, 3, 4)
    fits = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 4, 10))(x).shape == (1, 10)
    return fits and refuses(lambda: nn.Sequential(nn.Flatten(), nn.Linear(2 * 3, 10))(x))


def test_a_wrong_size_may_also_pass_in_silence():
    """'When it does not, the numbers land at wrong places without a word.'"""
    x = torch.zeros(1, 5, 5)
    x[0, 1, 1] = 9
    values, indices = nn.MaxPool2d(2, return_indices=True)(x)
    back = nn.MaxUnpool2d(2)(values, indices.clamp(max=15))
    assert back[0, 1, 1] != 9 and back[0, 1, 2] == 9


def test_links_lead_to_lessons_that_exist(page):
    names = re.findall(r"\]\(([\w-]+)\.ipynb\)", "\n".join(page.blocks))
    assert len(names) == len(MESSAGES)
    assert not {name for name in names if not path_of(LESSONS, name).exists()}
