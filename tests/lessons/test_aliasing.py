"""lessons/aliasing.py: folded by counting, blurred by means of two, transformed by plain sums,
moved by the sum of cosines that the test of local invariance uses."""

from functools import cache
from math import comb

import numpy as np
import torch
from lesson_run import source
from test_local_invariance import photo, ring_of, waves
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide

ZHANG = "https://proceedings.mlr.press/v97/zhang19a.html"
AZULAY = "https://jmlr.org/papers/v20/19-519.html"
CHAMAN = "https://arxiv.org/abs/2011.14214"
KARRAS = "https://arxiv.org/abs/2106.12423"
FAST = torch.tensor([[2.0, -1, -1] * 4])
SLOW = torch.tensor([[2.0, 1, -1, -2, -1, 1] * 2])
WIDTHS = (2, 3, 5)
TURNS = (2, 4, 6, 8, 10, 12, 14)
EVERY_FOUR = ["0", "4", "8", "12", "16"]


def cosine(turns, length=32):
    return np.cos(2 * np.pi * turns * np.arange(length) / length)


def strength(row, turns):
    """How much of a wave of so many turns is in a row: the plain sum of products."""
    at = 2 * np.pi * turns * np.arange(len(row)) / len(row)
    return abs((np.asarray(row) * np.exp(-1j * at)).sum())


def strongest(row):
    return max(range(len(row) // 2 + 1), key=lambda turns: strength(row, turns))


def fold(turns, left):
    """Counted up and down between nothing and half of what is left, as a strip is folded."""
    at, step = 0, 1
    for _ in range(turns):
        if at + step > left / 2 or at + step < 0:
            step = -step
        at += step
    return at


def gain(width, turns, length=32):
    """A blur of Pascal's line is an average of two, again and again; each leaves a cosine."""
    return np.cos(np.pi * turns / length) ** (width - 1)


# ---- photos, in NumPy


@cache
def ring():
    return ring_of(photo()).double().numpy()


def frequencies(side):
    return np.minimum(np.arange(side), side - np.arange(side))


def filtered(x, response):
    """Each wave of rows and columns, times its share."""
    line = response(frequencies(x.shape[-1]))
    return np.fft.ifft2(np.fft.fft2(x) * np.outer(line, line)).real


def low(x, share=1 / 2):
    return filtered(x, lambda turns: (turns < share * x.shape[-1] / 2) * 1.0)


def halved(x, width=None):
    """Under a blur of so many pixels, or the ideal filter, then every second number."""
    return (low(x) if width is None else pascal(x, width))[..., ::2, ::2]


def pascal(x, width):
    """Pascal's line is the mean of two neighbours, taken again and again."""
    for axis in (-1, -2):
        for _ in range(width - 1):
            x = (x + np.roll(x, 1, axis)) / 2
        x = np.roll(x, -(width // 2), axis)
    return x


def chosen(x):
    grids = [x[..., r::2, c::2] for r in (0, 1) for c in (0, 1)]
    return max(grids, key=lambda grid: (grid**2).sum())


def off(before, after, cells):
    expected = waves(torch.from_numpy(np.ascontiguousarray(before)), cells).numpy()
    return np.abs(after - expected).mean() / before.std(ddof=1)


def error(layer):
    return off(layer(ring()), layer(np.roll(ring(), 1, -1)), 1 / 2)


def jumped(layer):
    before, after = layer(ring()), layer(np.roll(ring(), 1, -1))
    return min(np.abs(after - np.roll(before, m, -1)).mean() for m in (0, 1)) / before.std(ddof=1)


def detail(layer):
    fine, best = (out - low(out) for out in (layer(ring()), halved(ring())))
    return fine.std() / best.std()


@cache
def by_width():
    layers = {w: (lambda x, w=w: halved(x, w)) for w in range(1, 10)} | {"ideal": halved}
    return {name: (error(layer), detail(layer)) for name, layer in layers.items()}


def centred(x):
    return x - x.mean((1, 2), keepdims=True)


def relu(x):
    return np.maximum(x, 0)


def relu_on(x, times):
    """ReLU on a finer map, whose new places are found by sums of cosines along rows and columns."""
    if times == 1:
        return relu(x)
    fine = x
    for _ in range(2):
        places = [waves(torch.from_numpy(fine), -n / times).numpy() for n in range(times)]
        fine = np.stack(places, -1).reshape(*fine.shape[:-1], -1).swapaxes(1, 2)
        fine = np.ascontiguousarray(fine)
    return low(relu(fine), 1 / times)[..., ::times, ::times]


@cache
def relu_errors():
    small = centred(halved(ring()))
    moved = waves(torch.from_numpy(small), 1 / 3).numpy()
    found = {}
    for times in (1, 2, 4):
        before, after = relu_on(small, times), relu_on(moved, times)
        expected = waves(torch.from_numpy(before), 1 / 3).numpy()
        found[times] = np.abs(after - expected).mean() / expected.std(ddof=1)
    return found


def board(turns, side=32):
    """A wave of so many turns along each row of a square, as one map."""
    return np.tile(cosine(turns, side), (1, side, 1))


def written_on(axes):
    return axes["xlabel"], axes["ylabel"], axes["xticks"]


def invariance() -> str:
    """What the lesson before this one says."""
    there = source("local-invariance")
    assert "# # Invariance and equivariance" in there
    return there


def test_every_claim(page):
    rings(page)
    two_waves(page)
    folding(page)
    blurs(page)
    widths(page)
    the_other_way(page)
    relus(page)
    papers(page)
    exercises(page)
    what_you_know(page)
    page.complete()


def rings(page):
    place = np.arange(64) - 32
    drawn = np.cos(np.pi * (place[:, None] ** 2 + place**2) / 64)
    panels = page.drawing("aliasing-rings")
    expected = drawn, drawn[::2, ::2], pascal(drawn, 5)[::2, ::2]
    same = [p["title"] for p in panels] == [
        "64×64",
        "every second pixel",
        "blur, then every second",
    ]
    for panel, image in zip(panels, expected, strict=True):
        same &= np.allclose(panel["images"], [image], atol=1e-4)
    page.plots("aliasing-rings", same)
    turns = np.diff(np.sign(drawn[32, 32:]) > 0)  # from light to dark and back, outwards
    crossed = [int(turns[n : n + 8].sum()) for n in (0, 8, 16)]
    page.says(
        "Here is a test picture: rings that become finer and finer towards the border",
        crossed == sorted(set(crossed)) and crossed[0] > 0 and np.allclose(drawn, drawn.T),
    )
    page.says(
        "Next to it is every second row and column of it, and then the same after a blur",
        same and np.isin(expected[1], drawn).all() and not np.isin(expected[2], drawn).any(),
    )
    page.says(
        "Every number of the second picture is a number of the first",
        np.isin(*expected[1::-1]).all(),
    )
    sides = expected[1][:, :4], expected[2][:, :4]  # around the middle of the left side
    page.says(
        "On the left rings around the middle become finer towards the border. In the middle one, "
        "new rings have appeared around the middle of each side and around the corners. On the "
        "right these are faint, and the rings fade to grey towards the border",
        np.abs(sides[0]).max() > 0.9
        and np.abs(sides[1]).max() < 0.2
        and (np.diff([np.abs(expected[2][16, n : n + 4]).max() for n in (16, 20, 24)]) < 0).all(),
    )
    page.says("The second picture is what a stride of 2 makes", same)
    page.labels("name two ways to bring it to zero", "Three square pictures")
    copied = np.allclose(expected[1][:, :16], expected[1][:, 16:], atol=1e-9)
    page.says("and yet it shows rings that were never there", copied)
    page.says(
        "It invents rings, and they are exact copies of the true ones: the left half of the "
        "picture is the same as the right half. A network that reads such a map cannot tell them "
        "apart",
        copied and not np.allclose(drawn[:, :32], drawn[:, 32:]),
    )
    page.says(
        "In [invariance and equivariance] you met this as **aliasing**",
        "That is **aliasing**" in invariance(),
    )
    some = torch.rand(1, 3, 8, 10, dtype=torch.float64)
    closed = []
    for line in ([1.0, 2, 1], [1.0, 4, 6, 4, 1]):
        kernel = torch.tensor(np.outer(line, line) / sum(line) ** 2).expand(3, 1, -1, -1)
        wide = F.pad(some, [len(line) // 2] * 4, mode="circular")
        closed.append((page.names["blurred"](some, *line), F.conv2d(wide, kernel, groups=3)))
    page.says(
        "Each row and each column as a ring, under a blur with these weights",
        all(torch.allclose(*pair) for pair in closed),
    )
    page.labels("Fold the spectrum, measure how much of it a blur holds back")
    page.labels("Work out here where an invented ring comes from, how much a blur holds back")
    page.labels("and what a ReLU does afterwards")


def two_waves(page):
    assert torch.equal(page.names["fast"], FAST) and torch.equal(page.names["slow"], SLOW)
    for row, turns in ((FAST, 4), (SLOW, 2)):
        assert np.allclose(row[0], 2 * cosine(turns, 12), atol=1e-6)
    page.says(
        "Take two waves of 12 numbers each. The first goes up and down 4 times, the second 2 times",
        (strongest(FAST[0]), strongest(SLOW[0]), FAST.numel()) == (4, 2, 12),
    )
    page.says(
        "At stride 2 a fine wave comes back as a coarse one",
        torch.equal(FAST[:, ::2], SLOW[:, ::2]),
    )
    page.says("Two waves, one output", torch.equal(FAST[:, ::2], SLOW[:, ::2]))
    page.labels("Keep every second number of both", "How do the two results differ?")
    page.says("Six numbers are left of each", FAST[:, ::2].numel() == 6)
    keep, any_row = page.names["keep"], torch.rand(3, 12)
    page.says(
        "a window of one number: nothing but the stride",
        torch.equal(keep(any_row), any_row[:, ::2]),
    )
    page.prints('print(keep(fast), keep(slow), sep="\\n")', FAST[:, ::2], SLOW[:, ::2])
    page.draws("aliasing-stride", slide(nn.AvgPool1d(1, stride=2), FAST))
    page.says(
        "The fast wave under a window of 1 at stride 2. What is left goes up and down 2 times, as "
        "the slow wave does",
        strongest(FAST[0, ::2]) == strongest(SLOW[0]) == 2,
    )
    page.says(
        "The fast wave has become an **alias** of the slow one",
        torch.equal(FAST[:, ::2], SLOW[:, ::2]) and strongest(SLOW[0]) == 2,
    )
    later, outs = nn.Conv1d(1, 1, 3), []
    for row in (FAST, SLOW):
        later.zero_grad()
        out = later(keep(row))
        out.square().sum().backward()
        outs.append(torch.cat([out.detach().flatten(), later.weight.grad.flatten()]))
    page.says(
        "They do not differ at all. After the stride nothing can tell which of the two went in, no "
        "later layer and no training",
        torch.equal(FAST[:, ::2], SLOW[:, ::2]) and FAST.ne(SLOW).any() and torch.equal(*outs),
    )


def folding(page):
    page.says(
        "A wave needs two numbers for one turn, one up and one down. So a row of $n$ numbers holds "
        "at most $n/2$ turns",
        cosine(16).round(6).tolist() == [1, -1] * 16
        and all(np.allclose(cosine(n // 2 + 1, n), cosine(n // 2 - 1, n)) for n in (16, 32)),
    )
    page.labels("which is called the **Nyquist frequency**")
    page.says(
        "A row of 32 numbers holds up to 16 turns. After a stride of 2 there are 16 numbers, which "
        "hold up to 8",
        len(cosine(1)) == 32 and len(cosine(1)[::2]) == 16,
    )
    page.labels("A wave of 13 turns goes in. What comes out?")
    out = {turns: strongest(cosine(turns)[::2]) for turns in range(17)}
    page.prints(
        "for turns in (3, 7, 8, 9, 13, 15):",
        *(f"{turns:>2} turns become {out[turns]}" for turns in (3, 7, 8, 9, 13, 15)),
    )
    mixed = [
        a * cosine(few) + b * cosine(many)
        for a, b in ((1, 2), (2, 1))
        for few in (0, 1, 3)
        for many in (8, 11, 15)
    ]
    page.says(
        "How many turns the strongest wave in a row makes",
        [page.names["turns_of"](torch.from_numpy(row)) for row in mixed]
        == [strongest(row) for row in mixed],
    )
    left, right = page.drawing("aliasing-fold")
    lines = {label: (np.array(xs), np.array(ys)) for label, xs, ys in left["lines"]}
    same = [*lines] == ["13 turns", "3 turns", "kept"]
    for turns in (13, 3):
        xs, ys = lines[f"{turns} turns"]
        same &= np.allclose(ys, np.cos(2 * np.pi * turns * xs / 32), atol=1e-4)
    same &= np.allclose(lines["kept"][1], cosine(3)[:17:2], atol=1e-5)
    same &= np.allclose(lines["kept"][0], range(0, 17, 2))
    measured = [(xs, ys) for _, xs, ys in right["lines"] if len(xs) == 17]
    same &= [list(map(list, line)) for line in measured] == [[list(out), list(out.values())]]
    same &= left["xlabel"] == "place" and written_on(right) == (
        "turns in 32 numbers",
        "turns after stride 2",
        EVERY_FOUR,
    )
    page.plots("aliasing-fold", bool(same))
    page.says(
        "On the left half a row: a wave of 13 turns and one of 3 turns that cross at every second "
        "place, where the kept numbers are",
        np.allclose(cosine(13)[::2], cosine(3)[::2]),
    )
    page.says(
        "On the right the turns that come out against those that go in: up to 8 in a straight "
        "line, and from 8 to 16 back down to 0",
        same and list(out.values()) == [*range(9), *range(7, -1, -1)],
    )
    page.says(
        "Left: 13 turns and 3 turns agree at every second place. Right: the line turns back at the "
        "new Nyquist frequency, like a strip of paper that is folded",
        np.allclose(cosine(13)[::2], cosine(3)[::2])
        and max(out, key=out.get) == cosine(3)[::2].size / 2
        and all(out[8 - n] == out[8 + n] for n in range(9)),
    )
    page.says(
        "Up to 8 turns a wave keeps its turns. Beyond that it is folded back: $16 - 13$ is 3. The "
        "finest wave of all, 16 turns, becomes 0 turns, an even area",
        out[13] == 16 - 13 and out[16] == 0 and set(cosine(16)[::2].round(6)) == {1},
    )
    rule = all(
        strongest(cosine(turns)[::stride]) == fold(turns, 32 // stride)
        and fold(turns, 32 // stride) == min(abs(turns - m * (32 // stride)) for m in range(9))
        for stride in (2, 4, 8)
        for turns in range(1, 16)
    )
    page.says(
        "In general a stride leaves $m$ numbers, and $t$ turns become the distance from $t$ to the "
        "nearest multiple of $m$. That distance is never more than $m/2$. The rule holds for every "
        "stride",
        rule,
    )
    page.says(
        "Compute which wave a stride turns a finer wave into",
        all(page.names["alias"](turns, 16) == out[turns] for turns in range(16)),
    )

    def sine(turns):
        return np.sin(2 * np.pi * turns * np.arange(32) / 32)

    gone = {
        (turns, stride)
        for stride in (2, 4, 8)
        for turns in range(1, 16)
        if np.abs(sine(turns)[::stride]).max() < 1e-9
    }
    page.says(
        "A wave that becomes 0 or $m/2$ turns can also vanish, if the stride meets it only where "
        "it is zero",
        (8, 2) in gone and all(fold(t, 32 // s) in (0, 16 // s) for t, s in gone),
    )
    page.prints('print(checked, "waves, one rule")', f"{3 * 15} waves, one rule")


def blurs(page):
    page.says(
        "Once two waves have become one, nothing separates them again",
        torch.equal(FAST[:, ::2], SLOW[:, ::2]),
    )
    page.says(
        "So the fast one has to go *before* the stride. A blur is a mean of neighbours, and in a "
        "fast wave neighbours cancel",
        FAST[0, :3].sum() == 0,
    )
    page.labels("Put the blur 1, 2, 1, divided by 4, in front of the same stride")
    both = []
    for row in (FAST, SLOW):
        around = torch.cat([row[:, -1:], row, row[:, :1]], 1)
        both.append(((around[:, :-2] + 2 * around[:, 1:-1] + around[:, 2:]) / 4)[:, ::2])
    page.prints('print(blur(fast), blur(slow), sep="\\n")', *both)
    layer = nn.Conv1d(1, 1, 3, stride=2, bias=False).requires_grad_(False)
    layer.weight.data[:] = torch.tensor([1.0, 2, 1])
    page.draws("aliasing-blur", slide(layer, FAST[:, 2:11]))
    shares = [blurred / row[:, ::2] for blurred, row in zip(both, (FAST, SLOW), strict=True)]
    page.says(
        "A piece of the fast wave under the weights 1, 2, 1, not yet divided by 4. The sums are as "
        "large as the wave itself, so the division leaves a quarter of it",
        torch.equal(layer(FAST[:, 2:11]), FAST[:, 3:10:2]) and bool((shares[0] == 1 / 4).all()),
    )
    page.says(
        "The fast wave is down to a quarter, and of the slow one three quarters are left. The "
        "alias is weaker, but it has not gone, and the honest wave has paid for that",
        bool((shares[0] == 1 / 4).all() and (shares[1] == 3 / 4).all()),
    )
    page.labels("[this piece of the wave in the explorer] and set all its weights to the same")
    page.labels("number: what is left of the wave?")
    lines = [page.names["pascal"](width) for width in range(1, 7)]
    page.says(
        "Longer blurs are the next lines of Pascal's triangle",
        lines == [[comb(n, k) for k in range(n + 1)] for n in range(6)] and lines[2] == [1, 2, 1],
    )
    page.labels("Send a wave of each speed through them, and see what share of it is left")
    assert [round(gain(3, t, 12), 6) for t in (4, 2)] == [1 / 4, 3 / 4]
    page.prints(
        'print("turns " + ',
        "turns " + "".join(f"{turns:>6}" for turns in TURNS),
        *(f"{w} wide" + "".join(f"{gain(w, t):>6.0%}" for t in TURNS) for w in WIDTHS),
    )
    page.says(
        "The share of a wave that a blur of this width leaves",
        np.allclose(
            [page.names["through"](w, t) for w in range(1, 8) for t in TURNS],
            [gain(w, t) for w in range(1, 8) for t in TURNS],
            atol=1e-5,
        ),
    )
    (panel,) = page.drawing("aliasing-through")
    drawn = {label: (list(xs), ys) for label, xs, ys in panel["lines"]}
    same = [*drawn] == [f"{w} wide" for w in WIDTHS] + ["ideal"]
    for w in WIDTHS:
        xs, ys = drawn[f"{w} wide"]
        same &= xs == [*range(17)] and np.allclose(ys, [gain(w, t) for t in xs], atol=1e-4)
    same &= drawn["ideal"] == ([0, 8, 8, 16], [1, 1, 0, 0])
    same &= written_on(panel) == ("turns in 32 numbers", "share that is left", EVERY_FOUR)
    page.plots("aliasing-through", bool(same))
    page.says(
        "The share that is left against the turns, 0 to 16. Three blurs, 2, 3 and 5 wide, begin "
        "at 1 and fall to 0, the wider the earlier. The ideal filter stays at 1 up to 8 turns and "
        "then drops to 0",
        all(gain(w, 0) == 1 and gain(w, 16) < 1e-9 for w in WIDTHS)
        and all(gain(a, 8) > gain(b, 8) for a, b in zip(WIDTHS, WIDTHS[1:], strict=False)),
    )
    blurred = {(w, t): pascal(board(t), w)[0, ::2, ::2][0] for w in WIDTHS for t in range(9, 16)}
    page.says(
        "What a line lets through to the right of 8 turns comes back as an alias",
        all(
            abs(strength(row, fold(t, 16)) / 8 - gain(w, t)) < 1e-9 < gain(w, t)
            for (w, t), row in blurred.items()
        ),
    )
    page.says(
        "What it takes away to the left is detail that the smaller map could have held",
        all(gain(w, 7) < 1 and fold(7, 16) == 7 for w in WIDTHS),
    )
    pool = nn.AvgPool2d(2)(torch.tensor([[[1.0, 3], [5, 7]]]))
    page.says(
        "An average of two, which is what `AvgPool2d(2)` takes, still lets "
        f"{gain(2, 8):.0%} of the waves at the fold through",
        pool.item() == 4,
    )
    page.says("None of the blurs has an edge at 8 turns", all(gain(w, 9) > 0 for w in WIDTHS))
    page.says(
        "A wider blur trades one fault for the other",
        gain(5, 10) < gain(3, 10) and gain(5, 6) < gain(3, 6),
    )
    kept = [page.names["lowpass"](torch.from_numpy(board(t)))[0, 0].numpy() for t in range(17)]
    page.says(
        "The ideal filter keeps all up to the new Nyquist frequency, and nothing beyond",
        all(np.allclose(kept[t], cosine(t) * (t < 8)) for t in range(17) if t != 8),
    )


def widths(page):
    found = by_width()
    page.says(
        "Aliasing shows when the input moves. The measure is the one of [invariance and "
        "equivariance]: move the photo, closed to a ring, by one pixel",
        found[1][0] > 0.05 > 1e-9 > found["ideal"][0]
        and "distance between the new output and the old one moved by half a cell" in invariance(),
    )
    coarse, moved = (np.roll(board(3), n, -1)[..., ::2, ::2] for n in (0, 1))
    page.says(
        "At stride 2 the output should move by half a cell",
        off(coarse, moved, 1 / 2) < 1e-9 < 0.1 < min(off(coarse, moved, n) for n in (0, 1)),
    )
    measured = page.names["errors"], page.names["details"]
    page.says(
        "The **equivariance error** is the mean distance between the new output and the old one "
        "moved by half a cell, divided by the standard deviation of the output",
        all(abs(measured[0][w] - found[w][0]) < 1e-6 for w in range(1, 10)),
    )
    finer = [board(t, 16) - low(board(t, 16)) for t in range(8)]  # a map that holds 8 turns
    page.says(
        "Next to it comes another number, the **detail**. It looks at the finer half of the waves "
        "that the smaller map can hold, and says how strong they are as a share of what the ideal "
        "filter leaves of them",
        all(np.allclose(rest, board(t, 16) * (t >= 4)) for t, rest in enumerate(finer))
        and all(abs(measured[1][w] - found[w][1]) < 1e-6 for w in range(1, 10)),
    )
    docstrings(page)
    page.labels("The blur grows from 1 pixel, which is no blur, to 9", "Does the error reach zero?")
    page.prints(
        'print("width   error  detail")',
        "width   error  detail",
        *(f"{w!s:>5}{err:>8.4f}{share:>8.0%}" for w, (err, share) in found.items()),
    )
    errors, shares = ([found[w][n] for w in range(1, 10)] for n in (0, 1))
    left, right = page.drawing("aliasing-widths")
    same = np.allclose(left["lines"][0][2], errors, atol=1e-6)
    same &= np.allclose(right["lines"][0][2], 100 * np.array(shares), atol=1e-3)
    same &= [*left["lines"][0][1]] == [*right["lines"][0][1]] == [*range(1, 10)]
    for axes, label in ((left, "equivariance error"), (right, "detail that is left, %")):
        same &= written_on(axes) == ("width of the blur", label, list("123456789"))
    page.plots("aliasing-widths", bool(same))
    steps = -np.diff(errors)
    page.says(
        "Two lines against the width of the blur, 1 to 9. The equivariance error falls steeply at "
        "first and then towards zero",
        len(errors) == 9 and (np.diff(steps) < 0).all() and errors[-1] > 0,
    )
    page.says(
        "The detail falls from above 100 to about 30 percent",
        shares[0] > 1 and round(shares[-1], 1) == 0.3,
    )
    page.says(
        "On the photo. Each pixel of width lowers the error, and each one costs detail",
        (steps > 0).all()
        and (np.diff(shares) < 0).all()
        and np.array_equal(page.names["ring"].numpy(), ring()),
    )
    fine = board(9)  # too fine for the smaller map, and yet its detail
    rest = [halved(fine, width) - low(halved(fine, width)) for width in (1, None)]
    page.says(
        "The error shrinks with each pixel of width, but it does not reach zero. The detail goes "
        "down with it. Without a blur there is more than 100% of it, because aliases look like "
        "detail, too",
        (steps > 0).all()
        and min(errors) > 1e-3
        and shares == sorted(shares, reverse=True)
        and shares[0] > 1
        and np.allclose(rest[0], board(7, 16))
        and np.allclose(rest[1], 0),
    )
    dot = np.zeros((1, 256, 256))
    dot[0, 128, 128] = 1
    reach = np.abs(low(dot))[0, 128]
    page.says(
        "The ideal filter has no error and all the detail, but its window is as wide as the image",
        found["ideal"][0] < 1e-9 and found["ideal"][1] == 1 and reach[:8].max() > 1e-4,
    )
    page.says("The equivariance error shrinks with the width of the blur", (steps > 0).all())


def docstrings(page):
    """What the functions say that move and filter a map."""
    slid, lowpass = page.names["slid"], page.names["lowpass"]
    some, turning = np.random.default_rng(0).normal(size=(2, 4, 16)), torch.from_numpy(board(3, 16))
    page.says(
        "The rows of a map, as rings, moved to the right by whole cells or fractions of one",
        all(
            np.allclose(slid(torch.from_numpy(some), n), np.roll(some, n, -1)) for n in (0, 1, 2, 5)
        )
        and all(
            np.allclose(slid(turning, part)[0], np.cos(6 * np.pi * (np.arange(16) - part) / 16))
            for part in (1 / 2, 1 / 3, 5 / 4)
        ),
    )
    waves_of = {t: torch.from_numpy(board(t)) for t in range(17)}
    page.says(
        "Only the waves below this share of the finest, in rows and columns",
        all(
            np.allclose(lowpass(x, share), x * (t < 16 * share), atol=1e-9)
            for share in (1 / 4, 1 / 2, 3 / 4)
            for t, rows in waves_of.items()
            for x in (rows, rows.mT)
        ),
    )


def the_other_way(page):
    page.cites("leave the waves as they are and choose the grid instead", CHAMAN)
    page.says(
        "A stride of 2 can begin at four places, so there are four grids",
        len({ring()[:, r::2, c::2].sum() for r in (0, 1) for c in (0, 1)}) == 4,
    )
    ways = {
        "stride": lambda x: halved(x, 1),
        "5 wide": lambda x: halved(x, 5),
        "ideal": halved,
        "chosen grid": chosen,
    }
    table = {name: (error(layer), jumped(layer)) for name, layer in ways.items()}
    grid = chosen(ring())
    on_a_grid = any(np.array_equal(grid, ring()[:, r::2, c::2]) for r in (0, 1) for c in (0, 1))
    page.labels("The other way to zero", "Take the one with the largest numbers")
    page.cites("adaptive polyphase sampling", CHAMAN)
    page.labels("Measure both")
    begins = []
    for picture in (ring(), np.roll(ring(), 1, -1)):
        grids = {(r, c): picture[:, r::2, c::2] for r in (0, 1) for c in (0, 1)}
        best = chosen(picture)
        begins.append(next(at for at, one in grids.items() if np.array_equal(one, best)))
    moved = chosen(np.roll(ring(), 1, -1))
    page.says(
        "When the picture moves by one pixel, the same numbers lie on another grid, and that one "
        "is chosen",
        begins[0] != begins[1] and np.array_equal(np.sort(moved, None), np.sort(grid, None)),
    )
    page.says(
        "So the output does not move by half a cell. It holds the old numbers, "
        "moved by whole cells",
        table["chosen grid"][1] == 0 < table["chosen grid"][0],
    )
    image, plain = page.names["ring"], page.names["ways"]["stride"]
    page.says(
        "the distance from the old output moved by half a cell, and the distance from the nearest "
        "of those moved by whole cells",
        np.allclose(
            [page.names["error"](plain, image), page.names["whole_cells"](plain, image)],
            table["stride"],
        ),
    )
    whole, picked = page.names["whole_cells"], page.names["chosen"]
    images = image, image.roll(1, -1)
    before, after, last = (picked(x) for x in (*images, image.roll(2, -1)))
    page.says(
        "The distance from the old output moved by 0 or 1 cells, whichever is nearer",
        [whole(picked, x) for x in images] == [0, 0]
        and sorted(torch.equal(a, b) for a, b in ((before, after), (after, last))) == [False, True]
        and torch.equal(before.roll(1, -1), last)  # one step by 0 cells, the other by 1
        and all(abs(whole(page.names["ways"][n], image) - table[n][1]) < 1e-6 for n in table),
    )
    page.prints(
        'ways = {"stride": binomial(1)',
        f"{'':<14}{'half a cell':>12}{'whole cells':>12}",
        *(f"{name:<14}{half:>12.4f}{whole:>12.4f}" for name, (half, whole) in table.items()),
    )
    zeros = [name for name, pair in table.items() if min(pair) < 1e-9]
    page.says(
        "Each of the last two is at zero in its own column. The ideal filter follows every shift, "
        "in fractions of a cell",
        zeros == ["ideal", "chosen grid"]
        and max(table["ideal"][0], table["chosen grid"][1]) < 1e-9
        and all(
            off(halved(ring()), halved(np.roll(ring(), n, -1)), n / 2) < 1e-9 for n in (1, 2, 3)
        ),
    )
    page.says(
        "The chosen grid jumps, but it never changes its numbers, so on a ring a mean over all "
        "places does not notice the shift at all. Its map still holds aliases; they only move "
        "along",
        on_a_grid
        and np.array_equal(np.sort(moved, None), np.sort(grid, None))
        and np.allclose(moved.mean((1, 2)), grid.mean((1, 2)))
        and table["chosen grid"][0] > 0.1,
    )
    page.says(
        "Two ways reach zero: the ideal filter, which follows each shift, and the grid that is "
        "chosen, which on a ring keeps its numbers",
        zeros == ["ideal", "chosen grid"]
        and np.array_equal(np.sort(moved, None), np.sort(grid, None)),
    )


def relus(page):
    page.labels("and see ReLU make fine waves again", "ReLU makes fine waves again")
    page.labels("Say why a ReLU makes fine waves again, and what helps")
    page.labels("A wave of 5 turns in 64 numbers goes through a ReLU")
    band = centred(low(halved(ring())))
    page.says(
        "Say you did all this, and a map is band-limited: it holds nothing beyond its band",
        np.allclose(low(band), band) and not np.allclose(low(halved(ring())), halved(ring())),
    )
    whole, clipped = cosine(5, 64), relu(cosine(5, 64))
    finer = range(6, 33)
    page.says(
        "Then comes a ReLU. It cuts the lower half off each wave, and a cut leaves corners, which "
        "are made of fine waves",
        np.array_equal(clipped[whole > 0], whole[whole > 0])
        and not clipped[whole <= 0].any()
        and max(strength(whole, t) for t in finer) < 1e-9
        and max(strength(clipped, t) for t in finer) > 1,
    )
    seen = {t: round(float(strength(clipped, t)) / 32, 3) for t in range(33)}
    seen = {t: share for t, share in seen.items() if share > 0.01}
    page.prints("clipped = torch.fft.rfft(", str(seen))
    new = sorted(set(seen) - {0, 5})
    page.says(
        "The wave itself is still there, at half its strength, and 0 turns is the mean",
        seen[5] == 0.5 and abs(clipped.mean() * 2 - seen[0]) < 1e-3,
    )
    page.says(
        "New are the even multiples: 10, 20 and 30 turns. The next ones are 40, 50 and 60, but 64 "
        "numbers hold only up to 32 turns. So they fold at once: 40 becomes $64 - 40 = 24$, 50 "
        "becomes 14, 60 becomes 4",
        [fold(t, 64) for t in (40, 50, 60)] == [24, 14, 4]
        and new == [10, 20, 24, 30]
        and min(strength(clipped, t) for t in (14, 4)) > 0.05
        and strength(clipped, 7) < 1e-9,
    )
    page.says("A ReLU aliases without any stride", 24 in seen and clipped.size == 64)
    page.labels(
        "Halve the photo by the ideal filter", "keep only the waves up to half of the finest"
    )
    after = centred(relu(band))
    shares = [((x - low(x)) ** 2).sum() / (x**2).sum() for x in (band, after)]
    page.says(
        "Then count the energy, the sum of squares, beyond that band",
        abs(page.names["beyond"](torch.from_numpy(relu(band))) - shares[1]) < 1e-9,
    )
    blend = torch.from_numpy(board(3) + 2 * board(12) + 5)
    page.says(
        "The share of the energy in waves finer than the band, the mean left out",
        np.allclose([page.names["beyond"](blend, share) for share in (1 / 2, 1 / 8)], [4 / 5, 1]),
    )
    page.prints(
        'print(f"before: {beyond(band):.2%}',
        f"before: {shares[0]:.2%}, after ReLU: {shares[1]:.2%}",
    )
    found = relu_errors()
    ways = {"stride": 1, "5 wide": 5, "ideal": None}
    clipped_at = {
        name: error(lambda x, w=w: relu(centred(halved(x, w)))) for name, w in ways.items()
    }
    alone = {name: error(lambda x, w=w: halved(x, w)) for name, w in ways.items()}
    page.prints(
        'print(f"{name:<8}{error(ways[name], ring)',
        f"{'':<8}{'alone':>8}{'then ReLU':>11}",
        *(f"{name:<8}{alone[name]:>8.4f}{clipped_at[name]:>11.4f}" for name in ways),
    )
    raw = np.random.default_rng(1).normal(size=(2, 6, 6)) + 1
    page.says(
        "The layer, the mean of its output taken away, and a ReLU behind it",
        np.allclose(
            page.names["then_relu"](lambda x: 3 * x**2)(torch.from_numpy(raw)),
            relu(centred(3 * raw**2)),
        ),
    )
    page.says(
        "It sounds small, but it takes back part of what the filter had won",
        0.01 < clipped_at["ideal"] < alone["stride"],
    )
    page.says(
        "The ideal filter is no longer at zero: about two fifths of the error without any filter "
        "are back",
        alone["ideal"] < 1e-9 and round(clipped_at["ideal"] / clipped_at["stride"], 1) == 2 / 5,
    )
    page.says("And now the wider blur wins", clipped_at["5 wide"] == min(clipped_at.values()))
    coarse = error(lambda x: relu(centred(low(halved(x)))))  # ideal, without its finer half
    page.says(
        "It has weakened the finest waves that the small map holds, and those are the ones whose "
        "multiples fold",
        coarse < clipped_at["ideal"] / 2 and gain(5, 7) < gain(5, 3) and fold(2 * 7, 16) == 2,
    )
    page.labels("Put a ReLU behind three of the ways down")
    finer, n = page.names["relu_on"], np.arange(24)
    small = torch.from_numpy(np.cos(2 * np.pi * 5 * n / 24) * np.ones((1, 24, 1)))
    unfiltered = relu(np.cos(2 * np.pi * 5 * np.arange(48) / 48))[::2]  # on the finer map
    page.says(
        "There is a cure, and it is the same again: make room before, filter after. Enlarge the "
        "map, so that it can hold finer waves, apply the ReLU there, filter, and make the map "
        "small again",
        found[4] < found[2] < found[1]
        and fold(13, 24) < 13 == fold(13, 48)
        and np.allclose(unfiltered, relu(small[0, 0].numpy()))  # without a filter nothing changes
        and not np.allclose(finer(small, 2)[0, 0], unfiltered, atol=1e-3),
    )
    some = low(np.random.default_rng(2).normal(size=(2, 16, 16)))
    page.says(
        "ReLU on a map that is so many times finer; what is too fine is filtered out after it",
        all(
            np.allclose(finer(torch.from_numpy(some), times), relu_on(some, times), atol=1e-6)
            for times in (1, 2, 4)
        ),
    )
    half = centred(halved(ring()))
    page.says(
        "The equivariance error of a ReLU on a map that is so many times finer",
        all(
            abs(page.names["off"](times, torch.from_numpy(half)) - found[times]) < 1e-6
            for times in (1, 2, 4)
        ),
    )
    page.says(
        "To see the share of the ReLU, move the map by a third of a cell, once before the ReLU and "
        "once after it. If nothing folded, the two results would be the same",
        abs(page.names["off"](1, torch.from_numpy(half)) - found[1]) < 1e-6
        and off(low(half), low(waves(torch.from_numpy(half), 1 / 3).numpy()), 1 / 3) < 1e-9
        and found[4] < found[1] / 50,
    )
    page.prints(
        'print(f"ReLU as it is: {off(1, small):.4f}")',
        f"ReLU as it is: {found[1]:.4f}",
        *(f"on a {times} times finer map: {found[times]:.4f}" for times in (2, 4)),
    )
    page.says(
        "Each time the map is made finer, the error shrinks, because the waves that a ReLU makes "
        "become weaker the finer they are",
        list(found.values()) == sorted(found.values(), reverse=True)
        and seen[10] > seen[20] > seen[30] > seen[24],
    )
    page.says(
        "It is never exactly zero, since a corner holds waves of every speed", found[4] > 1e-6
    )
    page.says(
        "And the price is high: a map that is twice as fine has four times as many numbers",
        np.kron(band, np.ones((2, 2))).size == 4 * band.size,
    )
    page.says(
        "A ReLU makes waves that are finer than any it was given, and those fold at once",
        shares[1] > 100 * shares[0] and all(seen.get(fold(t, 64)) for t in (30, 40)),
    )
    page.says(
        "The ReLU that you have just measured is one reason why it has to be",
        alone["ideal"] < 1e-9 < 0.01 < clipped_at["ideal"],
    )
    page.says("there, filter after each ReLU too", found[2] < found[1])


def papers(page):
    page.cites(
        "points out that max pooling, strided convolutions and average pooling all ignore the "
        "sampling theorem, and blurs before each stride",
        ZHANG,
    )
    page.cites("find that architectures as commonly used are not invariant for this reason", AZULAY)
    page.cites("and that such a blur is only a partial cure", AZULAY)
    page.labels("Go further only where the output has to move")
    page.cites("trace details of generated images that stick to the pixels to aliasing", KARRAS)
    page.cites("They rebuild a generator so that it follows shifts by fractions of a pixel", KARRAS)
    errors = {w: pair[0] for w, pair in by_width().items()}
    taps = 5 * 5 / (64 * 3 * 3)  # a fixed 5×5 blur of a channel, in a convolution from 64 channels
    page.says(
        "a blur of 3 to 5 pixels before each stride is cheap and does most of the work",
        all(errors[w] < errors[1] / 2 for w in (3, 4, 5)) and taps < 1 / 20,
    )


def exercises(page):
    page.labels("Predict first", "Then open the answer", "Check all five")
    page.labels("A wave of 25 turns in a row of 64 numbers meets a stride of 2")
    page.says(
        "7. There are 32 numbers left, so the nearest multiple is 32, and $32 - 25$ is 7",
        strongest(cosine(25, 64)[::2]) == fold(25, 32) == 7,
    )
    page.answers(1, ("7. There", 7))
    page.labels("A wave of 13 turns in a row of 32 numbers meets a stride of 4")
    page.says(
        "3. There are 8 numbers left. The nearest multiple of 8 is 16, and $16 - 13$ is 3",
        strongest(cosine(13)[::4]) == fold(13, 8) == 3,
    )
    page.answers(2, ("3. There", 3))
    page.labels("The blur 1, 2, 1, divided by 4, leaves a quarter of the fast wave")
    page.labels("You apply it twice at stride 1. What share is left?")
    page.says(
        "1/16: a quarter of a quarter. Applied twice it is the blur 1, 4, 6, 4, 1",
        abs(gain(5, 4, 12) - 1 / 16) < 1e-12
        and np.convolve([1, 2, 1], [1, 2, 1]).tolist() == [comb(4, n) for n in range(5)],
    )
    page.answers(3, ("1/16", 1 / 16))
    page.labels("A plain stride of 2, without any blur", "The photo moves by two pixels")
    page.labels("on the ring")
    kept = ring()[:, ::2, ::2]
    page.says(
        "0. The output moves by one whole cell, and each grid keeps its own numbers",
        np.array_equal(np.roll(ring(), 2, -1)[:, ::2, ::2], np.roll(kept, 1, -1)),
    )
    page.answers(4, ("0. The", 0))
    page.labels("A wave of 3 turns in 64 numbers goes through a ReLU. Leave out the mean")
    page.labels("Which of the new waves is the strongest, in turns?")
    clipped = relu(cosine(3, 64))
    new = max(set(range(1, 33)) - {3}, key=lambda turns: strength(clipped, turns))
    page.says(
        f"{new}. New are the even multiples of 3, and the first of them is the strongest", new == 6
    )
    page.answers(5, ("6. New", 6))
    page.prints("print(int(three.argmax()))", "7 3", "[0.0625]", "0.000000", str(new))


def what_you_know(page):
    page.says(
        "A stride that leaves $m$ numbers turns $t$ turns into the distance from $t$ to the "
        "nearest multiple of $m$",
        all(
            strongest(cosine(t, 60)[::s]) == min(t % (60 // s), -t % (60 // s))
            for s in (2, 3, 5)
            for t in range(1, 30)
        ),
    )
    found = by_width()
    page.says(
        "A blur in front weakens the waves that would fold, and with them the detail that need not "
        "go",
        all(gain(w, t) < 1 for w in WIDTHS for t in range(1, 17)) and found[3][1] < found[1][1],
    )
    page.labels("The rest of the bill is in [what pooling throws away]")
    page.labels("A stride forgets on purpose, and you now know what")
    page.cites("The rule to blur before a stride is that of", ZHANG)
    page.cites("and the grid that is chosen that of", CHAMAN)
    page.aside("The words and the measurements are our own", why="credits of this course")
