"""`mkdocs serve`: an edit in any of the watched folders is on the page soon, and builds once."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

QUIET = 3  # seconds without a build, after which there is no loop


class Server:
    """A running `mkdocs serve` and its words."""

    def __init__(self, project):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.words = project.root.parent / "serve.txt"
        environment = {
            **os.environ,
            "PYTHONPATH": str(project.root / "scripts"),
            "NO_MKDOCS_2_WARNING": "1",
            "SITE_URL": f"http://127.0.0.1:{self.port}/",
        }
        environment.pop("PYTHONPYCACHEPREFIX", None)  # as without make
        command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{self.port}"]
        with open(self.words, "w") as words:
            self.process = subprocess.Popen(
                command, cwd=project.root, env=environment, stdout=words, stderr=words
            )

    def builds(self):
        return self.words.read_text("utf-8").count("Documentation built in")

    def until(self, test, seconds=60):
        end = time.monotonic() + seconds
        while not test():
            assert self.process.poll() is None and time.monotonic() < end, self.words.read_text()
            time.sleep(0.05)

    def page(self, path):
        try:
            address = f"http://127.0.0.1:{self.port}/{path}"
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""


@pytest.fixture
def server(project):
    running = Server(project)
    try:
        running.until(lambda: running.builds() == 1)
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(20)


def test_each_edit_shows_once(project, server):
    edits = [
        (
            "lessons/alpha.py",
            "Words about",
            "Grave words about",
            "lessons/alpha/",
            "Grave words",
        ),
        ("lessons/beta.py", "sum(numbers)", "sum(numbers) + 40", "lessons/beta/", ">47"),
        ("docs/index.md", "# Tiny home", "# Small home", "", "Small home"),
        ("assets/site.css", ".sw-offscreen", ".sw-edited", "assets/site.css", ".sw-edited"),
        (
            "scripts/slidingwindows/embed.py",
            '<figure class="sw-figure"',
            '<figure class="sw-figure sw-new"',
            "lessons/alpha/",
            "sw-figure sw-new",
        ),
    ]
    for number, (path, old, new, page, shown) in enumerate(edits):
        project.edit(path, old, new)
        server.until(lambda page=page, shown=shown: shown in server.page(page))
        time.sleep(QUIET)
        assert server.builds() == number + 2, server.words.read_text()
    assert server.words.read_text("utf-8").count("executed in") == 1  # beta's, whose code changed


def test_a_failing_lesson_is_named_and_the_mended_one_comes(project, server):
    """In between the server waits, as MkDocs does after any error."""
    project.edit("lessons/beta.py", "sum(numbers)", "sum(nothing)")
    server.until(lambda: "NameError: name 'nothing' is not defined" in server.words.read_text())
    project.edit("lessons/beta.py", "sum(nothing)", "sum(numbers) + 1")
    server.until(lambda: ">8" in server.page("lessons/beta/"))
