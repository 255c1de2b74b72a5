"""One lesson as a script, a Jupyter notebook and a MyST notebook: the same, with its own errors."""

import json
from pathlib import Path

import nbformat
import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course import formats, inert, lessons
from slidingwindows.course.failing import where
from slidingwindows.course.pages import broken
from slidingwindows.course.prepare import _readable

SCRIPT = """# ---
# title: Three forms
# description: "Ü: one lesson."
# jupyter:
#   jupytext:
#     text_representation: {format_name: percent}
# more: 7
# ---

# %% [markdown]
# # Three forms
#
# Words with `{ref}` and
#
# ```
# ```{note}
# ```

# %% tags=["hide", "raises-exception"]
x = 1

1 / 0

# %% [raw]
# raw

# %% [markdown]
# More words.

# %%
y = '''
```
'''

# %%
"""
MYST = """---
title: Three forms
description: "Ü: one lesson."
jupytext:
  text_representation: {format_name: myst}
kernelspec: {name: python3, display_name: Any, language: python}
more: 7
---

# Three forms

Words with `{ref}` and

```
```{note}
```

```{code-cell} ipython3
---
tags: [hide, raises-exception]
---
x = 1

1 / 0
```

```{raw-cell}
raw
```

More words.

````{code-cell}

y = '''
```
'''
````

```{code-cell}
```
"""


def book(*cells, **metadata):
    """A notebook's text. cells: (kind, source, tags)."""
    make = {
        "raw": nbformat.v4.new_raw_cell,
        "words": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
    }
    made = [make[kind](source, metadata={"tags": tags}) for kind, source, *tags in cells]
    notebook = nbformat.v4.new_notebook(cells=made, metadata=metadata)
    return nbformat.writes(notebook)


HEAD = ("raw", '---\ntitle: Three forms\ndescription: "Ü: one lesson."\nmore: 7\n---')
NOTEBOOK = book(
    HEAD,
    ("words", "# Three forms\n\nWords with `{ref}` and\n\n```\n```{note}\n```"),
    ("code", "x = 1\n\n1 / 0", "hide", "raises-exception"),
    ("raw", "raw"),
    ("words", "More words."),
    ("code", "y = '''\n```\n'''"),
    ("code", ""),
    kernelspec={"name": "python3", "display_name": "Any", "language": "python"},
)
FORMS = {"py": SCRIPT, "ipynb": NOTEBOOK, "md": MYST}


def written(folder, text, suffix, name="one"):
    path = folder / f"{name}.{suffix}"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("suffix", FORMS)
def test_the_same_lesson_in_each_format(tmp_path, suffix):
    one = lessons.read(written(tmp_path, FORMS[suffix], suffix))
    assert one.meta == {"title": "Three forms", "description": "Ü: one lesson.", "more": 7}
    assert [(cell.kind, cell.source.strip("\n"), cell.tags) for cell in one.cells] == [
        ("markdown", "# Three forms\n\nWords with `{ref}` and\n\n```\n```{note}\n```", ()),
        ("code", "x = 1\n\n1 / 0", ("hide", "raises-exception")),
        ("markdown", "More words.", ()),
        ("code", "y = '''\n```\n'''", ()),
        ("code", "", ()),
    ]
    assert one.name == "one" and one.key() == lessons.read(written(tmp_path, SCRIPT, "py")).key()


@pytest.mark.parametrize("suffix", FORMS)
def test_each_can_be_had_as_a_script(tmp_path, suffix):
    one = lessons.read(written(tmp_path, FORMS[suffix], suffix))
    again = lessons.read(written(tmp_path, one.script(), "py", "again"))
    assert again.meta == one.meta and (suffix != "py" or one.script() == SCRIPT)
    assert [(c.kind, c.source.strip("\n"), c.tags) for c in again.cells] == [
        (c.kind, c.source.strip("\n"), c.tags) for c in one.cells
    ]


def test_lines_are_counted_as_the_author_does(tmp_path):
    """In the file, but in a notebook within the cell."""
    for suffix in ("py", "md"):
        one, lines = (
            lessons.read(written(tmp_path, FORMS[suffix], suffix)),
            FORMS[suffix].split("\n"),
        )
        line = lines.index("x = 1") + 1
        assert where(one, 0) == f"lessons/one.{suffix}, code cell 1, line {line}"
        assert lines[one.code[1].line - 1] == "y = '''"
        assert lines[one.cells[0].line - 1].endswith("# Three forms")
    one = lessons.read(written(tmp_path, NOTEBOOK, "ipynb"))
    assert where(one, 0, 3) == "lessons/one.ipynb, code cell 1, line 3 of the cell"


def test_a_page_of_a_broken_notebook_shows_lines_of_its_cell(tmp_path):
    path = written(tmp_path, NOTEBOOK, "ipynb")
    place = where(lessons.read(path), 0, 3)
    page = broken(path, [f"{place}: ZeroDivisionError"])
    assert (
        "    >    3  1 / 0\n" in page and "         1  x = 1\n" in page and "cell_type" not in page
    )
    page = broken(path, ["lessons/one.ipynb, Markdown cell 2, line 1 of the cell: a page may not"])
    assert "    >    1  More words.\n" in page
    assert "    > " not in broken(path, ["one.ipynb: the header needs a title; see line 2"])


def test_scripts_in_a_notebooks_words_are_placed_in_their_cell(tmp_path):
    text = book(HEAD, ("words", "# A"), ("words", "a\n\n<script>"))
    one = lessons.read(written(tmp_path, text, "ipynb"))
    told = inert.lesson_refusals(inert.faults_in("<script>", "p"), one, [])
    assert told == [
        "lessons/one.ipynb, Markdown cell 2, line 3 of the cell: a page may not hold <script>; "
        "the site's policy would stop it"
    ]


def test_what_a_notebook_kept_of_its_last_run_is_not_looked_at(tmp_path):
    before = lessons.read(written(tmp_path, NOTEBOOK, "ipynb"))
    notebook = json.loads(NOTEBOOK)
    shown = {"output_type": "stream", "name": "stdout", "text": ["old"]}
    notebook["cells"][2] |= {"outputs": [shown], "execution_count": 12}
    after = lessons.read(written(tmp_path, json.dumps(notebook), "ipynb"))
    assert (after.cells, after.meta, after.key()) == (before.cells, before.meta, before.key())


def keyed(**metadata):
    """A notebook with a cell that has this metadata."""
    notebook = nbformat.reads(book(HEAD, ("code", "1")), as_version=4)
    notebook.cells[1].metadata = metadata
    return nbformat.writes(notebook)


def test_what_programs_write_into_a_notebooks_cells_stays(tmp_path):
    text = keyed(hide_input=False, anything=7, collapsed=True, tags=["hide"], vscode={"id": "x"})
    assert lessons.read(written(tmp_path, text, "ipynb")).cells[0].tags == ("hide",)


@pytest.mark.parametrize("name", ["python", "Python", "ipython", "IPython"])
def test_what_notebooks_call_python(tmp_path, name):
    text = book(HEAD, ("code", "1"), language_info={"name": name})
    assert len(lessons.read(written(tmp_path, text, "ipynb")).cells) == 1


def test_lines_near_a_problem_are_those_that_can_be_read(tmp_path):
    place = "one.ipynb, code cell 1, line 2 of the cell"
    damaged = tmp_path / "one.md"
    damaged.write_bytes(b"a\xe4b\nc")
    assert formats.lines_near(damaged, place) == ["a\ufffdb", "c"]
    notebook = json.loads(NOTEBOOK)
    for source in ("a\nb", ["a\n", "b"]):
        notebook["cells"][2]["source"] = source
        path = written(tmp_path, json.dumps(notebook), "ipynb")
        assert formats.lines_near(path, place) == ["a", "b"]
    assert formats.lines_near(path, place.replace("1", "2")) == ["y = '''", "```", "'''"]
    assert formats.lines_near(path, place.replace("1", "9")) == []
    assert formats.lines_near(path, "one.ipynb: the header needs a title") == []
    assert formats.lines_near(written(tmp_path, "[]", "ipynb"), place) == []
    assert formats.lines_near(tmp_path / "none.ipynb", place) == []


def test_attachments_may_be_written_in_several_lines(tmp_path):
    notebook = json.loads(NOTEBOOK)
    for data in ("aGVsbG8=", ["aGVs", "bG8="]):
        notebook["cells"][1]["attachments"] = {"a.png": {"image/png": data}}
        one = lessons.read(written(tmp_path, json.dumps(notebook), "ipynb"))
        assert one.cells[0].attachments == {"a.png": ("image/png", b"hello")}


def test_what_is_damaged_inside_a_notebook_is_told(tmp_path):
    notebook = json.loads(NOTEBOOK)
    notebook["cells"][1]["attachments"] = {"a.png": {"image/png": "a"}}
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.read(written(tmp_path, json.dumps(notebook), "ipynb"))
    assert str(caught.value) == "one.ipynb, cell 2: the attachment 'a.png' is damaged"
    notebook = json.loads(NOTEBOOK)
    notebook["cells"][2]["execution_count"] = "x"
    with pytest.raises(SlidingWindowsError, match="^one.ipynb is no notebook that can be read: "):
        lessons.read(written(tmp_path, json.dumps(notebook), "ipynb"))


M = "---\ntitle: T\ndescription: D\n---\n"
NOT_YAML = (
    "YAML: while parsing a flow node\nexpected the node content, but found '<stream end>'\n"
    '  in "<unicode string>", line 2, column 1'
)


@pytest.mark.parametrize(
    ("suffix", "text", "told"),
    [
        ("ipynb", "", "one.ipynb is no notebook that can be read: "),
        ("ipynb", "[]", "one.ipynb is no notebook that can be read: "),
        ("ipynb", '{"nbformat": 4}', "one.ipynb is no notebook that can be read: "),
        ("ipynb", book(), "one.ipynb must begin with a raw cell that gives title and description"),
        ("ipynb", book(("words", "# A")), "one.ipynb must begin with a raw cell"),
        ("ipynb", book(("raw", "---\ntitle: T\n---")), "one.ipynb: the header needs a description"),
        ("ipynb", book(("raw", "---\ntitle: [\n---")), f"one.ipynb: the header is not {NOT_YAML}"),
        (
            "ipynb",
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "raw"}]}',
            "one.ipynb is no notebook that can be read: ",
        ),
        (
            "ipynb",
            book(HEAD, language_info={"name": "julia"}),
            "one.ipynb: lessons are written in Python, not in julia",
        ),
        (
            "ipynb",
            book(HEAD, ("code", "1", "hidden")),
            "one.ipynb, cell 2: unknown tag 'hidden'; there are: exercise,",
        ),
        (
            "ipynb",
            book(HEAD, kernelspec={"name": "ir", "display_name": "R", "language": "R"}),
            "one.ipynb: lessons are written in Python, not in R",
        ),
        ("md", "# A\n", "one.md must begin with a '---' header that gives title and description"),
        ("md", "---\ntitle: T\n---\n", "one.md: the header needs a description"),
        ("md", "---\ntitle: 7\n---\n", "one.md: the header's title is not text but a YAML int;"),
        (
            "md",
            f"{M}\n```{{code-cell}}\n:tags: [hidden]\n\nx\n```\n",
            "one.md, cell at line 6: unknown tag 'hidden'; there are: exercise,",
        ),
        (
            "md",
            f"{M}\n```{{code-cell}}\n:tags: hide\nx\n```\n",
            "one.md, cell at line 6: a cell cannot be read: 'hide' is not of type 'array'",
        ),
        (
            "md",
            f"{M}\n```{{code-cell}}\nx\n```\n\n```{{code-cell}}\n:tag: [hide]\n\n\nx\n```\n",
            "one.md, cell at line 10: unknown key 'tag'; :tags: [hide] is probably meant",
        ),
        (
            "md",
            f"{M}\n```{{code-cell}}\n:label: a\nx\n```\n",
            "one.md, cell at line 6: unknown key 'label', which would change nothing; a cell ",
        ),
        (
            "ipynb",
            keyed(tag=["hide"]),
            'one.ipynb, cell 2: unknown key \'tag\'; "tags": ["hide"] is probably meant',
        ),
        (
            "ipynb",
            keyed(hide_input=True),
            'one.ipynb, cell 2: unknown key \'hide_input\'; "tags": ["hide-input"] is probably ',
        ),
        ("md", f"{M}\n+++ x\n\na\n", "one.md: a cell cannot be read: Markdown cell 0 at line 6"),
        (
            "md",
            f"{M}\na\n\n```{{note}}\nb\n```\n",
            "one.md, line 8: {note} is not supported; what is special here is Material's, such as "
            "'!!! note'",
        ),
        ("md", f"{M}\na\n\n:::{{tip}}\nb\n:::\n", "one.md, line 8: {tip} is not supported; "),
        ("md", f"{M}```{{code-cel}}\nx\n```\n", "one.md, line 5: {code-cel} is not supported; "),
        (
            "md",
            f"{M}\n- a\n\n  ```{{code-cell}}\n  x\n  ```\n",
            "one.md, line 8: {code-cell} is not supported; a code cell begins at the left margin",
        ),
        ("md", f"{M}\na\nb {{math}}`x`\n", "one.md, line 7: {math} is not supported; write a link"),
        ("md", "\ufeff" + M, "one.md begins with a byte order mark (BOM)"),
    ],
)
def test_a_bad_file_is_told_in_its_own_terms(tmp_path, suffix, text, told):
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.read(written(tmp_path, text, suffix))
    assert str(caught.value).startswith(told)


def test_code_may_hold_what_looks_like_a_directive(tmp_path):
    code = 'x = """\n:::{tip}\n{math}\n"""'
    text = f"{M}\n```{{code-cell}}\n{code}\n```\n"
    assert lessons.read(written(tmp_path, text, "md")).cells[0].source == code


def test_what_only_looks_like_a_directive_stays(tmp_path):
    text = (
        f"{M}\n``` {{ .text }}\na\n```\n\n````\n```{{note}}\n:::{{tip}}\n````\n\n{{a}} `{{b}}`c`\n"
    )
    assert lessons.read(written(tmp_path, text, "md")).cells[0].source == text[len(M) + 1 : -1]


def test_two_files_of_one_name_are_one_fault(tmp_path):
    for suffix in ("py", "ipynb"):
        written(tmp_path, FORMS[suffix], suffix)
    other = written(tmp_path, MYST, "md", "other")
    written(tmp_path, "no lesson", "md", "_notes")
    assert lessons.paths_of(tmp_path)[-1] == other and len(lessons.paths_of(tmp_path)) == 3
    with pytest.raises(SlidingWindowsError) as caught:
        lessons.find(tmp_path)
    assert str(caught.value) == (
        "lessons/one.ipynb and one.py are one lesson; keep one of these files"
    )
    assert [found.path for found in lessons.find(tmp_path, "other.md")] == [other]
    failures: list = []
    assert [found.path for found in _readable(tmp_path, failures)] == [other]
    assert failures == [("one", str(caught.value))]
    assert lessons.path_of(tmp_path, "other") == other
    assert lessons.path_of(tmp_path, "none") == Path(tmp_path, "none.py")
