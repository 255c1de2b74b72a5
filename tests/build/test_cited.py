"""The list of sources: complete, without strays, and each with the lessons that cite it."""

import json
import re
from pathlib import Path

from slidingwindows.cited import CITED, links_in, with_citations

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "docs" / "reference" / "sources.md"
# Licences say what you may do; they prove nothing.
NO_SOURCES = {
    "https://creativecommons.org/licenses/by/4.0/",
    "https://opensource.org/license/mit",
}


def elsewhere() -> dict[str, set[str]]:
    """Each page but the list itself, with the addresses that it links to."""
    lessons = {path: path.read_text("utf-8") for path in (ROOT / "lessons").glob("*.py")}
    pages = {path: path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")}
    del pages[SOURCES]
    return {path.name: set(links_in(text)) for path, text in {**lessons, **pages}.items()}


def test_every_link_on_the_site_is_listed():
    listed = set(links_in(SOURCES.read_text("utf-8")))
    missing = {page: links - listed - NO_SOURCES for page, links in elsewhere().items()}
    assert not {page: links for page, links in missing.items() if links}
    assert len(listed) > 20


def test_every_listed_source_is_cited_somewhere():
    cited = set().union(*elsewhere().values())
    lines = [line for line in SOURCES.read_text("utf-8").split("\n") if line.startswith("- ")]
    assert len(lines) > 20
    assert not [line for line in lines if not cited & set(links_in(line))]
    assert not [line for line in lines if not line.endswith(CITED)]


def test_papers_are_in_the_order_of_their_first_authors():
    papers = SOURCES.read_text("utf-8").split("## Papers")[1].split("\n## ")[0]
    lines = re.findall(r"^- (.+?) \((\d{4})\)\. \[", papers, re.MULTILINE)
    assert len(lines) == papers.count("\n- ") > 10
    first = [re.split(r",| and ", names)[0].removesuffix(" and others") for names, _ in lines]
    family = [re.sub(r".* (?=van den|\w+$)", "", name) for name in first]
    keys = [name.removeprefix("van den ") for name in family]
    assert keys == sorted(keys), keys


def test_a_mark_becomes_the_lessons_that_cite(tmp_path):
    for name, links in {
        "a": "[x](https://x.org/1)",
        "b": "[y](https://x.org/1) [z](https://z.org)",
    }.items():
        header = json.dumps({"title": name.upper()})
        (tmp_path / f"{name}.md").write_text(f"---\n{header}\n---\n{links}\n", "utf-8")
    nav = [{"Lessons": ["lessons/b.ipynb", "lessons/a.ipynb", "lessons/unbuilt.ipynb"]}]
    page = f"- [X](https://x.org/1). {CITED}\n- [W](https://w.org). {CITED}\nplain\n"
    assert with_citations(page, nav, tmp_path) == (
        "- [X](https://x.org/1). Cited in [B](../lessons/b.ipynb), [A](../lessons/a.ipynb).\n"
        "- [W](https://w.org).\nplain\n"
    )


def test_an_address_with_brackets_is_read_whole():
    assert links_in("([a](https://x.org/a_(b)_c).) [a](https://x.org/a_(b)_c)") == [
        "https://x.org/a_(b)_c"
    ]
