"""What a transfer says and holds, worked out by hand, and each refusal word for word."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from altering import problem_of
from torch import nn

from slidingwindows import (
    Axis,
    Geometry,
    Move,
    Read,
    SlidingWindowsError,
    Transfer,
    Write,
    route,
    slide,
)

INF, NAN = math.inf, math.nan
NONE = "this is not what a Transfer's to_dict gives: "
CHOICE = "a choice is not among the shapes' own"


def numbers(*shape, seed=0):
    return torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(seed)).float()


def ramp(*shape):
    return torch.arange(float(math.prod(shape))).reshape(shape)


def unpooled(x, indices, size, dims=2, **more):
    module = getattr(nn, f"MaxUnpool{dims}d")((1,) * (dims - 1) + (2,))
    return slide(module, x, indices=torch.tensor(indices), output_size=size, **more)


SIGNAL = unpooled(torch.tensor([[5.0, -7.0]]), [[1, 2]], (4,), dims=1)
IMAGE = unpooled(numbers(2, 2, 3, 1), [[[[1], [2], [5]]] * 2] * 2, (3, 2), channel=1, sample=1)
VOLUME = unpooled(
    torch.tensor([[[[1.0], [2.0]], [[3.0], [4.0]]]]), [[[[1], [5]], [[2], [7]]]], (2, 2, 2), 3,
    depth=1,
)  # fmt: skip
UNFOLDED_INPUT = ramp(3, 2, 3, 4) + 1
UNFOLD = slide(nn.Unfold((2, 3), padding=(1, 0), stride=(2, 1)), UNFOLDED_INPUT, sample=1)
FOLD_INPUT = ramp(2, 12, 6) + 1
FOLD = slide(
    nn.Fold((4, 4), (3, 2), padding=(0, 1), stride=(1, 2)), FOLD_INPUT, channel=1, sample=1
)
TIED = torch.tensor([[[3.0, 1.0, 1.0], [2.0, 4.0, 4.0]]] * 2)
GRADIENT = route(nn.MaxPool2d((1, 2), 1), TIED, channel=1)
KINDS = {
    "signal": SIGNAL, "image": IMAGE, "volume": VOLUME, "unfold": UNFOLD, "fold": FOLD,
    "gradient": GRADIENT,
}  # fmt: skip


def problem_of_file(transfer, **changed) -> str:
    """The same where a file's figure is read."""
    data = transfer.to_dict() | changed
    try:
        Transfer.from_dict(data)
    except SlidingWindowsError as error:
        elsewhere = error.problem.startswith((NONE, "a figure of", "sample of"))
        assert error.context == ("" if elsewhere else data["call"]), error.problem
        return error.problem
    return ""


def test_what_a_transfer_may_leave_out():
    moves = (Move((0, 0), (Read(0, 0, 0, 7.0),), (Write(0, 0, 7.0),)),)
    assert moves[0].arithmetic == ""
    axis, plane, shapes = Axis(1, 1, 1), ((7.0,),), ((1, 1, 1), (1, 1))
    needed = ("unfold", "Unfold", "nn.Unfold(1)", Geometry(axis, axis), (plane,), plane, moves)
    assert Transfer(*needed, *shapes) == Transfer(
        *needed, *shapes, sample=0, channel=0, dims=2, epsilon=2.0**-23, forward=None, plane=0,
        depth_index=0, indices=(),
    )  # fmt: skip


def test_words_by_hand():
    expected = {
        "signal": ["5 goes to its index 1: element 1", "−7 goes to its index 2: element 2"],
        "image": [
            f"{value} goes to its index {place}: row {place // 2}, column {place % 2}"
            for value, place in zip(
                (str(int(row[0])).replace("-", "−") for row in IMAGE.sources[0]),
                (1, 2, 5),
                strict=True,
            )
        ],
        "volume": [
            "1 goes to its index 1: depth 0, row 0, column 1, in another slice",
            "2 goes to its index 5: depth 1, row 0, column 1",
            "3 goes to its index 2: depth 0, row 1, column 0, in another slice",
            "4 goes to its index 7: depth 1, row 1, column 1",
        ],
        "gradient": [
            "gradient 1 goes whole to the winner at (0, 0)",
            "gradient 1 goes whole to the winner at (0, 1) (the first of equals)",
            "gradient 1 goes whole to the winner at (1, 1)",
            "gradient 1 goes whole to the winner at (1, 1) (the first of equals)",
        ],
    }
    for name, words in expected.items():
        assert [move.arithmetic for move in KINDS[name].moves] == words, name
    windows = [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [move.window for move in UNFOLD.moves] == windows
    assert [move.arithmetic for move in UNFOLD.moves[1:3]] == [
        "window (0, 1) becomes column 1: 0, 0, 0, 26, 27, 28, 0, 0, 0, 38, 39, 40",
        "window (1, 0) becomes column 2: 29, 30, 31, 33, 34, 35, 41, 42, 43, 45, 46, 47",
    ]
    assert [move.arithmetic for move in FOLD.moves] == [
        f"column {i} is added to window ({i // 3}, {i % 3})" for i in range(6)
    ]
    assert GRADIENT.moves[1].reads == (Read(0, 0, 1, 1.0),)
    assert VOLUME.moves[0].writes == () and VOLUME.moves[1].writes == (Write(0, 1, 2.0),)
    assert VOLUME.moves[2].reads == (Read(1, 0, 0, 3.0),)
    silent = replace(UNFOLD, moves=tuple(replace(m, arithmetic="") for m in UNFOLD.moves))
    assert silent == UNFOLD
    other = replace(UNFOLD, moves=tuple(replace(m, arithmetic="so") for m in UNFOLD.moves))
    assert [move.arithmetic for move in other.moves] == ["so"] * 4
    assert problem_of_file(other) == (
        f"the move of window (0, 0) says 'so', its numbers say {UNFOLD.moves[0].arithmetic!r}"
    )


def test_what_an_unfolding_reads():
    padded = F.pad(UNFOLDED_INPUT[1], (0, 0, 1, 1)).tolist()
    for plane, rows in enumerate(padded):
        for r, row in enumerate(rows, -1):
            for c, value in enumerate(row):
                assert UNFOLD.at(plane, r, c) == value, (plane, r, c)
                assert UNFOLD.is_padding(r, c) == (r in (-1, 3)), (r, c)
    assert [UNFOLD.is_padding(0, c) for c in (-1, 0, 3, 4)] == [True, False, False, True]
    framed = slide(nn.Unfold(1, padding=(2, 1)), UNFOLDED_INPUT[0])
    assert [framed.at(1, r, c) for r, c in ((-2, -1), (2, 0), (0, 3), (4, 4))] == [0, 21, 16, 0]
    assert FOLD.at(0, 5, 5) == FOLD.sources[0][-1][-1] == float(FOLD_INPUT[1, 11, 5])
    assert not FOLD.is_padding(-1, 9) and not GRADIENT.is_padding(-1, -1)
    assert [kind.adds for kind in KINDS.values()] == [False] * 4 + [True] * 2


def test_a_target_grows_move_by_move():
    columns = FOLD_INPUT[1, 6:12]
    for count in range(7):
        some = columns.clone()
        some[:, count:] = 0
        said = F.fold(some, (4, 4), (3, 2), padding=(0, 1), stride=(1, 2))[0]
        assert FOLD.after(count) == tuple(map(tuple, said.tolist())), count
    assert FOLD.after(6) == FOLD.target
    assert GRADIENT.after(3) == ((1, 1, 0), (0, 1, 0))
    assert GRADIENT.target == ((1, 1, 0), (0, 2, 0))
    last = unpooled(torch.tensor([[5.0, -7.0]]), [[1, 1]], (4,), dims=1)
    assert last.after(1) == ((0, 5, 0, 0),) and last.after(2) == ((0, -7, 0, 0),) == last.target


def test_parts_that_do_not_belong_together():
    forward = "a gradient, and nothing else, has a forward pass"
    first, *rest = UNFOLD.moves
    index = "each number that is unpooled needs an index"
    cover = "the moves do not cover the windows once each"
    for transfer, changed, problem in (
        (UNFOLD, {"kind": "move"}, "unknown kind of transfer 'move'"),
        (UNFOLD, {"kind": "gradient"}, forward),
        (GRADIENT, {"forward": None}, forward),
        (GRADIENT, {"kind": "fold"}, forward),
        (IMAGE, {"indices": ()}, index),
        (IMAGE, {"indices": (((1,), (2,)),)}, index),
        (IMAGE, {"indices": (((1,), (2,), (5, 5)),)}, index),
        (UNFOLD, {"moves": ()}, "4 windows make no 0 moves"),
        (UNFOLD, {"moves": (first, *rest, first)}, "4 windows make no 5 moves"),
        (UNFOLD, {"moves": (*rest, first)}, cover),
        (IMAGE, {"moves": IMAGE.moves[1:]}, cover),
        (UNFOLD, {"moves": 5}, "these are not the parts of a transfer: TypeError: "),
    ):  # fmt: skip
        found = problem_of(transfer, **changed)
        assert found == problem or (problem[-2:] == ": " and found.startswith(problem)), changed
    for name, transfer in KINDS.items():
        move, *others = transfer.moves
        move, others = (move, others) if move.writes else (transfer.moves[1], None)
        window = move.window
        words = f"the move of window {window} is not what a {transfer.kind} does there"

        def lying(move, transfer=transfer, others=others):
            before = () if others is not None else transfer.moves[:1]
            after = others if others is not None else transfer.moves[2:]
            return problem_of(transfer, moves=(*before, move, *after))

        assert lying(move) == ""
        read, write = move.reads[-1], move.writes[-1]
        for changed in (
            {"reads": ()},
            {"reads": (*move.reads, read)},
            {"writes": ()},
            {"writes": (*move.writes, write)},
            *({"reads": (*move.reads[:-1], read._replace(**{f: getattr(read, f) + 1}))}
              for f in read._fields),
            *({"writes": (*move.writes[:-1], write._replace(**{f: getattr(write, f) + 1}))}
              for f in write._fields),
        ):  # fmt: skip
            assert lying(replace(move, **changed)) == words, (name, changed)


def test_choices_that_are_none():
    for name, changed, fits in (
        ("image", {"sample": 2}, False),
        ("image", {"sample": -1}, False),
        ("image", {"channel": 2}, False),
        ("image", {"channel": 0}, True),
        ("image", {"sample": 0}, True),
        ("image", {"plane": 1}, False),
        ("image", {"depth_index": 1}, None),
        ("signal", {"sample": 1}, False),
        ("signal", {"channel": 1}, False),
        ("volume", {"channel": 1}, False),
        ("volume", {"sample": 1}, False),
        ("volume", {"plane": 1}, False),
        ("unfold", {"sample": 3}, False),
        ("unfold", {"sample": 2}, True),
        ("unfold", {"channel": 1}, False),
        ("unfold", {"plane": 1}, False),
        ("unfold", {"depth_index": 1}, False),
        ("fold", {"sample": 2}, False),
        ("fold", {"channel": 2}, False),
        ("fold", {"channel": -1}, False),
        ("fold", {"channel": 0}, True),
        ("fold", {"plane": -1}, False),
        ("fold", {"depth_index": 1}, False),
    ):
        found = problem_of_file(KINDS[name], **changed)
        if fits is None:  # the windows' numbers refuse it before
            assert found.startswith("the move of window"), (name, changed)
        else:
            assert found == ("" if fits else CHOICE), (name, changed)
    # A slice that there is not, to which nothing has gone.
    wide = unpooled(torch.ones(1, 2, 3, 1), [[[[0]] * 3] * 2], (2, 3, 3), 3)
    moves = [move | {"writes": [], "arithmetic": ""} for move in wide.to_dict()["moves"]]
    for slice_, problem in ((1, ""), (2, CHOICE), (-1, CHOICE)):
        found = problem_of_file(wide, depth_index=slice_, target=[[0.0] * 3] * 3, moves=moves)
        assert found == problem, slice_
    assert problem_of_file(UNFOLD, indices=[[[0]]]) == "a unfold has no indices"
    assert problem_of_file(FOLD, indices=[[[0]]]) == "a fold has no indices"


def test_shapes_of_other_dimensions():
    for name, changed in (
        ("unfold", {"dims": 1}),
        ("unfold", {"dims": 1, "input_shape": [3, 4], "output_shape": [12, 4]}),
        ("unfold", {"dims": 3}),
        ("unfold", {"input_shape": [2, 3, 4]}),
        ("unfold", {"output_shape": [12, 4]}),
        ("unfold", {"input_shape": [1, 3, 2, 3, 4], "output_shape": [1, 3, 12, 4]}),
        ("unfold", {"input_shape": [3, 4], "output_shape": [4]}),
        ("fold", {"dims": 1}),
        ("fold", {"input_shape": [12, 6]}),
        ("fold", {"output_shape": [2, 4, 4]}),
        ("image", {"dims": 3}),
        ("image", {"dims": 1}),
        ("image", {"dims": 4}),
        ("image", {"dims": 0}),
        ("image", {"input_shape": [2, 3, 1]}),
        ("signal", {"input_shape": [1, 1, 2]}),
        ("volume", {"output_shape": [2, 2, 2]}),
    ):
        transfer = KINDS[name]
        data = transfer.to_dict() | changed
        shapes = tuple(data["input_shape"]), tuple(data["output_shape"])
        expected = f"these are not shapes of {data['dims']} dims: {shapes}"
        if name == "image" and "dims" in changed and changed["dims"] != 2:
            # The words of the moves name other places then.
            assert problem_of_file(transfer, **changed) in (expected, CHOICE), changed
        else:
            assert problem_of_file(transfer, **changed) == expected, (name, changed)
    for name, changed in (
        ("image", {"output_shape": [2, 2, 2, 3]}),
        ("unfold", {"output_shape": [3, 4, 12]}),
        ("fold", {"output_shape": [2, 2, 4, 5]}),
        ("signal", {"output_shape": [1, 5]}),
        ("volume", {"output_shape": [1, 2, 2, 3]}),
    ):
        assert problem_of_file(KINDS[name], **changed) == CHOICE, name


LAYER = nn.Conv2d(2, 2, (1, 2), padding=(0, 1), bias=False)
LAYER.weight.data = ramp(2, 2, 1, 2)
TWO = route(LAYER, numbers(1, 2, 2, 3))


def test_a_transfer_of_one_plane_has_no_other():
    two = [GRADIENT.to_dict()["sources"][0], [[9.0, 9.0]] * 2]
    found = problem_of_file(GRADIENT, sources=two)
    assert found == "the gradient that arrives is of [(2, 2), (2, 2)], which is impossible"
    two = [FOLD.to_dict()["sources"][0], [[9.0] * 6] * 6]
    assert problem_of_file(FOLD, sources=two) == "2 planes are read, which is impossible"


def test_moves_of_padding_and_of_zeros_put_in():
    columns = ramp(6, 24)
    framed = slide(nn.Fold((4, 5), (3, 2), padding=1), columns)
    said = F.fold(columns, (4, 5), (3, 2), padding=1)[0]
    assert framed.target == tuple(map(tuple, said.tolist()))
    for module, shape, steps in (
        (nn.ConvTranspose2d(1, 1, 2, (2, 3)), (1, 2, 3), (2, 3)),
        (nn.ConvTranspose3d(1, 1, (2, 1, 2), (2, 1, 1)), (1, 2, 2, 3), (1, 1)),
    ):
        made = route(module, numbers(*shape))
        places = {(write.row, write.col) for move in made.moves for write in move.writes}
        rows, cols = ({place[axis] % steps[axis] for place in places} for axis in (0, 1))
        assert rows == cols == {0}, made.call
    upstream = ramp(2, 2) + 1
    sent = route(nn.AvgPool2d((1, 2), 1), TIED[:1], upstream)
    assert sent.target == ((0.5, 1.5, 1.0), (1.5, 3.5, 2.0))
    assert [move.reads[0] for move in sent.moves] == [
        Read(0, 0, 0, 1.0), Read(0, 0, 1, 2.0), Read(0, 1, 0, 3.0), Read(0, 1, 1, 4.0)
    ]  # fmt: skip


def test_a_gradient_belongs_to_its_forward_pass():
    for changed in (
        {"sample": 1},
        {"channel": 1},
        {"dims": 1},
        {"input_shape": [1, 2, 2, 3]},
        {"output_shape": [1, 2, 2, 4]},
        {"call": "nn.Conv2d(1, 2, kernel_size=(1, 2), padding=(0, 1), bias=False)"},
        {"geometry": TWO.to_dict()["geometry"] | {"rows": {"size": 2, "kernel_size": 2, "stride": 1,
                                                           "padding": [1, 0]}}},
    ):  # fmt: skip
        found = problem_of_file(TWO, **changed)
        assert found == "that is not the forward pass of this one", changed
    operation = TWO.to_dict()["forward"] | {"operation": "Conv1d"}
    assert problem_of_file(TWO, operation="Conv1d", forward=operation)
    assert problem_of_file(GRADIENT, plane=-1) == "plane -1 has no gradient"
    assert problem_of_file(TWO, plane=2).startswith("these are not the parts of a transfer: ")
    padded = route(nn.AvgPool3d((2, 1, 1), padding=(1, 0, 0)), numbers(1, 2, 2, 3))
    assert padded.forward.slices == (-1, 0) and padded.plane == 1
    assert problem_of_file(padded) == "" != problem_of_file(padded, plane=0)
    assert problem_of_file(TWO, depth_index=1) == "a gradient's slice is its forward pass's"
    assert problem_of_file(TWO, epsilon=2.0**-52) == (
        "the gradient's dtype is more precise than its forward pass's"
    )
    assert problem_of_file(TWO) == "" == problem_of_file(GRADIENT, epsilon=2.0**-10)


def test_a_gradient_of_autocast_may_have_more_digits_than_its_forward_pass():
    """Copies in the padding add up in the input's own dtype."""
    layer = nn.Conv1d(1, 1, 2, padding=1, bias=False, padding_mode="circular")
    layer.weight.data = torch.tensor([[[1 / 3, 500.0]]])
    with torch.autocast("cpu", torch.bfloat16):
        made = route(layer, torch.tensor([[0.3, 1.1]]))
    assert made.epsilon == made.forward.epsilon == 2.0**-7
    assert problem_of_file(made) == ""
    assert made.target == ((1000.0, 500 + 171 / 512),), "bfloat16 has eight binary digits"


def test_a_file_of_a_transfer_that_is_none():
    for changed, problem in (
        ({"call": ""}, "a figure of Unfold has no call"),
        ({"epsilon": 0.001}, "no dtype rounds by 0.001"),
        ({"geometry": None}, NONE),
        ({"moves": None}, NONE),
        ({"more": 1}, f"{NONE}TypeError: "),
        ({"sample": 1.0}, "sample of a Transfer cannot be 1.0"),
        ({"forward": {}}, ""),
    ):
        found = problem_of_file(UNFOLD, **changed)
        assert found == problem or (problem[-2:] == ": " and found.startswith(problem)), changed
    for transfer in KINDS.values():
        assert Transfer.from_dict(transfer.to_dict()) == transfer
    for nothing in (None, 5, [], "text"):
        with pytest.raises(SlidingWindowsError) as caught:
            Transfer.from_dict(nothing)
        assert caught.value.problem.startswith(NONE), nothing
    third = slide(nn.Fold((1, 2), (1, 1)), torch.tensor([[1 / 3, 1.0]]))
    found = problem_of_file(third, epsilon=2.0**-10)
    assert found == f"a dtype that rounds by 0.0009765625 cannot hold {third.target[0][0]!r}"


def test_nan_moves_as_any_other_number():
    image = torch.tensor([[[NAN, INF], [-INF, NAN]]])
    made = slide(nn.Unfold((1, 2)), image)
    assert str(Transfer.from_dict(made.to_dict())) == str(made)
    assert math.isnan(made.target[0][0]) and made.target[1] == made.target[1]
    assert made.moves[0].arithmetic == "window (0, 0) becomes column 0: nan, ∞"
