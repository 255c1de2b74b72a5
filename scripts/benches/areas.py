"""What the mutation benchmark mutates: areas of the project, and the tests of each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Area(NamedTuple):
    """Modules and other files to mutate, as patterns; their tests, as files or folders."""

    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    least: int = 95  # percent of the decided mutants that tests must notice

    def sources(self, root: Path) -> list[Path]:
        """The files to mutate."""
        package = root / "scripts" / "slidingwindows"
        named = [path for one in self.modules for path in package.glob(f"{one}.py")]
        return sorted([*named, *(path for one in self.files for path in root.glob(one))])

    def test_files(self, root: Path) -> list[Path]:
        """The test files, with folders expanded."""
        files = []
        for one in self.tests:
            path = root / one
            files += sorted(path.glob("test_*.py")) if path.is_dir() else [path]
        return files


AREAS = {
    "engine": Area(
        ("core/*", "tracing/*"),
        tests=(
            "tests/core",
            "tests/tracing",
            "tests/words",
            "tests/drawing",
            "tests/export",
            "tests/cli/test_cli_values.py",
            "tests/cli/test_cli_errors.py",
            "tests/cli/test_cli_files.py",
            "tests/cli/test_recorded_lines.py",
        ),
    ),
    "figures": Area(
        ("drawing/*", "export/*"),
        tests=(
            "tests/drawing",
            "tests/export",
            "tests/words",
            "tests/tracing/test_one_error.py",  # of saving
            "tests/cli/test_cli_files.py",
            "tests/cli/test_cli_errors.py",
            "tests/cli/test_recorded_lines.py",
        ),
    ),
    "words": Area(
        ("words/*",),
        tests=(
            "tests/words",
            "tests/drawing",
            "tests/export",
            "tests/tracing",
            "tests/core",
            "tests/cli/test_cli_words.py",
            "tests/cli/test_recorded_lines.py",
        ),
        least=90,
    ),
    "build": Area(
        ("*", "course/*", "site/*", "testing/*", "cli/*"),
        tests=("tests/course", "tests/site", "tests/cli", "tests/lessons/test_lesson_page.py"),
    ),
    "pages": Area(
        files=("docs/**/*.md", "README.md"),
        tests=(
            "tests/project/test_readme_words.py",
            "tests/project/test_readme.py",
            "tests/site/test_glossary_a_to_e.py",
            "tests/site/test_glossary_f_to_n.py",
            "tests/site/test_glossary_o_to_w.py",
            "tests/site/test_glossary_words.py",
            "tests/site/test_about_words.py",
            "tests/site/test_play_words.py",
            "tests/site/test_sources_words.py",
            "tests/site/test_cited.py",
            "tests/site/test_which_pooling.py",
        ),
        least=90,
    ),
    "script": Area(files=("assets/**/*.js",), tests=("tests/browser",)),  # and tests/script
}
# What benches.lessons breaks, and how many percent of it the tests must notice.
OF_LESSONS = {"code": 95, "prose": 90}

# Which browser tests cover which script; what only computes is tested under Node as well.
ENGINE = ("arithmetic", "geometry", "numbers", "operations", "random")
TORCH = ("arguments", "convolution", "layers", "others", "pooling", "problems", "reading")
TORCH += ("refusals", "shared")
CONTROLS = ("calculator", "gallery", "player", "drawing", "moving-pictures", "stepper")
OF_SCRIPT = {
    "access": ("landmarks", "site"),
    "elements": ("elements",),
    "explorer": (*ENGINE, "calls", "elements", "explorer"),
    "explorer_controls": ("calls", "elements", "explorer"),
    "gallery": ("gallery",),
    "recorded_controls": CONTROLS,
    "network": (*TORCH, "calls", "address", "calculator", "elements", "funnel", "network", "sight"),
    "offline": ("offline-worker",),
    "same_page": ("theme-fixes",),
    "search": ("theme-fixes",),
    "drawn_like_the_gif": ("drawing",),
    "looked_at": ("drawing", "stepper"),
    "moving_pictures": ("drawing", "moving-pictures", "player"),
    "stepper": ("drawing", "player", "stepper"),
}


def chosen_for_page(path: Path, tests: list[Path]) -> list[Path]:
    """The tests that cover a page: those named after it, or those of several pages."""
    named = [test for test in tests if path.stem.lower().split("-")[0] in test.stem]
    return named or [test for test in tests if "glossary" not in test.stem]


def chosen_for_script(path: Path, tests: list[Path]) -> list[Path]:
    """The tests that cover a script, or all of them; quick ones first, as they are given."""
    names = {
        f"test_{test}.py"
        for test, stems in OF_SCRIPT.items()
        if any(path.parent.name == stem or path.stem.startswith(stem) for stem in stems)
    }
    return [test for test in tests if test.name in names] or tests
