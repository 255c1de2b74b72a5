"""Only what changed is done again, and whatever changed is done again."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image
from tiny_project import Project, lesson

import slidingwindows
from slidingwindows.course import execution, home, lessons, prepare, work
from slidingwindows.course import keys as sources
from slidingwindows.export.files import Entry

ALL_FRESH = {
    "lesson alpha": "fresh",
    "lesson beta": "fresh",
    "figure tiny-pool": "fresh",
    "figure tiny-plot": "fresh",
}


def test_first_build_finds_all_missing(built):
    states = dict(re.findall(r"^((?:lesson|figure) +\S+) +(\w+)", built.output, re.M))
    assert len(states) == 4 and set(states.values()) == {"missing"}


def test_second_build_does_nothing_and_gives_the_same(project):
    def times():
        found = project.kept()
        return {name: (project.cache / name).stat().st_mtime_ns for name in found}

    before, written = (project.kept(), project.kept("site")), times()
    project.log.unlink(missing_ok=True)
    done = project.build()
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r" fresh$", done.stdout, re.M)) == 4
    assert project.executed() == []
    assert times() == written
    assert project.kept() == before[0]
    after = project.kept("site")
    changed = [name for name in after if after[name] != before[1].get(name)]
    assert set(after) == set(before[1]) and set(changed) <= {"sitemap.xml.gz"}


def test_times_do_not_count(here):
    for path in here.root.rglob("*"):
        os.utime(path, (1, 1))
    assert here.prepare() == ALL_FRESH
    assert here.executed() == []


def test_edit_of_one_lesson_runs_only_that_one(here):
    here.edit("lessons/beta.py", "numbers = [1, 2, 4]", "numbers = [1, 2, 5]")
    assert here.prepare() == {**ALL_FRESH, "lesson beta": "stale"}
    assert here.executed() == ["beta"]
    assert "\n8\n" in here.read(".cache/pages/beta.md")
    assert here.prepare() == ALL_FRESH


def test_edit_of_a_figure_draws_only_that_one(here):
    before = here.kept(".cache/figures")
    here.edit("lessons/beta.py", "axes.plot([1, 2, 4])", "axes.plot([4, 2, 1])")
    assert here.prepare() == {
        **ALL_FRESH,
        "lesson beta": "stale",
        "figure tiny-plot": "stale",
    }
    after = here.kept(".cache/figures")
    changed = {name for name in after if after[name] != before[name]}
    assert {"tiny-plot.light.png", "tiny-plot.dark.png"} <= changed
    assert not [name for name in changed if name.startswith("tiny-pool")]


def test_edit_of_words_starts_no_kernel(project):
    """A page and its notebook change; the outputs are those of the last run."""
    before = project.kept(".cache/executed")
    project.edit("lessons/alpha.py", "with **bold** words", "with **other** words")
    project.edit("lessons/beta.py", "# description: The second", "# description: A renamed")
    done = project.build()
    assert done.returncode == 0, done.stdout
    assert "executed" not in done.stdout
    assert project.executed() == []
    assert project.kept(".cache/executed") == before
    assert "<strong>other</strong>" in project.read("site/lessons/alpha/index.html")
    assert "**other**" in project.read("site/lessons/alpha/alpha.ipynb")
    assert "[9., 9.]" in project.read("site/lessons/alpha/index.html")
    assert "A renamed tiny lesson." in project.read("site/index.html")


def test_data_file_counts(tmp_path):
    code = 'import os\nfrom pathlib import Path\nprint(Path(os.environ["SLIDINGWINDOWS_LESSONS"], '
    text = lesson("Data", code + '"data/words.txt").read_text())')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("one")
    (tmp_path / "data" / "others.txt").write_text("one")
    (tmp_path / "data.py").write_text(text)
    before = lessons.read(tmp_path / "data.py").key()
    (tmp_path / "data" / "others.txt").write_text("two")
    assert lessons.read(tmp_path / "data.py").key() == before
    (tmp_path / "data" / "words.txt").write_text("two")
    assert lessons.read(tmp_path / "data.py").key() != before


def test_edit_of_the_package_runs_what_uses_it(project):
    """Code that lessons run makes them stale; code that only draws makes figures stale."""

    def edit(module):
        path = f"scripts/slidingwindows/{module}.py"
        project.write(path, project.read(path) + more)

    more = "\n# changed\n"
    edit("tracing/pooling")
    edit("drawing/style")
    edit("course/guard")
    assert project.prepare() == ALL_FRESH  # nobody sees a comment
    more = "\nchanged = True\n"
    edit("tracing/pooling")
    states = project.prepare()
    assert (states["lesson alpha"], states["lesson beta"]) == ("stale", "fresh")
    assert project.executed() == ["alpha"]  # beta traces nothing
    project.log.unlink()
    edit("export/gif")
    states = project.prepare()
    assert states == {**ALL_FRESH, "figure tiny-pool": "stale", "figure tiny-plot": "stale"}
    assert project.executed() == []
    edit("site/embed")
    assert project.prepare() == ALL_FRESH


def test_another_colour_runs_no_lesson_and_is_on_every_page(project, tmp_path):
    """Plots are drawn by lessons, but coloured outside of them.

    A file of the cache that is damaged is not coloured, but made again.
    """
    (project.cache / "figures" / "tiny-pool.dark.strip.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    project.edit("scripts/slidingwindows/drawing/style.py", '"#1257a8"', '"#7a1fa2"')
    done = project.build()
    assert done.returncode == 0, done.stdout
    states = dict(re.findall(r"^(?:lesson|figure) +(\S+) +(\w+)", done.stdout, re.M))
    assert states == {"alpha": "fresh", "beta": "fresh", "tiny-pool": "stale", "tiny-plot": "stale"}
    assert project.executed() == []
    image = Image.open(project.site / "figures" / "tiny-plot.light.png").convert("RGB")
    found = {colour: count for count, colour in image.getcolors(256)}
    assert found[0x7A, 0x1F, 0xA2] > 1000 and (0x12, 0x57, 0xA8) not in found

    clean = project.copy(tmp_path / "clean")
    for folder in (clean.cache, clean.site):
        shutil.rmtree(folder)
    assert clean.build().returncode == 0 and sorted(clean.executed()) == ["alpha", "beta"]
    assert clean.kept(".cache/executed") == project.kept(".cache/executed")
    assert clean.kept(".cache/figures") == project.kept(".cache/figures")
    new, edited = clean.kept("site"), project.kept("site")
    assert set(new) == set(edited)
    assert {name for name in new if new[name] != edited[name]} <= {"sitemap.xml.gz"}


def test_another_colour_draws_no_animation_again(project, monkeypatch):
    """What is finished gets other palettes; plots are mixed from their layers."""
    package = project.root / "scripts" / "slidingwindows"
    monkeypatch.setattr(home, "PACKAGE", package)
    monkeypatch.setattr(sources, "HERE", package)
    drawn, draw = [], execution.draw

    def noted(data, source):
        drawn.append(data["name"])
        return draw(data, source)

    def made(old, new):
        drawn.clear()
        project.edit("scripts/slidingwindows/drawing/style.py", old, new)
        prepare.prepare(project.root, report=str)
        return sorted(drawn)

    monkeypatch.setattr(execution, "draw", noted)
    prepare.prepare(project.root, report=str)
    assert drawn == []
    assert made('"#1257a8"', '"#7a1fa2"') == ["tiny-plot"]
    assert made("MARGIN = 16", "MARGIN = 18") == ["tiny-plot", "tiny-pool"]


def test_lesson_prepared_alone_then_put_back(project, monkeypatch):
    """`make figures LESSON=beta` after an edit; then the edit is undone. The page must be, too.

    Plain mkdocs first asks, cheaply, whether all is fresh: that answer has to be right.
    """
    original = project.read("lessons/beta.py")
    # The project has a package of its own, whose course it is.
    monkeypatch.setattr(home, "PACKAGE", project.root / "scripts" / "slidingwindows")
    assert prepare.is_fresh(project.root) is True
    project.edit("lessons/beta.py", "Words of beta.", "Words that I regret.")
    assert prepare.is_fresh(project.root) is False
    done = project.run("slidingwindows", "figures", "beta")
    assert done.returncode == 0, done.stdout
    assert "regret" in project.read(".cache/pages/beta.md")
    project.write("lessons/beta.py", original.replace("Words of beta.", "Other words."))
    done = project.run("slidingwindows.site.mkdocs", "build")
    assert done.returncode == 0, done.stdout
    page = project.read("site/lessons/beta/index.html")
    assert "Other words." in page and "regret" not in page
    assert "fresh" in project.run("slidingwindows.site.mkdocs", "build").stdout


def test_figures_draws_again_for_one_lesson(project):
    before = project.kept()
    done = project.run("slidingwindows", "figures", "beta.py")
    assert re.findall(r"^figure +(\S+) +fresh +light.png", done.stdout, re.M) == ["tiny-plot"]
    assert "alpha" not in done.stdout and project.executed() == []
    assert project.kept() == before


def test_damage_is_repaired(here):
    """Every kind at once: truncated, emptied, altered, removed, foreign, and unknown files."""
    before = here.kept()
    executed = here.cache / "executed" / "beta.json"
    executed.write_bytes(executed.read_bytes()[:-9])
    (here.cache / "figures" / "tiny-pool.light.gif").write_bytes(b"")
    (here.cache / "figures" / "tiny-plot.made").write_text('{"key": "x", "files": {"../a": 1}}')
    (here.cache / "figures" / "tiny-pool.trace.js").write_bytes(b"SlidingWindows.figure(")
    (here.cache / "pages" / "alpha.md").write_text("altered")
    (here.cache / "notebooks" / "lessons" / "beta.ipynb").unlink()
    (here.cache / "notebooks" / "lessons" / "beta.made").write_text("[]")
    (here.cache / "figures" / "stranger.light.gif").write_bytes(b"GIF89a")
    (here.cache / "figures" / ".tiny-pool.light.gif.x7").write_bytes(b"GIF")
    assert here.prepare() == {
        "lesson alpha": "fresh",
        "lesson beta": "stale",
        "figure tiny-pool": "stale",
        "figure tiny-plot": "stale",
    }
    assert here.executed() == ["beta"]
    assert here.kept() == before
    assert here.prepare() == ALL_FRESH


def test_the_address_of_the_site_is_what_figures_name_as_their_source(here):
    """Loopback is no source; another address is, and only the figures are made again for it."""

    def sources():
        figures = here.cache / "figures"
        pool = Image.open(figures / "tiny-pool.light.gif").info["comment"].decode()
        return [pool.splitlines()[-1], Image.open(figures / "tiny-plot.dark.png").text["Source"]]

    assert sources() == ["Source: Sliding Windows", "Sliding Windows"]
    stale = {**ALL_FRESH, "figure tiny-pool": "stale", "figure tiny-plot": "stale"}
    public = {"SITE_URL": "https://example.org/course/"}
    assert here.prepare(**public) == stale
    assert here.executed() == []
    place = "https://example.org/course/lessons"
    assert sources() == [f"Source: {place}/alpha/#tiny-pool", f"{place}/beta/#tiny-plot"]
    assert here.prepare(**public) == ALL_FRESH
    assert here.prepare(SITE_URL="http://127.0.0.1:9000/") == stale
    before = here.read(".cache/prepared.json")
    assert here.prepare() == ALL_FRESH  # two addresses, and nobody else can reach either
    assert here.read(".cache/prepared.json") == before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"key": 1, "entries": [[1]]}', None])
def test_damaged_record_of_the_last_build_is_not_believed(project, content):
    record = project.cache / "prepared.json"
    assert prepare.cache_of(project.root) / "prepared.json" == record
    record.unlink() if content is None else record.write_text(content)
    assert prepare.is_fresh(project.root) is False


def test_cache_of_another_build_folder_works(project):
    """No absolute path in it: continuous integration may restore it anywhere."""
    for path, content in project.kept().items():
        assert str(project.root.parent).encode() not in content, path


def test_removed_lesson_leaves_nothing(project):
    (project.root / "lessons" / "beta.py").unlink()
    project.nav(["alpha"])
    project.edit("lessons/alpha.py", "a [way to beta](beta.ipynb), [its second part]"
                 "(beta.ipynb#second-part)\n# and", "the way")  # fmt: skip
    done = project.build()
    assert done.returncode == 0, done.stdout
    for folder in (".cache", "site"):
        named = [n for n in project.kept(folder) if "beta" in n or "tiny-plot" in n]
        assert not named
    assert "Beta" not in project.read("site/search/search_index.json")
    assert "beta" not in project.read(".cache/prepared.json")
    assert project.executed() == []


def test_plain_mkdocs_forgets_a_removed_lesson_too(project):
    (project.root / "lessons" / "beta.py").unlink()
    done = project.run("mkdocs", "build")
    assert done.returncode == 0  # not strict: the nav still names it
    assert "lessons/beta.ipynb" in done.stdout
    assert not [name for name in project.kept("site") if "beta" in name or "tiny-plot" in name]


def test_removed_figure_leaves_nothing(here):
    text = here.read("lessons/beta.py")
    start, end = text.index("# %%\nplot("), text.index("# %%\nnumbers")
    here.write("lessons/beta.py", text[:start] + text[end:])
    here.prepare()
    assert not [name for name in here.kept() if "tiny-plot" in name]


def test_no_lessons_at_all(tmp_path):
    project = Project.create(tmp_path / "project", {})
    done = project.build()
    assert done.returncode == 0, done.stdout
    assert (project.site / "index.html").is_file()


# Keys of source files: what may change a result must be in its key.


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package for sources to look at."""
    copy = tmp_path / "slidingwindows"
    shutil.copytree(sources.HERE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "HERE", copy)
    return copy


def test_source_key_follows_imports(package):
    before = sources.source_key("export.render"), sources.source_key("course.authoring")
    assert before == (sources.source_key("export.render"), sources.source_key("course.authoring"))
    path = package / "drawing" / "animation.py"
    path.write_text(path.read_text() + "\nmore = 1\n")
    after = sources.source_key("export.render"), sources.source_key("course.authoring")
    assert after[0] != before[0] and after[1] == before[1]


def test_closure_of_unknown_and_circular_modules(package):
    (package / "aa.py").write_text("from .bb import x\nfrom . import cc\nimport json\n")
    (package / "bb.py").write_text(
        "from .aa import y\n\ndef late():\n    from .geometry import z\n"
    )
    (package / "cc.py").write_text("")
    assert sources.Package(sources.HERE).closure("aa", "no-such-module") == ["aa", "bb", "cc"]


def loaded(code, prefix="slidingwindows."):
    """Modules, of this package if not told otherwise, that some code loads in a fresh Python."""
    tail = f"\nimport sys; print(*[n for n in sys.modules if n.startswith({prefix!r})])"
    environment = {**os.environ, "SLIDINGWINDOWS_BUILD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code + tail], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return {name.removeprefix(prefix) for name in done.stdout.split()}


SHOWN = {
    "slide": "show(s.slide(nn.MaxPool2d(2), x), 'a')",
    "slide with weights": "show(s.slide(nn.Conv2d(1, 1, 2), x), 'a')",
    "route": "show(s.route(nn.MaxPool2d(2), x), 'a')",
    "funnel": "show(s.funnel(nn.Sequential(nn.Conv2d(1, 2, 3)), x), 'a')",
    "receptive_field": "show(s.receptive_field(nn.Sequential(nn.Conv2d(1, 2, 3)), x), 'a')",
    "save": "s.save(s.slide(nn.MaxPool2d(2), x), 'a.gif')",
    "plot": "plot(lambda figure: None, 'a', 'Nothing')",
}


def test_key_of_a_lesson_holds_all_that_its_kernel_loads(tmp_path):
    """Each in a fork of one process, since torch takes seconds to import."""
    lines = [
        "import json, os, sys, torch, slidingwindows as s",
        "from torch import nn",
        "from slidingwindows.lesson import plot, show",
        "x = torch.rand(1, 6, 6)",
        f"for name, code in {SHOWN!r}.items():",
        "    if not os.fork():",
        "        value = eval(code)",
        "        getattr(value, '_repr_mimebundle_', str)()",
        "        print(json.dumps([name, [n for n in sys.modules if n.startswith(s.__name__)]]))",
        "        sys.stdout.flush()",
        "        os._exit(0)",
        "    assert os.wait()[1] == 0, name",
    ]
    environment = {**os.environ, "SLIDINGWINDOWS_BUILD": "1"}
    code = "\n".join(lines)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    assert list(found) == list(SHOWN)
    for name, modules in found.items():
        used = {module.removeprefix("slidingwindows.") for module in modules} - {"slidingwindows"}
        known = sources.Package(sources.HERE).closure(*lessons.reach(SHOWN[name]))
        assert used and used <= set(known), name


def test_a_lesson_depends_on_what_it_can_reach_alone():
    def reached(code):
        return set(sources.Package(sources.HERE).closure(*lessons.reach(code)))

    nothing, slides = reached("x = 1"), reached("slide(pool, x)")
    assert nothing < slides and "tracing.slide" in slides - nothing
    assert not [name for name in slides if name.startswith(("drawing.", "words."))]
    assert "tracing.slide" not in reached("slides = 1") | reached("plot(draw)")
    assert "drawing.plot" in reached("plot(draw)") - slides
    assert "export.save" in reached("slidingwindows.save(x)") - reached("saved = 1")
    whole = reached(" ".join(slidingwindows._LATER) + " plot")
    evaluated = ("eval('sli' + 'de')", "eval(text)", "eval('nn.x, ' + y)", "exec('nnn.' + y)")
    for hidden in ("from slidingwindows import *", "getattr(s, n)", *evaluated):
        assert reached(hidden) == whole
    assert reached("eval('nn.' + call)") == reached('eval("torch.relu(" + x)') == nothing


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from slidingwindows.core.text import x", {"core", "core.text"}),
        ("import slidingwindows.core.trace as t", {"core.trace"}),
        ("slidingwindows.core.text.number(3)", {"core.text"}),
        ("from slidingwindows.core import trace, x", {"core", "core.trace", "core.x"}),
        ("from slidingwindows.core import (\n    a,\n    b as c,\n)", {"core.a", "core.b"}),
    ],
)
def test_key_of_a_lesson_holds_modules_it_names(tmp_path, monkeypatch, code, names):
    asked = []
    monkeypatch.setattr(lessons, "source_key", lambda *names, **how: asked.extend(names) or "")
    (tmp_path / "named.py").write_text(lesson("Named", code))
    lessons.read(tmp_path / "named.py").key()
    assert names <= set(asked)


def test_key_of_a_figure_holds_all_that_drawing_loads(built):
    cached = built.cache / "executed" / "alpha.json"
    used = loaded(
        "import json\nfrom pathlib import Path\n"
        "from slidingwindows.course.pages import figures_in\n"
        "from slidingwindows.export.render import render\n"
        f"[render(d) for d in figures_in(json.loads(Path({str(cached)!r}).read_text()))]\n"
    )
    drawing = used - set(sources.Package(sources.HERE).closure("course.pages"))
    assert drawing and drawing <= set(sources.Package(sources.HERE).closure("export.render"))
    alone = loaded("import slidingwindows.export.render")
    assert alone <= set(sources.Package(sources.HERE).closure("export.render", "__init__"))


def test_drawing_and_pages_do_without_torch():
    names = ("export.render", "course.pages", "course.prepare", "site.hooks", "site.events")
    used = loaded("\n".join(f"import slidingwindows.{name}" for name in names), prefix="")
    assert "slidingwindows.site.events" in used and "torch" not in used


def test_versions_are_in_the_key(tmp_path, monkeypatch):
    (tmp_path / "one.py").write_text(lesson("One", "1"))
    one = lessons.read(tmp_path / "one.py")
    before = one.key()
    monkeypatch.setattr(lessons, "versions", lambda *names: "torch 99")
    assert one.key() != before


def test_record_holds_every_entry(built):
    record = json.loads(built.read(".cache/prepared.json"))
    made = {
        (str(path.parent.relative_to(built.cache)), path.stem)
        for path in built.cache.rglob("*.made")
        # These are looked at by each build, whatever is fresh.
        if not {"social", "bodies", "play", "coloured", "script"}.intersection(
            path.relative_to(built.cache).parts
        )
    }
    assert {(folder, name) for folder, name, _ in record["entries"]} == made
    for folder, name, key in record["entries"]:
        assert Entry(built.cache / folder, name).state(key) == "fresh"


@pytest.mark.parametrize("damage", ["half", "gone"])
def test_steps_alone_damaged_are_made_again(here, damage):
    path = here.cache / "figures" / "tiny-pool.trace.js"
    before = path.read_bytes()
    if damage == "half":
        path.write_bytes(before[: len(before) // 2])
    else:
        path.unlink()
    assert prepare.is_fresh(here.root) is False
    assert here.prepare() == {**ALL_FRESH, "figure tiny-pool": "stale"}
    assert path.read_bytes() == before and here.executed() == []


def test_what_may_take_long_begins_first(tmp_path):
    """On two processors, half a minute of the first build is won by training first."""
    read = {}
    for name, code in (("a", "x = 1"), ("b", "torch.optim.Adam(net.parameters())"), ("c", "1")):
        (tmp_path / f"{name}.py").write_text(lesson(name.upper(), code))
        read[name] = lessons.read(tmp_path / f"{name}.py")

    def order(**seconds):
        found = sorted(read, key=lambda name: work.expected(read[name], seconds), reverse=True)
        return "".join(found)

    assert order() == "bac"  # and those that are alike in the course's own order
    assert order(a=1, b=2, c=3) == "cba"
    assert order(b=60, c=3) == "abc"
