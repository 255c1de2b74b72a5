"""Which figures `mkdocs serve` draws first, and how it stops drawing the others."""

import json
import re
import shutil
from threading import Event

import pytest
from tiny_project import Project, lesson

from slidingwindows import SlidingWindowsError
from slidingwindows.course import prepare
from slidingwindows.course.pages import NOT_YET
from slidingwindows.course.work import Stopped
from slidingwindows.site import browser, serving
from slidingwindows.site.prepared import GLOSSARY, Course, files_beside
from slidingwindows.site.prepared import prepared as render


@pytest.fixture
def wanted(tmp_path):
    """wanted(address) in a project of one prepared lesson."""
    docs, cache = tmp_path / "docs", tmp_path / ".cache"
    (docs / "reference").mkdir(parents=True)
    cache.mkdir()
    (cache / "prepared.json").write_text(json.dumps({"figures": {"padding": ["one", "two"]}}))
    (docs / "index.md").write_text("# Home\n\n<!-- figure one -->\n")
    (docs / "gallery.md").write_text("# All\n\n<!-- gallery -->\n")
    (docs / "reference" / "plain.md").write_text("# Plain\n")
    (tmp_path / "outside.md").write_text("<!-- figure three -->\n")
    return lambda address: serving.wanted_by(tmp_path, docs, address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/lessons/padding/", {"one", "two"}),
        ("/", {"one"}),
        ("/reference/plain/", set()),
        ("/gallery/", None),
        ("/lessons/unknown/", None),
        ("/unknown/", None),
        ("/../outside/", None),
        ("", None),
    ],
)
def test_the_figures_of_a_page(wanted, address, expected):
    assert wanted(address) == expected


def test_before_the_first_preparation_any_figure_may_be_wanted(tmp_path):
    assert serving.wanted_by(tmp_path, tmp_path / "docs", "/lessons/padding/") is None
    assert not prepare.figures_wait(tmp_path)


def prepared(project, **how):
    lines = []
    problems = prepare.prepare(project.root, report=lines.append, **how)
    assert not problems
    figures = [line.split(maxsplit=3) for line in lines if line.startswith("figure")]
    return {name: " ".join(state) for _, name, *state in figures}


def key_of(manifest):
    return json.loads(manifest.read_text())["key"]


@pytest.fixture
def drawn_otherwise(project, monkeypatch):
    """The tiny project, prepared by this process; then its figures are drawn in other colours."""
    prepared(project)
    keys = prepare.source_key

    def others(*modules, **how):
        return keys(*modules, **how) + ("" if "colours" in how else "other")

    monkeypatch.setattr("slidingwindows.course.work.source_key", others)
    return project


def test_others_wait_as_they_were_and_come_with_the_rest(drawn_otherwise):
    project = drawn_otherwise
    before, books = project.kept(".cache/figures"), project.cache / "notebooks"
    shutil.rmtree(books)
    states = prepared(project, serving=True, wanted={"tiny-pool"})
    assert re.match(r"stale \S+ \d+ kB", states["tiny-pool"])
    assert states["tiny-plot"].startswith("stale waits")
    after = project.kept(".cache/figures")
    changed = {name for name in after if after[name] != before.get(name)}
    assert "tiny-pool.made" in changed and not {n for n in changed if n.startswith("tiny-plot")}
    assert prepare.figures_wait(project.root) and not prepare.is_fresh(project.root)
    mark = serving.touched(project.root)
    written = mark.stat().st_mtime_ns
    assert [made.stem for made in sorted(books.rglob("*.made")) if not key_of(made)] == ["beta"]
    serving.Rest(project.root).thread.join()
    assert mark.stat().st_mtime_ns > written
    assert not prepare.figures_wait(project.root)
    assert set(prepared(project).values()) == {"fresh"}
    assert all(map(key_of, books.rglob("*.made"))), "written again"


def test_a_figure_that_shows_something_else_never_waits(project):
    """Its page says something else, too."""
    prepared(project)
    shutil.rmtree(project.cache / "executed")
    made = project.cache / "figures" / "tiny-plot.made"
    note = json.loads(made.read_text())
    note["key"] = "x" + note["key"][1:]  # of other data
    made.write_text(json.dumps(note))
    assert "kB" in prepared(project, serving=True, wanted=set())["tiny-plot"]


def test_a_lesson_that_failed_runs_again_only_when_that_could_end_otherwise(tmp_path):
    """One that hangs would hold all pages for minutes at each edit of any file."""
    log = tmp_path / "log"
    cell = f"# 'data/x'\nwith open({str(log)!r}, 'a') as log:\n    log.write('x')\n1 / 0"
    texts = {"bad": lesson("Bad", "x = 1", cell), "good": lesson("Good", "x = 1")}
    project = Project.create(tmp_path / "project", texts)
    (page := project.cache / "pages" / "bad.md").parent.mkdir(parents=True)

    def runs(**how):
        before, lines = len(log.read_text()) if log.exists() else 0, []
        page.unlink(missing_ok=True)
        problems = prepare.prepare(project.root, report=lines.append, serving=True, **how)
        number = project.read("lessons/bad.py").split("1 / 0")[0].count("\n") + 1
        (line,) = (line for line in lines if line.startswith("lesson  bad"))
        told = f"lessons/bad.py, code cell 2, line {number}: ZeroDivisionError: division by zero"
        assert problems == [told] and told in page.read_text()
        ran = len(log.read_text()) - before
        assert line.endswith("FAILED" if ran else "FAILED, and has not changed")
        return ran

    assert runs() == 1
    assert runs() == 0
    project.edit("lessons/good.py", "x = 1", "x = 2")
    assert runs() == 0
    project.edit("lessons/bad.py", "# # Bad", "# # Worse")  # its words
    assert runs() == 0
    project.edit("lessons/bad.py", "# # Worse", "# # Worse\n#\n# More.")
    assert runs() == 1, "the line that failed is another one"
    assert runs() == 0
    project.write("lessons/data/x", "data")
    assert (runs(), runs()) == (1, 0)
    project.edit("lessons/bad.py", "log.write('x')", "log.write('y')")
    assert (runs(), runs()) == (1, 0)
    with pytest.raises(SlidingWindowsError, match=r"^lessons/bad.py, code cell 2"):
        prepare.prepare(project.root, report=lambda line: None)
    assert log.read_text() == "xxxyy", "only the server remembers"


def test_what_is_stopped_is_as_if_killed(drawn_otherwise):
    project, stop, lines = drawn_otherwise, Event(), []
    stop.set()
    noted = project.read(".cache/prepared.json")
    with pytest.raises(Stopped):
        prepare.prepare(project.root, report=lines.append, serving=True, stop=stop)
    assert not [line for line in lines if line.startswith("figure")], "it waited for them"
    assert project.read(".cache/prepared.json") == noted
    assert not [name for name in project.kept() if ".aside." in name]
    mark = serving.touched(project.root)
    written = mark.stat().st_mtime_ns
    rest = serving.Rest(project.root)
    rest.end()  # before or after it is done
    assert not rest.thread.is_alive()
    if mark.stat().st_mtime_ns > written:
        assert set(prepared(project).values()) == {"fresh"}
    prepared(project)
    assert set(prepared(project).values()) == {"fresh"}


# While one lesson fails.


def test_a_lesson_that_is_deleted_while_another_fails_leaves_nothing_to_copy(project):
    prepared(project)
    (project.root / "lessons" / "alpha.py").unlink()
    project.edit("lessons/beta.py", "# %% [markdown]", "#%% [markdown]")
    assert prepare.prepare(project.root, report=lambda line: None, serving=True)
    found = files_beside(project.root)
    assert (project.root, "lessons/beta.py") in found
    assert not [uri for _, uri in found if "alpha" in uri]
    assert all((folder / uri).is_file() for folder, uri in found)


def test_two_lessons_with_figures_of_one_name_fail_and_the_third_goes_on(tmp_path):
    plot = "from slidingwindows.lesson import plot\nplot(lambda figure: None, '{}', 'Nothing.')"
    (tmp_path / "lessons").mkdir()
    for name, figure in (("one", "twin"), ("two", "twin"), ("three", "other")):
        text = lesson(name.title(), plot.format(figure))
        (tmp_path / "lessons" / f"{name}.py").write_text(text)
    said = "code cell 1, line 10: a figure is called 'twin', as is one at lessons/"
    told = [f"lessons/{a}.py, {said}{b}.py, " for a, b in (("one", "two"), ("two", "one"))]
    problems = prepare.prepare(tmp_path, report=lambda line: None, serving=True)
    assert [line[: len(told[0])] for line in sorted(problems)] == told
    pages = tmp_path / ".cache" / "pages"
    failing = [name for name in ("one", "two", "three") if NOT_YET in read(pages / f"{name}.md")]
    assert failing == ["one", "two"]
    with pytest.raises(SlidingWindowsError) as caught:
        prepare.prepare(tmp_path, report=lambda line: None)
    assert str(caught.value).startswith(told[1]) and "\n" not in str(caught.value)


def read(path):
    return path.read_text("utf-8")


def test_a_fault_in_the_glossary_is_the_glossarys(project):
    """Lessons go on without its terms; in a build there is no page without them."""
    project.write(f"docs/{GLOSSARY}", "# Glossary\n\n## Words { #words }\n")
    served, built = (Course(project.root, project.root / "docs", [], patient=p) for p in (1, 0))
    assert "sw-term" not in render(served, "lessons/alpha.ipynb", "lessons/alpha/").markdown
    for course, uri in ((served, GLOSSARY), (built, GLOSSARY), (built, "lessons/alpha.ipynb")):
        with pytest.raises(SlidingWindowsError, match="does not say what 'Words' means"):
            render(course, uri, uri)
    project.write(f"docs/{GLOSSARY}", "# Glossary\n\n## Words { #words }\n\nThey are read.\n")
    assert "sw-term" in render(served, "lessons/alpha.ipynb", "lessons/alpha/").markdown


def test_a_browser_that_leaves_is_no_error_and_any_other_is(capfd):
    for error in (ConnectionResetError(), BrokenPipeError(), ValueError("of ours")):
        with browser._Server(("127.0.0.1", 0), None) as server:
            try:
                raise error
            except type(error):
                server.handle_error(None, ("127.0.0.1", 1))
    told = capfd.readouterr().err
    assert "ValueError: of ours" in told and "Reset" not in told and "Pipe" not in told
