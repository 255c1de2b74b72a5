"""What a lesson's key holds: everything that may change its results, each part by itself."""

import json
import sys
from pathlib import Path

import pytest
from tiny_project import lesson

from slidingwindows import SlidingWindowsError
from slidingwindows.course import header, lessons, notes, percent, prepare, syntax
from slidingwindows.course import keys as sources
from slidingwindows.course.pages import broken
from slidingwindows.export.files import digest


@pytest.fixture
def key(tmp_path):
    """key(cell, ...) of a lesson with these code cells."""

    def of(*cells, head="T"):
        (tmp_path / "one.py").write_text(lesson(head, *cells))
        return lessons.read(tmp_path / "one.py").key()

    return of


def test_the_same_code_has_the_same_key_and_prose_does_not_count(key):
    assert key("a = 1", "b = 2") == key("a = 1", "b = 2", head="Other words")
    assert len(key("a")) == 64


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b"), ("a\nb",)),
        (("a", "b"), ("a\n\nb",)),
        (("a", "b"), ("b", "a")),
        (("a", "b"), ("a",)),
        (("a",), ("a", "a")),
        (("a",), ("A",)),
        (("'x'",), ("'x '",)),
    ],
)
def test_every_cell_and_its_bounds_count(key, one, other):
    assert key(*one) != key(*other)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_number_of_pythons_version_counts(key, monkeypatch, number):
    before = key("a")
    version = list(sys.version_info)
    version[number] += 1
    monkeypatch.setattr(lessons.sys, "version_info", tuple(version))
    assert key("a") != before


def test_a_release_candidate_of_python_counts_as_its_release(key, monkeypatch):
    before = key("a")
    monkeypatch.setattr(lessons.sys, "version_info", (*sys.version_info[:3], "candidate", 1))
    assert key("a") == before


def test_what_runs_lessons_counts_and_what_draws_plots_for_lessons_that_plot():
    runs = ("__init__", "course.execution", "course.forking", "course.guard", "lesson")
    assert lessons.reach("x = 1") == runs
    assert lessons.reach("plot(draw)") == (*runs, "drawing.plot")


@pytest.mark.parametrize(
    "package", ["torch", "numpy", "matplotlib", "pillow", "nbclient", "ipykernel"]
)
def test_each_packages_version_counts(key, monkeypatch, package):
    """Asked of the installed packages themselves, so that none can be left out."""
    version = sources.metadata.version

    def newer(name):
        return version(name) + ("+newer" if name == package else "")

    sources.versions.cache_clear()
    before = key("a")
    monkeypatch.setattr(sources.metadata, "version", newer)
    sources.versions.cache_clear()
    after = key("a")
    sources.versions.cache_clear()
    assert after != before


@pytest.mark.parametrize(
    ("code", "packages"),
    [
        ("import jax", ["jax"]),
        ("from jax import lax", ["jax"]),
        ("from onnx.reference import ReferenceEvaluator", ["onnx"]),
        ("import jax.numpy as jnp, keras as k", ["jax", "keras"]),
        ("try:\n    import onnx\nexcept ImportError:\n    raise", ["onnx"]),
        ("from sklearn.datasets import load_digits", ["scikit-learn"]),
        ("import math, re, torch\nimport numpy as np\nfrom PIL import Image", []),
        ("import slidingwindows\nimport neither_installed", []),
        ("print('import jax')\nimportant = 'jax'", []),
        ("", []),
    ],
)
def test_the_packages_of_some_code(code, packages):
    assert lessons.packages_of(code) == packages


@pytest.mark.parametrize(("package", "counts"), [("scikit-learn", True), ("scipy", False)])
def test_the_version_of_a_package_that_a_lesson_imports_counts(
    key, root, monkeypatch, package, counts
):
    cell = "from sklearn.datasets import load_digits"
    (root / "lessons" / "one.py").write_text(lesson("One", cell))
    version = sources.metadata.version

    def newer(name):
        return version(name) + ("+newer" if name == package else "")

    before = key(cell), prepare.overall_key(root)
    sources.versions.cache_clear()
    monkeypatch.setattr(sources.metadata, "version", newer)
    after = key(cell), prepare.overall_key(root)
    sources.versions.cache_clear()
    assert [a != b for a, b in zip(after, before, strict=True)] == [counts, counts]


def test_versions_name_their_packages():
    text = sources.versions("pillow", "numpy")
    assert [line.split()[0] for line in text.split("\n")] == ["pillow", "numpy"]
    assert all(line.split()[1][0].isdigit() for line in text.split("\n"))


def test_the_source_of_the_package_counts(key, monkeypatch):
    before = key("a")
    monkeypatch.setattr(lessons, "source_key", lambda *names, **how: "other")
    assert key("a") != before


def test_data_files_count_by_name_in_code_alone(key, tmp_path):
    folder = tmp_path / "data" / "deep"
    folder.mkdir(parents=True)
    (folder / "a-b.csv").write_text("1")
    named = "open('data/deep/a-b.csv')"
    before, unnamed = key(named), key("data = 1", head="data/deep/a-b.csv")
    (folder / "a-b.csv").write_text("2")
    assert key(named) != before and key("data = 1", head="data/deep/a-b.csv") == unnamed
    (folder / "a-b.csv").unlink()
    assert key(named) not in (before, unnamed)


def test_two_data_files_do_not_run_into_each_other(key, tmp_path):
    (tmp_path / "data").mkdir()
    found = set()
    for a, b in (("x", "yz"), ("xy", "z"), ("xyz", "")):
        (tmp_path / "data" / "a").write_text(a)
        (tmp_path / "data" / "b").write_text(b)
        found.add(key("'data/a data/b'"))
    assert len(found) == 3


def test_the_parts_of_a_source_key_have_names(tmp_path, monkeypatch):
    """Two modules that swap their contents are another package."""
    monkeypatch.setattr(sources, "HERE", tmp_path)
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "b.py").write_text("y = 1")
    before = sources.source_key("a", "b")
    assert before != sources.source_key("b") and before != sources.source_key("a")
    assert sources.source_key("a", "b", to_the_letter=True) == digest("a", "x = 1", "b", "y = 1")
    (tmp_path / "a.py").write_text("y = 1")
    (tmp_path / "b.py").write_text("x = 1")
    assert sources.source_key("a", "b") != before


def test_imports_of_every_form_are_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "HERE", tmp_path)
    modules = ("a", "b", "c", "g", "j", "l", "d/__init__", "d/a", "d/e", "d/f/__init__", "d/f/g")
    for name in modules:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.py").write_text("")
    text = "from . import b, c, x\nfrom .d.e import f\nfrom g import h\nimport i\n"
    text += f"from ..j import k\nfrom {tmp_path.name}.d import f as z\n"
    (tmp_path / "a.py").write_text(text + "def late():\n    from .l import m\n")
    assert sources.Package(tmp_path).imports("a") == {"b", "c", "d.e", "d.f"}
    inner = "from . import e\nfrom ..b import x\nfrom .. import c, y\nfrom .f.g import a\n"
    (tmp_path / "d" / "a.py").write_text(inner + "from ...j import k\n")
    assert sources.Package(tmp_path).imports("d.a") == {"b", "c", "d.e", "d.f.g"}
    (tmp_path / "d" / "f" / "__init__.py").write_text("from .g import x\nfrom ... import j\n")
    assert sources.Package(tmp_path).imports("d.f") == {"d.f.g", "j"}


def test_the_closure_holds_the_rooms_of_its_modules(tmp_path, monkeypatch):
    """Whoever loads a module in a room loads the room's own file first."""
    monkeypatch.setattr(sources, "HERE", tmp_path)
    for name, text in {"a": "from .d.f.g import x\n", "d/f/g": "from .. import b\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.py").write_text(text)
    for name in ("d/__init__", "d/f/__init__", "d/b", "d/c", "__init__"):
        (tmp_path / f"{name}.py").write_text("")
    assert sources.Package(sources.HERE).closure("a") == ["a", "d", "d.b", "d.f", "d.f.g"]
    before = sources.source_key("a")
    (tmp_path / "d" / "c.py").write_text("1")
    assert sources.source_key("a") == before
    for name in ("d/__init__", "d/b", "d/f/g"):
        before = sources.source_key("a")
        (tmp_path / f"{name}.py").write_text((tmp_path / f"{name}.py").read_text() + "1\n")
        assert sources.source_key("a") != before, name


CODE = '''"""What it does."""

import re

SIZE = 3
"""How large."""


class A:
    """A class."""

    def f(self, x):
        """A method."""
        return x + SIZE  # three more
'''


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("three more", "some more", False),
        ("  # three more", "", False),
        ('"""What it does."""\n', "# What it does\n", False),
        ('    """A class."""\n\n', "", False),
        ('"""A method."""', '"""A function of a class."""', False),
        ('"""How large."""\n', "", False),
        ("import re\n", "import  re\n\n\n", False),
        ("x + SIZE", "(x) + SIZE", False),
        ("x + SIZE", "x - SIZE", True),
        ("SIZE = 3", "SIZE = 4", True),
        ("SIZE = 3", "SIZE = '3'", True),
        ("return", "return -", True),
        ('"""A method."""', 'print("A method.")', True),
        ("    def f", "    @staticmethod\n    def f", True),
    ],
)
def test_comments_and_docstrings_do_not_count(tmp_path, monkeypatch, old, new, counts):
    monkeypatch.setattr(sources, "HERE", tmp_path)
    (tmp_path / "a.py").write_text(CODE)
    before = sources.source_key("a"), sources.source_key("a", to_the_letter=True)
    assert CODE.count(old) == 1
    (tmp_path / "a.py").write_text(CODE.replace(old, new))
    assert (sources.source_key("a") != before[0]) is counts
    assert sources.source_key("a", to_the_letter=True) != before[1]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("slide.__doc__", True),
        ("__doc__", True),
        ("help(slide)", True),
        ("import inspect", True),
        ("from slidingwindows import slide as F\nF.__doc__", True),
        ("import torch.nn.functional as F\nF.relu.__doc__", False),
        ("from torch import nn\nnn.ReLU.__doc__\nslide.__doc__", True),
        ("from torch import nn\nprint(nn.ReLU.__doc__)", False),
        ("helpful = 1  # help is near", False),
    ],
)
def test_a_lesson_that_reads_docstrings_depends_on_them(monkeypatch, tmp_path, code, expected):
    assert lessons.reads_words(code) is expected
    asked = []
    monkeypatch.setattr(lessons, "source_key", lambda *_, **how: asked.append(how) or "")
    (tmp_path / "one.py").write_text(lesson("T", code))
    lessons.read(tmp_path / "one.py").key()
    assert asked == [{"to_the_letter": expected}]


def test_while_it_is_steady_the_package_is_read_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "HERE", tmp_path)
    (tmp_path / "a.py").write_text("x = 1")
    with sources.steady(tmp_path):
        before = sources.source_key("a")
        (tmp_path / "a.py").write_text("x = 2")
        assert sources.source_key("a") == before
    assert sources.source_key("a") != before


def parsed(monkeypatch):
    """A list that grows with each source that is read from now on; nothing is remembered."""
    syntax.NOTES.forget()
    trees, code_key = [], syntax.code_key
    monkeypatch.setattr(syntax, "code_key", lambda tree: trees.append(tree) or code_key(tree))
    return trees


def test_what_a_source_says_is_read_once_and_kept_from_build_to_build(tmp_path, monkeypatch):
    package, cache = tmp_path / "package", tmp_path / "cache"
    package.mkdir()
    monkeypatch.setattr(sources, "HERE", package)
    (package / "a.py").write_text("from .b import x\nfrom . import c\ny = 1")
    for name in "bc":
        (package / f"{name}.py").write_text(f"x = '{name}'")

    def build():
        trees = parsed(monkeypatch)
        with sources.steady(cache):
            return sources.source_key("a"), sources._package().closure("a"), len(trees)

    first = build()
    assert first[1:] == (["a", "b", "c"], 3)
    assert build() == (*first[:2], 0)
    (package / "c.py").write_text("x = 5")
    again = build()
    assert again[0] != first[0] and again[1:] == (["a", "b", "c"], 1)
    (package / "c.py").write_text("x = 'c'")
    assert build() == (*first[:2], 0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"b"', '"c"'),
        lambda text: "",
        lambda text: "\n".join([digest("[1]"), "[1]"]),
        lambda text: "\n".join([digest('{"a": 1}'), '{"a": 1}']),
    ],
)
def test_a_damaged_note_of_what_sources_say_is_not_believed(tmp_path, monkeypatch, damage):
    note, text = tmp_path / syntax.NOTES.file, "from .b import x"
    parsed(monkeypatch)
    found = syntax.syntax(text)
    syntax.NOTES.keep(tmp_path)
    whole = note.read_text()
    assert '"b"' in whole
    note.write_text(damage(whole))
    trees = parsed(monkeypatch)
    syntax.NOTES.recall(tmp_path)
    assert syntax.syntax(text) == found and len(trees) == 1
    syntax.NOTES.keep(tmp_path)
    assert note.read_text() == whole


def test_old_sources_are_forgotten_when_there_are_many(tmp_path, monkeypatch):
    monkeypatch.setattr(notes, "MOST", 3)
    for used, count in ((range(2), 2), (range(1, 3), 3), (range(2, 5), 3)):
        parsed(monkeypatch)
        syntax.NOTES.recall(tmp_path)
        for number in used:
            syntax.syntax(f"x = {number}")
        syntax.NOTES.keep(tmp_path)
        assert len(json.loads((tmp_path / syntax.NOTES.file).read_text().split("\n")[1])) == count


def test_cells_are_parsed_once_and_kept_from_build_to_build(tmp_path, monkeypatch):
    """By the whole text, the code that parses and its libraries; outside of a build always."""
    path, cache, parse, parsed = tmp_path / "one.py", tmp_path / "cache", percent._cells, []
    monkeypatch.setattr(percent, "_cells", lambda *told: parsed.append(told) or parse(*told))
    path.write_text(lesson("T", "1").replace("# %%\n1", '# %% tags=["hide"]\n\n1'))

    def read(steady=True):
        parsed.clear()
        percent.NOTES.forget()
        lessons._parsed.cache_clear()
        if not steady:
            return lessons.read(path), len(parsed)
        with sources.steady(cache):
            return lessons.read(path), len(parsed)

    plain = read(steady=False)[0]
    assert plain.cells[-1].tags == ("hide",) and not percent.NOTES.used
    assert [read(), read(), read(steady=False)] == [(plain, 1), (plain, 0), (plain, 1)]
    whole = (cache / percent.NOTES.file).read_text("utf-8")
    for old, new in (("\n1", "\n2"), ("# T", "# U")):
        path.write_text(path.read_text().replace(old, new))
        assert [read()[1], read()[1]] == [1, 0]
    monkeypatch.setattr(percent, "versions", lambda *names: "jupytext 99")
    assert [read()[1], read()[1]] == [1, 0]
    monkeypatch.setattr(percent, "source_key", lambda *names: "edited")
    assert [read()[1], read()[1]] == [1, 0]
    [key] = percent.NOTES.used
    for foreign in ("[[1, 2]]", '[["code", "1", 1, [2]]]', '[["code", "1", "1", []]]', "{}"):
        text = f'{{"{key}": {foreign}}}'
        (cache / percent.NOTES.file).write_text(f"{digest(text)}\n{text}")
        assert read()[1] == 1, foreign
    (cache / percent.NOTES.file).write_text(whole[:-9])
    assert read()[1] == 1
    path.write_text(lesson("T", "1").replace("# %%", "#%%"))
    for _ in range(2):  # what cannot be read is told each time, with the file's name
        with pytest.raises(SlidingWindowsError, match="one.py, line 6"):
            read()


# Finding and reading.


def test_lessons_are_found_by_name_and_sorted(tmp_path):
    for name in ("b", "a-1", "_draft"):
        (tmp_path / f"{name}.py").write_text(lesson("T", "1"))
    (tmp_path / "notes.txt").write_text("x")
    assert [one.name for one in lessons.find(tmp_path)] == ["a-1", "b"]
    for only in ("b", "b.py"):
        assert [one.name for one in lessons.find(tmp_path, only)] == ["b"]
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.find(tmp_path, "c")
    assert str(caught.value) == (f"there is no lesson 'c' in {tmp_path}; there are: a-1, b")


def test_a_lesson_is_read_with_tags_and_kinds(tmp_path):
    text = lesson("T", "1").replace(
        "# %%\n1", '# %% tags=["hide", "collapse"]\n1\n\n# %% [markdown]\n# W'
    )
    (tmp_path / "one.py").write_text(
        text.replace("description: Text.", "description: Ü\n# more: 7")
    )
    one = lessons.read(tmp_path / "one.py")
    assert one.meta == {"title": "T", "description": "Ü", "more": 7}
    assert [(cell.kind, cell.source, cell.tags) for cell in one.cells] == [
        ("markdown", "# T", ()),
        ("code", "1", ("hide", "collapse")),
        ("markdown", "W", ()),
    ]
    assert one.code == [one.cells[1]] and one.name == "one" and isinstance(one.cells, tuple)
    assert one.text == (tmp_path / "one.py").read_text() and "Text" not in repr(one)


def test_raw_cells_are_left_out_and_lines_still_count(tmp_path):
    text = lesson("T", "1", "2").replace("# %%\n2", "# %% [raw]\n# <b>\n\n# %%\n2")
    (tmp_path / "one.py").write_text(text)
    cells = lessons.read(tmp_path / "one.py").cells
    assert [(cell.kind, cell.source) for cell in cells[1:]] == [("code", "1"), ("code", "2")]
    assert [text.splitlines()[cell.line - 1] for cell in cells[1:]] == ["1", "2"]


@pytest.mark.parametrize("tag", header.TAGS)
def test_tags_that_change_what_a_cell_gives_count(tmp_path, tag):
    def key(text):
        (tmp_path / "one.py").write_text(text)
        return lessons.read(tmp_path / "one.py").key()

    plain = lesson("T", "1", "2")
    tagged = plain.replace("# %%\n2", f'# %% tags=["{tag}"]\n2')
    changes = tag in ("skip-execution", "raises-exception")
    assert (key(tagged) != key(plain)) == changes
    if changes:
        assert key(plain.replace("# %%\n1", f'# %% tags=["{tag}"]\n1')) != key(tagged)


# Whether anything is to be prepared at all.


READ = ["lessons/a.py", "lessons/data/x.csv", "package/m.py", "package/room/m.py"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project of which prepare() reads one lesson, one data file and two modules."""
    (tmp_path / "lessons" / "data").mkdir(parents=True)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "room").mkdir()
    for name in READ:
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(prepare, "HERE", tmp_path / "package")
    return tmp_path


@pytest.mark.parametrize("name", READ)
def test_the_overall_key_holds_every_file(root, name):
    before = prepare.overall_key(root)
    (root / name).write_text("2")
    assert prepare.overall_key(root) != before
    (root / name).write_text("1")
    assert prepare.overall_key(root) == before
    path = root / name
    path = path.rename(path.with_name("other" + path.suffix))
    assert prepare.overall_key(root) != before
    path.parent.with_name("elsewhere").mkdir()
    path.rename(path.parent.with_name("elsewhere") / Path(name).name)
    assert prepare.overall_key(root) != before


def test_the_overall_key_leaves_out_what_is_compiled_and_what_is_not_read(root):
    before = prepare.overall_key(root)
    for name in ("lessons/__pycache__/a.pyc", "package/__pycache__/m.py", "package/x.txt", "x.py"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x")
    assert prepare.overall_key(root) == before


def test_the_overall_key_holds_versions(root, monkeypatch):
    before = prepare.overall_key(root)
    asked = []
    monkeypatch.setattr(prepare, "versions", lambda *names: asked.extend(names) or "other")
    assert prepare.overall_key(root) != before
    assert {"torch", "numpy", "matplotlib", "pillow", "nbclient", "ipykernel"} <= set(asked)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"x = 1", "one.py must begin with a '# ---' header that gives title and description"),
        (b"# ---\n# title: \xff\n", "one.py cannot be read: 'utf-8' codec can't decode"),
        (b"# ---\n# title: [\n# ---\n", "one.py: the header is not YAML: "),
        (b"# ---\n# title: T\n# ---\n", "one.py: the header needs a description"),
        (b"# ---\n# description: T\n# ---\n", "one.py: the header needs a title"),
        (
            b"# ---\n# title: T\n# description: D\n# ---\nx\n# %%\ny\n",
            "one.py: text comes before the first '# %%' cell",
        ),
        (
            b"# ---\n# title: T\n# description: D\n# ---\n# %%\ny = '''\n# %%\n'''\n",
            "one.py: a line inside a string looks like a cell marker, '# %%'",
        ),
        (
            b"\xef\xbb\xbf# ---\n# title: T\n# description: D\n# ---\n",
            "one.py begins with a byte order mark (BOM)",
        ),
        (
            b"# ---\n# title: T\n# description: D\n# ---\n\n#%%\ny\n",
            "one.py, line 6: a cell begins with '# %%', not with '#%%'",
        ),
        (
            b"# ---\n# title: 2024\n# description: D\n# ---\n",
            "one.py: the header's title is not text but a YAML int; "
            'put it in quotes: title: "2024"',
        ),
        (
            b"# ---\n# title: T\n# description: [a]\n# ---\n",
            "one.py: the header's description is not text but a YAML list; "
            'put it in quotes: description: "[a]"',
        ),
        (b"# ---\n# title: ''\n# description: D\n# ---\n", "one.py: the header needs a title"),
        (
            b'# ---\n# title: T\n# description: D\n# ---\n\n# %% tags=["hidden"]\ny\n',
            "one.py, cell at line 6: unknown tag 'hidden'; there are: exercise, hide, collapse, "
            "hide-input, hide-output, hide-cell, remove-input, remove-output, remove-cell, "
            "skip-execution, raises-exception",
        ),
        (
            b"# ---\n# title: T\n# description: D\n# ---\n\n# %% tags=hide\ny\n",
            'one.py, cell at line 6: tags are a list such as tags=["hide"], not tags=hide',
        ),
        (
            b'# ---\n# title: T\n# description: D\n# ---\n\n# %% tags="hide"\ny\n',
            "one.py, cell at line 6: a cell cannot be read: 'hide' is not of type 'array'",
        ),
    ],
)
def test_a_bad_file_is_told_from_the_first_word(tmp_path, text, told):
    (tmp_path / "one.py").write_bytes(text)
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.read(tmp_path / "one.py")
    assert str(caught.value).startswith(told)


HEAD = "# ---\n# title: T\n# description: D\n# ---\n\n# %% [markdown]\n# Words\n\n"


@pytest.mark.parametrize(
    "wrong",
    ["#%%", "# %%%", "# %%% [markdown]", "# %", "# % [markdown]", "#  %%", "  # %%", "## %%"]
    + ["# %%[markdown]", "# %%x", '# % tags=["hide"]'],
)
@pytest.mark.parametrize("before", ["", "# %%\ny = 2\n\n"])
def test_a_cell_that_nearly_begins(tmp_path, wrong, before):
    """In a Markdown cell and in a code cell, where Jupytext takes it for words or a comment."""
    text = f"{HEAD}{before}{wrong}\nx = 1\n"
    (tmp_path / "one.py").write_text(text)
    line = text.split("\n").index(wrong) + 1
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.read(tmp_path / "one.py")
    assert str(caught.value).startswith(f"one.py, line {line}: a cell begins with '# %%'")
    assert str(caught.value).endswith(f"not with {wrong!r}")


@pytest.mark.parametrize("code", ["x = 1\n", "# a comment\nx = 1\n", "\n\nx = 1", '"""Words"""\n'])
def test_code_in_a_markdown_cell(tmp_path, code):
    """The author forgot its '# %%': it would be shown as words, and never run."""
    text = f"{HEAD}{code}\n# %%\ny = 2\n"
    (tmp_path / "one.py").write_text(text)
    first = next(line for line in code.split("\n") if line and not line.startswith("#"))
    line = text.split("\n").index(first) + 1
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.read(tmp_path / "one.py")
    assert str(caught.value) == (
        f"one.py, line {line}: {first!r} is in a Markdown cell, whose lines begin with '#'; "
        "code begins a cell of its own with '# %%'"
    )


@pytest.mark.parametrize(
    "kind", ["[markdwon]", "[Markdown]", "markdown", "md", "[code]", "[markdown", "markdown]"]
)
def test_a_kind_of_cell_that_is_none(tmp_path, kind):
    (tmp_path / "one.py").write_text(f"{HEAD}# %% {kind}\n# More words\n")
    with pytest.raises(SlidingWindowsError, match="one.py, cell at line 9: unknown kind of cell"):
        lessons.read(tmp_path / "one.py")


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ('tag=["hide-input"]', "unknown key 'tag'; tags=[\"hide-input\"] is probably meant"),
        ('A title Tags=["hide"]', "unknown key 'Tags'; tags=[\"hide\"] is probably meant"),
        ('[markdown] tgas=["hide"]', "unknown key 'tgas'; tags=[\"hide\"] is probably meant"),
        ('{"tag": ["hide"]}', "unknown key 'tag'; tags=[\"hide\"] is probably meant"),
        ("tag = 7", "unknown key 'tag'; tags=[\"hide-input\"] is probably meant"),
        ("hide_input=true", "unknown key 'hide_input'; tags=[\"hide-input\"] is probably meant"),
        ('tags=["hide"] collapse', "unknown key 'collapse'; tags=[\"collapse\"] is probably meant"),
        ('tags=["hide"] stage=3', "unknown key 'stage', which would change nothing; a cell takes "),
        ("hide-input", "'hide-input' is a title and no tag; a cell's tags are written as tags=["),
        ("tags: hide", "'tags: hide' is a title and no tag; a cell's tags are written as tags=["),
        ("[hide]", "'[hide]' is a title and no tag; a cell's tags are written as tags=[\"hide\"]"),
    ],
)
def test_a_key_that_would_change_nothing(tmp_path, marker, told):
    """It stands in the marker's own line, where a broken page points, however far down code is."""
    text = f"{HEAD}# %% {marker}\n\n\n# Words or a comment\n"
    (tmp_path / "one.py").write_text(text)
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.read(tmp_path / "one.py")
    assert str(caught.value).startswith(f"one.py, cell at line 9: {told}")
    page = broken(tmp_path / "one.py", [f"lessons/{caught.value}"])
    assert f">    9  # %% {marker}\n" in page


@pytest.mark.parametrize(
    "marker",
    [
        "A title",
        "Tags and what they mean",
        "Pools with k = 3",
        'id="6f1c" colab={"base_uri": "https://localhost:8080/"} outputId="a"',
        'A title slideshow={"slide_type": "skip"} jupyter={"source_hidden": true}',
        'editable=true deletable=false jp-MarkdownHeadingCollapsed=true name="x"',
        'active="ipynb"',
        "hide_input=false",
        "%% Deeper",
        'execution={"iopub.status.busy": "now"} papermill={"duration": 1} scrolled=true',
    ],
)
def test_what_jupytext_writes_for_other_programs_stays(tmp_path, marker):
    (tmp_path / "one.py").write_text(f'{HEAD}# %% {marker}\nx = 1\n\n# %% [markdown] id="a"\n# Y\n')
    cells = [(cell.kind, cell.tags) for cell in lessons.read(tmp_path / "one.py").cells]
    assert cells == [("markdown", ()), ("code", ()), ("markdown", ())]


def test_what_only_looks_like_a_cell_stays(tmp_path):
    """Words between quotes, as Jupytext has them, a percentage, and comments in code."""
    text = (
        f'{HEAD}# Of these, 30\n# % are gone.\n#\n#No space\n\n# %% [markdown]\n"""\nQuoted\n"""\n'
        "\n# %% A title\n# Words after code are comments.\nx = 7 % 2  # %\n"
    )
    (tmp_path / "one.py").write_text(text)
    cells = [(cell.kind, cell.source) for cell in lessons.read(tmp_path / "one.py").cells]
    assert cells == [
        ("markdown", "Words\n\nOf these, 30\n% are gone.\n\nNo space"),
        ("markdown", "Quoted"),
        ("code", "# Words after code are comments.\nx = 7 % 2  # %"),
    ]


def test_a_lesson_and_its_cells_cannot_be_changed(tmp_path):
    (tmp_path / "one.py").write_text(lesson("T", "1"))
    one = lessons.read(tmp_path / "one.py")
    for thing, name in ((one, "text"), (one.cells[0], "source")):
        with pytest.raises(AttributeError, match="cannot assign"):
            setattr(thing, name, "other")


def test_lines_with_blanks_alone_stand_before_no_cell(tmp_path):
    (tmp_path / "one.py").write_text(lesson("T", "1").replace("# %%\n1", "# %%\n  \n\n1\n\n2\n"))
    cell = lessons.read(tmp_path / "one.py").code[0]
    assert (tmp_path / "one.py").read_text().split("\n")[cell.line - 1] == "1"
