"""The glossary: its page read, and the first use of each term linked, nothing else changed."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mkdocs.utils import yaml_load
from sweeps import draws

from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.site.glossary import read_glossary, with_terms

PAGE = """
# Glossary

## feature map { #feature-map }
*Also: activation map*

One channel of a layer's *output*. More.

## `ceil_mode` { #ceil-mode }

Rounds [up](x.md), so `k` stays.

## stride { #stride }

How far the window moves; 1 & more.
"""
TERMS = read_glossary(PAGE)

ROOT = Path(__file__).parents[2]
OURS = (ROOT / "docs" / "reference" / "glossary.md").read_text("utf-8")
LESSON = re.compile(r"\]\(\.\./lessons/([\w-]+)\.ipynb\)")
# Where a lesson shows a thing under another name.
ALIASES = {
    "anti-aliasing": "blur",
    "cross-correlation": "convolution",
    "deterministic": "torch.use_deterministic_algorithms",
    "grouped convolution": "groups",
    "folding of frequencies": "folded",
    "LP pooling": "LPPool2d",
    "skip connection": "skip",
    "valid padding": "valid",
}

LINK = re.compile(r"\[([^\[\]]*)\]\((\S*)(?: \"([^\"]*)\")?\)\{ \.sw-term \}")


def linked(page: str) -> str:
    return with_terms(page, TERMS, "../g.md")


def links(page: str) -> list[tuple[str, str, str]]:
    """The words, address and meaning of each link to the glossary."""
    return LINK.findall(linked(page))


def test_the_page_is_read():
    assert [(t.anchor, t.names) for t in TERMS] == [
        ("feature-map", ("feature map", "activation map")),
        ("ceil-mode", ("ceil_mode",)),
        ("stride", ("stride",)),
    ]
    assert TERMS[0].meaning == "One channel of a layer's output."
    assert TERMS[1].meaning == "Rounds up, so k stays."


def test_the_first_use_is_linked_and_no_other():
    page = "A stride. Strides, a Stride.\n\nTwo activation maps, a feature map."
    assert links(page) == [
        ("stride", "../g.md#stride", "How far the window moves; 1 &amp; more."),
        ("activation maps", "../g.md#feature-map", "One channel of a layer&#x27;s output."),
    ]
    assert linked(page).startswith("A [stride](../g.md#stride ")
    assert linked(page).endswith("{ .sw-term }, a feature map.")


def test_code_that_is_a_term():
    page = "- Set `ceil_mode`, or `ceil_mode=True`."
    assert links(page)[0][0] == "`ceil_mode`"
    assert linked(page).endswith("{ .sw-term }, or `ceil_mode=True`.")
    other = "`stride=2` and `x.stride`"
    assert linked(other) == other


@pytest.mark.parametrize(
    "page",
    [
        "## stride",
        "[the stride](x.md)",
        "![stride](x.png){ width=2 }",
        "[see *stride*][one]\n\n[one]: stride.md",
        "[^1]: stride",
        "*[LP]: stride",
        "<https://stride.org> and https://stride.org/stride",
        "<a href='x'>the stride</a>",
        "```\nstride\n```",
        "````text\n```\n\nstride\n````",
        '!!! note "stride"\n\n??? question "stride"',
        "<details>\n<summary>stride</summary>\n\nstride\n\n</details>",
        '<div class="sw-shown" markdown="0"><p>stride</p></div>',
        "<!-- figure stride -->",
        "<!-- a\n\nstride -->",
        "5 strides to read\n{ .sw-facts }",
        "word{ .stride }",
        "| stride | b |\n|---|---|\n| stride | c |",
        "strident, astride, stride_x, half-stride",
        "<span><math><mi>stride</mi></math></span>",
        r"\stride",
    ],
)
def test_where_a_link_would_be_wrong(page):
    assert linked(page) == page


@given(
    st.lists(
        st.sampled_from(
            "\n\n|stride|feature maps|`|``|&amp;|<br>|- |<!-- a -->| |.|[|](b.md)|*|ceil_mode|"
            "\n## |é|```\n|\n```|<div>|</div>|!!! note\n    |\\|$".split("|")
        ),
        max_size=30,
    )
)
@draws(100)
def test_nothing_but_links_is_added(parts):
    page = "".join(parts)
    after = linked(page)
    assert LINK.sub(r"\1", after) == page
    addresses = [address for _, address, _ in LINK.findall(after)]
    assert len(addresses) == len(set(addresses))


def test_no_glossary_no_change():
    assert with_terms("stride", (), "x") == "stride"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("## a { #a }\n\n## b { #b }\n\nB.\n", "does not say what 'a' means"),
        ("## a { #a }\n\nA.\n\n## A { #b }\n\nB.\n", "has 'A' twice"),
        ("## a { #a }\n*Also: c*\n\nA.\n\n## b { #b }\n*Also: c*\n\nB.\n", "has 'c' twice"),
    ],
)
def test_a_glossary_with_a_fault_is_refused(page, words):
    with pytest.raises(SlidingWindowsError, match=re.escape(words)):
        read_glossary(page)


def our_terms() -> list[tuple[str, tuple[str, ...], list[str]]]:
    """Of each entry of our page: what its heading says, all its names, the lessons it links."""
    terms = read_glossary(OURS)
    entries = re.split(r"^## ", OURS, flags=re.MULTILINE)[1:]
    assert len(entries) == len(terms), "a heading that read_glossary does not read"
    return [(t.names[0], t.names, LESSON.findall(e)) for t, e in zip(terms, entries, strict=True)]


def uses(lesson: str, name: str) -> bool:
    text = (ROOT / "lessons" / f"{lesson}.py").read_text("utf-8")
    return bool(re.search(rf"(?<!\w){re.escape(name)}(e?s)?(?!\w)", text, re.IGNORECASE))


def test_our_page_is_read():
    terms = read_glossary(OURS)
    assert len(our_terms()) >= 40
    for term in terms:
        assert term.meaning.endswith("."), term
        assert not re.search(r"[\[\]*`]|^Also:|^See ", term.meaning), term
        assert "" not in term.names, term
    # Every link is to a lesson; what others say is on the page of sources.
    assert OURS.count("](") == len(LESSON.findall(OURS))


def test_our_terms_are_in_order_and_unique():
    order = [re.sub(r"\W|_", " ", name.lower()) for name, _, _ in our_terms()]
    assert order == sorted(order)
    every = [name.lower() for _, names, _ in our_terms() for name in names]
    assert len(every) == len(set(every))
    anchors = [term.anchor for term in read_glossary(OURS)]
    assert len(anchors) == len(set(anchors))


def test_each_entry_links_lessons_that_use_its_term():
    for name, names, lessons in our_terms():
        assert lessons, f"{name} links no lesson"
        words = {*names, ALIASES.get(name, name)}
        for lesson in lessons:
            assert (ROOT / "lessons" / f"{lesson}.py").is_file(), f"{name}: no lesson {lesson}"
            assert any(uses(lesson, word) for word in words), f"{lesson} does not use {words}"


def test_every_lesson_of_the_course_is_linked():
    with (ROOT / "mkdocs.yml").open(encoding="utf-8") as file:
        nav = yaml_load(file)["nav"]
    (course,) = (part["Lessons"] for part in nav if "Lessons" in part)
    course = {Path(address).stem for address in course}
    assert "max-pooling" in course
    assert course <= set(LESSON.findall(OURS))


def test_every_alias_is_needed():
    entries = {name: (names, lessons) for name, names, lessons in our_terms()}
    for term in ALIASES:
        names, lessons = entries[term]
        assert not all(any(uses(lesson, name) for name in names) for lesson in lessons), term


def with_marks(page):
    """A page with its links to the glossary as 'term!'."""
    return LINK.sub(r"\1!", with_terms(page, TERMS, "g.md"))


@pytest.mark.parametrize(
    "page", ["1 < 2 &amp; &#955; <br/>  \nx\n\n\n    y", "", "\n", "a `x` [b](c.md)\n\n- d\n"]
)
def test_what_holds_no_term_stays_as_it_is_written(page):
    assert with_terms(page, TERMS, "g.md") == page


@pytest.mark.parametrize(
    ("page", "marked"),
    [
        ("**x** stride", "**x** stride!"),
        ("**stride**", "**stride!**"),
        ("- a\n- b stride\n\nstride", "- a\n- b stride!\n\nstride"),
        ("1. stride", "1. stride!"),
        ("> stride", "> stride!"),
        ("a<br>stride", "a<br>stride!"),
        ("## x\nstride", "## x\nstride!"),
        ('!!! note "stride"\n    stride', '!!! note "stride"\n    stride!'),
        (
            '<details class="a" markdown="1">\n<summary>stride</summary>\n\nstride\n\n</details>',
            '<details class="a" markdown="1">\n<summary>stride</summary>\n\nstride!\n\n</details>',
        ),
        ("<div><p>x</p>\nstride</div>\nstride", "<div><p>x</p>\nstride</div>\nstride!"),
        ("[a stride](b.md) stride", "[a stride](b.md) stride!"),
        ("a stride `stride`", "a stride! `stride`"),
        ("`x` and `stride`", "`x` and `stride`!"),
        ("`ceil_mode`, stride", "`ceil_mode`!, stride!"),
        ("`a stride` stride", "`a stride` stride!"),
        ("<span><math><mi>stride</mi></math></span> stride", None),
        ("&lt; strides", "&lt; strides!"),
        ("strided my-stride stride-x", "strided my-stride stride-x"),
        ("Activation map, feature map", "Activation map!, feature map"),
    ],
)
def test_where_a_term_becomes_a_link(page, marked):
    assert with_marks(page) == (marked or f"{page}!")


def test_of_two_names_the_longer_is_linked_and_capitals_do_not_count():
    text = "## map { #map }\n\nA map.\n\n## LP feature map { #lp }\n\nAnother.\n"
    page = with_terms("lp Feature map", read_glossary(text), "g.md")
    assert page == '[lp Feature map](g.md#lp "Another."){ .sw-term }'


def test_a_name_that_another_begins_with_is_linked_where_it_ends():
    text = "## valid { #v }\n\nV.\n\n## valid padding { #p }\n\nP.\n"
    page = with_terms("Valid padding, valid.", read_glossary(text), "g.md")
    marks = "{ .sw-term }"
    assert page == f'[Valid padding](g.md#p "P."){marks}, [valid](g.md#v "V."){marks}.'


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ("One\nline and [a *link*](b.md).\n\nMore.", "One line and a link."),
        ("No stop\n\nMore.", "No stop"),
        ("Of 1.5 and `x.y`. Second.", "Of 1.5 and x.y."),
        ("Costs $k$. x", "Costs k."),
    ],
)
def test_what_a_tooltip_says(body, meaning):
    [term] = read_glossary(f"## a {{ #a }}\n\n{body}\n")
    assert term.meaning == meaning


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("## a { #a }\n\nX.\n\n## A { #b }\n\nY.\n", "the glossary has 'A' twice"),
        ("## a { #a }\n\n## b { #b }\n\nY.\n", "the glossary does not say what 'a' means"),
    ],
)
def test_a_bad_glossary_is_told(text, told):
    with pytest.raises(SlidingWindowsError) as caught:
        read_glossary(text)
    assert str(caught.value) == told


# Before a verb: "a stride skips", "you skip", "what it skips". No term is named by such a word.
SUBJECTS = r"(?:(?:a|the|no|each) stride|it|you|simply|they|we)"
PAGES = [*sorted((ROOT / "lessons").glob("*.py")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_verb_is_linked_to_a_noun(path):
    """'So a stride skips' led to the skip connection."""
    text = re.sub(r"^# ?", "", path.read_text("utf-8"), flags=re.MULTILINE)
    page = with_terms(text, read_glossary(OURS), "g.md")
    verb = re.compile(rf"\b{SUBJECTS} \[(\w+s|\w+)\]\(g\.md#")
    assert not [word for word in verb.findall(page) if word.endswith("s") or word == "skip"]
    skips = [word for word, address, _ in LINK.findall(page) if address == "g.md#skip"]
    assert all(re.fullmatch("skip connections?", word, re.IGNORECASE) for word in skips)
