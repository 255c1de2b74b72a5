"""What ``draw``, ``trace`` and ``conv-arithmetic`` do, once their arguments are read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .errors import SlidingWindowsError
from .saving import contents, save, words


def figure_of(options):
    """The Trace or Transfer that the arguments describe."""
    from torch import nn

    from .gradients import route
    from .operations import slide
    from .parsing import make_module
    from .values import input_for, weigh

    module = make_module(options.call)
    weigh(module, options.weights, options.seed)
    x = input_for(module, options.input, options.values, options.seed)
    chosen = {"channel": options.channel, "sample": options.sample, "depth": options.depth}
    if isinstance(module, nn.FractionalMaxPool2d):
        batch = x.shape[0] if x.dim() == 4 else 1
        module._random_samples = module._random_samples.expand(batch, x.shape[-3], 2)
    if options.backward:
        return route(module, x, **chosen)
    if isinstance(module, nn.MaxUnpool2d):
        # What is unpooled must have been pooled: the input is what goes into that pool.
        pool = nn.MaxPool2d(module.kernel_size, module.stride, module.padding, return_indices=True)
        try:
            pooled, indices = pool(x)
        except (RuntimeError, ValueError) as error:
            raise SlidingWindowsError(f"torch says: {error}", options.call) from error
        return slide(module, pooled, indices=indices, output_size=x.shape[-2:], **chosen)
    return slide(module, x, **chosen)


def draw(options) -> None:
    """Write one figure to a file, or data and words to the standard output."""
    figure = figure_of(options)
    looks = (options.theme, options.width, options.frame_time)
    if options.output == "-":
        data = contents(figure, options.format or "txt", *looks)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = save(figure, options.output, *looks, format=options.format)
    print(f"{path}: {path.stat().st_size / 1000:,.1f} kB")


def trace(options) -> None:
    """Print every step."""
    figure = figure_of(options)
    if options.json:
        print(json.dumps(figure.to_dict(), indent=1, ensure_ascii=False))
        return
    print("\n".join(words(figure)))


def conv_arithmetic(options) -> None:
    """Write the 19 animations of the guide to a folder."""
    from .conv_arithmetic import ANIMATIONS, animation

    folder = Path(options.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SlidingWindowsError(f"{folder} cannot be made: {error.strerror}") from error
    for row in ANIMATIONS:
        figure = animation(row.name)
        ending = options.format or "gif"
        path = folder / f"{row.name}.{ending}"
        save(figure, path, options.theme, options.width, options.frame_time)
        print(f"{path}: {row.call} on {row.i}×{row.i}", flush=True)
