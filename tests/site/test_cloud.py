"""Links to Colab and Binder, and the branch of notebooks that they open."""

import os
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager

from slidingwindows.site import cloud
from slidingwindows.site.cloud import BRANCH, branch_files, cloud_links, main

REPO = "https://github.com/someone/sliding-windows"
ROOT = Path(__file__).parents[2]
PUSH = ROOT / "scripts" / "push_notebooks.sh"
WHEEL = "slidingwindows-1-py3-none-any.whl"


def git(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def course(monkeypatch):
    """A take-away of one lesson in place of the real one, which test_takeaway packs."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    files = {
        WHEEL: b"wheel",
        "requirements.txt": f"./{WHEEL}\n".encode(),
        "notebooks/alpha.ipynb": nbformat.writes(book).encode(),
        "scripts/alpha.py": b"x = 1",
    }
    monkeypatch.setattr(cloud, "course_files", lambda root: dict(files))
    return files


@pytest.fixture
def clone(tmp_path):
    """A repository with an edit under way, and the bare one that is its origin."""
    git(tmp_path, "init", "-q", "--bare", "origin")
    git(tmp_path, "init", "-q", "clone")
    folder = tmp_path / "clone"
    (folder / "a").write_text("committed")
    git(folder, "remote", "add", "origin", str(tmp_path / "origin"))
    git(folder, "add", "a")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "x")
    (folder / "a").write_text("edited")
    (folder / ".gitignore").write_text("*.whl\n")
    return folder


@pytest.mark.parametrize("url", [REPO, f"{REPO}/", f"{REPO}.git"])
def test_a_lesson_has_both_links(url):
    place = f"{BRANCH}/notebooks/padding.ipynb"
    assert cloud_links(url, "padding") == {
        "Colab": f"https://colab.research.google.com/github/someone/sliding-windows/blob/{place}",
        "Binder": "https://mybinder.org/v2/gh/someone/sliding-windows/"
        f"{BRANCH}?urlpath=lab/tree/notebooks/padding.ipynb",
    }


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://gitlab.com/a/b",
        "https://github.com/a",
        f"{REPO}/tree",
        'https://github.com/a/"b',
    ],
)
def test_without_a_repository_on_github_there_is_none(url):
    assert cloud_links(url, "padding") == {}


def test_a_page_has_them_only_when_the_repository_is_named(built, project):
    settings = project.root / "mkdocs.yml"
    settings.write_text(f"repo_url: {REPO}\n{settings.read_text('utf-8')}", "utf-8")
    done = project.run("slidingwindows.site.mkdocs", "build", "--strict", "-f", str(settings))
    assert done.returncode == 0, done.stdout
    for one, expected in ((built, []), (project, ["Colab", "Binder"])):
        html = one.read("site/lessons/alpha/index.html")
        assert re.findall(r'title="?Run this lesson in (\w+)"?', html) == expected
        assert all(
            (address in html) == bool(expected) for address in cloud_links(REPO, "alpha").values()
        )
        assert "Run this lesson" not in one.read("site/index.html")


def test_on_colab_the_first_cell_installs_and_elsewhere_nothing(course):
    files = branch_files("anywhere", f"{REPO}.git")
    assert {k: v for k, v in files.items() if k != "notebooks/alpha.ipynb"} == {
        k: v for k, v in course.items() if k != "notebooks/alpha.ipynb"
    }
    book = nbformat.reads(files["notebooks/alpha.ipynb"].decode(), as_version=4)
    nbformat.validate(book)
    first, second = book.cells
    assert second.source == "x = 1"
    assert f"{REPO}/raw/{BRANCH}/{WHEEL}" in first.source

    asked = []
    shell = type("Shell", (), {"run_line_magic": lambda self, *words: asked.append(words)})()
    code = TransformerManager().transform_cell(first.source)
    for modules, times in (({}, 0), ({"google.colab": object()}, 1)):
        with pytest.MonkeyPatch.context() as patch:
            for name, module in modules.items():
                patch.setitem(__import__("sys").modules, name, module)
            exec(code, {"get_ipython": lambda: shell})
        assert len(asked) == times
    assert asked[0][0] == "pip"


def push(clone, folder="dist/notebooks"):
    """The script that make and the workflow run, in a clone; returns what it printed."""
    done = subprocess.run([PUSH, folder], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def settings(clone, repo_url=""):
    (clone / "docs").mkdir(exist_ok=True)
    line = f"repo_url: {repo_url}\n" if repo_url else ""
    (clone / "mkdocs.yml").write_text(f"site_name: X\n{line}")


def test_the_branch_holds_the_course_and_nothing_here_changes(course, clone, capsys):
    settings(clone, REPO)
    (clone / ".gitignore").write_text("/dist/\n")
    (clone / ".git" / "info" / "exclude").write_text("*.whl\n")  # a user's own; the wheel must go
    before = git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD")
    for _ in range(2):  # again, over what is there
        assert main(clone) == 0 and capsys.readouterr().out == "dist/notebooks: 4 files\n"
        said = push(clone)
    origin = clone.parent / "origin"
    assert said.split()[0] == git(origin, "rev-parse", BRANCH)
    held = git(origin, "ls-tree", "-r", "--name-only", BRANCH).splitlines()
    assert sorted(held) == sorted(course)
    assert git(origin, "show", f"{BRANCH}:requirements.txt") == f"./{WHEEL}"
    assert git(origin, "rev-list", "--count", BRANCH) == "1"
    assert (git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD")) == before
    assert (clone / "a").read_text() == "edited"
    assert git(clone, "branch", "--list", BRANCH) == ""


def test_what_an_earlier_course_had_is_gone(course, clone):
    settings(clone, REPO)
    (clone / "dist" / "notebooks").mkdir(parents=True)
    (clone / "dist" / "notebooks" / "old").write_text("old")
    assert main(clone) == 0
    held = {path.name for path in (clone / "dist" / "notebooks").rglob("*") if path.is_file()}
    assert held == {name.rpartition("/")[2] for name in course}
    assert [path.name for path in (clone / "dist").iterdir()] == ["notebooks"]


def test_without_a_repository_nothing_is_written_nor_pushed(course, clone, capsys):
    settings(clone, REPO)
    assert main(clone) == 0
    settings(clone)
    assert main(clone) == 0 and "no repo_url" in capsys.readouterr().out
    assert not (clone / "dist" / "notebooks").exists()
    assert "no repo_url" in push(clone)
    assert git(clone.parent / "origin", "branch", "--list") == ""


def test_a_token_reaches_git_by_no_file_and_no_argument(clone):
    """As the workflow passes it: git's own protocol with credential helpers gives it back."""
    job = yaml.safe_load((ROOT / ".github/workflows/site.yml").read_text("utf-8"))["jobs"]
    passed = job["notebooks"]["steps"][-1]["env"]
    told = {**passed, "GITHUB_TOKEN": "secret", "PATH": os.environ["PATH"], "HOME": str(clone)}
    asked = "protocol=https\nhost=github.com\n\n"
    done = subprocess.run(
        ["git", "credential", "fill"],
        input=asked,
        cwd=clone,
        env=told,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert "username=x-access-token\npassword=secret\n" in done.stdout


def test_faults_are_told_in_one_line(course, clone, capsys):
    settings(clone, "https://x.org/a/b")
    assert main(clone) == 1
    said = capsys.readouterr().err
    assert said == "repo_url is not a repository on GitHub: https://x.org/a/b\n"
    assert not (clone / "dist").exists()
    settings(clone, REPO)
    assert main(clone) == 0
    git(clone, "remote", "remove", "origin")
    done = subprocess.run([PUSH, "dist/notebooks"], cwd=clone, capture_output=True, text=True)
    assert done.returncode and "origin" in done.stderr
