"""Hold a lesson's prose to account: every number in it must be computed by a test."""

import re
from pathlib import Path

from slidingwindows.lessons import read

LESSONS = Path(__file__).parents[2] / "lessons"
NUMBER = re.compile(r"(?<![\w.])[−-]?\d+(?:[.,×]\d+)*%?")
# A citation's year and address are checked by reading, not by torch.
CITATION = re.compile(r"\[[^\]]*\]\(https?://[^)]*\)")
LINK_TARGET = re.compile(r"\]\([^)]*\)")
SHOW = re.compile(r'show\((.*), "([\w-]+)", "(.*)"\)\s*$')
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def prose(name: str) -> str:
    """The Markdown of a lesson, white space folded, without citations, link targets and fences."""
    cells = [cell.source for cell in read(LESSONS / f"{name}.py").cells if cell.kind == "markdown"]
    text = FENCE.sub(" ", "\n\n".join(cells))
    text = LINK_TARGET.sub("]", CITATION.sub(" ", text))
    return re.sub(r"\s+", " ", text)


def shown(name: str) -> dict[str, tuple[object, str]]:
    """Each figure's value object and caption, by running a lesson's cells here.

    For pages whose cells end in one show(...) of an object, its figure's name and its caption.
    """
    found, names = {}, {}
    for cell in read(LESSONS / f"{name}.py").code:
        lines = cell.source.strip().split("\n")
        match = SHOW.match(lines[-1])
        exec("\n".join(lines[:-1] if match else lines), names)
        if match:
            found[match.group(2)] = eval(match.group(1), names), match.group(3)
    return found


def sizes_in_captions(figures: dict) -> None:
    """Each size that a caption names is one of its figure's."""
    for figure, caption in figures.values():
        sizes = {tuple(figure.input_shape[-2:]), tuple(figure.output_shape[-2:])}
        rows, cols = figure.geometry.rows, figure.geometry.cols
        sizes |= {(rows.kernel_size, cols.kernel_size), figure.geometry.output_shape}
        told = {(int(a), int(b)) for a, b in re.findall(r"(\d+)×(\d+)", caption)}
        assert told <= sizes, caption


class Claims:
    """The numbers of one lesson's prose, ticked off phrase by phrase."""

    def __init__(self, name: str):
        self.name, self.text = name, prose(name)
        self.open = {match.span() for match in NUMBER.finditer(self.text)}

    def says(self, phrase: str, truth) -> None:
        """The lesson holds this phrase, and what it states has just been computed to be true."""
        phrase = re.sub(r"\s+", " ", phrase)
        places = [m.span() for m in re.finditer(re.escape(phrase), self.text)]
        assert places, f"lessons/{self.name}.py does not say {phrase!r}"
        assert truth, f"lessons/{self.name}.py says {phrase!r}, which is not true"
        for start, stop in places:
            self.open -= {(a, b) for a, b in self.open if start <= a and b <= stop}

    def labels(self, *phrases: str) -> None:
        """Names that happen to hold a number, such as 'Unit 7': nothing to compute."""
        for phrase in phrases:
            self.says(phrase, True)

    def complete(self) -> None:
        """No number is left that nothing computed."""
        left = [self.text[max(0, a - 40) : b + 20] for a, b in sorted(self.open)]
        assert not left, f"lessons/{self.name}.py states numbers that no test computes: {left}"
