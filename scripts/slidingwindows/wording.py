"""Sentences about a whole Trace that figures and transcripts share."""

from __future__ import annotations

from .geometry import Axis
from .trace import Trace


def size_words(trace: Trace) -> list[str]:
    """How the output's size comes about: one line, or one for each axis that differs."""
    axes = [("height", trace.geometry.rows), ("width", trace.geometry.cols)]
    if trace.dims == 1:
        return [f"size: {_formula(trace, trace.geometry.cols, 1)}"]
    if trace.depth:
        axes.insert(0, ("depth", trace.depth))
    if all(axis == axes[0][1] for _, axis in axes) and len(set(trace.stretch)) == 1:
        return [f"size: {_formula(trace, axes[0][1], 0)}"]
    which = {"depth": None, "height": 0, "width": 1}
    return [f"{name}: {_formula(trace, axis, which[name])}" for name, axis in axes]


def _formula(trace: Trace, axis, which: int | None) -> str:
    if not trace.operation.startswith("ConvTranspose") or not isinstance(axis, Axis):
        return axis.formula()
    # (i − 1)·s − 2p + d(k − 1) + output_padding + 1
    stride = trace.stretch[which]
    size = (axis.size - 1) // stride + 1
    padding = axis.extent - 1 - axis.padding[0]
    extra = axis.padding[1] - axis.padding[0]
    text = f"({size} − 1)·{stride}" + (f" − 2·{padding}" if padding else "")
    kernel = axis.kernel_size
    text += f" + {axis.dilation}·({kernel} − 1)" if axis.dilation > 1 else f" + {kernel} − 1"
    text += f" + {extra}" if extra else ""
    return f"{text} + 1 = {axis.output_size}"


def padding_words(trace: Trace) -> str:
    """What the padding holds, for the legend."""
    if trace.padding_mode != "zeros":
        return f"padding ({trace.padding_mode})"
    if not trace.counts_padding:
        return "padding is not counted"
    return "padding holds " + ("−∞" if trace.kind == "max" else "0")


def padded(trace: Trace) -> bool:
    """True if any of the planes has padding."""
    axes = (trace.geometry.rows, trace.geometry.cols)
    deep = any(trace.is_padding(0, 0, p) for p in range(len(trace.planes)))
    return deep or any(any(axis.padding) for axis in axes)
