"""No term before its definition: what a reader meets first, lesson by lesson.

The lesson that defines a term is the first one, in the order of the course, that its entry in the
glossary links. In every lesson before that one, the first use of the term has to explain itself: it
is a link, or it is set in bold or italics because its own paragraph says what it means. The site
links the first use in prose by itself, but not in a caption, a heading, a table or a box's title.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from mkdocs.utils import yaml_load

from slidingwindows.course.formats import read_cells
from slidingwindows.site.glossary import Term, read_glossary, with_terms

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "reference" / "glossary.md").read_text("utf-8")
TERMS = {term.anchor: term for term in read_glossary(GLOSSARY)}
LESSON = re.compile(r"\]\(\.\./lessons/([\w-]+)\.ipynb\)")
# Everyday words that are also terms, by lesson and anchor; each is followed by its reason.
EVERYDAY: dict[tuple[str, str], str] = {}
FENCE = re.compile(r"^( *)(```+).*?^\1\2\s*$", re.MULTILINE | re.DOTALL)
ADDRESS = "g.md"
# A link of the glossary's, any other link, code, a formula, an element or an address; a word in
# bold or italics.
PARTS = r"""
    \[[^\[\]]*\]\(g\.md\#(?P<linked>[\w-]+)\ "[^"]*"\)\{\ \.sw-term\ \}
    | (?P<link>\[(?:[^\[\]]|\[[^\[\]]*\])*\]\([^)]*\))
    | `[^`]+` | \$[^$]+\$ | </?[a-z][^>]*> | https?://\S+
    | (?P<mark>\*{1,2})(?P<defined>[^*\n]+)(?P=mark)
"""


def in_order() -> list[str]:
    """The lessons as the navigation has them."""
    with (ROOT / "mkdocs.yml").open(encoding="utf-8") as file:
        nav = yaml_load(file)["nav"]
    pages = [page for part in nav for pages in part.values() for page in pages if len(page) > 1]
    return [Path(page).stem for page in pages if str(page).startswith("lessons/")]


LESSONS = in_order()


def homes() -> dict[str, int]:
    """Of each term the place of the lesson that defines it."""
    entries = re.split(r"^## ", GLOSSARY, flags=re.MULTILINE)[1:]
    return {
        anchor: min(map(LESSONS.index, LESSON.findall(entry)))
        for anchor, entry in zip(TERMS, entries, strict=True)
    }


HOMES = homes()


def captions(code: str) -> list[str]:
    """What a code cell writes below its figures; of an f-string the words that are fixed."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("show", "plot"):
            named = [word.value for word in node.keywords if word.arg == "caption"]
            texts = named or node.args[2:3]
            parts = [part for text in texts for part in ast.walk(text)]
            found.append(" ".join(p.value for p in parts if isinstance(p, ast.Constant)))
    return found


def shown(meta: dict, cells) -> str:
    """A lesson's words as its page has them, before terms are linked; captions are HTML there."""
    parts = [f"<p>{meta['description']}</p>"]
    for cell in cells:
        if cell.kind == "markdown":
            parts.append(FENCE.sub("", cell.source))
        else:
            parts += [f"<p>{words}</p>" for words in captions(cell.source)]
    # A heading is read in one go with the paragraph below it, which may explain its words.
    return re.sub(r"^(#+ .*)\n\n", r"\1\n", "\n\n".join(parts), flags=re.MULTILINE)


@cache
def page(name: str) -> str:
    path = ROOT / "lessons" / f"{name}.py"
    meta, cells = read_cells(path, path.read_text("utf-8"))
    return with_terms(shown(meta, cells), tuple(TERMS.values()), ADDRESS)


def unexplained(text: str, term: Term) -> str | None:
    """The first use of a term on a page whose terms are linked, with the words around it, unless
    that use explains itself."""
    names = "|".join(map(re.escape, sorted(term.names, key=len, reverse=True)))
    word = rf"(?<![\w-])(?:{names})(?:e?s)?(?![\w-])"
    for block in re.split(r"\n\s*\n", text):
        plain = None
        for match in re.finditer(rf"{PARTS}|(?P<word>{word})", block, re.IGNORECASE | re.VERBOSE):
            inside = match["link"] or match["defined"] or ""
            if match["linked"] == term.anchor or re.search(word, inside, re.IGNORECASE):
                return None
            if match["word"] and plain is None:
                plain = block[max(0, match.start() - 60) : match.end() + 40]
        if plain:
            return plain
    return None


@pytest.mark.parametrize("name", LESSONS)
def test_no_term_is_used_before_it_is_defined(name):
    early = [term for anchor, term in TERMS.items() if HOMES[anchor] > LESSONS.index(name)]
    found = {term.anchor: unexplained(page(name), term) for term in early}
    found = {anchor: use for anchor, use in found.items() if use}
    assert found.keys() == {anchor for lesson, anchor in EVERYDAY if lesson == name}, found


@pytest.mark.parametrize("anchor", TERMS)
def test_the_first_lesson_that_sets_a_term_in_bold_is_linked_as_its_definition(anchor):
    names = "|".join(map(re.escape, TERMS[anchor].names))
    link = rf"\[(?:{names})(?:e?s)?\]\(g\.md#[^)]*\)\{{ \.sw-term \}}"
    bold = re.compile(rf"(?<!\*)\*{{1,2}}(?:{link}|(?:{names})(?:e?s)?)\*{{1,2}}(?!\*)", re.I)
    defining = [n for n, name in enumerate(LESSONS) if bold.search(page(name))]
    assert HOMES[anchor] <= min(defining, default=len(LESSONS)), LESSONS[defining[0]]


@pytest.mark.parametrize("anchor", TERMS)
def test_what_a_term_means_needs_no_later_term(anchor):
    """Whoever asks what a word means has read the lessons up to its definition, and no more."""
    term = TERMS[anchor]
    own = re.compile("|".join(map(re.escape, term.names)), re.IGNORECASE)
    for other, later in TERMS.items():
        if HOMES[other] > HOMES[anchor]:
            names = "|".join(map(re.escape, later.names))
            words = re.findall(
                rf"(?<![\w-])(?:{names})(?:e?s)?(?![\w-])", own.sub(" ", term.meaning), re.I
            )
            assert not words, f"{anchor} is explained by {words}, of {LESSONS[HOMES[other]]}"


TWO = read_glossary("## tap { #tap }\n*Also: taps*\n\nA.\n\n## jump { #jump }\n\nB.\n")


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("A tap.", None),
        ("<p>A tap.</p>\n\nA tap.", "A tap."),
        ("# Tap\n\nA tap.", "# Tap"),
        ("# Taps\nA tap.", None),
        ('!!! note "A tap"\n    A tap.', None),
        ('!!! note "A tap"\n\n    A tap.', "A tap"),
        ("| tap |\n|---|\n\nA tap.", "| tap |"),
        ("<p>[A tap](x.md).</p>\n\nA tap.", None),
        ("<p>A **tap** is one.</p>\n\nA tap.", None),
        ("`tap` and $tap$\n\nA jump, a tap.", None),
        ("<p>`tap` and taper</p>\n\nA tap.", None),
    ],
)
def test_what_is_a_use_that_explains_nothing(text, use):
    found = unexplained(with_terms(text, TWO, ADDRESS), TWO[0])
    assert (found is None) == (use is None)
    assert use is None or use in found


def test_captions_are_read_however_they_are_written():
    code = 'show(a, "n", "One " "two.")\nplot(d, "n", alt="x", caption=f"Three {n} four.")\nshow(a)'
    assert [" ".join(words.split()) for words in captions(code)] == ["One two.", "Three four.", ""]
