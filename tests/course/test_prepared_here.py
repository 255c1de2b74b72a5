"""What a preparation writes, keeps and removes, with lessons' outputs made up as in the scheduler's
tests."""

import fcntl
import json
import re

import pytest
from test_scheduler import Course
from tiny_project import lesson as script

from slidingwindows import SlidingWindowsError
from slidingwindows.course.lessons import read
from slidingwindows.course.prepare import (
    FOLDERS,
    figures_shown,
    figures_wait,
    is_fresh,
    one_at_a_time,
    prepare,
    wait_warm,
)

BROKEN = "This lesson does not run yet."


@pytest.fixture
def course(tmp_path, monkeypatch):
    made = Course(tmp_path, monkeypatch)
    made.cache = tmp_path / ".cache"
    made.write("alpha")
    made.write("beta")
    return made


def prepared(course, **options):
    course.done = []
    return prepare(course.root, report=lambda line: None, **options)


def kept(course):
    """The files that the cache's folders hold, without their manifests."""
    found = (path for folder in FOLDERS for path in (course.cache / folder).rglob("*"))
    paths = [path.relative_to(course.cache).as_posix() for path in found if path.is_file()]
    return sorted(path for path in paths if not path.endswith(".made"))


ALPHA = ["executed/alpha.json", "notebooks/lessons/alpha.ipynb", "pages/alpha.md"]
BETA = [path.replace("alpha", "beta") for path in ALPHA]


def test_what_is_written_and_what_is_removed(course):
    assert is_fresh(course.root) is False
    assert prepared(course) == [] and kept(course) == sorted([*ALPHA, *BETA])
    assert is_fresh(course.root) is True and figures_shown(course.root) == {"alpha": [], "beta": []}
    page = course.cache / "pages" / "alpha.md"
    assert page.read_text().startswith('---\n{"title": "alpha"')
    for damaged in (page, course.cache / "notebooks" / "lessons" / "alpha.ipynb"):
        before = damaged.read_text()
        damaged.write_text("damaged")
        assert is_fresh(course.root) is False
        assert prepared(course) == [] and damaged.read_text() == before and course.done == []
    for half in (course.cache / ".aside.x", course.cache / "pages" / "half"):
        half.write_text("half")
    (course.root / "lessons" / "beta.py").unlink()
    assert is_fresh(course.root) is False
    assert prepared(course) == [] and kept(course) == ALPHA and course.done == []
    assert not (course.cache / ".aside.x").exists() and is_fresh(course.root) is True
    course.write("alpha", code="x = 2")
    assert is_fresh(course.root) is False and prepared(course) == [] and course.done == ["alpha"]
    assert "x = 2" in page.read_text()


def test_one_lesson_alone_leaves_the_others(course):
    assert prepared(course, only="alpha") == [] and kept(course) == ALPHA
    assert course.done == ["alpha"] and is_fresh(course.root) is False
    assert prepared(course) == [] and course.done == ["beta"] and is_fresh(course.root) is True
    with pytest.raises(SlidingWindowsError, match="gamma"):
        prepared(course, only="gamma")


def test_every_failure_is_named_at_once(course):
    course.fails |= {"beta": "no", "alpha": "never"}
    with pytest.raises(SlidingWindowsError) as caught:
        prepared(course)
    assert str(caught.value) == "lessons/alpha.py: never\nlessons/beta.py: no"
    assert kept(course) == [] and is_fresh(course.root) is False
    (course.root / "lessons" / "alpha.py").write_text("no lesson")
    with pytest.raises(SlidingWindowsError, match="must begin with a '# ---' header"):
        prepared(course)


def test_while_serving_each_failure_has_a_page(course):
    course.fails["alpha"] = "no"
    (course.root / "lessons" / "gamma.py").write_text("no lesson")
    (course.root / "lessons" / "delta.md").write_text("no lesson")
    unread = "must begin with a '{}' header that gives title and description"
    told = [
        f"lessons/delta.md {unread.format('---')}",
        f"lessons/gamma.py {unread.format('# ---')}",
        "lessons/alpha.py: no",
    ]
    assert prepared(course, serving=True) == told
    for name in ("alpha", "gamma", "delta"):
        page = (course.cache / "pages" / f"{name}.md").read_text()
        assert BROKEN in page and sum(one in page for one in told) == 1
    books = [path for path in kept(course) if path.startswith("notebooks")]
    assert books == [
        f"notebooks/lessons/{name}"
        for name in ("alpha.ipynb", "beta.ipynb", "delta.ipynb", "delta.py", "gamma.ipynb")
    ]
    empty = json.loads((course.cache / books[0]).read_text())
    assert empty["cells"] == [] and is_fresh(course.root) is False
    assert figures_shown(course.root) == {"beta": []}
    course.fails.clear()
    for name in ("gamma.py", "delta.md"):
        (course.root / "lessons" / name).unlink()
    course.write("alpha", code="x = 3")
    assert prepared(course, serving=True) == [] and is_fresh(course.root) is True
    good = (course.cache / books[0]).read_text()
    course.fails["alpha"] = "again"
    course.write("alpha", code="x = 4")
    assert prepared(course, serving=True) == ["lessons/alpha.py: again"]
    assert (course.cache / books[0]).read_text() == good  # the last good one
    assert BROKEN in (course.cache / "pages" / "alpha.md").read_text()


def test_a_page_that_cannot_be_written_is_a_failure_too(course):
    text = script("Alpha", "1") + "\n# %% [markdown]\n# $x^2^3$\n"
    (course.root / "lessons" / "alpha.py").write_text(text)
    with pytest.raises(SlidingWindowsError, match=r"the formula 'x\^2\^3' cannot be read"):
        prepared(course)
    [told] = prepared(course, serving=True)
    assert re.match("lessons/alpha.py, Markdown cell .*the formula", told)
    assert told.strip() in (course.cache / "pages" / "alpha.md").read_text()
    assert list(figures_shown(course.root)) == ["beta"]


def test_figures_of_one_name_fail_both_lessons(course):
    course.write("alpha", "one")
    course.write("beta", "one")
    with pytest.raises(SlidingWindowsError, match="a figure is called 'one', as is one at"):
        prepared(course)
    told = prepared(course, serving=True)
    assert len(told) == 2 and BROKEN in (course.cache / "pages" / "beta.md").read_text()


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file" / "cache"
    with pytest.raises(SlidingWindowsError) as caught, one_at_a_time(cache, print):
        pass
    assert str(caught.value) == f"{cache} cannot be written: Not a directory"
    with one_at_a_time(tmp_path / "a" / "b", print):
        assert (tmp_path / "a" / "b" / "lock").is_file()


def test_two_builds_wait_for_each_other(tmp_path):
    said = []
    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def report(line):
            said.append(line)
            fcntl.flock(lock, fcntl.LOCK_UN)  # now the other one has ended

        with one_at_a_time(tmp_path, report), pytest.raises(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert said == ["another build is running in this folder; waiting for it"]
    with one_at_a_time(tmp_path, said.append):
        assert len(said) == 1


def test_figures_that_wait_are_noted_until_they_are_drawn(course):
    course.write("alpha", "one")
    assert prepared(course) == [] and not figures_wait(course.root) and is_fresh(course.root)
    (course.root / "mkdocs.yml").write_text("site_url: https://example.org/\n")
    assert prepared(course, wanted=set()) == [] and course.done == []
    assert figures_wait(course.root) and not is_fresh(course.root)
    assert figures_shown(course.root) == {"alpha": ["one"], "beta": []}
    assert prepared(course) == [] and len(course.done) == 1
    assert not figures_wait(course.root) and is_fresh(course.root)
    book = (course.cache / "notebooks" / "lessons" / "alpha.ipynb").read_text()
    assert "A line." in book


def test_each_lesson_can_be_had_as_a_script(course):
    (course.root / "lessons" / "gamma.md").write_text("---\ntitle: G\ndescription: D\n---\n\n# G\n")
    wait_warm(course.root)
    assert course.warmed == [["alpha", "beta", "gamma"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("slidingwindows.course.execution.execute", lambda lesson, keep: [])
        for name in ("alpha.py", "beta.py"):
            (course.root / "lessons" / name).unlink()
        assert prepared(course) == []
    lesson = read(course.root / "lessons" / "gamma.md")
    assert (course.cache / "notebooks" / "lessons" / "gamma.py").read_text() == lesson.script()
    assert [path for path in kept(course) if "gamma" in path] == kept(course)
