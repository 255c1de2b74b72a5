"""The decision page: what it says of each layer, and each reason it gives, is shown by torch."""

import re

import pytest
import torch
from doc_words import ROOT, proves, source_of
from torch import nn
from torch.nn import functional as F

BODY = source_of("docs/reference/which-pooling.md").split("---\n", 2)[2]


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


@proves("docs/reference/which-pooling.md")
def test_every_claim(page):
    introduced(page)
    in_a_hurry(page)
    every_pixel(page)
    left_of_a_window(page)
    shifts(page)
    fitting(page)
    ends(page)
    back_up(page)


def seen(layer, size):
    """The inputs that each output of a layer over lines depends on."""
    rows = layer(torch.eye(size)[:, None])[:, 0].T
    return [row.nonzero().flatten().tolist() for row in rows]


def introduced(page):
    """What the page says of itself: the parts below are checked by the last test, too."""
    sections = BODY.split("\n## ")[1:]
    answers = re.findall(r"^\*\*[^*]+\*\* (.+)", BODY, re.MULTILINE)
    page.says(
        "A few questions about your network, and for each answer the layer to take, the reason, "
        "and the lesson that shows it",
        all(section.split("\n")[0].endswith("?") for section in sections) and len(sections) == 6,
    )
    page.labels("Go through the questions in order")
    lessons = [re.search(r"lessons/[\w-]+\.ipynb", section) for section in sections]
    page.says(
        "Each answer names a layer, gives the reason, and links the lesson that shows it",
        all(lessons) and len(answers) > 14,
    )
    tastes = [words for words in ("easy to explain", "matters less than it seems") if words in BODY]
    marked = [block for block in page.blocks if "Opinion:" in block]
    page.says(
        "Where the answer is a matter of taste, it says *opinion*",
        len(tastes) == 2 and all(any(t in block for block in marked) for t in tastes),
    )


def in_a_hurry(page):
    setup = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)
    )
    page.says(
        "Opinion: repeat `nn.Conv2d(…, 3, padding=1)`, `nn.ReLU()`, `nn.MaxPool2d(2)`, and put "
        "`nn.AdaptiveAvgPool2d(1)` at the end. It is easy to explain, each pool halves the map "
        "exactly if its side is even, and any image size will do that the pools do not shrink to "
        "nothing",
        all(setup(torch.rand(1, n, n)).shape == (4, 1, 1) for n in range(2, 40))
        and refused(setup, torch.rand(1, 1, 1))
        and [n for n in range(2, 40) if 2 * setup[:3](torch.rand(1, n, n)).shape[-1] == n]
        == [*range(2, 40, 2)],
    )
    with pytest.raises(RuntimeError, match="too small"):
        setup(torch.rand(1, 1, 1))
    lesson = source_of("lessons/a-typical-setup.py")
    built = "nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),\n"
    page.says("[A typical setup] builds it", built in lesson)


def every_pixel(page):
    page.labels("Do you need an answer for every pixel?")
    pool = nn.MaxPool2d(2)
    moved = torch.eye(4).view(4, 1, 2, 2)  # one strong pixel, at each place of a window
    page.says(
        "**Yes, as in segmentation.** Pool, but keep the maps from before and bring them back by "
        "skip connections, because a pool gives the place away",
        pool(moved).unique().numel() == 1 and torch.cat([moved, moved], 1)[:, :1].equal(moved),
    )

    def fits(n):
        """Whether three halvings, doubled again, come back to the maps that were kept."""
        kept, x = [], torch.zeros(1, n, n)
        for _ in range(3):
            kept.append(x)
            x = pool(x)
        for one in reversed(kept):
            x = x.repeat_interleave(2, 1).repeat_interleave(2, 2)
            if x.shape != one.shape:
                return False
        return True

    page.says(
        "A network with three halvings then takes only sizes that are multiples of 8",
        [n for n in range(8, 65) if fits(n)] == list(range(8, 65, 8)),
    )
    dilated = nn.Conv2d(1, 1, 3, dilation=2, bias=False)
    x = torch.rand(1, 5, 5, requires_grad=True)
    dilated(x).sum().backward()
    reach = x.grad[0].nonzero()
    same = nn.Conv2d(1, 1, 3, dilation=2, padding=2)(torch.rand(1, 9, 9)).shape
    page.says(
        "**Yes, and at full size all the way.** Do not pool. Dilation sees further without "
        "shrinking: a 3×3 kernel with dilation 2 spans 5 pixels and still has 9 weights",
        (reach.max() - reach.min() + 1, weights(dilated)) == (5, 9) and same == (1, 9, 9),
    )
    whole = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1))
    page.says(
        "**No, one answer for the image.** Go on.", whole(torch.rand(1, 9, 9)).shape == (1, 1, 1)
    )


def left_of_a_window(page):
    page.labels("What should be left of a window?")
    window = torch.tensor([[[0.0, 8], [0, 0]]])
    others = torch.rand(20, 2, 2) * 8
    others[:, 0, 1] = 8
    page.says(
        "**Whether something is there.** Take `nn.MaxPool2d(2)`. It keeps the strongest number of "
        "each window, however weak the others are, so one strong edge survives",
        nn.MaxPool2d(2)(window).item() == 8
        and (nn.MaxPool2d(2)(others) == 8).all()
        and nn.AvgPool2d(2)(others).unique().numel() == 20,
    )
    kept = nn.MaxPool2d(2)(torch.arange(16.0).view(1, 4, 4)).numel()
    page.says("It throws three of four numbers away", (16 - kept) / 16 == 3 / 4)
    average = nn.AvgPool2d(2)
    page.says(
        "**How much of it is there.** Take `nn.AvgPool2d(2)`. Every number counts, so a single 8 "
        "among zeros becomes 2",
        average(window).item() == 2
        and average(2 * window).item() == 2 * average(window).item()
        and all(average(torch.eye(4)[n].view(1, 2, 2)).item() > 0 for n in range(4)),
    )
    a, b = torch.rand(2, 1, 4, 4)
    page.says(
        "It is linear, so it cannot tell one strong number from four weak ones with the same sum",
        average(window).item() == average(torch.full((1, 2, 2), 2.0)).item()
        and torch.allclose(average(3 * a + b), 3 * average(a) + average(b)),
    )
    slow, fast = (nn.Conv2d(4, 4, 3, stride=s, padding=1) for s in (1, 2))
    halved = [layer(torch.rand(4, 8, 8)).shape[-1] for layer in (fast, nn.MaxPool2d(2))]
    page.says(
        "**What the network finds useful.** Let a convolution take the stride: `nn.Conv2d(c, c, 3, "
        "stride=2, padding=1)`. It learns its weights, which a pool does not have, and on an even "
        "side it costs a quarter of the same convolution at stride 1",
        all((4 * work(fast, n) == work(slow, n)) == (n % 2 == 0) for n in range(2, 20))
        and weights(fast) > weights(nn.MaxPool2d(2)) == 0
        and halved == [4, 4],
    )
    free = nn.Conv2d(1, 1, 2, stride=2, bias=False).requires_grad_(False)
    a, b = torch.eye(4)[1].view(1, 2, 2), torch.eye(4)[2].view(1, 2, 2)
    page.says(
        "But it adds parameters, and it can never be a maximum",
        # A sum of two inputs gives the sum of their outputs; their maximum is no such sum.
        torch.allclose(free(a + b), free(a) + free(b))
        and nn.MaxPool2d(2)(a + b) != nn.MaxPool2d(2)(a) + nn.MaxPool2d(2)(b)
        and weights(free) > 0,
    )
    page.aside(
        "Opinion: this choice matters less than it seems. Try it last, and measure it with several "
        "seeds, as",
        why="it is marked as our view",
    )
    digits = source_of("lessons/trained-on-digits.py")
    page.says("[trained on digits] does", "seeds" in digits)


def shifts(page):
    page.labels("Must a small shift change little?")
    line = torch.arange(12.0)[None]
    skipped = [line[:, start::2] for start in (0, 1)]
    rates = [nn.MaxPool2d(2, stride=1)(torch.rand(1, 9, 9)).shape[-1], 8]
    torch.manual_seed(0)
    row = torch.rand(1, 1, 64)

    def changed(layer):
        """How much a shift by one pixel changes, against how much the output varies anyway."""
        old, new = layer(row), layer(row.roll(1, -1))
        return ((new - old).abs().mean() / old.std()).item()

    def gentle(x):
        blur = torch.tensor([[[1.0, 4, 6, 4, 1]]]) / 16
        return F.conv1d(F.max_pool1d(x, 2, 1), blur, stride=2)

    page.says(
        "**Yes.** Blur before you skip: take the maximum at stride 1, then a blur at stride 2",
        rates == [8, 8] and changed(gentle) < changed(nn.MaxPool1d(2)),
    )
    page.says(
        "A stride keeps whatever is in every second place, and after a shift by one pixel that is "
        "something else",
        not set(skipped[0][0].tolist()) & set(skipped[1][0].tolist()),
    )
    pool = nn.MaxPool2d(2)
    spots = torch.eye(36).view(36, 1, 6, 6)
    hidden = [
        torch.equal(pool(spots[n]), pool(spots[n + by]))
        for by, ends in ((1, 5), (6, 36))  # to the right, downwards
        for n in range(36 - by)
        if by == 6 or n % 6 != ends
    ]
    page.says(
        "A 2×2 max pool hides only some of the shifts", sum(hidden) * 2 > 0 and not all(hidden)
    )
    blurred = 2 * 5 * gentle(row).numel() + nn.MaxPool1d(2, 1)(row).numel()
    page.says(
        "**No, or shifted images are in your training set.** Take the plain pool, which costs less",
        # It compares each number once; the maximum at stride 1 alone looks twice as often.
        nn.MaxPool1d(2)(row).numel() < nn.MaxPool1d(2, 1)(row).numel() < blurred,
    )


def fitting(page):
    page.labels("Do the windows fit?")
    odd = torch.rand(1, 25, 25)
    unread = {*range(25)} - {*sum(seen(nn.MaxPool1d(2), 25), [])}
    page.says(
        "**The side is odd.** `nn.MaxPool2d(2)` loses the last row and column: 25 becomes 12. With "
        "`ceil_mode=True` it becomes 13",
        [nn.MaxPool2d(2, ceil_mode=up)(odd).shape[-1] for up in (False, True)] == [12, 13]
        and unread == {24},
    )
    low = torch.full((1, 4, 4), -5.0)
    page.says(
        "**You need a border.** A max pool pads with minus infinity, so its border never wins",
        (nn.MaxPool2d(3, 1, 1)(low) == -5).all()
        and nn.MaxPool2d(3, 1, 1)(-1e30 * torch.ones(1, 4, 4)).max() < -1e29,
    )
    ones = torch.ones(1, 4, 4)
    inside = nn.AvgPool2d(3, 1, 1)(ones)[0, 1:-1, 1:-1]
    page.says(
        "An average pool counts zeros, which dims the rim: set `count_include_pad=False`",
        nn.AvgPool2d(3, 1, 1)(ones).min() < 0.5
        and (inside == 1).all()
        and (nn.AvgPool2d(3, 1, 1, count_include_pad=False)(ones) == 1).all(),
    )
    cases = [(n, out) for n in range(2, 13) for out in range(2, n)]
    uneven = []
    for n, out in cases:
        read = seen(nn.AdaptiveAvgPool1d(out), n)
        overlap = len(sum(read, [])) > n
        uneven.append(overlap or len({len(one) for one in read}) > 1)
    page.says(
        "**You know the size that must come out.** Take an adaptive pool. If the output's size "
        "does not divide the input's, its windows overlap or differ in size",
        uneven == [n % out > 0 for n, out in cases]
        and {len(seen(nn.AdaptiveAvgPool1d(5), n)) for n in range(5, 12)} == {5},
    )


def ends(page):
    page.labels("What comes at the end?")
    flat, pooled = (nn.Linear(n, 10, bias=False, device="meta") for n in (512 * 7 * 7, 512))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 10))
    page.says(
        "**A score for each class.** Take `nn.AdaptiveAvgPool2d(1)` before the linear layer. It "
        "takes any image size, and after it 512 maps of 7×7 need 49 times fewer weights than after "
        "flattening",
        weights(flat) == 49 * weights(pooled)
        and all(head(torch.rand(1, 3, n, 9)).shape == (1, 10) for n in (1, 5, 32)),
    )
    finds = []
    for side in (4, 16):
        found = torch.zeros(1, side, side)
        found[0, :2, :2] = 8
        finds.append((nn.AdaptiveAvgPool2d(1)(found).item(), nn.AdaptiveMaxPool2d(1)(found).item()))
    page.says(
        "**Whether one small thing is anywhere.** Take `nn.AdaptiveMaxPool2d(1)`. The average of a "
        "find thins out as the image grows, the maximum stays",
        finds[1][0] < finds[0][0] and finds[1][1] == finds[0][1] == 8,
    )
    noisy = torch.zeros(1, 9, 9)
    noisy[0, 4, 4] = 100
    page.says(
        "But one noisy pixel is enough to fool it", nn.AdaptiveMaxPool2d(1)(noisy).item() == 100
    )
    lesson = source_of("lessons/adaptive-and-global-pooling.py")
    both = ("nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveMaxPool2d(1)")
    page.says("Both are in [adaptive and global pooling]", all(one in lesson for one in both))
    x = torch.rand(1, 2, 2, dtype=torch.float64)

    def mean(power):
        return (x**power).mean() ** (1 / power)

    powers = torch.stack([mean(power) for power in (1, 2, 5, 20, 400)])
    learned = torch.tensor(3.0, requires_grad=True)
    mean(learned).backward()
    page.says(
        "**Something in between.** Take a generalised mean with a learned power, because it goes "
        "from the average to the maximum as the power grows",
        powers[0] == x.mean()
        and (powers.diff() > 0).all()
        and 1 > powers[-1] / x.max() > 0.99
        and learned.grad != 0,
    )
    spots = torch.eye(25).view(25, 1, 5, 5)
    layers = (nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1))
    page.says(
        "**The place matters.** Flatten, and accept one image size, because a global pool forgets "
        "where things were",
        all(layer(spots).unique().numel() == 1 for layer in layers)
        and spots.flatten(1).unique(dim=0).shape[0] == 25
        and refused(nn.Sequential(nn.Flatten(), nn.Linear(25, 2)), torch.rand(1, 1, 6, 6)),
    )


def back_up(page):
    page.labels("If torch refuses your choice, look for its words in [error messages]")
    page.labels("Do you have to come back up?")
    x = torch.rand(1, 5, 5)
    values, places = nn.MaxPool2d(2, return_indices=True)(x)
    back = nn.MaxUnpool2d(2)(values, places, output_size=(5, 5))
    # The same two values come from maxima at other places.
    other = torch.tensor([[[1.0, 0], [0, 0]], [[0.0, 0], [0, 1]]])
    page.says(
        "**To where each maximum was.** Ask the pool for `return_indices=True` and give the "
        "indices to `nn.MaxUnpool2d`, with `output_size`, because values alone do not say where "
        "they came from",
        back.shape == x.shape
        and (back[back > 0] == x[back > 0]).all()
        and (back > 0).sum() == values.numel()
        and nn.MaxUnpool2d(2)(values, places.clamp(max=15)).shape == (1, 4, 4)
        and nn.MaxPool2d(2)(other).unique().numel() == 1,
    )
    page.labels("**To a smooth and large map.** Resize, then convolve")
    sizes = (2, 3, 4, 5)
    ones = [plain_inside(torch.ones(1, 1, k, k)) for k in sizes]
    torch.manual_seed(0)
    uneven = [plain_inside(torch.rand(1, 1, k, k)) for k in sizes]
    resized = F.interpolate(torch.ones(1, 1, 9, 9), scale_factor=2)
    page.says(
        "A transposed convolution can draw a checkerboard, and surely starts with one unless its "
        "kernel is a multiple of its stride",
        ones == [k % 2 == 0 for k in sizes]
        and not any(uneven)
        and F.conv2d(resized, torch.rand(1, 1, 3, 3)).std() < 1e-5,
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
