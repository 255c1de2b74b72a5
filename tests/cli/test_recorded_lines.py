"""What command lines print, whole: calculations, sizes, refusals, as they were reviewed."""

import json
import re
import shlex

import numpy as np
import pytest
from PIL import Image
from random_layers import Maker
from recorded import compare, shortened
from test_cli_errors import HOSTILE

READABLE = 1500  # letters of what one line prints

FIGURES = """
trace "MaxPool2d(2)" --input 4x4
trace "MaxPool2d(2)" --input 4x4 --backward
trace "nn.MaxPool2d(3, stride=2, padding=1)" --input 5x5 --low -9 --high -1
trace "torch.nn.MaxPool2d(2, stride=3, dilation=2, ceil_mode=True)" --input 6x5 --seed 4
trace "MaxPool2d(2, ceil_mode=True)" --input 1x2x3x5 --channel 1 --values arange
trace "MaxPool2d((3, 1), stride=(2, 1))" --input 7x3 --seed 2
trace "MaxPool1d(3, 2, 1)" --input 9 --seed 1
trace "MaxPool3d(2, padding=1)" --input 2x3x3 --depth 1
trace "MaxPool3d(2)" --input 2x2x4x4x4 --depth 1 --channel 1 --sample 1
trace "AvgPool1d(2)" --input 6 --seed 1
trace "AvgPool2d(3, stride=2, padding=1)" --input 4x4
trace "AvgPool2d(3, 2, 1, count_include_pad=False)" --input 5x5 --backward
trace "AvgPool2d(2, divisor_override=3)" --input 4x4
trace "AvgPool2d(3, 2, ceil_mode=True)" --input 6x6 --values arange
trace "AvgPool3d(2, 1)" --input 2x2x3
trace "AvgPool3d(3, 2, 1)" --input 3x3x3 --backward
trace "AvgPool3d(2, divisor_override=0)" --input 2x2x2 --low 0 --high 0
trace "AvgPool3d(2, divisor_override=0)" --input 2x2x2 --low -1 --high -1
trace "LPPool1d(1, 2)" --input 6 --seed 2
trace "LPPool2d(2, 2)" --input 4x4
trace "LPPool2d(3, 2, 1)" --input 3x3 --low 1
trace "LPPool3d(2, 2)" --input 2x2x2 --low 1
trace "AdaptiveMaxPool1d(3)" --input 8
trace "AdaptiveAvgPool1d(4)" --input 10 --values arange
trace "AdaptiveMaxPool2d((2, None))" --input 5x3
trace "AdaptiveAvgPool2d((3, 4))" --input 5x7 --seed 3
trace "AdaptiveAvgPool2d(2)" --input 3x3 --backward
trace "AdaptiveMaxPool3d(2)" --input 3x3x3 --depth 1
trace "AdaptiveAvgPool3d((1, 2, 2))" --input 3x3x5
trace "FractionalMaxPool2d(2, output_size=3)" --input 6x6 --seed 3
trace "FractionalMaxPool2d(2, output_ratio=0.5)" --input 6x7
trace "FractionalMaxPool3d(2, output_size=2)" --input 4x4x4 --depth 1
trace "Conv1d(2, 1, 3, padding=1)" --input 5
trace "Conv1d(1, 1, 3)" --input 7 --weights sobel --bias 0
trace "Conv2d(1, 1, 3)" --input 4x4 --weights ones --bias 1
trace "Conv2d(1, 1, 3, bias=False)" --input 4x4 --weights sobel
trace "Conv2d(1, 1, 3, padding=1, padding_mode='reflect')" --input 3x3
trace "Conv2d(1, 1, 3, padding=1, padding_mode='circular')" --input 3x3
trace "Conv2d(1, 1, 2, padding='same', padding_mode='replicate')" --input 3x3
trace "Conv2d(1, 1, 2, padding='same')" --input 2x3 --seed 2
trace "Conv2d(1, 1, 2, padding='valid', dilation=2)" --input 4x3
trace "Conv2d(2, 4, 2, groups=2)" --input 3x3 --channel 3
trace "Conv2d(3, 2, 2, stride=2)" --input 2x3x4x4 --channel 1 --sample 1 --bias 1,-2
trace "Conv2d(1, 1, 2, stride=2)" --input 4x5 --backward
trace "Conv2d(2, 2, 2)" --input 2x2 --backward --channel 1
trace "Conv3d(1, 1, 2)" --input 2x3x3
trace "Conv3d(1, 1, (2, 1, 2), stride=(1, 2, 1), padding=(1, 0, 0))" --input 2x3x3 --depth 2
trace "Conv3d(1, 1, 2, padding=1)" --input 2x2x2 --depth 1 --backward
trace "ConvTranspose1d(1, 1, 3, stride=2)" --input 4
trace "ConvTranspose2d(1, 1, 3, stride=2)" --input 2x2
trace "ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1)" --input 2x3
trace "ConvTranspose2d(1, 1, 2)" --input 2x2 --bias 3
trace "ConvTranspose2d(1, 1, 2, stride=(2, 3), dilation=2)" --input 2x2
trace "ConvTranspose2d(1, 1, 2, 2, 2)" --input 4x3
trace "ConvTranspose2d(4, 2, 2, groups=2)" --input 2x2 --channel 1
trace "ConvTranspose2d(1, 1, 3, 2, 1)" --input 3x3 --backward
trace "ConvTranspose3d(1, 1, 2, stride=2)" --input 2x2x2 --depth 3
trace "MaxUnpool1d(2)" --input 6
trace "MaxUnpool2d(2)" --input 4x5
trace "MaxUnpool2d(3, 2, 1)" --input 5x5 --seed 1
trace "MaxUnpool3d(2)" --input 4x4x4 --depth 1
trace "Unfold(2)" --input 3x3
trace "Unfold((2, 3), padding=1, stride=2)" --input 2x3x3
trace "Unfold(2, dilation=2)" --input 4x3
trace "Fold((3, 3), 2)" --input 4
trace "Fold((4, 4), 2, stride=2)" --input 8x4 --channel 1
trace "Fold((3, 3), 2, padding=1)" --input 16
trace "MaxPool2d(2)" --input 2x2 --json
trace "Conv2d(1, 1, 2, padding=1)" --input 2x2 --json
trace "AdaptiveAvgPool2d(2)" --input 3x3 --json
trace "ConvTranspose2d(1, 1, 2, stride=2)" --input 1x2 --json
trace "MaxPool3d(2)" --input 2x2x2 --json
trace "Unfold(2)" --input 2x3 --json
trace "Fold((2, 2), 2, padding=1)" --input 9 --json
trace "MaxUnpool2d(2)" --input 4x4 --json
trace "AvgPool2d(2)" --input 2x4 --json --backward
trace "MaxPool2d(2)" --values numbers.csv
trace "MaxPool2d(2)" --values semicolons.txt
trace "MaxPool1d(2)" --values column.csv
trace "AvgPool2d(2)" --values numbers.json
trace "AvgPool2d(2)" --values numbers.npy
trace "MaxPool2d(2)" --values grey.png
trace "Conv2d(3, 1, 2, stride=2)" --values colours.png --weights ones --bias 0
trace "MaxPool2d(2)" --values clear.png --input 2x2
trace "MaxPool2d(2)" --values deep.png
trace "Conv2d(1, 1, 2)" --input 3x3 --weights kernel.csv --bias 0.5
trace "MaxPool2d(8)" --values photo --input 16x16
trace "Conv2d(3, 1, 8, stride=8)" --values photo --input 3x16x16 --weights ones --bias 0
draw "MaxPool2d(2)" --input 4x4 -o -
draw "Conv2d(1, 1, 2)" --input 3x3 -o - --backward
draw "Conv2d(1, 1, 2)" --input 2x2 -o - --format json
draw "MaxPool2d(2, 1)" --input 3x3 -o out.gif
draw "MaxPool2d(2, 1)" --input 3x3 -o out.png --theme dark --width 400
draw "MaxPool2d(2, 1)" --input 6x6 -o out.zip --width 320
draw "MaxPool2d(1)" --input 9x9 -o out.zip --width 320
draw "MaxPool2d(1)" --input 17x17 -o out.gif --width 320
draw "MaxPool2d(2)" --input 4x4 -o out.json
draw "MaxPool2d(2)" --input 400x4 -o out.txt
"""
REFUSED = """
trace
draw "MaxPool2d(2)" --input 4x4
trace "MaxPool2d(2)"
trace "MaxPool2d(2)" --input 0x4
trace "MaxPool2d(2)" --input 4by4
trace "MaxPool2d(2)" --input 4
trace "MaxPool2d(2)" --input 1x1x1x1x4
trace "MaxPool1d(2)" --input 1x1x1x4
trace "MaxPool3d(2)" --input 4x4
trace "MaxPool2d(2)" --input 1000x1000
trace "Conv2d(99999, 1, 1)" --input 3x3
trace "Fold((600, 600), 2)" --input 4
trace "Fold((3, 3), 2)" --input 5
trace "MaxPool2d(2)" --input 4x4 --seed -1
trace "MaxPool2d(2)" --input 4x4 --seed 4294967296
trace "MaxPool2d(2)" --input 4x4 --low 5 --high 4
trace "MaxPool2d(2)" --input 4x4 --high 1048577
trace "MaxPool2d(2)" --input 4x4 --low -1048577
trace "MaxPool2d(2)" --input 4x4 --seed one
trace "MaxPool2d(2)" --input 4x4 --channel 1
trace "MaxPool2d(2)" --input 4x4 --channel -1
trace "MaxPool2d(2)" --input 4x4 --sample 1
trace "MaxPool2d(2)" --input 2x1x4x4 --sample 2
trace "MaxPool2d(2)" --input 4x4 --depth 1
trace "MaxPool3d(2)" --input 4x4x4 --depth 2
trace "MaxPool2d(2)" --input 4x4 --weights ones
trace "MaxPool2d(2)" --input 4x4 --bias 1
trace "Conv2d(1, 1, 2, bias=False)" --input 4x4 --bias 1
trace "Conv2d(1, 1, 2)" --input 4x4 --weights sobel
trace "Conv3d(1, 1, 3)" --input 4x4x4 --weights sobel
trace "Conv2d(1, 1, 2)" --input 4x4 --bias 1,2
trace "Conv2d(1, 2, 3)" --input 4x4 --weights column.csv
trace "Conv2d(1, 1, 2)" --input 4x4 --weights none.csv
trace "Conv2d(1, 1, 2)" --input 4x4 --bias none.csv
trace "Conv2d(2, 1, 2)" --input 4x4 --values colours.png
trace "Conv2d(2, 1, 2)" --values colours.png
trace "MaxPool2d(2)" --input 2x4x4 --values grey.png
trace "MaxPool2d(2)" --input 3x3 --values numbers.csv
trace "MaxPool2d(2)" --values none.csv
trace "MaxPool2d(2)" --values ragged.csv
trace "MaxPool2d(2)" --values words.csv
trace "MaxPool2d(2)" --values empty.csv
trace "MaxPool2d(2)" --values object.json
trace "MaxPool2d(2)" --values null.json
trace "MaxPool2d(2)" --values huge.json
trace "MaxPool2d(2)" --values damaged.json
trace "MaxPool2d(2)" --values complex.npy
trace "MaxPool2d(2)" --values damaged.png
trace "MaxPool2d(2)" --values large.png
trace "MaxPool2d(2)" --values folder
trace "MaxPool2d(2)" --values .
trace "MaxPool2d(5)" --input 4x4
trace "MaxPool2d(3, padding=2)" --input 4x4
trace "MaxPol2d(2)" --input 4x4
trace "maxpool2d(2)" --input 4x4
trace "Linear(2, 2)" --input 4
trace "ReLU()" --input 4
trace "MaxUnpool2d(2)" --input 4x4 --backward
trace "MaxUnpool2d(2, padding=2)" --input 4x4
trace "Unfold(2)" --input 4x4 --backward
trace "Fold((3, 3), 2)" --input 4 --backward
trace "Conv2d(1, 1, 3, padding=3, padding_mode='reflect')" --input 3x3
trace "MaxPool2d(2)" --input 4x4 --nonsense
draw "MaxPool2d(2)" --input 4x4 -o out.mp4
draw "MaxPool2d(2)" --input 4x4 -o out.mov
draw "MaxPool2d(2)" --input 4x4 -o out.bmp
draw "MaxPool2d(2)" --input 4x4 -o out
draw "MaxPool2d(2)" --input 4x4 -o folder
draw "MaxPool2d(2)" --input 4x4 -o none/out.gif
draw "MaxPool2d(2)" --input 4x4 -o kept.gif
draw "MaxPool2d(2)" --input 4x4 -o - --format mp4
draw "MaxPool2d(2)" --input 65x4 -o out.gif
draw "MaxPool2d(2)" --input 4x65 -o out.png
draw "MaxPool2d(2)" --input 4x4 -o out.gif --width 319
draw "MaxPool2d(2)" --input 4x4 -o out.gif --width 1921
draw "MaxPool2d(2)" --input 4x4 -o out.gif --frame-time 19
draw "MaxPool2d(2)" --input 4x4 -o out.gif --frame-time 60001
conv-arithmetic -o kept.gif
conv-arithmetic -o folder --format mp4
prepare
site --root none
takeaway --root folder
"""


@pytest.fixture
def files(tmp_path):
    """What the lines read."""
    for name, text in {
        "numbers.csv": "# a comment\n1,2,3,4\n\n5,6,7,8\n",
        "semicolons.txt": "1;2\n3;-4.5\n",
        "column.csv": "3\n1\n4\n1\n",
        "kernel.csv": "1 0\n0 -1\n",
        "numbers.json": "[[1, 2], [3, 1e3]]",
        "ragged.csv": "1,2\n3\n",
        "words.csv": "1,two\n",
        "empty.csv": "# nothing\n",
        "object.json": '{"a": 1}',
        "null.json": "[[1, null], [2, 1e400]]",
        "huge.json": "[[1, 1e39], [2, 3]]",
        "damaged.json": "[[1, 2",
        "damaged.png": "not a picture",
    }.items():
        (tmp_path / name).write_text(text)
    np.save(tmp_path / "numbers.npy", np.arange(8.0).reshape(1, 2, 4))
    np.save(tmp_path / "complex.npy", np.zeros((2, 2), complex))
    grey = np.arange(16, dtype=np.uint8).reshape(4, 4) * 16
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.stack([grey, grey + 5, 255 - grey], 2)).save(tmp_path / "colours.png")
    Image.fromarray(np.stack([grey, grey, grey, grey], 2)).save(tmp_path / "clear.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    Image.fromarray(np.zeros((600, 600), np.uint8)).save(tmp_path / "large.png")
    (tmp_path / "folder").mkdir()
    (tmp_path / "kept.gif").write_bytes(b"mine")
    (tmp_path / "kept.gif").chmod(0o444)


def printed(run, tmp_path, *arguments) -> str:
    """The exit code if it is not 0, and all that comes out but torch's own words."""
    code, out, err = run(*arguments)
    text = f"exit {code}\n" * bool(code) + out + err
    text = re.sub(r"torch says: .*?(?= \(in |$)", "torch says: …", text, flags=re.M)
    return shortened(text.replace(str(tmp_path), "FOLDER").strip(), READABLE)


def test_figures_in_lines(run, files, tmp_path):
    lines = FIGURES.strip().split("\n")
    compare("lines", ((line, printed(run, tmp_path, line)) for line in lines))
    assert json.loads(run('trace "MaxPool2d(2)" --input 2x2 --json').out)["kind"] == "max"


def test_refusals_in_lines(run, files, tmp_path):
    lines = REFUSED.strip().split("\n")
    said = {line: printed(run, tmp_path, line) for line in lines}
    assert {n: t for n, t in said.items() if not t.startswith("exit 2\nerror: ")} == {}
    for call in HOSTILE:
        line = ascii(shlex.join(["trace", call]))
        said[line] = printed(run, tmp_path, "trace", call, "--input", "7x7")
    compare("refused_lines", said.items())


def test_random_layers_in_lines(run, tmp_path):
    said = {}
    for seed in range(80):
        maker = Maker(seed)
        rank = 1 + seed % 2
        call, size = maker.window(rank), "5x6" if rank == 2 else "7"
        more = ["--backward"] * (seed % 3 == 0)
        words = ["trace", call, "--input", size, "--seed", str(seed), "--low", "-9", *more]
        said[shlex.join(words)] = printed(run, tmp_path, *words)
    assert sum("\n" in text and "exit" not in text for text in said.values()) > 40
    compare("random_lines", said.items())
