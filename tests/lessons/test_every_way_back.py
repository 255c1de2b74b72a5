"""lessons/every-way-back.py: each figure is the one of the test's own module on the test's own
input, and what the page says of it is computed."""

import ast
from collections import Counter

import numpy as np
import torch
from lesson_run import LESSONS
from torch import nn

from slidingwindows import funnel, receptive_field, route, slide
from slidingwindows.core.figures import MAX_SIDE
from slidingwindows.drawing.forward import Drawing


def drawn(*shape, seed, below=10):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, below, shape, generator=generator).float()


def kernel():
    """Weights of −1, 0, 1 and 2."""
    layer = nn.Conv2d(1, 1, 3, bias=False)
    layer.weight.data = drawn(1, 1, 3, 3, seed=9, below=4) - 1
    return layer


def hill():
    """A hump of 32×32 shades of grey, highest in the middle."""
    side = torch.linspace(-1, 1, 32)
    return (torch.exp(-3 * (side[:, None] ** 2 + side[None] ** 2)) * 99).round()[None]


def numbers(side: int) -> bool:
    """Whether a figure of this size holds numbers."""
    x = torch.randint(0, 10, (1, side, side)).float()
    return Drawing(slide(nn.MaxPool2d(2), x)).layout.font_size > 0


def gradient(layer, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(layer(x).sum(), x)[0]


def small_and_whole(layers):
    """Weights and biases of at most 2, and of whole numbers they make whole sums."""
    numbers = torch.cat([p.flatten() for layer in layers for p in layer.parameters()])
    sums = torch.cat([layer(drawn(2, 5, 5, seed=1)) for layer in layers])
    return numbers.unique().tolist() == [-1, 0, 1, 2] and torch.equal(sums, sums.round())


def test_every_claim(page):
    gradients(page)
    unpooling(page)
    unfold_and_fold(page)
    shades(page)
    networks(page)
    kinds = [getattr(figure.item, "kind", "") for figure in page.run.figures.values()]
    in_order = kinds == ["gradient"] * 3 + ["unpool", "unfold", "fold", "max", "", ""]
    page.says("# Every way back, and networks", "gradient" in kinds and kinds[-1] == "")
    calls = Counter(
        node.func.id
        for cell in page.run.lesson.code
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    made = [calls[name] for name in ("route", "slide", "receptive_field", "funnel", "show")]
    page.says(
        "Every way back, and networks One figure each for the gradients of pools and convolutions, "
        "for unpooling, unfolding and folding, for large inputs and whole networks, with the call",
        in_order and made == [3, 4, 1, 1, len(kinds)],
    )
    nav = (LESSONS.parent / "mkdocs.yml").read_text("utf-8")
    page.says(
        "The second half of the collection that begins with [every window in torch]: what goes "
        "back through a layer, and layers on layers",
        in_order and "every-window.ipynb\n      - lessons/every-way-back.ipynb\n" in nav,
    )
    first, own = (imports_of(LESSONS / f"every-{name}.py") for name in ("window", "way-back"))
    page.says(
        "`slide` and `show` are the same as before",
        all(first[name] == own[name] for name in ("slide", "show")),
    )
    page.labels("Open this network in the network calculator]", "and see what that costs")
    page.complete()


def imports_of(path):
    """{name: the module it comes from}"""
    return {
        name.asname or name.name: node.module
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def gradients(page):
    whole = page.names["whole"]
    assert torch.equal(whole(nn.Conv2d(1, 1, 3, bias=False), 9).weight, kernel().weight)
    page.says(
        "Small whole weights, so that sums can be followed",
        small_and_whole([whole(nn.Conv2d(2, 3, 3), seed) for seed in range(4)]),
    )
    cases = {
        "every-gradient-max": (nn.MaxPool2d(2, stride=1), drawn(1, 4, 4, seed=23, below=5)),
        "every-gradient-average": (nn.AvgPool2d(2), drawn(1, 4, 4, seed=24)),
        "every-gradient-convolution": (kernel(), drawn(1, 4, 4, seed=25, below=6)),
    }
    for name, (module, x) in cases.items():
        page.draws(name, route(module, x))
        assert np.allclose(page.figure(name).target, gradient(module, x)[0])
    largest, average, weighed = map(page.figure, cases)
    page.says(
        "`route` sends a gradient back and records where it goes",
        all(np.allclose(sums_of(figure), figure.target) for figure in (largest, average, weighed)),
    )
    x = cases["every-gradient-max"][1]
    winners = [
        divmod(n, 4) for n in nn.MaxPool2d(2, 1, return_indices=True)(x)[1].flatten().tolist()
    ]
    page.says(
        "In the backward pass a max pool hands each gradient to its winner. Where windows overlap, "
        "gradients add up",
        [(w.row, w.col) for move in largest.moves for w in move.writes] == winners
        and len(set(winners)) < len(winners)
        and np.max(largest.target) > 1,
    )
    page.says(
        "The gradient of a max pool: all or nothing",
        [[w.amount for w in move.writes] for move in largest.moves] == [[1]] * 9,
    )
    shares = [[w.amount for w in move.writes] for move in average.moves]
    page.says(
        "An average pool spreads it: The gradient of an average pool: equal shares",
        shares == [[1 / 4] * 4] * 4,
    )
    weights = kernel().weight.flatten().tolist()
    arrived = drawn(1, 2, 2, seed=3) + 1
    sent = route(kernel(), cases["every-gradient-convolution"][1], gradient=arrived[0])
    pairs = [
        ([w.amount for w in move.writes], [amount * weight for weight in weights])
        for figure, amounts in ((weighed, [1] * 4), (sent, arrived.flatten().tolist()))
        for move, amount in zip(figure.moves, amounts, strict=True)
    ]
    page.says(
        "A convolution weighs it: The gradient of a convolution: each window receives the kernel, "
        "times what arrived",
        len(pairs) == 8 and all(np.allclose(*pair) for pair in pairs),
    )


def sums_of(figure):
    """What all the recorded moves of a gradient add up to."""
    total = np.zeros((4, 4))
    for move in figure.moves:
        for write in move.writes:
            total[write.row, write.col] += write.amount
    return total


def unpooling(page):
    x = drawn(1, 4, 4, seed=26)
    values, indices = nn.MaxPool2d(2, return_indices=True)(x)
    page.draws("every-unpool", slide(nn.MaxUnpool2d(2), values, indices=indices))
    target = torch.zeros(16)
    target[indices.flatten()] = values.flatten()
    back = x.flatten()[indices.flatten()]
    page.says(
        "`MaxUnpool2d` puts each number back to the place it came from",
        torch.equal(back, values.flatten())
        and np.array_equal(page.figure("every-unpool").target, target.reshape(4, 4)),
    )
    page.says(
        "Each number goes where its index says. The rest is 0",
        np.array_equal(page.figure("every-unpool").target, target.reshape(4, 4)),
    )


def unfold_and_fold(page):
    x = drawn(1, 4, 4, seed=27)
    page.draws("every-unfold", slide(nn.Unfold(2), x))
    columns = x[0].unfold(0, 2, 1).unfold(1, 2, 1).reshape(9, 4).T
    unfolded = page.figure("every-unfold")
    page.says("`Unfold` writes each window as a column", np.array_equal(unfolded.target, columns))
    page.says(
        "Nine windows of four numbers: a 4×9 matrix",
        (len(unfolded.moves), len(unfolded.moves[0].reads)) == (9, 4)
        and np.shape(unfolded.target) == (4, 9),
    )
    weight = torch.rand(1, 1, 2, 2)
    product = weight.reshape(1, 4) @ columns
    page.says(
        "With it, a convolution becomes one product of matrices",
        torch.allclose(product.reshape(1, 3, 3), nn.functional.conv2d(x, weight)),
    )
    columns = drawn(4, 9, seed=28, below=5)
    page.draws("every-fold", slide(nn.Fold((4, 4), 2), columns))
    added = torch.zeros(4, 4)
    for place, column in enumerate(columns.T):
        row, col = divmod(place, 3)
        added[row : row + 2, col : col + 2] += column.reshape(2, 2)
    folded = page.figure("every-fold")
    page.says(
        "`Fold` goes back, and adds where windows overlap", np.array_equal(folded.target, added)
    )
    back = nn.Fold((4, 4), 2)(nn.Unfold(2)(x[None]))[0]
    page.says(
        "Overlapping windows add up: Fold is not the inverse of Unfold",
        sum(len(move.writes) for move in folded.moves) > 16 and not torch.equal(back, x),
    )


def shades(page):
    page.says("Larger than numbers", not numbers(32))
    page.says("Up to about 16×16 the cells hold numbers", numbers(16) and not numbers(20))
    page.says("Beyond that, and up to 64×64, they hold shades", MAX_SIDE == 64)
    page.draws("every-shades", slide(nn.MaxPool2d(4), hill()))
    page.says(
        "32×32 under a 4×4 window: the same animation, in shades",
        page.figure("every-shades").input_shape == (1, 32, 32)
        and page.figure("every-shades").geometry.rows.kernel_size == 4
        and Drawing(page.figure("every-shades")).layout.font_size == 0,
    )


def networks(page):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3), nn.ReLU()]
        network = nn.Sequential(*layers, nn.MaxPool2d(2))
    field, stages = receptive_field(network, (1, 24, 24)), funnel(network, hill())
    page.prints("print(field.table())", field.table())
    page.draws("every-receptive-field", field)
    sizes = by_hand(layers + [nn.MaxPool2d(2)])
    page.says(
        "Windows on windows see more and more of the input",
        sizes == [int(layer.sees()) for layer in field.layers] == sorted(sizes) and sizes[-1] == 10,
    )
    page.says(
        "What the middle output sees of a 24×24 input, layer by layer",
        field.input_shape == (1, 24, 24) and measured(network) == sizes[-1],
    )
    page.says(
        "`receptive_field` calculates how much, measures it by gradient, and draws it",
        int(field.layers[-1].sees())
        == measured(network)
        == sizes[-1]
        == len(field.measured[0])
        == len(field.measured[1]),
    )
    page.prints("print(stages.table())", stages.table())
    page.draws("every-funnel", stages)
    shapes, x = [(1, 32, 32)], hill()
    for layer in network:
        x = layer(x)
        shapes.append(tuple(x.shape))
    page.says(
        "The same network on a 32×32 input, to scale",
        [tuple(stage.shape) for stage in stages.stages] == shapes and shapes[-1] == (8, 6, 6),
    )
    products = 4 * 9 * 30 * 30 + 8 * 4 * 9 * 13 * 13
    parameters = sum(p.numel() for p in network.parameters())
    page.says(
        "`funnel` counts what each layer makes, and what it costs. MACs are [multiply-accumulates]",
        "MACs" in page.output("print(stages.table())")
        and page.numbers("print(stages.table())")[-2:] == [parameters, products],
    )


def by_hand(layers):
    """The receptive field behind each layer, by the recurrence."""
    sizes, size, jump = [], 1, 1
    for layer in layers:
        if not isinstance(layer, nn.ReLU):
            kernel, stride = (
                [n] if isinstance(n, int) else n for n in (layer.kernel_size, layer.stride)
            )
            size, jump = size + (kernel[0] - 1) * jump, jump * stride[0]
        sizes.append(size)
    return sizes


def measured(network):
    """How many columns of the input the gradient of a middle output reaches, at most."""
    reached = set()
    for seed in range(20):
        x = drawn(1, 24, 24, seed=seed).requires_grad_()
        out = network(x)[:, 1, 1].sum()
        reached |= set(torch.autograd.grad(out, x)[0].nonzero()[:, 2].tolist())
    return max(reached) - min(reached) + 1
