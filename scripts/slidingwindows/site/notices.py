"""Third-party notices: what the site contains of others' work, with licences from the packages.

Material's own script contains libraries whose licences its package leaves out. Its source maps name
them, so a library that is new there stops the build until it has a notice here.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..course.home import home
from ..course.photo import FILE, STATUS
from ..export.credits import PROJECT

MARK = "<!-- notices -->"
NAME = "NOTICES.txt"
TEMPLATES = Path(__file__).parent / "templates"
MIT = "MIT License"
APACHE = "Apache License 2.0"
W3C = "W3C Software and Document License"
NO_CLAUSE = "Zero-Clause BSD"
# Libraries in Material's script and style sheet: their licence, and the credit that it asks for.
LIBRARIES = {
    "clipboard": (MIT, "Copyright (c) Zeno Rocha"),
    "escape-html": (
        MIT,
        "Copyright (c) 2012-2013 TJ Holowaychuk\nCopyright (c) 2015 Andreas Lubbe\n"
        'Copyright (c) 2015 Tiancheng "Timothy" Gu',
    ),
    "focus-visible": (W3C, "Copyright (c) the Web Incubator Community Group's contributors"),
    "lunr": (MIT, "Copyright (c) 2013-2020 Oliver Nightingale"),
    "material-design-color": (MIT, "Copyright (c) Denis Malinochkin"),
    "rxjs": (
        APACHE,
        "Copyright (c) 2015-2018 Google, Inc., Netflix, Inc., Microsoft Corp. and contributors",
    ),
    "tslib": (NO_CLAUSE, "Copyright (c) Microsoft Corporation."),
}
PACKAGE = re.compile(r"(?:^|/)node_modules/((?:@[^/]+/)?[^/]+)/")


@dataclass(frozen=True)
class Notice:
    """One third-party work. where: what the site contains of it. text: its licence, with credit."""

    name: str
    where: str
    licence: str
    text: str


def notices(ours: bool = True) -> list[Notice]:
    """Every work of others that a site with all our lessons holds, in the order of the page.

    With ``ours`` False what any course's site holds: this package is the work of others there.
    Raises SlidingWindowsError if a package or its licence is not installed, or if the theme's
    script contains a library without an entry in LIBRARIES.
    """
    theme = _file("mkdocs-material", r"licenses?/LICENSE|dist-info/LICENSE").read_text("utf-8")
    found = [] if ours else [_package()]
    found += [
        Notice(
            "Material for MkDocs",
            "The layout of pages, their style sheets and script.",
            MIT,
            theme.strip(),
        ),
        *(_library(name, theme) for name in libraries()),
        *_icons(),
        Notice(
            "DejaVu Sans",
            "The letters and numbers in figures and plots are drawn with this font. "
            "The font itself is not in the site.",
            "Bitstream Vera Fonts Copyright",
            _file("matplotlib", r"fonts/ttf/LICENSE_DEJAVU").read_text("utf-8").strip(),
        ),
        Notice(
            "Portrait of Grace Hopper",
            "The photo in several lessons, in figures made from it and in the explorer. "
            "It comes with matplotlib."
            if ours
            else "The photo that the site's script can show. It comes with matplotlib.",
            "Public domain in the United States",
            _photo(),
        ),
    ]
    return [*found, _digits()] if ours else found


def _package() -> Notice:
    text = (home() / "LICENSE").read_text("utf-8")
    terms = text[text.index("Copyright (c)") : text.index("\n---")].strip()
    return Notice(PROJECT, "The site's style and script, and what drew its figures.", MIT, terms)


def libraries() -> list[str]:
    """The npm packages in Material's script and style sheets, according to their source maps."""
    names: set[str] = set()
    for path in _files("mkdocs-material", r"\.map"):
        for source in json.loads(path.read_text("utf-8"))["sources"]:
            names.update(PACKAGE.findall(source))
    unknown = sorted(names - set(LIBRARIES))
    if unknown or not names:
        what = f"holds {', '.join(unknown)} without a notice" if unknown else "has no source map"
        raise SlidingWindowsError(
            f"mkdocs-material's script {what}; see LIBRARIES in slidingwindows/site/notices.py"
        )
    return sorted(names)


def _library(name: str, theme: str) -> Notice:
    licence, credit = LIBRARIES[name]
    terms = {
        MIT: lambda: theme[theme.index("Permission is hereby granted") :],
        APACHE: lambda: _file("requests", r"licenses?/LICENSE|dist-info/LICENSE").read_text(),
        W3C: lambda: (TEMPLATES / "w3c-licence.txt").read_text("utf-8"),
        NO_CLAUSE: lambda: _comment("tslib", "Permission to use", "SOFTWARE."),
    }
    text = f"{credit}\n\n{terms[licence]().strip()}"
    where = "Part of Material for MkDocs's script."
    if name == "material-design-color":
        where = "Colours in Material for MkDocs's style sheets."
    return Notice(name, where, licence, text)


def _comment(package: str, first: str, last: str) -> str:
    """The licence that a library's own source carries, from the first words to the last."""
    for path in _files("mkdocs-material", r"/bundle\.[^/]*\.map"):
        source_map = json.loads(path.read_text("utf-8"))
        for name, text in zip(source_map["sources"], source_map["sourcesContent"], strict=True):
            if package in PACKAGE.findall(name) and first in text:
                begin = text.index(first)
                return text[begin : text.index(last, begin) + len(last)]
    raise SlidingWindowsError(f"mkdocs-material's source map does not hold {package}'s licence")


def _icons():
    """The icon sets of which the theme shows at least one."""
    sets = (
        ("Material Design Icons", "material/LICENSE", APACHE),
        ("Octicons", "octicons/LICENSE", MIT),
        ("Font Awesome Free", "fontawesome/LICENSE.txt", "CC BY 4.0 (icons)"),
    )
    for name, path, licence in sets:
        text = _file("mkdocs-material", rf"\.icons/{re.escape(path)}").read_text("utf-8")
        yield Notice(name, "Icons of buttons, links and boxes.", licence, text.strip())


def _photo() -> str:
    """The photo's own comment, and why it is in the public domain."""
    from PIL import Image

    with Image.open(_file("matplotlib", rf"sample_data/{re.escape(FILE)}")) as photo:
        source = photo.info["comment"].decode().strip()
    return (
        f"{STATUS}\n"
        "It is a work of the United States Government (17 U.S.C. § 105).\n"
        "matplotlib took it for its sample data as a public domain image, and the file says:\n\n"
        f"{source}"
    )


def _digits() -> Notice:
    """With the data's own description, and the licence of the package that carries them."""
    about = _file("scikit-learn", r"datasets/descr/digits\.rst").read_text("utf-8")
    about = about[about.index("Optical recognition") :].partition(".. dropdown::")[0]
    licence = _file("scikit-learn", r"licenses?/COPYING|dist-info/COPYING").read_text("utf-8")
    credit = (
        "E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine\n"
        "Learning Repository, https://doi.org/10.24432/C50P49, which gives its data under\n"
        "CC BY 4.0: https://creativecommons.org/licenses/by/4.0/"
    )
    return Notice(
        "Handwritten digits",
        "The images in “Trained on digits”. They come with scikit-learn.",
        "CC BY 4.0 (the data), BSD 3-Clause (scikit-learn)",
        f"{credit}\n\n{about.strip()}\n\nscikit-learn:\n\n{licence.strip()}",
    )


@cache
def _recorded(package: str) -> tuple[Distribution, list[str]]:
    """An installed package and the names of its files.

    Cached, and read as text: the theme has ten thousand icons, and paths of them all take a second.
    """
    try:
        found = distribution(package)
    except PackageNotFoundError as error:
        raise SlidingWindowsError(
            f"{package} is not installed, so its notice is missing"
        ) from error
    record = found.read_text("RECORD") or ""
    return found, [row[0] for row in csv.reader(record.splitlines()) if row]


def _files(package: str, pattern: str) -> list[Path]:
    """The files of an installed package whose paths end in a pattern."""
    found, names = _recorded(package)
    ends = re.compile(rf"(?:{pattern})$")
    return [Path(str(found.locate_file(name))) for name in names if ends.search(name)]


def _file(package: str, pattern: str) -> Path:
    """The only one of these files."""
    paths = _files(package, pattern)
    if len(paths) != 1 or not paths[0].is_file():
        raise SlidingWindowsError(f"{package} has {len(paths)} files like {pattern}, not one")
    return paths[0]


def with_notices(markdown: str, ours: bool = True) -> str:
    """A page whose mark becomes the notices, each with its licence folded below it."""
    return markdown.replace(MARK, "\n\n".join(_section(one) for one in notices(ours)))


def _section(one: Notice) -> str:
    # One <pre> of escaped text, which Markdown leaves alone; nobody searches for licences.
    text = escape(one.text, quote=False).replace("\n\n", "\n&#10;")
    return (
        f"## {one.name}\n\n{one.where} Licence: {one.licence}.\n\n"
        f"<details data-search-exclude><summary>The notice</summary>"
        f'<pre class="sw-licence">{text}</pre></details>'
    )


def notices_text() -> str:
    """The same as plain text, for the zips."""
    rule = "=" * 80
    parts = [
        f"{rule}\n{one.name}\n{one.where}\nLicence: {one.licence}\n{rule}\n\n{one.text}\n"
        for one in notices()
    ]
    head = (
        "Sliding Windows: code MIT, text and figures CC BY 4.0. "
        "What follows is the work of others.\n"
    )
    return "\n".join([head, *parts])
