"""What positions see along an axis, against products of matrices; and what is said of several."""

from functools import partial

import numpy as np
import pytest

from slidingwindows.tracing.lines import Line, Sight, covers, shared


def step(reads: np.ndarray):
    """A layer along one axis: each of its outputs, a row, reads the inputs that are True."""
    return partial(_read, reads)


def _read(reads, positions):
    return [place for position in positions for place in np.flatnonzero(reads[position])]


def chains(count: int):
    """(matrices, line, what each position sees) of layers that read at random, some nothing."""
    chance = np.random.default_rng(11)
    for _ in range(count):
        sizes = chance.integers(1, 5, chance.integers(1, 5))
        layers = [chance.random((b, a)) < 0.6 for a, b in zip(sizes, sizes[1:], strict=False)]
        seen = np.eye(sizes[0], dtype=bool)
        for reads in layers:
            seen = reads.astype(int) @ seen > 0
        yield layers, Line(int(sizes[-1]), int(sizes[0]), tuple(map(step, layers))), seen


def test_what_positions_see_is_a_product_of_matrices():
    told = set()
    for _, line, seen in chains(200):
        every = range(line.size)
        assert [line.walked([p]) for p in every] == [set(np.flatnonzero(row)) for row in seen]
        assert line.walked(every) == set(np.flatnonzero(seen.any(0))) and line.walked([]) == set()
        assert line.complete([0, line.size - 1]) == seen[[0, -1]].any(0).all()
        found = line.each, line.together, line.alive
        assert found == (seen.all(), seen.any(0).all(), seen.any(1).all()), seen
        told.add(found)
    assert len(told) >= 5


def test_a_position_that_reads_any_that_sees_everything_sees_everything():
    for _, line, seen in chains(100):
        blind = Line(line.size, 0, line.steps)
        found = blind.each, blind.together, blind.alive
        assert found == (seen.any(1).all(), seen.any(), seen.any(1).all()), seen
    assert Line(3, 0).each and Line(3, 0).complete([2]) and not Line(3, 0).complete([])


HALVES = step(np.array([[1, 1, 0, 0], [0, 0, 1, 1]], bool))
ALL = step(np.ones((3, 4), bool))
BLIND = step(np.array([[1, 0, 0, 0], [0, 0, 0, 0]], bool))


def test_an_input_is_seen_place_by_place():
    sight = Sight.of_input((3, 5))
    assert sight.axes == (Line(3, 3, ()), Line(5, 5, ()))
    assert sight.together and sight.alive and not sight.everything
    assert (sight.centred, sight.level, sight.doubtful) == (False, False, False)
    levels = {sizes: Sight.of_input(sizes).level for sizes in ((), (1,), (1, 1), (2,), (1, 3))}
    assert levels == {(): True, (1,): True, (1, 1): True, (2,): False, (1, 3): False}
    vector = Sight.of_input(())
    assert vector.axes is None and vector.together and not vector.everything and not vector.alive


def test_all_is_seen_by_each():
    for sizes in ((), (3,), (2, 4)):
        sight = Sight.of_all(sizes)
        assert sight == Sight(tuple(Line(size, 0) for size in sizes), False, False, False)
        assert sight.everything and sight.alive and sight.together


def test_a_layer_adds_its_step_along_each_axis():
    sight = Sight.of_input((4, 4)).over((2, 3), iter((HALVES, ALL)))
    assert sight == Sight((Line(2, 4, (HALVES,)), Line(3, 4, (ALL,))))
    again = sight.over((1, 2), (step(np.array([[0, 1]], bool)), step(np.ones((2, 3), bool))))
    rows, cols = again.axes
    assert rows.walked([0]) == {2, 3} and cols.each and (rows.size, cols.size) == (1, 2)
    assert not again.together and not again.everything and again.alive
    half = Sight.of_input((4, 4)).over((2, 2), (ALL, BLIND))
    assert not half.alive and not half.together
    assert Sight(None).over((1,), (ALL,)) is None


def test_numbers_that_are_mixed_see_what_all_along_the_axis_see():
    sight = Sight.of_input((4, 4)).over((2, 2), (HALVES, BLIND))
    assert sight.mixed((0,), (6, 7)) == Sight((Line(6, 0), sight.axes[1]))
    assert sight.mixed((1,), (6, 7)) is sight.mixed((0, 1), (6, 7)) is None
    assert sight.mixed((), (6, 7)) == Sight(sight.axes)
    whole = Sight.of_input((4, 4)).mixed((1, 0), (4, 5))
    assert whole == Sight((Line(4, 0), Line(5, 0))) and whole.everything
    assert Sight(None).mixed((), ()) is None


def test_numbers_in_another_order_see_what_they_saw_together():
    everything, some = Sight.of_all((2,)), Sight.of_input((4,))
    blind = some.over((2,), (BLIND,))
    assert everything.reshaped((1, 3)) == Sight.of_all((1, 3))
    assert some.reshaped((2, 2)) == Sight(None) == Sight(None).reshaped((4,))
    assert blind.reshaped((2,)) is blind.gathered((2,)) is None
    assert some.gathered((3,)) == Sight(None).gathered((3,)) == Sight.of_all((3,))


def test_one_covers_another_if_each_number_sees_as_much():
    lines = [(line, seen) for _, line, seen in chains(120)]
    told = {True: 0, False: 0}
    for line, seen in lines:
        for other, less in lines:
            if seen.shape[0] != less.shape[0]:
                continue
            as_much = seen.shape == less.shape and bool((seen >= less).all())
            found = covers(Sight((line,)), Sight((other,)))
            assert found == (as_much or bool(seen.all())), (seen, less)
            told[found] += 1
    assert min(told.values()) > 100


def test_all_axes_count_and_what_sees_everything_covers_whatever_is_known():
    wide, narrow = Line(2, 4, (HALVES,)), Line(2, 4, (BLIND,))
    assert covers(Sight((wide, narrow)), Sight((narrow, narrow)))
    assert not covers(Sight((wide, narrow)), Sight((narrow, wide)))
    everything, unknown = Sight.of_all((2,)), Sight(None)
    assert covers(everything, Sight((wide,))) and covers(everything, unknown)
    for one, other in ((Sight((wide,)), unknown), (unknown, Sight((wide,))), (unknown, unknown)):
        assert not covers(one, other)
    assert not covers(Sight((Line(4, 4),)), Sight.of_all((4,)))
    with pytest.raises(ValueError):
        covers(Sight((wide, wide)), Sight((wide,)))


def test_of_the_layers_that_two_ways_begin_with_nothing_need_be_known():
    def unknown(positions):
        raise AssertionError("it was asked")

    for begun in ((), (unknown,), (unknown, unknown, unknown)):
        one, other = Line(2, 9, (*begun, HALVES)), Line(2, 9, (*begun, BLIND))
        assert covers(Sight((one,)), Sight((other,))), len(begun)
        assert covers(Sight((one,)), Sight((one,))), len(begun)
        deeper = Line(2, 9, (*begun, ALL, step(np.eye(2, 3, dtype=bool))))
        assert covers(Sight((deeper,)), Sight((one,))), len(begun)
        shorter = Line(4, 9, begun)
        assert covers(Sight((shorter,)), Sight((shorter,))), len(begun)
    same = step(np.eye(4, dtype=bool))
    one, other = Line(2, 4, (same, BLIND)), Line(2, 4, (same, HALVES))
    assert not covers(Sight((one,)), Sight((other,)))
    # After different first layers the same last one says nothing.
    both = step(np.ones((2, 2), bool))
    one, other = Line(2, 9, (BLIND, both)), Line(2, 9, (HALVES, both))
    assert not covers(Sight((one,)), Sight((other,)))


def test_channels_side_by_side_see_what_the_least_does():
    most, some, least = (
        Sight((Line(2, 4, (step(np.array(reads, bool)),)),))
        for reads in ([[1, 1, 1, 0]] * 2, [[0, 1, 1, 0]] * 2, [[0, 1, 0, 0]] * 2)
    )
    apart = Sight((Line(2, 4, (step(np.array([[0, 0, 0, 1]] * 2, bool)),)),))
    for parts in ([most, some, least], [least, most, some], [some, least, most], [least]):
        assert shared(parts) == least
    for parts in ([None], [None, most], [most, None], [most, apart], [apart, least, some]):
        assert shared(parts) is None, parts
    for name in ("centred", "level"):
        marked = Sight(most.axes, **{name: True})
        for parts in ([least, marked], [marked, least], [least, most, marked]):
            assert shared(parts) == Sight(least.axes, **{name: True}), name
