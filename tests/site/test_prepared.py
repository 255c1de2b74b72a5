"""What a page is made from: its Markdown, what its marks ask for, and the files beside it."""

import json

import pytest
from PIL import Image

from slidingwindows import SlidingWindowsError
from slidingwindows.site import prepared as preparing
from slidingwindows.site.contents import CITED, MARK
from slidingwindows.site.gallery import GALLERY_MARK
from slidingwindows.site.notices import MARK as NOTICES_MARK
from slidingwindows.site.prepared import Course, Page, files_beside, folder_of_script, prepared

API_MARK = "<!-- api slide -->"
NAV = [{"Home": "index.md"}, {"Lessons": ["lessons/a.ipynb"]}]


@pytest.fixture
def course(tmp_path):
    """course(**settings) is a course of one lesson and a glossary, as prepare() leaves it."""
    meta = {"title": "A lesson", "description": "D.", "minutes": 3}
    files = {
        ".cache/pages/a.md": f"---\n{json.dumps(meta)}\n---\n\n# A lesson\n\nA stride, a stride.\n",
        "docs/reference/glossary.md": "# Glossary\n\n## stride { #stride }\n\nA step.\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (tmp_path / ".cache" / "figures").mkdir()

    def made(**settings):
        made.warned = []
        return Course(tmp_path, tmp_path / "docs", NAV, warn=made.warned.append, **settings)

    made.root = tmp_path
    return made


@pytest.fixture
def recorded(monkeypatch):
    """What functions of prepared.py were called with, in order; and what replaces one of them."""
    calls = []

    def record(name, result):
        def function(*given):
            calls.append((name, given))
            return result(*given) if callable(result) else result

        monkeypatch.setattr(preparing, name, function)

    return calls, record


def test_a_lesson_is_what_was_prepared_with_its_facts_and_terms(course):
    page = prepared(course(), "lessons/a.ipynb", "lessons/a/", "not this", {"nor": "that"})
    assert (page.uri, page.url) == ("lessons/a.ipynb", "lessons/a/")
    assert page.meta == {"title": "A lesson", "description": "D.", "minutes": 3}
    assert "# A lesson" in page.markdown and "not this" not in page.markdown
    assert "3 min" in page.markdown and "3 min" in page.shown
    link = '[stride](../reference/glossary.md#stride "A step."){ .sw-term }'
    assert page.markdown.count("stride, a stride") == 0 and page.markdown.count(link) == 1
    assert "A stride, a stride." in page.shown, "terms are linked when all else is there"


def test_another_page_has_its_own_words_and_no_links_to_terms(course):
    meta = {"key": 1}
    page = prepared(course(), "about.md", "about/", "A stride of $k$.\n", meta)
    assert isinstance(page, Page) and page.meta == meta and page.meta is not meta
    assert page.markdown.startswith("A stride of <span><math ") and page.shown == page.markdown
    assert prepared(course(), "about.md", "about/").markdown == ""


def test_search_words_are_tags_that_nobody_sees(course):
    words = {"about": "fold unfold", "index": ""}
    page = prepared(course(words=words), "sub/about.md", "sub/about/", "x", {"hide": ["toc"]})
    assert page.meta == {"hide": ["toc", "tags"], "tags": ["fold", "unfold"]}
    assert prepared(course(words=words), "about.md", "about/", "x").meta["hide"] == ["tags"]
    assert prepared(course(words=words), "index.md", "", "x").meta == {}


@pytest.mark.parametrize("patient", [True, False])
def test_a_glossary_with_a_fault_stops_builds_and_its_own_page(course, patient):
    (course.root / "docs" / "reference" / "glossary.md").write_text("## a { #a }\n")
    fault = "^the glossary does not say what 'a' means$"
    with pytest.raises(SlidingWindowsError, match=fault):
        prepared(course(patient=patient), "reference/glossary.md", "reference/glossary/", "x")
    if patient:
        page = prepared(course(patient=True), "lessons/a.ipynb", "lessons/a/")
        assert "A stride, a stride." in page.markdown
    else:
        with pytest.raises(SlidingWindowsError, match=fault):
            prepared(course(), "lessons/a.ipynb", "lessons/a/")
    assert prepared(course(), "about.md", "about/", "x").markdown == "x"
    (course.root / "docs" / "reference" / "glossary.md").unlink()
    assert "A stride, a stride." in prepared(course(), "lessons/a.ipynb", "lessons/a/").markdown


def test_marks_ask_for_words_and_code_does_not(course, recorded):
    calls, record = recorded
    record("lesson_list", "a list")
    record("with_citations", lambda markdown, *rest: markdown.replace(CITED, "cited"))
    record("_with_api", lambda markdown, *rest: (markdown.replace(API_MARK, "api"), ["no words"]))
    record("_with_notices", lambda markdown, ours: markdown.replace(NOTICES_MARK, "notices"))
    record("is_home", "ours")
    record("gallery", "cards")
    record("commit_day", "2001-02-03")
    record("other_course", "their name")
    marks = (MARK, CITED, API_MARK, NOTICES_MARK, GALLERY_MARK)
    text = "\n\n".join(marks)
    code = f"\n\n```\n{text}\n```\n"
    page = prepared(course(address="https://a.org/"), "sub/b.md", "sub/b/", text + code)
    words = "a list\n\ncited\n\napi\n\nnotices\n\n"
    assert page.markdown == f"{words}cards{code}"
    assert page.shown == f"{words}{GALLERY_MARK}" or page.shown.startswith(f"{words}{GALLERY_MARK}")
    cache, asked = course.root / ".cache", {name: given for name, given in calls}
    assert asked["lesson_list"] == (NAV, cache / "pages")
    assert asked["with_citations"][1:] == (NAV, cache / "pages")
    assert asked["_with_api"][1] == preparing.HERE and len(asked["_with_api"][2]) > 10
    assert course.warned == ["sub/b.md: no words"]
    assert asked["_with_notices"][1] == "ours" and asked["is_home"] == (course.root,)
    source = ("https://a.org/", "2001", "their name")
    assert asked["gallery"] == (NAV, cache, "../../", *source)
    calls.clear()
    prepared(course(), "sub/b.md", "sub/b/", "nothing" + code)
    assert calls == []


@pytest.mark.parametrize("patient", [True, False])
def test_figures_are_those_of_the_course(course, patient):
    text = "<!-- figure none -->\n"
    if patient:
        page = prepared(course(patient=True), "b.md", "b/", text)
        assert page.markdown == "*There is no figure `none` yet.*\n" and page.shown == text
    else:
        with pytest.raises(SlidingWindowsError, match=r"^b\.md: no lesson makes a figure 'none'"):
            prepared(course(), "b.md", "b/", text)
    facts = {"moving": False, "width": 6, "height": 3, "alt": "A.", "caption": "", "transcript": []}
    (course.root / ".cache" / "figures" / "one.json").write_text(json.dumps(facts))
    for url, up in (("", ""), ("b/", "../"), ("sub/b/", "../../")):
        page = prepared(course(patient=patient), "b.md", url, "<!-- figure one -->")
        assert f'src="{up}figures/one.light.png"' in page.markdown


def test_a_folder_s_key_is_all_that_its_modules_say(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text("1")
    first = preparing._key(tmp_path)
    (tmp_path / "b.txt").write_text("2")
    assert preparing._key(tmp_path) == first
    (tmp_path / "b.py").write_text("2")
    assert preparing._key(tmp_path) != first
    (tmp_path / "b.py").unlink()
    (tmp_path / "sub" / "a.py").write_text("3")
    assert preparing._key(tmp_path) != first


# Files beside the pages


def test_files_beside_pages_in_order(tmp_path, recorded):
    cache, (calls, written) = tmp_path / ".cache", recorded
    written("write_bundles", ["assets/a.js", "assets/b.js"])
    written("write_coloured", ["assets/a.css"])
    written("write_photo", "assets/photo.js")
    names = [
        "lessons/written.py", "lessons/other.md", "lessons/images/i.png",
        ".cache/notebooks/lessons/written.ipynb", ".cache/notebooks/lessons/other.ipynb",
        ".cache/notebooks/lessons/gone.ipynb", ".cache/notebooks/lessons/other.py",
        f".cache/attached/lessons/{preparing.ATTACHED}/p.png",
        f".cache/attached/lessons/{preparing.ATTACHED}/p.txt",
        *(f".cache/figures/f.{kind}" for kind in ("gif", "json", "js", "png", "zip", "manifest")),
    ]  # fmt: skip
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    Image.new("L", (2, 1)).save(tmp_path / "lessons" / "images" / "i.png")
    notebooks, attached = cache / "notebooks", cache / "attached"
    assert files_beside(tmp_path) == [
        (notebooks, "lessons/other.ipynb"),
        (notebooks, "lessons/other.py"),
        (notebooks, "lessons/written.ipynb"),
        (tmp_path, "lessons/written.py"),
        (attached, f"lessons/{preparing.ATTACHED}/p.png"),
        (tmp_path, "lessons/images/i.png"),
        *((cache, f"figures/f.{kind}") for kind in ("gif", "js", "png", "zip")),
        (cache / "play", "assets/a.js"),
        (cache / "play", "assets/b.js"),
        (cache / "coloured", "assets/a.css"),
        (cache / "play", "assets/photo.js"),
    ]
    assert calls == [
        ("write_bundles", (tmp_path, cache / "play")),
        ("write_coloured", (tmp_path, cache / "coloured")),
        ("write_photo", (cache / "play",)),
    ]
    assert folder_of_script(tmp_path, "written") == tmp_path
    assert folder_of_script(tmp_path, "other") == notebooks
