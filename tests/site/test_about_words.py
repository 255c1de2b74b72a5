"""The words of About and of the reference pages that a build makes most of."""

import dataclasses
import io
import re
import tomllib

import pytest
import torch
import yaml
from doc_words import (
    ROOT,
    Words,
    blocks_of,
    each_run_is_proved,
    held_by,
    no_picture_by_hand,
    proves,
    source_of,
)
from PIL import Image
from site_pages import COURSE
from torch import nn

import slidingwindows
from slidingwindows import SlidingWindowsError, __version__, slide
from slidingwindows.core.text import number
from slidingwindows.course.lessons import paths_of
from slidingwindows.export import credits
from slidingwindows.export.render import render
from slidingwindows.lesson import show
from slidingwindows.site.notices import LIBRARIES, notices
from slidingwindows.site.policy import policy

TRACE = "scripts/slidingwindows/core/trace.py"
BUILD_TIMES = "docs/reference/build-times.md"
PROJECT = tomllib.loads(source_of("pyproject.toml"))["project"]
CITED = yaml.safe_load(source_of("CITATION.cff"))
LESSONS = {path.stem: path.read_text("utf-8") for path in paths_of(ROOT / "lessons")}


def refused(text: str) -> bool:
    """Whether the guard of words fails for a text of which only this is not proved."""
    held = "Here are long words that a test has held, letter by letter, line by line."
    page = Words("a text", [held] * 9 + [text])
    page.labels(held)
    try:
        page.complete()
    except AssertionError:
        return True
    return False


@proves("docs/about.md")
def test_about(page):
    text = source_of("docs/about.md")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    page.labels("About")
    page.says(
        "What Sliding Windows is, how it keeps its promise, whom it thanks, and how to reuse and "
        "cite it",
        {"The promise", "Where it began", "Related work", "Licences", "How to cite"} < {*sections},
    )
    what_it_is(page)
    promise(page, text.partition("## The promise")[2].partition("## Where")[0])
    others(page)
    licences(page)
    privacy(page)


def what_it_is(page):
    page.says(
        "Sliding Windows is a course on three settings of convolutional networks: **pooling, "
        "stride and padding**",
        {"max-pooling", "average-pooling", "stride-instead-of-pooling", "padding"} < {*COURSE},
    )
    page.says(
        "You watch each of them work on real tensors, one window at a time",
        all(
            re.search(r"\bshow\(", LESSONS[name])
            for name in ("max-pooling", "stride-instead-of-pooling", "padding")
        ),
    )
    page.aside(
        "It is for you if you can read a little Python and have met the word *convolution*",
        why="a remark on the course's readers",
    )
    page.says(
        "You need no GPU and no data set",
        not [n for n, code in LESSONS.items() if re.search(r"\.cuda\(|\bcuda:|download=", code)]
        and "load_digits" in LESSONS["trained-on-digits"],  # which scikit-learn brings
    )


def promise(page, section):
    page.says(
        "> PyTorch computed every number and picture while this site was built, and a test proves "
        "it",
        each_run_is_proved() and no_picture_by_hand(),
    )
    kept = re.findall(r"^\*\*([^*]+)\*\*", section, re.MULTILINE)
    page.says("Three things keep it", len(kept) == 3)
    page.says(
        "**Lessons are run, not pasted.** Each lesson is a script. The build executes it and "
        "prints what torch returned",
        all((ROOT / "lessons" / f"{name}.py").is_file() for name in LESSONS)
        and len(LESSONS) > len(COURSE)
        and each_run_is_proved(),
    )
    page.says(
        "If a cell raises an error that the lesson does not expect, the build stops and no page is "
        "published",
        held_by(
            "course/test_faults.py",
            "test_a_cell_that_raises_is_refused_by_every_command_and_keeps_the_last_site",
        ),
    )
    x = torch.arange(16.0).reshape(1, 4, 4)
    trace = slide(nn.MaxPool2d(2), x)
    page.says(
        "**Figures are drawn from torch's own output.** The animations follow the real module on "
        "the real input",
        torch.tensor(trace.output).equal(nn.MaxPool2d(2)(x)[0])
        and torch.tensor(trace.planes[0]).equal(x[0]),
    )
    other = tuple(tuple(value + 1 for value in row) for row in trace.output)
    with pytest.raises(SlidingWindowsError) as told:
        dataclasses.replace(trace, output=other)
    data = show(trace, "pool", "").data
    data["trace"] = {**data["trace"], "output": other}
    with pytest.raises(SlidingWindowsError):
        render(data)
    page.says(
        "While a figure is made, every window is calculated a second time, apart from torch. If "
        "the two disagree, there is no figure",
        "the steps give 5.0 at output (0, 0), torch gave 6.0" in str(told.value),
    )
    page.says(
        "**Prose is held to account.** For each page a test goes through the text and computes "
        "what it states, the numbers of a lesson straight from torch",
        each_run_is_proved() and held_by("site/test_sources_words.py", "test_every_page_is_proved"),
    )
    page.says(
        "A number, or a word such as *not* or *larger*, that no test has proved makes the tests "
        "fail",
        all(map(refused, ("It has 3.", "It is not so.", "That is larger.")))
        and not refused("It is so."),
    )
    cited = {n for n in LESSONS if ".cites(" in test_of(n) or ".aside(" in test_of(n)}
    page.says("Torch cannot prove everything", len(cited) > 5)
    findings = "test_every_finding_of_others_is_told_beside_its_source"
    page.says(
        "Results of other people carry author, year and link",
        held_by("site/test_cited.py", "test_every_citation_names_authors_and_year_as_the_list_does")
        and held_by("site/test_cited.py", findings),
    )
    # Such a sentence may stand there unproved, for nobody takes it for a result; others may not.
    view = "Take the plain pool where you can."
    marked = [Words("a", [mark + view]).on_trust()[0] for mark in ("Opinion: ", "We know it: ")]
    page.says(
        "What is only our view is marked as an opinion",
        marked == [0, 1] and sum("pinion" in code for code in LESSONS.values()) > 5,
    )
    page.aside(
        "Then the promise is broken, and that is a bug. Please report it",
        why="what we think of a wrong number",
    )
    page.labels("Found a wrong number?")
    page.says(
        "You can follow all of this: a build runs a lesson again only where its code changed, and "
        "[Build times] compares what that costs with two other ways to build the same pages",
        held_by(
            "course/test_lesson_keys.py",
            "test_the_same_code_has_the_same_key_and_prose_does_not_count",
        )
        and held_by("course/test_freshness.py", "test_edit_of_one_lesson_runs_only_that_one")
        and {*re.findall(r"plain (mkdocs-jupyter|Markdown)", source_of(BUILD_TIMES))}
        == {"mkdocs-jupyter", "Markdown"},
    )


def test_of(name: str) -> str:
    return source_of(f"tests/lessons/test_{name.replace('-', '_')}.py")


test_of.__test__ = False


def others(page):
    deck = "https://lightning.ai/courses/deep-learning-fundamentals/"
    page.cites("This course began from one deck of slides: Unit 7 of", deck)
    page.cites("by **Sebastian Raschka** and **Lightning AI**", deck)
    taken = ("the-cnn-funnel", "max-pooling", "average-pooling", "no-learnable-parameters")
    taken += ("local-invariance", "stride-instead-of-pooling", "a-typical-setup", "padding")
    footers = [
        LESSONS[name].rpartition("Unit 7 of [Deep Learning Fundamentals")[1] for name in taken
    ]
    page.says(
        "The first lessons take up what it teaches: the funnel, max and average pooling, no "
        "learnable parameters, local invariance, stride, a typical setup, and padding",
        {*taken} < {*COURSE[: len(COURSE) // 2]} and all(footers),
    )
    page.aside(
        "Words, figures and measurements are our own. Neither Sebastian Raschka nor Lightning AI "
        "has any part in this site, and its mistakes are ours",
        why="who made this site",
    )
    page.aside("it teaches far more than pooling", why="a recommendation of another course")
    page.labels("If you like it, take their course")
    page.aside(
        "You may know some of these. Each does something that this site does not",
        why="a recommendation of other works",
    )
    guide = "https://arxiv.org/abs/1603.07285"
    page.cites("by Vincent Dumoulin and Francesco Visin, with", guide)
    page.cites(
        "The animations that a whole field learned from, and a guide that derives every "
        "relationship, transposed convolutions included",
        guide,
    )
    page.cites("but theirs made the moving window the picture that people expect", guide)
    trace = slide(nn.MaxPool2d(2), torch.arange(16.0).reshape(1, 4, 4))
    script = render(show(trace, "pool", "").data).files["pool.trace.js"].decode()
    page.says(
        "Our figures are our own drawings, with the numbers in their cells",
        all(number(value) in script for row in trace.planes[0] for value in row)
        and no_picture_by_hand(),
    )
    page.cites("by Zijie J. Wang and others, with", "https://poloclub.github.io/cnn-explainer/")
    page.cites(
        "A trained network in your browser. You click on a neuron and see where its value comes "
        "from",
        "https://poloclub.github.io/cnn-explainer/",
    )
    page.cites("by Aston Zhang, Zachary C. Lipton, Mu Li and Alexander J. Smola", "https://d2l.ai/")
    page.cites(
        "A whole textbook with code that runs, from linear regression onwards", "https://d2l.ai/"
    )


def licences(page):
    text, licence = source_of("docs/about.md"), source_of("LICENSE")
    page.says(
        "**Code** is under the",
        "[MIT licence](https://opensource.org/license/mit)" in text
        and PROJECT["license"] == CITED["license"][0] == "MIT"
        and licence.startswith(
            "Code (everything except the text and figures of the site) is under"
        ),
    )
    page.says(
        "**Text and figures** are under",
        f"under [{credits.LICENCE}]({credits.TERMS})" in text
        and CITED["license"][1] == "CC-BY-4.0"
        and credits.TERMS in licence,
    )
    page.labels("Use them in your slides, your course or your book. Say where they come from")
    works = [one.name for one in notices()]
    named = {"Material for MkDocs", "Octicons", "DejaVu Sans", "Portrait of Grace Hopper"}
    page.says(
        "**The work of others** keeps its own licence: the theme and its icons, the font in the "
        "figures, the portrait of Grace Hopper, the handwritten digits",
        named | {"Handwritten digits"} <= {*works}
        and "Neither licence covers the work of others, which keeps its own." in licence,
    )
    page.says("[Notices] has each with its text", all(one.text for one in notices()))
    page.says(
        f"A credit such as this one is enough: > {credits.PROJECT}, {credits.LICENCE} with a link "
        "to the page that you took it from",
        f'"{credits.PROJECT}, {credits.LICENCE}", with a link to the page.' in licence,
    )
    year = re.search(r"Copyright \(c\) (\d{4}) The Sliding Windows authors", licence)[1]
    page.says(
        f"> {credits.AUTHOR} ({year}). *{CITED['title']}.* Version {CITED['version']}.",
        CITED["version"] == __version__,
    )
    page.labels("Add the address of the page and the day you read it")
    page.aside(
        "If a result on a page is cited from a paper, cite that paper too", why="what is good use"
    )


def privacy(page):
    allowed = dict(part.split(" ", 1) for part in policy(set()).split("; "))
    page.says(
        "These pages ask no other host for anything",
        {source for sources in allowed.values() for source in sources.split()}
        == {"'self'", "'none'", "data:"}
        and allowed["default-src"] == "'none'"
        and held_by("browser/test_policy_in_browser.py", "test_nothing_is_fetched_from_elsewhere"),
    )
    scripts = [path.read_text("utf-8") for path in (ROOT / "assets").rglob("*.js")]
    ours = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|sendBeacon")
    # What the theme's script would keep beside the palette belongs to features that are off here.
    settings = source_of("mkdocs.yml")
    kept = theme_keeps() - {"__palette"}
    off = {"__tabs": "content.tabs.link", "__announce": "announce.dismiss"}
    off |= {"__outdated": "provider: mike", "__source": "\nrepo_url:"}
    page.says(
        "Nothing is counted, and nothing about you is stored, except your choice of light or dark, "
        "which stays in your own browser",
        len(scripts) > 20
        and not any(map(ours.search, scripts))
        and kept <= {*off}
        and not any(feature in settings for feature in off.values())
        and "analytics" not in settings
        and held_by("browser/test_sharing.py", "test_no_page_leaves_a_cookie"),
    )


def theme_keeps() -> set[str]:
    """The names under which the theme's script keeps something in a browser."""
    from importlib.metadata import files

    [script] = [
        path
        for path in files("mkdocs-material")
        if re.search(r"javascripts/bundle\.\w+\.min\.js$", path.as_posix())
    ]
    return {*re.findall(r'__md_set\("(\w+)"', script.read_text("utf-8"))}


@proves(BUILD_TIMES)
def test_build_times(page):
    """That its numbers are the bench's own and keep their bounds, test_benches says."""
    bench = source_of("scripts/benches/build.py")
    rows = {}
    for block in page.blocks:
        if block.startswith("| ") and not block.startswith("| Measured"):
            name, *cells = [cell.strip() for cell in block.strip("| ").split(" | ")]
            rows[name] = [re.sub(r" .*", "", cell) for cell in cells]
            assert block.strip() in source_of(BUILD_TIMES)
    quotients = {  # of the seconds above each
        "part of its time": (
            "first build, everything executed",
            "the same by plain mkdocs-jupyter",
        ),
        "times as long": ("build with nothing to do", "the same words as plain Markdown"),
        "times as long as plain Markdown": (
            "build after an edit of prose",
            "the same words as plain Markdown",
        ),
    }
    times = source_of(BUILD_TIMES)

    def seconds(name):
        cells = re.search(rf"^\| {re.escape(name)} \| ([\d.]+) s \| ([\d.]+) s \|", times, re.M)
        return [float(cell) for cell in cells.groups()]

    for name, (ours, plain) in quotients.items():
        told = [float(cell) for cell in rows[name][:2]]
        for said, a, b in zip(told, seconds(ours), seconds(plain), strict=True):
            assert abs(a / b - said) <= 0.011, name
    for block in page.blocks:
        if block.startswith("|"):
            page.says(
                block,
                held_by(
                    "project/test_benches.py",
                    "test_the_page_was_made_by_the_bench_and_keeps_its_bounds",
                ),
            )
    page.labels("Build times")
    page.says(
        "What it costs to build this site, and to rebuild it after an edit, measured against plain "
        "mkdocs-jupyter and plain Markdown",
        all(f"build after an edit of {what}" in times for what in ("prose", "code"))
        and {"the same by plain mkdocs-jupyter", "the same words as plain Markdown"} < {*rows},
    )
    prose = [
        a / b
        for a, b in zip(*map(seconds, quotients["times as long as plain Markdown"]), strict=True)
    ]
    page.says(
        "Sites of lessons that run are slow to rebuild. Here an edit of prose costs about what it "
        "costs on a site of plain Markdown, for code runs again only where it changed",
        max(prose) < 1.5
        and seconds("first build, everything executed")[1] > 100
        and held_by(
            "course/test_lesson_keys.py",
            "test_the_same_code_has_the_same_key_and_prose_does_not_count",
        ),
    )
    [machine] = re.findall(r"in one run on one machine \((.+?)\) on (\d{4}-\d\d-\d\d)", times)
    page.says(
        "This table was written by `python scripts/bench.py build`, in one run on one machine "
        f"({machine[0]}) on {machine[1]}. The projects are made for it: short lessons with one "
        "figure each. Seconds differ from machine to machine; the ratios should hold",
        '"({machine}) on {day}. The projects are made for it' in bench
        and held_by("project/test_benches.py", "test_three_projects_of_the_same_words"),
    )
    page.says(
        "Plain mkdocs-jupyter executes the same notebooks with `execute: true`, one after the "
        "other, and draws the same figures inside them. Plain Markdown is the same words and code "
        "as pages that run nothing, with the same theme and plugins",
        held_by(
            "project/test_benches.py", "test_three_projects_of_the_same_words", "execute: true"
        ),
    )
    without_mkdocs(page)


def without_mkdocs(page):
    page.cites(
        "**Without MkDocs.** Its version 1.6 is the last that this site's theme runs on, and its "
        "makers go on with another generator",
        "https://zensical.org/",
    )
    assert any(one.startswith("mkdocs==1.6") for one in PROJECT["optional-dependencies"]["site"])
    test = "browser/test_markdown.py"
    page.says(
        "So `make markdown` writes the whole course as plain Markdown to `dist/markdown`: every "
        "figure, formula, term and list is already in the pages, and their files lie beside them",
        "dist/markdown" in source_of("Makefile").partition("\nmarkdown: ")[2].split("\n")[0]
        and held_by(test, "test_no_hooks_and_no_notebooks", "figure|lessons|cited|api|gallery"),
    )
    page.says(
        "A test builds that folder with Zensical, strictly, and finds the same pages, headings, "
        "links, figures and formulas as here",
        held_by(test, "test_the_same_navigation") and '"--strict"' in source_of(f"tests/{test}"),
    )
    lost = held_by(test, "test_what_is_lost_is_listed", "assert not has(plain")
    page.says("What such a site does not have", lost)
    for told in (
        "**The security policy.** No page says which scripts it may run, and no build refuses a "
        "script in a lesson",
        "**What other sites are told.** A link to a page shows no picture, and search engines get "
        "no data about the course",
        "**The foot of a page.** It names neither the version nor the notices, which are a page in "
        "the navigation all the same",
        "**The page for wrong addresses.** It is Zensical's own",
        "**Mended parts of the theme.** A script corrects what that theme's own script leaves "
        "undone, for instance where you are on a page after a link within it. It fits no other "
        "theme",
        "**The zip that works offline.** It needs the index of the search as MkDocs writes it, and "
        "Zensical writes its own",
    ):
        name = re.match(r"\*\*(.+?)\.\*\*", told)[1]
        page.says(told, lost and f'"{name}": lambda site' in source_of(f"tests/{test}"))


@proves("docs/reference/api.md")
def test_python_reference(page):
    page.says(
        "Every public name of the slidingwindows package, with its signature, parameters, results, "
        "errors and examples",
        held_by("site/test_api.py", "test_the_real_page_lists_every_public_name")
        and held_by("site/test_api.py", "test_the_real_page_has_the_living_signatures")
        and held_by("project/test_docstrings.py", "test_sections_of_a_public_name"),
    )
    page.labels("Python reference")
    page.says(
        "The lessons draw their figures with this package, and you can use it in your own "
        "notebooks",
        sum("from slidingwindows.lesson import" in code for code in LESSONS.values()) > 20
        and held_by("export/test_renderers.py", "test_a_notebook_shows_one_image_and_the_words"),
    )
    marks = " ".join(re.findall(r"<!-- api (.+?) -->", source_of("docs/reference/api.md"))).split()
    plain = [name for name in marks if name not in ("functions", "classes", "errors", "values")]
    page.says(
        "Unless an entry says otherwise, import its name from `slidingwindows`",
        all(hasattr(slidingwindows, name) for name in slidingwindows.__all__)
        and {name for name in plain if "." not in name} <= {*slidingwindows.__all__},
    )
    page.says(
        "This page is made from the docstrings of the package, and its examples are run as tests",
        held_by("site/test_api.py", "test_a_build_follows_docstrings_and_misses_them")
        and held_by("project/test_examples.py", "test_examples_do_as_they_say"),
    )
    trace = slide(nn.AvgPool2d(2), torch.arange(16.0).reshape(1, 4, 4))
    with pytest.raises(SlidingWindowsError, match="the steps give"):
        dataclasses.replace(trace, output=((0.0, 0.0), (0.0, 0.0)))
    page.labels("Give these a real torch module and a tensor")
    page.says(
        "They ask torch for the result, calculate it once more, window by window, and raise an "
        "error if the two differ",
        torch.tensor(trace.output).equal(nn.AvgPool2d(2)(torch.arange(16.0).reshape(1, 4, 4))[0]),
    )
    page.labels("Write one of these as the last line of a notebook cell")
    files = render(show(trace, "pool", "").data).files
    looks = [
        Image.open(io.BytesIO(files[f"pool.{theme}.png"])).convert("L")
        for theme in ("light", "dark")
    ]
    page.says(
        "On this site every figure comes in a light and a dark version",
        looks[0].getpixel((0, 0)) > 200 > 80 > looks[1].getpixel((0, 0))
        and held_by("site/test_pages.py", "test_figure_shows_both_themes_lazily"),
    )
    stages = slidingwindows.funnel(nn.Sequential(nn.Conv2d(1, 2, 3)), torch.zeros(1, 5, 5)).stages
    page.says(
        "A whole network instead of one module: what every layer makes of an input, and how much "
        "of the input each output sees",
        [stage.shape for stage in stages] == [(1, 5, 5), (2, 3, 3)]
        and {"funnel", "receptive_field"} < {*marks},
    )
    page.labels("`Shades` stands for rows of grey values, `tuple[tuple[int, ...], ...]`")
    page.labels("`Plane` stands for rows of numbers, `tuple[tuple[float, ...], ...]`")
    parts = [trace, trace.steps[0], trace.geometry]
    page.says(
        "What a trace is made of: frozen, plain numbers, without torch",
        all(type(part).__dataclass_params__.frozen for part in parts)
        and not re.search(r"^(import|from) torch", source_of(TRACE), re.MULTILINE)
        and type(trace.output[0][0]) is float,
    )


@proves("docs/reference/notices.md")
def test_notices(page):
    works = {one.name: one for one in notices()}
    page.labels("Notices")
    page.says(
        "The work of others that this site holds, such as its theme, icons, font and photo, each "
        "with its licence",
        {"Material for MkDocs", "Octicons", "DejaVu Sans", "Portrait of Grace Hopper"} < {*works}
        and all(one.licence and one.text for one in works.values()),
    )
    page.says(
        "Our code is MIT and our text and figures are CC BY 4.0, as [About] says",
        CITED["license"] == ["MIT", "CC-BY-4.0"]
        and "**Code** is under the [MIT licence]" in source_of("docs/about.md"),
    )
    page.says(
        "But a site is never the work of its authors alone, so this page names what is not ours",
        len(works) > len(LIBRARIES) and "Sliding Windows" not in works,
    )
    page.says(
        "The build reads each licence from the package that brought the work",
        held_by("site/test_notices.py", "test_each_has_the_licence_that_its_package_has"),
    )
    page.says(
        "If the theme brings a library that has no notice here, the build stops",
        held_by("site/test_notices.py", "test_a_new_library_in_the_theme_stops_the_build"),
    )


def test_what_no_reader_sees_is_left_out_and_all_else_is_read():
    text = "---\ntitle: A\n---\n# B\n\n<!-- x 3 -->\n<p>Not <b>so</b></p>\n\n- one\n- two\n"
    text += (
        '\n| a | 1 |\n|---|---|\n\n<img alt="All 7" src="8">\n\n```sh\nx 9  # all\n```\n{ .z5 }\n'
    )
    read = [" ".join(block.split()) for block in blocks_of(text)]
    assert read == ["# A", "# B", "Not so", "- one", "- two", "| a | 1 |", "All 7", "all"]
