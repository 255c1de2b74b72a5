"""Rules of every test run: nothing is skipped silently, and the longest files run first.

- A test that is skipped or expected to fail makes the run fail, unless MAY_BE_SKIPPED gives a
  reason. So does a file without a test, and a run in which no test was executed.
- With ``-n`` each file runs in one process, the longest files first. The tests of a file in SPLIT
  are distributed one by one, the files in TOGETHER share a process, and every test of one lesson
  goes to the process in which that lesson runs.
- What the tests of a file leave in the environment makes its last one fail.
- ``--quick`` runs only the files in QUICK, and says what it left out.
"""

import gc
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LESSONS = [path.stem for path in sorted(HERE.parent.glob("lessons/*.py"))]

# The prefix of a test's id, and why it may be skipped.
MAY_BE_SKIPPED = {
    "tests/cli/test_cli_files.py::test_a_disk_that_is_really_full": "only root may mount a disk; "
    "test_a_full_disk_leaves_the_old_file simulates the same error",
    "tests/cli/test_cli_files.py::test_a_disk_that_is_really_read_only": "only root may mount a "
    "disk; test_a_read_only_folder runs everywhere",
    "tests/cli/test_cli_files.py::test_a_full_standard_output": "only Linux has /dev/full",
}

# Longest first, as `python scripts/bench.py tests` prints them. But the first one builds the site,
# while the other process has something to do that does not need it.
LONGEST = (
    "browser/test_takeaway.py",
    "lessons/test_trained_on_digits.py",
    "lessons/test_modern_downsampling.py",
    "lessons/test_moving_between_libraries.py",
    "course/test_repeatable.py",
    "browser/test_browser.py",
    "browser/test_explorer.py",
    "course/test_freshness.py",
    "lessons/test_broken_lessons.py",
    "course/test_faults.py",
    "browser/test_stepper.py",
    "browser/test_moving_pictures.py",
    "browser/test_explorer_controls.py",
    "browser/test_reading.py",
    "drawing/test_frames.py",
    "browser/test_network.py",
    "browser/test_scaffold.py",
    "browser/test_gallery.py",
    "tracing/test_values_1d_3d.py",
    "browser/test_print.py",
    "browser/test_pdf.py",
    "site/test_serve.py",
    "project/test_mutants.py",
    "tracing/test_route.py",
    "project/test_setup.py",
    "tracing/test_values.py",
    "cli/test_cli_files.py",
    "browser/test_search.py",
    "project/test_types.py",
    "browser/test_same_page.py",
)
# Files whose tests share no expensive fixture.
SPLIT = ()
# Files that check the same figures, which are drawn only once if they share a process.
TOGETHER = (
    "drawing/test_frames.py",
    "words/test_description.py",
    "export/test_gif.py",
    "export/test_handouts.py",
    "export/test_recolour.py",
    "export/test_renderers.py",
    "export/test_recorded_pictures.py",
    "words/test_recorded_words.py",
    "drawing/test_moving_frames.py",
)

# For quick checks while editing, by prefix: the engine, the most common figures and words, one tiny
# site and one lesson.
QUICK = (
    "core/",
    "tracing/",
    "words/test_description",
    "drawing/test_frames",
    "drawing/test_layout",
    "cli/test_cli_words",
    "cli/test_cli_values",
    "export/test_files",
    "project/test_script",
    "site/test_pages",
    "lessons/test_max_pooling",
)


def pytest_addoption(parser):
    parser.addoption(
        "--quick", action="store_true", help="only the quick files; says what is left out"
    )


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Log())


class Log:
    """The outcomes of the tests, and whether the whole run counts as passed."""

    def __init__(self):
        self.passed, self.skipped = 0, {}

    def pytest_collectreport(self, report):
        if report.skipped:
            self.skipped[report.nodeid] = report.longrepr[2]

    def pytest_runtest_logreport(self, report):
        expected = hasattr(report, "wasxfail")
        if report.skipped or (report.passed and expected):
            reason = report.wasxfail if expected else report.longrepr[2]
            self.skipped[report.nodeid] = reason or "no reason given"
        elif report.passed and report.when == "call":
            self.passed += 1

    def problems(self, config):
        found = [
            f"not run, which counts as a failure: {test}: {reason}"
            for test, reason in self.skipped.items()
            if not test.startswith(tuple(MAY_BE_SKIPPED))
        ]
        if not self.passed and not config.option.collectonly:
            found.append("no test was executed and passed")
        return found

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if session.exitstatus == pytest.ExitCode.OK and self.problems(session.config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter, config):
        for problem in self.problems(config):
            terminalreporter.write_line(problem, red=True)
        for test, reason in self.skipped.items():
            for name in MAY_BE_SKIPPED:
                if test.startswith(name):
                    terminalreporter.write_line(
                        f"skipped: {test}: {reason}: {MAY_BE_SKIPPED[name]}"
                    )
        if config.option.quick:
            ran = [path for path in all_files() if is_quick(path)]
            terminalreporter.write_line(
                f"quick: {len(ran)} of {len(all_files())} files; left out: {', '.join(left_out())}"
            )


def all_files():
    """Every test file on disk."""
    return sorted(HERE.rglob("test_*.py"))


def is_quick(path):
    return path.relative_to(HERE).as_posix().startswith(QUICK)


def left_out():
    """Files, or folders where most files are left out: 'tests/cli but test_a.py and test_b.py'."""
    found = []
    for folder in sorted({path.parent for path in all_files()}):
        files = [path for path in all_files() if path.parent == folder]
        slow = [path for path in files if not is_quick(path)]
        quick = " and ".join(path.name for path in files if path not in slow)
        if len(slow) > len(files) / 2:
            name = folder.relative_to(HERE.parent).as_posix()
            found.append(f"{name} but {quick}" if quick else name)
        else:
            found += [path.relative_to(HERE.parent).as_posix() for path in slow]
    return found


def pytest_ignore_collect(collection_path, config):
    if config.option.quick and collection_path.is_file() and not is_quick(collection_path):
        return True


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if isinstance(collector, pytest.Module) and report.passed and not report.result:
        report.outcome, report.longrepr = "failed", f"{collector.nodeid} holds no test"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """No garbage is looked for among tests and libraries, which stay to the end, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


FOUND = {}  # the environment, by the file whose tests run
# Which pytest, torch, mypy and Material set for all that follows, once they are used.
OF_LIBRARIES = ("PYTEST_CURRENT_TEST", "TORCHINDUCTOR_CACHE_DIR", "MYPY_CONFIG_FILE_DIR")
OF_LIBRARIES += ("NO_MKDOCS_2_WARNING",)


def environment():
    return {name: value for name, value in os.environ.items() if name not in OF_LIBRARIES}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if item.path not in FOUND:
        FOUND.clear()
        FOUND[item.path] = environment()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """A variable that is left behind decides the tests of other files, now and then."""
    result = yield
    if nextitem is None or nextitem.path != item.path:
        names = {name for name, _ in FOUND[item.path].items() ^ environment().items()}
        assert not names, f"tests of {item.path.name} leave {', '.join(sorted(names))} changed"
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Put the longest files first in the workers of ``-n``, whose scheduler keeps this order."""
    if hasattr(config, "workerinput"):
        places = {HERE / name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


def scope(test):
    """The group of a test, which runs in one process: a file, or everything about one lesson."""
    file = test.split("::", 1)[0].removeprefix("tests/")
    if file in SPLIT:
        return test
    if file in TOGETHER:
        return TOGETHER[0]
    if file.startswith("lessons/"):
        for name in sorted(LESSONS, key=len, reverse=True):
            own = f"lessons/test_{name.replace('-', '_')}.py"
            if file == own or test.endswith((f"[{name}]", f"-{name}]")):
                return own
    return file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadFileScheduling

    class LongestFirst(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return scope(nodeid)

    config.option.loadscopereorder = False
    return LongestFirst(config, log) if config.option.dist == "loadfile" else None
