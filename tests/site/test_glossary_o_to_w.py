"""The glossary, O to W: what each entry says is shown on an example that it could be false of."""

import re

import numpy as np
import onnx
import torch
from defined import (
    ROOT,
    close,
    entry,
    filled,
    matrix,
    onnx_max_pool,
    over_windows,
    plain,
    plane,
    reads,
    refuses,
    windows,
)
from PIL import Image
from torch import nn
from torch.nn import functional as F


@entry("ONNX")
def test_onnx(entry):
    rows = torch.rand(1, 1, 6)
    ran = onnx_max_pool(rows, 2)
    entry.says(
        "A file format for networks, which carries them from one library to another",
        torch.equal(ran, F.max_pool1d(rows, 2, 1)),
    )
    average = onnx.defs.get_schema("AveragePool").attributes["count_include_pad"]
    entry.says(
        "Its layers have defaults of their own",
        ran.shape != F.max_pool1d(rows, 2).shape
        and bool(average.default_value.i) != nn.AvgPool2d(2).count_include_pad,
    )


@entry("`output_padding`")
def test_output_padding(entry):
    cases = [(k, s, p, op) for k in (2, 3) for s in (1, 2, 3) for p in (0, 1) for op in range(s)]
    x = torch.rand(1, 1, 4) + 1

    def up(k, s, p, op):
        torch.manual_seed(k)
        conv = nn.ConvTranspose1d(1, 1, k, s, p, output_padding=op)
        return conv(x)[0, 0], conv.bias

    def from_sizes(k, s, p):
        """The input sizes that this convolution makes four numbers of."""
        return [n for n in range(3, 16) if len(reads(plain(k, stride=s, padding=p), n)) == 4]

    entry.says(
        "An argument of transposed convolutions that says which of several sizes to go back to",
        all(len(up(k, s, p, op)[0]) == from_sizes(k, s, p)[op] for k, s, p, op in cases),
    )
    less, added = [], []
    for k, s, p, op in cases:
        (whole, bias), (made, _) = up(k, s, 0, 0), up(k, s, p, op)
        # The whole result without p numbers at the beginning and p less op at the end.
        uncut = whole[p : len(whole) - max(0, p - op)]
        less.append(torch.equal(made[: len(uncut)], uncut))
        extra = made[len(uncut) :]
        added.append(len(extra) == max(0, op - p) and bool((extra == bias).all()))
    entry.says("It cuts less of the result at the end", len(less) > 20 and all(less))
    square = nn.ConvTranspose2d(1, 1, 2, 2, output_padding=1)(torch.rand(1, 3, 3))
    entry.says(
        "Only where it asks for more than was cut does it add rows and columns, which hold the "
        "bias alone",
        len(added) > 20
        and all(added)
        and square.shape == (1, 7, 7)
        and square[0, -1].unique().numel() == square[0, :, -1].unique().numel() == 1,
    )


@entry("output size")
def test_output_size(entry):
    x = torch.rand(1, 9, 7)
    stops = {(k, s): windows(x, k, s) for k in (1, 2, 3) for s in (1, 2, 3)}
    entry.says(
        "How many rows and columns come out of a layer, one for each stop of the window",
        all(
            nn.MaxPool2d(k, s)(x).shape[1:] == (len(rows), len(rows[0]))
            for (k, s), rows in stops.items()
        ),
    )


@entry("overlapping pooling", "overlapping window")
def test_overlapping_pooling(entry):
    def share(k, s):
        seen = reads(nn.MaxPool1d(k, s), 12)
        return all({*a} & {*b} for a, b in zip(seen, seen[1:], strict=False))

    entry.says(
        "Pooling with a stride smaller than the window, so that neighbouring windows share numbers",
        all(share(k, s) == (s < k) for k in (2, 3, 4) for s in (1, 2, 3, 4)),
    )


@entry("padding", "padded")
def test_padding(entry):
    x = torch.full((1, 1, 4), -5.0)
    starts = [reads(plain(3, padding=p), 5)[0] for p in (0, 1)]
    entry.says(
        "A border around the input, so that the window can reach past the outermost pixels",
        starts == [[0, 1, 2], [0, 1]] and len(reads(plain(3, padding=1), 5)) == 5,
    )
    sums = F.conv1d(x, torch.ones(1, 1, 3), padding=1)[0, 0].tolist()
    entry.says(
        "By default it holds zeros, but minus infinity in a max pool",
        sums == [-10, -15, -15, -10]
        and close(nn.AvgPool1d(3, 1, 1)(x), torch.tensor([[sums]]) / 3)
        and nn.MaxPool1d(3, 1, 1)(torch.full((1, 1, 4), -1e30)).max() < -1e29,
    )
    allowed = {
        (k, p): [not refuses(pool(k, 1, p), x) for pool in (nn.MaxPool1d, nn.AvgPool1d)]
        for k in (2, 3, 4)
        for p in range(4)
    }
    entry.says(
        "in a pool it may be at most half of the kernel",
        all(both == [p <= k / 2] * 2 for (k, p), both in allowed.items())
        and plain(2, padding=3)(x).shape[-1] == 9,
    )


@entry("`padding_mode`")
def test_padding_mode(entry):
    x = torch.rand(1, 5, 5)
    modes = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}

    def agrees(mode, numpys):
        conv = nn.Conv2d(1, 1, 3, padding=2, padding_mode=mode)
        by_hand = torch.tensor(np.pad(x[0], 2, mode=numpys))[None]
        return close(conv(x), F.conv2d(by_hand, conv.weight, conv.bias))

    entry.says(
        "What a convolution fills its border with: zeros, a mirror image of the input, copies of "
        "its edge, or its opposite side",
        all(agrees(*pair) for pair in modes.items())
        and not agrees("reflect", "wrap")
        and refuses(nn.Conv2d, 1, 1, 3, padding_mode="none"),
    )


@entry("patch stem", "patchify stem")
def test_patch_stem(entry):
    stem, x = nn.Conv2d(3, 8, 4, stride=4), torch.rand(3, 8, 12)
    squares = [w.flatten() for row in windows(x, 4, 4) for w in row]
    vectors = torch.stack([stem.weight.flatten(1) @ square + stem.bias for square in squares], 1)
    entry.says(
        "A first layer that cuts the image into squares and makes a vector of each: a convolution "
        "whose stride is its kernel size",
        close(stem(x).flatten(1), vectors) and sum(map(len, squares)) == x.numel(),
    )


@entry("pixel shuffle", "PixelShuffle")
def test_pixel_shuffle(entry):
    x = torch.rand(8, 3, 3)
    made = nn.PixelShuffle(2)(x)
    blocks = [
        torch.equal(
            made[c, 2 * r : 2 * r + 2, 2 * k : 2 * k + 2].flatten(), x[4 * c : 4 * c + 4, r, k]
        )
        for c in (0, 1)
        for r in range(3)
        for k in range(3)
    ]
    entry.says(
        "Enlarging a map by laying its channels side by side as blocks of pixels",
        made.shape == (2, 6, 6) and len(blocks) == 18 and all(blocks),
    )


@entry("pooling", "pool, pooled")
def test_pooling(entry):
    x = plane(4, 4)
    made = [nn.MaxPool2d(2)(x)[0].tolist(), nn.AvgPool2d(2)(x)[0].tolist()]
    entry.says(
        "Making a map smaller: one number, such as the largest or the mean, takes the place of "
        "each window",
        made == [[[5, 7], [13, 15]], [[2.5, 4.5], [10.5, 12.5]]],
    )


@entry("probe")
def test_probe(entry):
    # On a plain image, zeros at the border are all that could tell places apart.
    plain_image, places = torch.ones(1, 1, 6), torch.arange(6.0)[:, None]
    kernel = torch.eye(6, 6)[:, None] + 0.1 * torch.rand(6, 1, 6)

    def missed(padded):
        maps = F.conv1d(padded, kernel)[0].T
        fit = torch.linalg.lstsq(maps, places, driver="gelsd").solution
        return (maps @ fit - places).abs().max()

    entry.says(
        "A simple formula that is fitted to guess something from a network's maps. If it can, the "
        "maps hold it",
        missed(F.pad(plain_image, (5, 0))) < 0.1 and missed(torch.ones(1, 1, 11)) > 2,
    )


@entry("quantising", "quantise, quantised")
def test_quantising(entry):
    x = torch.rand(1, 12, 12) * 50

    def stored(numbers):
        return numbers.round().to(torch.int8)

    entry.says(
        "Storing each number as one of a few steps, to save memory",
        stored(x).nbytes * 4 == x.nbytes and stored(x).unique().numel() < x.unique().numel(),
    )
    maximum, mean = nn.MaxPool2d(2), nn.AvgPool2d(2)
    entry.says(
        "A maximum of rounded numbers is the rounded maximum; of an average that does not hold",
        torch.equal(maximum(stored(x).float()), stored(maximum(x)).float())
        and not torch.equal(mean(stored(x).float()).round(), stored(mean(x)).float()),
    )


@entry("receptive field")
def test_receptive_field(entry):
    layers = nn.Sequential(nn.MaxPool1d(3, 2), plain(2), nn.MaxPool1d(2, 1))

    def counted(x):
        """Which inputs the third output depends on, for this one input."""
        x.requires_grad_()
        layers(x)[0, 2].backward()
        return {*x.grad[0].nonzero().flatten().tolist()}

    each = [counted(torch.rand(1, 20)) for _ in range(60)]
    entry.says(
        "The part of the input that one output depends on. It counts what can matter, for any "
        "input",
        set.union(*each) == {*range(4, 11)} and max(map(len, each)) < 7,
    )


@entry("ReLU")
def test_relu(entry):
    x = torch.randn(50)
    entry.says(
        "Replaces every negative number by zero",
        nn.ReLU()(x).tolist() == [max(v, 0) for v in x.tolist()] and (x < 0).any(),
    )
    lessons = [path.read_text("utf-8") for path in (ROOT / "lessons").glob("*.py")]
    uses = sum([re.findall(r"^(?!#).*?nn\.ReLU\(\)", text, re.MULTILINE) for text in lessons], [])
    after = [use for use in uses if re.search(r"\b(?:nn\.Conv\dd|conv)\([^()]*\), nn\.ReLU", use)]
    entry.says("It usually follows a convolution", len(uses) > 10 and len(after) > len(uses) / 2)


@entry("residual block")
def test_residual_block(entry):
    layer, x = nn.Conv1d(1, 1, 3, padding=1, bias=False), torch.rand(1, 1, 40)
    wanted = x + 0.1 * F.conv1d(x, torch.tensor([[[1.0, -2, 1]]]), padding=1)
    taps = F.pad(x, (1, 1)).unfold(-1, 3, 1)[0, 0]
    learned = torch.linalg.lstsq(taps, (wanted - x)[0, 0, :, None]).solution[:, 0]
    with torch.no_grad():
        layer.weight[0, 0] = learned
    entry.says(
        "A few layers whose input is added to their output, so that they learn the difference only",
        close(x + layer(x), wanted)
        and torch.allclose(learned, torch.tensor([0.1, -0.2, 0.1]), atol=1e-3),
    )
    entry.says(
        "The shapes of both must agree", refuses(lambda: x + nn.Conv1d(1, 1, 3, stride=2)(x))
    )


@entry("same padding")
def test_same_padding(entry):
    cases = [(1, 1), (2, 2), (3, 1), (3, 2), (4, 2), (5, 3)]
    entry.says(
        "Padding that keeps the size at stride one",
        all(
            plain(k, dilation=d, padding="same")(torch.rand(1, 9)).shape == (1, 9) for k, d in cases
        ),
    )
    entry.says(
        'Convolutions take the word, `padding="same"`, and refuse it with a larger stride',
        all(refuses(nn.Conv2d, 1, 1, 3, stride=s, padding="same") for s in (2, 3))
        and not refuses(nn.Conv2d, 1, 1, 3, padding="same"),
    )


@entry("SAME_UPPER", "SAME_LOWER")
def test_same_upper(entry):
    names, cases = ("SAME_UPPER", "SAME_LOWER"), [(2, 1), (3, 2), (3, 3)]
    entry.says(
        "ONNX's names for padding that makes the output as large as the input divided by the "
        "stride, rounded up",
        all(
            onnx_max_pool(torch.rand(1, 1, n), k, s, auto_pad=name).shape[-1] == -(-n // s)
            for n in (5, 6, 7)
            for k, s in cases
            for name in names
        ),
    )
    # Windows of two over a rising line: with one pixel more at the end, the last number is alone.
    x = torch.arange(4.0)
    made = [onnx_max_pool(x[None, None], 2, 1, auto_pad=name)[0, 0] for name in names]
    padded = [F.pad(x, pad).unfold(0, 2, 1).amax(1) for pad in ((0, 1), (1, 0))]
    entry.says(
        "If the padding does not come out even, SAME_UPPER puts the odd pixel at the end and "
        "SAME_LOWER at the beginning",
        [*map(torch.equal, made, padded)] == [True, True] and not torch.equal(*made),
    )


@entry("separable")
def test_separable(entry):
    x = torch.rand(1, 7, 7)

    def by_axis(pool):
        return pool((1, 3), 1)(pool((3, 1), 1)(x))

    column, row = torch.rand(3, 1), torch.rand(1, 3)
    stepwise = F.conv2d(F.conv2d(x, column[None, None]), row[None, None])
    whole = F.conv2d(x, (column @ row)[None, None])
    ranks = torch.linalg.svdvals(column @ row) > 1e-6, torch.linalg.svdvals(torch.eye(3)) > 1e-6
    entry.says(
        "Said of a window operation that you can do axis by axis with the same result. Maximum and "
        "average are separable, a convolution only if its kernel is a column times a row",
        all(close(by_axis(pool), pool(3, 1)(x)) for pool in (nn.MaxPool2d, nn.AvgPool2d))
        and close(stepwise, whole)
        # A column times a row has rank one; others, such as a diagonal, do not.
        and [rank.sum().item() for rank in ranks] == [1, 3],
    )


@entry("shortcut")
def test_shortcut(entry):
    x = torch.rand(1, 4, 8, 8)
    block = nn.Conv2d(4, 4, 3, stride=2, padding=1)
    ways = {stride: nn.Conv2d(4, 4, 1, stride=stride) for stride in (1, 2)}
    entry.says(
        "The way around the layers of a residual block. If the block shrinks its map, the shortcut "
        "has to shrink it as well",
        {stride: refuses(lambda way=way: block(x) + way(x)) for stride, way in ways.items()}
        == {1: True, 2: False},
    )


@entry("skip connection")
def test_skip_connection(entry):
    x, dead = torch.rand(2, 4, 4), filled(nn.Conv2d(2, 2, 3, padding=1, bias=False), 0)
    entry.says(
        "A way around some layers: their input is kept and later added to their output, or joined "
        "with it",
        # Whatever the layers do, here nothing, the input arrives.
        not dead(x).any()
        and torch.equal(x + dead(x), x)
        and torch.equal(torch.cat([x, dead(x)])[:2], x),
    )


@entry("softmax")
def test_softmax(entry):
    x = torch.randn(20, 6) * 3
    shares = torch.softmax(x, 1)
    entry.says(
        "Turns numbers into shares that are positive and add up to one; the larger the number, the "
        "larger its share",
        (shares > 0).all()
        and close(shares.sum(1), torch.ones(20))
        and torch.equal(shares.argsort(1), x.argsort(1)),
    )


@entry("stride", "strided")
def test_stride(entry):
    starts = [[seen[0] for seen in reads(plain(2, stride=s), 10)] for s in (1, 2, 3)]
    entry.says(
        "How far the window moves from one stop to the next",
        all({*np.diff(found).tolist()} == {s} for s, found in enumerate(starts, 1)),
    )
    pools = [nn.MaxPool2d(3), nn.AvgPool2d(3), nn.LPPool2d(2, 3)]
    x = torch.rand(1, 9, 9)
    entry.says(
        "A convolution's stride defaults to one, a pool's to its `kernel_size`",
        nn.Conv2d(1, 1, 3)(x).shape == (1, 7, 7)
        and all(pool(x).shape == (1, 3, 3) for pool in pools),
    )


@entry("subsampling")
def test_subsampling(entry):
    lesson = (ROOT / "lessons" / "no-learnable-parameters.py").read_text("utf-8")
    [told] = [text for text in lesson.split("\n") if "Each of its 6 maps had one such pair" in text]
    sums = filled(nn.Conv2d(6, 6, 2, stride=2, groups=6, bias=False), 1)
    scale, bias = nn.Parameter(torch.rand(6, 1, 1)), nn.Parameter(torch.rand(6, 1, 1))
    made = scale * sums(torch.rand(6, 28, 28)) + bias
    entry.says("Making a map smaller", made.shape == (6, 14, 14))
    entry.says(
        "In LeNet-5 it is the name of a pool that had weights: a scaled sum of each window plus a "
        "bias, both learned",
        f"{scale.numel() + bias.numel()} parameters ([LeCun" in told
        and "added up the four numbers of each 2×2 window" in told
        and "*learnable* coefficient and added a *learnable* bias" in told
        and "https://doi.org/10.1109/5.726791" in told,
    )


@entry("tap")
def test_tap(entry):
    places = [reads(plain(3, dilation=d), 9)[2] for d in (1, 2)]
    entry.says(
        "One place of a window where a number is read. With a dilation of one the taps lie side by "
        "side",
        places == [[2, 3, 4], [2, 4, 6]],
    )


@entry("tensor")
def test_tensor(entry):
    photo = torch.tensor(np.array(Image.new("RGB", (5, 4))), dtype=torch.float32).movedim(-1, 0)
    entry.says(
        "An array of numbers with any count of axes: what PyTorch's layers take and give",
        [torch.zeros([1] * n).dim() for n in range(6)] == [*range(6)]
        and isinstance(nn.MaxPool2d(2)(photo), torch.Tensor)
        and refuses(nn.MaxPool2d(2), photo.numpy()),
    )
    entry.says(
        "A photo is one with three axes, for channels, rows and columns", photo.shape == (3, 4, 5)
    )


@entry("tie")
def test_tie(entry):
    def sent(window):
        x = torch.tensor([window], requires_grad=True)
        value = nn.MaxPool2d(2)(x)
        value.sum().backward()
        return value.item(), x.grad.flatten().tolist()

    entry.says(
        "Two or more numbers of a window share its maximum. In PyTorch the first in reading order "
        "wins, and a max pool sends it the whole gradient",
        [sent(w) for w in ([[1.0, 5], [5, 5]], [[0.0, 1], [5, 5]], [[2.0, 2], [2, 2]])]
        == [(5, [0, 1, 0, 0]), (5, [0, 0, 1, 0]), (2, [1, 0, 0, 0])],
    )


@entry("transposed convolution", "deconvolution")
def test_transposed_convolution(entry):
    conv = nn.Conv1d(1, 1, 3, stride=2, bias=False)
    back = nn.ConvTranspose1d(1, 1, 3, stride=2, bias=False)
    with torch.no_grad():
        back.weight.copy_(conv.weight)
    entry.says(
        "A convolution turned around: each input is spread over a window of the output, so the "
        "size goes back up",
        close(matrix(back, 4), matrix(conv, 9).T)
        and [column.nonzero().flatten().tolist() for column in matrix(back, 4).T]
        == [[n, n + 1, n + 2] for n in (0, 2, 4, 6)],
    )
    x = torch.rand(1, 9)
    entry.says(
        "It restores the size, not the numbers",
        back(conv(x)).shape == x.shape and not close(back(conv(x)), x),
    )


@entry("U-Net")
def test_u_net(entry):
    levels, x, kept = 3, torch.rand(1, 16, 16), []
    sizes, joined = [], []
    for _ in range(levels):
        kept.append(x)
        x = nn.MaxPool2d(2)(x)
        sizes.append(x.shape[-1])
    for _ in range(levels):
        x = F.interpolate(x[None], scale_factor=2)[0]
        sizes.append(x.shape[-1])
        joined.append((x.shape[1:], kept[-1].shape[1:]))
        x = torch.cat([x, kept.pop()])
    lesson = (ROOT / "lessons" / "skips-and-shapes.py").read_text("utf-8")
    entry.says(
        "A network that halves its maps some times and doubles them as often, and joins each map "
        "on the way up with the one of its level from the way down",
        sizes == [8, 4, 2, 4, 8, 16]
        and all(up == down for up, down in joined)
        and x.shape == (levels + 1, 16, 16)
        and "A U-Net halves its maps three times and doubles them three times" in lesson
        and "after each join with what was kept" in lesson,
    )


@entry("unpooling", "unpool")
def test_unpooling(entry):
    x = torch.rand(1, 6, 6) + 1
    values, places = nn.MaxPool2d(2, return_indices=True)(x)
    made = nn.MaxUnpool2d(2)(values, places)
    largest = over_windows(x, 2, 2, lambda w: w.amax(1)).repeat_interleave(2, 1)
    largest = largest.repeat_interleave(2, 2)
    entry.says(
        "Putting each maximum back where it was, and zeros everywhere else. `nn.MaxUnpool2d` needs "
        "the indices that the max pool returned",
        torch.equal(made, torch.where(x == largest, x, 0)) and refuses(nn.MaxUnpool2d(2), values),
    )


@entry("valid padding")
def test_valid_padding(entry):
    x = torch.rand(1, 7)
    layers = [plain(3, padding=padding) for padding in ("valid", 0)]
    entry.says(
        "No padding at all, so that the window stays on real pixels",
        torch.equal(layers[0](x), layers[1](x))
        and all(len(seen) == 3 for seen in reads(layers[0], 7))
        and min(map(len, reads(plain(3, padding="same"), 7))) == 2,
    )


@entry("window")
def test_window(entry):
    seen = {s: reads(plain(3, stride=s), 11) for s in (1, 2, 4)}
    entry.says(
        "The part of the input that a layer reads for one output number. It slides by the stride",
        all(
            found[n] == [n * s + i for i in range(3)]
            for s, found in seen.items()
            for n in (0, 1, 2)
        ),
    )
