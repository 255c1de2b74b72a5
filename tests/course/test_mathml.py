"""Formulas to the letter: each bracket, each environment, and the words of each refusal."""

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course.mathml import to_mathml, with_formulas, with_mathml

BEGIN = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="{}"><mrow>'


def made(formula, display="inline"):
    """What stands in the outermost row."""
    text = to_mathml(formula, display, "page")
    begin, end = BEGIN.format(display), "</mrow></math>"
    assert text.startswith(begin) and text.endswith(end), text
    return text.removeprefix(begin).removesuffix(end)


def low(sign, form):
    return f'<mo stretchy="false" fence="true" form="{form}">{sign}</mo>'


def tall(left, name, inner, right):
    """Brackets and what they enclose."""
    begin, end = (
        f'<mo stretchy="true" fence="true" form="{form}">{sign}</mo>'
        for sign, form in ((left, "prefix"), (right, "postfix"))
    )
    return f'<mrow class="sw-fence">{begin}<mrow class="sw-{name}">{inner}</mrow>{end}</mrow>'


A, B, N = "<mi>a</mi>", "<mi>b</mi>", "<mrow><mi>n</mi></mrow>"
TABLE = f"<mtable><mtr><mtd>{A}</mtd></mtr></mtable>"
FORMULAS = {
    r"\lceil a \rceil": low("⌈", "prefix") + A + low("⌉", "postfix"),
    r"\lfloor a \rfloor": low("⌊", "prefix") + A + low("⌋", "postfix"),
    r"\left\lceil \frac ab \right\rceil": tall("⌈", "ceiling", f"<mfrac>{A}{B}</mfrac>", "⌉"),
    r"\left(\begin{matrix}a\end{matrix}\right)": tall("(", "round", TABLE, ")"),
    r"\left[\max\limits_{n} a\right]": tall(
        "[", "square", f"<munder><mo>max</mo>{N}</munder>{A}", "]"
    ),
    r"\left|\sum\limits_{n}^{n} a\right|": tall(
        "|", "bars", f"<munderover><mo>∑</mo>{N}{N}</munderover>{A}", "|"
    ),
    r"\left\lfloor\overset{n}{b}\right\rfloor": tall(
        "⌊", "floor", f"<mover><mrow>{B}</mrow>{N}</mover>", "⌋"
    ),
    r"\begin{pmatrix}a\end{pmatrix}": f"<mo>(</mo>{TABLE}<mo>)</mo>",
    r"\begin{equation}a\end{equation}": f"<mrow>{A}</mrow>",
    r"\begin{equation*}a\end{equation*}": f"<mrow>{A}</mrow>",
    r"\begin{displaymath}a\end{displaymath}": f"<mrow>{A}</mrow>",
    r"\begin{math}a\end{math}": A,
    r"\mathsterling a": f"<mi>£</mi>{A}",
    "{}a": f"<mrow />{A}",
}


@pytest.mark.parametrize("display", ["inline", "block"])
def test_formulas_to_the_letter(display):
    for formula, expected in FORMULAS.items():
        assert made(formula, display) == expected, formula


def test_brackets_of_two_kinds_are_not_drawn():
    for formula in (r"\left[\frac ab\right)", r"\left(\frac ab\right.", r"\left(a\right)"):
        assert "sw-" not in made(formula), formula


def test_a_refusal_to_the_letter():
    for formula, why in {
        r"\fraq{a}": r"\fraq is not known here",
        r"\begin{foo*}a\end{foo*}": "the environment foo* is not known here",
        "x^2^3": "DoubleSuperscriptsError ",
        r"\begin{}x\end{}": "ValueError substring not found",
    }.items():
        with pytest.raises(SlidingWindowsError) as caught:
            to_mathml(f" {formula} ", "inline", "a page")
        assert str(caught.value) == f"a page: the formula {formula!r} cannot be read: {why}"


def test_a_formula_may_have_several_lines():
    text = '<span class="arithmatex">\\(a\n+ b\\)</span>'
    assert with_mathml(text, "page") == to_mathml("a + b", "inline", "page")


def test_formulas_in_markdown_to_the_letter():
    a, b = (
        f"<span>{to_mathml(one, 'block', 'page')}</span>\n{indent}{{ .sw-math }}"
        for one, indent in (("a", " " * 4), ("b", " " * 8))
    )
    assert with_formulas("!!! note\n    $$a$$\n    !!! tip\n        $$b$$", "page") == (
        f"!!! note\n    {a}\n    !!! tip\n        {b}"
    )
    for plain in ("no formula", r"a \\$x$ b", r"\$5 and \$6"):
        assert with_formulas(plain, "page") == plain, plain
    signs = {"_": "&#95;", "*": "&#42;", "|": "&#124;", "[": "&#91;", "]": "&#93;", "^": "&#94;"}
    for sign, written in signs.items():
        assert f">{written}</" in with_formulas(rf"$\text{{{sign}}}$", "page"), sign
