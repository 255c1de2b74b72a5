"""Serve a built site on loopback and open it in Chromium: for tests, benchmarks and PDFs."""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path

from ..core.errors import SlidingWindowsError

# The headless shell comes first: it opens a page in half the time of the full browser.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # a page makes more requests at once than the default queue of five

    def handle_error(self, request, client_address):
        """Ignore aborted connections: browsers abort downloads when they leave a page."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def served(folder: Path, port: int = 0):
    """Serve a folder at the address given, 'http://127.0.0.1:PORT/'; port 0 takes any free one."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with _Server(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextlib.contextmanager
def chromium():
    """A headless Chromium, through Playwright: the system's, else Playwright's.

    Raises SlidingWindowsError if Playwright is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise SlidingWindowsError("this needs Playwright: pip install playwright") from error
    own = next((path for name in NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=own, args=ARGUMENTS)
        yield browser
        browser.close()
