"""How the glossary is held to account, entry by entry, and how one sees what a layer reads.

An entry is a text of its own, so that no definition can stand under another's heading. Most layers
are linear: what they read is seen by giving them the rows of an identity matrix.
"""

import inspect
import re

import numpy as np
import onnx
import torch
from doc_words import ROOT, Words, blocks_of, names_lessons
from torch import nn

TEXT = (ROOT / "docs" / "reference" / "glossary.md").read_text("utf-8")
HEAD, *ENTRIES = re.split(r"^## ", TEXT, flags=re.MULTILINE)
ENTRY = re.compile(r"(.+?) \{ #[\w-]+ \}\n(?:\*Also: (.+?)\*\n)?\n(.+)", re.DOTALL)
# Each entry's other names and its text, by its heading.
READ = {found[1]: (found[2], found[3]) for found in map(ENTRY.fullmatch, ENTRIES)}
PROVED = set()


def entry(heading: str, also: str | None = None):
    """Makes a test of a function that proves what stands under this heading.

    also: the entry's other names.
    """
    assert heading not in PROVED, f"{heading} is proved twice"
    PROVED.add(heading)

    def made(proof):
        def test():
            names, text = READ[heading]
            assert names == also
            words = Words(f"glossary, {heading}", blocks_of(text))
            with torch.random.fork_rng():
                torch.manual_seed(0)
                proof(words)
            names_lessons(words, text)
            words.complete()

        return test

    return made


# ---- how a layer is looked at


def parameters_of(layer) -> set[str]:
    """The names of the arguments that a function or a module's constructor takes."""
    try:
        return {*inspect.signature(layer).parameters}
    except ValueError:  # one that is written in C
        return set()


def matrix(layer, size: int):
    """What a layer over lines makes of each single one: rows are outputs, columns inputs."""
    with torch.no_grad():
        return layer(torch.eye(size)[:, None])[:, 0].T


def reads(layer, size: int) -> list[list[int]]:
    """The inputs that each output of a layer over lines depends on."""
    return [row.nonzero().flatten().tolist() for row in matrix(layer, size)]


def plain(kernel_size, **settings):
    """A convolution over lines whose weights are all one."""
    layer = nn.Conv1d(1, 1, kernel_size, bias=False, **settings)
    return filled(layer, 1)


def filled(layer, value):
    with torch.no_grad():
        layer.weight.fill_(value)
    return layer


def line(size: int):
    return torch.arange(float(size))[None]


def plane(*size: int):
    return torch.arange(float(np.prod(size))).reshape(1, *size)


def windows(x, size: int, stride: int = 1):
    """Every window of a plane of channels, by slicing: (rows, columns, channels, size, size)."""
    starts = range(0, x.shape[1] - size + 1, stride), range(0, x.shape[2] - size + 1, stride)
    return [[x[:, r : r + size, c : c + size] for c in starts[1]] for r in starts[0]]


def over_windows(x, size: int, stride: int, function):
    """One number for each channel of each window, as a plane of channels."""
    rows = [[function(w.flatten(1)) for w in row] for row in windows(x, size, stride)]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def wave(turns: float, size: int, phase: float = 0.0):
    return torch.cos(2 * torch.pi * turns * torch.arange(size, dtype=torch.float64) / size + phase)


def spectrum(x) -> list[int]:
    """How many turns the waves have that a row of numbers is made of."""
    return (torch.fft.rfft(x).abs() > 1e-6 * len(x)).nonzero().flatten().tolist()


def onnx_max_pool(x, kernel_size: int, stride: int | None = None, **settings):
    """A max pool over lines as ONNX means it; without a stride, with ONNX's own."""
    import onnxruntime  # a quarter of a second, and few entries need it

    settings |= {"kernel_shape": [kernel_size]} | ({"strides": [stride]} if stride else {})
    node = onnx.helper.make_node("MaxPool", ["x"], ["y"], **settings)
    ends = [onnx.helper.make_tensor_value_info(name, 1, [1, 1, None]) for name in "xy"]
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "pool", ends[:1], ends[1:]),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return torch.tensor(session.run(None, {"x": x.numpy()})[0])


def refuses(call, *arguments, **settings) -> bool:
    try:
        call(*arguments, **settings)
    except (RuntimeError, TypeError, ValueError):
        return True
    return False


def close(a, b) -> bool:
    """Equal in shape, and in numbers but for rounding."""
    return a.shape == b.shape and torch.allclose(a, b, atol=1e-5)


POOLS = [
    *(pool(2) for pool in (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)),
    *(pool(2) for pool in (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)),
    *(pool(2, 2) for pool in (nn.LPPool1d, nn.LPPool2d, nn.LPPool3d)),
    *(pool(2) for pool in (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)),
    *(pool(2) for pool in (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)),
    *(pool(2, output_size=2) for pool in (nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)),
]


def none_has_weights() -> bool:
    return [sum(p.numel() for p in pool.parameters()) for pool in POOLS] == [0] * len(POOLS)
