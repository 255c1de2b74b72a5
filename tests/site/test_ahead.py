"""A second process that begins with the last pages: it makes the same, and says nothing."""

import os
import threading

import pytest

from slidingwindows.site import ahead
from slidingwindows.site.ahead import Ahead

PAGES = ["one", "two", "three", "four"]


@pytest.fixture
def noted(tmp_path):
    """noted(word) returns what notes (word, page, process); noted.lines() is what was noted."""
    file = tmp_path / "noted"
    file.touch()

    def note(word):
        def do(page):
            os.write(2, f"{word} {page}".encode())
            with file.open("a") as lines:
                lines.write(f"{word} {page} {os.getpid()}\n")

        return do

    note.lines = lambda: [line.split() for line in file.read_text().splitlines()]
    return note


@pytest.fixture(autouse=True)
def alone_on_two_processors(monkeypatch):
    """What a build's process is like, though this one may have threads of other tests."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def test_all_bodies_from_the_last_then_all_pictures(noted, capfd):
    process = Ahead(PAGES, noted("body"), noted("picture"))
    process.end()
    lines = noted.lines()
    assert [line[:2] for line in lines] == [
        [word, page] for word in ("body", "picture") for page in reversed(PAGES)
    ]
    assert {line[2] for line in lines} != {str(os.getpid())} and len({x[2] for x in lines}) == 1
    assert capfd.readouterr() == ("", "")
    process.end()  # once more: there is nothing to wait for


def test_a_page_with_a_fault_ends_it_in_silence(noted, capfd):
    def render(page):
        if page == "two":
            raise ValueError("a fault")
        noted("body")(page)

    Ahead(PAGES, render, noted("picture")).end()
    assert [line[1] for line in noted.lines()] == ["four", "three"]
    assert capfd.readouterr() == ("", "")


def test_few_pages_are_left_to_mkdocs(noted):
    Ahead(PAGES[: ahead.FEW - 1], noted("body"), noted("picture")).end()
    assert noted.lines() == []


def test_one_processor_does_not_share(noted, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    Ahead(PAGES, noted("body"), noted("picture")).end()
    assert noted.lines() == []


def test_a_process_with_threads_is_not_forked(noted, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        Ahead(PAGES, noted("body"), noted("picture")).end()
    finally:
        done.set()
        thread.join()
    assert noted.lines() == []


def test_a_build_is_the_same_with_it_and_tells_of_a_fault_once(project):
    begins = "silence()\n                for"
    marked = f"open('begun', 'w').close()\n                {begins}"
    module, begun = "scripts/slidingwindows/site/ahead.py", project.root / "begun"
    project.edit(module, begins, marked)
    names = [f"page-{number}" for number in range(ahead.FEW)]
    for name in names:
        link = "[nowhere](no.md)" if name == names[-1] else "[home](index.md)"
        project.write(f"docs/{name}.md", f"# {name}\n\nA {link}.\n")
    home = "  - Home: index.md\n"
    project.edit("mkdocs.yml", home, home + "".join(f"  - {name}.md\n" for name in names))
    done = project.build()
    assert done.returncode and begun.exists()
    assert done.stdout.count("'no.md', but the target is not found") == 1

    project.edit(f"docs/{names[-1]}.md", "no.md", "page-0.md")
    sites, few = [], ahead.FEW
    for most in (few, 100):
        project.edit(module, f"FEW = {ahead.FEW}", f"FEW = {most}")
        for kept in (project.cache / "bodies").glob("*.made"):
            kept.unlink()
        begun.unlink(missing_ok=True)
        done = project.build()
        assert done.returncode == 0, done.stdout
        assert begun.exists() == (most == few)
        sites.append(project.kept("site"))
    one, other = sites
    assert one.keys() == other.keys() and f"{names[-1]}/index.html" in one
    assert [name for name in one if one[name] != other[name]] == []
