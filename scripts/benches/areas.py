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
        tuple(
            "adaptive backward calls conv_arithmetic convolution counting errors fields folding "
            "geometry gradients measuring modules moves networks operations parsing plain pooling "
            "probing rearranging receptive requests running sight surrogate tensors trace transfer "
            "undisturbed uneven values weights".split()
        ),
        tests=("tests/core", "tests/cli/test_cli_values.py", "tests/cli/test_cli_errors.py"),
    ),
    "figures": Area(
        tuple(
            "around canvas colouring credits drawing encoding field_drawing field_frames "
            "field_plan filmstrip frames funnel_frames funnel_plan gif grids handouts layout "
            "moving panels placing plotting reel regions renderers returning saving scene sheets "
            "sizes stepping style".split()
        ),
        tests=("tests/figures", "tests/cli/test_cli_files.py"),
    ),
    "words": Area(
        tuple(
            "arithmetic description feature_maps field_words jsonlines legend listing "
            "move_words notation recipes tables transfer_words wording".split()
        ),
        tests=("tests/core", "tests/figures", "tests/cli/test_cli_words.py"),
        least=90,
    ),
    "build": Area(
        tuple(
            "__init__ __main__ api_html api_page api_signature api_source artefacts blocks book "
            "chromium cited cloud commands contents course_data docstrings embed events execution "
            "exercises failing figure_data fragments gallery glossary guard hooks inert lesson "
            "lessons lighter machine mathml new_lesson notebooks notices offline outputs packing "
            "pages pdf photo policy prepare printed reading searching sharing shell site "
            "site_checks social sources stamps tags takeaway terminal".split()
        ),
        tests=("tests/build", "tests/cli"),
    ),
    "script": Area(files=("assets/**/*.js",), tests=("tests/site",)),
}
# An area whose mutants and tests are its own affair is a module of this package with
# `score(sample, seed, report) -> (killed, decided)`.
OTHERS = {"lessons": "benches.lessons"}

# Which tests of the site a script has; each of them builds the site, so not all are run for all.
OF_SCRIPT = {
    "access": ("landmarks",),
    "explorer": ("arithmetic", "explorer", "grids", "layers", "pasted", "windows"),
    "gallery": ("gallery",),
    "network": ("network", "layers", "sight", "windows"),
    "offline": ("offline-worker",),
    "same_page": ("theme-fixes",),
    "stepper": ("sliding-window", "play", "figures", "grids", "arithmetic"),
    "windows": ("windows", "layers", "explorer"),
}


def chosen_for_script(path: Path, tests: list[Path]) -> list[Path]:
    """The test files of the site that speak of a script, or all of them."""
    names = {
        f"test_{test}.py"
        for test, stems in OF_SCRIPT.items()
        if any(path.stem.startswith(stem) for stem in stems)
    }
    return [test for test in tests if test.name in names] or tests
