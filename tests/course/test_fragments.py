"""The HTML of an output: which elements and attributes stay, and where open elements end."""

import re

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course.fragments import fragment

PLACE = "lessons/tiny.py, code cell 1, line 10"
WRAPPING = (
    "a abbr b cite code del em i ins kbd mark q s samp small span strong sub sup u var "
    "div p pre blockquote ul ol li dl dt dd details summary figure figcaption "
    "table caption colgroup thead tbody tfoot tr th td"
)


def test_elements_of_text_lists_and_tables_stay():
    for name in WRAPPING.split():
        assert fragment(f"<{name}>x</{name}>y", PLACE) == f"<{name}>x</{name}>y", name
    for name in "br hr wbr col".split():  # nothing ends them
        assert fragment(f"<{name}>x", PLACE) == f"<{name}>x", name
    assert fragment('<img alt="x">y', PLACE) == '<img alt="x">y'
    assert fragment("<b/>x", PLACE) == "<b>x</b>"


def test_attributes_that_carry_meaning_stay():
    kept = (
        '<a class="c" href="h" title="t" alt="a" src="s" width="1" height="2" colspan="3" '
        'rowspan="4" scope="row" lang="en" dir="rtl" start="5" open="" datetime="d" cite="z">x</a>'
    )
    assert fragment(kept, PLACE) == kept
    dropped = kept.replace(" class", ' style="a" id="b" name="e" data-f="g" class')
    assert fragment(dropped, PLACE) == kept


def test_headings_are_paragraphs():
    for level in range(1, 7):
        assert fragment(f'<h{level} class="x">a</h{level}>b', PLACE) == "<p>a</p>b", level


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("<ol><li>a<ol><li>b<li>c</ol><li>d", "<ol><li>a<ol><li>b</li><li>c</li></ol></li><li>d"),
        ("<ul><li>a<ul><li>b<li>c</ul><li>d", "<ul><li>a<ul><li>b</li><li>c</li></ul></li><li>d"),
        (
            "<table><tr><th>a<td>b<th>c<th>d<tr><td>e<td>f<tr><th>g<tr>",
            "<table><tr><th>a</th><td>b</td><th>c</th><th>d</th></tr>"
            "<tr><td>e</td><td>f</td></tr><tr><th>g</th></tr><tr>",
        ),
        ("<table><td>a<tr><td>b", "<table><td>a</td><tr><td>b"),
        ("<table><th>a<tr><td>b", "<table><th>a</th><tr><td>b"),
        (
            "<table><tr><td>a<table><tr><td>b</table><td>c",
            "<table><tr><td>a<table><tr><td>b</td></tr></table></td><td>c",
        ),
        (
            "<table><tr><td>a<table><td>b</table><th>c<table><th>d</table>e",
            "<table><tr><td>a<table><td>b</td></table></td><th>c<table><th>d</th></table>e",
        ),
        (
            "<dl><dt>a<dd>b<dt>c<dt>d<dd>e<dd>f",
            "<dl><dt>a</dt><dd>b</dd><dt>c</dt><dt>d</dt><dd>e</dd><dd>f",
        ),
        (
            "<dl><dt>a<dl><dt>b</dl><dd>c<dl><dd>d</dl>e",
            "<dl><dt>a<dl><dt>b</dt></dl></dt><dd>c<dl><dd>d</dd></dl>e",
        ),
        *(
            (f"<p>a<{name}><p>b<p>c", f"<p>a<{name}><p>b</p><p>c")
            for name in "div td th li dd blockquote".split()
        ),
        ("<p>a<b><p>c", "<p>a<b></b></p><p>c"),
        ("<b><i>a</b>c</i>", "<b><i>a</i></b>c"),
        ("a<style>x</style >b<STYLE scoped>\nc</STYLE>e<style>f", "abe"),
        ("<pre>a\n<b>c\n</b></pre>\n d", "<pre>a&#10;<b>c&#10;</b></pre> d"),
        ('<b title=\'"\'>"a"', '<b title="&quot;">"a"'),
        ("a &lt", "a &lt;"),
        (" a\tb  c \n\n d", "a\tb  c d"),
    ],
)
def test_open_elements_end_where_html_ends_them(text, made):
    found = fragment(text, PLACE)
    assert re.fullmatch(re.escape(made) + r"(</\w+>)*", found), found
    assert fragment(found, PLACE) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<form>", "a page may not hold <form>; the site's policy would stop it"),
        (
            "<b style=a onclick=b>",
            "a page may not hold onclick= on <b>; the site's policy would stop it",
        ),
        ("<h7>", "an output may not hold <h7>; a page shows text, tables and lists"),
        ("<h0>", "an output may not hold <h0>; a page shows text, tables and lists"),
        *(
            (
                text,
                "a picture without alt text; use slidingwindows.lesson.plot, which asks for one",
            )
            for text in ("<img src=a.png>", '<img alt=" ">', "<img alt>")
        ),
    ],
)
def test_what_an_output_may_not_hold_is_told_with_its_place(text, told):
    with pytest.raises(SlidingWindowsError) as caught:
        fragment(text, PLACE)
    assert str(caught.value) == f"{PLACE}: {told}"
