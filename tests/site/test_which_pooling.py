"""The decision page: every number and every word of direction on it is computed here by torch."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows.testing.page import Page

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reference" / "which-pooling.md").read_text("utf-8")
BODY = TEXT.split("---\n", 2)[2]


@pytest.fixture
def page():
    """The page held to account as a lesson's is: one Markdown cell, without code."""
    title, description = re.findall(r"^(?:title|description): (.+)$", TEXT, re.MULTILINE)
    cell = SimpleNamespace(kind="markdown", source=BODY)
    lesson = SimpleNamespace(
        name="which-pooling",
        meta={"title": title, "description": description},
        cells=[cell],
        code=[],
    )
    run = SimpleNamespace(lesson=lesson, names={}, figures={}, outputs=[], truths=[])
    return Page(run)


def work(layer, side):
    """Multiply-accumulates of a convolution."""
    made = layer(torch.zeros(1, layer.in_channels, side, side))
    return made.numel() * layer.weight[0].numel()


def refused(layer, x):
    try:
        layer(x)
    except RuntimeError:
        return True
    return False


def weights(layer):
    return sum(p.numel() for p in layer.parameters())


def test_every_claim(page):
    in_a_hurry(page)
    every_pixel(page)
    left_of_a_window(page)
    shifts(page)
    fitting(page)
    ends(page)
    back_up(page)
    page.complete()


def in_a_hurry(page):
    setup = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)
    )
    page.says(
        "put `nn.AdaptiveAvgPool2d(1)` at the end. It is easy to explain, each pool halves the map "
        "exactly if its side is even, and any image size will do that the pools do not shrink to "
        "nothing",
        all(setup(torch.rand(1, n, n)).shape == (4, 1, 1) for n in range(2, 40))
        and refused(setup, torch.rand(1, 1, 1))
        and all(setup[:3](torch.rand(1, n, n)).shape[-1] == n / 2 for n in range(2, 40, 2)),
    )
    page.says("repeat `nn.Conv2d(…, 3, padding=1)`", setup[0].kernel_size == (3, 3))
    with pytest.raises(RuntimeError, match="too small"):
        setup(torch.rand(1, 1, 1))
    page.says("`nn.MaxPool2d(2)`", setup[2].kernel_size == 2)


def every_pixel(page):
    def fits(n):
        sizes = [n, n // 2, n // 4, n // 8]
        return all(2 * small == large for large, small in zip(sizes, sizes[1:], strict=False))

    page.says(
        "A network with three halvings then takes only sizes that are multiples of 8",
        [n for n in range(8, 65) if fits(n)] == list(range(8, 65, 8)),
    )
    dilated = nn.Conv2d(1, 1, 3, dilation=2, bias=False)
    x = torch.rand(1, 5, 5, requires_grad=True)
    dilated(x).sum().backward()
    reach = x.grad[0].nonzero()
    page.says(
        "a 3×3 kernel with dilation 2 spans 5 pixels and still has 9 weights",
        (reach.max() - reach.min() + 1, weights(dilated)) == (5, 9),
    )
    page.labels("Do you need an answer for every pixel?", "one answer for the image")


def left_of_a_window(page):
    window = torch.tensor([[[0.0, 8], [0, 0]]])
    page.says("so one strong edge survives", nn.MaxPool2d(2)(window).item() == 8)
    kept = nn.MaxPool2d(2)(torch.arange(16.0).view(1, 4, 4)).numel()
    page.says("It throws three of four numbers away", (16 - kept) / 16 == 3 / 4)
    average = nn.AvgPool2d(2)
    page.says(
        "`nn.AvgPool2d(2)`. Every number counts, so a single 8 among zeros becomes 2",
        average(window).item() == 2
        and all(average(torch.eye(4)[n].view(1, 2, 2)).item() > 0 for n in range(4)),
    )
    page.says(
        "it cannot tell one strong number from four weak ones with the same sum",
        average(window).item() == average(torch.full((1, 2, 2), 2.0)).item(),
    )
    slow, fast = (nn.Conv2d(4, 4, 3, stride=s, padding=1) for s in (1, 2))
    page.says(
        "`nn.Conv2d(c, c, 3, stride=2, padding=1)`. It learns its weights, which a pool does not "
        "have, and on an even side it costs a quarter of the same convolution at stride 1",
        all((4 * work(fast, n) == work(slow, n)) == (n % 2 == 0) for n in range(2, 20))
        and weights(fast) > weights(nn.MaxPool2d(2)) == 0,
    )
    free = nn.Conv2d(1, 1, 2, stride=2, bias=False).requires_grad_(False)
    a, b = torch.eye(4)[1].view(1, 2, 2), torch.eye(4)[2].view(1, 2, 2)
    page.says(
        "it can never be a maximum",
        torch.allclose(free(a + b), free(a) + free(b))
        and nn.MaxPool2d(2)(a + b) != nn.MaxPool2d(2)(a) + nn.MaxPool2d(2)(b),
    )
    page.labels("Opinion: this choice matters less than it seems. Try it last")


def shifts(page):
    line = torch.arange(12.0)[None]
    skipped = [line[:, start::2] for start in (0, 1)]
    page.says(
        "A stride keeps whatever is in every second place, and after a shift by one pixel that is "
        "something else",
        not set(skipped[0][0].tolist()) & set(skipped[1][0].tolist()),
    )
    pool = nn.MaxPool1d(2)
    hidden = [
        torch.equal(pool(torch.eye(12)[n][None]), pool(torch.eye(12)[n + 1][None]))
        for n in range(11)
    ]
    page.says("A 2×2 max pool hides only some of the shifts", {*hidden} == {True, False})
    rates = [nn.MaxPool2d(2, stride=1)(torch.rand(1, 9, 9)).shape[-1], 8]
    page.says("take the maximum at stride 1, then a blur at stride 2", rates == [8, 8])
    page.says(
        "Take the plain pool, which costs less", nn.MaxPool2d(2)(line.view(1, 2, 6)).numel() < 6
    )


def fitting(page):
    odd = torch.rand(1, 25, 25)
    page.says(
        "loses the last row and column: 25 becomes 12. With `ceil_mode=True` it becomes 13",
        [nn.MaxPool2d(2, ceil_mode=up)(odd).shape[-1] for up in (False, True)] == [12, 13],
    )
    low = torch.full((1, 4, 4), -5.0)
    page.says(
        "A max pool pads with minus infinity, so its border never wins",
        (nn.MaxPool2d(3, 1, 1)(low) == -5).all(),
    )
    ones = torch.ones(1, 4, 4)
    page.says(
        "An average pool counts zeros, which dims the rim: set `count_include_pad=False`",
        nn.AvgPool2d(3, 1, 1)(ones).min() < 0.5
        and (nn.AvgPool2d(3, 1, 1, count_include_pad=False)(ones) == 1).all(),
    )
    twice = nn.AdaptiveAvgPool1d(4)(torch.eye(10)[:, None])[:, 0].gt(0).sum(1)
    page.says(
        "If the output's size does not divide the input's, its windows overlap or differ in size",
        twice.max() == 2 and nn.AdaptiveAvgPool1d(5)(torch.eye(10)[:, None]).gt(0).sum() == 10,
    )


def ends(page):
    flat, pooled = (nn.Linear(n, 10, bias=False, device="meta") for n in (512 * 7 * 7, 512))
    page.says(
        "Take `nn.AdaptiveAvgPool2d(1)` before the linear layer. It takes any image size, and "
        "after it 512 maps of 7×7 need 49 times fewer weights than after flattening",
        weights(flat) == 49 * weights(pooled),
    )
    finds = []
    for side in (4, 16):
        found = torch.zeros(1, side, side)
        found[0, :2, :2] = 8
        finds.append((nn.AdaptiveAvgPool2d(1)(found).item(), nn.AdaptiveMaxPool2d(1)(found).item()))
    page.says(
        "Take `nn.AdaptiveMaxPool2d(1)`. The average of a find thins out as the image grows, the "
        "maximum stays",
        finds[1][0] < finds[0][0] and finds[1][1] == finds[0][1] == 8,
    )
    noisy = torch.zeros(1, 9, 9)
    noisy[0, 4, 4] = 100
    page.says("one noisy pixel is enough to fool it", nn.AdaptiveMaxPool2d(1)(noisy).item() == 100)
    page.labels("**Whether one small thing is anywhere.**", "accept one image size")


def back_up(page):
    sizes = (2, 3, 4, 5)
    ones = [plain_inside(torch.ones(1, 1, k, k)) for k in sizes]
    torch.manual_seed(0)
    uneven = [plain_inside(torch.rand(1, 1, k, k)) for k in sizes]
    page.says(
        "A transposed convolution can draw a checkerboard, and surely starts with one unless its "
        "kernel is a multiple of its stride",
        ones == [k % 2 == 0 for k in sizes] and not any(uneven),
    )


def plain_inside(weight):
    """Whether a transposed convolution at stride 2 leaves the inside of a plain map plain."""
    k = weight.shape[-1]
    out = F.conv_transpose2d(torch.ones(1, 9, 9), weight, stride=2)
    return out[0, k:-k, k:-k].unique().numel() == 1


def test_a_link_behind_a_word_leads_to_a_lesson_that_uses_it():
    """A lesson whose matter has moved on must not keep the links to it, here or in the course."""
    words = re.compile(r"ceil_mode|output_padding|transposed")
    link = re.compile(r"\]\((?:\.\./lessons/)?([\w-]+)\.ipynb")
    pages = {path: path.read_text("utf-8") for path in (ROOT / "lessons").glob("*.py")}
    texts = {path.stem: text for path, text in pages.items()}
    for path in (ROOT / "docs").rglob("*.md"):
        pages[path] = path.read_text("utf-8")
    checked, astray = 0, []
    for path, text in pages.items():
        for paragraph in text.split("\n"):
            # "With `ceil_mode` it is 13. See [output size](…)." is one statement.
            for sentence in re.split(r"(?<=[.!?]) (?!See )", paragraph):
                named, linked = {*words.findall(sentence)}, link.findall(sentence)
                checked += len(linked) if named else 0
                if named and linked and not any(w in texts[n] for n in linked for w in named):
                    astray.append((path.name, sentence))
    assert checked > 5 and not astray


def test_each_answer_has_a_reason_and_a_lesson_or_is_marked_as_opinion():
    """Every section leads to lessons that exist, and no answer is a bare command."""
    sections = BODY.split("\n## ")[1:]
    assert len(sections) == 6
    for section in sections:
        names = re.findall(r"\]\(\.\./lessons/([\w-]+)\.ipynb\)", section)
        assert names, section.split("\n")[0]
        assert all((ROOT / "lessons" / f"{name}.py").is_file() for name in names)
    answers = re.findall(r"^\*\*[^*]+\*\* (.+)", BODY, re.MULTILINE)
    told = [re.sub(r"(?:See|Both are in) \[.*", "", answer) for answer in answers]
    bare = [a for a in told if len(re.findall(r"[.:](?= |$)", a)) < 2 and "because" not in a]
    assert len(answers) > 14 and [a for a in bare if ", which" not in a] == ["Go on."]
