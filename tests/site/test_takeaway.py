"""The course to take away runs in a clean environment, and says there what it says here."""

import ast
import json
import os
import subprocess
import sys
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import pytest
from site_pages import NOTEBOOKS, ROOT

from slidingwindows.errors import SlidingWindowsError
from slidingwindows.notices import notices_text
from slidingwindows.takeaway import NAME, requirements, takeaway

# Executes notebooks; prints what each of them printed before and after, as JSON.
RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient

def printed(cells):
    return [output["text"] for cell in cells for output in cell.get("outputs", [])
            if output["output_type"] == "stream" and output["name"] == "stdout"]

said = {}
for path in sys.argv[1:]:
    book = nbformat.read(path, 4)
    # A cell that gives answers away comes without its outputs, and without a count.
    shown = [cell for cell in book.cells if cell.get("execution_count") is not None]
    before = printed(shown)
    NotebookClient(book, timeout=900, kernel_name="python3").execute()
    said[path] = [before, printed(shown)]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def archive(site, tmp_path_factory):
    """The zip; the site's fixture has prepared all lessons."""
    target = tmp_path_factory.mktemp("course") / "course.zip"
    assert takeaway(ROOT, target) > 2 * len(NOTEBOOKS)
    return target


@pytest.fixture(scope="module")
def course(archive):
    """The zip's folder, unpacked."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(archive.parent)
    return archive.parent / NAME


def test_what_is_in_it(course):
    for folder, ending in (("notebooks", "ipynb"), ("scripts", "py")):
        found = sorted(path.stem for path in (course / folder).glob(f"*.{ending}"))
        assert found == sorted(NOTEBOOKS)
    for path in (course / "scripts").glob("*.py"):
        ast.parse(path.read_text("utf-8"))
    assert "Raschka" in (course / "README.txt").read_text("utf-8")
    assert len(list(course.glob("slidingwindows-*.whl"))) == 1
    assert (course / "NOTICES.txt").read_text("utf-8") == notices_text()


def test_every_requirement_is_exact(course):
    lines = (course / "requirements.txt").read_text("utf-8").splitlines()[2:]
    names = ("requirements.lock", "requirements-torch.txt")
    locked = [line for name in names for line in (ROOT / name).read_text("utf-8").split()]
    assert set(lines) <= set(locked)
    for line in lines:  # the very versions that ran the lessons, where the lock has several
        name, number = line.split("==")
        assert version(name).partition("+")[0] == number
    assert {"torch", "numpy", "matplotlib", "scikit-learn", "ipykernel"} <= {
        line.split("==")[0] for line in lines
    }
    assert not [line for line in lines if line.startswith(("mkdocs", "playwright", "pytest"))]


def test_the_same_project_gives_the_same_bytes(archive, tmp_path):
    takeaway(ROOT, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_a_project_without_lessons_says_so(tmp_path):
    with pytest.raises(SlidingWindowsError, match="no lesson is prepared; run make site first"):
        takeaway(tmp_path, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()
    assert requirements(ROOT, "x.whl").splitlines()[1] == "./x.whl"


def test_every_notebook_runs_in_a_clean_environment(course, tmp_path):
    venv.create(tmp_path / "clean", with_pip=True)
    python = str(tmp_path / "clean" / ("Scripts" if os.name == "nt" else "bin") / "python")
    unset = ("PYTHONPATH", "PYTHONPYCACHEPREFIX", "SLIDINGWINDOWS_BUILD", "VIRTUAL_ENV")
    clean = {name: value for name, value in os.environ.items() if name not in unset}
    clean |= {"PYTHONNOUSERSITE": "1", "OMP_NUM_THREADS": "1", "IPYTHONDIR": str(tmp_path / "ipy")}
    # Nothing is compiled that no notebook imports.
    install = [python, "-m", "pip", "install", "--quiet", "--no-compile"]
    install += ["-r", "requirements.txt"]
    done = subprocess.run(install, cwd=course, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    where = "import slidingwindows; print(slidingwindows.__file__)"
    ask = [python, "-c", where]
    done = subprocess.run(ask, cwd=course, env=clean, capture_output=True, text=True)
    assert done.stdout.startswith(str(tmp_path / "clean")), "the package of the wheel, not ours"

    names = sorted(path.name for path in (course / "notebooks").glob("*.ipynb"))
    halves = [names[0::2], names[1::2]]

    def run(half):
        command = [python, "-c", RUN, *half]
        folder = course / "notebooks"
        return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, halves))
    said = {}
    for done in results:
        assert done.returncode == 0, done.stderr[-3000:]
        said |= json.loads(done.stdout.splitlines()[-1])
    assert sorted(said) == names
    for name, (before, after) in said.items():
        assert "".join(before) == "".join(after), name
    assert sys.prefix not in str(said)
