"""One name for one thing: what a reader sees calls it by its name, and by no other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The name, and other names of the same thing that papers and libraries use. Another name may be
# told, but only where the name itself is beside it: in the same paragraph, or in the same file of
# the site's script or of the package, where a table's narrow head is explained by its caption.
NAMES = {
    "multiply-accumulate": r"multiply[ -]adds?|mult[ -]adds?|MAdds?|multiply accumulates?|MACs?",
    "feature map": r"(?<![Cc]lass )activation maps?",  # a class activation map is another thing
    "learnable": r"trainable",
    "receptive field": r"fields? of view",
    "transposed convolution": r"deconvolutions?|fractionally[ -]strided",
    "dilat": r"atrous|à trous",
}
# Titles of works keep their authors' names.
TITLE = re.compile(r"\[[^\]]*\]\(https?://[^)]*\)")
FILES = [
    path
    for folder, kinds in {
        "lessons": ("*.py",),
        "docs": ("*.md",),
        "scripts/slidingwindows": ("*.py", "*.md", "*.html"),
        "assets": ("*.js", "*.html"),
    }.items()
    for kind in kinds
    for path in sorted((ROOT / folder).rglob(kind))
] + [ROOT / "README.md"]


def units(text: str, whole: bool) -> list[str]:
    """The pieces within which a name explains another: the file, or each paragraph or cell."""
    return [text] if whole else re.split(r"\n(?:# *)?\n", text)


def others(text: str, whole: bool = False) -> list[str]:
    """Other names that no name beside them explains."""
    found = []
    for unit in units(TITLE.sub("", text), whole):
        for name, other in NAMES.items():
            names = re.findall(rf"(?<![\w-])(?:{other})(?![\w-])", unit)
            if names and not re.search(name, unit, re.IGNORECASE):
                found += names
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_thing_has_one_name(path):
    parts = path.relative_to(ROOT).parts
    assert not others(path.read_text("utf-8"), whole=parts[0] in ("scripts", "assets"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# 9 multiply-adds.\n#\n# A multiply-accumulate.", ["multiply-adds"]),
        ("A multiply-accumulate, or multiply-add.", []),
        ("It takes 9 MACs.\n\nMultiply-accumulates.", ["MACs"]),
        ("self.macs, MACHINE, a class activation map", []),
        ("An activation map\nof a layer.", ["activation map"]),
        ("Trained, but not trainable.", ["trainable"]),
        ("[Deconvolution and more](https://a.org) by B.", []),
        ("A deconvolution [see](x.md).", ["deconvolution"]),
    ],
)
def test_what_another_name_is(text, found):
    assert [name.lower() for name in others(text)] == [name.lower() for name in found]


def test_a_file_of_the_script_explains_its_own():
    text = 'head = ["MACs"];\n\nmake("caption", {}, "MACs are multiply-accumulates.");'
    assert others(text) == ["MACs"] and not others(text, whole=True)
