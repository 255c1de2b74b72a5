"""The course as plain Markdown with all its files, for any generator that knows Python-Markdown.

Each page has a folder of its own, so that its files, and links in its HTML, are where they are on
the site. The mkdocs.yml beside them has no hooks and no notebooks; Zensical reads it, too.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

import yaml

from ..core.errors import SlidingWindowsError
from ..course.blocks import outside_code, raw
from .checks import STATE
from .cloud import cloud_links
from .contents import FACTS, lessons_in
from .folders import write_folder
from .prepared import LESSONS, Course, Page, files_beside, is_lesson, prepared

NAME = "markdown"
LINK = re.compile(
    r"(?<=\]\()(?P<path>[^\s()<>#?:]+)(?=(?P<behind>(?:[#?][^\s()]*)?)(?:\s+\"[^\"]*\")?\))"
)
# Of mkdocs.yml and of its theme: what no other generator can run.
LEFT_OUT = ("hooks", "custom_dir")
PLUGINS = ["search"]


def place_of(uri: str) -> str:
    """Where the source of a page lies: 'lessons/a.ipynb' is 'lessons/a/index.md'."""
    stem = uri.rpartition(".")[0]
    return f"{stem}.md" if Path(stem).name == "index" else f"{stem}/index.md"


def moved(markdown: str, uri: str, places: dict[str, str]) -> str:
    """Markdown whose relative links lead from a page's new place to those of other pages.

    uri: the page's old place. places: the new place of each page by its old one.
    """
    here = dirname(places[uri])

    def replace(match: re.Match) -> str:
        if match["path"].startswith("/"):
            return match["path"]
        target = normpath(join(dirname(uri), match["path"]))
        if match["behind"].startswith("#") and STATE in match["behind"] and target in places:
            # A state of an interactive page, which a generator would look for among its anchors:
            # so the link is one to the page's address.
            return relpath(dirname(places[target]) or ".", here or ".") + "/"
        return relpath(places.get(target, target), here or ".")

    def change(text: str) -> str:
        lines = text.split("\n")
        both = zip(lines, raw(lines), strict=True)
        return "\n".join(line if alone else LINK.sub(replace, line) for line, alone in both)

    return outside_code(markdown, change)


def plain_files(root: Path) -> dict[str, bytes | Path]:
    """All files of the course as Markdown, by path: their content, or where it is.

    root: the folder that holds mkdocs.yml, after prepare(). Raises SlidingWindowsError for what is
    wrong with a page, such as a figure that no lesson makes.
    """
    from mkdocs.utils import yaml_load

    with (root / "mkdocs.yml").open("rb") as file:
        settings = yaml_load(file)
    docs, problems = root / settings.get("docs_dir", "docs"), []
    words = settings.get("extra", {}).get("search_words", {})
    address = settings.get("site_url") or ""
    course = Course(root, docs, settings["nav"], address, words, warn=problems.append)
    pages = _pages(course)
    if problems:
        raise SlidingWindowsError("\n".join(problems))
    places = {page.uri: place_of(page.uri) for page in pages}
    files: dict[str, bytes | Path] = {}
    for page in pages:
        text = _text(page, places, settings.get("repo_url"))
        files[f"docs/{places[page.uri]}"] = text.encode()
    for path in sorted(docs.rglob("*")):
        if path.is_file() and path.suffix != ".md":
            files[f"docs/{path.relative_to(docs).as_posix()}"] = path
    for folder, uri in files_beside(root):
        name = Path(uri).name
        place = join(dirname(places[uri]), name) if uri in places else uri
        files[f"docs/{place}"] = folder / uri
    files["mkdocs.yml"] = _yaml(_settings(settings, places)).encode()
    return files


def _pages(course: Course) -> list[Page]:
    """Every page of docs/ and every lesson, prepared."""
    from mkdocs.utils.meta import get_data

    found = []
    for path in sorted(course.docs.rglob("*.md")):
        uri = path.relative_to(course.docs).as_posix()
        text, meta = get_data(path.read_text("utf-8-sig"))
        found.append(prepared(course, uri, _address(uri), text, meta))
    for name in sorted(lessons_in(course.nav)):
        uri = f"{LESSONS}{name}.ipynb"
        found.append(prepared(course, uri, _address(uri)))
    return found


def _address(uri: str) -> str:
    return place_of(uri).removesuffix("index.md")


def _text(page: Page, places: dict[str, str], repo_url: str | None) -> str:
    """A page's file: its facts, and its Markdown, with a lesson's downloads below its title."""
    markdown = moved(page.markdown, page.uri, places)
    if is_lesson(page.uri):
        name = Path(page.uri).stem
        files = {"Notebook": f"{name}.ipynb", "Python script": f"../{name}.py"}
        files |= cloud_links(repo_url, name)
        links = " · ".join(f"[{what}]({address})" for what, address in files.items())
        markdown = markdown.replace(FACTS, f"{FACTS}\n\n{links}\n{FACTS}", 1)
    return f"---\n{_yaml(page.meta)}---\n\n{markdown}" if page.meta else markdown


def _settings(settings: dict, places: dict[str, str]) -> dict:
    """mkdocs.yml without what is already in the pages, or cannot be read elsewhere."""

    def known(part):
        if isinstance(part, list):
            return [known(one) for one in part]
        if isinstance(part, dict):
            return {name: known(one) for name, one in part.items()}
        return places.get(part, part)

    kept = {name: part for name, part in settings.items() if name not in LEFT_OUT}
    theme = {name: part for name, part in settings["theme"].items() if name not in LEFT_OUT}
    extra = {n: part for n, part in settings.get("extra", {}).items() if n != "search_words"}
    kept |= {"theme": theme, "extra": extra, "nav": known(settings["nav"]), "plugins": PLUGINS}
    if "not_in_nav" in kept:
        lines = (line.lstrip("/") for line in kept["not_in_nav"].split())
        kept["not_in_nav"] = "".join(f"/{places.get(line, line)}\n" for line in lines)
    return kept


def _yaml(data: dict) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


def write_plain(root: Path, folder: Path) -> int:
    """Write the course into a folder, in the place of what is there; returns how many files.

    Raises SlidingWindowsError, and leaves the folder as it was.
    """
    files = plain_files(root)
    write_folder(folder, files)
    return len(files)
