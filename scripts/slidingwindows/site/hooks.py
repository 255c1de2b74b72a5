"""What mkdocs.yml names under ``hooks``: passes MkDocs's events to events.py, reloaded on edits.

MkDocs loads this file once. The rest of the package is imported again after an edit, so that
`mkdocs serve` shows an edit of the package without being restarted.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import TemplateSyntaxError
from mkdocs.exceptions import ConfigurationError, MkDocsException
from mkdocs.plugins import event_priority
from watchdog.observers.polling import PollingObserverVFS

log = logging.getLogger("mkdocs.hooks.slidingwindows")
LOOK = 0.1  # seconds; a look takes 2 ms
PACKAGE = Path(__file__).parents[1]
# page: the path of the page that was asked for last. rest: what draws figures between two builds.
# ahead: what renders pages while MkDocs renders others.
_running = {"serving": False, "source": None, "page": "", "rest": None, "ahead": None}


def _source() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(PACKAGE.rglob("*.py"))}


def _events():
    return importlib.import_module("slidingwindows.site.events")


def _wait_for_ahead() -> None:
    if _running["ahead"]:
        _running["ahead"].end()
        _running["ahead"] = None


def on_startup(command, dirty) -> None:
    """Remember which command runs: a build or the server."""
    _running["serving"] = command == "serve"


def sources_in(folder: str) -> Iterator[os.DirEntry]:
    """What the server watches in a folder: not what Python compiles, which no author edits."""
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if entry.name != "__pycache__")


def keeping(builder: Callable[[], None], site: Path) -> Callable[[], None]:
    """Build as MkDocs does, but if a build fails, say why and go on with the site as it was.

    MkDocs would let browsers wait until one succeeds. site: the folder that it serves.
    """

    def build() -> None:
        last = site.with_name(f"{site.name}.last")
        os.rename(site, last)
        try:
            builder()
        except Exception as error:
            shutil.rmtree(site, ignore_errors=True)
            os.rename(last, site)
            _tell(error)
            for said in logging.getLogger("mkdocs.commands.build").filters:
                getattr(said, "msgs", set()).clear()  # else MkDocs tells of each fault only once
        finally:
            shutil.rmtree(last, ignore_errors=True)

    return build


def _tell(error: Exception) -> None:
    if isinstance(error, ConfigurationError):
        settings = importlib.import_module("slidingwindows.course.settings")
        log.error("%s", settings.fault(error))
    elif isinstance(error, SyntaxError | TemplateSyntaxError):
        what = error.msg if isinstance(error, SyntaxError) else error.message
        log.error("%s, line %s: %s", error.filename, error.lineno, what)
    elif not isinstance(error, MkDocsException):  # of which MkDocs has told
        traceback.print_exception(error)
    log.error("The site is served as it was before, until this is mended.")


def on_serve(server, config, builder):
    """Look for edits more often than twice a second, as MkDocs does, and note what is read."""
    server.builder = keeping(builder, Path(server.root))
    watched = [config.docs_dir, config.config_file_path]  # already watched by MkDocs itself
    for path in watched:
        server.unwatch(path)
    server.observer = PollingObserverVFS(os.stat, sources_in, polling_interval=LOOK)
    server.build_delay = LOOK / 2  # after an edit, for another one; no look comes sooner
    for path in [*watched, str(_events().mark(config))]:
        server.watch(path)
    app = server.get_app()

    def noting(environ, start_response):
        path = environ["PATH_INFO"]
        if path.endswith("/"):
            _running["page"] = path
        return app(environ, start_response)

    server.set_app(noting)
    return server


@event_priority(100)  # before plugins, which ask the theme for its words
def on_config(config):
    """The first event of every build: forget modules that have been edited since the last one."""
    if _running["rest"]:
        _running["rest"].end()
        _running["rest"] = None
    source = _source()
    if _running["source"] not in (None, source):
        warm = sys.modules.get("slidingwindows.course.warm")
        if warm:
            warm.retire()  # the fork server has imported the package as it was
        for name in [n for n in sys.modules if n.split(".")[0] == "slidingwindows"]:
            del sys.modules[name]
        importlib.invalidate_caches()
    _running["source"] = source
    return _events().on_config(config, _running["serving"])


def on_pre_build(config):
    """Prepare lessons and figures."""
    return _events().on_pre_build(config, _running["page"])


@event_priority(100)  # before mkdocs-jupyter, so that it sees the notebooks
def on_files(files, config):
    """What the site has besides docs/."""
    return _events().on_files(files, config)


@event_priority(-100)  # after all others, since a fork works with what they leave
def on_nav(nav, config, files):
    """All pages, before the first is rendered."""
    _running["ahead"] = _events().on_nav(config, files)
    return nav


def on_build_error(error):
    """A build that ends early."""
    _wait_for_ahead()


def on_env(env, config, files):
    """The theme's templates, before any page is written."""
    return _events().on_env(env, config, files)


def on_page_markdown(markdown, page, config, files):
    """Lessons' text, and figures on any page."""
    return _events().on_page_markdown(markdown, page, config, files)


def on_page_context(context, page, config, nav):
    """What others are told about a page."""
    return _events().on_page_context(context, page, config, nav)


def on_post_page(output, page, config):
    """The finished page."""
    return _events().on_post_page(output, page, config)


def on_post_build(config):
    """The finished site."""
    _wait_for_ahead()
    _running["rest"] = _events().on_post_build(config, _running["serving"])
