"""Traces of the machine: refused wherever an output shows one, and nothing else is."""

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest
from tiny_project import lesson as script

from slidingwindows import SlidingWindowsError
from slidingwindows.course import execution, lessons, pages
from slidingwindows.course.lessons import Cell, Lesson
from slidingwindows.course.machine import as_kept, refuse_traces
from slidingwindows.course.notebooks import notebook
from slidingwindows.lesson import MIME

PROJECT = Path(tempfile.gettempdir(), "somewhere", "course")


def of(source="x", **data):
    lesson = Lesson(PROJECT / "lessons" / "tiny.py", {}, (Cell("code", source, 10),), "")
    bundle = {name if "/" in name else f"text/{name}": one for name, one in data.items()}
    return lesson, [[{"output_type": "display_data", "metadata": {}, "data": bundle}]]


def refused(lesson, outputs, numbers=()):
    with pytest.raises(SlidingWindowsError) as caught:
        refuse_traces(lesson, outputs, numbers)
    start = "lessons/tiny.py, code cell 1, line 10: an output shows "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


@pytest.mark.parametrize(
    "text",
    [
        f"{PROJECT}/data/digits.csv",
        f"open({str(PROJECT)!r})",
        f"{tempfile.gettempdir()}/ipykernel_123/42.py:1: UserWarning: deprecated",
        f"{sys.prefix}/bin/python",
        "/home/ada/course/x.py",
        "/Users/ada/x",
        "C:\\Users\\Ada\\x",
        "C:\\\\Users\\\\Ada",
        "c:\\users\\ada",
        "/mnt/c/Users/Ada/x",
        "/var/folders/3k/x_1/T/tmp0",
        "/private/var/folders/3k",
        "/proc/4711/fd",
        "/run/user/1000/x",
        "/dev/shm/torch_1",
        "\\\\server\\share\\x.csv",
        repr("\\\\server\\share"),
        "\\\\wsl$\\Ubuntu",
        r"\begin{matrix}/home/ada\end{matrix}",
        "/opt/anything/lib/python3.12/site-packages/torch/nn/functional.py",
        "/usr/lib/python3/dist-packages/x.py",
        str(Path.home() / "x"),
    ],
)
def test_paths(text):
    assert refused(*of(plain=f"see '{text}' now")).startswith("a path of this machine")


@pytest.mark.parametrize(
    "text",
    [
        "<__main__.Pool object at 0x7f3a5c1d2e50>",
        "<function <lambda> at 0x104b3c9d0>",
        "<Foo at 0x000001F2A3B4C5D6>",
        "'0x7f3a5c1d2e50'",
        "0x7F12AB34CD56",
        "0X7F12AB34CD56",
        "<Foo at 0X104B3C9D0>",
    ],
)
def test_addresses(text):
    assert refused(*of(plain=text)).startswith("an address in memory")


def test_an_address_as_a_number_where_something_asks_for_it():
    number = str(id(object()))
    assert refused(*of("print(id(x))", plain=number)).startswith("an address in memory")
    refuse_traces(*of("print(2**47)", plain=str(2**47 - 1)))


def test_numbers_of_processes():
    own = os.getpid()
    said = refused(*of("os.getpid()", plain=str(own)), (own,))
    assert said.startswith("the number of a process")
    assert refused(*of(plain=f"worker, pid {own}."), (own,)).startswith("the number of a process")
    refuse_traces(*of("size(x)", plain=f"{own} cells"), (own,))
    refuse_traces(*of("os.getpid()", plain=f"{own}1 0.{own}"), (own,))


@pytest.mark.parametrize(
    "text",
    [
        "tensor([[1., 2.]])",
        "https://example.org/home/ada and ../home/x",
        "/usr/bin, /etc and /dev/null",
        "0x1f, 0xffffffffffffffff, 0xdeadbeef",
        "a look at 0x10",
        "0XFFFFFFFFFFFFFFFF",
        "/var/log, /proc and /dev/shm",
        r"\begin{matrix}1 & ab \\cd\beta & 2\end{matrix}",
        repr(r"\alpha\beta") + r" is \alpha\beta, \\w+\d matches",
        "torch.Size([466560, 484000])",
    ],
)
def test_what_says_nothing_of_the_machine_stays(text):
    refuse_traces(*of("id(x)", plain=text), (1,))


@pytest.mark.parametrize("kind", ["html", "markdown", "latex", "plain"])
def test_every_type_is_looked_through(kind):
    assert refused(*of(**{kind: "<b>/home/ada</b>"}))


def test_prints_errors_and_words_of_figures_are_looked_through():
    lesson, _ = of()
    path = "/home/ada/x"
    refused(lesson, [[{"output_type": "stream", "name": "stderr", "text": path}]])
    failed = {"output_type": "error", "ename": "OSError", "evalue": path, "traceback": []}
    refused(lesson, [[failed]])
    for words in ({"caption": path}, {"alt": path}):
        refused(*of(**{MIME: {"name": "fig", **words}}))


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("object()", "an address in memory"),
        ("import os; os.getpid()", "the number of a process"),
        ("import os; print(os.getppid())", "the number of a process"),
        ("import os; os.getcwd()", "a path of this machine"),
        ("import warnings; warnings.warn('old')", "a path of this machine"),
        ("import torch; torch.__file__", "a path of this machine"),
    ],
)
def test_a_real_kernel_gives_nothing_away(tmp_path, cell, what):
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "one.py"
    path.write_text(f"# ---\n# title: T\n# description: D\n# ---\n\n# %%\n1\n\n# %%\n{cell}\n")
    with pytest.raises(SlidingWindowsError) as caught:
        execution.execute(lessons.read(path))
    assert str(caught.value).startswith("lessons/one.py, code cell 2, line 10: an output shows ")
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        Path.home().as_uri(),
        f"home:{Path.home()}/x",
        "PATH=/usr/bin:/home/ada/bin",
        "PATH=/usr/bin:/root/bin",
        "file:///home/ada/my%20course",
        "file://localhost/Users/ada/x",
        "file:///C:/Users/Ada/x",
        "sqlite:////home/ada/results.db",
        f"file://{PROJECT}/data",
        "see https://example.com/x or /home/ada/x",
        "(https://example.com/x):/home/ada",
    ],
)
def test_paths_behind_a_colon(text):
    assert refused(*of(plain=f"see {text} now")).startswith("a path of this machine")
    assert refused(*of(markdown=f"[a]({text})")).startswith("a path of this machine")


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/home/ada/x",
        "https://example.com:8080/root/x and http://localhost:/home/ada/index.html",
        "git://example.com/Users/ada",
        "<https://docs.pytorch.org/home/x/site-packages>",
        "sizes 3:4, 1:2 and a/home/x",
        "PATH=/usr/bin:/usr/local/bin",
    ],
)
def test_addresses_of_other_machines_are_no_paths_of_this_one(text):
    refuse_traces(*of(plain=text))


# What nobody is shown

ADDRESS = "<__main__.A object at 0x7f3a5c1d2e50>"


@pytest.mark.parametrize("kind", ["html", "markdown", "latex", "image/png"])
@pytest.mark.parametrize("hidden", [ADDRESS, "/home/ada/x", "long " * 5000])
def test_a_plain_text_beside_a_richer_form_is_neither_checked_nor_kept(kind, hidden):
    """As of a class with _repr_html_ alone: no reader gets its other text, nor may a notebook."""
    lesson, outputs = of(**{kind: "<b>a</b>", "plain": hidden})
    refuse_traces(lesson, outputs)
    [[kept]] = as_kept(lesson, outputs)
    assert list(kept["data"].values()) == ["<b>a</b>"]
    assert outputs[0][0]["data"]["text/plain"] == hidden  # the caller's own are not changed


def test_a_plain_text_that_says_nothing_of_the_machine_is_kept():
    for data in (
        {"markdown": "a", "plain": "<IPython.core.display.Markdown object>"},
        {"plain": "1"},
    ):
        lesson, outputs = of(**data)
        assert as_kept(lesson, outputs) == outputs


def test_a_richer_form_is_checked_whatever_the_plain_text_is():
    assert refused(*of(html=ADDRESS, plain="a")).startswith("an address in memory")
    lesson, outputs = of(plain=ADDRESS)
    assert as_kept(lesson, outputs) == outputs and refused(lesson, outputs)


def test_a_styled_table_has_the_same_id_in_every_build():
    def styled(lot):
        return (
            f'<style>#{lot}_row0_col0 {{ color: red; }}</style><table id="{lot}">'
            f'<td id="{lot}_row0_col0">a T_ab</td></table>'
        )

    def kept(*lots):
        lesson, _ = of()
        shown = [of(html=styled(lot), plain="x")[1][0][0] for lot in lots]
        return [output["data"]["text/html"] for output in as_kept(lesson, [shown])[0]]

    assert (
        kept("T_0a1b2", "T_ffd01") == kept("T_99999", "T_ab012") == [styled("T_1"), styled("T_2")]
    )


def test_of_a_traceback_only_what_is_in_cells_is_kept():
    cell, library = "Cell In[1], line 1\n----> 1 f()", "File ~/x/functional.py:7, in f(x)\n 7 g()"
    failed = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "no",
        "traceback": ["ValueError", cell, f"\x1b[32m{library}\x1b[39m", "ValueError: no"],
    }
    lesson, _ = of()
    [[kept]] = as_kept(lesson, [[failed]])
    assert kept == {**failed, "traceback": ["ValueError", cell, "ValueError: no"]}
    failed["traceback"][1] += f"  # {ADDRESS}"
    [[kept]] = as_kept(lesson, [[failed]])
    assert kept["traceback"] == ["ValueError: no"]


HTML_ALONE = "class A:\n    def _repr_html_(self):\n        return '<b>in bold</b>'"
LONG = "class B(A):\n    def __repr__(self):\n        return 'x' * 30_000\n\nB()"
SYNTAX = "y = 2\nz = = 3"
LIBRARY = "import torch\ntorch.nn.MaxPool2d(2)(torch.ones(1))"


def test_two_builds_keep_the_same_and_nothing_of_the_machine(tmp_path):
    """On the page, and in the notebook: an address of its own has each object in each build."""
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "one.py"
    text = script(
        "T", HTML_ALONE, "kept = [A() for _ in range({})]\nkept[-1]", LONG, SYNTAX, LIBRARY
    )
    for cell in (SYNTAX, LIBRARY):
        text = text.replace(f"# %%\n{cell}", f'# %% tags=["raises-exception"]\n{cell}')
    made = []
    for many in (1, 5000):
        path.write_text(text.replace("{}", str(many)))
        one = lessons.read(path)
        made.append(json.dumps(execution.execute(one)))
        page, book = (make(one, json.loads(made[-1])) for make in (pages.markdown, _book))
        assert page.count("<b>in bold</b></div>") == book.count('<b>in bold</b>"') == 2
        assert "SyntaxError: invalid syntax (line 2)\n" in page
        assert "line 2" in book and "Cell" in book
        for sign in (" at 0x", ".py", "site-packages", "ipykernel", "File "):
            assert sign not in page and sign not in book, sign
    assert made[0] == made[1]


def _book(one, outputs):
    return notebook(one, outputs, {})


def test_a_warning_is_told_with_what_to_do_about_it(tmp_path):
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "one.py"
    path.write_text(script("T", "import warnings\nwarnings.warn('this is old')"))
    with pytest.raises(SlidingWindowsError) as caught:
        execution.execute(lessons.read(path))
    assert str(caught.value).endswith(
        "; it is a UserWarning, 'this is old': mend what it warns of, or first call "
        'warnings.simplefilter("ignore")'
    )


@pytest.mark.parametrize("forked", [True, False], ids=["forked", "in a kernel"])
def test_a_bar_of_tqdm_without_widgets_comes_without_a_warning(tmp_path, forked):
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "one.py"
    warn = (
        "import warnings\nwarnings.warn_explicit('IProgress not found. Please', UserWarning, "
        "'/x/site-packages/tqdm/auto.py', 21)\nprint('bar')"
    )
    path.write_text(script("T", warn))
    assert [output["text"] for output in execution.run(lessons.read(path), forked)[0][0]] == [
        "bar\n"
    ]
