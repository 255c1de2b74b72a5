"""lessons/error-messages.py: torch says each message of the call shown, and each cure works."""

import contextlib
import io
import itertools
import re
import warnings

import matplotlib.cbook
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lesson_run import LESSONS
from PIL import Image
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
    functions(page)
    pools(page)
    convolutions(page)
    transposed(page)
    unpools(page)
    others(page)
    links(page)
    page.complete()


# What each linked lesson has more of.
LINKED = {
    "Padding": ("padding", ["same", "reflect", "circular", "half", "divisor_override"]),
    "Dilation": ("dilation", ["dilation=2", "padding"]),
    "Output size": ("output-size", ["stride", "kernel", "too small"]),
    "Max pooling": ("max-pooling", ["`(C, H, W)` or `(N, C, H, W)`"]),
    "No learnable parameters": ("no-learnable-parameters", ["each of 64 channels"]),
    "Going up without checkerboards": ("going-up-without-checkerboards", ["ConvTranspose2d("]),
    "What pooling throws away": ("what-pooling-throws-away", ["MaxUnpool2d(", "indices"]),
    "Rounding up, and going back up": (
        "rounding-up-and-going-back-up",
        ["`output_padding`"],
    ),
    "Skips and shapes": ("skips-and-shapes", ["output_size="]),
    "Every window in torch": ("every-window", ["groups=", "FractionalMaxPool2d("]),
    "A typical setup": ("a-typical-setup", ["nn.Linear(", "Flatten"]),
    "Average pooling": ("average-pooling", ["averages of integers", "Convert to float"]),
}


def links(page):
    linked = set(re.findall(r"More in \[([^\]]+)\]\(([\w-]+)\.ipynb\)", "\n".join(page.blocks)))
    assert linked == {(title, name) for title, (name, _) in LINKED.items()}
    for title, (name, words) in LINKED.items():
        text = path_of(LESSONS, name).read_text("utf-8")
        page.says(
            f"More in [{title}]",
            f"# title: {title}\n" in text and all(word in text for word in words),
        )


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
    page.labels("You came here with a message?", "Search for it on this page", "What to do")
    texts = {page.output(code) for _, code, _ in MESSAGES}
    page.says(
        "What torch says of pools and convolutions that do not fit, each message raised by code on "
        "this page, explained, and fixed",
        len(texts) == len(MESSAGES) == "\n".join(page.blocks).count("**What to do.** "),
    )
    page.says(
        "Each one below was raised by the code beside it when this site was built, so the wording "
        "is this torch's own",
        len(texts) == len(MESSAGES) and texts == {said(call) for _, _, call in MESSAGES},
    )
    page.aside(
        "Older versions word some of them differently", why="only one version is installed here"
    )
    page.says(
        "else torch warns once a process",
        [warnings_of(always) for always in (True, False)] == [2, 0]
        and page.cell("torch.set_warn_always(True)  # else torch warns once a process") == 0,
    )


def printed(call, *arguments) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call(*arguments)
    return out.getvalue()


def functions(page):
    refused, warned = page.names["refused"], page.names["warned"]
    calls = [call for _, _, call in MESSAGES if refuses(call)]
    assert len(calls) == len(MESSAGES) - 1  # one of them only warns
    with pytest.raises(AssertionError):
        refused(lambda: F.max_pool2d(X, 2))
    page.says(
        "Print what torch says when it refuses the call",
        all(printed(refused, call) == said(call) + "\n" for call in calls),
    )
    uneven = MESSAGES[5][2]
    torch.set_warn_always(True)
    with pytest.warns(UserWarning) as caught:
        uneven()
    whole = str(caught[0].message)
    text, place = whole.split(" (Triggered internally")
    page.says(
        "Print what torch warns of, without the place in its source",
        ".cpp" in place and printed(warned, uneven) == f"UserWarning: {text}\n",
    )


def warnings_of(always: bool) -> int:
    """How often torch warns of two more calls that it has warned of before."""
    kernel = torch.rand(1, 1, 2, 2)
    before = torch.is_warn_always_enabled()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(3):
            torch.set_warn_always(always and n > 0)
            F.conv2d(X, kernel, padding="same")
            if n == 0:
                caught.clear()
    torch.set_warn_always(before)
    return len(caught)


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
        "Padding of a pool may be at most half of its kernel. Some limit there must be, because "
        "with as much padding as kernel a window could stand in the border alone, and there would "
        "be nothing real to choose from. Torch says this for average pools too",
        half == [k // 2 for k in range(2, 9)] * 2
        and all(F.unfold(F.pad(X[None], (k,) * 4), k)[0, :, 0].count_nonzero() == 0 for k in (2, 3))
        and MESSAGES[0][0] in said(lambda: nn.AvgPool2d(2, padding=2)(X)),
    )
    by_hand = nn.MaxPool2d(2, stride=1)(F.pad(X, (2, 2, 2, 2), value=-torch.inf))
    page.says(
        "Use a padding of at most `kernel_size // 2`, or pad by hand with "
        "`torch.nn.functional.pad`",
        half == [k // 2 for k in range(2, 9)] * 2 and by_hand.shape == (1, 8, 8),
    )
    page.says(
        "[Open this pool in the explorer] and raise its padding, and you get the message of this "
        "section",
        MESSAGES[0][0] in said(lambda: nn.MaxPool2d(2, 2, padding=2)(FOUR)),
    )
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
        "Pad by hand before the pool: `F.pad(x, (2, 2, 2, 2), value=-torch.inf)`",
        nn.MaxPool2d(3, stride=1, dilation=2)(padded).shape == nine.shape,
    )
    page.says(
        "The window is larger than the padded input, so it has no place to stand",
        not failing_at(nn.MaxPool2d(5))
        and nn.MaxPool2d(5)(X).numel() == 1
        and [failing_at(nn.MaxPool2d(k, padding=1)) for k in (7, 8)] == [False, True],
    )
    page.says(
        "Deep networks on small images meet this after too many pools",
        [said_of_pools(count) for count in (1, 2, 3)] == [False, False, True],
    )
    page.labels("Print the shape before the layer")
    page.says(
        "Take a larger input, a smaller kernel, or fewer pools; an adaptive pool fits any input",
        cures_of_small_outputs(),
    )
    sides = [
        [refuses(lambda k=k, layer=layer: layer(k)(X)) for k in range(1, 9)]
        for layer in (nn.MaxPool2d, lambda k: nn.Conv2d(1, 1, k))
    ]
    still = [refuses(lambda layer=layer: layer(X)) for layer in (nn.MaxPool2d(2, 0), STUCK)]
    page.says(
        "The same, said by a convolution",  # of a window that is too large, and of one that stands
        sides[0] == sides[1] and sides[0] == [k > 5 for k in range(1, 9)] and still == [True] * 2,
    )
    page.says(
        "Only convolutions know the words *same* and *valid*. A pool takes numbers",
        words_of_padding() and nn.MaxPool2d(3, 1, 1)(X).shape == X.shape,
    )
    page.says(
        "Write `padding=1` for a kernel of 3 at stride 1",
        nn.MaxPool2d(3, stride=1, padding=1)(X).shape == X.shape,
    )
    page.says(
        "A window that does not move never arrives",
        [failing_at(nn.MaxPool2d(2, stride)) for stride in range(4)] == [True, *[False] * 3],
    )
    page.says(
        "A computed stride, such as `size // target`, may have become 0",
        X.shape[1] // 7 == 0 and X.shape[1] // 2 == 2,
    )
    page.labels("Check the expression that gives the stride")
    page.says(
        "A 2-D pool wants channels: (C, H, W), or with a batch (N, C, H, W). A plain picture of "
        "(H, W) has too few dimensions",
        taken_dimensions(nn.MaxPool2d(2)) == [3, 4] and X[0].dim() == 2,
    )
    page.says("Add the channel: `image[None]`", nn.MaxPool2d(2)(X[0][None]).shape == (1, 2, 2))
    thirds = nn.AvgPool2d(2, divisor_override=3)(X)
    page.says(
        "`divisor_override` replaces the number that an average pool divides by",
        torch.allclose(thirds, F.unfold(X, 2, stride=2).sum(0).reshape(1, 2, 2) / 3),
    )
    page.says(
        "Give it a number other than 0, or leave it out",
        torch.allclose(thirds, nn.AvgPool2d(2)(X) * 4 / 3),
    )


STUCK = nn.Conv2d(1, 1, 2, stride=0)


def failing_at(pool) -> bool:
    return refuses(lambda: pool(X))


def said_of_pools(count: int) -> bool:
    """Whether so many pools of 2 in a row are refused on 5×5, with the message of this section."""
    deep = nn.Sequential(*[nn.MaxPool2d(2)] * count)
    return failing_at(deep) and "Output size is too small" in said(lambda: deep(X))


def taken_dimensions(layer) -> list[int]:
    """How many dimensions an input of one channel may have."""
    inputs = [torch.rand([1] * (n - 2) + [5, 5]) for n in range(2, 7)]
    return [x.dim() for x in inputs if not refuses(lambda x=x: layer(x))]


def cures_of_small_outputs() -> bool:
    deep = nn.Sequential(*(nn.MaxPool2d(2) for _ in range(3)))
    larger, fewer = deep(torch.rand(1, 8, 8)), deep[:2](X)
    fitted = {nn.AdaptiveMaxPool2d(6)(torch.rand(1, n, n)).shape for n in range(1, 14)}
    smaller = nn.Sequential(*(nn.MaxPool2d(k) for k in (2, 2, 1)))(X)
    one = {x.numel() for x in (larger, fewer, smaller)} == {1}
    return refuses(lambda: deep(X)) and one and fitted == {(1, 6, 6)}


def words_of_padding() -> bool:
    kernel = torch.rand(1, 1, 3, 3)
    taken = [F.conv2d(X, kernel, padding=word).shape[-1] for word in ("same", "valid")]
    return taken == [5, 3] and all(
        refuses(lambda word=word, pool=pool: pool(3, padding=word)(X))
        for word in ("same", "valid")
        for pool in (nn.MaxPool2d, nn.AvgPool2d)
    )


def convolutions(page):
    page.says(
        '"Same" means that the output is as large as the input',
        all(nn.Conv2d(1, 1, k, padding="same")(X).shape == X.shape for k in (1, 3, 5)),
    )
    halves, six = nn.Conv2d(1, 1, 3, stride=2, padding=1), torch.rand(1, 6, 6)
    either = [F.conv2d(F.pad(six, pad), KERNEL, stride=2) for pad in ((0, 1, 0, 1), (1, 0, 1, 0))]
    page.says(
        "With a larger stride it shrinks anyway, and an odd pixel of padding could go to either "
        "side",
        [halves(x).shape[-1] for x in (X, six)] == [3, 3]
        and {x.shape for x in either} == {(1, 3, 3)}
        and not torch.allclose(*either),
    )
    page.says(
        "Write the padding as a number: `padding=1` for a kernel of 3",
        halves(X).shape == (1, 3, 3) and halves.kernel_size == (3, 3),
    )
    page.says(
        "A convolution has weights for a fixed number of input channels. Here it was made for "
        "colour and got grey",
        [c for c in range(1, 6) if not refuses(lambda c=c: COLOUR(torch.rand(1, c, 8, 8)))] == [3]
        and "to have 3 channels, but got 1" in page.output("nn.Conv2d(3, 8, 3)("),
    )
    page.labels("Make the layer with the number of channels you have, or convert the image")
    most = max(
        p for p in range(1, 5) if nn.Conv2d(1, 1, 3, padding=p, padding_mode="reflect")(X).numel()
    )
    mirrored = F.pad(torch.arange(5.0)[None], (4, 0), mode="reflect")[0].tolist()
    page.says(
        "Reflecting copies the input into the border. Five pixels can lend at most four: the edge "
        "itself is not repeated",
        (X.shape[1], most) == (5, 4) and mirrored == [4, 3, 2, 1, 0, 1, 2, 3, 4],
    )
    around = nn.Conv2d(1, 1, 3, padding=5, padding_mode="circular")(X)
    row = torch.arange(5.0)[None]
    page.says(
        "Circular padding continues the input from its other end, once around and no further",
        around.shape == (1, 13, 13)
        and torch.equal(F.pad(row, (5, 5), mode="circular"), row.repeat(1, 3))
        and refuses(lambda: F.pad(row, (6, 0), mode="circular")),
    )
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
    page.labels("Use an `output_padding` below the stride")
    the_groups(page)
    photo = np.asarray(Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")))
    weight = nn.Conv2d(1, 8, 3).weight
    page.says(
        "Images read from files are whole numbers. Weights are floats",
        not torch.from_numpy(photo[:1].copy()).is_floating_point() and weight.is_floating_point(),
    )
    whole = torch.randint(0, 9, (1, 1, 8, 8))
    page.says("Convert: `image.float()`", F.conv2d(whole.float(), weight).shape == (1, 8, 6, 6))

    even(page)
    batch, convolution = torch.rand(4, 1, 5, 5), nn.Conv2d(1, 1, 3)
    page.says(
        "The same rule, said by a convolution. It also refuses too *many* dimensions. That happens "
        "if you add the batch to images that came in a batch already",
        taken_dimensions(convolution) == taken_dimensions(nn.MaxPool2d(2)) == [3, 4]
        and convolution(batch).shape == (4, 1, 3, 3)
        and refuses(lambda: convolution(batch[None])),
    )
    page.labels("Print the shape.")
    five = X[None, None]
    page.says(
        "Add what is missing with `x[None]`, or take away an axis of length 1 with `x.squeeze(0)`",
        F.conv2d(five.squeeze(0), KERNEL).shape == (1, 1, 3, 3)
        and F.conv2d(X[0][None], KERNEL).shape == (1, 3, 3),
    )


COLOUR = nn.Conv2d(3, 8, 3)


def the_groups(page):
    sizes = list(itertools.product(range(1, 7), range(1, 7), range(1, 5)))
    made = {
        s: nn.Conv2d(*s[:2], 3, groups=s[2]) for s in sizes if not refuses(lambda s=s: grouped(s))
    }
    page.says(
        "Groups share the channels out evenly. Three channels do not make two groups",
        all(layer.weight.shape[1] * g == i for (i, _, g), layer in made.items())
        and not {(3, o, 2) for o in range(1, 7)} & made.keys(),
    )
    page.says(
        "Choose groups that divide both numbers of channels",
        made.keys() == {(i, o, g) for i, o, g in sizes if i % g == o % g == 0},
    )


def grouped(size):
    return nn.Conv2d(*size[:2], 3, groups=size[2])


def even(page):
    """An even kernel with padding="same": right numbers, uneven padding."""
    kernel = torch.rand(1, 1, 2, 2)
    with warnings.catch_warnings(record=True):
        same = F.conv2d(X, kernel, padding="same")
    warning = page.output('nn.Conv2d(1, 1, 2, padding="same")')
    at_the_end = F.conv2d(F.pad(X, (0, 1, 0, 1)), kernel)
    page.says(
        "A warning, not an error: the numbers are right",
        warning.startswith("UserWarning") and torch.allclose(same, at_the_end),
    )
    page.says(
        "To keep its size, a kernel of 2 needs one pixel of padding in all, so the two sides "
        "cannot get the same",
        at_the_end.shape == X.shape and refuses_every(X, kernel),
    )
    page.says(
        "Torch puts the odd pixel at the end, on the right and at the bottom, and may have to copy "
        "the whole input for it",
        torch.allclose(same, at_the_end) and "zero-padded copy of the input" in warning,
    )
    other = F.conv2d(F.pad(X, (1, 0, 1, 0)), kernel)
    page.says(
        "To choose the other side, pad by hand: `F.pad(x, (1, 0, 1, 0))`",
        other.shape == X.shape and not torch.allclose(same, other),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page.says(
            "Take an odd kernel, or live with the copy",
            F.conv2d(X, KERNEL, padding="same").shape == X.shape,
        )


def refuses_every(x, kernel) -> bool:
    """Whether no equal padding of both sides keeps the size."""
    return all(F.conv2d(x, kernel, padding=p).shape != x.shape for p in range(4))


def transposed(page):
    forth, back = nn.Conv2d(3, 8, (2, 4)), nn.ConvTranspose2d(3, 8, (2, 4))
    page.says(
        "The weights of a convolution are in the order (out, in, rows, columns), those of a "
        "transposed convolution in the order (in, out, rows, columns). Here the weights of the one "
        "were given to the other",
        (forth.weight.shape, back.weight.shape) == ((8, 3, 2, 4), (3, 8, 2, 4))
        and str(list(nn.Conv2d(3, 8, 3).weight.shape)) in page.output("F.conv_transpose2d("),
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
    with torch.no_grad():
        made = [layer(X, output_size=[n, n]) for n in asked]
        by_hand = [F.conv_transpose2d(X, layer.weight, layer.bias, 2, 0, a) for a in (0, 1)]
    page.says(
        "The same limit, met by another way: `output_size` asks for a size, and torch works out "
        "the `output_padding` that makes it",
        refuses(lambda: F.conv_transpose2d(X, layer.weight, None, 2, output_padding=13 - 11))
        and all(torch.equal(a, b) for a, b in zip(made, by_hand, strict=True)),
    )
    low, high = map(int, re.findall(r"from \[(\d+), .* to \[(\d+),", said(MESSAGES[19][2]))[0])
    page.says(
        "Ask for a size between the two that the message names, or resize with `F.interpolate`, "
        "which makes any size",
        asked == list(range(low, high + 1))
        and all(F.interpolate(X[None], n).shape[-1] == n for n in range(1, 30)),
    )
    plain, cut = (F.conv_transpose2d(X, KERNEL, padding=p) for p in (0, 1))
    page.says(
        "The padding of a transposed convolution adds no border. It does the opposite, and cuts as "
        "many rows and columns off each side of the output. So there is nothing that a mode could "
        "fill",
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
    page.labels("Leave `padding_mode` out")
    page.says(
        "If the border matters, pad the input by hand, "
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
    page.says(
        "Each number that goes back needs an index of its own",
        F.max_unpool2d(values, indices, 2).count_nonzero() == values.numel()
        and refuses(lambda: F.max_unpool2d(values, indices[..., :2], 2)),
    )
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
        "If you think of *how many times smaller*, you have its inverse in mind",
        9 / fractional.shape[-1]
        == 1.5
        == 1 / nn.FractionalMaxPool2d(2, output_ratio=2 / 3).output_ratio[0],
    )
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
        "Unpooling puts numbers back by their index. Without `output_size` torch assumes the "
        "smallest map that fits; an index of the true, larger map may lie outside",
        torch.equal(whole.flatten()[indices], values)
        and smallest == min(n for n in range(9) if n // 2 == 2)
        and indices.max() >= smallest**2,
    )
    page.says(
        "When it does not, the numbers land at wrong places without a word", lands_elsewhere()
    )
    back = nn.MaxUnpool2d(2)(values, indices, output_size=whole.shape[-2:])
    page.says(
        "Pass the size you pooled: `unpool(values, indices, output_size=x.shape[-2:])`",
        back.shape == whole.shape
        and torch.equal(back[back > 0], whole[back > 0])
        and (back > 0).sum() == values.numel(),
    )
    network = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 10))
    page.says(
        "At the end of a network, the linear layer was made for another image size. Its first "
        "number must be what `Flatten` gives: channels times height times width",
        needs_what_flatten_gives()
        and network(torch.rand(1, 1, 8, 8)).shape == (1, 10)
        and refuses(lambda: network(torch.rand(1, 1, 10, 10))),
    )
    page.labels("Print the shape before the linear layer")
    last = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 10))
    page.says(
        "or put `nn.AdaptiveAvgPool2d(1)` before it",
        last(torch.rand(1, 1, 10, 10)).shape == last(torch.rand(1, 1, 7, 9)).shape == (1, 10),
    )


def needs_what_flatten_gives() -> bool:
    x = torch.rand(1, 2, 3, 4)
    fits = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 4, 10))(x).shape == (1, 10)
    return fits and refuses(lambda: nn.Sequential(nn.Flatten(), nn.Linear(2 * 3, 10))(x))


def lands_elsewhere() -> bool:
    """A number that torch puts back at a wrong place, since it takes the map for a smaller one."""
    x = torch.zeros(1, 5, 5)
    x[0, 1, 1] = 9
    values, indices = nn.MaxPool2d(2, return_indices=True)(x)
    assert indices.max() == 12  # inside the smaller map, too
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = nn.MaxUnpool2d(2)(values, indices)
    return back[0, 1, 1] != 9 and back[0, 1, 2] == 9


def test_links_lead_to_lessons_that_exist(page):
    names = re.findall(r"\]\(([\w-]+)\.ipynb\)", "\n".join(page.blocks))
    assert len(names) == len(MESSAGES)
    assert not {name for name in names if not path_of(LESSONS, name).exists()}
