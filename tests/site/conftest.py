"""The real site, built once, read in a real Chromium over loopback."""

import contextlib
import os
import socket
import subprocess
import sys
from urllib.parse import urljoin

import pytest
from site_pages import DESKTOP, ROOT, until

from slidingwindows.chromium import chromium, served

@pytest.fixture(scope="session")
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def site(tmp_path_factory, port):
    """The site, built strictly for the address it is read at, as on a real host."""
    folder = tmp_path_factory.mktemp("real") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "SITE_URL": f"http://127.0.0.1:{port}/"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def address(site, port):
    with served(site, port) as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    with chromium() as found:
        yield found


class Visit:
    """A page with a log of what it asked for and complained about."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.requests, self.problems = [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._console)
        page.on("requestfailed", self._failed)

    def _console(self, message):
        if message.type == "error":
            self.problems.append(message.text)

    def _failed(self, request):
        # Leaving a page, or pausing a figure, ends downloads that are under way.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.problems.append(f"{request.url}: {request.failure}")

    def go(self, path=""):
        self.page.goto(urljoin(self.address, path))
        return self.page

    def mark(self):
        """Leave a mark that only a new document would not have; links now load none.

        Material lets links load a page anew until it has read the sitemap.
        """
        read = "performance.getEntriesByType('resource').some(e => /sitemap.xml$/.test(e.name))"
        until(self.page, read)
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("window.untouched = true")

    def marked(self):
        return self.page.evaluate("window.untouched") is True

    def scroll_through(self):
        height = self.page.evaluate("document.documentElement.scrollHeight")
        for y in range(0, height, 500):
            self.page.evaluate(f"scrollTo(0, {y})")
            self.page.wait_for_timeout(25)
        self.page.wait_for_load_state("networkidle")


@pytest.fixture
def from_folder(browser, site):
    """from_folder(path) opens a page from disk; in the end no script of ours has failed."""
    page, faults = browser.new_page(viewport=DESKTOP), []
    page.on("pageerror", lambda error: faults.append(f"{error} {error.stack}"))

    def go(path, fragment=""):
        page.goto((site / path / "index.html").as_uri() + fragment)
        return page

    yield go
    page.close()
    assert not [fault for fault in faults if "/assets/" in fault and "javascripts" not in fault]


@pytest.fixture
def visit(browser, address):
    """visit(viewport=..., color_scheme=...) opens a fresh page; all are closed in the end."""
    with contextlib.ExitStack() as stack:

        def start(**options):
            context = browser.new_context(**{"viewport": DESKTOP, **options})
            stack.callback(context.close)
            return Visit(context.new_page(), address)

        yield start
