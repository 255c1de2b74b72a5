"""The README's words: what it says of commands, limits and files is what they are."""

import dataclasses
import re
import tomllib
from functools import cache

import pytest
import torch
import yaml
from doc_words import ROOT, each_run_is_proved, held_by, proves, source_of
from running import QUICK
from site_pages import COURSE
from torch import nn

from slidingwindows import SlidingWindowsError, slide
from slidingwindows.cli.arguments import parser
from slidingwindows.core.figures import MAX_SIDE
from slidingwindows.course.lessons import paths_of
from slidingwindows.drawing.grid import MAX_PLANES
from slidingwindows.drawing.scene import MAX_FRAMES
from slidingwindows.drawing.stepper import script
from slidingwindows.export import credits
from slidingwindows.export.files import FORMATS
from slidingwindows.words import trace as trace_words

MAKEFILE = source_of("Makefile")
PROJECT = tomllib.loads(source_of("pyproject.toml"))["project"]
OLDEST = PROJECT["requires-python"].removeprefix(">=")
X = torch.arange(49.0).reshape(1, 7, 7)


def told(target: str) -> str:
    """What `make help` says of a target."""
    return re.search(rf"^{target}:.*?##\s*(.+)$", MAKEFILE, re.MULTILINE)[1]


def in_order(text: str, *pieces: str) -> bool:
    places = [text.index(piece) for piece in pieces]
    return places == sorted(places)


@proves("README.md")
def test_readme(page):
    beginning(page)
    setting_up(page)
    targets(page)
    drawing(page)
    more(page)
    licence(page)


def beginning(page):
    page.says(
        "a course in which PyTorch computed every figure, number and output when the site was "
        "built, and tests recompute every claim",
        each_run_is_proved() and held_by("site/test_sources_words.py", "test_every_page_is_proved"),
    )
    lesson = source_of("lessons/max-pooling.py")
    shown = (
        "overlapping = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)\ncorner = x[:, :5, :5]\n"
    )
    trace = slide(nn.MaxPool2d(3, 2, 1), torch.rand(1, 5, 5))
    largest = [max(tap.value for tap in step.taps) for step in trace.steps]
    outputs = [value for row in trace.output for value in row]
    page.says(
        "A 3 by 3 max pooling window slides over a padded 5 by 5 input with stride 2. In each "
        "window the largest number is outlined and goes to the output",
        shown in lesson
        and held_by("project/test_readme.py", "test_the_readmes_figure_is_what_the_build_draws")
        and largest == outputs
        and trace.input_shape[-2:] == (5, 5),
    )
    lessons = [path.read_text("utf-8") for path in paths_of(ROOT / "lessons")]
    asking = sum('question "Predict' in text for text in lessons)
    page.says(
        f"**Students** read {len(COURSE)} lessons that ask you to predict first, then run the "
        f"call, then watch the window, and look things up in {len(lessons) - asking} more: [the "
        "course]",
        asking == len(COURSE),
    )
    page.says(
        "**Teachers** take any figure, its words, its notebook or the whole course, offline and in "
        "print: [the gallery]",
        held_by("browser/test_gallery.py", "test_every_figure_has_one_card_with_all_it_needs")
        and held_by("site/test_pages.py", "test_notebook_lies_beside_its_page")
        and {"offline", "takeaway", "pdf"} < {*re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE)},
    )
    page.says(
        "**Engineers** try their own layers on their own numbers in [the explorer], stack them in "
        "[the network calculator], and trace or draw them from Python and the shell",
        held_by("browser/test_explorer.py", "test_every_way_to_an_input")
        and held_by("browser/test_network.py", "test_a_pasted_network_by_pointer")
        and held_by("cli/test_cli_words.py", "test_every_example_works"),
    )
    trace = slide(nn.MaxPool2d(3, 2, 1), X)
    cells = script(trace, "out", trace_words.transcript(trace))
    numbers = {str(int(v)) for v in X.flatten().tolist()}
    page.says(
        "Draw your own, light or dark, with the numbers in the cells",
        numbers <= {*re.findall(r"\d+", cells)}
        and "{light,dark}" in parsers()["draw"].format_help(),
    )
    page.says(
        "once: sets up everything, then serves the course until you press Ctrl+C",
        "serve: $(READY)" in MAKEFILE
        and "send_signal(signal.SIGINT)" in source_of("tests/site/test_serve.py"),
    )


def setting_up(page):
    setup, torchs = source_of("scripts/setup.sh"), source_of("scripts/torch.sh")
    page.says(
        "## Two commands", len({"serve", "test"} & {*re.findall(r"^make (\w+)", SHELL, re.M)}) == 2
    )
    page.says(
        f"You need Python {OLDEST} or later, git and make. Everything else is set up for you",
        f"install Python {OLDEST} or later" in setup
        and in_order(setup, '"$python" -m venv', "requirements.lock", "torch.sh", "node.sh")
        and "scripts/browser.sh" in MAKEFILE,
    )
    page.says(
        "build what is stale, then serve http://127.0.0.1:8000 with live reload",
        told("serve") == "build what is stale, then serve with live reload"
        and "ADDRESS ?= 127.0.0.1:8000" in MAKEFILE,
    )
    page.says(
        "set up a browser, then run every test; QUICK=1 for two minutes of them",
        told("test").startswith("set up a browser, then run every test; QUICK=1 for two minutes"),
    )
    page.says(
        "The first run makes a virtual environment in `.venv` and installs the exact files that "
        "`requirements.lock` and `package-lock.json` name by hash",
        "VENV := .venv" in MAKEFILE
        and held_by(
            "project/test_setup.py",
            "test_setup_installs_by_hash_and_builds_with_the_locked_setuptools",
        )
        and held_by(
            "project/test_setup.py", "test_npm_installs_by_hash_and_runs_no_package_s_script"
        ),
    )
    page.says(
        "torch is installed separately, because its CPU build, which is all this site needs, is a "
        "different file from PyPI's: on Linux that one carries CUDA and weighs several gigabytes",
        held_by("project/test_setup.py", "test_the_lock_holds_what_is_needed_and_no_torch_nor_cuda")
        and "On Linux PyPI's torch carries CUDA, gigabytes that nothing here uses" in torchs,
    )
    page.says(
        "So on Linux `make` asks PyTorch's own index for the CPU build",
        "https://download.pytorch.org/whl/cpu" in torchs
        and '"$(uname -s)" = Linux' in torchs
        and held_by("project/test_setup.py", "test_where_the_index_has_a_cpu_build_it_is_taken"),
    )
    page.says(
        "If no answer comes within ten seconds, or if your own pip settings name an index "
        "(`PIP_INDEX_URL`, `PIP_FIND_LINKS`, `pip.conf` and so on), pip decides",
        "TORCH_PATIENCE:-10} # seconds" in torchs
        and held_by("project/test_setup.py", "test_an_index_that_hangs_is_waited_for_only_so_long")
        and held_by("project/test_setup.py", "test_a_users_own_settings_win"),
    )
    browser = source_of("scripts/browser.sh")
    page.says(
        "`make test` uses a Chromium that it finds, else installs Debian's with apt-get (as root "
        "or with passwordless sudo), else Playwright's own",
        in_order(browser, "for name in chromium", "apt-get could not", "-m playwright install")
        and '[ "$(id -u)" = 0 ] || root="sudo -n"' in browser,
    )
    page.says(
        "`make test QUICK=1` is for the edit loop and needs no browser: it runs the engine's tests "
        "and some of the others, and lists what it left out",
        {"core/", "tracing/"} < {*QUICK}
        and not any(path.startswith("browser") for path in QUICK)
        and "$(if $(QUICK),true,PYTHON=$(BIN)/python scripts/browser.sh)" in MAKEFILE
        and held_by("project/test_runner.py", "test_the_quick_part_says_what_it_leaves_out"),
    )


SHELL = "".join(re.findall(r"^```sh\n(.*?)^```$", source_of("README.md"), re.DOTALL | re.MULTILINE))


def targets(page):
    """The table: of each target a test that sees what it does, or what `make help` says."""
    kept = "test_a_cell_that_raises_is_refused_by_every_command_and_keeps_the_last_site"
    rows = {
        "writes the finished site to `site/`, unless it is there already as it would be written; "
        "if anything fails, the last good one stays": told("site")
        == "write the finished site to site/"
        and held_by("site/test_unchanged.py", "test_second_build_does_nothing_and_imports_nothing")
        and held_by("course/test_faults.py", kept),
        "packs the site as `dist/sliding-windows-offline.zip`: unzip it, open `index.html`; search "
        "works too": "dist/sliding-windows-offline.zip" in told("offline")
        and held_by("browser/test_offline.py", "test_the_search_finds_and_leads_there"),
        "writes the course as plain Markdown with its files to `dist/markdown`, for another "
        "generator such as Zensical": "to dist/markdown, for other generators" in told("markdown")
        and held_by("browser/test_markdown.py", "test_the_same_navigation"),
        "prints the course as one PDF, `dist/sliding-windows-course.pdf`": told("pdf")
        == "print the course as dist/sliding-windows-course.pdf"
        and held_by("browser/test_pdf.py", "test_the_outline_holds_every_section"),
        "packs executed notebooks, scripts, the package and exact requirements as "
        "`dist/sliding-windows-course.zip`": "dist/sliding-windows-course.zip" in told("takeaway")
        and held_by("browser/test_takeaway.py", "test_every_requirement_is_exact")
        and held_by("browser/test_takeaway.py", "test_what_is_in_it"),
        "pushes the executed notebooks to the branch `notebooks`, which the links to Colab and "
        "Binder open; does nothing without `repo_url`": told("notebooks").endswith(
            "to a branch, for Colab and Binder; needs repo_url"
        )
        and "refs/heads/notebooks" in source_of("scripts/push_notebooks.sh")
        and held_by(
            "site/test_cloud.py", "test_without_a_repository_nothing_is_written_nor_pushed"
        ),
        "redraws all figures, or one lesson's: `make figures LESSON=max-pooling`": told("figures")
        == "draw the figures again; LESSON=name for one lesson only"
        and held_by("course/test_freshness.py", "test_figures_draws_again_for_one_lesson"),
        "lint and spelling, then a strict build whose links, anchors, HTML, image descriptions and "
        "weights are checked": told("check").startswith("lint and spelling, then a strict build")
        and held_by("site/test_site_checks.py", "test_each_fault_is_named_with_its_page"),
        "deletes all build output": told("clean").startswith("delete all build output")
        and "rm -rf site dist .cache build" in MAKEFILE,
        "writes `requirements.lock` from `pyproject.toml`; `ARGS=--upgrade` takes the newest "
        "versions": told("lock")
        == "write requirements.lock from pyproject.toml; ARGS=--upgrade takes the newest versions",
        "lists the locked versions that are behind, torch's in `requirements-torch.txt` too": told(
            "outdated"
        )
        == "list the locked versions that are behind the newest"
        and "requirements-torch.txt" in source_of("scripts/lock.sh"),
    }
    names = re.findall(r"^\| `make (\w+)` \| ", source_of("README.md"), re.MULTILINE)
    for name, (words, truth) in zip(names, rows.items(), strict=True):
        page.says(f"| `make {name}` | {words} |", truth and bool(told(name)))
    page.labels("| command | what it does |")
    page.says(
        "With the environment active (`. .venv/bin/activate`), plain `mkdocs serve` and `mkdocs "
        "build` work too",
        held_by("course/test_faults.py", "test_plain_mkdocs_builds_the_same_site")
        and "$(BIN)/mkdocs serve" in MAKEFILE,
    )


def drawing(page):
    page.says(
        "after a first `make serve`",
        held_by(
            "project/test_readme.py", "test_commands_work_for_a_newcomer", "a first `make serve`"
        ),
    )
    page.says(
        "The call is parsed, never executed",
        "parsed, never executed" in option("call")
        and held_by("cli/test_cli_errors.py", "test_a_call_is_data_or_is_refused"),
    )
    page.says(
        "`draw --help` lists the options: values from a seed, a photo or a file, light or dark, "
        "width, frame time",
        "photo, or a file" in option("--values")
        and option("--seed").startswith("seed of the random numbers")
        and all(map(option, ("--width", "--frame-time")))
        and "{light,dark}" in parsers()["draw"].format_help(),
    )
    names = {"gif", "png", "zip", "webp", "apng", "json", "txt"}
    page.says(
        "The file extension sets the format: `.gif`, `.png` (a filmstrip), `.zip` (a transparent "
        "PNG of each window), `.webp`, `.apng`, `.json` or `.txt`",
        names == {*FORMATS}
        and "the extension sets the format" in option("--output")
        and "png (a filmstrip)" in option("--format")
        and "zip (transparent PNGs)" in option("--format"),
    )
    page.says(
        "The same command writes the same bytes every time",
        held_by("cli/test_cli_files.py", "test_a_file_is_the_same_on_every_run"),
    )
    trace = slide(nn.MaxPool2d(3, stride=2, padding=1), X)
    page.says(f"{trace.geometry.output_shape}", trace.geometry.output_shape == (4, 4))
    page.says(trace.steps[0].arithmetic)
    layout = "drawing/test_layout.py"
    page.says(
        f"A figure draws inputs of up to {MAX_SIDE}×{MAX_SIDE} and four input channels",
        MAX_PLANES == 4
        and held_by(
            layout, "test_too_much_is_refused_in_clear_words", f"up to {MAX_SIDE}×{MAX_SIDE}"
        ),
    )
    page.says(
        "Up to about 16×16 its cells hold numbers, beyond that shades of grey; beyond "
        f"{MAX_FRAMES} windows it samples them: every second, every third, and so on",
        held_by(layout, "test_numbers_up_to_16_by_16_and_shades_beyond")
        and held_by(layout, "test_the_longest_animations"),
    )
    other = tuple(tuple(value + 1 for value in row) for row in trace.output)
    with pytest.raises(SlidingWindowsError) as error:
        dataclasses.replace(trace, output=other)
    page.says(
        "A `Trace` checks itself: it recomputes every output from its own steps and raises if one "
        "differs from torch's",
        "the steps give 8.0 at output (0, 0), torch gave 9.0" in str(error.value),
    )


@cache
def parsers() -> dict:
    """Each command's own parser, by its name."""
    [commands] = [
        action for action in parser()._actions if hasattr(action, "choices") and action.choices
    ]
    return commands.choices


def option(name: str) -> str:
    """What --help says of an option or argument of draw."""
    [action] = [a for a in parsers()["draw"]._actions if name in a.option_strings or name == a.dest]
    return action.help


def more(page):
    def headings(path):
        return " ".join(re.findall(r"^## (.+)$", source_of(path), re.MULTILINE)).lower()

    contributing = headings("CONTRIBUTING.md")
    page.labels("## More")
    page.says(
        "[CONTRIBUTING.md]: write a lesson in five minutes, begin a course of your own, what a "
        "test must prove, how to host the site",
        all(
            w in contributing
            for w in ("a lesson in five minutes", "a course of your own", "hosting")
        )
        and "prove" in source_of("CONTRIBUTING.md"),
    )
    architecture = headings("ARCHITECTURE.md")
    page.says(
        "[ARCHITECTURE.md]: how the code is organised, how a tensor becomes a page, where to "
        "change what",
        all(
            w in architecture
            for w in ("the rooms", "from a tensor to a page", "where to change what")
        ),
    )
    page.says("[CHANGELOG.md]: what changed", source_of("CHANGELOG.md").startswith("# Changelog\n"))
    security = headings("SECURITY.md")
    page.says(
        "[SECURITY.md]: what runs when you build someone else's lesson, and how to report a "
        "vulnerability",
        all(
            w in security
            for w in ("what runs on your machine when you build", "report a vulnerability")
        ),
    )


def licence(page):
    text, cited = source_of("README.md"), yaml.safe_load(source_of("CITATION.cff"))
    page.says(
        "Code is [MIT]. Text and figures are",
        "Code is [MIT](LICENSE)." in text
        and f"Text and figures are [{credits.LICENCE}]({credits.TERMS})." in text
        and cited["license"] == ["MIT", "CC-BY-4.0"] == [PROJECT["license"], "CC-BY-4.0"],
    )
    site, own = credits.credit("a", "https://example.org/a"), credits.tool("a")
    page.says(
        "Every GIF and PNG on the site says so in its metadata, with title, author and, once "
        "`site_url` is public, its address; figures that you draw yourself are yours",
        site["Copyright"].startswith(credits.LICENCE)
        and {"Title", "Author", "Source"} < {*site}
        and not {"Author", "Copyright"} & {*own}
        and (
            credits.shown_at("https://example.org/", "b", "a"),
            credits.shown_at("http://127.0.0.1/", "b", "a"),
        )
        == ("https://example.org/lessons/b/#a", "")
        and held_by("export/test_credits.py", "test_every_picture_of_a_figure_carries_its_credit")
        and held_by("export/test_credits.py", "test_a_figure_that_somebody_draws_is_theirs"),
    )
    page.labels("To cite the project, see [CITATION.cff]")
    page.says(
        "The theme, its icons, the font in the figures, the photo and the digits are the work of "
        "others: the site's page [Notices] has their licences, and so does `NOTICES.txt` in each "
        "zip",
        held_by("site/test_notices.py", "test_each_has_the_licence_that_its_package_has")
        and held_by("browser/test_offline.py", "test_the_notices_of_others_work_are_in_it")
        and "NOTICES.txt in each zip, name every one of them"
        in " ".join(source_of("LICENSE").split()),
    )
    page.says(
        "The course began from Sebastian Raschka's and Lightning AI's *Deep Learning "
        "Fundamentals*, Unit 7",
        "Sebastian Raschka and Lightning AI (2023). [Deep Learning Fundamentals]"
        in source_of("docs/reference/sources.md"),
    )
