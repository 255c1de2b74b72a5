"""What of a file's transfer does not fit its windows, its shapes or its call, word for word."""

from __future__ import annotations

from dataclasses import replace

import torch
from altering import fault
from torch import nn

from slidingwindows import Axis, Geometry, route, slide

X = torch.arange(15.0).view(1, 3, 5)  # no two sizes alike
TWO = torch.arange(30.0).view(2, 3, 5)


def unpooled(module, x, size):
    """What a max unpool makes of the windows' largest numbers."""
    pool = getattr(nn, type(module).__name__.replace("Unp", "P"))
    values, indices = pool(module.kernel_size, module.stride, return_indices=True)(x)
    return slide(module, values, indices=indices, output_size=size)


def rows(figure, **parts) -> dict:
    """The geometry, with other rows, as a part itself."""
    return {"geometry": Geometry(replace(figure.geometry.rows, **parts), figure.geometry.cols)}


def cols(figure, **parts) -> dict:
    """The same with other columns."""
    return {"geometry": Geometry(figure.geometry.rows, replace(figure.geometry.cols, **parts))}


TORN = ((1.0, 2.0), (3.0,))


def test_a_gradient_belongs_to_its_forward_pass():
    gradient = route(nn.MaxPool2d((1, 2)), X)  # of 3 by 2 windows
    assert fault(gradient) == fault(route(nn.Conv1d(1, 1, 2), X[0, :1])) == ""
    torn = "the target's rows are not equally long"
    for parts, words in [
        ({"target": TORN}, torn),
        ({"target": ()}, torn),
        (rows(gradient, size=4), "the windows are others than those of the forward pass"),
        ({"sources": (((1.0, 2.0),),)}, "the gradient that arrives is of [(1, 2)]"),
        ({"sources": (TORN,)}, f"the gradient that arrives is of {[(2, *{2, 1})]}"),
        ({"sources": gradient.sources * 2}, "the gradient that arrives is of [(3, 2), (3, 2)]"),
        ({"target": gradient.target[:2]}, "the gradient has another size"),
        ({"target": tuple(line[:4] for line in gradient.target)}, "the gradient has another size"),
    ]:
        assert fault(gradient, **parts) == words, parts
    assert fault(gradient, operation="MaxPool3d") == "", "its call is its forward pass's"


def test_an_unpooling_keeps_its_numbers_and_its_channels():
    signal = unpooled(nn.MaxUnpool1d(2, 3), X[:, 0], (5,))
    image = unpooled(nn.MaxUnpool2d((1, 2), (2, 3)), X[None], (3, 5))
    volume = unpooled(nn.MaxUnpool3d((1, 2, 2), (1, 2, 3)), X[None].expand(1, 2, 3, 5), (2, 3, 5))
    for figure in (signal, image, volume):
        assert fault(figure) == "", figure.call
    assert image.sources == (((1.0, 4.0), (11.0, 14.0)),) and len(volume.sources) == 2
    for figure, parts, words in [
        (image, {"input_shape": (1, 1, 2, 3)}, "[2, 2] go from (1, 1, 2, 3) to (1, 1, 3, 5)"),
        (image, {"input_shape": (1, 2, 2, 2)}, "[2, 2] go from (1, 2, 2, 2) to (1, 1, 3, 5)"),
        (image, {"output_shape": (2, 1, 3, 5)}, "[2, 2] go from (1, 1, 2, 2) to (2, 1, 3, 5)"),
        (image, {"sources": image.sources * 2}, "[2, 2] go from (1, 1, 2, 2) to (1, 1, 3, 5)"),
        (image, {"sources": (((1.0, 4.0), (1.0,)),)}, "[2, 2] go from (1, 1, 2, 2) to "
         "(1, 1, 3, 5)"),
        (signal, {"sources": signal.sources * 2}, "[2] go from (1, 2) to (1, 5)"),
        (signal, {"sources": (signal.sources[0] * 2,)}, "[2] go from (1, 2) to (1, 5)"),
        (volume, {"sources": volume.sources[:1]}, "[1, 1, 2] go from (1, 2, 1, 2) to "
         "(1, 2, 3, 5)"),
        (volume, {"sources": (*volume.sources[:1], ((1.0,),))}, "[2, 1, 2] go from (1, 2, 1, 2) "
         "to (1, 2, 3, 5)"),
    ]:  # fmt: skip
        assert fault(figure, **parts) == f"numbers of {words}", (figure.call, parts)
    away = "there are windows along an axis that the input does not have"
    makes = "the call makes"
    two = "kernel_size=(1, 2), stride=(2, 3)"
    row, col = image.geometry.rows, image.geometry.cols
    for figure, parts, words in [
        (image, rows(image, size=4), "the windows lie on 4 by 5"),
        (image, {"target": image.target[:2]}, "the windows lie on 3 by 5"),
        (image, {"target": tuple(line[:4] for line in image.target)}, "the windows lie on 3 by 5"),
        (image, {"operation": "Fold", "call": "nn.Fold(output_size=3)"}, "Fold makes a unpool"),
        (image, rows(image, stride=1), f"the windows are {replace(row, stride=1)}, {makes} {row}"),
        (image, {"call": f"nn.MaxUnpool2d({two}, padding=(0, 1))"}, f"the windows are {col}, "
         f"{makes} {replace(col, padding=(1, 1))}"),
        (signal, rows(signal, stride=2), away),
        (signal, cols(signal, stride=2), f"the windows are "
         f"{replace(signal.geometry.cols, stride=2)}, {makes} {signal.geometry.cols}"),
        (volume, rows(volume, stride=1), f"the windows are "
         f"{replace(volume.geometry.rows, stride=1)}, {makes} {volume.geometry.rows}"),
        (signal, {"call": "nn.MaxUnpool1d(kernel_size=3)"}, f"the windows are "
         f"{signal.geometry.cols}, {makes} {replace(signal.geometry.cols, kernel_size=3)}"),
        # The depth's own windows are not kept.
        (volume, {"call": "nn.MaxUnpool3d(kernel_size=(9, 2, 2), stride=(7, 2, 3))"}, ""),
        (image, {"call": "MaxUnpool2d(…)", **rows(image, stride=1)}, ""),
    ]:  # fmt: skip
        assert fault(figure, **parts) == words, (figure.call, parts)


def test_an_unpooling_may_end_within_a_window_but_not_begin_in_one():
    values, indices = nn.MaxPool2d(2, ceil_mode=True, return_indices=True)(X)
    image = slide(nn.MaxUnpool2d(2), values, indices=indices, output_size=(3, 5))
    ends = image.geometry.rows, image.geometry.cols
    assert fault(image) == "" and [axis.padding for axis in ends] == [(0, 1), (0, 1)]
    axis = replace(ends[1], padding=(1, 1))
    words = f"the windows are {axis}, the call makes {ends[1]}"
    assert fault(image, geometry=Geometry(ends[0], axis)) == words


def test_columns_are_the_windows_of_the_maps():
    unfold = slide(nn.Unfold((2, 3), padding=(1, 0), stride=(1, 2)), TWO)  # 4 by 2 windows
    batch = slide(nn.Unfold((2, 3)), TWO[None].expand(3, 2, 3, 5), sample=1)
    fold = slide(nn.Fold((3, 5), (2, 1), stride=(1, 2)), torch.arange(24.0).view(4, 6))
    for figure in (unfold, batch, fold):
        assert fault(figure) == "", figure.call
    for figure, parts, words in [
        (unfold, {"input_shape": (3, 3, 5)},
         "8 windows of 6 numbers of (3, 3, 5) are columns of (12, 8)"),
        (unfold, {"output_shape": (12, 9)},
         "8 windows of 6 numbers of (2, 3, 5) are columns of (12, 9)"),
        (batch, {"output_shape": (2, 12, 6)},
         "6 windows of 6 numbers of (3, 2, 3, 5) are columns of (2, 12, 6)"),
        (fold, {"output_shape": (3, 3, 5)},
         "6 windows of 2 numbers of (3, 3, 5) are columns of (4, 6)"),
        (fold, {"input_shape": (4, 5)},
         "6 windows of 2 numbers of (2, 3, 5) are columns of (4, 5)"),
        (unfold, {"sources": unfold.sources[:1]}, "1 planes are read"),
        (fold, {"sources": fold.sources * 2}, "2 planes are read"),
        (unfold, {"input_shape": (2, 3, 6)}, "the windows lie on 3 by 5"),
        (unfold, {"input_shape": (2, 4, 5)}, "the windows lie on 3 by 5"),
        (unfold, {"sources": tuple(plane[:4] for plane in unfold.sources)},
         "the windows lie on 3 by 5"),
        (unfold, {"target": unfold.target[:6]}, "8 windows make 8 columns"),
        (unfold, {"target": tuple(line[:7] for line in unfold.target)}, "8 windows make 7 columns"),
        (fold, {"target": fold.target[:2]}, "the windows lie on 3 by 5"),
        (fold, {"sources": (fold.sources[0][:1],)}, "6 windows of 2 are columns of {(1, 6)}"),
        (fold, {"sources": (tuple(line[:5] for line in fold.sources[0]),)},
         "6 windows of 2 are columns of {(2, 5)}"),
        (fold, {"call": "nn.Fold(output_size=(5, 3), kernel_size=(2, 1), stride=(1, 2))"},
         "the target is [3, 5]"),
        (fold, {"call": "nn.Fold(output_size=3, kernel_size=(2, 1), stride=(1, 2))"},
         "the target is [3, 5]"),
        (fold, {"call": "nn.Fold(output_size=(3, 5), kernel_size=(2, 1))"},
         f"the windows are {fold.geometry.cols}, the call makes "
         f"{replace(fold.geometry.cols, stride=1)}"),
        (unfold, {"call": "nn.Unfold(kernel_size=(2, 3), padding=(1, 0), stride=(2, 2))"},
         f"the windows are {unfold.geometry.rows}, the call makes "
         f"{replace(unfold.geometry.rows, stride=2)}"),
    ]:  # fmt: skip
        assert fault(figure, **parts) == words, (figure.call, parts)


def test_an_unfolded_inputs_padding_is_zero():
    unfold = slide(nn.Unfold((2, 3), padding=(1, 2)), TWO)
    assert fault(unfold) == ""
    for plane, row, col, words in [
        (0, 0, 3, "(-1, 1) of plane 0"),
        (1, 4, 0, "(3, -2) of plane 1"),
        (1, 1, 7, "(0, 5) of plane 1"),
        (0, 2, 4, ""),
    ]:
        planes = [[list(line) for line in one] for one in unfold.sources]
        planes[plane][row][col] = 9.5
        found = fault(unfold, sources=tuple(tuple(map(tuple, one)) for one in planes))
        assert found == (words and f"{words} holds 9.5, torch puts 0 there")


def test_windows_of_one_row_are_a_signals():
    gradient = route(nn.AvgPool1d(2), X[:, 0])
    assert gradient.geometry.rows == Axis(1, 1, 1) and fault(gradient) == ""
