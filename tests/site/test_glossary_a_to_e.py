"""The glossary, A to E: what each entry says is shown on an example that it could be false of."""

import warnings

import numpy as np
import torch
from defined import (
    ROOT,
    close,
    entry,
    filled,
    matrix,
    none_has_weights,
    over_windows,
    parameters_of,
    plain,
    reads,
    refuses,
    spectrum,
    wave,
    windows,
)
from PIL import Image
from torch import nn
from torch.nn import functional as F


@entry("adaptive polyphase sampling")
def test_adaptive_polyphase_sampling(entry):
    def sampled(x):
        grids = [x[r::2, c::2] for r in (0, 1) for c in (0, 1)]
        return max(grids, key=torch.linalg.norm)

    x = torch.randn(8, 8)
    louder = [x.clone() for _ in range(4)]
    for n, one in enumerate(louder):
        one[n // 2 :: 2, n % 2 :: 2] *= 10
    entry.says(
        "A stride that chooses which of its grids to keep, by the size of the numbers on it",
        all(
            torch.equal(sampled(one), one[n // 2 :: 2, n % 2 :: 2]) for n, one in enumerate(louder)
        ),
    )
    moved = [x.roll((r, c), (0, 1)) for r in range(4) for c in range(4)]
    kept = {tuple(sampled(one).flatten().sort().values.tolist()) for one in moved}
    by_a_stride = {tuple(one[::2, ::2].flatten().sort().values.tolist()) for one in moved}
    entry.says(
        "When the input moves, the same numbers are kept", (len(kept), len(by_a_stride)) == (1, 4)
    )


@entry("adaptive pooling", "adaptive pool")
def test_adaptive_pooling(entry):
    sizes = [(n, out) for n in range(1, 13) for out in range(1, n + 1)]
    # Window i begins where i of its parts end, rounded down, and ends with i + 1, rounded up.
    picked = {
        (n, out): [[*range(i * n // out, -(-(i + 1) * n // out))] for i in range(out)]
        for n, out in sizes
    }
    entry.says(
        "A pool for which you name the output size, and the layer picks the windows",
        all(picked[n, out] == reads(nn.AdaptiveAvgPool1d(out), n) for n, out in sizes)
        and not {"kernel_size", "stride"} & parameters_of(nn.AdaptiveAvgPool1d),
    )
    found = {n: reads(nn.AdaptiveAvgPool1d(3), n) for n in (6, 5)}
    entry.says(
        "They may overlap and differ in size",
        found == {6: [[0, 1], [2, 3], [4, 5]], 5: [[0, 1], [1, 2, 3], [3, 4]]},
    )


@entry("aliasing")
def test_aliasing(entry):
    fine = wave(7, 16)
    blurred = sum(fine.roll(n) for n in (-1, 0)) / 2
    entry.says(
        "What you get when you skip numbers without taking out the fine detail first: the detail "
        "turns into a pattern that was never there",
        spectrum(fine) == [7]
        and spectrum(fine[::2]) == [1]
        and blurred[::2].abs().max() < fine[::2].abs().max() / 5,
    )


@entry("`align_corners`")
def test_align_corners(entry):
    x = torch.rand(1, 1, 5)

    def resized(size, **settings):
        return F.interpolate(x, size, mode="linear", **settings)[0, 0]

    middles = (torch.arange(5) + 0.5) / 5, (torch.arange(10) + 0.5) / 10
    as_squares = np.interp(middles[1], middles[0], x[0, 0])
    entry.says(
        "An argument of `F.interpolate` that says where the numbers lie. With `False`, the "
        "default, each is the middle of a little square",
        torch.equal(resized(10), resized(10, align_corners=False))
        and np.allclose(resized(10, align_corners=False), as_squares, atol=1e-6),
    )
    ends = [resized(size, align_corners=True)[[0, -1]] for size in range(2, 12)]
    entry.says(
        "with `True` the outermost numbers of both maps lie on each other",
        all(close(both, x[0, 0, [0, -1]]) for both in ends)
        and not close(resized(7)[[0, -1]], x[0, 0, [1, -2]])
        and np.allclose(
            resized(9, align_corners=True), np.interp(np.arange(9) / 2, range(5), x[0, 0])
        ),
    )


@entry("anti-aliasing")
def test_anti_aliasing(entry):
    fine = wave(8, 16)
    blurred = (fine.roll(1) + 2 * fine + fine.roll(-1)) / 4
    coarse = wave(1, 16)
    kept = (coarse.roll(1) + 2 * coarse + coarse.roll(-1)) / 4
    entry.says(
        "Blurring before you stride, so that detail too fine for the smaller map cannot return as "
        "a false pattern",
        (spectrum(fine[::2]), spectrum(blurred[::2]), spectrum(kept[::2])) == ([0], [], [1]),
    )


@entry("autograd")
def test_autograd(entry):
    x = torch.rand(3, requires_grad=True)
    y = (x * x).sum()
    steps = [y.grad_fn.name(), y.grad_fn.next_functions[0][0].name()]
    before = x.grad
    y.backward()
    with torch.no_grad():
        unseen = (x * x).sum()
    entry.says(
        "The part of PyTorch that works out gradients. It records what you compute and goes back "
        "through the record when you call `backward()`",
        before is None
        and close(x.grad, 2 * x.detach())
        and steps == ["SumBackward0", "MulBackward0"]
        and refuses(unseen.backward),
    )


@entry("average pooling", "average pool")
def test_average_pooling(entry):
    x = torch.rand(3, 6, 6)
    entry.says(
        "A window slides over each channel and writes down the mean of what it sees",
        close(nn.AvgPool2d(3, 1)(x), over_windows(x, 3, 1, lambda w: w.sum(1) / 9)),
    )


@entry("backward pass")
def test_backward_pass(entry):
    layers = nn.Sequential(nn.Conv1d(1, 1, 3), nn.Tanh(), nn.AvgPool1d(2))
    visits = []
    for layer in layers:
        layer.register_full_backward_hook(lambda m, to, back: visits.append((m, to[0], back[0])))
    x = torch.rand(1, 1, 8, requires_grad=True)
    layers(x).sum().backward()
    hidden = layers[0](x)
    _, into, out_of = visits[1]
    entry.says(
        "The path from the result back to the inputs and weights, on which each layer turns the "
        "gradient of its output into that of its input",
        [visit[0] for visit in visits] == [*layers][::-1]
        and all(torch.equal(a[1], b[2]) for a, b in zip(visits, visits[1:], strict=False))
        and close(into, out_of * (1 - torch.tanh(hidden) ** 2))
        and torch.equal(x.grad, visits[-1][1])
        and layers[0].weight.grad is not None,
    )


@entry("band limit", "band-limited")
def test_band_limit(entry):
    def comes_back(turns, phase):
        """Whether a wave of 32 numbers can be told from every second of them."""
        x = wave(turns, 32, phase)
        small = torch.fft.rfft(x[::2])
        return torch.allclose(torch.fft.irfft(F.pad(small, (0, 8)), n=32) * 2, x)

    waves = {n: [comes_back(n, phase) for phase in (0.3, 1.1)] for n in range(17)}
    # A wave of n turns takes 32 / n pixels, and two pixels of the smaller map are four of these.
    coarser = [n for n in range(1, 17) if 32 / n > 4]
    entry.says(
        "The finest detail that a signal holds. If it is coarser than two pixels of the smaller "
        "map for each wave, you can skip pixels without aliasing",
        [n for n in waves if n and all(waves[n])] == coarser
        and not any(sum([waves[n] for n in range(8, 17)], []))
        and max(spectrum(wave(2, 32) + wave(5, 32))) == 5,
    )


@entry("batch")
def test_batch(entry):
    x = torch.rand(3, 2, 8, 8)
    layers = nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), nn.AvgPool2d(3, 1), nn.ConvTranspose2d(2, 1, 3)
    entry.says(
        "Several inputs in one tensor, along its first axis. Convolutions and pools treat each of "
        "them on its own",
        all(close(layer(x), torch.stack([layer(one) for one in x])) for layer in layers),
    )


@entry("bias")
def test_bias(entry):
    conv, x = nn.Conv2d(2, 3, 3), torch.rand(2, 5, 5)
    added = conv(x) - F.conv2d(x, conv.weight)
    entry.says(
        "A learned number that a convolution adds to every number of an output channel",
        conv.bias.requires_grad and close(added, conv.bias[:, None, None].expand_as(added)),
    )
    entry.says("Pools have none", none_has_weights())


@entry("bilinear")
def test_bilinear(entry):
    x = torch.rand(4, 5)
    made = F.interpolate(x[None, None], (7, 9), mode="bilinear")[0, 0]

    def shares(old, new):
        """How much each old number counts for each new one: less by its distance, over two."""
        at = ((torch.arange(new) + 0.5) * old / new - 0.5).clamp(0, old - 1)
        return (1 - (at[:, None] - torch.arange(old)).abs()).clamp(min=0)

    rows, cols = shares(4, 7), shares(5, 9)
    entry.says(
        "A way to resize in which each new number is a mean of its nearest neighbours, along rows "
        "and columns, weighted by how near they are",
        close(made, rows @ x @ cols.T)
        and close(rows.sum(1), torch.ones(7))
        and [(row > 0).sum().item() for row in rows] == [1, 2, 2, 2, 2, 2, 1],
    )


@entry("blur")
def test_blur(entry):
    blur = torch.tensor([[[1.0, 2, 1]]]) / 4
    fine, flat = wave(6, 12).float()[None, None], torch.full((1, 1, 12), 7.0)
    entry.says(
        "A weighted mean of neighbours, which takes out fine detail",
        F.conv1d(fine, blur).abs().max() < 1e-5 and close(F.conv1d(flat, blur), flat[..., :10]),
    )
    rows = matrix(nn.AvgPool1d(3, 1), 6)
    entry.says(
        "An average pool is a blur whose weights are all the same",
        {round(w, 5) for w in rows[rows > 0].tolist()} == {round(1 / 3, 5)}
        and close(rows.sum(1), torch.ones(4)),
    )
    entry.labels("for what it gains")


@entry("broadcasting")
def test_broadcasting(entry):
    a, b = torch.rand(3, 1), torch.rand(1, 4)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        both = a + b
    entry.says(
        "Stretching an axis of size one to fit when two tensors of unequal shapes are added",
        torch.equal(both, a.repeat(1, 4) + b.repeat(3, 1))
        and refuses(torch.add, torch.rand(3, 2), torch.rand(3, 4)),
    )
    entry.says("It happens without a word", both.numel() == 12 and not heard)


@entry("causal convolution")
def test_causal_convolution(entry):
    weight = torch.rand(1, 1, 3) + 1

    def ahead(layer):
        return matrix(layer, 7).triu(1).any().item()

    entry.says(
        "A convolution over time that never looks ahead, because all of its padding is on the left",
        [ahead(lambda x, p=p: F.conv1d(F.pad(x, p), weight)) for p in ((2, 0), (1, 1), (0, 2))]
        == [False, True, True],
    )
    conv, x = nn.Conv1d(1, 1, 3, padding=2), torch.rand(1, 1, 7)
    entry.says(
        "`nn.Conv1d` pads both sides equally, so you pad by hand",
        close(conv(x), F.conv1d(F.pad(x, (2, 2)), conv.weight, conv.bias))
        and refuses(lambda: nn.Conv1d(1, 1, 3, padding=(2, 0))(x)),
    )


@entry("`ceil_mode`")
def test_ceil_mode(entry):
    cases = [(n, k, s, p) for n in range(4, 13) for k in (2, 3) for s in (1, 2, 3) for p in (0, 1)]

    def size(n, k, s, p, up):
        return nn.MaxPool1d(k, s, p, ceil_mode=up)(torch.rand(1, n)).shape[-1]

    def rounded(n, k, s, p, up):
        return (n + 2 * p - k + (s - 1 if up else 0)) // s + 1

    late = [case for case in cases if (rounded(*case, True) - 1) * case[2] - case[3] >= case[0]]
    past = [case for case in cases if size(*case, True) > size(*case, False)]
    pools = [nn.MaxPool2d, nn.AvgPool2d, nn.LPPool2d]
    entry.says(
        "A switch of pools that rounds the output size up instead of down, so that the last window "
        "may reach past the end",
        all("ceil_mode" in parameters_of(pool) for pool in pools)
        and "ceil_mode" not in parameters_of(nn.Conv2d)
        and all(size(*case, False) == rounded(*case, False) for case in cases)
        and all(size(*case, True) == rounded(*case, True) - (case in late) for case in cases)
        and all((size(n, k, s, p, True) - 1) * s + k > n + 2 * p for n, k, s, p in past)
        and len(past) > 10,
    )
    entry.says(
        "A window that would start after the last real pixel is dropped",
        len(late) > 3 and all(size(*case, True) == size(*case, False) for case in late),
    )


@entry("channel")
def test_channel(entry):
    red = torch.tensor(np.array(Image.new("RGB", (4, 3), "red"))).movedim(-1, 0)
    entry.says(
        "One of the maps that lie on top of each other in a tensor, such as the red of a photo",
        red.shape == (3, 3, 4) and [one.max().item() for one in red] == [255, 0, 0],
    )
    alone = torch.zeros(3, 3, 4, 4)
    alone[range(3), range(3)] = 1  # in each input one channel only
    seen = [filled(nn.Conv2d(3, 3, 2, bias=False), 1)(alone), nn.MaxPool2d(2)(alone)]
    entry.says(
        "A convolution mixes channels, a pool keeps them apart",
        [(one.amax((2, 3)) > 0).sum().item() for one in seen] == [9, 3],
    )


@entry("`channels_last`")
def test_channels_last(entry):
    x = torch.rand(1, 3, 4, 5)
    other = x.to(memory_format=torch.channels_last)
    stored = other.as_strided((60,), (1,))
    entry.says(
        "A memory layout in which all channels of one pixel lie side by side",
        all(torch.equal(stored[3 * n : 3 * n + 3], x[0, :, n // 5, n % 5]) for n in range(20)),
    )
    entry.says(
        "A tensor keeps its shape and its numbers in it",
        torch.equal(other, x) and other.shape == x.shape and other.stride() != x.stride(),
    )


@entry("checkerboard")
def test_checkerboard(entry):
    def inside(kernel):
        out = F.conv_transpose2d(torch.ones(1, 8, 8), kernel, stride=2)
        return out[0, 4:-4, 4:-4]

    uneven, even = inside(torch.ones(1, 1, 3, 3)), inside(torch.ones(1, 1, 4, 4))
    own = inside(torch.tensor([[[[1.0, 2], [3, 4]]]]))
    entry.says(
        "A pattern of strong and weak places that a layer draws by itself, even on a plain map, "
        "because its patches overlap unevenly or because each kind of place has weights of its own",
        torch.equal(uneven[:2, :2], torch.tensor([[4.0, 2], [2, 1]]))
        and even.unique().numel() == 1
        and torch.equal(own[:2, :2], torch.tensor([[1.0, 2], [3, 4]])),
    )


@entry("class token")
def test_class_token(entry):
    places, token = torch.rand(6, 4), nn.Parameter(torch.rand(1, 4))
    look = nn.MultiheadAttention(4, 1, bias=False, batch_first=True)
    vectors = torch.cat([token, places])[None]
    answer, shares = look(vectors, vectors, vectors)
    ask, key, value = look.in_proj_weight.chunk(3)
    by_hand = torch.softmax((vectors @ ask.T) @ (vectors @ key.T).mT / 2, -1)
    entry.says(
        "An extra vector that a vision transformer carries along",
        answer.shape[1] == len(places) + 1 and token.requires_grad,
    )
    mean = shares[0, 0] @ (vectors[0] @ value.T) @ look.out_proj.weight.T
    entry.says(
        "It asks every place a learned question and takes a weighted mean of the answers",
        close(shares, by_hand)
        and ask.requires_grad
        and (shares > 0).all()
        and close(shares.sum(-1), torch.ones(1, 7))
        and close(answer[0, 0], mean),
    )


@entry("convolution")
def test_convolution(entry):
    x, weight = torch.rand(2, 5, 5), torch.rand(3, 2, 3, 3)
    sums = [[[(w * kernel).sum() for w in row] for row in windows(x, 3)] for kernel in weight]
    entry.says(
        "A window slides over the input; at each stop its numbers are multiplied by the kernel's "
        "weights and added up over all channels",
        close(F.conv2d(x, weight), torch.tensor(sums)),
    )


@entry("`count_include_pad`")
def test_count_include_pad(entry):
    ones = torch.ones(1, 4, 4)
    corners = [
        nn.AvgPool2d(3, 1, 1, **settings)(ones)[0, 0, 0].item()
        for settings in ({}, {"count_include_pad": True}, {"count_include_pad": False})
    ]
    entry.says(
        "Says whether an average pool counts the zeros of its border when it divides. It does, "
        "unless you set it to `False`",
        np.allclose(corners, [4 / 9, 4 / 9, 4 / 4]),
    )


@entry("cross-correlation")
def test_cross_correlation(entry):
    x, weight = torch.rand(40), torch.tensor([1.0, 2, 5])
    ours = F.conv1d(x[None], weight[None, None])[0]
    entry.says(
        "The exact name of what PyTorch calls a convolution: the kernel is laid on as it is, not "
        "flipped as in mathematics",
        np.allclose(ours, np.correlate(x.numpy(), weight.numpy(), "valid"))
        and np.allclose(ours, np.convolve(x.numpy(), weight.flip(0).numpy(), "valid"))
        and not np.allclose(ours, np.convolve(x.numpy(), weight.numpy(), "valid")),
    )
    wanted = torch.tensor(np.convolve(x.numpy(), weight.numpy(), "valid"))
    learned = torch.linalg.lstsq(x.unfold(0, 3, 1), wanted[:, None]).solution[:, 0]
    entry.says(
        "Learned weights make up for the difference", torch.allclose(learned, weight.flip(0), 1e-3)
    )


@entry("deterministic")
def test_deterministic(entry):
    x = torch.rand(1, 8, 8)
    entry.says(
        "Said of a layer that gives the same numbers each time it gets the same input",
        all(torch.equal(layer(x), layer(x)) for layer in (nn.Conv2d(1, 1, 3), nn.MaxPool2d(2)))
        and not torch.equal(nn.Dropout()(x), nn.Dropout()(x)),
    )
    told = torch.use_deterministic_algorithms.__doc__
    orders = {(1e8 + one) + other for one, other in ((-1e8, 1e-9), (1e-9, -1e8))}
    lesson = (ROOT / "lessons" / "what-it-costs.py").read_text("utf-8")
    entry.says(
        "On a GPU some layers do not, because their sums are added up in no fixed order",
        "`torch.nn.AvgPool3d` when attempting to differentiate a CUDA tensor" in told
        and len(orders) == 2
        and "pytorch.org/docs/1.3.1/_sources/notes/randomness.rst.txt" in lesson,
    )


@entry("dilation", "dilated")
def test_dilation(entry):
    apart = [np.diff(reads(plain(3, dilation=d), 12)[0]).tolist() for d in (1, 2, 4)]
    entry.says("How far apart the taps of a kernel are", apart == [[1, 1], [2, 2], [4, 4]])
    takers = [
        "dilation" in parameters_of(getattr(nn, f"{kind}{n}d"))
        for kind in ("Conv", "MaxPool", "AvgPool")
        for n in (1, 2, 3)
    ]
    entry.says(
        "Convolutions and max pools take it, average pools do not",
        takers == [True] * 6 + [False] * 3,
    )


@entry("`divisor_override`")
def test_divisor_override(entry):
    x = torch.rand(1, 4, 4)
    sums = nn.AvgPool2d(3, 1, 1)(x) * 9
    pools = [
        nn.AvgPool2d(3, 1, 1, divisor_override=5, count_include_pad=include)
        for include in (True, False)
    ]
    entry.says(
        "The number that an average pool divides every window's sum by, whatever the window "
        "covers. It wins over `count_include_pad`",
        all(close(pool(x), sums / 5) for pool in pools),
    )
    entry.says(
        "`nn.AvgPool1d` does not have it",
        ["divisor_override" in parameters_of(p) for p in (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)]
        == [False, True, True],
    )


@entry("effective kernel size", "effective extent")
def test_effective_kernel_size(entry):
    spans = {}
    for k in (1, 2, 3, 5):
        for d in (1, 2, 3):
            taps = reads(plain(k, dilation=d), 16)[0]
            spans[k, d] = taps[-1] - taps[0] + 1
    cases = [(k, d, n, s, p) for k, d in spans for n in (13, 16) for s in (1, 2, 3) for p in (0, 2)]
    entry.says(
        "How many pixels a kernel spans along one axis, the gaps of its dilation included. Put it "
        "in place of the kernel size, and the formula for the output size still holds",
        all(
            len(reads(plain(k, dilation=d, stride=s, padding=p), n))
            == (n + 2 * p - spans[k, d]) // s + 1
            for k, d, n, s, p in cases
        )
        and spans[3, 2] == 5,
    )


@entry("effective receptive field", "effective field")
def test_effective_receptive_field(entry):
    shares = torch.ones(1)
    for _ in range(20):  # twenty plain 3×3 convolutions, along one axis
        shares = torch.tensor(np.convolve(shares, np.ones(3) / 3))
    area = torch.outer(shares, shares).flatten().sort(descending=True).values
    whole, needed = len(shares) ** 2, int((area.cumsum(0) < 0.9).sum()) + 1
    middle = shares[10:31]  # half of it along each axis, a quarter of the area
    entry.says(
        "The part of a receptive field that really counts. Most of the weight lies near the "
        "middle, so it is much smaller than the whole",
        len(shares) == 41 and middle.sum() ** 2 > 0.9 and needed < whole / 8,
    )


@entry("equivariance", "equivariant")
def test_equivariance(entry):
    x = torch.rand(1, 1, 12)
    conv = nn.Conv1d(1, 1, 3, padding=1)
    strided = nn.Conv1d(1, 1, 3, stride=2, padding=1)
    moved = x.roll(1, -1)
    entry.says(
        "When the input moves, the output moves with it. A convolution has it at stride one, away "
        "from the border",
        close(conv(moved)[..., 2:-1], conv(x)[..., 1:-2])
        and not close(conv(moved), conv(x).roll(1, -1))
        and not any(close(strided(moved)[..., 2:4], strided(x)[..., n : n + 2]) for n in range(5)),
    )


@entry("equivariance error")
def test_equivariance_error(entry):
    x = torch.rand(16, dtype=torch.float64)

    def move(y, by):
        """A ring of numbers, moved by any part of a number: each of its waves is turned."""
        waves = torch.fft.fftfreq(len(y), dtype=torch.float64)
        return torch.fft.ifft(torch.fft.fft(y) * torch.exp(-2j * torch.pi * waves * by)).real

    def error(layer, stride):
        return (move(layer(move(x, 1)), -1 / stride) - layer(x)).abs().mean()

    def smooth(y):
        return (y.roll(1) + y + y.roll(-1)) / 3

    def maximum(y):
        return torch.maximum(y, y.roll(-1))[::2]

    entry.says(
        "How far a layer is from moving its output along with its input: shift the input, move the "
        "output back by as much, and measure what differs",
        error(smooth, 1) < 1e-12 < 1e-3 < error(lambda y: smooth(smooth(y))[::2], 2)
        and error(lambda y: smooth(smooth(y))[::2], 2) < error(maximum, 2),
    )
