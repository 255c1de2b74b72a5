"""Files written whole or not at all; entries missing, stale or fresh."""

import json
import os
from pathlib import Path

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.export import files
from slidingwindows.export.files import SETTLED, Entry, digest, digest_of, write


@pytest.fixture
def entry(tmp_path):
    entry = Entry(tmp_path / "made", "thing")
    entry.put("key", {"thing.a": "one", "thing.b": b"two"})
    return entry


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_digest_keeps_parts_apart():
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")
    assert digest("a") == digest(b"a") != digest("a", "")


def test_write_makes_folders_and_says_what_changed(tmp_path):
    path = tmp_path / "new" / "file.txt"
    assert write(path, "één") is True
    assert path.read_bytes() == "één".encode()
    assert write(path, "één") is False
    assert write(path, b"two") is True
    assert path.read_bytes() == b"two"


def test_unchanged_content_is_not_touched(tmp_path):
    path = tmp_path / "file"
    write(path, "same")
    os.utime(path, (1, 1))
    before = path.stat()
    write(path, "same")
    after = path.stat()
    assert (after.st_ino, after.st_mtime) == (before.st_ino, 1)


def test_file_is_replaced_not_rewritten(tmp_path):
    """Who reads the old file while the new one comes sees all of the old one."""
    path = tmp_path / "file"
    write(path, "old")
    with open(path) as reader:
        write(path, "new and longer")
        assert reader.read() == "old"
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_interrupted_write_leaves_the_old_file_alone(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    write(path, "old")

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, stop)
    with pytest.raises(KeyboardInterrupt):
        write(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_full_disk_is_one_message(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SlidingWindowsError, match="file cannot be written: No space left"):
        write(tmp_path / "file", "data")
    assert names(tmp_path) == []


def test_folder_that_is_a_file_is_one_message(tmp_path):
    (tmp_path / "folder").write_text("")
    with pytest.raises(SlidingWindowsError, match="folder/file cannot be written"):
        write(tmp_path / "folder" / "file", "data")


def test_missing(tmp_path):
    entry = Entry(tmp_path / "nowhere", "thing")
    assert entry.state("key") == "missing"
    assert entry.files() == [] and entry.key() == "" and not entry.intact()


def test_fresh(entry):
    assert entry.state("key") == "fresh"
    assert entry.key() == "key" and entry.intact()
    assert [path.read_bytes() for path in entry.files()] == [b"one", b"two"]


def test_other_key_is_stale(entry):
    assert entry.state("another") == "stale"
    assert entry.intact()


def test_time_does_not_count(entry):
    for path in (entry.manifest, *entry.files()):
        os.utime(path, (1, 1))
    assert entry.state("key") == "fresh"


@pytest.mark.parametrize("content", [None, "", "on", "One", "one more"])
def test_file_that_is_not_as_written_is_stale(entry, content):
    path = entry.folder / "thing.a"
    path.unlink() if content is None else path.write_text(content)
    assert entry.state("key") == "stale" and entry.intact() is False


FOREIGN = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"7",
    b'{"key": "key"}',
    b'{"key": "key", "files": ["thing.a"]}',
    b'{"key": 1, "files": {}}',
    b'{"files": {}}',
]


@pytest.mark.parametrize("content", FOREIGN)
def test_manifest_that_is_not_ours_is_stale(entry, content):
    entry.manifest.write_bytes(content)
    assert entry.state("key") == "stale" and not entry.intact() and entry.files() == []


@pytest.mark.parametrize(
    "file",
    ["../secret", "..", ".", "", "/etc/passwd", "thing./../x", "other.a", "thing.made", "thing.\0"],
)
def test_manifest_reaches_only_its_own_files(entry, file):
    """A build removes what an old manifest names: it must not name others' files."""
    outside = [entry.folder.parent / "secret", entry.folder / "other.a"]
    for path in outside:
        path.write_text("secret")
    sums = {file: digest("secret")}
    entry.manifest.write_text(json.dumps({"key": "key", "files": sums}))
    assert entry.state("key") == "stale" and not entry.files()
    entry.put("key", {"thing.a": "one"})
    assert entry.state("key") == "fresh"
    assert [path.read_text() for path in outside] == ["secret", "secret"]


def test_put_removes_files_no_longer_made(entry):
    entry.put("next", {"thing.a": "one", "thing.c": "three"})
    assert names(entry.folder) == ["thing.a", "thing.c", "thing.made"]
    assert entry.state("next") == "fresh" and entry.state("key") == "stale"


def test_put_that_dies_midway_is_stale(entry, monkeypatch):
    """Some files new, some old: neither the old key nor the new one may find them fresh."""
    replace, done = os.replace, []

    def die_later(source, target):
        if done:
            raise KeyboardInterrupt
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", die_later)
    with pytest.raises(KeyboardInterrupt):
        entry.put("next", {"thing.a": "1", "thing.b": "2"})
    assert entry.state("key") == entry.state("next") == "stale"
    monkeypatch.undo()
    entry.put("next", {"thing.a": "1", "thing.b": "2"})
    assert entry.state("next") == "fresh"


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that were read, to the end of a test."""
    names, read = [], Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (names.append(path.name), read(path))[1])
    return names


def test_what_has_not_changed_is_read_once(tmp_path, reads, monkeypatch):
    file = tmp_path / "a.gif"
    file.write_bytes(b"one")
    os.utime(file, (1, 1))
    monkeypatch.setattr(files.time, "time_ns", lambda: file.stat().st_ctime_ns + 2 * SETTLED)
    assert digest_of(file) == digest_of(file) == digest(b"one")
    assert reads == ["a.gif"]


def test_a_change_is_seen_though_size_and_time_are_as_before(tmp_path, monkeypatch):
    file = tmp_path / "a.gif"
    file.write_bytes(b"one")
    os.utime(file, (1, 1))
    before = file.stat()
    monkeypatch.setattr(files.time, "time_ns", lambda: before.st_ctime_ns + 2 * SETTLED)
    assert digest_of(file) == digest(b"one")
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # the system's clock goes in ticks
        file.write_bytes(b"two")
        os.utime(file, (1, 1))
    assert digest_of(file) == digest(b"two")


def test_what_was_written_just_now_is_read_again(tmp_path, reads):
    """A second change within the same tick of the system's clock would not show."""
    file = tmp_path / "a.gif"
    file.write_bytes(b"one")
    assert digest_of(file) == digest_of(file) == digest(b"one")
    assert reads == ["a.gif", "a.gif"]
