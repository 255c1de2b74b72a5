"""An entry of the API reference as HTML, word by word, and whose names become links."""

import pytest

from slidingwindows.site.api_html import code_html, entry_html, prose_html
from slidingwindows.site.api_source import Entry, Part

NAMES = {"slide", "Trace", "_hidden_", "other.name"}
SIGNATURE = (
    '<span class="n">slide</span><span class="p">(</span><span class="n">x</span>'
    '<span class="p">)</span>'
)


def block(html):
    return f'<div class="highlight no-copy"><pre><code>{html}</code></pre></div>'


def test_code_as_markdown_highlights_it():
    assert code_html("slide(x)") == block(SIGNATURE)
    assert code_html("slide(x)", inline=True) == f'<code class="highlight">{SIGNATURE}</code>'
    prompt = '<span class="gp">&gt;&gt;&gt; </span><span class="mi">1</span>\n'
    answer = '<span class="go">1</span>'
    assert code_html(">>> 1\n1\n", "pycon") == block(prompt + answer)
    assert "<pre>" not in code_html("a", inline=True) and not code_html("a\n").endswith("\n")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("See ``slide``.", 'See <a href="#slide"><code>slide</code></a>.'),
        ("`slide`, too", '<a href="#slide"><code>slide</code></a>, too'),
        ("``slide()``", '<a href="#slide"><code>slide()</code></a>'),
        ("``Trace.steps``", '<a href="#Trace.steps"><code>Trace.steps</code></a>'),
        ("``Trace.render()``", '<a href="#Trace.render"><code>Trace.render()</code></a>'),
        ("``other.name``", '<a href="#other.name"><code>other.name</code></a>'),
        ("``_hidden_``", '<a href="#hidden"><code>_hidden_</code></a>'),
        ("``x.slide`` ``sliding``", "<code>x.slide</code> <code>sliding</code>"),
        ("slide < 2 & 'x'", "slide &lt; 2 &amp; 'x'"),
        ("``a`` and ``b``", "<code>a</code> and <code>b</code>"),
        (
            "(arXiv 1603.07285).",
            '(<a href="https://arxiv.org/abs/1603.07285">arXiv 1603.07285</a>).',
        ),
        (
            "See doi 10.23915/distill.00021.",
            'See <a href="https://doi.org/10.23915/distill.00021">doi 10.23915/distill.00021</a>.',
        ),
        ("arXiv 1603.0728", "arXiv 1603.0728"),
    ],
)
def test_what_words_become(text, html):
    assert prose_html(text, NAMES) == html


def test_an_entry_word_by_word():
    method = Entry("render", "core.trace", "method", "render(x)", (Part("text", "Draws."),))
    mute = Entry("size", "core.trace", "property", "x")
    parts = (
        Part("text", "First < second."),
        Part("text", "More of ``slide``."),
        Part("parameter", "The input.", "x"),
        Part("parameter", "Its ``Trace``.", "trace"),
        Part("returns", "A trace."),
        Part("returns", "Or none."),
        Part("raises", "Always.", "ValueError"),
        Part("example", ">>> 1\n1"),
        Part("example", ">>> 1\n1"),
        Part("field", "A number.", "n"),
        Part("source", "Somebody."),
    )
    example = code_html(">>> 1\n1", "pycon")
    expected = (
        '### `__Trace__` { #Trace }\n\n<div class="sw-entry">'
        f"{code_html('import slide')}{block(SIGNATURE)}"
        '<p>First &lt; second.</p><p>More of <a href="#slide"><code>slide</code></a>.</p>'
        '<p class="sw-label">Parameters</p><dl class="sw-names">'
        "<dt><code>x</code></dt><dd>The input.</dd>"
        "<dt><code>trace</code></dt>"
        '<dd>Its <a href="#Trace"><code>Trace</code></a>.</dd></dl>'
        '<p class="sw-label">Returns</p><div class="sw-names"><p>A trace.</p><p>Or none.</p></div>'
        '<p class="sw-label">Raises</p><dl class="sw-names">'
        "<dt><code>ValueError</code></dt><dd>Always.</dd></dl>"
        f"{example}{example}"
        '<p class="sw-label">Fields</p>'
        '<dl class="sw-names"><dt><code>n</code></dt><dd>A number.</dd></dl>'
        '<p class="sw-label">Source</p><div class="sw-names"><p>Somebody.</p></div>'
        '<p class="sw-label">Methods and properties</p><dl class="sw-members">'
        '<dt id="__Trace__.render"><code class="highlight"><span class="n">render</span>'
        '<span class="p">(</span><span class="n">x</span><span class="p">)</span></code></dt>'
        "<dd><p>Draws.</p></dd>"
        '<dt id="__Trace__.size"><code class="highlight"><span class="n">x</span></code></dt>'
        "<dd></dd></dl></div>"
    )
    whole = Entry("__Trace__", "core", "class", "slide(x)", parts, members=(method, mute))
    assert entry_html(whole, NAMES, "import slide") == expected


def test_an_entry_of_a_name_alone():
    entry = Entry("slide", "core", "function", "slide(x)")
    expected = f'### `slide` {{ #slide }}\n\n<div class="sw-entry">{block(SIGNATURE)}</div>'
    assert entry_html(entry, NAMES) == expected
