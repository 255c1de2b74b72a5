"""lessons/trained-on-digits.py: its own run, networks trained again by other code, other seeds."""

from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
import torch
from lesson_run import run
from scipy import stats
from sklearn.datasets import load_digits
from torch import nn

from slidingwindows import slide

SHRINKING = ["max pool", "average pool", "stride", "blur", "max, then blur", "wide stride"]
TRAINING, TEST, SHIFTED = range(3)
DIGITS = load_digits()
ZHANG = "https://proceedings.mlr.press/v97/zhang19a.html"


@contextmanager
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def others():
    """The lesson's results for two seeds that the page does not use."""
    train = run("trained-on-digits").names["train"]
    with one_thread():
        return {name: train(name, range(50, 52))[0].numpy() for name in SHRINKING}


def results_of(page) -> dict[str, np.ndarray]:
    """For each network a line for each seed: percent right in training, test and shifted test."""
    assert list(page.names["results"]) == SHRINKING
    return {name: np.array(lines.tolist()) for name, lines in page.names["results"].items()}


def lost(results) -> dict[str, float]:
    return {name: (r[:, TEST] - r[:, SHIFTED]).mean() for name, r in results.items()}


def what_the_prose_says_of_any_seeds(results, close=2.0) -> None:
    """Each sentence about results that carries no verdict holds for seeds of any choice."""
    mean, gone = {name: r.mean(0) for name, r in results.items()}, lost(results)
    for name in SHRINKING:
        assert abs(mean[name][TEST] - mean["max pool"][TEST]) < close, "all are close on the test"
        assert mean[name][TRAINING] > 99, "nothing is left to learn"
    assert gone["max pool"] > 20, "more than twenty points"
    assert gone["stride"] > max(gone["max pool"], gone["average pool"]) + 3
    assert min(gone, key=gone.get) == "max, then blur"
    assert gone["max, then blur"] > 3, "still not invariant"
    shifted = {name: mean[name][SHIFTED] - mean["max pool"][SHIFTED] for name in SHRINKING}
    assert shifted["max, then blur"] > 8
    assert max(shifted["stride"], shifted["wide stride"]) < -8
    for name in ("average pool", "blur"):
        assert shifted["stride"] < shifted[name] < shifted["max, then blur"], "they lie in between"


def test_other_seeds_tell_the_same(others):
    what_the_prose_says_of_any_seeds(others, close=3)  # two seeds alone, and not eight


# ---- the networks once more, from other parts


class BlurredDown(nn.Module):
    """Weights 1 2 1 down and across at stride 2, by sums of slices."""

    def forward(self, x):
        wide = nn.functional.pad(x, (1, 1, 1, 1))
        down = (wide[..., :-2, :] + 2 * wide[..., 1:-1, :] + wide[..., 2:, :]) / 4
        return ((down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 4)[..., ::2, ::2]


class Halved(nn.Module):
    """A module at stride 1, and every second of its results."""

    def forward(self, x):
        return x[..., ::2, ::2]


OWN = {
    "max pool": [nn.MaxPool2d(2)],
    "average pool": [nn.AvgPool2d(2)],
    "stride": [Halved()],
    "blur": [BlurredDown()],
    "max, then blur": [nn.MaxPool2d(2, stride=1), BlurredDown()],
    "wide stride": [Halved()],
}


def own_network(name):
    """The same plan; a stride is taken by leaving out, after the convolution at stride 1."""
    a, b = (16, 35) if name.startswith("wide") else (8, 16)
    first, second = nn.Conv2d(1, a, 3, padding=1), nn.Conv2d(a, b, 3, padding=1)
    parts = [first, nn.ReLU(), *OWN[name], second, nn.ReLU(), *OWN[name]]
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(b * 3 * 3, 10))


def images(largest=4):
    padded = np.pad(DIGITS.images * (largest / 16), ((0, 0), (2, 2), (2, 2)))
    return torch.tensor(padded).float()[:, None]


def split_of(seed):
    order = torch.Generator().manual_seed(seed)
    whole = torch.randperm(1797, generator=order)
    return whole[:1500], whole[1500:], order


def trained_again(name, seed, epochs=16, largest=4):
    """Percent right in training, test and shifted test, one run alone, by the test's own loop."""
    return whole_run(name, seed, epochs, largest)[0]


@cache
def whole_run(name, seed, epochs, largest=4):
    """What trained_again() returns, and percent right in each round, before each step."""
    x, labels = images(largest), torch.tensor(DIGITS.target)
    training, testing, order = split_of(seed)
    torch.manual_seed(seed)
    with one_thread():
        net = own_network(name)
        optimizer = torch.optim.Adam(net.parameters())
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.04, total_steps=epochs * 30)
        way = []
        for _ in range(epochs):
            shuffled = training[torch.randperm(1500, generator=order)]
            met = 0
            for start in range(0, 1500, 50):
                some = shuffled[start : start + 50]
                found = net(x[some])
                met += int((found.argmax(1) == labels[some]).sum())
                loss = nn.functional.nll_loss(found.log_softmax(1), labels[some])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()
            way.append(met / 15)
        with torch.no_grad():
            right = [
                (net(some).argmax(1) == labels[which]).double().mean() * 100
                for some, which in [(x[training], training), (x[testing], testing)]
                + [(moved, testing) for moved in one_pixel_on(x[testing])]
            ]
    return [float(right[0]), float(right[1]), float(sum(right[2:]) / 4)], way


def one_pixel_on(x):
    """Moved right, left, down and up; what leaves is lost, and zeros come in."""
    found = []
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        wide = nn.functional.pad(x, (1, 1, 1, 1))
        found.append(wide[..., 1 - down : 13 - down, 1 - right : 13 - right])
    return found


def parameters(net) -> int:
    return sum(p.numel() for p in net.parameters())


def work(net) -> int:
    """Multiply-accumulates by hooks: the outputs of each layer, times what one output reads."""
    total = []

    def count(layer, _, output):
        reads = 9 if not isinstance(layer, nn.Conv2d | nn.Linear) else layer.weight[0].numel()
        total.append(output.numel() * reads)

    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear) or type(layer).__name__ == "Blur":
            layer.register_forward_hook(count)
    net(torch.rand(1, 1, 12, 12))
    return sum(total)


# ---- the page


def test_every_claim(page):
    results = results_of(page)
    what_the_prose_says_of_any_seeds(results)
    the_digits(page)
    six_networks(page)
    training(page, results)
    pairs(page, results)
    one_pixel(page, results)
    what_this_proves(page)
    exercises(page)
    page.labels("Max pool, average pool, stride, or blur first?", "Predict first")
    page.labels("Measure what a one-pixel shift costs a trained network")
    page.labels("what a shift of one pixel does", "You can compare two layers")
    page.labels("a trained network stumble over one pixel")
    page.complete()


def the_digits(page):
    count, rows, cols = DIGITS.images.shape
    low, high = DIGITS.images.min(), DIGITS.images.max()
    page.says(
        f"{count:,} handwritten digits of {rows}×{cols} pixels. Each pixel is a whole number from "
        f"{low:.0f} to {high:.0f}",
        (DIGITS.images == DIGITS.images.round()).all(),
    )
    assert torch.equal(page.names["images"], images())
    assert page.names["labels"].tolist() == DIGITS.target.tolist()
    moved = one_pixel_on(images())
    page.says(
        "One pixel is an eighth of such a digit's width. On a photo of 224 pixels, that would be "
        "28",
        cols == 8 and 224 / cols == 28,
    )
    page.says(
        "Put two empty pixels around each image: then you can shift it by one without losing a "
        "pixel",
        images().shape[2:] == (rows + 2 * 2, cols + 2 * 2)
        and all(torch.equal(m.sum((1, 2, 3)), images().sum((1, 2, 3))) for m in moved),
    )
    page.prints(
        "digits = load_digits()",
        str((count, 1, rows + 4, cols + 4)),
        f"numbers from {low} to {high}",
    )
    zero = torch.tensor(DIGITS.images[0]).float()[None]
    page.draws("digits-zero", slide(nn.MaxPool2d(2), zero))
    pooled = nn.MaxPool2d(2)(zero)[0]
    ring = pooled.clone()
    ring[1:3, 1:3] = torch.nan
    page.says(
        "The first image is a zero. Max pooling keeps its ring of strong pixels",
        DIGITS.target[0] == 0 and (ring.nanmean(1) > 5).all() and pooled[0].max() > 12,
    )


def six_networks(page):
    nets = {name: page.names["network"](name) for name in SHRINKING}
    sizes = {name: parameters(net) for name, net in nets.items()}
    macs = {name: work(net) for name, net in nets.items()}
    kinds = [
        [type(m) for m in net if isinstance(m, nn.Conv2d | nn.ReLU | nn.Flatten)]
        for net in nets.values()
    ]
    plan = [nn.Conv2d, nn.ReLU] * 2 + [nn.Conv2d, nn.Flatten]
    page.says("## Six networks All six have the same plan", len(nets) == 6 and kinds == [plan] * 6)
    same = all(same_network(page.names, name) for name in SHRINKING)
    page.says(
        "one linear layer. The linear layer is written as a convolution as large as the 3×3 map "
        "that it reads, which is the same. Only *shrink* differs",
        nets["max pool"][-2].kernel_size == (3, 3) and same,
    )
    shrinking = {name: [m for m in net if "Pool" in repr(m)] for name, net in nets.items()}
    page.says(
        "`nn.MaxPool2d(2)`", all(repr(m) == repr(nn.MaxPool2d(2)) for m in shrinking["max pool"])
    )
    page.says(
        "`nn.AvgPool2d(2)`",
        [repr(m) for m in shrinking["average pool"]] == [repr(nn.AvgPool2d(2))] * 2,
    )
    page.says(
        "the convolution itself takes stride 2",
        [m.stride for m in nets["stride"] if isinstance(m, nn.Conv2d)] == [(2, 2)] * 2 + [(1, 1)],
    )
    blur, x = page.names["Blur"](2), torch.rand(1, 2, 8, 8)
    page.says("a fixed blur at stride 2", torch.allclose(blur(x), BlurredDown()(x), atol=1e-6))
    page.says(
        "the maximum at stride 1, then that blur at stride 2",
        [m.stride for m in shrinking["max, then blur"]] == [1, 1],
    )
    page.says(
        "as *stride*, with more channels, to cost as much as *max pool*",
        nets["wide stride"][0].out_channels > nets["stride"][0].out_channels
        and abs(macs["wide stride"] / macs["max pool"] - 1) < 0.01,
    )
    page.cites("The two blurs follow", ZHANG)
    page.labels("Which of the first five has the most parameters?")
    page.prints(
        "class Blur(nn.Module):",
        *(
            f"{n:<15} {sizes[n]:>6,} parameters {macs[n]:>7,} multiply-accumulates"
            for n in SHRINKING
        ),
    )
    page.says(
        f"The first five have the same {sizes['stride']:,} parameters: nothing that shrinks here "
        "learns anything of its own",
        len({sizes[name] for name in SHRINKING[:5]}) == 1,
    )
    page.says(
        "The strided network does about a quarter of the work",
        0.2 < macs["stride"] / macs["max pool"] < 0.3,
    )
    page.says(
        "The wide one spends what max pooling spends, to within 1%. It needs about three times the "
        "parameters for it",
        abs(macs["wide stride"] / macs["max pool"] - 1) < 0.01
        and 2.9 < sizes["wide stride"] / sizes["max pool"] < 3.3,
    )
    page.says("One thing is not equal. The blurs pad with zeros", nets["blur"][0].padding == (1, 1))
    rim = BlurredDown()(torch.ones(1, 1, 6, 6))[0, 0]
    page.prints("print(Blur(1)(torch.ones(1, 1, 6, 6))[0, 0])", rim)
    page.says(
        "Here it is on two sides only, because at stride 2 no window hangs over the other two",
        (rim[0] < 1).all() and (rim[:, 0] < 1).all() and (rim[1:, 1:] == 1).all(),
    )
    page.labels("So there are two fair questions")


def same_network(names, name):
    """One seed gives the lesson's network and the test's own the same weights and answers."""
    nets = []
    for make in (names["network"], own_network):
        torch.manual_seed(5)
        nets.append(make(name))
    x = images()[:50]
    with torch.no_grad():
        return torch.allclose(nets[0](x), nets[1](x), atol=1e-5)


def training(page, results):
    names = page.names
    runs = {len(lines) for lines in results.values()}
    page.says(
        "Six small networks that differ only in how they shrink their maps, trained on the same "
        "digits eight times each",
        len(results) == 6
        and runs == {8}
        and all(same_network(page.names, name) for name in SHRINKING),
    )
    page.says("## Train them, eight times each", runs == {8})
    page.says(
        "One run proves nothing: another seed gives another result",
        all(len({tuple(line) for line in lines}) > 4 for lines in results.values()),
    )
    page.says("So train each network with eight seeds", list(names["SEEDS"]) == list(range(8)))
    begun = {n: names["train"](n, [0, 3], epochs=2) for n in SHRINKING}
    short = {n: result.numpy() for n, (result, _) in begun.items()}
    alone = {n: np.array([trained_again(n, seed, 2) for seed in (0, 3)]) for n in SHRINKING}
    # Rounding makes runs drift apart: not in two rounds, in the end by up to 5.5 points.
    agrees = all(np.abs(short[n] - alone[n]).max() < 0.1 for n in SHRINKING)
    for name, seed in (("stride", 0), ("max pool", 3), ("max, then blur", 5)):
        apart = np.abs(results[name][seed] - trained_again(name, seed))
        agrees &= bool((apart < [0.5, 2.5, 8]).all())
    train, test, _ = split_of(0)
    page.says(
        f"A seed decides three things: which {len(train):,} images are for training and which "
        f"{len(test)} for testing, the first weights, and the order of the images",
        agrees,
    )
    sizes = {name: parameters(names["network"](name)) for name in SHRINKING}
    page.says(
        "**For one seed these are the same for all networks** (but for the weights of the wide "
        "one, which has more)",
        first_weights_agree(names["side_by_side"])
        and sizes["wide stride"] > max(sizes[name] for name in SHRINKING[:5]),
    )
    page.says(f"because it trains {sum(map(len, results.values()))} networks")
    lines = [f"{'':<15} {'training':>11} {'test':>11} {'shifted':>11}"]
    for name, r in results.items():
        seeds = torch.tensor(
            r, dtype=torch.float32
        )  # a mean of 99.95 is rounded as the lesson's is
        both = zip(seeds.mean(0), seeds.std(0), strict=True)
        cells = [f"{m:>5.1f} ± {s:.1f}" for m, s in both]
        lines.append(f"{name:<15} " + " ".join(f"{cell:>11}" for cell in cells))
    assert agrees
    assert names["train"].__defaults__ == (16, 50)
    page.labels("How long? Until the networks have nothing left to learn")
    page.says("16 rounds will do", all(r[:, TRAINING].mean() > 99 for r in results.values()))
    small, larger = (trained_again("average pool", 0, 2, most)[TRAINING] for most in (1, 4))
    page.says(
        "the networks read the pixels divided by 4, as numbers from 0 to 4: from numbers between "
        "0 and 1 they learn more slowly",
        (images().min(), images().max()) == (0, 4) and small < larger - 2,
    )
    page.says(
        "So put the eight runs of a network side by side, as eight groups: each has its own "
        "weights, reads its own images, and knows nothing of the others",
        [groups_apart(names, name) for name in SHRINKING] == [True] * 6,
    )
    page.prints(
        "def train(name, seeds, epochs=16, batch=50):",
        "percent right: mean ± standard deviation over the seeds",
        *lines,
    )
    page.labels("First, is the training long enough?")
    the_way_there(page, results, {n: way for n, (_, way) in begun.items()})
    page.labels("Which of these differences would survive another eight")


def groups_apart(names, name):
    """Group 1 of three answers as its network alone does, whatever the other two are shown."""
    torch.manual_seed(8)
    alone, x = own_network(name), torch.rand(20, 3, 12, 12)
    net = names["side_by_side"](name, [7, 8, 9])
    with torch.no_grad():
        together = net(x).reshape(20, 3, 10)[:, 1]
        x[:, ::2] = torch.rand(20, 2, 12, 12)
        again = net(x).reshape(20, 3, 10)[:, 1]
        return torch.equal(together, again) and torch.allclose(
            together, alone(x[:, 1:2]), atol=1e-5
        )


def the_way_there(page, results, begun):
    (axes,) = page.drawing("digits-ways")
    ways = {label: (x, y) for label, x, y in axes["lines"]}
    page.plots(
        "digits-ways",
        list(ways) == SHRINKING
        and (axes["xlabel"], axes["ylabel"]) == ("rounds of training", "training images right, %")
        and all(x == list(range(1, 17)) for x, _ in ways.values())
        and all(abs(y[-1] - results[n][:, TRAINING].mean()) < 0.5 for n, (_, y) in ways.items())
        and all(y == pytest.approx(page.names["ways"][n]) for n, (_, y) in ways.items()),
    )
    alone = {n: np.mean([whole_run(n, seed, 2)[1] for seed in (0, 3)], axis=0) for n in SHRINKING}
    page.says(
        "how much of the training images each network had right on its way, each image when its "
        "turn came in the round",
        all(begun[n] == pytest.approx(alone[n], abs=0.1) for n in SHRINKING),
    )
    lines = np.array([y for _, y in ways.values()])
    page.says(
        "Percent of the training images that each of six networks has right, against the rounds of "
        "training, 1 to 16. All lines rise to nearly 100 and are flat over the last rounds",
        (lines[:, -1] > 99).all() and (lines[:, 0] < 95).all(),
    )
    page.says(
        "Each line is a mean over eight seeds. All end flat, close to 100%",
        len(results["stride"]) == 8 and (lines[:, -1] > 99).all(),
    )
    page.says(
        "In the last four rounds no line moves by a whole point",
        (np.ptp(lines[:, -4:], axis=1) < 1).all(),
    )
    page.says("The learning rate falls to zero at the end", last_rate() < 1e-5)


def last_rate() -> float:
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.04, 480)
    for _ in range(479):
        optimizer.step()
        rate.step()
    return rate.get_last_lr()[0]


def first_weights_agree(side_by_side):
    weights = [
        [p.detach() for p in side_by_side(name, [5, 6]).parameters()] for name in SHRINKING[:5]
    ]
    return all(torch.equal(a, b) for some in weights for a, b in zip(weights[0], some, strict=True))


def compared(results, column):
    """(middle, half) of each network's interval against max pool, by the corrected t."""
    found = {}
    for name in SHRINKING[1:]:
        differences = results[name][:, column] - results["max pool"][:, column]
        wide = np.sqrt(differences.var(ddof=1) * (1 / len(differences) + 297 / 1500))
        half = stats.t(len(differences) - 1).isf(0.05 / 2 / 10) * wide
        found[name] = differences.mean(), half
    return found


def pairs(page, results):
    page.says(
        "how sure the mean of these eight differences is",
        len(results["stride"] - results["max pool"]) == 8,
    )
    union = [sorted(torch.cat(split_of(seed)[:2]).tolist()) for seed in range(8)]
    page.says(
        f"the same {len(union[0]):,} images come back in every split",
        union == [list(range(1797))] * 8,
    )
    tests = np.array([r[:, TEST] for r in results.values()])
    others = [np.delete(tests, place, 0).mean(0) for place in range(len(tests))]
    shared = [np.corrcoef(own, rest)[0, 1] for own, rest in zip(tests, others, strict=True)]
    page.says(
        "Some splits of the images are harder than others, for every network",
        min(shared) > 0.1 and (np.ptp(tests, axis=1) > 1).all(),
    )
    found, lines = {column: compared(results, column) for column in (TEST, SHIFTED)}, []
    for title, column in (("test", TEST), ("shifted test", SHIFTED)):
        lines.append(f"{title}: points more or less than max pool")
        for name, (middle, half) in found[column].items():
            verdict = "clear" if not middle - half <= 0 <= middle + half else "within noise"
            lines.append(f"  {name:<15} {middle:+6.1f} ± {half:4.1f}   {verdict}")
    page.prints("def interval(differences, testing=297, training=1500, looks=10):", *lines)
    the_plot(page, found)
    page.labels("Read the left panel first", "There is a second trap")
    page.labels("an interval that pays for every look")
    mean = {name: r.mean(0) for name, r in results.items()}
    page.says(
        "All means are within two points of max pooling",
        all(abs(r[TEST] - mean["max pool"][TEST]) < 2 for r in mean.values()),
    )
    page.says(
        "If an interval holds zero, these eight seeds cannot tell that network from max pooling",
        any(middle - half < 0 < middle + half for middle, half in found[TEST].values()),
    )
    page.says(
        "You will look at ten intervals, five networks on two sets of images",
        sum(map(len, found.values())) == 10 and {len(f) for f in found.values()} == {5},
    )
    sure = {looks: coverage(page, looks) for looks in (1, 10)}
    page.says(
        "An interval of 95% misses the truth in one case of twenty", round(1 / (1 - sure[1])) == 20
    )
    page.says("With ten of them, at least one miss is likely enough", 1 - sure[1] ** 10 > 0.4)
    page.says(
        "share the 5% among the ten looks. Each interval then is one of 99.5%, and all ten "
        "together hold in at least 95% of cases",
        f"{sure[10]:.1%}" == "99.5%" and 1 - 10 * (1 - sure[10]) > 0.95 - 1e-6,
    )


def coverage(page, looks) -> float:
    """How sure one interval of the lesson's is, by Student's distribution."""
    some = torch.tensor([1.0, -0.5, 2.0, 0.0, 1.5, 0.5, -1, 3])
    half = page.names["interval"](some, looks=looks)[1]
    reach = half / (some.std() * (1 / 8 + 297 / 1500) ** 0.5)
    return 1 - 2 * stats.t(7).sf(float(reach))


def the_plot(page, found):
    drawn = page.drawing("digits-differences")
    right = [axes["title"] for axes in drawn] == ["test images", "shifted by one pixel"]
    right &= {axes["xlabel"] for axes in drawn} == {"points against max pool"}
    right &= drawn[0]["yticks"] == SHRINKING[1:]
    for axes, intervals in zip(drawn, found.values(), strict=True):
        rows = [5, 4, 3, 2, 1]
        middles, halves = np.array(list(intervals.values())).T
        lines = {tuple(np.round(x, 3)): y for _, x, y in axes["lines"]}
        for x in (middles, middles - halves, middles + halves):
            right &= any(
                np.allclose(x, seen, atol=2e-3) and y == rows
                for seen, y in lines.items()
                if len(seen) == 5
            )
        right &= (0.0, 0.0) in lines
    page.plots("digits-differences", right)
    test, shifted = found.values()
    page.says(
        "Two panels with one interval for each of five networks, measured against max pooling at "
        "zero. On the test images all lie close to zero",
        len(drawn) == 2
        and len(test) == len(shifted) == 5
        and all(abs(middle) < 2 for middle, _ in test.values()),
    )
    page.says(
        "On images shifted by one pixel, max then blur lies far right of zero, stride and wide "
        "stride lie far left, and average pool and blur lie in between",
        shifted["max, then blur"][0] > 10
        and max(shifted["stride"][0], shifted["wide stride"][0]) < -10
        and all(-10 < shifted[name][0] < 10 for name in ("average pool", "blur")),
    )
    interval, some = page.names["interval"], torch.tensor([1.0, -0.5, 2.0, 0.0, 1.5, 0.5, -1, 3])
    inside = interval(some)[1] / (some.std() * (1 / 8 + 297 / 1500) ** 0.5)
    page.says(
        "Differences within each seed, with intervals that hold together in 95% of cases",
        abs(10 * 2 * stats.t(7).sf(float(inside)) - 0.05) < 1e-5,
    )


def one_pixel(page, results):
    gone, mean = lost(results), {name: r.mean(0) for name, r in results.items()}
    page.labels("## One pixel to the side", "Two max pools hide many small shifts, you have heard")
    moved, own = page.names["shifted"](images()), one_pixel_on(images())
    page.says(
        "Each test image now moves by one pixel",
        all(torch.equal(a, b) for a, b in zip(moved, own, strict=True)),
    )
    page.prints(
        'print("points lost by a shift of one pixel:")',
        "points lost by a shift of one pixel:",
        *(f"{name:<15} {points:.0f}" for name, points in gone.items()),
    )
    page.says("More than twenty points with max pooling", gone["max pool"] > 20)
    found = compared(results, SHIFTED)
    clear = [name for name, (middle, half) in found.items() if abs(middle) > half]
    page.says(
        "Three differences in the right panel are clear",
        clear == ["stride", "max, then blur", "wide stride"],
    )
    page.says(
        "**The stride is behind.** It keeps whatever stands at every second place",
        found["stride"][0] < 0 and same_network(page.names, "stride"),
    )
    page.says(
        "**Max, then blur is ahead.** It loses the fewest points, and is still not invariant",
        min(gone, key=gone.get) == "max, then blur"
        and found["max, then blur"][0] > 0
        and gone["max, then blur"] > 3,
    )
    page.says(
        "Of the average pool and of the blur alone this page claims nothing. Their intervals hold "
        "zero",
        all(
            middle - half < 0 < middle + half
            for middle, half in map(found.get, ("average pool", "blur"))
        ),
    )
    page.says(
        "With the same work as max pooling, the wide stride reads unmoved digits about as well. "
        "When they move, it is clearly behind",
        abs(mean["wide stride"][TEST] - mean["max pool"][TEST]) < 1.5
        and -compared(results, SHIFTED)["wide stride"][0]
        > compared(results, SHIFTED)["wide stride"][1],
    )
    page.labels("A common mistake: one seed", "How would this lesson look with a single seed?")
    single = results["wide stride"][:, TEST] - results["max pool"][:, TEST]
    page.prints(
        'single = results["wide stride"][:, 1] - results["max pool"][:, 1]',
        str([f"{value:+.1f}" for value in (single + 0.0)]),
        f"one seed says anything from {single.min():+.1f} to {single.max():+.1f}",
        f"the mean of all is {single.mean():+.1f}",
    )
    page.says(
        "Had you run one seed, you would have published one of these numbers",
        len(single) == 8 and single.min() < single.max(),
    )
    images_of_test = len(split_of(0)[1])
    page.says(
        f"A difference of one image out of {images_of_test} is already {100 / images_of_test:.1f} "
        "points"
    )


def what_this_proves(page):
    page.says(
        "8×8 digits, where one pixel is a large step, 16 rounds of training, one learning rate for "
        "all, zeros around the blurs",
        DIGITS.images.shape[1:] == (8, 8) and page.names["train"].__defaults__ == (16, 50),
    )
    page.cites(
        "for a ResNet-50 that started from the weights of the one without a blur and was "
        "fine-tuned, the paper's reports more consistent answers under shifts, 91.32% where it was "
        "89.20%",
        "https://github.com/adobe/antialiased-cnns",
    )
    page.cites("such a blur is only a part of the cure", "https://jmlr.org/papers/v20/19-519.html")


def exercises(page):
    macs = {name: work(page.names["network"](name)) for name in ("stride", "max pool")}
    times = macs["max pool"] / macs["stride"]
    page.labels("How many times less work does it do, and why?")
    page.says(
        f"{times:.1f} times: {macs['stride']:,} multiply-accumulates against {macs['max pool']:,}",
        macs["stride"] < macs["max pool"],
    )
    # without Flatten and the linear layer
    conv = [work(page.names["network"](name)[:-2]) for name in ("max pool", "stride")]
    page.says("Both convolutions make a quarter of the stops", conv[0] == 4 * conv[1])
    page.says("so it is not the full 4", times < conv[0] / conv[1] == 4)
    page.answers(1, "3.7")
    blur = page.names["Blur"](16)
    page.labels("How many learnable parameters does `Blur(16)` have?")
    page.says(
        f"{parameters(blur)}. Its weights are a *buffer*",
        [tuple(b.shape) for b in blur.buffers()] == [(16, 1, 3, 3)],
    )
    page.answers(2, "0")
    follows = {step: by for step in range(1, 9) if (by := followed(step))}
    page.labels("A bright image passes through two `nn.MaxPool2d(2)`, one")
    page.labels("What is the smallest shift of the image after which")
    page.labels("after which the output has moved along exactly?")
    page.says(
        "4 pixels. Each pool has stride 2, and 2 × 2 is 4. Then the output moves by one",
        follows == {4: 1, 8: 2} and nn.MaxPool2d(2).stride == 2,
    )
    page.answers(3, "4")
    page.labels("Two intervals for a difference: −0.9 ± 1.1 and −0.9 ± 0.5.")
    page.labels("Which of the two is clear?", "Check all four")
    first, second = (
        (float(f"{-0.9 - half:.1f}"), float(f"{-0.9 + half:.1f}")) for half in (1.1, 0.5)
    )
    page.says(
        f"The second. It reaches from −{-second[0]} to −{-second[1]}. The first reaches from "
        f"−{-first[0]} to {first[1]}, so it holds zero",
        first[0] < 0 < first[1] and second[1] < 0,
    )
    page.prints(
        'print(round(work["max pool"] / work["stride"], 1))',
        f"{times:.1f}",
        str(parameters(blur)),
        str(list(follows)),
        str([not low < 0 < high for low, high in (first, second)]),
    )
    page.answers(4, ("The second", 2))


def followed(step: int) -> int | None:
    """How far two pools' output has moved along when an image moved by so many pixels."""
    twice = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2))
    x = torch.rand(1, 64, 80, generator=torch.Generator().manual_seed(9))
    before, after = twice(x[..., 16 - step : 80 - step]), twice(x[..., 16:80])
    ways = (by for by in range(1, 8) if torch.equal(after[..., : 16 - by], before[..., by:]))
    return next(ways, None)


def test_a_seed_gives_the_same_result_again_and_another_seed_another(page):
    train = page.names["train"]
    with one_thread():
        first, again, other = (train("stride", [s], epochs=2)[0] for s in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_shifts_by_one_pixel_lose_nothing(page):
    moved = page.names["shifted"](page.names["images"])
    assert len(moved) == 4
    for found, true in zip(moved, one_pixel_on(images()), strict=True):
        assert torch.equal(found, true), "a true shift: nothing comes round from the other side"
        assert torch.equal(found.sum((1, 2, 3)), images().sum((1, 2, 3)))


def test_blur_is_the_fixed_blur_by_hand(page):
    x = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    padded = nn.functional.pad(x, (1, 1, 1, 1))
    total = torch.zeros(2, 3, 6, 6)
    for row, down in enumerate((1, 2, 1)):
        for col, across in enumerate((1, 2, 1)):
            total += down * across / 16 * padded[:, :, row : row + 11 : 2, col : col + 11 : 2]
    assert torch.allclose(page.names["Blur"](3)(x), total, atol=1e-6)


def test_the_interval_by_hand(page):
    differences = torch.tensor([1.0, -0.5, 2.0, 0.0, 1.5])
    values = differences.numpy()
    half = stats.t(4).isf(0.0025) * np.sqrt(values.var(ddof=1) * (1 / 5 + 297 / 1500))
    assert page.names["interval"](differences) == pytest.approx((0.8, half), rel=1e-5)
    one = page.names["interval"](differences, looks=1)[1]
    plain = stats.t(4).isf(0.025) * stats.sem(values)
    assert half > one > plain, "both corrections make the interval wider"
