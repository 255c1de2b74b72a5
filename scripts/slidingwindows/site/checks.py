"""Checks of a built site: valid HTML, working links, alt texts, and files within their budgets."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from ..core.errors import SlidingWindowsError
from .embed import PLAYERS

LESSONS = "lessons/*/index.html"
# Maximum kilobytes of a file, gzipped if hosts would gzip it; the first matching pattern counts.
BUDGETS = (
    ("assets/javascripts/*.js", 160, True),  # Material's own
    (LESSONS, 18.42, True),
    ("gallery/index.html", 6.72, True),
    ("*.html", 20.72, True),
    ("figures/*.gif", 300, False),
    ("figures/*.png", 160, False),
    ("figures/*.zip", 1100, False),
    ("figures/*.trace.js", 12, True),
    ("social/*.png", 120, False),
    ("assets/site.js", 8, True),
    ("assets/explorer.js", 32, True),
    ("assets/network.js", 19, True),
    ("assets/*.js", 5, True),
    ("assets/site.css", 12, True),
    ("search/search_index.json", 180, True),  # 5 kB for each lesson; fetched only to search
)
PER_FIGURE = 0.22  # additional kilobytes, gzipped, for the words and links of each figure on a page
PER_LESSON = 0.04  # and for each lesson, since every page names all of them in its navigation
NAMING = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
LINKING = (("a", "href"), ("link", "href"), ("img", "src"), ("script", "src"))
LINKING += (("sliding-window", "src"), ("moving-pictures", "light"), ("moving-pictures", "dark"))
LINKING += (("source", "srcset"), ("iframe", "src"))
# A fragment with an equals sign is the state of an interactive page, not an anchor.
STATE = "="
# Made with every figure, for paper and slides; only a site with a gallery links to all of them.
BESIDE = (".strip.png", ".frames.zip")


@dataclass
class Page:
    """One parsed page. name: its path in the site. base: the same as a URL path."""

    name: str
    elements: list
    problems: list[str]

    @property
    def base(self) -> str:
        """The page's address from the site's root."""
        return "/" + self.name.removesuffix("index.html")

    @property
    def ids(self) -> list[str]:
        """Every anchor of the page, in order."""
        return [one.get("id") for one in self.elements if one.get("id")]

    @property
    def figures(self) -> int:
        """How many figures, or cards of figures, the page shows."""
        return sum(
            one.tag in PLAYERS or "sw-card" in (one.get("class") or "").split()
            for one in self.elements
        )


def check_site(folder: Path, address: str = "") -> None:
    """Check a built site. address: the prefix of its own absolute links (site_url).

    Raises one SlidingWindowsError that names every fault with its page.
    """
    pages = {name: _read(folder, name) for name in _names(folder, "*.html")}
    problems = [f"{page.name}: {what}" for page in pages.values() for what in page.problems]
    used: set[str] = set()
    for page in pages.values():
        faults = [*_identities(page), *_words(page), *_links(folder, page, pages, address, used)]
        problems += [f"{page.name}: {what}" for what in faults]
    problems += [
        f"{name}: no page shows it"
        for name in _names(folder / "figures", "*", "figures/")
        if name not in used and not name.endswith(BESIDE)
    ]
    problems += _weights(folder, pages)
    if problems:
        count = f"{len(problems)} fault{'s' if len(problems) > 1 else ''}"
        raise SlidingWindowsError("\n".join([f"the site has {count}:", *problems]))


def _names(folder: Path, pattern: str, prefix: str = "") -> list[str]:
    paths = sorted(path for path in folder.rglob(pattern) if path.is_file())
    return [prefix + path.relative_to(folder).as_posix() for path in paths]


def _read(folder: Path, name: str) -> Page:
    import html5lib

    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse((folder / name).read_text("utf-8"))
    problems = []
    for (line, _), code, data in parser.errors:
        what = f" ({data['name']})" if "name" in data else ""
        problems.append(f"line {line}: {code.replace('-', ' ')}{what}")
    elements = [one for one in tree.iter() if isinstance(one.tag, str)]
    return Page(name, elements, problems)


def _identities(page: Page):
    known = set(page.ids)
    for name in sorted(known):
        if page.ids.count(name) > 1:
            yield f"the id {name!r} appears {page.ids.count(name)} times"
    for one in page.elements:
        for attribute in NAMING:
            for name in (one.get(attribute) or "").split():
                if name not in known:
                    yield f"{attribute} names {name!r}, which does not exist"


def _words(page: Page):
    for one in page.elements:
        if one.tag == "img" and not (one.get("alt") or "").strip():
            yield f"the picture {one.get('src')} has no alt text"


def _links(folder: Path, page: Page, pages: dict[str, Page], address: str, used: set[str]):
    for tag, attribute in LINKING:
        for one in page.elements:
            target = one.get(attribute) if one.tag == tag else None
            if target is None:
                continue
            if address and target.startswith(address):
                target = "/" + target[len(address) :]
            parts = urlsplit(urljoin(page.base, target))
            if parts.scheme in ("mailto", "data") or parts.netloc:
                if parts.scheme == "http" and parts.netloc:
                    yield f"the link {target} is not encrypted"
                continue
            path = unquote(parts.path).lstrip("/")
            if path == "" or path.endswith("/"):
                path += "index.html"
            used.add(path)
            if not (folder / path).is_file():
                yield f"{target} leads nowhere"
            elif parts.fragment and STATE not in parts.fragment and path in pages:
                if unquote(parts.fragment) not in pages[path].ids:
                    yield f"{target} leads to no place on its page"


def _weights(folder: Path, pages: dict[str, Page]):
    lessons = sum(fnmatch(name, LESSONS) for name in pages)
    for name in _names(folder, "*"):
        for pattern, most, zipped in BUDGETS:
            if fnmatch(name, pattern):
                content = (folder / name).read_bytes()
                size = len(gzip.compress(content, 9) if zipped else content) / 1000
                if name in pages:
                    most += PER_FIGURE * pages[name].figures + PER_LESSON * lessons
                if size > most:
                    yield f"{name}: {size:.1f} kB{' gzipped' * zipped}, at most {most:g}"
                break
