"""What terminals leave, what exercises answer and what pages show of outputs, as reviewed."""

import random

import numpy as np
import torch
from recorded import compare

from slidingwindows import SlidingWindowsError
from slidingwindows.course.exercises import verdict
from slidingwindows.course.inert import faults_in
from slidingwindows.course.outputs import shown
from slidingwindows.course.terminal import left

ESC = "\x1b"
STEERING = [
    *(f"{ESC}[{number}{final}" for final in "ABCDEFGJKPX@LMadefu`s" for number in ("", "0", "2")),
    *(f"{ESC}{letter}" for letter in "78DEMc"),
    *(f"{ESC}[{place}H" for place in ("", "2", "1;3", ";2", "9;90")),
    *(f"{ESC}[{which}{final}" for which in "13" for final in "JK"),
    f"{ESC}[31;1m",
    f"{ESC}]0;title\x07",
    *"\r\b\v\f\x84\x85\x07\n",
]
ANSWERS = [
    3,
    3.0,
    2.5,
    0.6667,
    -4,
    True,
    None,
    "3",
    "3.5",
    " (1, 3) ",
    "floor",
    "tensor([1., 3.])",
    "array([1, 3])",
    "1\N{MULTIPLICATION SIGN}3",
    "\N{MINUS SIGN}4",
    (1, 3),
    [1, 4],
    (1, 3, 3),
    [3],
    [],
    [[1, 3], [3, 1]],
    [[1, 3], [3]],
    [1, True],
    [1, "a"],
    [2.5],
    {3},
    float("nan"),
    float("inf"),
    torch.tensor([1, 3]),
    np.array([[1.0, 3.0], [3.0, 1.0]]),
]
TRUTHS = [
    3,
    2.5,
    2 / 3,
    1000.25,
    -4,
    True,
    None,
    "floor",
    torch.Size([1, 3]),
    (1.5, 3.0),
    [3],
    [],
    torch.tensor([[1, 3], [3, 1]]),
    [True, False],
    list(range(13)),
    float("inf"),
]
HTML = """
<b>a
a</div></details>b
<p>a<p>b<div>c<p>d</div>e
<ul><li>a<li>b<ol start="3"><li>c</ol></ul>
<table><caption>c<tr><th scope="row">a<td colspan="2" style="x">b<tr><td>c</table>
<dl><dt>a<dd>b<dt>c</dl>
<h1 id="x">Head</h1><h6>more</h6>
<details open><summary>s</summary>t</details>
<pre>a\\n  <b>b</b>\\n\\nc</pre>
<img src="a.png" alt="A &quot;square&quot;" width="2" onload2>
<img src="a.png" alt=" ">
<img src="data:image/png;base64,AA" alt="a">
<a href="data:text/html,x">a</a>
<a href=" jAvA script:x">a</a>
<a href="https://x.y/?a=1&amp;b=2" title="t" target="_blank">a</a>
<svg></svg>
<script>1</script>
<style>a {}</style>b
<style>a {}
<meta charset="utf-8">
<p onclick="x()" style="color: red">a</p>
<iframe srcdoc="x"></iframe>
<a ping="x" href="y">z</a>
<button formaction="x">y</button>
&lt;b&gt; &amp; &#10; ü
<br/><hr/><wbr>
""".strip().split("\n")
MARKDOWN = [
    "# Head\n\n*a* `b` **c**",
    "| a | b |\n| - | -: |\n| 1 | 2 |",
    "3. three\n4. four\n\n- a\n- b",
    "```python\nx = 1\n```",
    "```\nunclosed",
    "$x^2$ and $$\\frac{1}{2}$$ and `$5`",
    "a & b < c\n\n> quoted",
    "[link](beta.ipynb) ![alt](a.png)",
    "",
]
LATEX = [
    "$x$",
    "$$x + 1$$",
    "\\[x\\]",
    "$\\displaystyle \\sum_{i=0}^n i$",
    "\\begin{equation}x\\end{equation}",
    "\\begin{equation*}x = 1\\end{equation*}",
    "\\begin{pmatrix}1 & 2\\\\3 & 4\\end{pmatrix}",
    "The sum $x$ and *more*",
    "$\\unknown{$",
]
PLACE = "lessons/tiny.py, code cell 1, line 10"


def screens():
    for seed in range(120):
        chance = random.Random(seed)
        parts = [
            chance.choice(STEERING) if chance.random() < 0.5 else chance.choice(["ab", "x", "789"])
            for _ in range(chance.randint(3, 14))
        ]
        text = "".join(parts)
        yield ascii(text), left(text).replace("\n", "⏎\n") + "▯"


def test_screens():
    compare("screens", screens())


def test_verdicts():
    verdicts = (
        (
            " ".join(repr(truth).split()),
            "\n".join(f"{answer!r}: {verdict(answer, truth)}" for answer in ANSWERS),
        )
        for truth in TRUTHS
    )
    compare("verdicts", verdicts)


def of_page(**data) -> str:
    kind = "stream" if "text" in data else "display_data"
    try:
        return shown({"output_type": kind, "metadata": {}, **data}, PLACE) or "nothing"
    except SlidingWindowsError as error:
        return f"refused: {error}"


def outputs():
    for text in HTML:
        yield f"html {text}", of_page(data={"text/html": text.replace("\\n", "\n")})
    for text in MARKDOWN:
        yield f"markdown {text!r}", of_page(data={"text/markdown": text})
    for text in LATEX:
        yield f"latex {text!r}", of_page(data={"text/latex": text})
    for text in ("a\n\n", "````\n", f"1%\r{ESC}[31m2%", "  \n"):
        yield f"printed {text!r}", of_page(text=text)
        yield f"value {text!r}", of_page(data={"text/plain": text})
    for mime in ("image/png", "image/svg+xml", "application/json", "application/javascript"):
        yield f"type {mime}", of_page(data={mime: "x", "text/plain": "y"})
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no\nmore", "traceback": []}
    yield "error", shown(error, PLACE)
    yield "error without words", shown({**error, "evalue": ""}, PLACE)


def test_outputs():
    compare("outputs", outputs())


def test_faults():
    pages = "index.html", "lessons/a/index.html"
    texts = [*HTML, '<script src="../../assets/a.js"></script>', '<script src="assets/a.js">']
    texts += ['<link rel="x">', '<object data="x">', '<video poster="vbscript:x">', "<form>"]
    compare(
        "faults",
        (
            (f"{text} on {page}{', ours' * ours}", repr(faults_in(text, page, ours)))
            for text in texts
            for page in pages
            for ours in (False, True)
        ),
    )
