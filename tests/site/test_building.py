"""How a finished site takes the place of the last one, and what killed builds have left behind."""

import fcntl
import os
import stat
import sys
import tempfile
import time
from types import SimpleNamespace

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.site import build as building


@pytest.fixture
def places(tmp_path):
    """A new site in the cache, and the last one."""
    for name in (".cache/site-new", "site"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / name.rpartition("/")[2]).touch()
    return tmp_path / ".cache" / "site-new", tmp_path / "site"


def test_a_new_site_replaces_the_last_one(places):
    new, site = places
    os.chmod(new, 0o700)
    building._swap(new, site)
    assert os.listdir(site) == ["site-new"] and os.listdir(new.parent) == []
    assert stat.S_IMODE(site.stat().st_mode) == 0o755, "a temporary folder is its owner's alone"


def test_the_first_site_replaces_nothing(places):
    new, site = places
    building._swap(new, site.with_name("first"))
    assert os.listdir(site.with_name("first")) == ["site-new"] and os.listdir(site) == ["site"]


def test_a_site_that_cannot_be_moved_leaves_the_last_one(places, monkeypatch):
    new, site = places
    rename = os.rename

    def refused(source, target):
        if source == new:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refused)
    words = f"^{site} cannot be written: No space left on device$"
    with pytest.raises(SlidingWindowsError, match=words):
        building._swap(new, site)
    assert os.listdir(site) == ["site"]
    with pytest.raises(SlidingWindowsError, match=words.replace(str(site), f"{site}-first")):
        building._swap(new, site.with_name("site-first"))
    assert not site.with_name("site-first").exists()


def test_a_claim_is_one_builds_until_it_ends(places):
    new, _ = places
    first = building._claim(new)
    assert first is not None and building._claim(new) is None
    handles = len(os.listdir("/dev/fd"))
    assert building._claim(new) is None and len(os.listdir("/dev/fd")) == handles
    os.close(first)
    second = building._claim(new)
    assert second is not None
    os.close(second)


def test_where_nothing_can_be_claimed_nothing_is_removed(places, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    new, _ = places
    assert building._claim(new) is None
    aside, claim = building._aside(new.parents[1])
    assert claim is None and new.is_dir() and aside.is_dir()


def test_what_killed_builds_left_is_removed_and_what_others_use_is_not(places):
    new, _ = places
    used, other = new.with_name("site-used"), new.with_name("other")
    for path in (used, other):
        path.mkdir()
    held = os.open(used, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    handles = len(os.listdir("/dev/fd"))
    aside, claim = building._aside(new.parents[1])
    left = {path.name for path in new.parent.iterdir() if path.is_dir()}
    assert left == {"site-used", "other", aside.name} and aside.parent == new.parent
    assert aside.name.startswith("site-") and os.listdir(aside) == []
    assert building._claim(aside) is None, "it is claimed"
    os.close(claim)
    os.close(held)
    assert len(os.listdir("/dev/fd")) == handles - 1


def test_a_site_that_was_killed_on_its_way_is_put_back(places):
    new, site = places
    old = new.with_name("site-a.old")
    for present in (True, False):
        if not present:
            (site / "site").unlink()
            site.rmdir()
        old.mkdir(exist_ok=True)
        (old / "last").touch()
        _, claim = building._aside(site.parent)
        os.close(claim)
        assert not old.exists() and os.listdir(site) == (["site"] if present else ["last"])
    (site / "last").unlink()
    site.rmdir()
    new.mkdir(exist_ok=True)
    _, claim = building._aside(site.parent)
    os.close(claim)
    assert not site.exists(), "only what was the site is"


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / ".cache").write_text("a file")
    with pytest.raises(SlidingWindowsError, match=rf"{tmp_path}/\.cache cannot be written: .+"):
        building._aside(tmp_path)

    def full(**named):
        raise OSError(28, "No space left on device")

    (tmp_path / ".cache").unlink()
    monkeypatch.setattr(tempfile, "mkdtemp", full)
    words = rf"^{tmp_path}/\.cache cannot be written: No space left on device$"
    with pytest.raises(SlidingWindowsError, match=words):
        building._aside(tmp_path)


@pytest.mark.parametrize(("size", "told"), [(1_250_000, "1.2 MB"), (1_750_000, "1.8 MB")])
def test_what_is_told_of_a_site(tmp_path, capsys, monkeypatch, size, told):
    """A megabyte is a million bytes: these sizes lie in the middle between two that are told."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a").write_bytes(b"x" * 200_000)
    (tmp_path / "sub" / "b").write_bytes(b"x" * (size - 200_000))
    monkeypatch.setattr(time, "perf_counter", lambda: 12.34)
    building._tell("site/", tmp_path, 10.0)
    assert capsys.readouterr().out == f"site/ 2 files, {told}, 2.3 s\n"


def test_the_address_of_absolute_links(tmp_path):
    for line, address in (("", ""), ("site_url: https://a.org/b/\n", "https://a.org/b/")):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "mkdocs.yml").write_text(f"site_name: S\n{line}")
        assert building._address(tmp_path) == address


def test_a_process_that_ran_lessons_is_let_go(monkeypatch):
    closed = []
    warm = SimpleNamespace(close=lambda: closed.append(1))
    monkeypatch.setitem(sys.modules, "slidingwindows.course.warm", warm)
    building._let_go()
    assert closed == [1]
    monkeypatch.delitem(sys.modules, "slidingwindows.course.warm")
    building._let_go()
    assert closed == [1]
