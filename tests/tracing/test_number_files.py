"""Files of numbers and of pictures: what is in them is what comes out, and each refusal's words."""

import io
import pickle
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slidingwindows import SlidingWindowsError
from slidingwindows.tracing import reading
from slidingwindows.tracing.reading import MOST, read_numbers, read_picture


def npy(array, version=None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version)
    return file.getvalue()


def zipped(*members, how=zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"arr_{number}.npy", member)
    return file.getvalue()


def header(shape) -> bytes:
    """Of an array whose numbers are not there."""
    file = io.BytesIO()
    facts = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
    return file.getvalue()


INF, NAN = float("inf"), float("nan")
GRID = np.arange(6).reshape(2, 3)
READ = [
    ("a.csv", "1,2,3\n4,5,6", [[1, 2, 3], [4, 5, 6]]),
    ("a.csv", "1;2;3\n4;5;6;\n", [[1, 2, 3], [4, 5, 6]]),
    ("a.csv", "1,2,\n\n  3 , -4e1,,\r\n", [[1, 2], [3, -40]]),
    ("a.txt", "1 2\t3  \n 4 5 6", [[1, 2, 3], [4, 5, 6]]),
    ("a.txt", "7", [[7]]),
    ("a.dat", "1\n2", [[1], [2]]),
    ("a.csv", "\ufeff1,2", [[1, 2]]),
    ("a.csv", "# height, width; in pixels\n1 2\n#3\n4 nan", [[1, 2], [4, NAN]]),
    ("a.csv", " # rows; columns\n1,-inf", [[1, -INF]]),
    ("a.json", "7", 7),
    ("a.JSON", "\ufeff[[1, 2.5], [true, -3]]", [[1, 2.5], [1, -3]]),
    ("a.json", "[true, false]", [1, 0]),
    ("a.json", '["inf", "nan", 2, NaN, -Infinity]', [INF, NAN, 2, NAN, -INF]),
    ("a.json", f"[[{10**30}, 1]]", [[1e30, 1]]),
    ("a.npy", npy(GRID), GRID),
    ("a.NPY", npy(GRID > 2, (2, 0)), GRID > 2),
    ("a.npy", npy(GRID.astype(np.float16)), GRID),
    ("a.npy", npy(np.asfortranarray(GRID)), GRID),
    ("a.npy", npy(np.zeros(MOST, np.uint8)), np.zeros(MOST)),
    ("a.npz", zipped(npy(GRID)), GRID),
    ("a.NPZ", zipped(npy(GRID, (2, 0)), how=zipfile.ZIP_DEFLATED), GRID),
]


def test_the_numbers_of_a_file(tmp_path):
    for number, (name, content, expected) in enumerate(READ):
        path = tmp_path / str(number) / name
        path.parent.mkdir()
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = read_numbers(path)
        assert type(found) is np.ndarray and found.dtype == np.float32, content
        assert np.array_equal(found, np.asarray(expected, np.float32), equal_nan=True), content


def broken() -> bytes:
    """An .npz file whose packed numbers are not what was packed."""
    data = bytearray(zipped(npy(np.arange(500)), how=zipfile.ZIP_DEFLATED))
    data[70:200] = b"\xff" * 130
    return bytes(data)


def packed_otherwise() -> bytes:
    """An .npz file of a method that zipfile does not know."""
    data = zipped(npy(GRID))
    for place in (8, data.rindex(b"PK\1\2") + 10):
        data = data[:place] + struct.pack("<H", 77) + data[place + 2 :]
    return data


TOO_MANY = "it holds 262,145 numbers; from 1 to 262,144 are accepted"
NONE = "it holds 0 numbers; from 1 to 262,144 are accepted"
TOO_LARGE = "it holds numbers that are too large for float32"
LISTS = "it should hold lists of numbers"
NULL = "it holds null, which is not a number"
NOT_READ = [
    ("a.csv", "1,2\n# no numbers\n\n3", "line 4 holds 1 numbers, the first row 2"),
    ("a.csv", "1,2\n3,4,5", "line 2 holds 3 numbers, the first row 2"),
    ("a.csv", "1,2\n3,4\n5,6,7\n", "line 3 holds 3 numbers, the first row 2"),
    ("a.csv", "1,5;2", "could not convert string to float: '1,5'"),
    ("a.csv", "1,,2", "could not convert string to float: ''"),
    ("a.csv", "", NONE),
    ("a.csv", "# 1,2", NONE),
    ("a.csv", "1e300,1,inf", TOO_LARGE),
    ("a.json", "[1, 1e39]", TOO_LARGE),
    ("a.json", "[-1e39]", TOO_LARGE),
    ("a.json", "[]", NONE),
    ("a.json", "null", LISTS),
    ("a.json", '{"a": 1}', LISTS),
    ("a.json", '"7"', LISTS),
    ("a.json", "[1, null]", NULL),
    ("a.json", '[["inf", 2], [null, 3]]', NULL),
    ("a.json", '["a"]', "could not convert string to float: 'a'"),
    ("a.json", f"[1{'0' * 400}]", "int too large to convert to float"),
    ("a.json", "[1,", "Expecting value: line 1 column 4 (char 3)"),
    ("a.npy", npy(np.zeros(MOST + 1, np.uint8)), TOO_MANY),
    ("a.npy", npy(np.zeros((3, 0))), NONE),
    ("a.npy", npy([1j]), "numbers of type complex128 are not supported"),
    ("a.npy", npy(["ab"]), "numbers of type <U2 are not supported"),
    ("a.npy", b"", "No data left in file"),
    ("a.npy", header((2**40,)), "mmap length is greater than file size"),
    ("a.npz", zipped(header((2**40,))), TOO_MANY.replace("262,145", f"{2**40:,}")),
    ("a.npz", zipped(header((512, 1, 513))), TOO_MANY.replace("262,145", "262,656")),
    ("a.npz", zipped(npy([1j])), "numbers of type complex128 are not supported"),
    ("a.npz", zipped(), "it holds 0 arrays, and should hold one"),
    ("a.npz", zipped(npy(1), npy(2)), "it holds 2 arrays, and should hold one"),
    ("a.npz", b"text", "File is not a zip file"),
    ("a.npz", packed_otherwise(), "That compression method is not supported"),
]


def refusal(path, read=read_numbers, *arguments) -> str:
    with pytest.raises(SlidingWindowsError) as caught:
        read(path, *arguments)
    return str(caught.value)


def test_what_cannot_be_read_as_numbers(tmp_path):
    for number, (name, content, words) in enumerate(NOT_READ):
        path = tmp_path / str(number) / name
        path.parent.mkdir()
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with warnings.catch_warnings(action="error"):
            assert refusal(path) == f"{path} cannot be read as numbers: {words}", (name, content)


def test_what_others_say_of_a_broken_file(tmp_path):
    """In words that differ between versions of numpy and Python."""
    objects = pickle.dumps([1, 2])
    for name, content, words in (
        ("a.npy", objects, "pickle"),
        ("b.npy", npy([1])[:20], "EOF"),
        ("c.npy", npy(np.array([None])), "objects in dtype"),
        ("d.npz", broken(), "decompressing data"),
        ("e.npz", zipped(npy(np.array([None]))), "numbers of type object are not supported"),
        ("f.npz", zipped(objects), "magic string"),
        ("g.json", b"[" * 100_000, "recursion"),
        ("h.json", b"[[1, 2], [3]]", "inhomogeneous shape"),
        ("i.json", b"[1, [2]]", "inhomogeneous shape"),
        ("j.json", b'[1, {"a": 2}]', "dict"),
    ):
        (tmp_path / name).write_bytes(content)
        said = refusal(tmp_path / name)
        assert said.startswith(f"{tmp_path / name} cannot be read as numbers: "), name
        assert words in said and "\n" not in said, (name, said)


def test_text_of_another_encoding(tmp_path):
    for ending in ("csv", "json"):
        path = tmp_path / f"a.{ending}"
        path.write_bytes("1,2 # Größe".encode("latin-1"))
        assert refusal(path) == (
            f"{path} cannot be read as numbers: it is not text in UTF-8; files of numbers are "
            ".csv, .txt, .json, .npy, .npz, and numpy.save writes a tensor as .npy"
        )


def test_what_is_no_file_at_all(tmp_path):
    said = {name: refusal(Path(name)) for name in ("nowhere.csv", "a\0b")}
    assert said == {
        "nowhere.csv": "nowhere.csv cannot be read as numbers: No such file or directory",
        "a\0b": "a\0b cannot be read as numbers: embedded null byte",
    }
    for read, more in ((read_numbers, ()), (read_picture, (1, None))):
        assert refusal(tmp_path, read, *more) == f"{tmp_path} is not a regular file"
        assert refusal(Path("/dev/null"), read, *more) == "/dev/null is not a regular file"


def test_a_file_of_just_as_many_bytes_as_are_read(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("1,2,3" + "\n" * 2000)
    monkeypatch.setattr(reading, "MOST_BYTES", 2005)
    assert read_numbers(path).tolist() == [[1, 2, 3]]
    monkeypatch.setattr(reading, "MOST_BYTES", 2004)
    for read, more in ((read_numbers, ()), (read_picture, (1, None))):
        assert refusal(path, read, *more) == f"{path} has more than 2,004 bytes"


def test_an_error_s_first_line_is_its_reason():
    for error, reason in (
        (ValueError("one\ntwo"), "one"),
        (ValueError(), "no reason given"),
        (OSError(5, "the disk is gone"), "the disk is gone"),
    ):
        said = str(reading._unread(Path("a"), error, "a picture"))
        assert said == f"a cannot be read as a picture: {reason}"


def png(width, height) -> bytes:
    """The beginning of a picture that says how large it is."""
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", b""),
    ):
        data += struct.pack(">I", len(body)) + kind + body
        data += struct.pack(">I", zlib.crc32(kind + body))
    return data


def test_a_picture_of_just_as_many_pixels_as_are_read(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    words = f"{path} cannot be read as a picture: at most 50,000,000 pixels are accepted"
    # Of the largest of them Pillow would warn.
    for width, height in ((5_000, 10_001), (10_000, 10_000)):
        path.write_bytes(png(width, height))
        with warnings.catch_warnings(action="error"):
            assert refusal(path, read_picture, 1, None) == words
    Image.new("L", (3, 5), 7).save(path)
    monkeypatch.setattr(reading, "MOST_PIXELS", 15)
    assert read_picture(path, 1, None).tolist() == [[[7.0] * 3] * 5]
    monkeypatch.setattr(reading, "MOST_PIXELS", 14)
    assert refusal(path, read_picture, 1, None).endswith("at most 14 pixels are accepted")


def test_what_is_no_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("text")
    begin = f"{path} cannot be read as a picture: "
    assert refusal(path, read_picture, 3, None).startswith(f"{begin}cannot identify image file ")
    path.write_bytes(png(3, 5))
    assert refusal(path, read_picture, 3, None).startswith(begin)


def saved(path, pixels, mode, **kwargs):
    Image.frombytes(mode, (len(pixels[0]), len(pixels)), bytes(np.array(pixels, np.uint8))).save(
        path, **kwargs
    )
    return path


def test_what_shows_through_is_white(tmp_path):
    half = [[[10, 20, 200, 0], [10, 20, 200, 255], [10, 20, 200, 51]]]
    found = read_picture(saved(tmp_path / "a.png", half, "RGBA"), 3, None)
    assert found.shape == (3, 1, 3) and found.dtype == np.float32
    for colour, row in zip((10, 20, 200), found[:, 0].tolist(), strict=True):
        assert row[:2] == [255, colour] and abs(row[2] - (0.2 * colour + 0.8 * 255)) <= 1
    grey = read_picture(saved(tmp_path / "b.png", [[[9, 0], [9, 255]]], "LA"), 1, None)
    assert grey.tolist() == [[[255, 9]]]
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putdata([0, 1])
    palette.save(tmp_path / "c.png")
    assert read_picture(tmp_path / "c.png", 3, None)[:, 0].T.tolist() == [
        [10, 20, 30],
        [40, 50, 60],
    ]
    palette.save(tmp_path / "d.png", transparency=0)
    assert read_picture(tmp_path / "d.png", 3, None)[:, 0].T.tolist() == [[255] * 3, [40, 50, 60]]


def test_sixteen_bits_become_eight(tmp_path):
    deep = [[0, 128, 129, 257, 385, 386, 65535]]
    Image.fromarray(np.array(deep, np.uint16)).save(tmp_path / "a.png")
    expected = [[0, 0, 1, 1, 1, 2, 255]]
    assert read_picture(tmp_path / "a.png", 1, None).tolist() == [expected]
    assert read_picture(tmp_path / "a.png", 3, None).tolist() == [expected] * 3


def test_a_picture_is_shrunk_to_height_and_width(tmp_path):
    pixels = [[10 * row + column for column in range(6)] for row in range(4)]
    path = saved(tmp_path / "a.png", pixels, "L")
    assert read_picture(path, 1, None).tolist() == [pixels]
    means = np.array(pixels).reshape(2, 2, 3, 2).mean((1, 3))  # 5.5 more than a whole number
    found = read_picture(path, 1, (2, 3))
    assert found.shape == (1, 2, 3) and abs(found[0] - means).max() <= 0.5
    three = read_picture(path, 3, (1, 2))
    assert three.shape == (3, 1, 2) and three.flags.c_contiguous
    turned = tmp_path / "b.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera on its side
    saved(turned, pixels, "L", exif=exif)
    assert read_picture(turned, 1, None).tolist() == [np.rot90(pixels, -1).tolist()]


def test_the_tables_have_every_ending():
    assert {Path(name).suffix.lower() for name, *_ in READ} == {*reading.NUMBERS, ".dat"}


def test_what_is_not_there_is_named_as_what_was_asked_for(tmp_path):
    for read, what in (
        (read_numbers, "numbers"),
        (lambda path: read_picture(path, 1, None), "a picture"),
    ):
        with pytest.raises(SlidingWindowsError) as caught:
            read(tmp_path / "none.png")
        words = f"{tmp_path}/none.png cannot be read as {what}: No such file or directory"
        assert str(caught.value) == words
