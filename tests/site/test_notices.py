"""Notices of others' work: whole, from the installed packages, and none forgotten in silence."""

import json
import re
from importlib.metadata import files
from pathlib import Path

import html5lib
import markdown
import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course import lessons, pages
from slidingwindows.course.photo import FILE, STATUS, photo_credit
from slidingwindows.site import notices
from slidingwindows.site.notices import LIBRARIES, MARK, notices_text, with_notices


@pytest.fixture(scope="module")
def names():
    return [one.name for one in notices.notices()]


def installed(package, ending):
    [path] = [path for path in files(package) if path.as_posix().endswith(ending)]
    return path.read_text("utf-8").strip()


# Licences of the packages themselves, by paths of our own choice.
THEIRS = {
    "Material for MkDocs": ("mkdocs-material", "dist-info/licenses/LICENSE"),
    "Material Design Icons": ("mkdocs-material", ".icons/material/LICENSE"),
    "Octicons": ("mkdocs-material", ".icons/octicons/LICENSE"),
    "Font Awesome Free": ("mkdocs-material", ".icons/fontawesome/LICENSE.txt"),
    "DejaVu Sans": ("matplotlib", "fonts/ttf/LICENSE_DEJAVU"),
    "Handwritten digits": ("scikit-learn", "licenses/COPYING"),
    "rxjs": ("requests", "licenses/LICENSE"),
}
WORDS = {
    "Material for MkDocs": "Martin Donath",
    "lunr": "Oliver Nightingale",
    "clipboard": "Zeno Rocha",
    "escape-html": "TJ Holowaychuk",
    "focus-visible": "The full text of this NOTICE in a location viewable",
    "tslib": "with or without fee is hereby granted",
    "material-design-color": "Denis Malinochkin",
    "Portrait of Grace Hopper": "commons.wikimedia.org/wiki/File:Grace_Hopper.jpg",
    "Handwritten digits": "E. Alpaydin",
    "DejaVu Sans": "Bitstream Vera",
}


def test_each_has_the_licence_that_its_package_has(names):
    texts = {one.name: one.text for one in notices.notices()}
    for name, place in THEIRS.items():
        assert installed(*place) in texts[name], name
    for name, words in WORDS.items():
        assert words in texts[name], name
    for name, (licence, credit) in LIBRARIES.items():
        assert texts[name].startswith(credit)
        granted = "Permission is hereby granted, free of charge" in texts[name]
        assert granted == (licence == notices.MIT), name
        assert ("Apache License" in texts[name]) == (licence == notices.APACHE), name
    assert len(names) == len(set(names)) == len(LIBRARIES) + 7


SCRIPT = "Part of Material for MkDocs's script."
ICONS = "Icons of buttons, links and boxes."
# What is said of each: where it is, and its licence.
SAID = {
    "Material for MkDocs": ("The layout of pages, their style sheets and script.", "MIT License"),
    "clipboard": (SCRIPT, "MIT License"),
    "escape-html": (SCRIPT, "MIT License"),
    "focus-visible": (SCRIPT, "W3C Software and Document License"),
    "lunr": (SCRIPT, "MIT License"),
    "material-design-color": ("Colours in Material for MkDocs's style sheets.", "MIT License"),
    "rxjs": (SCRIPT, "Apache License 2.0"),
    "tslib": (SCRIPT, "Zero-Clause BSD"),
    "Material Design Icons": (ICONS, "Apache License 2.0"),
    "Octicons": (ICONS, "MIT License"),
    "Font Awesome Free": (ICONS, "CC BY 4.0 (icons)"),
    "DejaVu Sans": (
        "The letters and numbers in figures and plots are drawn with this font. The font itself "
        "is not in the site.",
        "Bitstream Vera Fonts Copyright",
    ),
    "Portrait of Grace Hopper": (
        "The photo in several lessons, in figures made from it and in the explorer. It comes with "
        "matplotlib.",
        "Public domain in the United States",
    ),
    "Handwritten digits": (
        "The images in “Trained on digits”. They come with scikit-learn.",
        "CC BY 4.0 (the data), BSD 3-Clause (scikit-learn)",
    ),
}


def test_what_is_said_of_each():
    assert {one.name: (one.where, one.licence) for one in notices.notices()} == SAID
    said = {
        **{name: said for name, said in SAID.items() if name != "Handwritten digits"},
        "Sliding Windows": (
            "The site's style and script, and what drew its figures.",
            "MIT License",
        ),
        "Portrait of Grace Hopper": (
            "The photo that the site's script can show. It comes with matplotlib.",
            "Public domain in the United States",
        ),
    }
    assert {one.name: (one.where, one.licence) for one in notices.notices(ours=False)} == said


def test_credit_comes_first_and_then_the_terms():
    texts = {one.name: one.text for one in notices.notices()}
    assert texts["lunr"].startswith(
        "Copyright (c) 2013-2020 Oliver Nightingale\n\nPermission is hereby granted, free of charge"
    )
    assert texts["tslib"].startswith(
        "Copyright (c) Microsoft Corporation.\n\nPermission to use, copy, modify, and/or distribute"
    )
    assert texts["tslib"].endswith("PERFORMANCE OF THIS SOFTWARE.")
    assert texts["Portrait of Grace Hopper"].startswith(
        f"{STATUS}\nIt is a work of the United States Government (17 U.S.C. § 105).\nmatplotlib "
        "took it for its sample data as a public domain image, and the file says:\n\n"
    )
    digits = texts["Handwritten digits"]
    assert digits.startswith(
        "E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine\n"
        "Learning Repository, https://doi.org/10.24432/C50P49, which gives its data under\n"
        "CC BY 4.0: https://creativecommons.org/licenses/by/4.0/\n\nOptical recognition of "
    )
    assert ".. " not in digits and "\n\nscikit-learn:\n\nBSD 3-Clause License" in digits
    assert all(text == text.strip() for text in texts.values())


def test_how_a_notice_is_shown(monkeypatch):
    one = notices.Notice("A", "In all.", "MIT", 'Say "x" <y> & z.\n\nMore.')
    monkeypatch.setattr(notices, "notices", lambda ours=True: [one, one] if ours else [one])
    section = (
        "## A\n\nIn all. Licence: MIT.\n\n<details data-search-exclude>"
        '<summary>The notice</summary><pre class="sw-licence">'
        'Say "x" &lt;y&gt; &amp; z.\n&#10;More.</pre></details>'
    )
    assert with_notices(f"a {MARK} b") == f"a {section}\n\n{section} b"
    assert with_notices(MARK, ours=False) == section
    rule = "=" * 80
    plain = f"{rule}\nA\nIn all.\nLicence: MIT\n{rule}\n\n{one.text}\n"
    head = (
        "Sliding Windows: code MIT, text and figures CC BY 4.0. What follows is the work of others."
    )
    assert notices_text() == f"{head}\n\n{plain}\n{plain}"


def test_a_library_that_does_not_carry_its_licence_is_a_fault(monkeypatch, tmp_path):
    theme(monkeypatch, tmp_path, ["node_modules/tslib/tslib.js"])
    words = "^mkdocs-material's source map does not hold tslib's licence$"
    for package, first in (("tslib", "words that no licence has"), ("none", "Permission to use")):
        with pytest.raises(SlidingWindowsError, match=words.replace("tslib", package)):
            notices._comment(package, first, ".")


def test_the_page_and_the_text_hold_each_whole(names):
    html = markdown.markdown(with_notices(f"# N\n\n{MARK}\n"), extensions=["md_in_html"])
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    shown = ["".join(one.itertext()) for one in tree.iter("pre")]
    assert shown == [one.text for one in notices.notices()]
    assert ["".join(one.itertext()) for one in tree.iter("h2")] == names
    plain = notices_text()
    assert all(one.text in plain and one.name in plain for one in notices.notices())
    assert with_notices("no mark") == "no mark"


def test_in_another_course_this_package_is_the_work_of_others(names):
    theirs = notices.notices(ours=False)
    assert [one.name for one in theirs] == ["Sliding Windows", *names[:-1]]
    assert names[-1] == "Handwritten digits"  # a lesson's of this course
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert theirs[0].text in licence and theirs[0].text.startswith("Copyright (c) 2026 The Sliding")
    assert theirs[0].text.endswith("SOFTWARE.") and "lessons" not in str(theirs[-1].where)
    page = with_notices(MARK, ours=False)
    assert page.startswith("## Sliding Windows\n") and "Trained on digits" not in page


def theme(monkeypatch, tmp_path, sources):
    """The theme with a source map of ours beside its own files."""
    path = tmp_path / "bundle.new.min.js.map"
    path.write_text(json.dumps({"sources": sources, "sourcesContent": [""] * len(sources)}))
    real = notices._files
    monkeypatch.setattr(
        notices,
        "_files",
        lambda name, pattern: [
            *real(name, pattern),
            *([path] if "material" in name and re.search(f"{pattern}$", path.as_posix()) else []),
        ],
    )


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("node_modules/newcomer/index.js", "newcomer"),
        ("../../../node_modules/@some/thing/dist/a.mjs", "@some/thing"),
    ],
)
def test_a_new_library_in_the_theme_stops_the_build(monkeypatch, tmp_path, source, name):
    theme(monkeypatch, tmp_path, ["src/own.ts", "node_modules/lunr/lunr.js"])
    assert notices.libraries() == sorted(LIBRARIES)
    theme(monkeypatch, tmp_path, [source])
    with pytest.raises(SlidingWindowsError, match=f"holds {re.escape(name)} without a notice"):
        notices.notices()


def test_a_theme_without_source_maps_is_not_trusted(monkeypatch):
    real = notices._files
    monkeypatch.setattr(
        notices, "_files", lambda *asked: [one for one in real(*asked) if one.suffix != ".map"]
    )
    with pytest.raises(SlidingWindowsError, match="has no source map"):
        notices.libraries()


def test_a_licence_that_is_not_there_is_a_fault(monkeypatch):
    real = notices._files
    monkeypatch.setattr(
        notices, "_files", lambda *asked: [one for one in real(*asked) if "DEJAVU" not in one.name]
    )
    with pytest.raises(SlidingWindowsError, match="matplotlib has 0 files like .*LICENSE_DEJAVU"):
        notices.notices()
    with pytest.raises(SlidingWindowsError, match="no-such-package is not installed"):
        real("no-such-package", "LICENSE")


ROOT = Path(__file__).parents[2]
SHOWN = [path.stem for path in (ROOT / "lessons").glob("*.py") if FILE in path.read_text("utf-8")]


def test_the_lessons_with_the_photo_are_found():
    assert len(SHOWN) >= 6 and {"average-pooling", "the-cnn-funnel"} <= set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_a_lesson_with_the_photo_states_its_source_and_status_once(name):
    lesson = lessons.read(ROOT / "lessons" / f"{name}.py")
    text = pages.markdown(lesson, [[] for _ in lesson.code])
    assert text.count(photo_credit("../")) == text.count(STATUS) == 1
    assert text.index(FILE) < text.index(STATUS)
    between = text[text.index(FILE) : text.index(STATUS)]
    assert between.count("```") == 1, "the credit belongs to the cell that opens the photo"


@pytest.mark.parametrize("page", ["explorer", "gallery"])
def test_other_pages_with_the_photo_state_the_same(page):
    assert photo_credit("") in (ROOT / "docs" / f"{page}.md").read_text("utf-8").splitlines()


def test_a_lesson_without_the_photo_credits_none():
    for path in (ROOT / "lessons").glob("*.py"):
        if path.stem not in SHOWN:
            lesson = lessons.read(path)
            assert STATUS not in pages.markdown(lesson, [[] for _ in lesson.code])


def test_the_status_leads_to_the_notice_that_says_more():
    [notice] = [one for one in notices.notices() if one.name == "Portrait of Grace Hopper"]
    assert notice.licence == "Public domain in the United States"
    assert notice.text.startswith(STATUS)
    assert "commons.wikimedia.org/wiki/File:Grace_Hopper.jpg" in notice.text
    anchor = photo_credit("").partition("#")[2].partition(")")[0]
    assert anchor == notice.name.lower().replace(" ", "-")
