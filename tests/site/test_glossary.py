"""The glossary: its page read, and the first use of each term linked, nothing else changed."""

import re
from html.parser import HTMLParser
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
    "grouped convolution": "groups",
    "LP pooling": "LPPool2d",
    "untouched pixels": "never read",
    "valid padding": "valid",
}


class Text(HTMLParser):
    """What a reader reads."""

    def __init__(self, page):
        super().__init__()
        self.text, self.links = "", []
        self.feed(page)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if attrs.get("class") == "sw-term":
            self.links.append((attrs["href"], attrs["title"]))


def linked(page: str) -> str:
    return with_terms(page, TERMS, "../g/")


def test_the_page_is_read():
    assert [(t.anchor, t.names) for t in TERMS] == [
        ("feature-map", ("feature map", "activation map")),
        ("ceil-mode", ("ceil_mode",)),
        ("stride", ("stride",)),
    ]
    assert TERMS[0].meaning == "One channel of a layer's output."
    assert TERMS[1].meaning == "Rounds up, so k stays."


def test_the_first_use_is_linked_and_no_other():
    page = "<p>A stride. Strides, a Stride.</p><p>Two activation maps, a feature map.</p>"
    assert Text(linked(page)).links == [
        ("../g/#stride", "How far the window moves; 1 & more."),
        ("../g/#feature-map", "One channel of a layer's output."),
    ]
    assert linked(page).startswith('<p>A <a class="sw-term" href="../g/#stride"')
    assert linked(page).endswith(">activation maps</a>, a feature map.</p>")


def test_code_that_is_a_term():
    page = "<ul><li>Set <code>ceil_mode</code>, or <code>ceil_mode=True</code>.</li></ul>"
    assert ">" + "<code>ceil_mode</code></a>, or <code>ceil_mode=True</code>." in linked(page)
    other = "<p><code>stride=2</code> and <code>x.stride</code></p>"
    assert linked(other) == other


@pytest.mark.parametrize(
    "page",
    [
        "<h2>stride</h2>",
        "stride",
        '<p><a href="x">the stride</a></p>',
        "<pre><code>stride</code></pre>",
        '<p class="admonition-title">stride</p>',
        "<details><summary>stride</summary></details>",
        '<figure class="sw-figure"><p>stride</p></figure>',
        '<div class="sw-links"><p>stride</p></div>',
        "<table><tr><td><p>stride</p></td></tr></table>",
        "<p>strident, astride, stride_x, half-stride</p>",
        "<p><math><mi>stride</mi></math></p>",
    ],
)
def test_where_a_link_would_be_wrong(page):
    assert linked(page) == page


@given(
    st.lists(
        st.sampled_from(
            "<p>|</p>|stride|feature maps|<code>|</code>|&amp;|&#960;|<br>|<li>|</li>|<!-- a -->|"
            " |.|<a href='b'>|</a>|<img src='c'/>|<em class=d>|</em>|ceil_mode|<h2>|</h2>|é".split(
                "|"
            )
        ),
        max_size=30,
    )
)
@draws(100)
def test_nothing_but_links_is_added(parts):
    page = "".join(parts)
    after = linked(page)
    assert Text(after).text == Text(page).text
    assert re.sub(r'<a class="sw-term"[^>]*>(.*?)</a>', r"\1", after) == page
    addresses = [address for address, _ in Text(after).links]
    assert len(addresses) == len(set(addresses))


def test_no_glossary_no_change():
    assert with_terms("<p>stride</p>", (), "x") == "<p>stride</p>"


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
        assert lessons, f"{name}: no lesson linked"
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
    """A page's HTML with its links to the glossary as 'term!'."""
    return re.sub(r'<a class="sw-term"[^>]*>(.*?)</a>', r"\1!", with_terms(page, TERMS, "g/"))


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html>\n<p>1 &lt; 2 &amp; &#955; &nbsp;</p><!-- stride --><br/><img alt='x'>",
        "<P Class=a>x<BR></p>",
        "<p>a ]]&gt; b</p>\n\n<pre>  x\n</pre>",
    ],
)
def test_what_holds_no_term_stays_as_it_is_written(page):
    assert with_terms(page, TERMS, "g/") == page


@pytest.mark.parametrize(
    ("page", "marked"),
    [
        ("<p><b>x</b> stride</p>", "<p><b>x</b> stride!</p>"),
        ("<ul><li>a<li>b</ul>stride<p>stride</p>", "<ul><li>a<li>b</ul>stride<p>stride!</p>"),
        ("<p>a<br>stride</p>", "<p>a<br>stride!</p>"),
        ("<h2>x</h2><p>stride</p>", "<h2>x</h2><p>stride!</p>"),
        ("<p><style>stride</style> stride</p>", "<p><style>stride</style> stride!</p>"),
        ("<p><script>stride</script> stride</p>", "<p><script>stride</script> stride!</p>"),
        ("<dl><dt>stride<dd>stride</dl>", "<dl><dt>stride<dd>stride!</dl>"),
        ("<p>a stride <code>stride</code></p>", "<p>a stride! <code>stride</code></p>"),
        (
            "<p><code>x</code> and <code>stride</code></p>",
            "<p><code>x</code> and <code>stride</code>!</p>",
        ),
        ("<p><code>ceil_mode</code>, stride</p>", "<p><code>ceil_mode</code>!, stride!</p>"),
        ("<p><code>a stride</code> stride</p>", "<p><code>a stride</code> stride!</p>"),
        ("<p><code><b>x</b> stride</code></p>", "<p><code><b>x</b> stride</code></p>"),
        ("<li><pre>stride</pre> stride</li>", "<li><pre>stride</pre> stride!</li>"),
        ("<p>&lt; strides</p>", "<p>&lt; strides!</p>"),
        ("<p>strided my-stride stride-x</p>", "<p>strided my-stride stride-x</p>"),
        ("<p>Activation map, feature map</p>", "<p>Activation map!, feature map</p>"),
    ],
)
def test_where_a_term_becomes_a_link(page, marked):
    assert with_marks(page) == marked


def test_of_two_names_the_longer_is_linked_and_capitals_do_not_count():
    text = "## map { #map }\n\nA map.\n\n## LP feature map { #lp }\n\nAnother.\n"
    page = with_terms("<p>lp Feature map</p>", read_glossary(text), "g/")
    assert page == '<p><a class="sw-term" href="g/#lp" title="Another.">lp Feature map</a></p>'


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
