"""A figure's HTML word by word, and that no word of it becomes markup."""

import json
import re
from html import unescape

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course.blocks import inline
from slidingwindows.site.embed import embed_figures

NASTY = """<b>"x" & 'y'</b> `c<d` *e*"""
MOVING = {
    "moving": True,
    "width": 300,
    "height": 200,
    "strip": [2000, 1000],
    "steps": 3,
    "longest": "One, two.",
    "call": "nn.MaxPool2d(2)",
    "alt": "Four windows.",
    "caption": "Four *windows*.",
    "transcript": ["First.", "Second."],
}
PLOT = {"moving": False, "width": 640, "height": 360, "alt": "A line.", "caption": ""}
PLOT |= {"transcript": []}


def embedded(tmp_path, facts, up="../../", name="one"):
    (tmp_path / f"{name}.json").write_text(json.dumps(facts))
    return embed_figures(f"before\n\n<!-- figure {name} -->\n\nafter", tmp_path, up, "page.md")


def test_a_plot_word_by_word(tmp_path):
    image = (
        '<picture class="sw-{theme}"><img src="../../figures/one.{theme}.png" width="640" '
        'height="360" loading="lazy" decoding="async" alt="A line."></picture>'
    )
    both = "".join(image.format(theme=theme) for theme in ("light", "dark"))
    assert embedded(tmp_path, PLOT) == (
        'before\n\n<figure class="sw-figure" id="one" data-moving="0">'
        f'<span class="sw-stage">{both}</span></figure>\n\nafter'
    )


def test_a_moving_figure_word_by_word(tmp_path):
    image = (
        '<picture class="sw-{theme}"><source media="(prefers-reduced-motion: reduce), '
        '(scripting: enabled)" srcset="figures/one.{theme}.png">'
        '<img src="figures/one.{theme}.gif" width="300" height="200" loading="lazy" '
        'decoding="async" alt="Four windows."></picture>'
    )
    both = "".join(image.format(theme=theme) for theme in ("light", "dark"))
    longest = "One, two." + "\N{FIGURE SPACE}" * 71
    assert embedded(tmp_path, MOVING, up="") == (
        'before\n\n<figure class="sw-figure" id="one" data-moving="1">'
        '<sliding-window src="figures/one.trace.js" name="one" steps="3" label="nn.MaxPool2d(2)">'
        f'<span class="sw-stage">{both}</span><span class="sw-bar" data-search-exclude></span>'
        f'<span class="sw-sentence" data-longest="{longest}" data-search-exclude></span>'
        '</sliding-window><img class="sw-strip" src="figures/one.light.strip.png" width="640" '
        'height="320" loading="lazy" decoding="async" alt="Four windows.">'
        "<figcaption>Four <em>windows</em>.</figcaption>"
        '<details class="sw-words" data-search-exclude><summary>Every step in words</summary>'
        "<ul><li>First.</li><li>Second.</li></ul></details></figure>\n\nafter"
    )


def of_states(told: list) -> dict:
    """Facts of a figure that has states and no windows."""
    facts = {name: value for name, value in MOVING.items() if name not in ("steps", "call")}
    return facts | {"states": told, "label": "maps"}


def test_a_figure_of_states_word_by_word(tmp_path):
    page = embedded(tmp_path, of_states([[1800, 'An "input".'], [900, "Some <maps>."]]), up="")
    said = "[[1800,&quot;An \\&quot;input\\&quot;.&quot;],[900,&quot;Some &lt;maps&gt;.&quot;]]"
    assert (
        '<moving-pictures light="figures/one.light.states.png" '
        f'dark="figures/one.dark.states.png" states="{said}" steps="2" label="maps">'
        '<span class="sw-stage"><picture class="sw-light">'
    ) in page
    assert page.count('media="(prefers-reduced-motion: reduce), (scripting: enabled)"') == 2
    assert page.count("</moving-pictures>") == 1 and "sliding-window" not in page


@pytest.mark.parametrize(
    ("strip", "shown"), [([600, 300], (300, 150)), ([1280, 3], (640, 2)), ([1290, 200], (640, 99))]
)
def test_a_strip_is_as_wide_as_half_its_pixels_and_no_wider_than_paper(tmp_path, strip, shown):
    page = embedded(tmp_path, {**MOVING, "strip": strip})
    found = re.search(r'strip.png" width="(\d+)" height="(\d+)"', page)
    assert tuple(map(int, found.groups())) == shown


@pytest.mark.parametrize("part", ["alt", "caption", "call", "longest"])
def test_no_word_becomes_markup(tmp_path, part):
    page = embedded(tmp_path, {**MOVING, part: NASTY})
    assert "<b>" not in page
    if part == "caption":
        shown = "&lt;b&gt;\"x\" &amp; 'y'&lt;/b&gt; <code>c&lt;d</code> <em>e</em>"
        assert f"<figcaption>{shown}</figcaption>" in page
        return
    attribute = {"alt": "alt", "call": "label", "longest": "data-longest"}[part]
    values = re.findall(rf'{attribute}="([^"]*)"', page)
    assert len(values) == {"alt": 3, "call": 1, "longest": 1}[part]
    assert {unescape(value).rstrip("\N{FIGURE SPACE}") for value in values} == {NASTY}


def test_no_step_becomes_markup(tmp_path):
    page = embedded(tmp_path, {**MOVING, "transcript": ["1 < 2 & <b>", "plain"]})
    assert "<ul><li>1 &lt; 2 &amp; &lt;b&gt;</li><li>plain</li></ul>" in page


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("*a* and *b*", "<em>a</em> and <em>b</em>"),
        ("2 * 3", "2 * 3"),
        ("a ` b", "a ` b"),
        ("<i>&amp;\"'", "&lt;i&gt;&amp;amp;\"'"),
        ("", ""),
    ],
)
def test_captions_know_code_and_emphasis(text, html):
    assert inline(text) == html


def test_only_a_line_of_its_own_is_a_mark(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps(PLOT))
    text = (
        "x <!-- figure one -->\n    <!-- figure one -->\n<!-- figure one --> y\n<!--figure one-->"
    )
    assert embed_figures(text, tmp_path, "", "page.md") == text
    twice = embed_figures("<!-- figure one -->\n<!-- figure one -->", tmp_path, "", "page.md")
    assert twice.count("<figure") == 2 and "<!--" not in twice


@pytest.mark.parametrize("content", [None, "", "{"])
def test_an_unknown_or_damaged_figure_is_named_with_its_page(tmp_path, content):
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps(PLOT))
    if content is not None:
        (tmp_path / "gone.json").write_text(content)
    known = "a, b" if content is None else "a, b, gone"
    with pytest.raises(SlidingWindowsError) as caught:
        embed_figures("<!-- figure gone -->", tmp_path, "", "page.md")
    assert str(caught.value) == f"page.md: no lesson makes a figure 'gone'; there are: {known}"


def test_while_serving_a_figure_may_be_missing(tmp_path):
    mark = "before\n\n<!-- figure not-yet -->\n"
    with pytest.raises(SlidingWindowsError, match="no lesson makes a figure 'not-yet'"):
        embed_figures(mark, tmp_path, "", "index.md")
    served = embed_figures(mark, tmp_path, "", "index.md", patient=True)
    assert served == "before\n\n*There is no figure `not-yet` yet.*\n"
