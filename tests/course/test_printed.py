"""What a cell printed: pieces are joined in order, and a failure shows its last lines."""

from slidingwindows.course.printed import last_lines, whole


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


VALUE = {"output_type": "display_data", "data": {"text/plain": "no\nprint"}, "metadata": {}}
ERROR = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": []}


def test_pieces_are_joined_up_to_the_next_value():
    outputs = [stream("a\n"), stream("w", "stderr"), stream("b"), stream("x\r", "stderr"), VALUE]
    outputs += [VALUE, stream("e", "stderr"), stream(""), ERROR, stream("1"), stream("2")]
    joined = list(whole(outputs))
    assert joined == [
        stream("a\nb"), stream("wx", "stderr"), VALUE, VALUE, stream("e", "stderr"), ERROR,
        stream("12"),
    ]  # fmt: skip
    assert joined[2] is not VALUE  # a caller may change what it gets
    assert list(whole([])) == []


def test_the_last_three_lines_stand_below_a_failure():
    long = "x" * 200
    outputs = [stream(f"1\n2\n \n3\n{long}"), VALUE, ERROR, stream("\n  4 \n\n", "stderr")]
    assert last_lines(outputs) == f"\n    | 3\n    | {long[:160]}\n    |   4 "
    assert last_lines([stream("1\n2\n3")]) == "\n    | 1\n    | 2\n    | 3"
    assert last_lines([VALUE, ERROR, stream("\n \n")]) == ""
