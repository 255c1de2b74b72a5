"""Every kind of output: shown whole and harmless, or refused by name."""

import re

import pytest
from markdown import markdown as to_html

from slidingwindows import SlidingWindowsError
from slidingwindows.course.outputs import shown
from slidingwindows.course.printed import whole

PLACE = "lessons/tiny.py, code cell 1, line 10"


def of(**data):
    """An output of these types: html, markdown, latex, plain, or any by its whole name."""
    bundle = {name if "/" in name else f"text/{name}": one for name, one in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


def html(**data):
    """What stands in the frame of an output."""
    found = re.fullmatch(r'<div class="sw-shown [\w-]+" markdown="0">(.*)</div>', of_page(**data))
    assert found, of_page(**data)
    return found[1]


def of_page(**data):
    text = shown(of(**data), PLACE)
    assert "\n" not in text, "a frame is one line, which Markdown cannot tear apart"
    return text


def refused(**data):
    with pytest.raises(SlidingWindowsError) as caught:
        shown(of(**data), PLACE)
    assert str(caught.value).startswith(f"{PLACE}: ")
    return str(caught.value).removeprefix(f"{PLACE}: ")


FIGURE = "application/vnd.slidingwindows.figure+json"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"plain": "'a\u202eb'"}, "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ({"html": "<b>\u2066a</b>"}, "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ({"html": '<b title="&#8238;">a</b>'}, "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ({"markdown": "a\x00b"}, "U+0000"),
        ({"latex": "a\x9bb, $c$"}, "U+009B"),
        ({"plain": "\ud800"}, "U+D800"),
        ({"plain": "a\u200bb"}, "U+200B ZERO WIDTH SPACE"),
        ({"markdown": "a\u2060b"}, "U+2060 WORD JOINER"),
        ({"plain": "a\ufeffb"}, "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ({"html": "<b>a&shy;b</b>"}, "U+00AD SOFT HYPHEN"),
        ({"plain": "a\ufff9b"}, "U+FFF9 INTERLINEAR ANNOTATION ANCHOR"),
        ({"plain": "a\U000e0041b"}, "U+E0041 TAG LATIN CAPITAL LETTER A"),
        (
            {FIGURE: {"name": "n", "caption": "a\u202a", "alt": "b"}},
            "U+202A LEFT-TO-RIGHT EMBEDDING",
        ),
        ({FIGURE: {"name": "n", "caption": "a", "alt": "b\x00"}}, "U+0000"),
    ],
)
def test_a_character_that_no_reader_sees_is_refused(data, told):
    assert html(markdown="\U0001f469\u200d\U0001f52c")  # a joiner makes one picture of two
    assert refused(**data) == f"an output holds {told}, which no reader sees"


def test_what_a_terminal_swallows_is_not_on_the_page():
    printed = {"output_type": "stream", "name": "stdout", "text": "a\x00b\x07 שלום\u200f"}
    assert "\nab שלום\u200f\n" in shown(printed, PLACE)


# HTML


def test_a_table_of_pandas():
    """As pandas 2 and 3 write it, with a style of its own, which the page replaces."""
    text = (
        "<div>\n<style scoped>\n    .dataframe tbody tr th { vertical-align: top; }\n</style>\n"
        '<table border="1" class="dataframe">\n  <thead>\n    <tr style="text-align: right;">\n'
        "      <th></th>\n      <th>a</th>\n    </tr>\n  </thead>\n  <tbody>\n    <tr>\n"
        "      <th>0</th>\n      <td>1 &lt; 2</td>\n    </tr>\n  </tbody>\n</table>\n</div>"
    )
    tight = re.sub(r"> <", "><", html(html=text, plain="   a\n0  1"))
    assert tight == (
        '<div><table class="dataframe"><thead><tr><th></th><th>a</th></tr></thead>'
        "<tbody><tr><th>0</th><td>1 &lt; 2</td></tr></tbody></table></div>"
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<b>a", "<b>a</b>"),
        ("a</div></details>b", "ab"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        (
            "<table><tr><td>a<td>b<tr><td>c",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        ),
        ("<h1>Head</h1>", "<p>Head</p>"),
        ('<b id="x" style="color: red" class="y">a</b>', '<b class="y">a</b>'),
        ("<!-- figure tiny-pool -->a", "a"),
        ("&lt;!-- figure x --&gt; &amp; ü", "&lt;!-- figure x --&gt; &amp; ü"),
        ("<pre>a\n  b\n</pre>", "<pre>a&#10;  b&#10;</pre>"),
        ("a\n\n\n# b\n", "a # b"),
        ('<a href="beta.ipynb" title=\'"\'>x</a>', '<a href="beta.ipynb" title="&quot;">x</a>'),
        ("<br/><hr>", "<br><hr>"),
        ("2 < 3 > 1", "2 &lt; 3 &gt; 1"),
    ],
)  # fmt: skip
def test_html_is_made_whole(text, kept):
    assert html(html=text) == kept


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<script>alert(1)</script>", "a page may not hold <script>"),
        ("<ScRiPt src=x>", "a page may not hold <script>"),
        ('<b onclick="x()">a</b>', "a page may not hold onclick= on <b>"),
        ('<a href="java\tscript:x()">a</a>', "a page may not hold a javascript: address on <a>"),
        ("<iframe srcdoc=x></iframe>", "a page may not hold <iframe>"),
        ("<form><b>a</b></form>", "a page may not hold <form>"),
        ("<style>a</style><script>b</script>", "a page may not hold <script>"),
        ("<svg><circle r='1'/></svg>", "an output may not hold <svg>"),
        ("<math><mi>x</mi></math>", "an output may not hold <math>"),
        ("<button>a</button>", "an output may not hold <button>"),
        ("<sliding-window></sliding-window>", "an output may not hold <sliding-window>"),
        ("<img src='a.png'>", "a picture without alt text"),
    ],
)
def test_html_that_acts_or_is_not_for_pages_is_refused(text, what):
    assert refused(html=text, plain="<IPython.core.display.HTML object>").startswith(what)
    assert refused(markdown=f"a\n\n{text}\n").startswith(what)


# Markdown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("# Head\n\n*a* `b`", "<p>Head</p> <p><em>a</em> <code>b</code></p>"),
        ("| a |\n| - |\n| 1 |", "<table>"),
        ("</div>\n\nb", "<p>b</p>"),
        ("<!-- figure tiny-pool -->", ""),
        ("`<!-- figure x -->`", "<p><code>&lt;!-- figure x --&gt;</code></p>"),
        ("$x^2$", "<math"),
        ("$$x^2$$", "<math"),
        ("[TOC]", "<p>[TOC]</p>"),
    ],
)
def test_markdown_stays_in_its_output(text, kept):
    if kept:
        assert kept in html(markdown=text)
    else:
        assert of_page(markdown=text) == ""
    page = to_html(f"before\n\n{of_page(markdown=text)}\n\n# after", extensions=["md_in_html"])
    assert page.startswith("<p>before</p>") and page.endswith("<h1>after</h1>")
    assert page.count("<h1>") == 1


def test_an_unclosed_fence_stays_in_its_output():
    text = "```python\nx = 1\n\n# no heading"
    page = to_html(f"{of_page(markdown=text)}\n\n# after", extensions=["md_in_html"])
    assert page.endswith("<h1>after</h1>") and "x = 1" in page


@pytest.mark.parametrize("text", ["```\n# a", "~~~", "# a", "??? note", "<div>", "\n\n- a", "$x$"])
def test_printed_text_stays_text(text):
    printed = {"output_type": "stream", "name": "stdout", "text": text}
    block = shown(printed, PLACE)
    begin, *lines, end = block.split("\n")
    assert begin.endswith("{ .text .no-copy .sw-output }") and end == begin.split(" ")[0]
    assert "\n".join(lines) == text and end not in lines


# Formulas


@pytest.mark.parametrize(
    "text",
    [
        r"$\displaystyle x^{2}$",  # sympy, and IPython's Math
        "$$x^{2}$$",
        r"\[x^{2}\]",
        r"\begin{equation*}x^{2}\end{equation*}",
    ],
)
def test_a_formula_is_mathml(text):
    made = html(latex=text, plain="<IPython.core.display.Math object>")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in made
    assert "<msup><mi>x</mi>" in made and "displaystyle" not in made and "$" not in made


def test_latex_with_words_is_text_with_formulas():
    made = html(latex="The side is $x^2$, the *edge* $y$.")
    assert made.count("<math") == 2 and made.startswith("<p>The side is <math")


def test_a_matrix_is_mathml():
    made = html(latex=r"$\displaystyle \left[\begin{matrix}1 & 2\\3 & 4\end{matrix}\right]$")
    assert made.count("<mtr>") == 2


def test_a_formula_that_cannot_be_read_is_refused():
    assert "the formula" in refused(latex="$x^2^3$")


def test_a_macro_in_the_words_of_latex_is_refused():
    told = refused(latex=r"\(a\), \$5, $\alpha$, $$b$$ and \textbf{bold}")
    assert told == r"\textbf is outside a formula, and would be shown as it is written"
    assert "bold" in html(latex=r"\(a\), \$5, $\alpha$, $$\beta$$ and *bold*")


@pytest.mark.parametrize("kind", ["latex", "markdown"])
def test_a_macro_that_nobody_knows_is_refused_with_its_place(kind):
    assert refused(**{kind: r"$\fraq{1}{2}$"}) == (
        r"the formula '\\fraq{1}{2}' cannot be read: \fraq is not known here"
    )


# All else


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("image/png", "a picture without alt text"),
        ("image/svg+xml", "a picture without alt text"),
        ("application/javascript", "an output of type application/javascript"),
        ("application/json", "an output of type application/json"),
        (
            "application/vnd.jupyter.widget-view+json",
            "a widget, which only a running kernel can show",
        ),
        ("video/mp4", "an output of type video/mp4, which no page shows; print text instead"),
        (
            "image/gif",
            "a picture without alt text; use slidingwindows.lesson.plot, which asks for one",
        ),
    ],
)
def test_what_no_page_shows_is_refused_by_name(kind, what):
    assert refused(**{"plain": "<object>", kind: "x"}).startswith(what)


def test_of_two_types_the_richer_is_shown():
    assert html(markdown="*a*", html="<b>b</b>", latex="$c$", plain="d") == "<p><em>a</em></p>"
    assert html(html="<b>b</b>", latex="$c$", plain="d") == "<b>b</b>"
    assert html(html="<b>b</b>", **{"image/png": "x"}) == "<b>b</b>"
    assert html(markdown="*a*", **{"image/png": "x"}) == "<p><em>a</em></p>"
    assert shown(of(), PLACE) == ""
    assert "<math" in html(latex="$c$", plain="d", **{"image/png": "x"})
    figure = "application/vnd.slidingwindows.figure+json"
    assert of_page(html="<b>b</b>", **{figure: {"name": "fig"}}) == "<!-- figure fig -->"


@pytest.mark.parametrize(
    ("latex", "formulas"),
    [
        ("$$a=1$$ and then $$b=2$$", 2),
        (r"\[a=1\] and then \[b=2\]", 2),
        ("$a=1$ and then $b=2$", 2),
        ("$$a=1$$\n\n$$b=2$$", 2),
        (r"$$a = \text{5\$}$$", 1),
    ],
)
def test_each_of_several_formulas_is_one(latex, formulas):
    made = html(latex=latex)
    assert made.count("<math") == formulas and made.count("</math>") == formulas
    assert "$$" not in made and r"\[" not in made
    if formulas == 2:
        words = re.sub(r"<math.*?</math>", "|", made, flags=re.DOTALL)
        assert ("and then" in words) == ("and then" in latex) and "|" in words


def test_two_environments_are_two_formulas():
    two = r"\begin{align}a\end{align} and \begin{align}b\end{align}"
    assert html(latex=two).count("<math") == 2


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            {"image/png": "x", "plain": "<Figure size 640x480 with 1 Axes>"},
            "a picture of matplotlib without alt text; use slidingwindows.lesson.plot, which",
        ),
        ({"image/svg+xml": "<svg/>", "plain": "x"}, "a picture without alt text; use slidingwindo"),
        (
            {"application/vnd.plotly.v1+json": {}, "html": "<div></div>"},
            "a picture of plotly, which needs a script; use slidingwindows.lesson.plot",
        ),
        (
            {"application/vnd.jupyter.widget-view+json": {}, "plain": "  0%|    | 0/10"},
            "a widget, which only a running kernel can show; a bar that a page shows is made by "
            "`from tqdm import tqdm`",
        ),
    ],
)
def test_what_no_page_shows_is_told_with_what_one_does(data, told):
    assert refused(**data).startswith(told)


def test_a_figure_without_a_name_is_told():
    figure = "application/vnd.slidingwindows.figure+json"
    assert refused(**{figure: {"kind": "plot"}}) == "a figure's data has no name"


def test_a_formula_that_comes_with_a_picture_is_a_formula():
    """As sympy gives both, where it can draw."""
    assert "<math" in html(**{"image/png": "x", "latex": "$x^2$"})


@pytest.mark.parametrize(
    ("bar", "left"),
    [
        ("100%|███| 10/10 [00:00<00:00, 201649.23it/s]\n", "100%|███| 10/10\n"),
        ("x:  50%|█  | 5.00k/10.0k [01:02:03<?, 1.20s/it]   ", "x:  50%|█  | 5.00k/10.0k"),
        ("3it [00:00, 9.8it/s, loss=0.5] \nend", "3it [loss=0.5]\nend"),
        ("0it [00:00, ?it/s]", "0it"),
        ("\r 10%|█ | 1/9 [00:00<00:01,  7.1MB/s, a=1, b=2]", " 10%|█ | 1/9 [a=1, b=2]"),
        ("at [10:30] or [00:01, 2] or x[1:2, 3/4] stays", None),
    ],
)
def test_a_bar_ends_without_the_speed_of_a_machine(bar, left):
    printed = {"output_type": "stream", "name": "stderr", "text": bar}
    assert [output["text"] for output in whole([printed])] == [bar if left is None else left]


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("tensor([[1., 2.],\n        [3., 4.]])", False),
        ("(1, 3, 8, 8)", False),
        ("7", False),
        ("RuntimeError: pad should be at most half of effective kernel size", True),
        ("moves along True, 24", True),
    ],
)
def test_the_search_leaves_out_what_is_only_numbers(text, searched):
    page = shown({"output_type": "execute_result", "data": {"text/plain": text}}, "here")
    assert page.startswith("``` { .text .no-copy .sw-output")
    assert ("data-search-exclude" not in page) == searched


@pytest.mark.parametrize("sign", ["\ue000", "&#57344;", "&#xE000;"])
def test_private_signs_of_markdown_are_no_formulas(sign):
    """Others than those that keep a formula's place while the text is read."""
    found = html(markdown=f"a {sign}0{sign} {sign}7\ue001 $x$")
    assert found.count("<math") == 1
    assert "\ue000" in found


X, Y = ("<math xmlns='http://www.w3.org/1998/Math/MathML' display='inline'><mrow><mi>{}</mi></mrow>"
        "</math>".replace("'", '"').format(name) for name in "xy")  # fmt: skip
BLOCK = f'<div class="sw-math">{X.replace("inline", "block")}</div>'
LATEX = {
    "$\nx\n$": None,
    " $$x$$ ": None,
    r"\begin{equation}\displaystyle x\end{equation} ": None,
    "\\begin{displaymath}\nx\n\\end{displaymath}": None,
    "a $x$ b $y$ c": f"<p>a {X} b {Y} c</p>",
    "$x$ $y$": f"<p>{X} {Y}</p>",
    "a $$\nx\n$$ b": f"<p>a </p> {BLOCK} <p>b</p>",
    "a \\[\nx\n\\] b": f"<p>a </p> {BLOCK} <p>b</p>",
    r"a\\[x\]b": f"<p>a\\</p> {BLOCK} <p>b</p>",
    r"a \begin{math}x\end{math} b": f"<p>a </p> {BLOCK} <p>b</p>",
    r"\$$x$$": f"<p>${X}$</p>",
    r"\$ \(x\) \$": f"<p>$ {X} $</p>",
}


def test_latex_to_the_letter():
    for text, expected in LATEX.items():
        alone = f'<div class="sw-shown sw-math" markdown="0">{X.replace("inline", "block")}</div>'
        words = f'<div class="sw-shown sw-markdown" markdown="0">{expected}</div>'
        assert of_page(latex=text) == (words if expected else alone), text
    for text in (r"\$\alpha$ b", r"a \alpha", r"$x$ \beta $y$", r"\gamma"):
        told = refused(latex=text)
        assert told.endswith("a is outside a formula, and would be shown as it is written"), text


def test_markdown_to_the_letter():
    assert html(markdown="a~b~c ~~gone~~ $x$ $y$") == f"<p>a~b~c <del>gone</del> {X} {Y}</p>"
    assert html(markdown="| a |\n| -: |\n| 1 |") == (
        "<table> <thead> <tr> <th>a</th> </tr> </thead> <tbody> <tr> <td>1</td> </tr> </tbody>"
        " </table>"
    )
    assert html(markdown="3. c\n4. d\n\n- e") == (
        '<ol start="3"> <li>c</li> <li>d</li> </ol> <ul> <li>e</li> </ul>'
    )
    assert html(markdown='<div markdown="1">*a*</div>') == "<div> <p><em>a</em></p> </div>"
