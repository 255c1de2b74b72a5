"""Pictures in a lesson's words: with words and sizes on the page, in the cell of the notebook."""

import base64
import dataclasses
import io
import json

import nbformat
import pytest
from PIL import Image
from tiny_project import square

from slidingwindows import SlidingWindowsError
from slidingwindows.course import lessons
from slidingwindows.course.notebooks import notebook
from slidingwindows.course.pages import markdown
from slidingwindows.course.pictures import attached_files, every_picture, image_files

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>'
HEAD = "---\ntitle: T\ndescription: D\n---\n"


@pytest.fixture
def folder(tmp_path):
    """lessons/ with two pictures, and docs/ with one."""
    for path in ("lessons/images/deep/a.png", "docs/b.png"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(square())
    (tmp_path / "lessons/images/c.svg").write_text(DRAWING)
    (tmp_path / "lessons/images/notes.txt").write_text("x")
    (tmp_path / "lessons/images/bad.png").write_text("x")
    return tmp_path / "lessons"


def in_words(folder, words):
    (folder / "one.md").write_text(f"{HEAD}\n# T\n\n{words}\n")
    return lessons.read(folder / "one.md")


def attached(folder, words, **files):
    cells = [nbformat.v4.new_raw_cell(HEAD.strip()), nbformat.v4.new_markdown_cell("# T")]
    cells.append(nbformat.v4.new_markdown_cell(words))
    cells[-1].attachments = {
        name.replace("_", "."): {kind: base64.b64encode(content).decode()}
        for name, (kind, content) in files.items()
    }
    path = folder / "one.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    return lessons.read(path)


def test_a_picture_has_its_size_and_a_notebook_holds_it(folder):
    one = in_words(
        folder,
        "![A](images/deep/a.png) and ![a [b]](<images/c.svg> 'T'){ width=9 },\n"
        "![B](../b.png) `![](x.png)` ![C](https://example.org/x.png)\n\n```\n![](y.png)\n```",
    )
    page = markdown(one, [])
    assert "![A](images/deep/a.png){ width=2 height=2 loading=lazy } and ![a [b]](images/c" in page
    assert "c.svg 'T'){ width=9 },\n![B](../b.png) `![](x.png)` ![C](https://exam" in page
    cell = json.loads(notebook(one, [], {}))["cells"][0]
    source = "".join(cell["source"])
    assert "![A](attachment:a.png) and ![a [b]](attachment:c.svg 'T'),\n![B](../b.png)" in source
    assert {name: list(kinds) for name, kinds in cell["attachments"].items()} == {
        "a.png": ["image/png"],
        "c.svg": ["image/svg+xml"],
    }
    assert base64.b64decode(cell["attachments"]["a.png"]["image/png"]) == square()


def test_what_is_attached_becomes_a_file(folder):
    one = attached(folder, "![A](attachment:my%20a.png)", **{"my a_png": ("image/png", square())})
    assert "![A](attached/one.my-a.png){ width=2 height=2 loading=lazy }" in markdown(one, [])
    assert attached_files(every_picture(one)) == {"one.my-a.png": square()}
    cell = json.loads(notebook(one, [], {}))["cells"][1]
    assert "".join(cell["source"]) == "![A](attachment:one.my-a.png)"
    assert list(cell["attachments"]) == ["one.my-a.png"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("![](images/deep/a.png)", "a picture without alt text; write ![what it shows](images/"),
        ("![ ](../b.png)", "a picture without alt text; write ![what it shows](../b.png)"),
        ("![A](images/none.png)", "there is no lessons/images/none.png"),
        ("![A](../none.png)", "there is no docs/none.png"),
        ("![A](a.png)", "a lesson's pictures are in lessons/images/ and end in .png, .gif, .jpg, "),
        ("![A](images/notes.txt)", "a lesson's pictures are in lessons/images/ and end in .png"),
        ("![A](images/bad.png)", "lessons/images/bad.png is no picture that can be read"),
        ("![A](attachment:x.png)", "the cell has no attachment 'x.png', but none"),
        ("![A][ref]", "write ![A][ref] as ![what it shows](address)"),
        ('<img src="images/a.png" alt="A">', 'write <img src="images/a.png" alt="A"> as ![what'),
    ],
)
def test_what_is_wrong_with_a_picture_is_told_with_its_line(folder, words, told):
    one = in_words(folder, f"`a`\n{words}")
    with pytest.raises(SlidingWindowsError) as caught:
        markdown(one, [])
    assert str(caught.value).startswith(f"lessons/one.md, Markdown cell 1, line 9: {told}")


def test_what_is_wrong_with_an_attachment_is_told(folder):
    place = "lessons/one.ipynb, Markdown cell 2, line 3 of the cell: "
    for kind, content, told in [
        ("image/png", b"x", f"{place}x.png is no picture that can be read"),
        ("text/plain", b"x", f"{place}x.png is of type text/plain, which is no picture"),
    ]:
        one = attached(folder, "a\n\n![A](attachment:x.png)", x_png=(kind, content))
        with pytest.raises(SlidingWindowsError) as caught:
            markdown(one, [])
        assert str(caught.value) == told
    text = json.loads((folder / "one.ipynb").read_text())
    text["cells"][2]["attachments"]["x.png"] = {"image/png": "abc"}
    (folder / "one.ipynb").write_text(json.dumps(text))
    with pytest.raises(SlidingWindowsError, match=r"cell 3: the attachment 'x.png' is damaged"):
        lessons.read(folder / "one.ipynb")


def test_all_pictures_of_the_folder_are_files_of_the_site(folder):
    (folder / "images" / "bad.png").unlink()
    assert list(image_files(folder)) == ["lessons/images/c.svg", "lessons/images/deep/a.png"]
    (folder / "images" / "c.svg").write_bytes(DRAWING.encode() + b"<!-- \xff -->")  # no UTF-8
    assert list(image_files(folder)) == ["lessons/images/c.svg", "lessons/images/deep/a.png"]
    (folder / "images" / "c.svg").write_text(DRAWING.replace("<circle", "<script/><circle"))
    with pytest.raises(SlidingWindowsError) as caught:
        list(image_files(folder))
    assert str(caught.value) == (
        "lessons/images/c.svg is no drawing that a page can show: <script>"
    )


def picture(kind, width=3, height=2):
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, kind)
    return buffer.getvalue()


def test_each_kind_of_picture_has_its_sides_and_its_type(folder):
    """In the folder and attached; a name keeps its letters, and all else is a hyphen."""
    kinds = {
        "png": ("PNG", "image/png"), "gif": ("GIF", "image/gif"), "jpg": ("JPEG", "image/jpeg"),
        "jpeg": ("JPEG", "image/jpeg"), "webp": ("WEBP", "image/webp"),
    }  # fmt: skip
    for suffix, (kind, mime) in kinds.items():
        (folder / "images" / f"ä b.{suffix.upper()}").write_bytes(picture(kind))
        one = in_words(folder, f"![A](<images/ä b.{suffix.upper()}>) b")
        found = every_picture(one)
        assert [(p.kind, p.size, p.content) for p in found] == [(mime, (3, 2), picture(kind))]
        at = f"images/%C3%A4%20b.{suffix.upper()}"
        assert f"![A]({at}){{ width=3 height=2 loading=lazy }} b" in markdown(one, []), suffix
        one = attached(folder, f"![A](attachment:-ä!.{suffix})", **{
            f"-ä!_{suffix}": (mime, picture(kind))
        })  # fmt: skip
        name = f"one.ä.{suffix.replace('jpeg', 'jpg')}"
        assert attached_files(every_picture(one)) == {name: picture(kind)}, suffix
    one = attached(folder, "![A](attachment:!!.svg)", **{
        "!!_svg": ("image/svg+xml", DRAWING.encode())
    })  # fmt: skip
    assert attached_files(every_picture(one)) == {"one.picture.svg": DRAWING.encode()}
    assert every_picture(one)[0].size is None


def test_what_is_in_code_or_elsewhere_is_no_picture_of_a_lesson(folder):
    words = (
        "```\n![](x.png)\n![A][b]\n```\n\n`<img src=a.png>` ![A](images/deep/a.png){ width=9 } "
        "![B](HTTPS://example.org/x.png) ![C](#c) ![D](/d.png) ![E](../figures/e.png) "
        "![F](../assets/f.png) <img alt=a src='https://example.org/y.png'> ![G](images/deep/a.png)"
    )
    one = in_words(folder, words)
    code = lessons.Cell("code", "'![](none.png) <img>'", 20)
    one = dataclasses.replace(one, cells=(*one.cells, code))
    sides = "{ width=2 height=2 loading=lazy }"
    assert markdown(one, [[]]).endswith(f"# T\n\n{words}{sides}\n\n```python\n{code.source}\n```\n")
    assert [p.file for p in every_picture(one)] == ["images/deep/a.png"] * 2


def test_each_refusal_of_a_picture_to_the_letter(folder):
    (folder / "imagesx").mkdir()
    (folder / "imagesx" / "a.png").write_bytes(square())
    (folder / "images" / "no.svg").write_text("<p>words</p>")
    (folder / "images" / "bad.svg").write_text('<svg onload="x()"></svg>')
    kinds = "a lesson's pictures are in lessons/images/ and end in .png, .gif, .jpg, .jpeg, .webp, "
    for words, told in {
        "<img>": "write <img> as ![what it shows](address)",
        "<IMG SRC=images/deep/a.png>": "write <IMG SRC=images/deep/a.png> as "
        "![what it shows](address)",
        "![A](imagesx/a.png)": f"{kinds}.svg; imagesx/a.png does not",
        "![A](images/notes.txt)": f"{kinds}.svg; images/notes.txt does not",
        "![A](images/no.svg)": "lessons/images/no.svg is no drawing that a page can show: no <svg>",
        "![A](images/bad.svg)": "lessons/images/bad.svg is no drawing that a page can show: "
        "onload= on <svg>",
        "![A](images/bad.png)": "lessons/images/bad.png is no picture that can be read",
        "![A](../figures.png)": "there is no docs/figures.png",
        "![A](../../b.png)": "there is no docs/../b.png",
        "![A](images/none.png)": "there is no lessons/images/none.png",
        "![](<images/deep/a.png>)": "a picture without alt text; write "
        "![what it shows](images/deep/a.png)",
    }.items():
        with pytest.raises(SlidingWindowsError) as caught:
            every_picture(in_words(folder, words))
        assert str(caught.value) == f"lessons/one.md, Markdown cell 1, line 8: {told}", words
    png = ("image/png", square())
    one = attached(folder, "![A](attachment:x.png)", a_png=png, b_png=png)
    with pytest.raises(SlidingWindowsError, match=r"no attachment 'x\.png', but a\.png, b\.png$"):
        every_picture(one)
