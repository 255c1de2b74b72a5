"""lessons/trained-on-digits.py: its own run, and its code trained again with other seeds."""

import numpy as np
import pytest
import torch
from claims import LESSONS, Claims
from scipy import stats
from sklearn.datasets import load_digits
from torch import nn

from slidingwindows.lessons import read

NAME = "trained-on-digits"
SHRINKING = ["max pool", "average pool", "stride", "blur", "max, then blur", "wide stride"]
TRAINING, TEST, SHIFTED = range(3)
DIGITS = load_digits()


def execute(seeds: str) -> dict:
    """The lesson's cells, run with these seeds; figures and exercises are left out."""
    names: dict = {"print": lambda *_, **__: None}
    changed = 0
    threads = torch.get_num_threads()
    for cell in read(LESSONS / f"{NAME}.py").code:
        source = cell.source
        if "exercise" in cell.tags or source.lstrip().startswith(("show(", "def draw")):
            continue
        changed += source.count("SEEDS = range(8)")
        exec(compile(source.replace("range(8)", seeds), NAME, "exec"), names)
    torch.set_num_threads(threads)
    assert changed == 1
    return names


@pytest.fixture(scope="module")
def page():
    """What the page itself shows: eight seeds."""
    return execute("range(8)")


@pytest.fixture(scope="module")
def others():
    """Four seeds that the page does not use."""
    return execute("range(50, 54)")


def means(names: dict) -> dict[str, list[float]]:
    assert list(names["results"]) == SHRINKING
    return {name: result.mean(0).tolist() for name, result in names["results"].items()}


def lost(names: dict) -> dict[str, float]:
    return {name: m[TEST] - m[SHIFTED] for name, m in means(names).items()}


def what_the_prose_says_of_any_seeds(names: dict) -> None:
    """Each sentence about results that carries no verdict holds for seeds of any choice."""
    mean, gone = means(names), lost(names)
    for name in ("average pool", "blur"):
        assert mean[name][TEST] < mean["max pool"][TEST] - 1, "behind on the test images"
        assert mean[name][TRAINING] < mean["max pool"][TRAINING] - 1, "and in training"
    for name in ("stride", "max, then blur", "wide stride"):
        assert abs(mean[name][TEST] - mean["max pool"][TEST]) < 3.5, "the rest is close"
    assert gone["max pool"] > 20, "more than twenty points"
    assert gone["stride"] > max(gone["max pool"], gone["average pool"]) + 3
    assert gone["max pool"] < gone["blur"] < gone["stride"], "blur lies in between"
    assert min(gone, key=gone.get) == "max, then blur"
    assert gone["max, then blur"] > 3, "still not invariant"
    for name in ("average pool", "stride", "blur", "wide stride"):
        assert mean[name][SHIFTED] < mean["max pool"][SHIFTED] - 4


def test_the_page_s_own_run(page):
    what_the_prose_says_of_any_seeds(page)
    found = page["compare"](SHIFTED)
    assert set(found) == set(SHRINKING[1:])
    middle, half = found["max, then blur"]
    assert middle > half, "clearly so"
    for name in ("wide stride", "stride", "average pool", "blur"):  # the alt text: far left
        middle, half = found[name]
        assert -middle > half, "clearly behind"
    single = page["single"]
    assert len(single) == 8 and single.min() < single.max()


def test_other_seeds_tell_the_same(others):
    what_the_prose_says_of_any_seeds(others)


def test_a_seed_gives_the_same_result_again_and_another_seed_another(others):
    train = others["train"]
    first, again, other = (train("stride", seed, epochs=2) for seed in (3, 3, 4))
    assert first == again != other


def test_pairs_share_split_and_first_weights(others):
    """One seed means the same weights for all networks of the same size."""
    weights = []
    for name in SHRINKING[:5]:
        torch.manual_seed(5)
        weights.append([p.detach() for p in others["network"](name).parameters()])
    for some in weights[1:]:
        assert all(torch.equal(a, b) for a, b in zip(weights[0], some, strict=True))


def test_shifts_by_one_pixel_lose_nothing(others):
    images, moved = others["images"], others["shifted"](others["images"])
    assert len(moved) == 4
    for n, (axis, step) in enumerate(((3, 1), (3, -1), (2, 1), (2, -1))):
        line = torch.zeros_like(images)
        target, source = slice(1, None), slice(None, -1)
        if step < 0:
            target, source = source, target
        pick = (slice(None),) * axis
        line[(*pick, target)] = images[(*pick, source)]
        assert torch.equal(moved[n], line), "a true shift: nothing comes round from the other side"
        assert torch.equal(moved[n].sum((1, 2, 3)), images.sum((1, 2, 3)))


def test_blur_is_the_fixed_blur_by_hand(others):
    x = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    padded = nn.functional.pad(x, (1, 1, 1, 1))
    total = torch.zeros(2, 3, 6, 6)
    for row, down in enumerate((1, 2, 1)):
        for col, across in enumerate((1, 2, 1)):
            total += down * across / 16 * padded[:, :, row : row + 11 : 2, col : col + 11 : 2]
    assert torch.allclose(others["Blur"](3)(x), total, atol=1e-6)


def test_the_interval_by_hand(others):
    differences = torch.tensor([1.0, -0.5, 2.0, 0.0, 1.5])
    values = differences.numpy()
    half = stats.t(4).isf(0.025) * np.sqrt(values.var(ddof=1) * (1 / 5 + 297 / 1500))
    assert others["interval"](differences) == pytest.approx((0.8, half), rel=1e-5)
    plain = stats.t(4).isf(0.025) * stats.sem(values)
    assert half > plain, "the correction makes the interval wider"


def parameters(net) -> int:
    return sum(p.numel() for p in net.parameters())


def work(net) -> int:
    """Multiply-adds by hooks: the outputs of each layer, times what one output reads."""
    total = []

    def count(layer, _, output):
        reads = 9 if not isinstance(layer, nn.Conv2d | nn.Linear) else layer.weight[0].numel()
        total.append(output.numel() * reads)

    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear) or type(layer).__name__ == "Blur":
            layer.register_forward_hook(count)
    net(torch.rand(1, 1, 12, 12))
    return sum(total)


def test_every_number_in_the_prose(page):
    lesson = Claims(NAME)
    lesson.says(
        "1,797 handwritten digits of 8×8 pixels. Each pixel is a whole number from 0 to 16",
        DIGITS.images.shape == (1797, 8, 8)
        and (DIGITS.images.min(), DIGITS.images.max()) == (0, 16)
        and (DIGITS.images == DIGITS.images.round()).all(),
    )
    nets = {name: page["network"](name) for name in SHRINKING}
    sizes = {name: parameters(net) for name, net in nets.items()}
    macs = {name: work(net) for name, net in nets.items()}
    assert macs == {name: page["multiply_adds"](net) for name, net in nets.items()}
    lesson.says(
        "the convolution itself takes stride 2",
        [m.stride for m in nets["stride"] if isinstance(m, nn.Conv2d)] == [(2, 2)] * 2,
    )
    lesson.says("a fixed blur at stride 2", page["Blur"](2)(torch.rand(1, 2, 8, 8)).shape[-1] == 4)
    lesson.says(
        "the maximum at stride 1, then that blur at stride 2",
        [m.stride for m in nets["max, then blur"] if isinstance(m, nn.MaxPool2d)] == [1, 1],
    )
    lesson.says("`nn.MaxPool2d(2)`", nn.MaxPool2d(2).stride == 2)
    lesson.says("`nn.AvgPool2d(2)`", nn.AvgPool2d(2).stride == 2)
    lesson.says(
        "The first five have the same 2,698 parameters",
        [sizes[name] for name in SHRINKING[:5]] == [2698] * 5,
    )
    lesson.says(
        "The strided network does about a quarter of the work",
        0.2 < macs["stride"] / macs["max pool"] < 0.3,
    )
    lesson.says("to within 1%", abs(macs["wide stride"] / macs["max pool"] - 1) < 0.01)
    lesson.says(
        "about three times the parameters", 2.9 < sizes["wide stride"] / sizes["max pool"] < 3.3
    )
    lesson.says("which 1,500 images are for training and which 297", 1500 + 297 == 1797)
    lesson.says("It trains 48 networks", len(page["results"]) * len(page["SEEDS"]) == 48)
    lesson.says("train each network with eight seeds", len(page["SEEDS"]) == 8)
    lesson.says("the same 1,797 images come back", len(DIGITS.images) == 1797)
    lesson.says("More than twenty points with max pooling", lost(page)["max pool"] > 20)
    lesson.says("one image out of 297 is already 0.3 points", round(100 / 297, 1) == 0.3)
    lesson.says("8×8 digits, twelve rounds", page["train"].__defaults__[0] == 12)
    # The repository's own table: filter size 4, fine-tuned.
    lesson.labels("ResNet-50", "91.32% where it was 89.20%")
    check_exercises(lesson, page, sizes, macs)
    lesson.labels(*(f"**{n}.**" for n in range(1, 5)))
    lesson.complete()


def check_exercises(lesson, page, sizes, macs):
    lesson.says(
        "3.7 times: 14,400 multiply-adds against 53,280",
        (macs["stride"], macs["max pool"]) == (14400, 53280) and round(53280 / 14400, 1) == 3.7,
    )
    conv = [
        work(page["network"](name)[:-2]) for name in ("max pool", "stride")
    ]  # without Flatten and the linear layer
    lesson.says("so it is not the full 4", conv[0] == 4 * conv[1])
    blur = page["Blur"](16)
    lesson.says(
        "How many learnable parameters does `Blur(16)` have", len(list(blur.buffers())) == 1
    )
    lesson.says("0. Its weights are a *buffer*", parameters(blur) == 0)
    follows = [step for step in range(1, 9) if followed(step)]
    lesson.says(
        "A bright image passes through two `nn.MaxPool2d(2)`, one after the other",
        follows == [4, 8],
    )
    lesson.says("4 pixels. Each pool has stride 2, and 2 × 2 is 4", follows[0] == 4 == 2 * 2)
    lesson.labels("−0.9 ± 1.1 and −0.9 ± 0.5")
    lesson.says(
        "It reaches from −1.4 to −0.4. The first reaches from −2.0 to 0.2",
        [round(v, 1) for v in (-0.9 - 0.5, -0.9 + 0.5, -0.9 - 1.1, -0.9 + 1.1)]
        == [-1.4, -0.4, -2.0, 0.2],
    )


def followed(step: int) -> bool:
    """Whether two pools move along exactly when an image moves by so many pixels."""
    twice = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2))
    x = torch.rand(1, 64, 80, generator=torch.Generator().manual_seed(9))
    before, after = twice(x[..., 16 - step : 80 - step]), twice(x[..., 16:80])
    return any(torch.equal(after[..., : 16 - by], before[..., by:]) for by in range(1, 8))
