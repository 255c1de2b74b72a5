"""Which moves a transfer consists of, worked out from its windows and sources alone."""

from __future__ import annotations

from .backward import passed_back


def expected_moves(transfer):
    """(window, reads, writes) of each move, as plain tuples."""
    if transfer.kind == "unpool":
        return _unpool(transfer)
    if transfer.kind == "gradient":
        return _gradient(transfer)
    return _columns(transfer)


def _unpool(transfer):
    """Each number goes to its index, a flat one; of a volume, one slice is the target."""
    height, width = len(transfer.target), len(transfer.target[0])
    for plane, source in enumerate(transfer.sources):
        for row, line in enumerate(source):
            for col, value in enumerate(line):
                depth, place = divmod(transfer.indices[plane][row][col], height * width)
                writes = ((*divmod(place, width), value),)
                followed = depth == transfer.depth_index
                yield (row, col), ((plane, row, col, value),), writes if followed else ()


def _gradient(transfer):
    trace, upstream = transfer.forward, transfer.sources[0]
    passed = passed_back(trace, transfer.plane, upstream)
    for step, writes in zip(trace.steps, passed, strict=True):
        row, col = step.output
        yield (row, col), ((0, row, col, upstream[row][col]),), writes


def _columns(transfer):
    """Unfold reads a window and writes a column; Fold the other way round."""
    rows, cols = transfer.geometry.rows, transfer.geometry.cols
    windows = [(r, c) for r in range(rows.output_size) for c in range(cols.output_size)]
    for column, (row, col) in enumerate(windows):
        places = [(r, c) for r in rows.windows[row] for c in cols.windows[col]]
        if transfer.kind == "unfold":
            planes = range(len(transfer.sources))
            reads = tuple((p, r, c, transfer.at(p, r, c)) for p in planes for r, c in places)
            writes = tuple((i, column, read[3]) for i, read in enumerate(reads))
        else:
            reads = tuple((0, i, column, transfer.at(0, i, column)) for i in range(len(places)))
            pairs = zip(places, reads, strict=True)
            writes = tuple(
                (r, c, read[3])
                for (r, c), read in pairs
                if 0 <= r < rows.size and 0 <= c < cols.size
            )
        yield (row, col), reads, writes
