"""The printed book's HTML: pages of a built site as chapters, with a cover and contents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import urldefrag, urljoin, urlsplit

from ..core.errors import SlidingWindowsError
from .checks import NAMING
from .embed import PLAYERS

# What is of use only on a screen.
DROPPED = {"md-content__button", "headerlink", "sw-words", "sw-dark", "sw-bar", "sw-sentence"}
POSTER = re.compile(r'srcset="(figures/[\w-]+\.light\.png)"')
STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


@dataclass(frozen=True)
class Chapter:
    """name: its section's id, and the prefix of its ids. page: such as 'lessons/padding/'."""

    name: str
    page: str
    title: str
    html: str


def chapters_of(site: Path, pages: list[str], address: str = "") -> list[Chapter]:
    """The articles of these pages, with links that work inside one document.

    pages: addresses under the site's root, such as 'lessons/padding/'. address: the
    public site's, for links to pages that are not chapters; without it those become plain text.
    Raises SlidingWindowsError if a page is not built, or holds no article.
    """
    names = {page: page.strip("/").rpartition("/")[2] for page in pages}
    return [_chapter(site, page, names, address) for page in pages]


def book(site: Path, chapters: list[Chapter], metadata: dict, numbers: dict[str, int]) -> str:
    """The whole HTML, whose links to files are relative to the site's root.

    metadata: 'title', 'line', 'author' and 'imprint', lines for the cover. numbers: the page
    number of each chapter by its name, for the contents.
    """
    first = (site / chapters[0].page / "index.html").read_text("utf-8")
    sheets = [urljoin(chapters[0].page, href) for href in STYLE.findall(first)]
    contents = (
        f'<li><a href="#{one.name}"><span>{escape(one.title)}</span><span class="sw-dots"></span>'
        f'<span class="sw-page">{numbers.get(one.name, "")}</span></a></li>'
        for one in chapters
    )
    bodies = (
        f'<section class="sw-chapter" id="{one.name}">{one.html}</section>' for one in chapters
    )
    template = files(__package__).joinpath("templates/book.html").read_text("utf-8")
    return Template(template).substitute(
        {key: escape(metadata[key]) for key in ("title", "line", "author")},
        styles="\n".join(f'<link rel="stylesheet" href="{escape(sheet)}">' for sheet in sheets),
        imprint="\n".join(f"<p>{escape(line)}</p>" for line in metadata["imprint"]),
        picture=_picture(site),
        contents="\n".join(contents),
        chapters="\n".join(bodies),
    )


def _picture(site: Path) -> str:
    """For the cover: the poster of the first animation on the home page, if there is one."""
    poster = POSTER.search((site / "index.html").read_text("utf-8"))
    if not poster:
        return ""
    return f'<img src="{poster.group(1)}" alt="A window slides over a feature map">'


def _chapter(site: Path, page: str, names: dict[str, str], address: str) -> Chapter:
    import html5lib

    try:
        text = (site / page / "index.html").read_text("utf-8")
    except OSError as error:
        raise SlidingWindowsError(f"{page} is not built; run make site first") from error
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    article = tree.find(".//article")
    if article is None or article.find(".//h1") is None:
        raise SlidingWindowsError(f"{page}index.html has no article with a heading")
    _drop(article)
    for element in article.iter():
        if isinstance(element.tag, str):
            _rename(element, names[page])
            _relink(element, page, names, address)
    title = "".join(article.find(".//h1").itertext()).strip()
    html = "".join(
        html5lib.serialize(child, quote_attr_values="always", omit_optional_tags=False)
        for child in article
    )
    return Chapter(names[page], page, title, html)


def _drop(parent) -> None:
    moving = parent.tag == "figure" and parent.get("data-moving") == "1"
    for child in list(parent):
        shown = set(child.get("class", "").split())
        moves = moving and (child.tag in PLAYERS or "sw-stage" in shown)
        if shown & DROPPED or moves:
            _remove(parent, child)
        else:
            _drop(child)


def _remove(parent, child) -> None:
    """Remove an element, but keep the text after it, which ElementTree attaches to it."""
    index = list(parent).index(child)
    if child.tail:
        if index:
            parent[index - 1].tail = (parent[index - 1].tail or "") + child.tail
        else:
            parent.text = (parent.text or "") + child.tail
    parent.remove(child)


def _rename(element, name: str) -> None:
    """Prefix ids, so that those unique on a page are unique in the book."""
    if element.get("id"):
        element.set("id", f"{name}--{element.get('id')}")
    for key in NAMING:
        if element.get(key):
            element.set(key, " ".join(f"{name}--{one}" for one in element.get(key).split()))


def _relink(element, page: str, names: dict[str, str], address: str) -> None:
    if element.tag == "img":
        element.set("src", urljoin(page, element.get("src")))
        element.attrib.pop("loading", None)
    elif element.tag == "details":
        element.set("open", "")
    elif element.tag == "a" and element.get("href"):
        link = urljoin(page, element.get("href"))
        if urlsplit(link).scheme:
            return
        target, fragment = urldefrag(link)
        if target in names:
            element.set("href", f"#{names[target]}" + (f"--{fragment}" if fragment else ""))
        elif address:
            element.set("href", urljoin(address, link))
        else:
            element.tag = "span"
            del element.attrib["href"]
