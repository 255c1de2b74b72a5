"""The course to take away runs in a clean environment, and says there what it says here."""

import ast
import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution, version
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from site_pages import NOTEBOOKS, ROOT
from sweeps import SWEEPS

import slidingwindows
from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.course.lessons import PACKAGES, packages_of
from slidingwindows.site.notices import notices_text
from slidingwindows.site.takeaway import MORE, NAME, requirements, takeaway

# Executes notebooks; prints what each of them printed before and after, as JSON. The first runs in
# a kernel, as Jupyter does it. All others run in a process that has only imported the libraries,
# with what torch imports of its own when a lesson trains or unpools, forked anew for each: starting
# 23 kernels would take minutes more and prove nothing else. There a plot is drawn once, not in four
# colours, as it is in the kernel of moving-between-libraries. Without fork, as on Windows, there is
# a kernel for each.
RUN = """
import gc, json, os, sys, types
import nbformat
from nbclient import NotebookClient

def printed(cells):
    return "".join(output["text"] for cell in cells for output in cell.get("outputs", [])
                   if output["output_type"] == "stream" and output["name"] == "stdout")

def in_a_kernel(cells, book):
    NotebookClient(book, timeout=900, kernel_name="python3").execute()
    return printed(cells)

def in_this_process(cells, book):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    shell, said = InteractiveShell.instance(), []
    shell.display_trap.hook = lambda value: None  # a cell's value is shown, not printed
    for cell in book.cells:
        if cell.cell_type == "code":
            with capture_output() as captured:
                shell.run_cell(cell.source, store_history=True).raise_error()
            if cell in cells:
                said.append(captured.stdout)
    return "".join(said)

def drawn_once(draw, name, width, height):
    pixels = plot.drawn(draw, plot.LIGHT_AND_DARK, width, height)
    return types.SimpleNamespace(packed=pixels.tobytes)

def run(path, how):
    book = nbformat.read(path, 4)
    # A cell that gives answers away comes without its outputs, and without a count.
    cells = [cell for cell in book.cells if cell.get("execution_count") is not None]
    before = printed(cells)
    line = json.dumps([path, before, how(cells, book)]) + "\\n"
    os.write(1, line.encode())  # to a file, at its end: two processes never mix their lines

def forked(path, how):
    child = os.fork()
    if not child:
        code = 1
        try:
            run(path, how)
            code = 0
        finally:
            os._exit(code)
    return child

first, *others = sys.argv[1:]
waiting = [(first, in_a_kernel), *((path, in_this_process) for path in others)]
if not hasattr(os, "fork"):
    for path in sys.argv[1:]:
        run(path, in_a_kernel)
    waiting = []
elif others:
    import IPython, matplotlib.pyplot, sklearn.datasets, slidingwindows.lesson, torch._dynamo
    from slidingwindows.drawing import plot
    plot.layers = drawn_once
    gc.freeze()  # so that no fork scans all that
running = {}
while waiting or running:
    while waiting and len(running) < 2:
        path, how = waiting.pop(0)
        running[forked(path, how)] = path
    child, status = os.wait()
    assert status == 0, running[child]
    del running[child]
"""

# Notebooks that train for a while, and how they are shortened; whole only with SWEEPS=5.
SEEDS = ("range(8)", "range(2)")
TRAINED = {
    "trained-on-digits": (("epochs=16", "epochs=2"), ("range(1, 17)", "range(1, 3)"), SEEDS),
    "modern-downsampling": (("epochs=12", "epochs=3"), SEEDS),
}


# Runs a notebook's first code cell alone.
BEGIN = """
import json, sys
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
exec("".join(next(cell for cell in cells if cell["cell_type"] == "code")["source"]))
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
    (wheel,) = course.glob("slidingwindows-*.whl")
    package = Path(slidingwindows.__file__).parent
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    with zipfile.ZipFile(wheel) as packed:
        missing = {path.relative_to(package.parent).as_posix() for path in files}
        missing -= set(packed.namelist())
    assert not missing
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


def test_every_import_is_required(course):
    """By all notebooks, or by the one that says so itself."""
    lines = (course / "requirements.txt").read_text("utf-8").splitlines()
    common = {*PACKAGES, *(line.split("==")[0] for line in lines)}
    for path in (course / "scripts").glob("*.py"):
        imported = {name.lower() for name in packages_of(path.read_text("utf-8"))}
        besides = imported - common
        assert besides == set(MORE.get(path.stem, ())), path.stem
        assert besides or not (course / f"requirements-{path.stem}.txt").exists()


@pytest.mark.parametrize("name", MORE)
def test_what_one_notebook_needs_is_exact_and_told(course, name):
    lines = (course / f"requirements-{name}.txt").read_text("utf-8").splitlines()[1:]
    assert set(MORE[name]) <= {line.split("==")[0] for line in lines}
    assert set(lines) <= set((ROOT / "requirements.lock").read_text("utf-8").split())
    assert not set(lines) & set((course / "requirements.txt").read_text("utf-8").splitlines())
    for line in lines:
        package, number = line.split("==")
        assert version(package) == number
    assert f"pip install -r requirements-{name}.txt" in (course / "README.txt").read_text("utf-8")


def test_the_same_project_gives_the_same_bytes(archive, tmp_path):
    takeaway(ROOT, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_a_project_without_lessons_says_so(tmp_path):
    with pytest.raises(SlidingWindowsError, match="no lesson is prepared; run make site first"):
        takeaway(tmp_path, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()
    assert requirements(ROOT, "x.whl").splitlines()[1] == "./x.whl"


def put_in(folder: Path, lines: list[str]) -> None:
    """Give an environment those packages, file by file, that its requirements name; no others.

    They are links to our own, which are the same versions: unpacking and compiling a gigabyte once
    more proves nothing else. What is not named cannot be imported there.
    """
    made: set[str] = set()
    for line in lines:
        package = distribution(line.split("==")[0])
        home = str(package.locate_file(""))
        for name, *_ in csv.reader(package.read_text("RECORD").splitlines()):
            if ".." in name.split("/"):  # programs, which none starts
                continue
            file, place = os.path.join(home, name), os.path.join(folder, name)
            put(place, file, made)
            if name.endswith(".py"):  # as compiled for us, wherever that is kept
                compiled = cache_from_source(file)
                if os.path.exists(compiled):
                    beside = os.path.join(os.path.dirname(place), "__pycache__")
                    put(os.path.join(beside, os.path.basename(compiled)), compiled, made)


def put(place: str, file: str, made: set[str]) -> None:
    """A link to a file. made: the folders that are there by now."""
    parent = os.path.dirname(place)
    if parent not in made:
        os.makedirs(parent, exist_ok=True)
        made.add(parent)
    with contextlib.suppress(FileExistsError):
        os.symlink(file, place)


def shortened(name: str, book: str) -> str:
    """A notebook that trains for a few epochs with two seeds: its numbers are another matter."""
    for long, short in TRAINED[name]:
        assert book.count(long) == 1, long
        book = book.replace(long, short)
    return book


def test_every_notebook_runs_in_a_clean_environment(course, tmp_path):
    venv.create(tmp_path / "clean")
    python = str(tmp_path / "clean" / ("Scripts" if os.name == "nt" else "bin") / "python")
    unset = ("PYTHONPATH", "PYTHONPYCACHEPREFIX", "SLIDINGWINDOWS_BUILD", "VIRTUAL_ENV")
    # What one process has compiled, the next ones read.
    unset += ("PYTHONDONTWRITEBYTECODE",)
    clean = {name: value for name, value in os.environ.items() if name not in unset}
    clean |= {"PYTHONNOUSERSITE": "1", "OMP_NUM_THREADS": "1", "IPYTHONDIR": str(tmp_path / "ipy")}
    _, wheel, *packages = (course / "requirements.txt").read_text("utf-8").splitlines()
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    done = subprocess.run(ask, env=clean, capture_output=True, text=True, check=True)
    place = Path(done.stdout.strip())
    put_in(place, packages)
    # By our pip, run by the clean Python, which finds that nothing is missing.
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    install += ["--no-index", wheel]
    done = subprocess.run(install, cwd=course, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    where = "import importlib.util; print(importlib.util.find_spec('slidingwindows').origin)"
    ask = [python, "-c", where]
    done = subprocess.run(ask, cwd=course, env=clean, capture_output=True, text=True)
    assert done.stdout.startswith(str(tmp_path / "clean")), "the package of the wheel, not ours"

    folder, large = tmp_path / "notebooks", [f"{name}.ipynb" for name in MORE]
    shutil.copytree(course / "notebooks", folder)
    if SWEEPS == 1:
        for name in TRAINED:
            book = folder / f"{name}.ipynb"
            book.write_text(shortened(name, book.read_text("utf-8")), "utf-8")
    names = sorted(path.name for path in folder.glob("*.ipynb"))
    for books in ([name for name in names if name not in large], large):
        if books == large:  # then what they need besides is asked for, and put in
            for name, packages in MORE.items():
                begin = [python, "-c", BEGIN, f"{name}.ipynb"]
                done = subprocess.run(begin, cwd=folder, env=clean, capture_output=True, text=True)
                assert done.returncode
                assert f"pip install {' '.join(packages)}" in done.stderr.splitlines()[-1]
                lines = (course / f"requirements-{name}.txt").read_text("utf-8").splitlines()
                put_in(place, [line for line in lines if "==" in line])
        with open(tmp_path / "said", "ab") as file:
            command = [python, "-c", RUN, *books]
            done = subprocess.run(
                command, cwd=folder, env=clean, stdout=file, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 0, done.stderr[-3000:]
    lines = map(json.loads, (tmp_path / "said").read_text("utf-8").splitlines())
    said = {name: (before, after) for name, before, after in lines}
    assert sorted(said) == names
    assert any(before for before, _ in said.values())
    for name, (before, after) in said.items():
        assert before == after or (Path(name).stem in TRAINED and SWEEPS == 1), name
    assert sys.prefix not in str(said)
