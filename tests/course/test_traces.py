"""Traces of the machine at their bounds: the last that is refused, and the first that is not."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
from test_machine import of, refused

from slidingwindows.course.lessons import Cell, Lesson
from slidingwindows.course.machine import as_kept, refuse_traces, texts_of, with_steady_id

LOWEST, HIGHEST = 0x5000_0000_0000, 0x7FFF_FFFF_FFFF  # where programs are loaded
WAY_OUT = ", which another build would not: "


def stays(text, source="x", numbers=()):
    refuse_traces(*of(source, plain=text), numbers)


@pytest.mark.parametrize("asks", ["id(x)", "x.data_ptr()"])
def test_addresses_as_numbers_at_their_bounds(asks):
    for number in (LOWEST, HIGHEST):
        told = f"an address in memory{WAY_OUT}'{number}'"
        assert refused(*of(asks, plain=f"1 {number} 2")) == told
        stays(str(number), "x.grid(y)")
    for text in (LOWEST - 1, HIGHEST + 1, f"{LOWEST}.5", f"a{LOWEST}", f"0.{LOWEST}"):
        stays(f"1 {text}", asks)


def test_what_asks_for_a_process_in_any_letters():
    for source, text in {
        "Process(f)": "417", "x = threading.get_ident()": "417", "os.getppid()": "417",
        "get_native_id()": "417", "x": "PID 417", "y": "ppid: 417!", "z": "Processes: 417",
    }.items():  # fmt: skip
        told = f"the number of a process{WAY_OUT}'417'"
        assert refused(*of(source, plain=text), (9, 417)) == told, source
    for text in ("pid 4170", "pid 0.417", "pid 417.5", "pid a417", "rapid 417"):
        stays(text, numbers=(417,))
    assert refused(*of(plain="pid 417."), (417,))


def test_a_trace_is_quoted_up_to_its_sixtieth_sign():
    for length in (59, 60, 61):
        path = "/home/ada".ljust(length, "x")
        assert refused(*of(plain=path)) == f"a path of this machine{WAY_OUT}{path[:60]!r}"


def test_a_warning_is_quoted_up_to_its_sixtieth_sign():
    text = f"/home/ada/a.py:21: FutureWarning:  {'y' * 61} \n  more"
    assert refused(*of(plain=text)) == (
        f"a path of this machine{WAY_OUT}'/home/ada'; it is a FutureWarning, '{'y' * 60}': "
        'mend what it warns of, or first call warnings.simplefilter("ignore")'
    )


def test_an_address_of_another_machine_in_any_letters_is_no_path():
    stays("HTTPS://example.com:/home/ada and FTP://example.com:/Users/ada")
    stays("wss://example.com/root/x ssh://example.com/home/ada ftps://example.com/home/ada")


def test_the_rows_of_a_table_are_no_folder():
    stays("\\begin{matrix*}1\n& ab \\\\cd\\beta\n\\end{matrix*}")
    assert refused(*of(plain="\\begin{a}\n \\\\cd\\beta \\end{b}"))


def at(project="/srv/course"):
    return Lesson(Path(project, "lessons", "tiny.py"), {}, (Cell("code", "x", 10),), "")


def path_in(text, lesson):
    """What of a text is refused as a path; '' if nothing is."""
    outputs = of(plain=text)[1]
    try:
        refuse_traces(lesson, outputs)
    except ValueError as error:
        path = str(error).partition("build would not: ")[2].strip("'")
        assert path, f"{text!r}: nothing is refused"
        return path
    return ""


@pytest.fixture
def places(monkeypatch):
    """places(home=...): this machine's own folders are these, and no others."""

    def set_to(home="/home/eve", prefix="/usr", base="/usr", temporary="/tmp"):
        monkeypatch.setenv("HOME", home)
        monkeypatch.setattr(sys, "prefix", prefix)
        monkeypatch.setattr(sys, "base_prefix", base)
        monkeypatch.setattr(tempfile, "tempdir", temporary)

    return set_to


def test_the_folders_of_this_machine(places):
    places(prefix="/opt/my env", base="/srv/course/.venv", temporary="/scratch")
    lesson = at()
    for text, path in {
        "/srv/course": "/srv/course", "/srv/course/x": "/srv/course", "/srv/course.": "/srv/course",
        "/srv/courses": "", "/srv/course-2": "", "/srv": "", "x/srv/course": "", "/srv/cours": "",
        "/opt/my env/bin": "/opt/my env", "file:///opt/my%20env/bin": "/opt/my%20env",
        "/opt": "", "/opt/my": "", "/home/eve": "/home/eve",
        "/srv/course/.venv/bin": "/srv/course/.venv", "/srv/course/.venvs": "/srv/course",
        "/tmp": "", "/tmp/": "", "/tmp/a.b-c/d": "/tmp/a.b-c", "/root/ä": "/root/ä", "/root": "",
        "/scratch": "", "/scratch/x": "/scratch/x", "/scratches/x": "",
    }.items():  # fmt: skip
        assert path_in(f"see {text} now", lesson) == path, text
        assert path_in(f"see '{text}'", lesson) == path, text


def test_a_home_may_be_short_and_the_root_is_none(places):
    places(home="/root")
    assert path_in("in /root now", at()) == path_in("in /root/x now", at()) == "/root"
    places(home="/")
    for text in ("/", "a / b", "/usr/bin", "/x", "words", ""):
        assert path_in(text, at("/course")) == "", text
    assert path_in("/course/x", at("/course")) == ""  # as short as '/usr'


def test_a_folder_behind_a_link_is_this_machine_s_too(places):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        real, link = Path(folder, "real"), Path(folder, "link")
        real.mkdir()
        link.symlink_to(real)
        places(prefix=str(link))
        assert path_in(f"{link}/x", at()) == str(link)
        assert path_in(f"{real}/x", at()) == os.path.realpath(real)


def test_the_longest_plain_text_that_is_kept(places):
    places()
    for count in (20_000, 20_001):
        lesson, outputs = of(html="a", plain="x" * count)
        [[kept]] = as_kept(lesson, outputs)
        assert ("text/plain" in kept["data"]) == (count == 20_000)
    for path, stay in {"/srv/course/x": False, "/srv/x": True}.items():
        _, outputs = of(html="a", plain=path)
        [[kept]] = as_kept(at(), outputs)
        assert ("text/plain" in kept["data"]) == stay, path
    _, outputs = of(html="a")
    assert as_kept(at(), outputs) == outputs


def test_prints_and_errors_are_kept_as_they_are():
    printed = {"output_type": "stream", "name": "stdout", "text": "/home/ada"}
    failed = {"output_type": "error", "ename": "SyntaxError", "traceback": []}
    failed |= {"evalue": "invalid syntax (/tmp/ipykernel_7/42.py, line 3)"}
    shown = {**failed, "evalue": "invalid syntax (line 3)"}
    assert as_kept(at(), [[printed, failed]]) == [[printed, shown]]
    frames = ["a\n  File ~/x.py:3, in f", "----> 1 f()", "File <string>:1"]
    [[kept]] = as_kept(at(), [[{**failed, "traceback": frames}]])
    assert kept["traceback"] == frames[1:]
    path = {**failed, "evalue": "", "traceback": ["/home/ada"]}
    assert as_kept(at(), [[path]]) == [[{**path, "traceback": ["SyntaxError"]}]]


def test_values_of_any_type_are_looked_through():
    assert refused(*of(**{"application/json": ["/home/ada"]}))
    figure = {"data": {"a/figure": {"caption": "c", "alt": 7, "name": "n"}}, "output_type": "x"}
    assert texts_of(figure) == ["c"]
    several = {"data": {"text/html": "h", "text/plain": "p", "a/b": 7}, "output_type": "x"}
    assert texts_of(several) == ["h", "7"]


def test_the_id_of_a_styled_table_alone_is_exchanged():
    html = '#T_0a1b2_row {} <table id="T_0a1b2"> T_0a1b2c xT_0a1b2 T_0a1b2.'
    assert with_steady_id(html) == '#T_row {} <table id="T"> T_0a1b2c xT_0a1b2 T.'
    assert with_steady_id(html, "T_9") == '#T_9_row {} <table id="T_9"> T_0a1b2c xT_0a1b2 T_9.'
    for plain in ('<table id="T_0a1">', f'<table id="T_{"a" * 33}">', '<table id="t_0a1b2">'):
        assert with_steady_id(plain) == plain
