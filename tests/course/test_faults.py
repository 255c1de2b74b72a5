"""What goes wrong is named, and what stood before stays."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from tiny_project import HANGING, Project, lesson

from slidingwindows import SlidingWindowsError
from slidingwindows.course import (
    execution,
    landlock,
    lessons,
    pages,
    prepare,
    printed,
    settings,
    warm,
)
from slidingwindows.course.figure_data import figures_of
from slidingwindows.lesson import MIME, plot
from slidingwindows.site import build as site

ONE_LINE = "x = 1"


def refused(done):
    """The message of a build that failed without a traceback of ours."""
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def line_of(text, needle):
    return next(n for n, line in enumerate(text.splitlines(), 1) if needle in line)


# One build of lessons that all fail, each in its own way. '# here' marks the line to be named.

HELPER = "def helper(n):\n    return 1 / n"
CHAIN = """\
try:
    1 / 0
except ZeroDivisionError as error:
    raise OSError('told') from error  # here"""
SECOND_ERROR = "try:\n    helper(0)\nexcept ZeroDivisionError:\n    [][1]  # here"
BROKEN = {
    "raises": (ONE_LINE, "y = 2\n\nraise ValueError('boom')  # here", "z = 3"),
    "raises-below": (HELPER, "# A comment.\n\n\nhelper(1)\nhelper(0)  # here"),
    "raises-from": (ONE_LINE, CHAIN),
    "raises-during": (HELPER, SECOND_ERROR),
    "raises-after-output": ("print('Cell In[9], line 7')\nprint(1 / 0)  # here",),
    "raises-in-lines": ("total = sum(\n    [\n        1,\n        undefined,  # here\n    ]\n)",),
    "says-nothing": (ONE_LINE, "raise AssertionError  # here"),
    "stops-itself": (ONE_LINE, "raise SystemExit(3)  # here"),
    "bad-syntax": (ONE_LINE, "y = 2\nz = = 3  # here"),
    "bad-bracket": (ONE_LINE, "\n\ny = 2\nz = [3\na = 4)  # here"),
    "bad-figure-name": (
        "from slidingwindows.lesson import Figure",
        "Figure('plot', 'Not A Name', '')  # here",
    ),
    "no-words": (
        "from slidingwindows.lesson import plot",
        "plot(print, 'silent', alt=' ')  # here",
    ),
    "dies": (ONE_LINE, "import os  # here\n\nos._exit(1)", "z = 3"),
    "dies-at-once": ("import os; os._exit(1)  # here", "z = 3"),
    "chatters": (ONE_LINE, "print('x' * 20_001)  # here"),
    "large-value": (ONE_LINE, "'x' * 20_001  # here"),
    "large-html": (
        "from IPython.display import HTML",
        "HTML('x' * 20_001)  # here",
    ),
    "many-values": (ONE_LINE, "for _ in range(9):  # here\n    display('x' * 3000)"),
    "object": (ONE_LINE, "object()  # here"),
    "path": ("import os", "os.getcwd()  # here"),
    "chatters-in-lines": (ONE_LINE, "for _ in range(4500):  # here\n    print('1234')"),
    "blank-lines": (ONE_LINE, "\n\n\nx = 2\n\nx / 0  # here"),
    "writes-outside": ("from pathlib import Path", "Path('../../../evil').write_text('x')  # here"),
    "writes-into-the-site": (
        "import os",
        "folder = os.environ['SLIDINGWINDOWS_LESSONS']\nopen(f'{folder}/evil', 'a')  # here",
    ),
    "removes-another": (
        "import os",
        "os.remove(os.environ['SLIDINGWINDOWS_LESSONS'] + '/good.py')  # here",
    ),
}
IN_LESSONS = "os.environ['SLIDINGWINDOWS_LESSONS'] + '/evil'"
GOOD = "os.environ['SLIDINGWINDOWS_LESSONS'] + '/good.py'"
BROKEN |= {
    "leaves-a-picture": (
        "import matplotlib.pyplot as plt",
        "plt.plot([1, 2]);  # here",
    ),
    "exits": (ONE_LINE, "exit()  # here"),
    "changes-a-mode": ("import os", f"os.chmod({GOOD}, 0o600)  # here"),
    "changes-times": ("import os", f"os.utime({GOOD}, (1, 1))  # here"),
    "changes-an-open-file": (
        "import os",
        "open('own', 'w').close()\nos.chmod('own', 0o600)\nos.utime('own')",
        f"file = open({GOOD})\nos.fchmod(file.fileno(), 0o600)  # here",
    ),
    "database": ("import os, sqlite3", f"sqlite3.connect({IN_LESSONS})  # here"),
}
if landlock.version():  # what Python does not see
    BROKEN |= {
        "saves-outside": ("import os, torch", f"torch.save(torch.ones(1), {IN_LESSONS})  # here"),
        "program": (
            "import os, subprocess",
            "open('good', 'w').close()",
            f"subprocess.run(['cp', 'good', {IN_LESSONS}], check=True)  # here",
        ),
    }
SAID = {
    "leaves-a-picture": "a picture of matplotlib without alt text; use slidingwindows.lesson.plot",
    "changes-a-mode": "PermissionError: a lesson may write only into its own folder, not /",
    "changes-times": "PermissionError: a lesson may write only into its own folder, not /",
    "changes-an-open-file": "PermissionError: a lesson may write only into its own folder, not /",
    "exits": "RuntimeError: a lesson runs to its end",
    "database": "PermissionError: a lesson may write only into its own folder, not /",
    "saves-outside": "Permission denied",
    "program": "CalledProcessError: Command",
    "raises": "ValueError: boom",
    "raises-below": "ZeroDivisionError: division by zero",
    "raises-from": "OSError: told",
    "raises-during": "IndexError: list index out of range",
    "raises-after-output": "ZeroDivisionError: division by zero",
    "says-nothing": "AssertionError",
    "stops-itself": "SystemExit: 3 (a lesson runs to its end: its cells may not exit)",
    "raises-in-lines": "NameError: name 'undefined' is not defined",
    "bad-syntax": "SyntaxError: invalid syntax",
    "bad-bracket": "does not match opening parenthesis '[' on line 16",
    "bad-figure-name": "lowercase letters, digits and hyphens, not 'Not A Name'",
    "no-words": "plot 'silent' needs an alt text",
    "dies": ": the kernel died",
    "dies-at-once": "the kernel died",
    "chatters": "prints 20,002 characters; at most 20,000",
    "large-value": "shows values of 20,003 characters (text/plain); at most 20,000",
    "large-html": "(text/html); at most 20,000",
    "many-values": "shows values of 27,018 characters (text/plain); at most 20,000",
    "object": "an output shows an address in memory",
    "path": "an output shows a path of this machine",
    "chatters-in-lines": "prints 22,500 characters; at most 20,000",
    "blank-lines": "ZeroDivisionError: division by zero",
    "writes-outside": "PermissionError: a lesson may write only into its own folder, not /",
    "writes-into-the-site": "PermissionError: a lesson may write only into its own folder, not /",
    "removes-another": "PermissionError: a lesson may write only into its own folder, not /",
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A project whose lessons all fail but one, after a build that found it out."""
    texts = {name: lesson(name.title(), *cells) for name, cells in BROKEN.items()}
    texts["good"] = lesson("Good", ONE_LINE)
    project = Project.create(tmp_path_factory.mktemp("failed") / "project", texts)
    project.message = refused(project.build())
    return project


@pytest.mark.parametrize("name", BROKEN)
def test_each_failure_names_lesson_cell_and_line(failed, name):
    cell = next(n for n, source in enumerate(BROKEN[name], 1) if "# here" in source)
    line = line_of(failed.read(f"lessons/{name}.py"), "# here")
    where = re.escape(f"lessons/{name}.py, code cell {cell}, line {line}")
    assert re.search(rf"^(error: )?{where}\b.*{re.escape(SAID[name])}", failed.message, re.M), (
        failed.message
    )


def test_all_failures_come_in_one_message(failed):
    message = failed.message[failed.message.index("error: ") :]
    assert len(re.findall(r"\berror: ", message)) == 1
    assert len(re.findall(r"^(?:error: )?lessons/", message, re.M)) == len(BROKEN)
    assert "\x1b[" not in message
    said = [line for line in message.strip().splitlines() if line.startswith("    | ")]
    assert len(message.strip().splitlines()) == len(BROKEN) + len(said)


def test_cells_that_do_not_end_are_named(tmp_path):
    """They come first, for under a limit so short others may be too slow on a busy machine."""
    endless = lesson("Endless", "while True:  # here\n    pass", "z = 3")
    sleeps = lesson("Sleeps", "import time; time.sleep(3600)  # here")
    project = Project.create(tmp_path / "project", {"endless": endless, "sleeps": sleeps})
    message = refused(project.build(SLIDINGWINDOWS_TIMEOUT="2"))
    for name, text in (("endless", endless), ("sleeps", sleeps)):
        where = f"lessons/{name}.py, code cell 1, line {line_of(text, '# here')}"
        assert re.search(
            rf"^(error: )?{where}\b.*did not end within 2 seconds.*SLIDINGWINDOWS_TIMEOUT",
            message,
            re.M,
        )
    assert not project.leftovers() and not project.site.exists()
    assert not project.kept(".cache/executed")


def test_the_last_lines_of_output_stand_below(failed):
    assert "division by zero\n    | Cell In[9], line 7\n" in failed.message
    assert f"at most 20,000\n    | {'x' * 160}\n" in failed.message  # one long line, cut off
    assert "at most 20,000\n    | 1234\n    | 1234\n    | 1234\n" in failed.message


def test_nothing_is_told_in_terms_of_the_shell(failed):
    """Neither its names for cells, such as '(418525796.py, line 2)', nor its advice on exit()."""
    assert "SyntaxError: invalid syntax\n" in failed.message
    for sign in ("To exit", "IPython", "site-packages", "ipykernel"):
        assert sign not in failed.message
    assert not re.search(r"\d\.py", failed.message)


def test_report_marks_each_failure(failed):
    states = dict(re.findall(r"^lesson +(\S+) +missing +(\w+)", failed.message, re.M))
    assert states == {**dict.fromkeys(BROKEN, "FAILED"), "good": "executed"}


def test_failures_leave_nothing_half_done(failed):
    assert not failed.leftovers()
    of_no_lesson = ("script/", "play/")  # scripts are bundled while lessons run
    kept = {name for name in failed.kept() if not name.startswith(("executed/good", *of_no_lesson))}
    assert not kept, "a failed lesson was cached"
    assert not list(failed.root.parent.rglob("evil"))
    good = (failed.root / "lessons" / "good.py").stat()
    assert good.st_mode & 0o777 != 0o600 and good.st_mtime > 1
    assert not failed.site.exists()


def test_good_lesson_beside_failing_ones_is_kept(failed, tmp_path):
    project = failed.copy(tmp_path / "project")
    for name in BROKEN:
        (project.root / "lessons" / f"{name}.py").unlink()
    assert project.prepare() == {"lesson good": "fresh"}


def test_a_cell_that_raises_is_refused_by_every_command_and_keeps_the_last_site(project):
    """With plain mkdocs-jupyter a failing cell is published, and the build exits 0."""
    before = project.kept("site"), project.kept()
    text = project.read("lessons/beta.py")
    project.edit("lessons/beta.py", "sum(numbers)", "sum(numbers) / 0")
    line = line_of(project.read("lessons/beta.py"), "/ 0")
    for command in (
        ["mkdocs", "build"],  # not strictly, which would refuse more
        ["slidingwindows", "site"],
    ):
        message = refused(project.run(*command))
        assert f"lessons/beta.py, code cell 4, line {line}: ZeroDivisionError" in message
        assert (project.kept("site"), project.kept()) == before, command
        assert not project.leftovers()
    project.write("lessons/beta.py", text)
    assert set(project.prepare().values()) == {"fresh"}


# What only MkDocs notices.

DEAD_ENDS = {
    "[a way](nowhere.ipynb)": "nowhere.ipynb",
    "[a part](alpha.ipynb#no-such-part)": "no-such-part",
    "[here](#nor-here)": "nor-here",
    "[absolute](/lessons/alpha/)": "/lessons/alpha/",
}


def test_every_dead_end_is_named_and_keeps_the_last_site(project):
    """Each is a warning of its own; that one is enough says the next test."""
    before = project.kept("site")
    words = "Words of beta."
    project.edit("lessons/beta.py", words, words + "\n# ".join(["", *DEAD_ENDS]))
    project.nav(["alpha"])
    message = refused(project.build())
    warnings = [line for line in message.splitlines() if line.startswith("WARNING")]
    assert re.search(r"^WARNING .* not included in the \"nav\".*\n +- lessons/beta", message, re.M)
    assert "add this line to mkdocs.yml, below line" in message
    assert message.count("\n      - lessons/beta.ipynb\n") == 1
    for named in DEAD_ENDS.values():
        found = [line for line in warnings if named in line]
        assert len(found) == 1 and "lessons/beta.ipynb" in found[0], f"{named}: {message}"
    assert project.kept("site") == before
    assert not project.leftovers()


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("[a way](nowhere.ipynb)", "nowhere.ipynb"),
        ("$x^2^3$", "x^2^3"),
        ("\n#\n# <!-- figure unknown-figure -->", "'unknown-figure'; there are: tiny-p"),
    ],
)
def test_one_fault_is_enough_to_refuse(project, broken, named):
    project.edit("lessons/beta.py", "Words of beta.", f"Words. {broken}")
    message = refused(project.run("slidingwindows.site.mkdocs", "build", "--strict"))
    assert named in message and "lessons/beta." in message


# Lesson files that cannot be read.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must begin with a '# ---' header"),
        ("# %%\nx = 1\n", "must begin with a '# ---' header"),
        ("# ---\n# title: T\n\n# %%\nx = 1\n", "must begin with a '# ---' header"),
        ("# ---\n# title: T\n# ---\n\n# %%\nx = 1\n", "needs a description"),
        ("# ---\n# description: D\n# ---\n\n# %%\nx = 1\n", "needs a title"),
        ("# ---\n# title: 7\n# description: D\n# ---\n", 'put it in quotes: title: "7"'),
        ("# ---\n# title: ' '\n# description: D\n# ---\n", "needs a title"),
        ("# ---\n# just words\n# ---\n", "needs a title"),
        ("# ---\n# title: [\n# ---\n\n# %%\nx = 1\n", "the header is not YAML"),
        (
            "# ---\n# title: T\n# description: D\n# ---\n\nx = 1\n\n# %%\ny = 2\n",
            "before the first",
        ),
        (b"# ---\n# title: \xff\n", "cannot be read"),
    ],
)
def test_bad_lesson_file_is_named(tmp_path, text, words):
    (tmp_path / "gamma.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SlidingWindowsError, match=r"^lessons/gamma\.py") as caught:
        lessons.find(tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["Max_Pooling", "max pooling", "max--pooling", "-max", "größe"])
def test_lesson_name_is_its_address(tmp_path, name):
    (tmp_path / f"{name}.py").write_text(lesson("Name", ONE_LINE))
    with pytest.raises(
        SlidingWindowsError, match="lowercase letters, digits and hyphens"
    ) as caught:
        lessons.find(tmp_path)
    assert str(caught.value).startswith(f"lessons/{name}.py: ")


def test_unknown_lesson_names_those_there_are(project):
    message = refused(project.run("slidingwindows", "figures", "gamma"))
    assert "there is no lesson 'gamma'" in message and "there are: alpha, beta" in message


def test_bad_lesson_file_stops_a_build_with_one_message(project):
    project.write("lessons/beta.py", "x = 1\n")
    assert refused(project.build()).startswith("error: lessons/beta.py must begin with")


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    """Blank lines after a marker, tags, long cells: every cell knows its first line of code."""
    text = lesson("Lines", "\n\n\na = 1", "b = 2\n\n\nc = 3", "d = 4").replace(
        "# %%\nd", '# %% tags=["hide"]\n\nd'
    )
    (tmp_path / "lines.py").write_text(text)
    for cell in lessons.read(tmp_path / "lines.py").code:
        assert text.splitlines()[cell.line - 1] == cell.source.strip().splitlines()[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\n", "a\nb\n"),
        ("1%\r50%\rall\n", "all\n"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "b"),
        ("", ""),
    ],
)
def test_carriage_returns_begin_a_line_again(text, shown):
    assert printed.shown(text) == shown


def test_prints_stay_where_they_were_printed():
    """One output for prints in a row, however their text was cut; figures in between stay there."""

    def stream(text, name="stdout"):
        return {"output_type": "stream", "name": name, "text": text}

    figure = {"output_type": "display_data", "data": {}}
    cut = [stream("a"), stream("b\n", "stderr"), stream("c\n"), figure, stream("d"), stream("e")]
    assert list(printed.whole(cut)) == [
        stream("ac\n"),
        stream("b\n", "stderr"),
        figure,
        stream("de"),
    ]


# Figures that cannot be shown.


def outputs_of(*bundles):
    return [[{"output_type": "execute_result", "data": bundle}] for bundle in bundles]


@pytest.fixture
def two(tmp_path):
    """A lesson of two code cells."""
    (tmp_path / "gamma.py").write_text(lesson("Gamma", "a = 1", "b = 2"))
    return lessons.read(tmp_path / "gamma.py")


def test_two_figures_of_one_name_are_refused(tmp_path, two):
    (tmp_path / "delta.py").write_text(lesson("Delta", "a = 1"))
    delta = lessons.read(tmp_path / "delta.py")
    twin = {MIME: {"name": "twin"}}
    with pytest.raises(SlidingWindowsError, match=r"^lessons/delta.py.*'twin'.*/gamma.py, c"):
        figures_of([two, delta], {"gamma": outputs_of(twin, {}), "delta": outputs_of(twin)})
    with pytest.raises(SlidingWindowsError, match=r"^lessons/gamma.py.*'twin'.*/gamma.py, c"):
        figures_of([two], {"gamma": outputs_of(twin, twin)})


def test_two_figures_of_one_name_stop_a_build(tmp_path):
    imports = "from slidingwindows.lesson import Figure"
    show = "Figure('plot', 'twin', '')"
    project = Project.create(tmp_path / "project", {"gamma": lesson("G", imports, show, show)})
    said = "code cell 3, line 16: a figure is called 'twin', as is one at lessons/gamma.py, code"
    assert f"error: lessons/gamma.py, {said}" in refused(project.build())


def test_picture_without_words_is_refused(two):
    picture = {"image/png": "aaaa", "text/plain": "<Figure>"}
    with pytest.raises(SlidingWindowsError, match="code cell 2, line 13: .* without alt text"):
        pages.markdown(two, outputs_of({"text/plain": "1"}, picture))


@pytest.mark.parametrize("alt", ["", " \n"])
def test_plot_asks_for_words(alt):
    with pytest.raises(SlidingWindowsError, match="'silent' needs an alt text"):
        plot(lambda figure: None, "silent", alt)


BY_HAND = """class ByHand:
    def __init__(self, name):
        self.data = {"kind": "trace", "name": name, "caption": "", "trace": {"steps": 5}}

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"application/vnd.slidingwindows.figure+json": self.data, "text/plain": "figure"}"""


@pytest.mark.parametrize("forks", [True, False], ids=["in a fork", "here"])
def test_figures_that_cannot_be_drawn_are_all_named(tmp_path, monkeypatch, forks):
    """And the others are drawn."""
    monkeypatch.setattr(warm, "POSSIBLE", forks)
    (tmp_path / "lessons").mkdir()
    good = "from slidingwindows.lesson import plot\nplot(lambda figure: None, 'good', 'Nothing.')"
    text = lesson("Gamma", BY_HAND, "ByHand('one')", "ByHand('two')", good)
    (tmp_path / "lessons" / "gamma.py").write_text(text)
    told = []
    with pytest.raises(SlidingWindowsError) as caught:
        prepare.prepare(tmp_path, report=told.append)
    lines = str(caught.value).splitlines()
    for number, (line, name) in enumerate(zip(lines, ("one", "two"), strict=True), 2):
        where = f"lessons/gamma.py, code cell {number}, line {line_of(text, f'ByHand({name!r})')}"
        assert line.startswith(f"{where}: figure {name!r} cannot be drawn: ")
        assert f"figure  {name:<34} missing  FAILED" in told
    assert [path.name for path in (tmp_path / ".cache" / "figures").glob("*.made")] == ["good.made"]
    assert not (tmp_path / ".cache" / "prepared.json").exists()


# The machine and its user.


@pytest.mark.parametrize("command", [("slidingwindows", "site"), ("mkdocs", "build")])
def test_cache_that_cannot_be_written_is_one_message(tmp_path, command):
    project = Project.create(tmp_path / "project", {"gamma": lesson("Gamma", ONE_LINE)})
    # It comes with the script's bundles, if a build has left any that can be lent.
    shutil.rmtree(project.root / ".cache", ignore_errors=True)
    (project.root / ".cache").write_text("in the way")
    message = refused(project.run(*command))
    assert message.count(".cache cannot be written") == 1
    if command[0] == "slidingwindows":
        assert len(message.strip().splitlines()) == 1
    assert not project.site.exists()


def test_part_of_the_cache_that_cannot_be_written_is_one_message(project):
    project.edit("lessons/beta.py", "Words of beta.", "Other words.")
    page = project.cache / "pages" / "beta.md"
    page.unlink()
    page.mkdir()
    message = refused(project.build())
    assert re.search(r"^error: .*/pages/beta.md cannot be written: Is a directory$", message, re.M)
    assert not [path for path in project.leftovers() if "beta.md" in path]


@pytest.mark.parametrize("failing", ["mkdtemp", "rename"])
def test_site_that_cannot_be_put_in_place_keeps_the_last(project, monkeypatch, failing):
    """Errors as a read-only disk gives them; root, who may do everything, never meets one."""
    monkeypatch.setattr("slidingwindows.course.prepare.prepare", lambda root: None)
    done = subprocess.CompletedProcess([], 0, stdout="")
    monkeypatch.setattr(site.subprocess, "run", lambda command, **options: done)
    rename, calls = os.rename, []

    def refuse(*arguments, **options):
        calls.append(arguments)
        if failing == "mkdtemp" or len(calls) == 2:
            raise OSError(30, "Read-only file system")
        rename(*arguments)

    monkeypatch.setattr(site.tempfile if failing == "mkdtemp" else site.os, failing, refuse)
    before = project.kept("site")
    with pytest.raises(SlidingWindowsError, match="cannot be written: Read-only file system"):
        site.build(project.root)
    assert calls and project.kept("site") == before
    assert not project.leftovers()


def test_folder_without_a_project_is_named_and_left_alone(built, tmp_path):
    done = built.run("slidingwindows", "site", cwd=tmp_path)
    assert f"error: {tmp_path} holds no mkdocs.yml" in refused(done)
    assert list(tmp_path.iterdir()) == []


def test_kernel_that_does_not_start_is_named(tmp_path, monkeypatch):
    """A broken environment: no cell can be blamed."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    (tmp_path / "gamma.py").write_text(lesson("Gamma", ONE_LINE))
    with pytest.raises(SlidingWindowsError, match=r"^lessons/gamma.py: the kernel did not start"):
        execution.execute(lessons.read(tmp_path / "gamma.py"))


def test_fifty_megabytes_of_output_are_refused_and_kept_nowhere(tmp_path):
    text = lesson("Loud", "for _ in range(50):\n    print('m' * 1_000_000)")
    project = Project.create(
        tmp_path / "project", {"loud": text, "quiet": lesson("Quiet", ONE_LINE)}
    )
    message = refused(project.build())
    assert "lessons/loud.py, code cell 1, line 10 prints 50,000,050 characters" in message
    assert max(map(len, message.splitlines())) < 200
    kept = {name: size for name, size in project.kept().items() if not name.startswith("play/")}
    assert kept and sum(map(len, kept.values())) < 100_000
    assert not project.leftovers()


def test_plain_mkdocs_builds_the_same_site(project):
    """From another folder, with -f. Another package than its own would take it for another's."""
    command = ("mkdocs", "build", "--strict", "-f", "project/mkdocs.yml", "-d", "plain")
    done = project.run(*command, cwd=project.root.parent)
    assert done.returncode == 0, done.stdout
    theirs = project.root.parent / "plain"
    theirs = theirs if theirs.exists() else project.root / "plain"
    found = {
        str(path.relative_to(theirs)): path.read_bytes()
        for path in theirs.rglob("*")
        if path.is_file()
    }
    assert found and {n for n in found if found[n] != project.kept("site").get(n)} <= {
        "sitemap.xml.gz"
    }
    assert found.keys() == project.kept("site").keys()


def test_two_builds_at_once_wait_for_each_other(project):
    import fcntl

    with open(project.cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = project.start("slidingwindows", "prepare")
        first = waiting.stdout.readline()
    rest = waiting.communicate(timeout=HANGING)[0]
    assert first == "another build is running in this folder; waiting for it\n"
    assert waiting.returncode == 0 and rest.count("fresh") == 4


# Settings that cannot be read.


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("site_name: a: b", "mkdocs.yml, line 1: mapping values are not allowed here"),
        ("site_name: [a", "mkdocs.yml, line 2: expected ',' or ']', but got ':'"),
        ("site_name: !nothing a", "mkdocs.yml, line 1: could not determine a constructor for"),
        ("INHERIT: base.yml", "base.yml, line 1: mapping values are not allowed here"),
        ("INHERIT: none.yml", "mkdocs.yml: Inherited config file 'none.yml' does not exist at"),
    ],
)
def test_settings_that_cannot_be_read_are_one_line(tmp_path, line, told):
    (tmp_path / "mkdocs.yml").write_text(f"{line}\nsite_url: https://example.org/\n")
    (tmp_path / "base.yml").write_text("a: b: c\n")
    with pytest.raises(SlidingWindowsError) as caught:
        settings.address_of(tmp_path)
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "7", "words"])
def test_settings_that_are_none_are_refused(tmp_path, text):
    (tmp_path / "mkdocs.yml").write_text(text)
    with pytest.raises(SlidingWindowsError, match=r"^mkdocs.yml holds no settings"):
        settings.settings_of(tmp_path)


def test_settings_may_use_what_mkdocs_knows(tmp_path, monkeypatch):
    monkeypatch.setenv("TINY_URL", "https://example.org/")
    text = "site_url: !ENV TINY_URL\nplace: !relative $docs_dir\nformat: !!python/name:builtins.str"
    (tmp_path / "mkdocs.yml").write_text(text)
    assert settings.address_of(tmp_path) == "https://example.org/"
    (tmp_path / "mkdocs.yml").write_text("")
    assert settings.settings_of(tmp_path) == {} == settings.settings_of(tmp_path / "nowhere")


def test_settings_that_cannot_be_read_stop_a_build_before_it_does_anything(project):
    """In a course of another's, figures would be drawn without its name, and then again with it."""
    shutil.rmtree(project.cache / "executed")
    before = project.kept("site"), project.kept()
    good = project.read("mkdocs.yml")
    project.edit("mkdocs.yml", "docs_dir: docs", "docs_dir: docs: x")
    line = line_of(project.read("mkdocs.yml"), "docs: x")
    told = f"error: mkdocs.yml, line {line}: mapping values are not allowed here\n"
    for command in ("site", "prepare"):
        done = project.run("slidingwindows", command)
        assert (done.returncode, done.stdout) == (2, told)
        assert (project.kept("site"), project.kept()) == before
    project.write("mkdocs.yml", good)


def test_a_module_that_is_no_python_is_named_with_its_line(project):
    module = project.root / "scripts" / "slidingwindows" / "export" / "recolour.py"
    module.write_text(module.read_text("utf-8") + "\nx = = 1\n", "utf-8")
    line = line_of(module.read_text("utf-8"), "x = = 1")
    before = project.kept("site"), project.kept()
    message = refused(project.build())
    assert message == f"error: {module}, line {line}: invalid syntax\n"
    assert (project.kept("site"), project.kept()) == before
