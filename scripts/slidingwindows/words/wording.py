"""Sentences about a whole Trace that figures and transcripts share."""

from __future__ import annotations

from ..core.geometry import AnyAxis, UnevenAxis
from ..core.text import number
from ..core.trace import Trace


def size_words(trace: Trace) -> list[str]:
    """How the output's size comes about: one line, or one for each axis that differs."""
    axes: dict[str, tuple[AnyAxis, int | None]] = {
        "height": (trace.geometry.rows, 0),
        "width": (trace.geometry.cols, 1),
    }
    if trace.dims == 1:
        del axes["height"]
    if trace.depth:
        axes = {"depth": (trace.depth, None), **axes}
    names: dict[str, list[str]] = {}
    for name, axis in axes.items():
        names.setdefault(_formula(trace, *axis), []).append(name)
    if len(names) == 1:
        return [f"size: {formula}" for formula in names]
    return [f"{' and '.join(equal)}: {formula}" for formula, equal in names.items()]


def _formula(trace: Trace, axis: AnyAxis, which: int | None) -> str:
    if isinstance(axis, UnevenAxis):
        return _uneven(axis)
    if not trace.operation.startswith("ConvTranspose"):
        return axis.formula()
    # (i − 1)·s − 2p + d(k − 1) + output_padding + 1
    stride = trace.depth_stretch if which is None else trace.stretch[which]
    size = (axis.size - 1) // stride + 1
    before, after = (pad - crop for pad, crop in zip(axis.padding, axis.crop, strict=True))
    padding, extra = axis.extent - 1 - before, after - before
    text = f"({size} − 1)·{stride}" + (f" − 2·{padding}" if padding else "")
    kernel = axis.kernel_size
    text += f" + {axis.dilation}·({kernel} − 1)" if axis.dilation > 1 else f" + {kernel} − 1"
    text += f" + {extra}" if extra else ""
    return f"{text} + 1 = {axis.output_size}"


def _uneven(axis: UnevenAxis) -> str:
    # Shorter than axis.formula(), for the figure shows the windows by rulers.
    if axis.rule == "fractional":
        return f"{axis.output_size} windows of {axis.extent} at random places"
    size, out = axis.size, axis.output_size
    return f"window j is ⌊j·{size}/{out}⌋ ≤ i < ⌈(j + 1)·{size}/{out}⌉"


def padding_words(trace: Trace) -> str:
    """What the cells that are not the input's own hold, for the legend."""
    if trace.operation.startswith("ConvTranspose"):
        strides = sorted({*trace.stretch, trace.depth_stretch} - {1})
        if not strides:
            return "zeros put around"
        around = "around and " if padded(trace) else ""
        by = f"stride {strides[0]}" if len(strides) == 1 else "the strides"
        return f"zeros put {around}between, by {by}"
    if trace.padding_mode != "zeros":
        return f"padding ({trace.padding_mode})"
    if not trace.counts_padding:
        return "padding is not counted"
    return f"padding holds {number(trace.reduction.padding)}"


def padded(trace: Trace) -> bool:
    """True if any of the planes has padding."""
    axes = (trace.geometry.rows, trace.geometry.cols)
    deep = any(trace.is_padding(0, 0, p) for p in range(len(trace.planes)))
    return deep or any(any(axis.padding) for axis in axes)
