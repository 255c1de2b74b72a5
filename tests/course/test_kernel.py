"""What a lesson's kernel gets of the build's environment, and what it cannot read of it."""

import os
import re

import pytest
from tiny_project import lesson

from slidingwindows import SlidingWindowsError
from slidingwindows.course import execution, guard, lessons
from slidingwindows.course.pages import markdown

SECRET = "s3cr3t-of-the-build"
ASKS = (
    "import os\nprint(dict(os.environ))",
    "print(open('/proc/self/environ').read().replace('\\0', '\\n'))",
    "for process in (os.getppid(), BUILD):\n    try:\n"
    "        print(open(f'/proc/{process}/environ').read())\n"
    "    except PermissionError as error:\n        print(error)",
    "print(os.path.expanduser('~') == os.getcwd(), open('/proc/self/status').read(4))",
)


@pytest.fixture
def secrets(monkeypatch):
    """Names under which continuous integration and clouds keep secrets, all set."""
    names = ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PYPI_PASSWORD", "SECRET", "X_PATH", "PATHS"]
    names += ["PYTHON_TOKEN", "LANG_TOKEN", "MY_SLIDINGWINDOWS_KEY", "path", "PYTHONSTARTUP"]
    names += ["MATPLOTLIBRC", "JUPYTER_PATH", "PYTHONINSPECT", "LD_PRELOAD", "SSH_AUTH_SOCK"]
    for name in names:
        monkeypatch.setenv(name, SECRET)
    return names


@pytest.mark.parametrize("forked", [True, False], ids=["forked", "in a kernel"])
def test_a_lesson_cannot_print_the_builds_secrets(tmp_path, secrets, forked):
    """Neither its environment nor /proc holds them; its parent's and the build's are refused."""
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "curious.py"
    path.write_text(lesson("Curious", f"BUILD = {os.getpid()}", *ASKS))
    curious = lessons.read(path)
    # It shows paths, which execute() would refuse.
    outputs, processes = execution.run(curious, forked=forked)
    page = markdown(curious, outputs)
    assert SECRET not in page
    assert page.count("'SLIDINGWINDOWS_BUILD': '1'") == 1 and "\nSLIDINGWINDOWS_BUILD=1\n" in page
    said = r"^a lesson may not read another process's environment: /proc/(\d+)/environ$"
    refused = re.findall(said, page, re.MULTILINE)
    assert len(refused) == 2 and int(refused[1]) == os.getpid()
    assert {int(process) for process in refused} < set(processes)
    assert "\nTrue Name\n" in page


def test_tags_that_skip_a_cell_and_let_one_raise(tmp_path):
    text = lesson("Tags", "x = 1", "x = 2", "1 / 0", "x")
    for cell, tag in (("x = 2", "skip-execution"), ("1 / 0", "raises-exception")):
        text = text.replace(f"# %%\n{cell}", f'# %% tags=["{tag}"]\n{cell}')
    path = tmp_path / "lessons" / "tags.py"
    path.parent.mkdir()
    path.write_text(text)
    page = markdown(lessons.read(path), execution.execute(lessons.read(path)))
    shown = page[page.index("```python\nx = 1") :].replace("\n\n", "\n").split("\n")
    assert "\n".join(line for line in shown if not line.startswith("```")) == (
        "x = 1\nx = 2\n1 / 0\nZeroDivisionError: division by zero\nx\n1\n"
    )


def test_a_kernel_of_its_own_does_not_end_by_exit(tmp_path):
    """A fork's shell refuses too: test_faults.py. Ignored, what follows would run."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "ends.py").write_text(lesson("Ends", "exit()", "1"))
    with pytest.raises(SlidingWindowsError, match="code cell 1, line 10: RuntimeError: a lesson"):
        execution.run(lessons.read(tmp_path / "lessons" / "ends.py"), forked=False)


def test_what_a_kernel_gets(tmp_path, monkeypatch, secrets):
    kept = ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT"]
    for name in [*kept, "SLIDINGWINDOWS_ANY"]:
        monkeypatch.setenv(name, f"for {name}")
    path = tmp_path / "lessons" / "one.py"
    path.parent.mkdir()
    path.write_text(lesson("One", "1"))
    got = execution._environment(lessons.read(path), "/scratch")
    assert not set(got) & set(secrets) and SECRET not in "".join(got.values())
    assert {name: got[name] for name in [*kept, "SLIDINGWINDOWS_ANY"]} == {
        name: f"for {name}" for name in [*kept, "SLIDINGWINDOWS_ANY"]
    }
    ours = {name: value for name, value in got.items() if not execution.PASSED.fullmatch(name)}
    ours.pop("PYTHONUSERBASE", None)
    assert ours == {
        "JUPYTER_CONFIG_DIR": "/scratch",
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": "/scratch",
        "HOME": "/scratch",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": "/scratch",
        "OMP_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": "1073741824",
        "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    assert got["SLIDINGWINDOWS_BUILD"] == "1"
    assert got["SLIDINGWINDOWS_LESSONS"] == str(path.parent)


@pytest.mark.parametrize("enabled", [True, False, None])
def test_packages_under_home_are_found_where_python_looks_for_them(tmp_path, monkeypatch, enabled):
    monkeypatch.setattr(execution.site, "ENABLE_USER_SITE", enabled)
    monkeypatch.setattr(execution.site, "getuserbase", lambda: "/home/someone/.local")
    monkeypatch.delenv("PYTHONUSERBASE", raising=False)
    (tmp_path / "one.py").write_text(lesson("One", "1"))
    got = execution._environment(lessons.read(tmp_path / "one.py"), "/scratch")
    assert got.get("PYTHONUSERBASE") == ("/home/someone/.local" if enabled else None)


@pytest.mark.parametrize("name", ["/proc/1/environ", "/proc/1/task/1/environ"])
def test_environments_of_others(name):
    assert guard.ENVIRONMENT.fullmatch(name)
    assert not guard.ENVIRONMENT.fullmatch(f"{name}s") and not guard.ENVIRONMENT.match(name[1:])
    assert not re.fullmatch(guard.ENVIRONMENT, "/home/proc/1/environ")
