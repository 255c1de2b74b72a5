"""The list of sources: complete, without strays, and each with the lessons that cite it."""

import json
import re
from pathlib import Path

from slidingwindows.site.contents import CITED, links_in, with_citations

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "docs" / "reference" / "sources.md"
# Licences say what you may do, and a tool is named; they prove nothing.
NO_SOURCES = {
    "https://creativecommons.org/licenses/by/4.0/",
    "https://opensource.org/license/mit",
    "https://zensical.org/",
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


# What the lessons say that others found, by source: torch cannot compute it, so each phrase was
# read against the source, and a change of one asks for reading it again.
FINDINGS = {
    "10.1007/978-3-642-15825-4_10": ["overlapping windows brought no significant improvement over"],
    "arxiv.org/abs/1312.4400": ["in the place of large linear layers", "no parameters that could"],
    "arxiv.org/abs/1512.04150": ["before the mean is called a **class activation map**"],
    "638.pdf": ["The mean does not depend on $P$"],
    "arxiv.org/abs/1702.08502": ["named the gridding problem", "such as 1, 2, 5 against it"],
    "v97/zhang19a": ["puts a blur in front of each stride", "blur before you skip"],
    "19-519": [
        "architectures *as commonly used* are not invariant",
        "only a part of what is needed",
    ],
    "arxiv.org/abs/2011.14214": ["call this **adaptive polyphase sampling**"],
    "10.1109/5.726791": ["6 maps had one such pair: 12 parameters", "one pair for each map"],
    "arxiv.org/abs/1409.1556": ["thirteen convolutions of 3×3 in five blocks", "a 2×2 pool behind"],
    "slim/nets/resnet_v1.py": ["which takes the stride in a block's last unit"],
    "distill.00021": ["list the same two numbers", "right for the network that was measured"],
    "arxiv.org/abs/1701.04128": ["call the part that counts the **effective receptive field**"],
    "arxiv.org/abs/1609.03499": ["kernel of 2 and doubles the dilation from layer to layer"],
    "arxiv.org/abs/1408.5882": ["keeps only the largest response of each"],
    "arxiv.org/abs/1412.6806": [
        "without loss in accuracy on several image recognition benchmarks",
        "keeps the pools and adds convolutions too",
    ],
    "10.1023/A:1024068626366": [
        "makes the interval wider",
        "test set divided by that of the train",
    ],
    "antialiased-cnns": [
        "91.32% where it was 89.20%",
        "started from the weights of those without and were then fine-tuned",
    ],
}
WORK = re.compile(r"\[([^\]]*?),? \(?(\d{4})\)?\]\((https?://[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)")


def lesson_lines() -> list[str]:
    """Every line of prose in the lessons."""
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "lessons").glob("*.py"))]
    return [line for text in texts for line in text.split("\n") if line.startswith("# ")]


def listed_works() -> dict[str, tuple[str, str]]:
    """(authors, year) of each listed paper, by its address."""
    text = SOURCES.read_text("utf-8")
    found = re.findall(r"^- (.+?) \((\d{4})\)\. (.*)$", text, re.MULTILINE)
    return {address: (who, year) for who, year, rest in found for address in links_in(rest)[:1]}


def family_names(authors: str) -> list[str]:
    """Family names in order; 'and others' is one that no paper names."""
    names = re.split(r", | and ", authors)
    return [re.sub(r"^.*?((?:van den )?[^ ]+)$", r"\1", name) for name in names]


def test_every_citation_names_authors_and_year_as_the_list_does():
    works, count = listed_works(), 0
    for line in lesson_lines():
        for who, year, address in WORK.findall(line):
            if "lightning.ai" in address:
                continue  # a course, with its makers in the title
            authors, listed = works[address]
            names = family_names(authors)
            shown = family_names(who.removesuffix(" et al."))
            assert year == listed, f"{who} {year}: the list has {listed}"
            if who.endswith(" et al."):
                assert shown == names[:1] and (len(names) > 2 or "others" in names), who
            else:
                assert shown == names, f"{who}: the list has {authors}"
            count += 1
    assert count > 40


def test_years_of_preprints_are_near_their_numbers():
    """arXiv's numbers begin with the year of the first version, mostly before a conference's."""
    works = {link: year for link, (_, year) in listed_works().items() if "arxiv.org" in link}
    assert len(works) > 8
    for address, year in works.items():
        first = 2000 + int(address.rpartition("/")[2][:2])
        assert first - 1 <= int(year) <= first + 2, f"{address}: {year}"


def test_every_finding_of_others_is_told_beside_its_source():
    lines = lesson_lines()
    for source, phrases in FINDINGS.items():
        beside = [line for line in lines if source in line]
        for phrase in phrases:
            assert any(phrase in line for line in beside), f"{source}: {phrase}"


def test_a_mark_becomes_the_lessons_that_cite(tmp_path):
    for name, links in {
        "a": "[x](https://x.org/1)",
        "b": "[y](https://x.org/1) [z](https://z.org)",
    }.items():
        header = json.dumps({"title": name.upper()})
        (tmp_path / f"{name}.md").write_text(f"---\n{header}\n---\n{links}\n", "utf-8")
    nav = [{"Lessons": ["lessons/b.ipynb", "lessons/a.ipynb", "lessons/unbuilt.ipynb"]}]
    page = f"- [X](https://x.org/1). {CITED}\n- [W](https://w.org). {CITED}\nplain  \n"
    assert with_citations(page, nav, tmp_path) == (
        "- [X](https://x.org/1). Cited in [B](../lessons/b.ipynb), [A](../lessons/a.ipynb).\n"
        "- [W](https://w.org).\nplain  \n"
    )


def test_an_address_with_brackets_is_read_whole():
    assert links_in("([a](https://x.org/a_(b)_c).) [a](https://x.org/a_(b)_c)") == [
        "https://x.org/a_(b)_c"
    ]
