"""The commands ``draw``, ``trace`` and ``conv-arithmetic``, once their arguments are parsed."""

from __future__ import annotations

import sys
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..core.figures import MAX_SIDE
from ..core.text import json_text
from ..drawing.animation import item_steps
from ..drawing.scene import MAX_FRAMES
from ..export.encoding import MOVING, TEXT, contents, format_of
from ..export.save import destination, save
from ..export.still import MOST, MOST_SLIDES
from ..words.terminal import listing


def figure_of(options, pictured: bool = False):
    """The Trace or Transfer that the arguments describe.

    pictured: whether it is to be drawn; if so, inputs beyond MAX_SIDE are refused.
    """
    import torch
    from torch import nn
    from torch.nn.parameter import is_lazy

    from ..tracing.parsing import make_module
    from ..tracing.route import route
    from ..tracing.slide import slide, tracer_of
    from ..tracing.values import generator, input_for, weigh

    module, rng = make_module(options.call), generator(options.seed, use=1)
    x = input_for(module, options.input, options.values, options.seed, options.low, options.high)
    dims = tracer_of(module)[0]
    if any(is_lazy(parameter) for parameter in module.parameters()):
        module = make_module(options.call, x.shape[-dims - 1])
    weigh(module, options.weights, options.bias, rng)
    if pictured and max(x.shape[-2:]) > MAX_SIDE:
        raise SlidingWindowsError(
            f"a figure draws inputs of up to {MAX_SIDE}x{MAX_SIDE}, not "
            f"{'x'.join(map(str, x.shape))}; trace, json and txt take larger ones"
        )
    chosen = {"channel": options.channel, "sample": options.sample, "depth": options.depth}
    if isinstance(module, nn.FractionalMaxPool2d | nn.FractionalMaxPool3d):
        batch = x.shape[0] if x.dim() == dims + 2 else 1
        samples = torch.rand(1, 1, dims, generator=rng)
        module._random_samples = samples.expand(batch, x.shape[-dims - 1], dims)
    if isinstance(module, nn.MaxUnpool1d | nn.MaxUnpool2d | nn.MaxUnpool3d):
        return _unpooled(module, x, chosen, options)
    return route(module, x, **chosen) if options.backward else slide(module, x, **chosen)


def _unpooled(module, x, chosen: dict, options):
    """Unpooling needs pooled numbers: the input is pooled first, then unpooled."""
    from torch import nn

    from ..tracing.slide import slide, tracer_of

    if options.backward:
        raise SlidingWindowsError(
            f"{type(module).__name__} only moves numbers: a gradient takes the same paths back"
        )
    dims = tracer_of(module)[0]
    kind = getattr(nn, f"MaxPool{dims}d")
    pool = kind(module.kernel_size, module.stride, module.padding, return_indices=True)
    try:
        pooled, indices = pool(x)
    except (RuntimeError, ValueError, TypeError) as error:
        raise SlidingWindowsError(
            f"torch says: {str(error).splitlines()[0]}", options.call
        ) from error
    return slide(module, pooled, indices=indices, output_size=x.shape[-dims:], **chosen)


def draw(options) -> None:
    """Write one figure to a file or to the standard output, and say what was made."""
    looks = (options.theme, options.width, options.frame_time)
    if options.output == "-":
        kind = format_of(options.format or "txt")
        if kind not in TEXT and sys.stdout.isatty():
            raise SlidingWindowsError(
                f"refusing to write a {kind} to a terminal; name a file after -o"
            )
        sys.stdout.buffer.write(contents(figure_of(options, kind not in TEXT), kind, *looks))
        sys.stdout.buffer.flush()
        return
    kind = destination(Path(options.output), options.format)  # before anything takes time
    figure = figure_of(options, kind not in TEXT)
    path = save(figure, options.output, *looks, format=kind)
    print(f"{path}: {path.stat().st_size / 1000:,.1f} kB{_left_out(figure, kind)}")


def _left_out(figure, kind: str) -> str:
    """A note on the windows that a picture leaves out, if there are too many."""
    count = len(item_steps(figure))
    shown = {"png": MOST, "zip": MOST_SLIDES}.get(kind, count)
    if count > shown:
        return f", {shown} of {count:,} windows"
    if kind in MOVING and count > MAX_FRAMES:
        return f", one of every {-(-count // MAX_FRAMES)} of {count:,} windows"
    return ""


def trace(options) -> None:
    """Print every step."""
    figure = figure_of(options)
    print(json_text(figure.to_dict()) if options.json else "\n".join(listing(figure)))


def conv_arithmetic(options) -> None:
    """Write the 19 animations of the guide to a folder."""
    from ..tracing.conv_arithmetic import ANIMATIONS, animation

    folder, ending = Path(options.output), format_of(options.format or "gif")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SlidingWindowsError(f"{folder} cannot be created: {error.strerror}") from error
    for row in ANIMATIONS:
        path = folder / f"{row.name}.{ending}"
        save(animation(row.name), path, options.theme, options.width, options.frame_time)
        print(f"{path}: {row.call} on {row.i}×{row.i}", flush=True)
