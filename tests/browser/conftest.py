"""The real site, built once for all processes of a run, read in a real Chromium over loopback."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from once import once
from playwright.sync_api import expect
from recording import OPENS_CURTAINS, VISITS, Tab, Visit
from site_pages import DESKTOP, PATIENCE, ROOT

from slidingwindows.site.browser import chromium

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def site(tmp_path_factory, site_at):
    """The site, built strictly for the address it is read at, as on a real host."""
    folder = Path(site_at["site_folder"])

    def build(_):
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
        environment = {**os.environ, "SITE_URL": site_at["site_address"]}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    once(tmp_path_factory, "site", build)
    return folder


@pytest.fixture(scope="session")
def address(site, site_at):
    """Where the site is read, once it is there."""
    return site_at["site_address"]


@pytest.fixture(scope="session")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def seen(tmp_path_factory, browser, site, address):
    """seen(path, profile) is what a visit recorded; who asks first makes it, all others read."""
    known, tab = {}, Tab(browser, address)

    def recorded(path, profile):
        visit = VISITS[profile]
        if (path, visit) not in known:
            name = f"visit-{visit}-{path.strip('/').replace('/', '-') or 'home'}"

            def make(folder):
                made = tab.record(path, visit, folder)
                (folder / "visit.json").write_text(json.dumps(made), "utf-8")

            folder = once(tmp_path_factory, name, make)
            known[path, visit] = json.loads((folder / "visit.json").read_text("utf-8"))
            for one in known[path, visit].values():
                one["folder"] = folder
        return known[path, visit][profile]

    yield recorded
    tab.close()


@pytest.fixture
def from_folder(browser, site):
    """from_folder(path) opens a page from disk; in the end no script of ours has failed."""
    page, faults = browser.new_page(viewport=DESKTOP), []
    page.set_default_timeout(PATIENCE)
    page.add_init_script(OPENS_CURTAINS)
    page.on("pageerror", lambda error: faults.append(f"{error} {error.stack}"))

    def go(path, fragment=""):
        page.goto((site / path / "index.html").as_uri() + fragment)
        return page

    yield go
    page.close()
    assert not [fault for fault in faults if "/assets/" in fault and "javascripts" not in fault]


@pytest.fixture
def visit(browser, address, site):
    """visit(viewport=..., color_scheme=...) opens a fresh page; all are closed in the end.

    curtains: whether answers are covered until they are asked for, as they are to a reader.
    """
    with contextlib.ExitStack() as stack:

        def start(curtains=False, **options):
            context = browser.new_context(**{"viewport": DESKTOP, **options})
            stack.callback(context.close)
            return Visit(context, address, curtains)

        yield start


@pytest.fixture(scope="module")
def living(browser, address, site):
    """living(path): one page that stays open for all tests of a file, as a reader's does.

    before(page) is called before it is opened.
    """
    with contextlib.ExitStack() as stack:
        pages = {}

        def opened(path, before=lambda page: None):
            if path not in pages:
                context = browser.new_context(viewport=DESKTOP)
                stack.callback(context.close)
                pages[path] = Visit(context, address)
                before(pages[path].page)
                pages[path].go(path)
            return pages[path]

        yield opened
