"""A tiny documentation project on disk: two lessons, the real configuration, a copy of the package.

The package is copied too, so that a test can edit its source and see what happens.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from once import once

from slidingwindows.course import home
from slidingwindows.course.prepare import prepare

REPO = Path(__file__).parents[2]
HANGING = 900  # seconds after which a build will never end, however busy the machine is

NAV = """nav:
  - Home: index.md
  - Lessons:
      - lessons/alpha.ipynb
      - lessons/beta.ipynb
"""

INDEX = """# Tiny home

<!-- figure tiny-pool -->

![A square](square.png){ width=2 height=2 }

<!-- lessons -->
"""

ALPHA = """# ---
# title: Alpha windows
# description: The "first" tiny lesson.
# ---

# %% [markdown]
# # Alpha windows & `MaxPool2d`
#
# Words about $x^2 < 9$, a [way to beta](beta.ipynb), [its second part](beta.ipynb#second-part)
# and [home](../index.md). ![A square](../square.png){ width=2 height=2 }
#
# $$
# o = \\frac{i - k}{s} + 1
# $$
#
# !!! note "Hello"
#     A box with **bold** words.
#
# A mark is `<!-- figure tiny-pool -->`, alone on its line:
#
# ```html
# <!-- figure tiny-pool -->
# ```
#
# 7. is a number.
#
# ## How it slides

# %%
import os
from pathlib import Path

if os.environ.get("SLIDINGWINDOWS_TINY_LOG"):
    with Path(os.environ["SLIDINGWINDOWS_TINY_LOG"]).open("a") as log:
        log.write("alpha\\n")

# %%
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import show

x = torch.tensor([[[3.0, 1, 4, 1], [2, 6, 5, 3], [9, 7, 9, 3], [8, 4, 6, 2]]])
quartz = nn.MaxPool2d(2)
quartz(x)

# %%
print("``` <b>not bold</b> & so on\\n")
print("# no heading\\n<!-- figure tiny-pool -->\\n<!-- lessons -->")

# %% tags=["hide"]
concealed = "printed all the same"
print(concealed)

# %% tags=["collapse"]
folded_away = 6 * 7
print(folded_away)

# %%
show(slide(quartz, x), "tiny-pool", "Four steps of `MaxPool2d`, *one* at a time.")
"""

BETA = """# ---
# title: Beta plots
# description: The second tiny lesson.
# ---

# %% [markdown]
# # Beta plots
#
# Words of beta.
#
# ## Second part

# %%
import os
from pathlib import Path

if os.environ.get("SLIDINGWINDOWS_TINY_LOG"):
    with Path(os.environ["SLIDINGWINDOWS_TINY_LOG"]).open("a") as log:
        log.write("beta\\n")

# %%
from slidingwindows.lesson import plot


def draw(figure):
    axes = figure.subplots()
    axes.plot([1, 2, 4])


# %%
plot(draw, "tiny-plot", "A line that rises from 1 to 4.", "It rises.")

# %%
numbers = [1, 2, 4]
sum(numbers)
"""


def lesson(title, *cells):
    """The text of a lesson: a header, a heading, and code cells."""
    head = f"# ---\n# title: {title}\n# description: Text.\n# ---\n\n# %% [markdown]\n# # {title}\n"
    return head + "".join(f"\n# %%\n{cell}\n" for cell in cells)


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def square():
    """A picture of four black pixels, as PNG bytes."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (2, 2)).save(buffer, "PNG")
    return buffer.getvalue()


def states(said):
    """States by artefact, of what a preparation says."""
    found = re.findall(r"^(lesson|figure) +(\S+) +(\w+)", said, re.M)
    return {f"{kind} {name}": state for kind, name, state in found}


class Project:
    """One project folder, and what a user does in it."""

    def __init__(self, root):
        self.root = Path(root)
        self.site, self.cache = self.root / "site", self.root / ".cache"
        self.scratch = self.root.parent / f"{self.root.name}.tmp"
        self.log = self.scratch / "log"  # a lesson may write only temporary files

    @classmethod
    def create(cls, root, lessons=None):
        """Write a project. lessons: text by name; alpha and beta if None."""
        project = cls(root)
        project.write("docs/index.md", INDEX if lessons is None else "# Home\n")
        (project.root / "docs" / "square.png").write_bytes(square())
        lessons = {"alpha": ALPHA, "beta": BETA} if lessons is None else lessons
        for name, text in lessons.items():
            project.write(f"lessons/{name}.py", text)
        (project.root / "lessons").mkdir(exist_ok=True)
        compiled = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPO / "assets", project.root / "assets", ignore=compiled)
        package = project.root / "scripts" / "slidingwindows"
        shutil.copytree(REPO / "scripts" / "slidingwindows", package, ignore=compiled)
        for path in package.rglob("*.py"):  # as compiled for us, wherever that is kept
            ours = Path(cache_from_source(REPO / path.relative_to(project.root)))
            with contextlib.suppress(OSError):
                (path.parent / "__pycache__").mkdir(exist_ok=True)
                shutil.copy(ours, path.parent / "__pycache__")
        for name in ("mkdocs.yml", "package.json"):
            project.write(name, (REPO / name).read_text("utf-8"))
        asked = REPO / ".cache" / "script"  # cached by content, so a copy is just as good
        if asked.is_dir():
            shutil.copytree(asked, project.cache / "script")
        with contextlib.suppress(OSError):  # this one too, and others may write it meanwhile
            shutil.copy(REPO / ".cache" / "syntax.json", project.cache / "syntax.json")
        project.nav(list(lessons))
        return project

    def nav(self, names):
        text = (self.root / "mkdocs.yml").read_text("utf-8")
        pages = "".join(f"      - lessons/{name}.ipynb\n" for name in names)
        lessons = f"  - Lessons:\n{pages}" if names else ""
        text, count = re.subn(
            r"^nav:\n(?: .*\n)+", f"nav:\n  - Home: index.md\n{lessons}", text, flags=re.M
        )
        assert count == 1, "mkdocs.yml has no nav that can be replaced"
        self.write("mkdocs.yml", text)

    def commit(self):
        """Make the project one commit of a repository, with a fixed date."""
        settings = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        day = "2001-02-03T04:05:06Z"
        environment = {**os.environ, "GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day}
        for command in (["init", "-q"], ["add", "."], [*settings, "commit", "-qm", "one"]):
            subprocess.run(["git", *command], cwd=self.root, env=environment, check=True)

    def copy(self, root):
        """Another project with the same files, cache, site and compiled Python."""
        shutil.copytree(self.root, root)
        return Project(root)

    def read(self, path):
        return (self.root / path).read_text("utf-8")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def edit(self, path, old, new):
        text = self.read(path)
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        self.write(path, text.replace(old, new))

    def start(self, *arguments, cwd=None, **options):
        """Start a module of this Python in the project; all it says goes to one pipe.

        options: for Popen, and by names in capitals variables of the environment.
        """
        self.scratch.mkdir(exist_ok=True)
        variables = {name: options.pop(name) for name in list(options) if name.isupper()}
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root / "scripts"),
            "PYTHONPYCACHEPREFIX": "",  # copies bring the compiled files beside their sources
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONUNBUFFERED": "1",  # so that what it says comes in the order in which it says it
            "NO_MKDOCS_2_WARNING": "1",
            "SLIDINGWINDOWS_TINY_LOG": str(self.log),
            "TMPDIR": str(self.scratch),
            **variables,
        }
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=cwd or self.root,
            env=environment,
            text=True,
            encoding="utf-8",
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options},
        )

    def run(self, *arguments, **options):
        """Run a module to its end, such as run('mkdocs', 'build'); options as for start()."""
        with self.start(*arguments, **options) as process:
            try:
                said = process.communicate(timeout=HANGING)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def build(self, **variables):
        return self.run("slidingwindows", "site", **variables)

    def prepare(self, **variables):
        """States by artefact, such as {'lesson alpha': 'fresh', 'figure tiny-pool': 'stale'}."""
        done = self.run("slidingwindows", "prepare", **variables)
        assert done.returncode == 0, done.stdout
        return states(done.stdout)

    def executed(self):
        """Which lessons ran, in order: each one's own code writes a line."""
        return self.log.read_text().split() if self.log.exists() else []

    def kept(self, folder=".cache"):
        """Content of each file by its path; not what depends on the machine or the call."""
        top = self.root / folder
        paths = [path.relative_to(top) for path in sorted(top.rglob("*"))]
        others = ("pycache", "lock", "seconds.json", "built.json", "syntax.json", "cells.json")
        paths = [path for path in paths if path.parts[0] not in others]
        return {str(path): (top / path).read_bytes() for path in paths if (top / path).is_file()}

    def leftovers(self):
        """Half-written files, scratch folders, and processes that still run from them."""
        found = [
            str(path)
            for path in [*self.cache.rglob("*"), *self.scratch.rglob("*")]
            if path.name.startswith((".", "site-", "slidingwindows-"))
        ]
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(self.scratch) in command:
                found.append(command.replace("\0", " "))
        return found


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The tiny project, one commit of a repository, after `python -m slidingwindows site`.

    That ran from some other folder. It is made once for all processes: nobody may change it.
    """

    def make(folder):
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        project = Project.create(folder / "project")
        project.commit()
        done = project.run("slidingwindows", "site", "--root", str(project.root), cwd=elsewhere)
        assert done.returncode == 0, done.stdout
        assert not list(elsewhere.iterdir()), "a build wrote into the folder it was started from"
        (folder / "output.txt").write_text(done.stdout, "utf-8")

    folder = once(tmp_path_factory, "tiny", make)
    project = Project(folder / "project")
    project.output = (folder / "output.txt").read_text("utf-8")
    return project


@pytest.fixture
def project(built, tmp_path):
    """A copy of the built project, to edit."""
    return built.copy(tmp_path / "project")


@pytest.fixture
def here(project, monkeypatch, tmp_path_factory):
    """A copy of the built project that is prepared in this process, for tests that edit no code.

    What waits to be forked has then imported torch for all of them. Its environment has to stay the
    same for that, so that they share one log.
    """
    monkeypatch.setattr(home, "PACKAGE", project.root / "scripts" / "slidingwindows")
    project.log = tmp_path_factory.getbasetemp() / "executed-here"
    project.log.unlink(missing_ok=True)
    monkeypatch.setenv("SLIDINGWINDOWS_TINY_LOG", str(project.log))

    def prepared(**variables):
        said = []
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            prepare(project.root, report=said.append)
        return states("\n".join(said))

    project.prepare = prepared
    return project
