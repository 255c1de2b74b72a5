"""A built site read in a real Chromium over loopback: for tests, benches and PDFs."""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path

from ..core.errors import SlidingWindowsError

# The shell without windows comes first: it opens a page in half the time of the whole browser.
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
    request_queue_size = 128  # a page asks for more at once than the five that usually may wait

    def handle_error(self, request, client_address):
        """Browsers abort the downloads of a page that they leave."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def served(folder: Path, port: int = 0):
    """The address of a folder, 'http://127.0.0.1:PORT/', while it is served; port 0: any free."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with _Server(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextlib.contextmanager
def chromium():
    """A headless Chromium, through Playwright: the machine's own, else Playwright's.

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
