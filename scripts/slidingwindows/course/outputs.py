"""A cell's output as Markdown for its page: one block, whatever the output contains."""

from __future__ import annotations

import re
from html import unescape
from unicodedata import name

from ..core.errors import SlidingWindowsError
from .authoring import MIME
from .commonmark import for_page
from .figure_data import named
from .fragments import fragment
from .machine import texts_of
from .mathml import BLOCK, INLINE, to_mathml, with_mathml
from .terminal import left

TEXT = "{ .text .no-copy .sw-output }"
# Readers load the search's index with every page, so what is only numbers is not in it.
NUMBERS = "{ .text .no-copy .sw-output data-search-exclude=1 }"
# What Jupyter's own Markdown understands; headings stay in the output, so no table of contents.
EXTENSIONS = ["tables", "pymdownx.superfences", "pymdownx.arithmatex", "pymdownx.tilde"]
EXTENSIONS += ["sane_lists", "md_in_html"]
CONFIGURED = {"pymdownx.arithmatex": {"generic": True}, "pymdownx.tilde": {"subscript": False}}
MARKDOWN, HTML, LATEX = "text/markdown", "text/html", "text/latex"
WIDGET, PLOTLY = "application/vnd.jupyter.widget-view+json", "application/vnd.plotly"
PLOT = "use slidingwindows.lesson.plot"
TWO = r"\$\$(?P<two>(?:[^$\\]|\\.|\$(?!\$))*)\$\$"
SQUARE = r"\\\[(?P<square>(?:(?!\\\]).)*)\\\]"
ENVIRONMENT = r"(?P<environment>\\begin\{(?P<name>[^{}]*)\}"
ENVIRONMENT += r"(?:(?!\\end\{(?P=name)\}).)*\\end\{(?P=name)\})"
ONE = r"\$(?P<one>(?:[^$\\]|\\.)*)\$"
FORMULA = re.compile(rf"\s*(?:{TWO}|{ONE}|{SQUARE}|{ENVIRONMENT})\s*\Z", re.DOTALL)
# Display formulas in running text, which Markdown recognises only as paragraphs of their own.
DISPLAYED = re.compile(rf"(?<!\\){TWO}|{SQUARE}|{ENVIRONMENT}", re.DOTALL)
ROUND = r"\\\((?:(?!\\\)).)*\\\)"
WITHIN = re.compile(rf"(?<!\\)(?:{TWO}|{ONE})|{SQUARE}|{ENVIRONMENT}|{ROUND}", re.DOTALL)
SHELL = re.compile(r"\\begin\{(equation|displaymath)\*?\}(.*)\\end\{\1\*?\}\s*\Z", re.DOTALL)
# What no reader sees: controls, marks that turn a line's order round, halves of characters.
UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff"
    "\\xad\\u200b\\u2060\\ufeff\\ufff9-\\ufffb\\U000e0001-\\U000e007f]"
)
DISPLAYSTYLE = re.compile(r"\A\s*\\displaystyle\b")


def shown(output: dict, place: str) -> str:
    """One output as Markdown; empty if there is nothing to see.

    output: as a notebook has it. place: 'lessons/NAME.py, code cell N, line L', for errors.
    A figure becomes a mark, '<!-- figure NAME -->'. Raises SlidingWindowsError for anything that a
    page cannot or may not show.
    """
    made = _shown(output, place)
    words = texts_of(output) if MIME in output.get("data", {}) else []
    for hidden in map(UNSEEN.search, [made, *words]):
        if hidden:
            sign = f"U+{ord(hidden[0]):04X} {name(hidden[0], '')}".strip()
            raise SlidingWindowsError(f"{place}: an output holds {sign}, which no reader sees")
    return made


def _shown(output: dict, place: str) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return _text(left(output["text"]).rstrip("\n"))
    if kind == "error":
        return _text(left(f"{output['ename']}: {output['evalue']}").rstrip(": \n"))
    data = output.get("data", {})
    if MIME in data:
        return f"<!-- figure {named(data[MIME], place)} -->"
    if problem := unshown(data):
        raise SlidingWindowsError(f"{place}: {problem}")
    if "text/markdown" in data:
        return _framed("sw-markdown", _markdown(data["text/markdown"], place))
    if "text/html" in data:
        return _framed("sw-html", fragment(data["text/html"], place))
    if "text/latex" in data:
        return _latex(data["text/latex"], place)
    for mime in data:
        if mime != "text/plain":
            raise SlidingWindowsError(
                f"{place}: an output of type {mime}, which no page shows; print text instead"
            )
    return _text(left(data.get("text/plain", "")))


def _text(text: str) -> str:
    words = re.sub(r"\btensor\b", "", text)
    letters, digits = (sum(map(test, words)) for test in (str.isalpha, str.isdigit))
    return fence(text, NUMBERS if digits > letters else TEXT)


def unshown(data: dict) -> str:
    """Why no page shows an output, whatever else it offers; '' if one does. data: by MIME type."""
    if WIDGET in data:
        return (
            "a widget, which only a running kernel can show; "
            "a bar that a page shows is made by `from tqdm import tqdm`"
        )
    if any(mime.startswith(PLOTLY) for mime in data):
        return f"a picture of plotly, which needs a script; {PLOT}"
    if any(mime.startswith("image/") for mime in data) and not {MARKDOWN, HTML, LATEX} & set(data):
        of = " of matplotlib" if "<Figure size" in str(data.get("text/plain")) else ""
        return f"a picture{of} without alt text; {PLOT}, which asks for one"
    return ""


def fence(text: str, language: str) -> str:
    """A code block that nothing in the text can close. Empty if the text is blank."""
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{' ' if language.startswith('{') else ''}{language}\n{text}\n{ticks}"


def _framed(name: str, html: str) -> str:
    """HTML on one line, which the page's own Markdown leaves alone."""
    return f'<div class="sw-shown {name}" markdown="0">{html}</div>' if html else ""


def _markdown(text: str, place: str) -> str:
    """Markdown converted separately from the page, so that nothing leaks out of its output."""
    import markdown

    text = for_page(text)
    html = markdown.markdown(text, extensions=EXTENSIONS, extension_configs=CONFIGURED)
    formulas: list[str] = []
    free = (chr(sign) for sign in range(0xE000, 0xF900))  # private: Unicode gives them no meaning
    mark = next(sign for sign in free if sign not in unescape(html))

    def keep(match: re.Match) -> str:
        formulas.append(match[0])
        return f"{mark}{len(formulas) - 1}{mark}"

    html = fragment(INLINE.sub(keep, BLOCK.sub(keep, html)), place)
    kept = re.compile(f"{mark}(\\d+){mark}")
    return kept.sub(lambda m: with_mathml(formulas[int(m[1])], place), html)


def _latex(text: str, place: str) -> str:
    """A formula, as sympy and IPython's Math give it; any other LaTeX as text with formulas."""
    matched = FORMULA.match(text)
    if not matched:
        macro = re.search(r"\\[A-Za-z]+", WITHIN.sub(" ", text))
        if macro:
            raise SlidingWindowsError(
                f"{place}: {macro[0]} is outside a formula, and would be shown as it is written"
            )
        apart = DISPLAYED.sub(lambda match: f"\n\n{match[0]}\n\n", text)
        return _framed("sw-markdown", _markdown(apart, place))
    parts = ("two", "one", "square", "environment")
    formula = next(matched[name] for name in parts if matched[name] is not None)
    shell = SHELL.match(formula)
    formula = DISPLAYSTYLE.sub("", shell[2] if shell else formula)
    return _framed("sw-math", to_mathml(formula, "block", place))
