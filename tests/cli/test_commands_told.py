"""What the commands of a site are asked to do, and what they say: with what they call left out."""

import os

import pytest

from slidingwindows import SlidingWindowsError, __main__
from slidingwindows.course import home, prepare
from slidingwindows.course.shards import Shard
from slidingwindows.site import build, offline, pdf, plain, takeaway


@pytest.fixture
def root(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "mkdocs.yml").write_text("site_name: A\n")
    return tmp_path / "course"


@pytest.fixture
def asked(monkeypatch):
    """What was called, with its arguments; each pack is a file of 1.25 MB."""
    calls = []

    def packs(*arguments):
        target = arguments[-1]
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"x" * 1_260_000)
        calls.append(arguments)
        return 7

    monkeypatch.setattr(home, "is_home", lambda folder: True)
    for module, name in ((offline, "offline"), (takeaway, "takeaway"), (pdf, "pdf")):
        monkeypatch.setattr(module, name, packs)
    monkeypatch.setattr(plain, "write_plain", packs)
    noted = lambda *words, **options: calls.append((*words, options))  # noqa: E731
    monkeypatch.setattr(prepare, "prepare", noted)
    monkeypatch.setattr(build, "build", noted)
    return calls


def test_what_is_packed_is_told(root, run, asked):
    name, says = offline.NAME, {}
    says["offline"] = f"dist/{name}-offline.zip holds 7 files, 1.3 MB; open its index.html\n"
    says["takeaway"] = f"dist/{takeaway.NAME}.zip holds 7 files\n"
    says["pdf"] = f"dist/{takeaway.NAME}.pdf: 7 pages, 1.3 MB\n"
    says["markdown"] = f"dist/{plain.NAME} holds 7 files\n"
    for command, said in says.items():
        assert run(command, "--root", str(root)) == (0, said, ""), command
    dist, site = root / "dist", root / "site"
    assert asked == [
        (site, dist / f"{name}-offline.zip"),
        (root, dist / f"{takeaway.NAME}.zip"),
        (root, site, dist / f"{takeaway.NAME}.pdf"),
        (root, {}),
        (root, dist / plain.NAME),
    ]


def test_what_a_build_is_asked_for(root, run, asked):
    say = {"report": __main__._say, "shard": None}
    for line, call in {
        "site": (root, {"keep": True}),
        "site --check": (root, {"keep": False}),
        "prepare": (root, "", False, say),
        "prepare --shard 2/5": (root, "", False, {**say, "shard": Shard(2, 5)}),
        "figures": (root, "", True, say),
        "figures padding": (root, "padding", True, say),
    }.items():
        assert run(*line.split(), "--root", os.path.relpath(root)) == (0, "", "")
        assert asked.pop() == call, line


@pytest.mark.parametrize("command", ["offline", "takeaway", "pdf"])
def test_another_course_is_not_packed(root, run, command):
    assert run(command, "--root", str(root)) == (
        2, "", f"error: {command} packs only the course of this package\n",
    )  # fmt: skip


def test_a_folder_without_settings_is_none(root, run, asked):
    (root / "mkdocs.yml").unlink()
    for command in ("site", "prepare", "figures", "pdf", "markdown"):
        told = f"error: {root} holds no mkdocs.yml; see --root\n"
        assert run(command, "--root", str(root)) == (2, "", told)
    assert asked == []


def test_how_a_command_ends(root, run, asked, monkeypatch):
    dropped = []
    monkeypatch.setattr(__main__, "_drop_output", lambda: dropped.append(True))
    for error, code, said in (
        (BrokenPipeError(), 0, ""),  # as of `head`, which has had enough
        (SlidingWindowsError("one\ntwo"), 2, "error: one\ntwo\n"),  # each failure has its line
        (KeyboardInterrupt(), 130, ""),
        (MemoryError(), 2, "error: there is not enough memory for this\n"),
    ):

        def fails(*words, error=error, **options):
            raise error

        monkeypatch.setattr(build, "build", fails)
        assert run("site", "--root", str(root)) == (code, "", said)
    assert dropped == [True]
    ran = run(*[])
    assert ran.code == 0 and ran.err == ""
    assert ran.out.startswith("usage: python -m slidingwindows [-h] COMMAND ...")
