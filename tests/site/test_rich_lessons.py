"""Lessons in each format, with all that Jupyter's Markdown knows, built into one tiny site."""

import base64
import json
import re

import nbformat
import pytest
from tiny_project import square

from slidingwindows.course import lessons
from slidingwindows.site.takeaway import scripts_of

RICH = """\
- one
  - two
    1. three
- [x] done
- [ ] ~~not~~ to be done

| a | b |
|---|---|
| 1 | **2** |

<details><summary>More</summary>

Words that are *folded*.

</details>

![Four black pixels](attachment:dots.png)"""
MYST = """---
title: Delta words
description: A MyST notebook.
---

# Delta words

![The same four pixels](images/deep/dots.png), see [gamma](gamma.ipynb).

```{code-cell}
:tags: [hide-input]

print(6 * 7)
```
"""


@pytest.fixture(scope="module")
def rich(built, tmp_path_factory):
    """The tiny site with a notebook, a MyST notebook and a picture of theirs."""
    project = built.copy(tmp_path_factory.mktemp("rich") / "project")
    head = nbformat.v4.new_raw_cell("---\ntitle: Gamma book\ndescription: A notebook.\n---")
    words = nbformat.v4.new_markdown_cell("# Gamma book\n\n" + RICH)
    words.attachments = {"dots.png": {"image/png": base64.b64encode(square()).decode()}}
    code = nbformat.v4.new_code_cell("print('ran', 6 * 7)")
    code.outputs = [nbformat.v4.new_output("stream", text="an old run")]
    notebook = nbformat.v4.new_notebook(cells=[head, words, code])
    project.write("lessons/gamma.ipynb", nbformat.writes(notebook))
    project.write("lessons/delta.md", MYST)
    (project.root / "lessons" / "images" / "deep").mkdir(parents=True)
    (project.root / "lessons" / "images" / "deep" / "dots.png").write_bytes(square())
    project.nav(["alpha", "beta", "gamma", "delta"])
    done = project.build()
    assert done.returncode == 0, done.stdout
    return project


@pytest.fixture(scope="module")
def gamma(rich):
    return rich.read("site/lessons/gamma/index.html")


def test_a_notebook_is_executed_and_shown(gamma):
    assert "ran 42" in gamma and "an old run" not in gamma
    assert "<h1" in gamma and "Gamma book" in gamma


def test_markdown_is_as_in_jupyter(gamma):
    article = re.search(r"<article.*?</article>", gamma, re.S)[0]
    tight = re.sub(r">\s+<", "><", re.sub(r"\s+", " ", article))
    assert "<ul><li>one<ul><li>two<ol><li>three</li></ol></li></ul></li>" in tight
    assert '<li><span class="sw-task">☑</span> done</li>' in tight
    assert '<li><span class="sw-task">☐</span><del>not</del> to be done</li>' in tight
    assert "<td>1</td><td><strong>2</strong></td>" in tight
    assert (
        "<details><summary>More</summary><p>Words that are <em>folded</em>.</p></details>" in tight
    )


def test_pictures_are_files_with_words_and_sizes(rich, gamma):
    delta = rich.read("site/lessons/delta/index.html")
    for html, words, place in [
        (gamma, "Four black pixels", "attached/gamma.dots.png"),
        (delta, "The same four pixels", "images/deep/dots.png"),
    ]:
        tag = re.search(rf'<img[^>]*alt="{words}"[^>]*>', html)[0]
        assert f'src="../{place}"' in tag and 'width="2"' in tag and 'height="2"' in tag
        assert (rich.site / "lessons" / place).read_bytes() == square()


def test_every_lesson_can_be_had_as_notebook_and_script(rich):
    scripts = {path.stem: path for path in scripts_of(rich.root)}
    assert sorted(scripts) == ["alpha", "beta", "delta", "gamma"]
    for name, path in scripts.items():
        assert (rich.site / "lessons" / f"{name}.py").read_bytes() == path.read_bytes()
    for name, code in (("gamma", "print('ran', 6 * 7)"), ("delta", "print(6 * 7)")):
        assert [cell.source for cell in lessons.read(scripts[name]).code] == [code]
        book = json.loads((rich.site / "lessons" / name / f"{name}.ipynb").read_text("utf-8"))
        [attached] = [c["attachments"] for c in book["cells"] if c.get("attachments")]
        assert [base64.b64decode(one["image/png"]) for one in attached.values()] == [square()]
