"""A lesson's page held to account: what its words, outputs and figures say must be proved.

A test goes through the page with ``says``, ``prints``, ``draws``, ``plots`` and ``answers``. Each
compares what the lesson's own run left with a truth that the test finds in another way, and ticks
it off. ``complete`` fails for every word that states something (see ``words``), every output,
figure and exercise that nothing proved.
"""

import ast
import re
import tokenize
from collections.abc import Callable
from io import StringIO

from .run import Run, as_text
from .words import EXERCISE, LINK_TARGET, Words, folded, paragraphs, read_words

ANSWER = re.compile(r'^\?\?\? success "[^"]*"\n((?:    .*\n?|\n)+)', re.MULTILINE)
HIDDEN = {"remove-output", "remove-cell"}  # tags of cells whose outputs no page shows
COUNTS = {"none": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
COUNTS |= {"seven": 7, "eight": 8, "nine": 9, "ten": 10, "half": 0.5, "nan": float("nan")}


def words_of(run: Run) -> list[str]:
    """The page's words in reading order, block by block.

    The header, Markdown, and with each code cell its comments, docstrings, alternative texts and
    captions.
    """
    captions: dict[int, list[str]] = {}
    for figure in run.figures.values():
        captions.setdefault(figure.cell, []).extend((figure.alt, figure.caption))
    blocks, code = [f"# {run.lesson.meta['title']}", run.lesson.meta["description"]], -1
    for cell in run.lesson.cells:
        if cell.kind == "markdown":
            blocks += paragraphs(cell.source)
        else:
            code += 1
            if "exercise" not in cell.tags:
                blocks += [*comments_of(cell.source), *docstrings_of(cell.source)]
            blocks += captions.pop(code, [])
    assert not captions, f"figures that no cell shows last: {captions}"
    return blocks


def comments_of(source: str) -> list[str]:
    """What a cell's comments say, but for those that speak to a formatter."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    comments = (token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT)
    return [text for text in comments if text not in ("fmt: off", "fmt: on", "fmt: skip")]


def docstrings_of(source: str) -> list[str]:
    """What a cell's functions and classes say of themselves."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, defined)]
    nodes.sort(key=lambda node: node.lineno)
    return [text for text in map(ast.get_docstring, nodes) if text]


class Page(Words):
    """One lesson's page and what is still unproved on it."""

    def __init__(self, run: Run):
        super().__init__(run.lesson.name, words_of(run))
        self.run, self.names = run, run.names
        self.unread = {
            (cell, place)
            for cell, outputs in enumerate(run.outputs)
            for place in range(len(outputs))
            if "exercise" not in run.lesson.code[cell].tags
        }
        self.unanswered = set(range(len(run.truths)))

    # ---- outputs

    def cell(self, fragment: str) -> int:
        """The number of the one code cell that holds this line, or else this piece of code."""
        code = [cell.source for cell in self.run.lesson.code]
        found = [n for n, source in enumerate(code) if fragment in source.split("\n")]
        found = found or [n for n, source in enumerate(code) if fragment in source]
        assert len(found) == 1, f"{self.name}: {fragment!r} is in {len(found)} code cells"
        return found.pop()

    def output(self, fragment: str) -> str:
        """The text below that code cell, figures left out. Reading it proves nothing yet."""
        outputs = self.run.outputs[self.cell(fragment)]
        return "\n".join(text for text in outputs if not self._is_figure(text))

    def numbers(self, fragment: str) -> list[float]:
        """The numbers below that code cell, in reading order."""
        return [
            float(n.replace("−", "-").replace(",", ""))
            for n in re.findall(
                r"(?<![\w.])[−-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]\d+)?", self.output(fragment)
            )
        ]

    def prints(self, fragment: str, *values) -> None:
        """Below the cell that holds this code stand these values and nothing else, one after
        another. A text is compared as it is, any other value as a notebook shows it."""
        printed = self._lines(self.output(fragment))
        expected = self._lines("\n".join(as_text(value) for value in values))
        assert printed == expected, f"{self.name}, {fragment!r} printed {printed}, not {expected}"
        self._read(fragment)

    def tells(self, fragment: str, truth) -> None:
        """What that cell printed was compared with an independent truth, and agrees."""
        assert truth, f"{self.name}: what {fragment!r} printed is not true: {self.output(fragment)}"
        self._read(fragment)

    def _read(self, fragment: str) -> None:
        cell = self._shown(self.cell(fragment))
        for place, text in enumerate(self.run.outputs[cell]):
            if not self._is_figure(text):
                self.unread.discard((cell, place))

    def _shown(self, cell: int) -> int:
        """A code cell's number, if its outputs are on the page."""
        hidden = HIDDEN.intersection(self.run.lesson.code[cell].tags)
        assert not hidden, f"{self.name}: what code cell {cell} puts out is hidden by {hidden}"
        return cell

    def _is_figure(self, text: str) -> bool:
        return text.removeprefix("figure ") in self.run.figures

    @staticmethod
    def _lines(text: str) -> list[str]:
        return [line.rstrip() for line in text.strip("\n").split("\n")]

    # ---- figures

    def figure(self, name: str):
        """The object that was shown under this name: a Trace, Transfer, Funnel, ..."""
        return self.run.figures[name].item

    def draws(self, name: str, expected) -> None:
        """This figure shows just what this object, made by the test itself, shows."""
        shown = self.figure(name)
        assert type(shown) is type(expected)
        assert shown.to_dict() == expected.to_dict(), f"figure {name} shows something else"
        self._seen(name)

    def drawing(self, name: str) -> list[dict]:
        """What a plot draws: for each of its axes the lines, bars, images, texts and labels."""
        return self.run.figures[name].drawn

    def plots(self, name: str, truth) -> None:
        """What this plot draws was compared with an independent truth, and agrees."""
        assert truth, f"plot {name} draws something else"
        self._seen(name)

    def _seen(self, name: str) -> None:
        cell = self._shown(self.run.figures[name].cell)
        outputs = self.run.outputs[cell]
        self.unread.discard((cell, outputs.index(f"figure {name}")))
        self._caption(name)

    def _caption(self, name: str) -> None:
        """Settings that a caption names are its figure's own; those need no further proof."""
        figure = self.run.figures[name]
        caption = read_words(figure.caption)
        for begin, _ in self._places(caption) if caption else []:
            for (start, stop), agrees in caption_claims(figure.item, caption):
                said = caption[start:stop]
                assert agrees, f"the caption of {name} says {said!r}; its figure has another"
                self._tick_off([(begin + start, begin + stop)])

    # ---- exercises

    def exercise(self, number: int) -> str:
        """The revealed answer of exercise `number`, as the page has it."""
        text = "\n\n".join(c.source for c in self.run.lesson.cells if c.kind == "markdown")
        asked = [m for m in EXERCISE.finditer(text)]
        assert [int(m.group(1)) for m in asked] == list(range(1, len(asked) + 1))
        end = asked[number].start() if number < len(asked) else len(text)
        answer = ANSWER.search(text, asked[number - 1].end(), end)
        assert answer, f"{self.name}: exercise {number} has no answer"
        return folded(LINK_TARGET.sub("]", answer.group(1)))

    def answers(self, number: int, *phrases, check: int | None = None, of: Callable = list) -> None:
        """What the notebook's check accepts is what the revealed answer says.

        phrases: pieces of the answer, each a Python literal or a number word, or a pair of a piece
        and the value it means. of: makes the truth of them all, if there are several.
        check: which check(...) of the lesson, counted from 1; by default the exercise's number.
        """
        revealed, values = self.exercise(number), []
        for phrase in phrases:
            text, value = phrase if isinstance(phrase, tuple) else (phrase, _value(phrase))
            assert folded(text) in revealed, f"answer {number} does not say {text!r}: {revealed}"
            values.append(value)
        place = (check or number) - 1
        [answer] = values if len(values) == 1 else [of(values)]
        truth = self.run.truths[place]
        assert accepted(answer, truth), f"exercise {number}: {answer} is revealed, not {truth}"
        self.unanswered.discard(place)

    # ---- all of it

    def left(self) -> dict[str, list]:
        """Words, outputs and exercises that no line of the test proved."""
        code = self.run.lesson.code
        return super().left() | {
            "outputs that no test compares, below": [
                code[cell].source.strip()[:60] for cell, _ in sorted(self.unread)
            ],
            "checks that no revealed answer was tried on": sorted(n + 1 for n in self.unanswered),
        }


def _value(text: str):
    """A piece of an answer as a value: a Python literal or a number word."""
    plain = text.strip("`*. ").replace("−", "-").replace("×", ", ").replace(",000", "000")
    return COUNTS[plain.lower()] if plain.lower() in COUNTS else ast.literal_eval(plain)


def accepted(answer, truth) -> bool:
    """Whether check(...) says 'Right.' to this answer."""
    from contextlib import redirect_stdout

    from ..lesson import check

    said = StringIO()
    with redirect_stdout(said):
        check(answer, lambda: truth)
    return said.getvalue().startswith("Right.")


SIZE = r"(\d+)×(\d+)"
SETTINGS = {
    "kernel_size": rf"{SIZE} (?:window|kernel)s?|kernel_size[= ](\d+)",
    "stride": r"stride[= ](\d+)",
    "padding": r"padding[= ](\d+)",
    "dilation": r"dilation[= ](\d+)",
}


def caption_claims(item, caption: str) -> list[tuple[tuple[int, int], bool]]:
    """Where a caption names a setting or a size, and whether the figure agrees.

    item: the traced object; those without one window size, such as networks, have no such claims.
    """
    geometry = getattr(item, "geometry", None)
    if geometry is None or not hasattr(geometry.rows, "kernel_size"):
        return []
    axes = [geometry.rows, geometry.cols] if item.dims > 1 else [geometry.cols]
    found = []
    for name, pattern in SETTINGS.items():
        if not all(hasattr(axis, name) for axis in axes):
            continue  # an adaptive pool's windows have neither stride nor dilation
        true = [getattr(axis, name) for axis in axes]
        if name == "padding":
            true = [before for before, _ in true]
        if getattr(item, "operation", "").startswith("ConvTranspose"):
            # Drawn as a convolution over a stretched input; a caption names torch's parameters.
            if name == "stride":
                true = list(item.stretch)[-len(axes) :]
            if name == "padding":
                pairs = zip(axes, true, strict=True)
                true = [axis.dilation * (axis.kernel_size - 1) - zeros for axis, zeros in pairs]
        for match in re.finditer(pattern, caption):
            named = [int(number) for number in match.groups() if number]
            found.append((match.span(), named * (len(true) if len(named) == 1 else 1) == true))
    shapes = [tuple(item.input_shape[-2:]), tuple(item.output_shape[-2:])]
    for match in re.finditer(rf"{SIZE} (input|output)\b", caption):
        size, which = (int(match[1]), int(match[2])), match[3] == "output"
        found.append((match.span(), size == shapes[which]))
    for match in re.finditer(rf"{SIZE} (?:becomes|stays|to|gives) {SIZE}", caption):
        found.append((match.span(), tuple(map(int, match.groups())) == shapes[0] + shapes[1]))
    return found
