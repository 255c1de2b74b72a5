"""The MkDocs event handlers: what happens to files, Markdown and HTML in a build, step by step.

hooks.py calls these. Lessons reach MkDocs as plain Markdown, which course.prepare has written.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
import threading
from functools import lru_cache
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from markdown.util import BLOCK_LEVEL_ELEMENTS
from markupsafe import escape
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from slidingwindows import __version__
from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.course.blocks import outside_code
from slidingwindows.course.home import home, is_home
from slidingwindows.course.inert import faults_in, lesson_refusals, refusals
from slidingwindows.course.keys import HERE
from slidingwindows.course.lessons import path_of, read
from slidingwindows.course.mathml import with_mathml
from slidingwindows.course.photo import write_photo
from slidingwindows.course.pictures import ATTACHED, KINDS, image_files
from slidingwindows.course.prepare import cache_of, is_fresh, other_course, prepare, wait_warm
from slidingwindows.course.scaffold import advice
from slidingwindows.export.files import digest
from slidingwindows.site.api_page import MARK as API_MARK
from slidingwindows.site.api_page import with_api
from slidingwindows.site.assets import write_bundles, write_coloured
from slidingwindows.site.bodies import forget_bodies, keep_body, makers, search_kept
from slidingwindows.site.cloud import cloud_links
from slidingwindows.site.contents import (
    CITED,
    MARK,
    lesson_list,
    lessons_in,
    split_page,
    with_citations,
    with_facts,
)
from slidingwindows.site.embed import PLAYERS, embed_figures
from slidingwindows.site.gallery import GALLERY_MARK, gallery
from slidingwindows.site.glossary import read_glossary, with_terms
from slidingwindows.site.lighter import lighter
from slidingwindows.site.linked import link_folder
from slidingwindows.site.notices import MARK as NOTICES_MARK
from slidingwindows.site.notices import with_notices
from slidingwindows.site.policy import secure, template_scripts
from slidingwindows.site.searching import searchable
from slidingwindows.site.sharing import page_facts
from slidingwindows.site.social import forget_others
from slidingwindows.site.stamps import commit_day, commit_time

log = logging.getLogger("mkdocs.hooks.slidingwindows")
GLOSSARY = "reference/glossary.md"
NOTICES = "reference/notices.md"


def _root(config) -> Path:
    return Path(config.config_file_path).parent


def on_config(config, serving: bool):
    """Complete the configuration, so that a build works from any folder, with any watch list."""
    root = _root(config)
    ours = home() / "assets"
    for folder in (root / "lessons", root / "assets", ours, HERE):
        path = str(folder)
        if path not in config.watch and folder.is_dir():
            config.watch.append(path)
    theme = str(ours / "theme")
    if theme not in config.theme.dirs:  # a course's own templates come before it
        config.theme.dirs.insert(1 if config.theme.custom_dir else 0, theme)
    config.site_name = escape(config.site_name)  # Material writes it as it is into attributes
    config.extra.update(release=__version__, day=commit_day(root), serving=serving)
    if serving and not sys.pycache_prefix:  # compiled files in scripts/ would look like edits
        sys.pycache_prefix = str(cache_of(root) / "pycache")
    if not serving and commit_time(root):
        os.environ["SOURCE_DATE_EPOCH"] = commit_time(root)  # MkDocs's own dates, in the sitemap
    if PLAYERS[0] not in BLOCK_LEVEL_ELEMENTS:  # else Markdown tears the figure apart
        BLOCK_LEVEL_ELEMENTS.extend(PLAYERS)
    return config


def on_pre_build(config) -> None:
    """Bring lessons and figures up to date, before MkDocs empties the last good site."""
    root = _root(config)
    if is_fresh(root):
        log.info("lessons and figures are fresh")
        return
    lines: list[str] = []

    def tell(line: str) -> None:
        if not line.endswith(" fresh"):
            lines.append(line)
            print(line, flush=True)

    try:
        for problem in prepare(root, report=tell, serving=config.extra["serving"]):
            log.error("%s", problem)
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error
    if not lines:
        log.info("no code changed: pages written, nothing executed")


def on_files(files: Files, config) -> Files:
    """Add the lessons' notebooks, the figures and the assets to the site."""
    root = _root(config)
    cache, listed = cache_of(root), lessons_in(config.nav)
    for notebook in sorted((cache / "notebooks" / "lessons").glob("*.ipynb")):
        _add(files, config, cache / "notebooks", f"lessons/{notebook.name}")
        script = f"lessons/{notebook.stem}.py"
        written = (root / script).is_file()  # else prepare made one of the lesson
        _add(files, config, root if written else cache / "notebooks", script)
        if config.nav and notebook.stem not in listed:
            log.warning(advice(Path(config.config_file_path).read_text("utf-8"), notebook.stem))
    for path in sorted((cache / "attached" / "lessons" / ATTACHED).glob("*")):
        if path.suffix in KINDS:
            _add(files, config, cache / "attached", f"lessons/{ATTACHED}/{path.name}")
    for path in sorted((cache / "figures").glob("*")):
        if path.suffix in (".gif", ".png", ".zip", ".js"):
            _add(files, config, cache, f"figures/{path.name}")
    try:
        for uri in image_files(root / "lessons"):
            _add(files, config, root, uri)
        for name in write_bundles(root, cache / "play"):
            _add(files, config, cache / "play", name)
        for name in write_coloured(root, cache / "coloured"):
            _add(files, config, cache / "coloured", name)
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error
    _add(files, config, cache / "play", write_photo(cache / "play"))
    config.extra["makers"] = makers()
    if config.extra["serving"]:
        link_folder(files, "figures", cache / "figures", Path(config.site_dir))
    notices = files.get_file_from_path(NOTICES)
    config.extra["notices"] = notices.url if notices else ""  # for the foot of every page
    return files


def _add(files: Files, config, folder: Path, uri: str) -> None:
    files.append(File(uri, str(folder), config.site_dir, config.use_directory_urls))


def on_page_markdown(markdown: str, page, config, files) -> str:
    """A lesson's page is its prepared Markdown; on any page, figure marks become figures."""
    root = _root(config)
    if page.file.src_uri.startswith("lessons/") and page.file.src_uri.endswith(".ipynb"):
        page.__dict__.pop("render", None)  # mkdocs-jupyter's, in favour of MkDocs's own
        text = (cache_of(root) / "pages" / f"{page.file.name}.md").read_text("utf-8")
        markdown, page.meta = split_page(text)
        markdown = with_facts(markdown, page.meta)
        if config.repo_url and page.edit_url:
            source = path_of(root / "lessons", page.file.name).name
            page.edit_url = re.sub(r"[^/]*/lessons/[^/]*$", f"lessons/{source}", page.edit_url)
    words = config.extra.get("search_words", {}).get(page.file.name)
    if words:  # Material's search weighs tags more than titles
        page.meta["tags"] = words.split()
    try:
        markdown = outside_code(markdown, lambda text: _with_marks(text, page, config, root))
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error
    glossary = files.get_file_from_path(GLOSSARY) if _is_lesson(page) else None
    terms = (glossary.content_string, glossary.url) if glossary else ()
    extra_key = digest(config.extra["makers"], *terms)
    keep_body(page, cache_of(root), extra_key, lambda html: finished(html, page, config, files))
    return markdown


def _with_marks(markdown: str, page, config, root: Path) -> str:
    """Replace all marks. markdown: without its code, in which a mark is just text."""
    cache = cache_of(root)
    if MARK in markdown:
        markdown = markdown.replace(MARK, lesson_list(config.nav, cache / "pages"))
    if CITED in markdown:
        markdown = with_citations(markdown, config.nav, cache / "pages")
    if API_MARK.search(markdown):
        markdown, problems = _with_api(markdown, *_sources(HERE))
        for problem in problems:  # a strict build fails, `mkdocs serve` goes on
            log.warning("%s: %s", page.file.src_uri, problem)
    if NOTICES_MARK in markdown:
        markdown = with_notices(markdown, ours=is_home(root))
    page.shown = markdown
    up = "../" * page.url.count("/")
    if GALLERY_MARK in markdown:
        facts = (config.site_url or "", commit_day(root)[:4], other_course(root))
        markdown = markdown.replace(GALLERY_MARK, gallery(config.nav, cache, up, *facts))
    return embed_figures(
        markdown, cache / "figures", up, page.file.src_uri, patient=config.extra["serving"]
    )


@lru_cache(maxsize=4)
def _with_api(markdown: str, folder: Path, sources: str) -> tuple[str, list[str]]:
    return with_api(markdown, folder)


def _sources(folder: Path) -> tuple[Path, str]:
    """A folder, and a key of its modules' text."""
    return folder, digest(*(path.read_bytes() for path in sorted(folder.rglob("*.py"))))


def on_page_context(context, page, config, nav):
    """Add what other sites and search engines are told about a page."""
    context.update(page_facts(page, config, _root(config)))
    if "description" in page.meta:  # Material writes it as it is into an attribute
        page.meta["description"] = escape(page.meta["description"])
    if _is_lesson(page) and is_home(_root(config)):  # no other course has the branch they read
        context["cloud"] = cloud_links(config.repo_url, page.file.name)
    return context


def on_post_page(output: str, page, config) -> str:
    """Name Material's search dialog for screen readers, and make the page smaller."""
    dialog = 'data-md-component="search" role="dialog"'
    return lighter(output.replace(dialog, f'{dialog} aria-label="Search"'))


def on_env(env, config, files):
    """Before any page is written, note which scripts the theme itself puts into pages."""
    compiled = cache_of(_root(config)) / "pycache" / "templates"
    compiled.mkdir(parents=True, exist_ok=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
    config.extra["scripts"] = template_scripts(env, config, files)
    forget_bodies(cache_of(_root(config)), files)
    search_kept(config.plugins)
    return env


def on_post_build(config, serving: bool) -> None:
    """Give the finished pages the policy to load only this site's own files."""
    # Stemmers for languages other than English, which no page here ever loads.
    shutil.rmtree(Path(config.site_dir, "assets", "javascripts", "lunr"), ignore_errors=True)
    forget_others(cache_of(_root(config)) / "social", Path(config.site_dir))
    if serving:  # the server adds a script of its own to pages
        threading.Thread(target=wait_warm, args=(_root(config),), daemon=True).start()
        return
    try:
        secure(Path(config.site_dir), config.extra["scripts"])
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error


def finished(html: str, page, config, files) -> str:
    """A page's HTML as it will be shown.

    Formulas become MathML, so that readers need no script for them, and terms become links. What
    the search should leave out is marked. Scripts, and anything that acts like one, are refused.
    """
    try:
        html = searchable(with_mathml(html, page.file.src_uri))
        _refuse_scripts(html, page, _root(config))
        glossary = files.get_file_from_path(GLOSSARY)
        if glossary is None or not _is_lesson(page):
            return html
        terms = read_glossary(glossary.content_string)
        return with_terms(html, terms, glossary.url_relative_to(page.file))
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error


def _is_lesson(page) -> bool:
    return page.file.src_uri.startswith("lessons/")


def _refuse_scripts(html: str, page, root: Path) -> None:
    """Pages of docs/ may load scripts from assets/, lessons none. Raises PluginError."""
    lesson = _is_lesson(page)
    faults = faults_in(html, page.url, ours=not lesson)
    if not faults:
        return
    if lesson:
        outputs = cache_of(root) / "executed" / f"{page.file.name}.json"
        text = read(path_of(root / "lessons", page.file.name))
        problems = lesson_refusals(faults, text, json.loads(outputs.read_text("utf-8")))
    else:
        problems = refusals(faults, f"docs/{page.file.src_uri}", page.file.content_string)
    raise PluginError("\n".join(problems))
