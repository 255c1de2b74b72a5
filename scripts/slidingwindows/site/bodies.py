"""Cache each page's rendered body: its HTML, its table of contents and its search entries.

A page is rendered again if anything that its body is made from has changed, including what the
links that it looked up led to. What the theme puts around a body is not cached.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc

from ..course.keys import source_key, versions
from ..export.files import Entry, digest
from .checks import STATE

MAKERS = ("mkdocs", "mkdocs-material", "Markdown", "pymdown-extensions", "Pygments")
MAKERS += ("latex2mathml", "backrefs")
SEARCHES = ("search", "material/search")  # the plugin's name in MkDocs


class RecordingFiles:
    """MkDocs's files, and a record of what a page looked up among them."""

    def __init__(self, files: Files):
        self.files, self.found = files, {}

    def __getattr__(self, name: str):
        return getattr(self.files, name)

    def get_file_from_path(self, path: str) -> File | None:
        """What MkDocs's method of this name returns."""
        file = self.files.get_file_from_path(path)
        self.found[path] = _place(file)
        return file


class MessageCounter(logging.Filter):
    """Counts MkDocs's messages about a page, since a cached page would not repeat them.

    Messages that MkDocs would not show, as with --quiet, count as well.
    """

    log = logging.getLogger("mkdocs.structure.pages")

    def __enter__(self) -> MessageCounter:
        self.count, self.heard, self.level = 0, self.log.getEffectiveLevel(), self.log.level
        self.log.setLevel(min(self.heard, logging.INFO))
        self.log.addFilter(self)
        return self

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is shown."""
        self.count += record.levelno >= logging.INFO
        return record.levelno >= self.heard

    def __exit__(self, *error) -> None:
        self.log.removeFilter(self)
        self.log.setLevel(self.level)


def makers() -> str:
    """A key of the code that makes bodies; the same for all pages of a build.

    Comments do not count: what a page says of this package's words is in its Markdown. Neither do
    colours, which are in the style sheet and in pictures.
    """
    code = source_key("site.bodies", "site.events", colours=False)
    return digest(code, versions(*MAKERS), sys.version)


def keep_body(page: Page, cache: Path, extra_key: str, finish: Callable[[str], str]) -> None:
    """Replace ``page.render`` with one that has MkDocs render the page only if it must.

    page: with its Markdown. cache: the folder of everything that a build keeps. extra_key: for
    whatever else the finished body depends on. finish: applied to the HTML made from Markdown.
    """
    plain = page.render

    def render(config, files: Files) -> None:
        name = _name(page.file)
        entry = Entry(cache / "bodies", name)
        key = _key(page, config, extra_key)
        kept = _read(entry, key)
        if kept is None or not _holds(kept, files):
            kept = _made(page, config, files, plain, finish)
            if kept is None:
                return
            text = json.dumps(kept)
            entry.put(key, {f"{name}.json": text})
            kept = json.loads(text)  # as it will be read
        _give(page, kept, files)

    page.render = render


def has_body(page: Page, cache: Path) -> bool:
    """Whether a body of this page is cached, fresh or not."""
    return Entry(cache / "bodies", _name(page.file)).manifest.exists()


def forget_bodies(cache: Path, files: Files) -> None:
    """Remove the cached bodies of pages that no longer exist."""
    pages = set(map(_name, files))
    for path in (cache / "bodies").glob("[!.]*"):
        if path.stem not in pages:
            path.unlink(missing_ok=True)


def search_kept(plugins) -> None:
    """Have the search plugin use a page's cached entries."""
    index = _index(plugins)
    if index is None:
        return
    plain = index.add_entry_from_context

    def add(page: Page) -> None:
        kept = getattr(page, "found", None)
        if kept is None:
            plain(page)
        else:
            index.entries += kept

    index.add_entry_from_context = add


def _index(plugins):
    for name in SEARCHES:
        index = getattr(plugins.get(name), "search_index", None)
        if hasattr(index, "entries"):  # Material's
            return index
    return None


def _name(file: File) -> str:
    return file.src_uri.rpartition(".")[0].replace("/", "--")


def _key(page: Page, config, extra_key: str) -> str:
    settings = [config.markdown_extensions, config.mdx_configs, config.use_directory_urls]
    index = _index(config.plugins)
    named = page.__dict__.get("title")  # the navigation's title, not the rendered page's
    metadata = [named, page.meta, page.file.src_uri, page.file.url]
    settings += [dict(config.validation.links), index and dict(index.config)]
    text = json.dumps([metadata, settings], sort_keys=True, default=repr)
    return digest(page.markdown or "", text, extra_key)


def _place(file: File | None) -> list | None:
    return file and [file.src_uri, file.url, file.inclusion.is_excluded()]


def _read(entry: Entry, key: str) -> dict | None:
    if entry.state(key) != "fresh":
        return None
    return json.loads((entry.folder / f"{entry.name}.json").read_text("utf-8"))


def _holds(kept: dict, files: Files) -> bool:
    """Whether every link still leads where it did."""
    lookups = kept["asked"].items()
    return all(_place(files.get_file_from_path(path)) == place for path, place in lookups)


def _made(page: Page, config, files: Files, plain, finish) -> dict | None:
    """Render a page. Returns what to cache; None if MkDocs has to give its messages again."""
    lookups = RecordingFiles(files)
    with MessageCounter() as messages:
        plain(config, lookups)
    for anchors in (page.links_to_anchors or {}).values():
        for state in [anchor for anchor in anchors if STATE in anchor]:
            del anchors[state]  # which MkDocs would look for on the page
    page.content = finish(page.content)
    if messages.count or page.links_to_anchors is None:
        return None
    links = {file.src_uri: to for file, to in page.links_to_anchors.items()}
    entries, index = None, _index(config.plugins)
    if index is not None:
        whole, index.entries = index.entries, []
        try:
            type(index).add_entry_from_context(index, page)
            entries = index.entries
        finally:
            index.entries = whole
    return {
        "html": page.content,
        "contents": [_token(item) for item in page.toc],
        "title": page._title_from_render,
        "anchors": sorted(page.present_anchor_ids or ()),
        "links": links,
        "asked": lookups.found,
        "found": entries,
    }


def _token(item) -> dict:
    children = [_token(child) for child in item.children]
    return {"name": item.title, "id": item.id, "level": item.level, "children": children}


def _give(page: Page, kept: dict, files: Files) -> None:
    page.content = kept["html"]
    page.toc = get_toc(kept["contents"])
    page._title_from_render = kept["title"]
    page.present_anchor_ids = set(kept["anchors"])
    page.links_to_anchors = {
        files.get_file_from_path(uri): links for uri, links in kept["links"].items()
    }
    page.found = kept["found"]
