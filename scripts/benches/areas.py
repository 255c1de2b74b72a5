"""What the mutants' bench mutates: areas of the project, and the tests that answer for each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Area(NamedTuple):
    """Files by pattern, those of the package from its folder; folders or files of tests."""

    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    least: int = 95  # percent of its decided mutants that tests must notice

    def sources(self, root: Path) -> list[Path]:
        """The files to mutate."""
        package = root / "scripts" / "slidingwindows"
        named = [path for one in self.modules for path in package.glob(f"{one}.py")]
        return sorted([*named, *(path for one in self.files for path in root.glob(one))])

    def test_files(self, root: Path) -> list[Path]:
        """The test files, folders opened."""
        found = []
        for one in self.tests:
            path = root / one
            found += sorted(path.glob("test_*.py")) if path.is_dir() else [path]
        return found


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
            "tests/cli/test_cli_files.py",
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
    "script": Area(files=("assets/**/*.js",), tests=("tests/browser",)),
}
# An area whose mutants and tests are its own affair is a module of this package with
# `score(sample, seed, report) -> (killed, decided)`.
OTHERS = {"lessons": "benches.lessons"}

# Which tests of the site a script has; each of them builds the site, so not all are run for all.
ENGINE = ("arithmetic", "geometry", "numbers", "operations", "random")
TORCH = ("arguments", "convolution", "layers", "others", "pooling", "problems", "reading")
TORCH += ("refusals", "shared")
OF_SCRIPT = {
    "access": ("landmarks", "site"),
    "explorer": (*ENGINE, "calls", "elements", "explorer", "grid", "pasted", "settings"),
    "gallery": ("gallery",),
    "network": (*TORCH, "address", "calculator", "elements", "funnel", "network", "sight"),
    "offline": ("offline-worker",),
    "same_page": ("theme-fixes",),
    "stepper": ("drawing", "moving-pictures", "player", "stepper"),
    "windows": (*ENGINE, *TORCH, "calls"),
}


def chosen_for_script(path: Path, tests: list[Path]) -> list[Path]:
    """The test files of the site that speak of a script, or all of them."""
    names = {
        f"test_{test}.py"
        for test, stems in OF_SCRIPT.items()
        if any(path.stem.startswith(stem) for stem in stems)
    }
    return [test for test in tests if test.name in names] or tests
