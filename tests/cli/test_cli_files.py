"""Files come whole or not at all, in every format, the same on every run."""

import errno
import io
import json
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from slidingwindows import SlidingWindowsError, Trace, Transfer, funnel, route, save, slide
from slidingwindows.core.text import json_text
from slidingwindows.drawing.animation import animate, stills
from slidingwindows.drawing.style import THEMES
from slidingwindows.export.encoding import FORMATS, MOVING, VIDEOS, format_of
from slidingwindows.export.gif import Reel
from slidingwindows.export.render import compact
from slidingwindows.export.still import MOST, MOST_SLIDES, chosen, stills_of

TRACE = slide(nn.MaxPool2d(2), torch.tensor([[[1.0, 2, 3, 0], [4, 0, 1, 5]]]))
DRAW = "draw 'MaxPool2d(2)' --input 4x4"


def pictures(path: Path) -> list[np.ndarray]:
    """Every frame in RGB, equal neighbours once."""
    with Image.open(path) as file:
        seen = []
        for number in range(getattr(file, "n_frames", 1)):
            file.seek(number)
            pixels = np.asarray(file.convert("RGB"))
            if not seen or not np.array_equal(seen[-1], pixels):
                seen.append(pixels)
        return seen


def zipped(path: Path) -> list[Image.Image]:
    with zipfile.ZipFile(path) as archive:
        return [Image.open(io.BytesIO(archive.read(name))) for name in sorted(archive.namelist())]


def drawn(figure, theme: str) -> list[np.ndarray]:
    """What should be on the frames, without any encoder."""
    palette = np.array(THEMES[theme].full_palette(), np.uint8)
    seen = []
    for canvas, _ in animate(figure):
        pixels = palette[canvas.pixels]
        if not seen or not np.array_equal(seen[-1], pixels):
            seen.append(pixels)
    return seen


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["webp", "apng"])
def test_lossless_formats_hold_the_very_pixels(kind, theme, tmp_path):
    save(TRACE, tmp_path / f"a.{kind}", theme)
    got, wanted = pictures(tmp_path / f"a.{kind}"), drawn(TRACE, theme)
    assert len(got) == len(wanted)
    assert all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_last_frame_of_a_gif(theme, tmp_path):
    # Some frames are stored in parts, so only whole ones can be compared by number.
    save(TRACE, tmp_path / "a.gif", theme)
    got, wanted = pictures(tmp_path / "a.gif"), drawn(TRACE, theme)
    assert np.array_equal(got[0], wanted[0]) and np.array_equal(got[-1], wanted[-1])


@pytest.mark.parametrize("kind", MOVING)
def test_durations_and_the_frame_time(kind, tmp_path):
    def milliseconds(path):
        with Image.open(path) as file:
            total = 0
            for number in range(file.n_frames):
                file.seek(number)
                file.load()
                total += file.info["duration"]
            return total

    for frame_time in (None, 300):
        save(TRACE, tmp_path / f"a.{kind}", frame_time=frame_time)
        wanted = sum(ms for _, ms in animate(TRACE, frame_time=frame_time))
        assert milliseconds(tmp_path / f"a.{kind}") == wanted


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The same command in every format, by another process, which hashes strings otherwise."""
    folder = tmp_path_factory.mktemp("elsewhere")
    code = (
        "import sys\n"
        "from slidingwindows.__main__ import main\n"
        "for kind in sys.argv[2:]:\n"
        "    assert main([*sys.argv[1].split('|'), '-o', f'a.{kind}']) == 0\n"
    )
    line = "|".join(shlex.split(f"{DRAW} --theme dark --width 400"))
    command = [sys.executable, "-c", code, line, *FORMATS]
    environment = os.environ | {"PYTHONHASHSEED": "77"}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_the_same_on_every_run(kind, run, elsewhere, tmp_path):
    assert run(f"{DRAW} --theme dark --width 400 -o first.{kind}").code == 0
    first, second = (
        (tmp_path / f"first.{kind}").read_bytes(),
        (elsewhere / f"a.{kind}").read_bytes(),
    )
    assert first == second and len(first) > 100


def test_each_option_changes_the_picture(run, tmp_path):
    def made(options):
        assert run(f"{DRAW} {options} -o a.gif").code == 0
        return (tmp_path / "a.gif").read_bytes()

    ways = ["", "--theme dark", "--width 800", "--frame-time 90", "--seed 1", "--high 99"]
    ways += ["--values arange", "--backward"]
    assert len({made(options) for options in ways}) == len(ways)
    with Image.open(io.BytesIO(made("--width 800"))) as picture:
        assert picture.width == 800


def test_what_draw_says(run, tmp_path):
    ran = run(f"{DRAW} -o a.gif")
    assert ran.out == f"a.gif: {(tmp_path / 'a.gif').stat().st_size / 1000:.1f} kB\n"
    assert run("draw 'MaxPool2d(1)' --input 4x4 -o a.png").out.endswith(f", {MOST} of 16 windows\n")
    ran = run("draw 'MaxPool2d(1)' --input 9x9 -o a.zip")
    assert ran.out.endswith(f", {MOST_SLIDES} of 81 windows\n")
    ran = run("draw 'MaxPool2d(1)' --input 20x20 -o a.gif")
    assert ran.out.endswith(", one of every 2 of 400 windows\n")


def test_the_ending_or_the_option_says_the_format(run, tmp_path):
    for name, option in (("a.GIF", ""), ("b", "--format gif"), ("c.txt", "--format .GIF")):
        assert run(f"{DRAW} -o {name} {option}").code == 0
        assert (tmp_path / name).read_bytes().startswith(b"GIF89a")


def test_a_filmstrip_numbers_its_windows(tmp_path):
    save(TRACE, tmp_path / "a.png")
    sheet = pictures(tmp_path / "a.png")[0]
    palette = np.array(THEMES["light"].full_palette(), np.uint8)
    one, two = (palette[canvas.pixels] for canvas in stills(TRACE, [0, 1]))
    height, width = one.shape[:2]
    assert sheet.shape == (height + 34, 2 * width, 3)
    assert np.array_equal(sheet[34:, :width], one) and np.array_equal(sheet[34:, width:], two)
    heads = sheet[:34, :width], sheet[:34, width:]
    assert not np.array_equal(*heads) and all((head != 255).any() for head in heads)


@pytest.mark.parametrize("count", [1, 2, 12, 13, 100, 4096])
def test_which_windows_a_filmstrip_shows(count):
    shown = chosen(count)
    assert len(shown) == min(count, MOST) and shown[0] == 0 and shown[-1] == count - 1
    gaps = {b - a for a, b in zip(shown, shown[1:], strict=False)}
    assert not gaps or (min(gaps) > 0 and max(gaps) - min(gaps) <= 1)


def test_json_is_the_trace(run, tmp_path):
    assert run("draw 'MaxPool2d(2, padding=1)' --input 3x3 --backward -o a.json").code == 0
    text = (tmp_path / "a.json").read_text("utf-8")

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    data = json.loads(text, parse_constant=refuse)
    assert Transfer.from_dict(data).forward.planes[0][0][0] == float("-inf")
    assert len(text.splitlines()) > 20 and max(map(len, text.splitlines())) < 200
    assert Trace.from_dict(json.loads(json_text(TRACE.to_dict()))) == TRACE


@pytest.mark.parametrize(
    "data",
    [{}, [], 1, "a", None, {"a": []}, [[]], [[1, 2], "b", {"c": [[None, True]]}], {"é": -1.5}],
)
def test_json_lines_are_json(data):
    assert json.loads(json_text(data)) == data


def test_json_lines_refuse_infinities():
    with pytest.raises(ValueError):
        json_text({"a": [[float("inf")]]})


def test_a_reel_is_what_compact_makes():
    palette = THEMES["light"].full_palette()
    frames = [(canvas.pixels, ms) for canvas, ms in animate(TRACE)]
    images, colours = compact([pixels for pixels, _ in frames], palette)
    reel = Reel(lambda: iter(frames), palette)
    assert reel.colours == colours and reel.shape == (len(frames), *images[0].shape)
    assert all(np.array_equal(a, b) for (a, _), b in zip(reel, images, strict=True))


@pytest.mark.parametrize("kind", FORMATS)
def test_save_takes_every_figure(kind, tmp_path):
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))
    figures = [
        TRACE,
        route(nn.MaxPool2d(2), torch.ones(1, 2, 2)),
        funnel(network, torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(1))),
    ]
    for number, figure in enumerate(figures):
        path = save(figure, tmp_path / f"{number}.{kind}")
        assert path.stat().st_size > 50
        if kind == "zip":
            assert len(zipped(path)) == len(stills_of(figure, MOST_SLIDES))
        elif kind not in ("json", "txt"):
            assert len(pictures(path)) >= (1 if kind == "png" else 2)


def test_save_refuses_what_is_no_figure(tmp_path):
    with pytest.raises(SlidingWindowsError, match="this is a Tensor"):
        save(torch.ones(2), tmp_path / "a.gif")
    with pytest.raises(SlidingWindowsError, match="not a file name"):
        save(TRACE, "a\0.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", VIDEOS)
def test_videos_name_what_to_use_instead(kind, refused):
    line = refused(f"{DRAW} -o a.{kind}")
    assert line.startswith(f"Pillow writes no {kind}; save a .webp or a .gif")
    assert f"ffmpeg -i out.gif -pix_fmt yuv420p out.{kind}" in line


def test_pillow_still_writes_no_video():
    """If it ever does, the message above is false."""
    Image.init()
    ways = {Image.registered_extensions().get(f".{kind}") for kind in VIDEOS}
    assert not ways & (set(Image.SAVE) | set(Image.SAVE_ALL))
    with pytest.raises(ValueError, match="unknown file extension"):
        Image.new("RGB", (8, 8)).save("a.mp4")


def test_without_webp(refused, monkeypatch):
    monkeypatch.setattr("slidingwindows.export.encoding.features.check", lambda name: False)
    assert "built without WebP; save a .gif" in refused(f"{DRAW} -o a.webp")


def test_a_dash_writes_to_the_standard_output(run, shell, tmp_path):
    assert run(f"{DRAW} -o -").out.startswith("Animation: nn.MaxPool2d")
    assert json.loads(run(f"{DRAW} -o - --format json").out)["kind"] == "max"
    name = r"$'\xff.gif'"  # no UTF-8, and said all the same
    shell(
        f"python -m slidingwindows {DRAW} -o - --format gif > a.gif && "
        f"python -m slidingwindows {DRAW} -o {name} > said",
        check=True,
    )
    assert (tmp_path / "a.gif").read_bytes().startswith(b"GIF89a")
    assert (tmp_path / "said").read_bytes().startswith(b"\xff.gif: ")


def test_no_gif_on_a_terminal(refused, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "refusing to write a gif to a terminal" in refused(f"{DRAW} -o - --format gif")


# Places that cannot take a file.


def test_a_folder_that_is_not_there(refused):
    line = refused(f"{DRAW} -o nowhere/a.gif")
    assert line == "nowhere/a.gif cannot be written: there is no folder nowhere"


def test_a_folder_in_the_place_of_a_file(refused, tmp_path):
    (tmp_path / "a.gif").mkdir()
    assert refused(f"{DRAW} -o a.gif") == "a.gif is a folder; name a file in it"
    assert refused(f"{DRAW} -o .") == ". is a folder; name a file in it"


def test_a_device_is_not_replaced(refused, tmp_path):
    os.mkfifo(tmp_path / "a.gif")
    assert "is not a regular file, and will not be replaced" in refused(f"{DRAW} -o a.gif")
    assert (tmp_path / "a.gif").is_fifo()


def test_a_link_stays_a_link(run, tmp_path):
    (tmp_path / "real.gif").write_bytes(b"old")
    (tmp_path / "link.gif").symlink_to("real.gif")
    assert run(f"{DRAW} -o link.gif").code == 0
    assert (tmp_path / "link.gif").is_symlink()
    assert (tmp_path / "real.gif").read_bytes().startswith(b"GIF89a")


def test_a_read_only_folder(refused, tmp_path, monkeypatch):
    """Root may write anywhere, so the system's answer is put in its mouth."""
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "a.gif").write_bytes(b"old")
    if os.geteuid() != 0:
        folder.chmod(0o500)
    else:

        def denied(*arguments, **options):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr("slidingwindows.export.files.tempfile.mkstemp", denied)
    try:
        line = refused(f"{DRAW} -o locked/a.gif")
    finally:
        folder.chmod(0o700)
    assert line.endswith("locked/a.gif cannot be written: Permission denied")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(refused, tmp_path, monkeypatch, failing):
    (tmp_path / "a.gif").write_bytes(b"old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"slidingwindows.export.files.os.{failing}", full)
    line = refused(f"{DRAW} -o a.gif")  # which also looks for files left behind
    assert line.endswith("a.gif cannot be written: No space left on device")


AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


def mounted(folder: Path, *options: str) -> bool:
    """Whether a small file system of this user could be mounted; only root may do it."""
    folder.mkdir()
    settings = ",".join([*options, f"uid={os.geteuid()}"])
    command = [*AS_ROOT, "mount", "-t", "tmpfs", "-o", settings, "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.fixture
def mount(tmp_path):
    """mount(options): a small disk of one's own, or the test is skipped."""
    made = []

    def mounting(*options):
        folder = tmp_path / "disk"
        if not mounted(folder, *options):
            pytest.skip("nothing can be mounted here; the tests before this one do the same")
        made.append(folder)
        return folder

    yield mounting
    for folder in made:
        subprocess.run([*AS_ROOT, "umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(mount, refused):
    disk = mount("size=64k")
    (disk / "a.gif").write_bytes(b"old")
    line = refused("draw 'MaxPool2d(2, stride=1)' --input 9x9 -o disk/a.gif")
    assert line.endswith("disk/a.gif cannot be written: No space left on device")


def test_a_disk_that_is_really_read_only(mount, refused):
    mount("size=64k", "ro")
    line = refused(f"{DRAW} -o disk/a.gif")
    assert line.endswith("disk/a.gif cannot be written: Read-only file system")


def test_a_full_standard_output(shell):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    for line in (f"{DRAW} -o -", "trace 'MaxPool2d(1)' --input 30x30"):
        ran = shell(f"python -m slidingwindows {line} > /dev/full")
        assert ran.returncode == 2
        assert (
            ran.stderr == "error: the standard output cannot be written: No space left on device\n"
        )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{DRAW} -o {{}}.gif", "cannot be written: File name too long"),
        ("trace 'MaxPool2d(1)' --values {}.csv", "there is no file aaa"),
        ("trace 'Conv2d(1, 1, 2)' --input 4x4 --weights {}.csv", "there is no file aaa"),
        ("trace 'Conv2d(1, 1, 2)' --input 4x4 --bias {}.csv", "{}.csv"),
        ("conv-arithmetic -o {}", "cannot be created: File name too long"),
    ],
)
def test_a_file_s_name_too_long_is_no_fault_of_the_standard_output(refused, line, words):
    name = "a" * 300
    said = refused(line.replace("{}", name))
    assert words.replace("{}", name) in said and "standard output" not in said


def test_an_error_of_a_file_that_nobody_foresaw_names_the_file(refused, monkeypatch):
    def broken(options):
        raise OSError(5, "Input/output error", "some/file")

    monkeypatch.setattr("slidingwindows.cli.commands.draw", broken)
    assert refused(f"{DRAW} -o a.gif").endswith("some/file: Input/output error")


def test_a_read_only_file_stays(refused):
    path = Path("kept.gif")
    path.write_text("mine")
    path.chmod(0o444)
    assert refused(f"{DRAW} -o kept.gif").endswith("is read-only, and will not be replaced")
    assert path.read_text() == "mine"


def test_a_pipe_that_closes_early_is_no_error(shell):
    ran = shell("python -m slidingwindows trace 'MaxPool2d(1)' --input 60x60 | head -2")
    assert ran.stderr == "" and ran.stdout.startswith("nn.MaxPool2d(kernel_size=1, stride=1)\n")


def test_minus_signs_are_printed_in_any_locale(shell):
    """Minus signs are no ASCII."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    line = "python -m slidingwindows trace 'MaxPool2d(2, padding=1)' --input 2x2"
    assert "−∞" in shell(line, env=environment, check=True).stdout


def test_conv_arithmetic_fills_a_folder_or_says_why_not(run, tmp_path, refused):
    ran = run("conv-arithmetic -o guide --format txt")
    assert ran.code == 0 and len(ran.out.splitlines()) == len(list((tmp_path / "guide").iterdir()))
    (tmp_path / "taken").write_text("")
    assert "taken cannot be created: " in refused("conv-arithmetic -o taken")
    assert "Pillow writes no mp4" in refused("conv-arithmetic -o other --format mp4")


def test_capitals_in_an_extension_do_not_matter():
    assert [format_of(f".{kind.upper()}") for kind in FORMATS] == list(FORMATS)
