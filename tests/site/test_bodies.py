"""Cached bodies of pages: what is kept, what makes it stale, what MkDocs and search are told."""

import json
import logging
import os
import sys
from types import SimpleNamespace

import pytest
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from slidingwindows.site import bodies

TEXTS = {
    "index.md": "---\nkey: 1\nday: 2001-02-03\n---\n# Home\n\nTo [the other](sub/other.md#part), "
    "with [a mark](#mark){ #mark }.\n\n## Part *one*\n\n### Deeper\n\nWords.\n\n## Part two\n",
    "sub/other.md": "# Other\n\n## Part\n",
}


class Index:
    """Material's search index, as far as bodies.py knows it."""

    def __init__(self, **config):
        self.entries, self.config = [], config

    def add_entry_from_context(self, page):
        self.entries.append({"location": page.url, "text": page.content})


class Course:
    """A folder of two pages, read anew by each build()."""

    def __init__(self, root):
        self.root, self.cache = root, root / ".cache"
        self.settings = "markdown_extensions: [attr_list]\n"
        self.texts, self.extra, self.index, self.finished = dict(TEXTS), "extra", Index(), []
        self.excluded, self.named = InclusionLevel.UNDEFINED, None

    def build(self, uri="index.md", level=logging.WARNING, search="search"):
        """The page of one source, rendered as MkDocs renders it; whether it was rendered anew."""
        (self.root / "mkdocs.yml").write_text(f"site_name: S\nplugins: []\n{self.settings}")
        for name, text in self.texts.items():
            path = self.root / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        config = load_config(str(self.root / "mkdocs.yml"))
        named = {search: SimpleNamespace(search_index=self.index)}
        dict.update(config.plugins, named)
        places = config.docs_dir, config.site_dir, config.use_directory_urls
        files = Files([File(name, *places) for name in self.texts])
        for file in files:
            file.page = Page(self.named, file, config)
            file.page.read_source(config)
        files.get_file_from_path("sub/other.md").inclusion = self.excluded
        page = files.get_file_from_path(uri).page
        count = len(self.finished)

        def finish(html):
            self.finished.append(html)
            return html.replace("Words", "More words")

        bodies.keep_body(page, self.cache, self.extra, finish)
        logging.getLogger("mkdocs").setLevel(level)
        page.render(config, files)
        return page, len(self.finished) > count


@pytest.fixture
def course(tmp_path):
    yield Course(tmp_path)
    logging.getLogger("mkdocs").setLevel(logging.NOTSET)


def told(page):
    """What MkDocs, the theme and search read of a rendered page."""

    def flat(items):
        return [[item.title, item.id, item.level, flat(item.children)] for item in items]

    links = {file.src_uri: to for file, to in page.links_to_anchors.items()}
    return {
        "html": page.content, "contents": flat(page.toc), "title": page.title,
        "anchors": page.present_anchor_ids, "links": links, "search": page.found,
    }  # fmt: skip


def test_a_kept_body_is_the_rendered_one(course):
    page, anew = course.build()
    first = told(page)
    assert anew and 'href="sub/other/#part"' in first["html"] and "More words." in first["html"]
    inner = [["Part <em>one</em>", "part-one", 2, [["Deeper", "deeper", 3, []]]]]
    inner += [["Part two", "part-two", 2, []]]
    assert first["contents"] in (
        [["Home", "home", 1, inner]],
        [["Home", "home", 1, [["Part one", "part-one", 2, inner[0][3]], inner[1]]]],
    )
    assert first["title"] == "Home" and first["anchors"] >= {"mark", "part-one", "deeper"}
    assert set(first["links"]) >= {"sub/other.md"} and "part" in first["links"]["sub/other.md"]
    assert first["search"] == [{"location": page.url, "text": page.content}]
    page, anew = course.build()
    assert not anew and told(page) == first
    assert os.listdir(course.cache / "bodies") and course.index.entries == []


def test_pages_of_folders_have_names_of_their_own(course):
    course.texts["other.md"] = "# Another\n"
    known = {"sub/other.md": "Other", "other.md": "Another"}
    for uri, title in (*known.items(), *known.items()):
        assert course.build(uri)[0].title == title
    kept = {path.name for path in (course.cache / "bodies").glob("[!.]*")}
    assert {"sub--other.json", "other.json"} <= kept and len(course.finished) == 2


CHANGES = {
    "the page's words": lambda c: c.texts.update({"index.md": TEXTS["index.md"] + "\nMore.\n"}),
    "its header": lambda c: c.texts.update({"index.md": TEXTS["index.md"].replace("1", "2", 1)}),
    "its name in the menu": lambda c: setattr(c, "named", "Start"),
    "an extension": lambda c: setattr(
        c, "settings", "markdown_extensions: [attr_list, def_list]\n"
    ),
    "an extension's settings": lambda c: setattr(
        c, "settings", "markdown_extensions: [attr_list, {toc: {permalink: true}}]\n"
    ),
    "addresses": lambda c: setattr(c, "settings", c.settings + "use_directory_urls: false\n"),
    "what of links is told": lambda c: setattr(
        c, "settings", c.settings + "validation: {links: {anchors: warn}}\n"
    ),
    "something else that is asked for": lambda c: setattr(c, "extra", "other"),
    "a setting of search": lambda c: setattr(c, "index", Index(lang="en")),
    "no search": lambda c: setattr(c, "index", None),
    "where a link leads": lambda c: setattr(c, "excluded", InclusionLevel.EXCLUDED),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_makes_a_body_stale(course, change):
    course.build()
    change(course)
    assert course.build(level=logging.CRITICAL)[1]


def test_a_header_says_the_same_in_any_order(course):
    course.build()
    text = TEXTS["index.md"].replace("key: 1\nday: 2001-02-03", "day: 2001-02-03\nkey: 1")
    assert text != TEXTS["index.md"]
    course.texts["index.md"] = text
    assert not course.build()[1]


def test_who_makes_bodies(monkeypatch):
    """Each part is in the key, and each part is what it says."""
    asked = []

    def key(*parts, **options):
        asked.append((parts, options))
        return f"a key of {len(parts)}"

    whole = bodies.makers()
    monkeypatch.setattr(bodies, "source_key", key)
    monkeypatch.setattr(bodies, "versions", key)
    monkeypatch.setattr(bodies, "digest", lambda *parts: parts)
    assert bodies.makers() == ("a key of 2", f"a key of {len(bodies.MAKERS)}", sys.version)
    assert asked == [(("site.bodies", "site.events"), {"colours": False}), (bodies.MAKERS, {})]
    assert {"mkdocs", "mkdocs-material", "Markdown", "latex2mathml"} <= set(bodies.MAKERS)
    assert len(whole) > 10


def test_what_a_link_leads_to_may_have_other_words(course):
    course.build()
    course.texts["sub/other.md"] = "# Other\n\nOther words.\n\n## Part\n"
    assert not course.build()[1]


def test_a_page_with_a_message_is_rendered_again_so_that_it_is_said_again(course, caplog):
    course.texts["index.md"] += "\n[nowhere](missing.md)\n"
    for level in (logging.WARNING, logging.CRITICAL, logging.WARNING):
        page, anew = course.build(level=level)
        assert anew and "More words" in page.content
    assert not list((course.cache / "bodies").glob("*.json")) and not hasattr(page, "found")
    assert len([one for one in caplog.records if "missing.md" in one.getMessage()]) == 2


def test_what_a_calculator_s_link_holds_is_no_heading(course):
    state = f"{bodies.STATE}kernel_size=3"
    course.texts["index.md"] += f"\n[so](sub/other.md#{state}) and [so](sub/other.md#part)\n"
    page, _ = course.build()
    assert set(told(page)["links"]["sub/other.md"]) == {"part"}


def test_a_page_has_all_that_mkdocs_has_of_files():
    files = Files([])
    recording = bodies.RecordingFiles(files)
    assert recording.src_uris == files.src_uris and recording.media_files() == []
    assert recording.get_file_from_path("a.md") is None and recording.found == {"a.md": None}


# Messages, files and search


@pytest.mark.parametrize(
    ("level", "shown"),
    [(logging.DEBUG, 3), (logging.INFO, 2), (logging.WARNING, 1), (logging.ERROR, 0)],
)
def test_messages_are_counted_whether_they_are_shown_or_not(level, shown):
    log, heard = bodies.MessageCounter.log, []
    handler = logging.Handler()
    handler.emit = heard.append
    log.addHandler(handler)
    before = log.level, list(log.filters)
    log.setLevel(level)
    try:
        with bodies.MessageCounter() as messages:
            for one in (logging.DEBUG, logging.INFO, logging.WARNING):
                log.log(one, "x")
        assert messages.count == 2 and len(heard) == shown and log.level == level
        log.warning("afterwards")
        assert messages.count == 2
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
    assert log.filters == before[1]


def test_bodies_of_pages_that_are_gone_are_removed(course):
    course.build()
    course.build("sub/other.md")
    folder = course.cache / "bodies"
    (folder / ".hidden").touch()
    page, _ = course.build()
    assert bodies.has_body(page, course.cache) and not bodies.has_body(page, course.root)
    before = {path.name for path in folder.iterdir()}
    places = ("docs", "site", True)
    both = [File(uri, *places) for uri in ("index.md", "sub/other.md")]
    bodies.forget_bodies(course.cache, Files(both))
    assert {path.name for path in folder.iterdir()} == before
    bodies.forget_bodies(course.cache, Files(both[:1]))
    left = {path.name for path in folder.iterdir()}
    assert left == {name for name in before if not name.startswith("sub")} and ".hidden" in left
    assert bodies.has_body(page, course.cache) and left < before


def test_search_takes_kept_entries_and_makes_others():
    index = Index()
    plugins = {"search": SimpleNamespace(search_index=index)}
    bodies.search_kept(plugins)
    page = SimpleNamespace(url="a/", content="c")
    index.add_entry_from_context(page)
    made = {"location": "a/", "text": "c"}
    assert index.entries == [made]
    page.found = [{"location": "kept/"}, {"location": "kept/#b"}]
    index.add_entry_from_context(page)
    assert index.entries == [made, *page.found]
    page.found = None
    index.add_entry_from_context(page)
    assert index.entries[3:] == [made]


def test_only_materials_search_index_is_known():
    index, other = Index(), SimpleNamespace(of_mkdocs=True)
    cases = [
        ({"search": SimpleNamespace(search_index=index)}, index),
        ({"material/search": SimpleNamespace(search_index=index)}, index),
        ({"search": SimpleNamespace(search_index=other)}, None),
        ({"other": SimpleNamespace(search_index=index)}, None),
        ({"search": SimpleNamespace()}, None),
        ({}, None),
    ]
    for plugins, expected in cases:
        assert bodies._index(plugins) is expected
        bodies.search_kept(plugins)


def test_entries_of_other_pages_stay_where_they_are(course):
    course.index.entries = others = [{"location": "other/"}]
    page, _ = course.build()
    assert course.index.entries is others and others == [{"location": "other/"}]
    assert len(page.found) == 1
    kept = json.loads((course.cache / "bodies" / "index.json").read_text("utf-8"))
    assert kept["found"] == page.found
