"""What a stranger sees of the repository: its figure is what the build draws, its links lead on."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from site_pages import COURSE

from slidingwindows import __version__
from slidingwindows.course.lessons import paths_of

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
WORKFLOW = re.compile(r"\.\./\.\./actions/workflows/([\w-]+\.yml)(/badge\.svg)?")
LESSON, FIGURE = "max-pooling", "max-pool-3x3-stride-2"
COMMITTED = {theme: ROOT / ".github" / f"max-pool.{theme}.gif" for theme in ("light", "dark")}


def drawn():
    """The lesson's figure as the build draws it, by theme; without an address, which differs."""
    sys.path.insert(0, str(ROOT / "tests" / "shared"))  # for whoever runs this file itself
    from lesson_run import run

    from slidingwindows.export.render import render
    from slidingwindows.lesson import show

    shown = run(LESSON).figures[FIGURE]
    files = render(show(shown.item, FIGURE, shown.caption).data).files
    return {theme: files[f"{FIGURE}.{theme}.gif"] for theme in COMMITTED}


def test_the_readmes_figure_is_what_the_build_draws():
    again = f"draw it again: .venv/bin/python {Path(__file__).relative_to(ROOT)}"
    for theme, content in drawn().items():
        assert COMMITTED[theme].read_bytes() == content, again


@pytest.mark.parametrize("page", PAGES)
def test_links_of_the_repositorys_pages(page):
    text = (ROOT / page).read_text("utf-8")
    inside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    inside = re.sub(r"`[^`\n]+`", "code", inside)  # [`code`](address) is still a link
    for target in (one or other for one, other in LINK.findall(inside)):
        on_github = WORKFLOW.fullmatch(target)  # from a file's page there, two steps up
        if on_github:
            target = f".github/workflows/{on_github[1]}"
        if not target.startswith("https://"):
            assert (ROOT / target).is_file(), f"{page}: {target}"


@pytest.mark.parametrize("page", (*PAGES, "docs/gallery.md"))
def test_commands_work_for_a_newcomer(page):
    """Only an environment that `make` has set up knows the package: a block says so first."""
    text = (ROOT / page).read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    blocks = [block.splitlines() for block in blocks if "-m slidingwindows" in block]
    for lines in blocks:
        if not lines[0].startswith(". .venv/bin/activate   # after a first `make serve`"):
            assert all(line.startswith((".venv/bin/python -m ", "make ")) for line in lines), lines
    if blocks and page != "CONTRIBUTING.md":
        first = next(line for lines in blocks for line in lines)
        assert first.startswith("make serve")


def test_badges_say_what_is_so():
    text = (ROOT / "README.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert f"[![Python {oldest} or later](https://img.shields.io/badge/python-{oldest}%2B-" in text
    licence = project["license"]
    assert f"[![Code: {licence}](https://img.shields.io/badge/code-{licence}-" in text
    of_text = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["license"][1]
    assert of_text == "CC-BY-4.0" and "[![Text and figures: CC BY 4.0](" in text
    status = [found[0] for found in WORKFLOW.finditer(text)]
    assert status == [f"{status[1]}/badge.svg", status[1]]
    assert text.index("badge") < text.index("<picture>")


def test_the_readme_begins_with_the_product_and_leads_to_it():
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.index("<picture>") < text.index("**Students**") < text.index("## Two commands")
    assert re.search(r'<img [^>]*alt="[^"]{40,}"', text)
    linked = set(re.findall(r"\]\((\w[^)]*\.(?:md|cff))\)", text))
    assert {"docs/explorer.md", "docs/network.md", "docs/gallery.md", "docs/index.md"} <= linked
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CITATION.cff"} <= linked
    more = len(paths_of(ROOT / "lessons")) - len(COURSE)
    assert f"read {len(COURSE)} lessons" in text and f"in {more} more" in text


def test_one_version_in_one_place():
    assert (
        'version = {attr = "slidingwindows.__version__"}' in (ROOT / "pyproject.toml").read_text()
    )
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == __version__
    newest = re.search(r"^## (\S+), (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest[1] == __version__
    day = str(cited.get("date-released", "unreleased"))
    assert newest[2] == day
    about = (ROOT / "docs" / "about.md").read_text("utf-8")
    assert re.findall(r"\bVersion (\d\S*)\.(?=\s)", about) == [__version__] * 2
    years = re.findall(r"authors \((\d{4})\)|year += \{(\d{4})\}", about)
    assert len(years) == 2 and (day == "unreleased" or {"".join(one) for one in years} == {day[:4]})


def test_forms_for_issues_are_forms():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 4
    for path in forms:
        form = yaml.safe_load(path.read_text("utf-8"))
        if path.name != "config.yml":
            assert form["name"] and form["description"] and form["body"]
            for field in form["body"]:
                assert field["type"] in ("input", "textarea") and field["attributes"]["label"]
            assert any(field.get("validations", {}).get("required") for field in form["body"])


if __name__ == "__main__":
    for theme, content in drawn().items():
        COMMITTED[theme].write_bytes(content)
