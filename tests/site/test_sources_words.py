"""The words of the list of sources, and that no page is left whose words nobody proved.

What a work is cited for was read in it. A change of an entry asks for reading it again.
"""

import csv
import re

import pytest
from doc_words import ROOT, held_by, proves, source_of
from proving import unproved

from slidingwindows.testing.words import folded, read_words

# Of each work: its address, whose it is, and what stands behind its title.
with (ROOT / "tests" / "data" / "sources.csv").open(encoding="utf-8", newline="") as file:
    WORKS = [*csv.DictReader(file)]


@proves("docs/reference/sources.md")
def test_sources(page):
    listed = [folded(block) for block in page.blocks if block.startswith("- ")]
    assert len(listed) == len(WORKS)
    for block, work in zip(listed, WORKS, strict=True):
        begins, _, rest = block.partition(f"]({work['address']})")
        assert begins.startswith(f"- {work['authors']}. [") and begins.count(". [") == 1, block
        assert rest.lstrip("., ") == work["what"], block
        page.cites(read_words(block), work["address"])
    page.labels("Sources")
    mark = "<!-- cited -->"
    page.says(
        "Every paper, guide and reference that a page of Sliding Windows cites, what it is cited "
        "for, and in which lesson",
        held_by("site/test_cited.py", "test_every_link_on_the_site_is_listed")
        and source_of("docs/reference/sources.md").count(mark) == len(WORKS),
    )
    page.says(
        "Everything that this site cites, and what we take from it. The lessons after each entry "
        "are found by the build, and a test compares this list with every link on the site",
        held_by("site/test_cited.py", "test_every_link_on_the_site_is_listed")
        and held_by("site/test_cited.py", "test_a_mark_becomes_the_lessons_that_cite"),
    )
    every = "lessons/test_every_lesson.py"
    page.says(
        "Numbers of other people are quoted only where a lesson names them. Every other number in "
        "a lesson was computed by torch",
        held_by("site/test_cited.py", "test_every_finding_of_others_is_told_beside_its_source")
        and held_by(every, "test_each_lesson_has_a_test_that_completes_its_page")
        and held_by(every, "test_no_claim_is_a_tautology"),
    )


# ---- no page is left out

PROVES = re.compile(r'^@proves\("(.+?)"\)|^@proves\(([A-Z_]+)\)', re.MULTILINE)
# Entry by entry: test_glossary_words says that none is left.
ENTRY_BY_ENTRY = {"docs/reference/glossary.md"}


WORDS = [
    *sorted((ROOT / "tests").rglob("test_*_words.py")),
    ROOT / "tests" / "site" / "test_which_pooling.py",
]


def test_every_page_is_proved():
    """A new page in docs/ has to be proved, too."""
    found = []
    for path in WORDS:
        text = path.read_text("utf-8")
        for page, name in PROVES.findall(text):
            found.append(page or re.search(rf'^{name} = "(.+?)"$', text, re.MULTILINE)[1])
    pages = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(found) == sorted({*pages, "README.md"} - ENTRY_BY_ENTRY)


@pytest.mark.parametrize("path", WORDS, ids=lambda path: path.stem)
def test_no_page_is_proved_by_a_tautology(path):
    assert not unproved(path.read_text("utf-8"))


def test_a_test_that_is_not_there_holds_nothing():
    here = "site/test_sources_words.py"
    assert held_by(here, "test_every_page_is_proved", "has to be proved, too")
    assert not held_by(here, "test_every_page_is_proved", "def test_no_page")
    assert not held_by(here, "test_every_page")
