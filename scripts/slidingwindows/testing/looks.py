"""How a plot looks: what its numbers alone do not say, in lines that a record can keep.

Colours, limits, places of texts, what is visible: with other ones the same numbers make another
picture, and words such as "bright lines on black" become untrue.
"""

from itertools import groupby

import numpy as np
from matplotlib import colors
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure


def looks(figure: Figure) -> list[str]:
    """One line for each axes, image, line, group, shape, text and legend, in order."""
    lines = []
    for axes in figure.axes:
        lines.append(_axes(axes))
        lines += [f"  image {_mapped(image)}" for image in axes.get_images()]
        lines += [f"  line {_line(line)}" for line in axes.get_lines()]
        lines += [f"  group {_group(group)}" for group in axes.collections]
        lines += [f"  shape {_patch(patch)}" for patch in axes.patches]
        lines += [f"  text {_text(text)}" for text in axes.texts]
    for legend in figure.legends:
        lines.append(f"legend of all: {', '.join(text.get_text() for text in legend.get_texts())}")
    # Many equal ones after one another are one line.
    counted = [(line, len(list(same))) for line, same in groupby(lines)]
    return [f"{line} ×{count}" if count > 1 else line for line, count in counted]


def _number(value: float) -> str:
    """To two digits, so that the last bits of another processor change nothing."""
    return f"{float(value):.2g}"


def _colour(value: object) -> str:
    try:
        return colors.to_hex(value, keep_alpha=True)
    except ValueError:
        return "none"


def _seen(artist) -> str:
    """Whether it can be seen at all, and how far it is let through."""
    alpha = artist.get_alpha()
    hidden = "" if artist.get_visible() else " hidden"
    return hidden + ("" if alpha is None else f" alpha {np.round(np.ravel(alpha)[:3], 2)}")


def _axes(axes) -> str:
    limits = [
        "auto" if auto else " to ".join(map(_number, ends))
        for auto, ends in (
            (axes.get_autoscalex_on(), axes.get_xlim()),
            (axes.get_autoscaley_on(), axes.get_ylim()),
        )
    ]
    ends = [axes.xaxis_inverted(), axes.yaxis_inverted()]
    scales = f"{axes.get_xscale()} {axes.get_yscale()}"
    return (
        f"axes {limits[0]} by {limits[1]}, inverted {ends}, {scales},"
        f" aspect {axes.get_aspect()}, on {_colour(axes.get_facecolor())},"
        f" frame {axes.axison} {[spine.get_visible() for spine in axes.spines.values()]}"
        f"{_seen(axes)}"
    )


def _mapped(artist: ScalarMappable) -> str:
    """The colours of an image or a mesh from its least to its largest number, and these."""
    values = np.ma.asarray(artist.get_array()).astype(float).filled(np.nan)
    if values.ndim == 3:
        return f"in its own colours{_seen(artist)}"
    ends = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0, 0)
    own = np.allclose(artist.get_clim(), ends)
    between = "its own numbers" if own else " to ".join(map(_number, artist.get_clim()))
    shades = [_colour(artist.get_cmap()(part)) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return (
        f"{' '.join(shades)}, bad {_colour(artist.get_cmap().get_bad())}, {between}{_seen(artist)}"
    )


def _line(line) -> str:
    marker = line.get_marker()
    return (
        f"{line.get_label()!r} {line.get_linestyle()} {_colour(line.get_color())}"
        f" width {line.get_linewidth():g} marker {marker}{_seen(line)}"
    )


def _group(group) -> str:
    if group.get_array() is not None:
        return _mapped(group)
    faces = {_colour(face) for face in group.get_facecolor()[:50]}
    edges = {_colour(edge) for edge in group.get_edgecolor()[:50]}
    return f"filled {sorted(faces)} edged {sorted(edges)}{_seen(group)}"


def _patch(patch) -> str:
    fill = _colour(patch.get_facecolor()) if patch.get_fill() else "none"
    return (
        f"{type(patch).__name__} filled {fill} edged {_colour(patch.get_edgecolor())}{_seen(patch)}"
    )


def _text(text) -> str:
    x, y = text.get_position()
    return (
        f"at {_number(x)} {_number(y)} size {text.get_fontsize():g} {_colour(text.get_color())}"
        f" {text.get_ha()} {text.get_va()}{_seen(text)}"
    )
