"""The course as one PDF: every lesson, every picture to the pixel, links and contents that work."""

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from paper import letters, pictures
from PIL import Image
from pypdf import PdfReader
from site_pages import COURSE, ROOT

from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.site.book import book, chapters_of
from slidingwindows.site.pdf import APPENDIX, APPENDIX_PAGES, pdf

PAGES = [
    *(f"lessons/{name}/" for name in COURSE),
    *(f"lessons/{name}/" for name in APPENDIX),
    *APPENDIX_PAGES,
]
FACTS = {"title": "A & B", "line": "<Windows>", "author": "We", "imprint": ["One.", "Two & 3."]}


@pytest.fixture(scope="module")
def printing(site, tmp_path_factory):
    """The PDF and its chapters, as they were printed; in a thread, for ours has a Playwright."""
    target = tmp_path_factory.mktemp("pdf") / "new folder" / "course.pdf"
    made = []

    def noted(*arguments):
        made.append(chapters_of(*arguments))
        return made[0]

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as another:
        patch.setattr("slidingwindows.site.pdf.chapters_of", noted)
        count = another.submit(pdf, ROOT, site, target).result()
    assert [path.name for path in target.parent.iterdir()] == ["course.pdf"]
    document = PdfReader(target)
    assert count == len(document.pages)
    (chapters,) = made
    return document, chapters


@pytest.fixture(scope="module")
def document(printing):
    return printing[0]


@pytest.fixture(scope="module")
def chapters(printing):
    return printing[1]


@pytest.fixture(scope="module")
def whole(site, chapters):
    return book(site, chapters, FACTS, {one.name: 7 for one in chapters})


def test_it_begins_with_a_cover_and_says_what_it_is(document):
    cover = " ".join(document.pages[0].extract_text().split())
    assert cover.startswith("Sliding Windows What pooling, stride and padding really do.")
    assert "Sebastian Raschka" in cover and "Lightning AI" in cover and "CC BY 4.0" in cover
    assert document.metadata.title == "Sliding Windows"
    root = document.trailer["/Root"]
    assert root["/Lang"] == "en" and root["/MarkInfo"]["/Marked"]
    assert "Contents" in document.pages[1].extract_text()


def test_the_contents_name_the_page_that_each_lesson_begins_on(document, chapters):
    contents = document.pages[1].extract_text().split("Contents")[1]
    said = dict(re.findall(r"^(.+?) ?(\d+)$", contents, re.MULTILINE))
    starts = [one for one in document.outline if not isinstance(one, list)][1:]
    assert [one.title for one in starts] == [one.title for one in chapters]
    assert [one.page for one in chapters] == PAGES and len(said) == len(PAGES)
    sheets = letters(document)
    for one in starts:
        number = document.get_destination_page_number(one) + 1
        assert "".join(one.title.split()) in sheets[number - 1][:100]
        assert said[one.title] == str(number)


def test_the_outline_holds_every_section(document, chapters):
    sections = [one for one in document.outline if isinstance(one, list)]
    for chapter, found in zip(chapters, sections, strict=True):
        titles = [one.title for one in found if not isinstance(one, list)]
        assert len(titles) == len(re.findall(r"<h2", chapter.html)) > 0


def test_every_picture_is_the_builds_own(document, site, whole):
    names = re.findall(r'<img [^>]*?src="([^"]+)"', whole)
    found = pictures(document)
    assert len(found) == len(names) > 80
    for name, seen in zip(names, found, strict=True):
        drawn = np.asarray(Image.open(site / name).convert("RGB"))
        assert np.array_equal(seen, drawn), name


def test_no_link_leads_to_this_machine(document):
    links = [
        note.get_object()["/A"]
        for page in document.pages
        for note in page.get("/Annots") or []
        if "/A" in note.get_object()
    ]
    addresses = [link["/URI"] for link in links if "/URI" in link]
    assert len(addresses) > 30
    assert all(address.startswith("https://") for address in addresses)


def test_links_between_chapters_lead_into_the_book(whole):
    ids = re.findall(r'\bid="([^"]+)"', whole)
    assert len(ids) == len(set(ids)) > 300
    targets = set(re.findall(r'href="#([^"]+)"', whole))
    assert len(targets) > 60 and targets <= set(ids)
    assert f"{COURSE[1]}" in targets and "glossary--stride" in targets
    others = [href for href in re.findall(r'<a [^>]*?href="([^"#][^"]*)"', whole)]
    assert others and all(href.startswith("https://") for href in others)


def test_a_public_site_is_linked_to(site):
    address = "https://example.org/course/"
    text = "".join(one.html for one in chapters_of(site, PAGES[:4], address))
    assert f'href="{address}reference/glossary/#stride"' in text
    assert 'href="../' not in text and "127.0.0.1" not in text


def test_nothing_that_only_a_screen_can_use(whole):
    assert ".gif" not in whole and "<sliding-window" not in whole and "<script" not in whole
    assert "sw-dark" not in whole and "headerlink" not in whole and 'loading="lazy"' not in whole
    assert "<details" in whole
    assert all("open" in tag for tag in re.findall(r"<details[^>]*>", whole))


def test_text_around_what_is_dropped_stays(tmp_path):
    page = tmp_path / "lessons" / "one"
    page.mkdir(parents=True)
    (page / "index.html").write_text(
        "<article>start <a class=headerlink href=#x>drop</a>middle<h1>One &amp; <i>all</i>"
        "<a class=headerlink href=#y>drop</a> end</h1>"
        "<p id=p>kept <b class=sw-dark>drop</b>tail</p>"
        "<label for=p>l</label><a href=../two/>gone</a></article>",
        "utf-8",
    )
    (chapter,) = chapters_of(tmp_path, ["lessons/one/"])
    assert chapter.title == "One & all end" and "drop" not in chapter.html
    assert (
        '<p id="one--p">kept tail</p><label for="one--p">l</label><span>gone</span>' in chapter.html
    )


def test_words_of_the_cover_are_no_html(whole):
    assert "<title>A &amp; B</title>" in whole and "&lt;Windows&gt;" in whole
    assert "<p>Two &amp; 3.</p>" in whole and "$" not in whole.split("<section", 2)[1]


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(SlidingWindowsError, match="run make site first"):
        pdf(ROOT, tmp_path, tmp_path / "a.pdf")
    with pytest.raises(SlidingWindowsError, match="lessons/none/ is not built"):
        chapters_of(tmp_path, ["lessons/none/"])
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text("<p>nothing</p>")
    with pytest.raises(SlidingWindowsError, match="no article with a heading"):
        chapters_of(tmp_path, ["a/"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
