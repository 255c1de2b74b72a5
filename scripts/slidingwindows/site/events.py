"""The MkDocs event handlers: what happens to files, Markdown and HTML in a build, step by step.

hooks.py calls these. Lessons reach MkDocs as plain Markdown, which course.prepare has written.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import threading
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import escape
from mkdocs.commands.build import _populate_page
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from slidingwindows import __version__
from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.course.home import home, is_home
from slidingwindows.course.inert import faults_in, lesson_refusals, refusals
from slidingwindows.course.keys import HERE
from slidingwindows.course.lessons import path_of, read
from slidingwindows.course.pages import broken
from slidingwindows.course.prepare import cache_of, figures_wait, is_fresh, prepare, wait_warm
from slidingwindows.course.scaffold import advice
from slidingwindows.course.syntax import NOTES as SYNTAX
from slidingwindows.site.ahead import Ahead
from slidingwindows.site.bodies import forget_bodies, has_body, keep_body, makers, search_kept
from slidingwindows.site.cloud import cloud_links
from slidingwindows.site.contents import lessons_in, split_page
from slidingwindows.site.lighter import lighter
from slidingwindows.site.linked import link_folder
from slidingwindows.site.policy import secure, template_scripts
from slidingwindows.site.prepared import Course, Page, files_beside, is_lesson, prepared
from slidingwindows.site.serving import Rest, touched, wanted_by
from slidingwindows.site.sharing import page_card, page_facts
from slidingwindows.site.social import forget_others
from slidingwindows.site.stamps import commit_day, commit_time
from slidingwindows.site.theming import quicker

log = logging.getLogger("mkdocs.hooks.slidingwindows")
NOTICES = "reference/notices.md"
NOT_YET = "This page cannot be shown yet."


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
    quicker(config.theme, cache_of(root) / "pycache" / "templates")
    config.site_name = escape(config.site_name)  # Material writes it as it is into attributes
    config.extra.update(release=__version__, day=commit_day(root), serving=serving)
    if not serving and commit_time(root):
        os.environ["SOURCE_DATE_EPOCH"] = commit_time(root)  # MkDocs's own dates, in the sitemap
    return config


def mark(config) -> Path:
    """A file that the server watches, touched when more figures are drawn."""
    return touched(_root(config))


def on_pre_build(config, page: str) -> None:
    """Bring lessons and figures up to date, before MkDocs empties the last good site.

    page: the path of the one that a reader of the server has asked for last.
    """
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
        serving = config.extra["serving"]
        page = page.removeprefix(urlsplit(config.site_url or "").path.rstrip("/"))
        wanted = wanted_by(root, Path(config.docs_dir), page) if serving else None
        for problem in prepare(root, report=tell, serving=serving, wanted=wanted):
            log.error("%s", problem)
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error
    if not lines:
        log.info("no code changed: pages written, nothing executed")


def on_files(files: Files, config) -> Files:
    """Add the lessons' notebooks, the figures and the assets to the site."""
    root = _root(config)
    SYNTAX.recall(cache_of(root))
    listed = lessons_in(config.nav)
    try:
        for folder, uri in files_beside(root):
            place = (config.site_dir, config.use_directory_urls)
            files.append(File(uri, str(folder), *place))
            name = Path(uri).stem
            if config.nav and uri.endswith(".ipynb") and name not in listed:
                log.warning(advice(Path(config.config_file_path).read_text("utf-8"), name))
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error
    config.extra["makers"] = makers()
    SYNTAX.keep(cache_of(root))
    if config.extra["serving"]:
        link_folder(files, "figures", cache_of(root) / "figures", Path(config.site_dir))
    notices = files.get_file_from_path(NOTICES)
    config.extra["notices"] = notices.url if notices else ""  # for the foot of every page
    return files


def on_nav(config, files) -> Ahead | None:
    """Have a second process begin with the last pages, if none of them has ever been rendered."""
    if config.extra["serving"]:
        return None
    pages = [file.page for file in files.documentation_pages() if file.page]
    missing = [page for page in pages if not has_body(page, cache_of(_root(config)))]
    if len(missing) < len(pages) / 2:
        return None
    return Ahead(
        pages,
        lambda page: _populate_page(page, config, files),
        lambda page: page_card(page, config, _root(config)),
    )


def on_page_markdown(markdown: str, page, config, files) -> str:
    """A lesson's page is its prepared Markdown; on any page, figure marks become figures."""
    root = _root(config)
    course = Course(
        root,
        Path(config.docs_dir),
        config.nav,
        config.site_url or "",
        config.extra.get("search_words", {}),
        patient=config.extra["serving"],
        warn=log.warning,  # a strict build fails, `mkdocs serve` goes on
    )
    try:
        made = prepared(course, page.file.src_uri, page.url, markdown, page.meta)
    except SlidingWindowsError as error:
        if not config.extra["serving"]:
            raise PluginError(str(error)) from error
        refusal, meta = _refusal(page, root, error)
        made = Page(page.file.src_uri, page.url, meta, "", refusal)
    page.meta, page.shown = made.meta, made.shown
    if is_lesson(made.uri):
        page.__dict__.pop("render", None)  # mkdocs-jupyter's; MkDocs's own knows Markdown
        if config.repo_url and page.edit_url:
            source = path_of(root / "lessons", page.file.name).name
            page.edit_url = re.sub(r"[^/]*/lessons/[^/]*$", f"lessons/{source}", page.edit_url)
    keep_body(page, cache_of(root), config.extra["makers"], lambda html: checked(html, page, root))
    if config.extra["serving"]:
        _go_on(page, root)
    return made.markdown


def _refusal(page, root: Path, error: Exception) -> tuple[str, dict]:
    """What the server shows in place of a page that a build would refuse: Markdown and header."""
    log.error("%s", error)
    path = Path(page.file.abs_src_path)
    if is_lesson(page.file.src_uri):
        path = path_of(root / "lessons", page.file.name)
    return split_page(broken(path, str(error).splitlines(), NOT_YET))


def _go_on(page, root: Path) -> None:
    """Have a page that is refused say so, while the others go on. What was refused is not kept."""
    plain = page.render

    def render(config, files: Files) -> None:
        try:
            plain(config, files)
        except PluginError as error:
            page.markdown, page.meta = _refusal(page, root, error)
            type(page).render(page, config, files)

    page.render = render


def on_page_context(context, page, config, nav):
    """Add what other sites and search engines are told about a page."""
    context.update(page_facts(page, config, _root(config)))
    if "description" in page.meta:  # Material writes it as it is into an attribute
        page.meta["description"] = escape(page.meta["description"])
    if is_lesson(page.file.src_uri) and is_home(_root(config)):
        # No other course has the branch that they read.
        context["cloud"] = cloud_links(config.repo_url, page.file.name)
    return context


def on_post_page(output: str, page, config) -> str:
    """Name Material's search dialog for screen readers, and make the page smaller."""
    dialog = 'data-md-component="search" role="dialog"'
    return _lighter(output.replace(dialog, f'{dialog} aria-label="Search"'))


_lighter = lru_cache(maxsize=256)(lighter)  # most pages are as they were before the last edit


def on_env(env, config, files):
    """Before any page is written, note which scripts the theme itself puts into pages."""
    config.extra["scripts"] = template_scripts(env, config, files)
    forget_bodies(cache_of(_root(config)), files)
    search_kept(config.plugins)
    return env


def on_post_build(config, serving: bool) -> Rest | None:
    """Give the finished pages the policy to load only this site's own files.

    Returns what draws the figures that wait, if any do.
    """
    # Stemmers for languages other than English, which no page here ever loads.
    shutil.rmtree(Path(config.site_dir, "assets", "javascripts", "lunr"), ignore_errors=True)
    forget_others(cache_of(_root(config)) / "social", Path(config.site_dir))
    if serving:  # the server adds a script of its own to pages
        if figures_wait(_root(config)):
            return Rest(_root(config))
        threading.Thread(target=wait_warm, args=(_root(config),), daemon=True).start()
        return None
    try:
        secure(Path(config.site_dir), config.extra["scripts"])
    except SlidingWindowsError as error:
        raise PluginError(str(error)) from error
    return None


def checked(html: str, page, root: Path) -> str:
    """A page's HTML, which is refused if it holds scripts, or what acts like them.

    Pages of docs/ may ask for scripts of assets/; lessons for none. Raises PluginError.
    """
    lesson = is_lesson(page.file.src_uri)
    faults = faults_in(html, page.url, ours=not lesson)
    if not faults:
        return html
    if lesson:
        outputs = cache_of(root) / "executed" / f"{page.file.name}.json"
        text = read(path_of(root / "lessons", page.file.name))
        problems = lesson_refusals(faults, text, json.loads(outputs.read_text("utf-8")))
    else:
        problems = refusals(faults, f"docs/{page.file.src_uri}", page.file.content_string)
    raise PluginError("\n".join(problems))
