"""`mkdocs serve`: an edit in any of the watched folders is on the page, and builds once."""

import html
import os
import re
import shutil
import signal
import time
import urllib.request

import psutil
import pytest
from tiny_project import HANGING, free_port

WATCHED = ("assets", "docs", "lessons", "scripts", "mkdocs.yml")


class Server:
    """A running `mkdocs serve` and its words."""

    def __init__(self, project):
        self.port = free_port()
        self.project = project
        self.said = project.root.parent / "serve.txt"
        with open(self.said, "w") as said:
            self.process = project.start(
                "mkdocs",
                "serve",
                "--dev-addr",
                f"127.0.0.1:{self.port}",
                stdout=said,
                # A shell's background jobs ignore Ctrl-C, and so would what they start.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                SITE_URL=f"http://127.0.0.1:{self.port}/",
            )

    def words(self):
        return self.said.read_text("utf-8")

    def builds(self):
        """How many have ended. MkDocs tells "Documentation built in 0.39 seconds" only once."""
        words = self.words()
        return words.count("Serving on ") + words.count("Reloading browsers")

    def until(self, test):
        end = time.monotonic() + HANGING
        while not test():
            assert self.process.poll() is None and time.monotonic() < end, self.words()
            time.sleep(0.1)

    def wait_until_it_watches(self):
        """Knock until a change is seen: before its observers' first look, edits go unnoticed."""
        while "Detected file changes" not in self.words():
            os.utime(self.project.root / "docs" / "index.md")
            for _ in range(100):
                if "Detected file changes" in self.words():
                    break
                time.sleep(0.1)
        self.until(lambda: self.builds() == 2)

    def page(self, path):
        try:
            address = f"http://127.0.0.1:{self.port}/{path}"
            with urllib.request.urlopen(address, timeout=HANGING) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def edit(self, path, old, new):
        """Change a file by one write, so that the server never sees half of it."""
        text = self.project.read(path)
        assert text.count(old) == 1 and len(new) >= len(old)
        with open(self.project.root / path, "r+b", buffering=0) as file:
            file.write(text.replace(old, new).encode())

    def watched(self):
        """When each watched file was written; what Python compiles beside them is not watched."""
        tops = [self.project.root / name for name in WATCHED]
        paths = [path for top in tops for path in ([top] if top.is_file() else top.rglob("*"))]
        paths = [path for path in paths if "__pycache__" not in path.parts]
        return {path: path.stat().st_mtime_ns for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def server(built, tmp_path_factory):
    running = Server(built.copy(tmp_path_factory.mktemp("serve") / "project"))
    try:
        running.until(lambda: running.builds() == 1)
        running.wait_until_it_watches()
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(HANGING)


def test_each_edit_shows_and_builds_once(server):
    """A build writes nothing that is watched, which would make the server build for ever."""
    edits = [
        ("lessons/alpha.py", "Words about", "Grave words about", "lessons/alpha/", "Grave words"),
        ("lessons/beta.py", "sum(numbers)", "sum(numbers) + 40", "lessons/beta/", ">47"),
        ("docs/index.md", "# Tiny home", "# Small home", "", "Small home"),
        ("assets/site.css", ".sw-offscreen", ".sw-offscreen-edited", "assets/site.css", "-edited"),
        ("assets/ui/player.js", "Step forward", "Step onwards", "assets/site.js", "Step onwards"),
        (
            "scripts/slidingwindows/site/embed.py",
            '<figure class="sw-figure"',
            '<figure class="sw-figure sw-new"',
            "lessons/alpha/",
            "sw-figure sw-new",
        ),
    ]
    begun, executed = server.builds(), server.words().count("executed in")
    for number, (path, old, new, page, shown) in enumerate(edits, 1):
        server.edit(path, old, new)
        before = server.watched()
        server.until(lambda page=page, shown=shown: shown in server.page(page))
        assert server.watched() == before
        server.until(lambda number=number: server.builds() - begun >= number)
        assert server.builds() - begun == number, server.words()
    assert server.words().count("Detected file changes") == server.builds() - 1
    assert server.words().count("executed in") - executed == 1  # beta's, whose code changed


def test_what_a_page_shows_is_drawn_first(server, tmp_path):
    """After an edit of how figures are drawn: in one build the page's own, in the next all."""
    assert "tiny-pool" in server.page("lessons/alpha/")
    begun, said = server.builds(), len(server.words())
    style = "scripts/slidingwindows/drawing/style.py"
    server.edit(style, '"#1257a8"', '"#a1b2c3"')
    server.until(lambda: server.builds() - begun == 2)
    first, then = server.words()[said:].split("Reloading browsers", 1)
    assert re.search(r"^figure +tiny-pool +stale +\S+ \d+ kB", first, re.M)
    assert re.search(r"^figure +tiny-plot +stale +waits", first, re.M)
    assert "lessons and figures are fresh" in then and "executed in" not in first + then
    clean = server.project.copy(tmp_path / "clean")
    shutil.rmtree(clean.cache / "figures")
    assert set(clean.prepare().values()) == {"fresh", "missing"}
    for folder in (".cache/figures", ".cache/notebooks", ".cache/pages"):
        assert server.project.kept(folder) == clean.kept(folder)


BROKEN = "This lesson does not run yet"


def test_a_broken_lesson_says_so_on_its_page_and_all_others_go_on(server):
    server.edit("lessons/beta.py", "sum(numbers)", "sum(nothing) ")
    server.until(lambda: BROKEN in server.page("lessons/beta/"))
    lines = server.project.read("lessons/beta.py").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "sum(nothing)" in text)
    page = re.sub("<.*?>", "", server.page("lessons/beta/"))
    told = f"lessons/beta.py, code cell 4, line {line}: NameError: name 'nothing' is not defined"
    assert told in html.unescape(page) and told in server.words()
    assert f"&gt; {line:>4}  {lines[line - 1].rstrip()}" in page, "the line itself"
    # Another lesson is edited meanwhile; its page comes, and the broken one stays as it is.
    server.edit("lessons/alpha.py", "[way to beta]", "[long way to beta]")
    server.until(lambda: "long way" in server.page("lessons/alpha/"))
    assert told in html.unescape(re.sub("<.*?>", "", server.page("lessons/beta/")))
    again = re.findall(r"^lesson +beta +stale +FAILED(.*)$", server.words(), re.M)
    assert again == ["", ", and has not changed"], "it was not run for the other one"
    server.edit("lessons/beta.py", "sum(nothing) ", "sum(numbers, 100)")
    server.until(lambda: re.search(">1[04]7", server.page("lessons/beta/")))
    assert BROKEN not in server.page("lessons/beta/")


def test_what_kills_processes_is_told_and_the_next_edit_shows(server):
    """A lesson's own, with others waiting behind it, and then the one that all are forked from."""
    server.edit("lessons/beta.py", "sum(numbers", "os._exit(0); sum(numbers")
    server.until(lambda: BROKEN in server.page("lessons/beta/"))
    assert re.search(r"code cell 4, line \d+: the kernel died", server.page("lessons/beta/"))
    (forks,) = forking(server)
    forks.kill()
    server.edit("lessons/beta.py", "os._exit(0); sum(numbers", "90000000000000 + sum(numbers")
    server.until(lambda: re.search(r">90000000000\d+", server.page("lessons/beta/")))
    assert BROKEN not in server.page("lessons/beta/")
    assert len(forking(server)) == 1 and forks not in forking(server)
    assert "Traceback" not in server.words()


def forking(server):
    """The processes that have imported torch."""
    children = psutil.Process(server.process.pid).children()
    return [c for c in children if "slidingwindows.course.forking" in c.cmdline()]


def test_a_lesson_that_cannot_be_read_says_so_on_its_page(server):
    good = server.project.read("lessons/beta.py")
    server.edit("lessons/beta.py", "# %% [markdown]", "#%% [markdown] ")
    server.until(lambda: BROKEN in server.page("lessons/beta/"))
    assert "a cell begins with" in server.page("lessons/beta/")
    assert BROKEN not in server.page("lessons/alpha/") and server.page("")
    (server.project.root / "lessons" / "beta.py").write_text(good)
    server.until(lambda: BROKEN not in server.page("lessons/beta/"))


def test_one_process_waits_for_lessons_from_edit_to_edit(server):
    """It has imported torch, so that no edit waits for that again."""
    found = []
    # Products so long that no digest in the page has one by chance.
    for before, after, shown in (
        (" 7", " 7000007", "42000042"),
        (" 7000007", " 9000009", "54000054"),
    ):
        server.edit("lessons/alpha.py", f" 6 *{before}", f" 6 *{after}")
        server.until(lambda shown=shown: shown in server.page("lessons/alpha/"))
        found.append(forking(server))
    assert found[0] == found[1] and len(found[0]) == 1
    assert server.words().count("lessons/alpha.py runs from code cell 5 on") == 1, server.words()


# Faults that MkDocs would stop for, and let every reader wait.

SAYS_SO = re.compile(f"{BROKEN}|This page cannot be shown yet")
SCRIPT = "<script>alert(8)</script>"
SHOWS_SCRIPT = f"from IPython.display import Markdown\n\ndisplay(Markdown('{SCRIPT}'))\nsum(numbers"


def words_of(page):
    return html.unescape(re.sub("<.*?>", "", page))


def test_two_lessons_with_a_figure_of_one_name_both_say_so(server):
    server.edit("lessons/beta.py", '"tiny-plot"', '"tiny-pool"')
    for name, other in (("alpha", "beta"), ("beta", "alpha")):
        server.until(lambda name=name: BROKEN in server.page(f"lessons/{name}/"))
        told = words_of(server.page(f"lessons/{name}/"))
        assert f"lessons/{name}.py, code cell " in told
        assert f": a figure is called 'tiny-pool', as is one at lessons/{other}.py, code" in told
    assert "square.png" in server.page("")
    server.edit("lessons/beta.py", '"tiny-pool"', '"tiny-plot"')
    for name in ("alpha", "beta"):
        server.until(lambda name=name: BROKEN not in server.page(f"lessons/{name}/"))
        assert "sw-figure" in server.page(f"lessons/{name}/")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("lessons/beta.py", "# Words of beta.", f"# {SCRIPT}", "line {}: a page may not"),
        ("lessons/beta.py", "sum(numbers", SHOWS_SCRIPT, "code cell 4, line "),
        (
            "docs/index.md",
            "![A square]",
            f"{SCRIPT}\n\n![A square]",
            "line {}: a page may not",
        ),
        ("docs/index.md", "![A square]", "$x^2^3$\n\n![A square]", "x^2^3"),
    ],
)
def test_a_page_that_is_refused_says_so_and_the_others_go_on(server, file, old, new, told):
    page = "lessons/beta/" if "beta" in file else ""
    good, said = server.project.read(file), len(server.words())
    server.edit(file, old, new)
    server.until(lambda: SAYS_SO.search(server.page(page)))
    shown = server.page(page)
    lines = server.project.read(file).splitlines()
    line = next(n for n, text in enumerate(lines, 1) if new.splitlines()[0] in text)
    assert told.format(line) in words_of(shown) and told.format(line) in server.words()[said:]
    assert SCRIPT not in shown and "Traceback" not in server.words()[said:]
    # Another page is edited meanwhile, and comes; this one stays as it is.
    edits = server.project.read("lessons/alpha.py").count("really")
    server.edit("lessons/alpha.py", "**bold**", "**bold** really")
    server.until(lambda: server.page("lessons/alpha/").count("really") == edits + 1)
    assert SAYS_SO.search(server.page(page))
    (server.project.root / file).write_text(good)
    server.until(lambda: not SAYS_SO.search(server.page(page)))
    assert SCRIPT not in server.page(page) and "<article" in server.page(page)


def test_a_good_lesson_replaced_by_one_of_another_format_that_fails_says_so(server):
    """Its notebook is that of the script, but the script is gone."""
    good, folder = server.project.read("lessons/beta.py"), server.project.root / "lessons"
    server.until(lambda: BROKEN not in server.page("lessons/beta/"))
    text = "---\ntitle: Beta\ndescription: B.\n---\n\n# Beta\n\n```{code-cell}\n1 / 0\n```\n"
    (folder / "beta.md").write_text(text)
    (folder / "beta.py").unlink()
    told = "lessons/beta.md, code cell 1, line 9: ZeroDivisionError: division by zero"
    server.until(lambda: told in words_of(server.page("lessons/beta/")))
    assert "sw-figure" in server.page("lessons/alpha/") and "Traceback" not in server.words()
    (folder / "beta.py").write_text(good)
    (folder / "beta.md").unlink()
    server.until(lambda: "sw-figure" in server.page("lessons/beta/"))


FAULTS = [  # a file, what is edited, a fault, its mending, and what is said
    ("mkdocs.yml", "dir: site", "dir: site: x", "dir: site # x", "mapping values are not allowed"),
    ("mkdocs.yml", "- search\n", "- unknown\n", "- search \n", 'The "unknown" plugin is not'),
    ("scripts/slidingwindows/site/embed.py", "MARK = ", "MARK = =", "MARK  = ", "invalid syntax"),
    (
        "scripts/slidingwindows/tracing/pooling.py",
        "import math\n",
        "import math =\n",
        "import math  \n",
        "invalid syntax",
    ),
    ("assets/ui/player.js", "forward = b", "forward = = b", "forward  =  b", 'Unexpected "="'),
    ("assets/theme/main.html", "{% extends", "{% ixtends", "{% extends", "unknown tag 'ixtends'"),
]


@pytest.mark.parametrize(("file", "good", "bad", "mended", "what"), FAULTS)
def test_what_concerns_all_pages_is_told_and_they_stay(server, file, good, bad, mended, what):
    begun, said = server.builds(), len(server.words())
    server.edit(file, good, bad)
    server.until(lambda: server.builds() > begun)
    told = [line for line in server.words()[said:].splitlines() if what in line]
    assert len(told) == 1 and "Traceback" not in server.words()[said:], server.words()[said:]
    if "plugin" not in what:
        lines = server.project.read(file).splitlines()
        line = next(n for n, text in enumerate(lines, 1) if bad.strip() in text)
        assert re.search(rf"{file.rpartition('/')[2]}(, line |:){line}:", server.words()[said:])
    for page in ("", "lessons/alpha/", "lessons/beta/"):
        assert "sw-figure" in server.page(page)
    os.utime(server.project.root / "docs" / "index.md")  # it is told after each edit
    server.until(lambda: server.builds() > begun + 1)
    assert server.words()[said:].count(what) == 2, server.words()[said:]
    server.edit(file, bad, mended)
    server.until(lambda: server.builds() > begun + 2)
    assert server.words()[said:].count("served as it was before") == 2, server.words()[said:]
    assert "sw-figure" in server.page("lessons/alpha/")
