"""A course of one's own: what new-course writes builds, serves, tests and deploys itself."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from html.parser import HTMLParser
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import markdown
import pytest
import yaml
from mkdocs.utils import yaml_load
from PIL import Image
from tiny_project import HANGING, free_port

from slidingwindows import SlidingWindowsError
from slidingwindows import __version__ as version
from slidingwindows.course import home, project
from slidingwindows.site.checks import check_site

ROOT = Path(__file__).parents[2]
TITLE = 'Windows: "quoted" & <b>$1</b> *#2* – 日本'
TITLES = [
    TITLE,
    "Yes",
    "1.0",
    "# no comment",
    "- no list",
    "{no: map}",
    "key: value",
    "!ENV HOME",
    "it's `code` and _all_ [that](x)",
    "C#",
    "${title} $title $$",
    "\\backslash\\",
    "~~gone~~ ^up^ | &amp;",
]


def refused(run, tmp_path, *arguments):
    before = sorted(tmp_path.rglob("*"))
    done = run("new-course", *arguments)
    assert done.code == 2 and done.err.startswith("error: ") and done.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
    return done.err


class Text(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("title", TITLES)
def test_any_title_is_shown_letter_by_letter(title):
    files = project.course_files(title)
    settings = yaml_load(files["mkdocs.yml"])
    assert settings["site_name"] == title
    ours = [
        list(one)[0] if isinstance(one, dict) else one for one in settings["markdown_extensions"]
    ]
    for name in ("docs/index.md", "README.md"):
        heading = next(line for line in files[name].splitlines() if line.startswith("# "))
        shown = Text(markdown.markdown(heading, extensions=ours))
        assert (shown.tags[0], shown.text.removesuffix("¶")) == ("h1", title), heading
    unwritten = [
        name for name, text in files.items() if re.search(r"\$(title|marked|quoted)\b", text)
    ]
    assert title.count("$title") or not unwritten


def test_the_settings_are_this_course_s_own():
    """What a new course does not share with this one is its words, or leads to its files."""
    theirs = yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    made = yaml_load(project.course_files("Mine")["mkdocs.yml"])
    assert theirs["theme"].pop("custom_dir") == "assets/theme"
    theirs["extra"].pop("search_words")
    own = {"site_name", "site_description", "nav", "hooks", "copyright", "not_in_nav"}
    assert {k: v for k, v in made.items() if k not in own} == {
        k: v for k, v in theirs.items() if k not in own
    }
    assert not {"copyright", "not_in_nav"} & set(made)


def test_the_workflow_publishes_what_its_tests_passed_by_the_same_actions():
    text = project.course_files("Mine")[".github/workflows/site.yml"]
    ours = (ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8")
    uses = re.findall(r"uses: (.+)", text)
    assert len(uses) > 5 and set(uses) <= set(re.findall(r"uses: (.+)", ours))
    jobs, rights = yaml.safe_load(text)["jobs"], yaml.safe_load(ours)["jobs"]
    assert set(jobs) == {"test", "build", "deploy"} and yaml.safe_load(text)["permissions"] == {}
    for name, job in jobs.items():
        assert job["permissions"] == rights[name]["permissions"]
    assert jobs["build"]["needs"] == "test" and jobs["deploy"]["needs"] == ["test", "build"]
    assert jobs["deploy"]["if"] == "github.ref == 'refs/heads/main'" and "if" not in jobs["build"]
    assert "continue-on-error" not in text
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert commands == ["make test", "make check site"]


def test_what_is_installed_is_what_this_course_locks():
    files = project.course_files("Mine")
    for name in project.SET_UP:
        assert files[name] == (ROOT / name).read_text("utf-8")
    wanted, lock = json.loads(files["package.json"]), json.loads(files["package-lock.json"])
    ours = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    needs = lock["packages"].pop("")["devDependencies"]
    assert (
        needs == wanted["devDependencies"] == {"esbuild": ours["node_modules/esbuild"]["version"]}
    )
    optional = ours["node_modules/esbuild"]["optionalDependencies"]
    assert set(lock["packages"]) == {f"node_modules/{name}" for name in ["esbuild", *optional]}
    assert all(ours[path] == one for path, one in lock["packages"].items())


def test_each_file_ends_with_one_line_break():
    files = project.course_files("Mine")
    assert not [name for name, text in files.items() if not re.search(r"[^\n]\n\Z", text)]


def git(folder, *words):
    settings = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *settings, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_package_comes_from_where_it_came_from(tmp_path, monkeypatch):
    """A pushed commit by its address; else the folder, with a warning; or what pip noted."""
    checkout = tmp_path / "a checkout"
    (checkout / "scripts" / "slidingwindows").mkdir(parents=True)
    (checkout / "pyproject.toml").write_text("")
    monkeypatch.setattr(project, "HERE", checkout / "scripts" / "slidingwindows")
    local = f"slidingwindows @ file://{tmp_path}/a%20checkout"
    assert project._package() == (local, project.ELSEWHERE, project.LOCAL)
    git(checkout, "init", "-q")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "one")
    git(checkout, "remote", "add", "origin", "https://example.org/a/b.git")
    assert project._package()[0] == local  # not pushed
    git(checkout, "update-ref", "refs/remotes/origin/main", "HEAD")
    commit = git(checkout, "rev-parse", "HEAD")
    line, origin, before = project._package()
    assert line == f"slidingwindows @ git+https://example.org/a/b.git@{commit}" and before == ""
    assert project.ELSEWHERE.splitlines()[0] not in origin
    (checkout / "pyproject.toml").unlink()
    note = {"url": "https://example.org/a/b", "vcs_info": {"vcs": "git", "commit_id": "f00"}}
    kept = {"direct_url.json": json.dumps(note)}
    noted = type("Noted", (), {"read_text": lambda self, name: kept[name]})
    monkeypatch.setattr(project, "distribution", lambda name: {"slidingwindows": noted()}[name])
    assert project._package() == (
        "slidingwindows @ git+https://example.org/a/b@f00",
        "# pip builds it from its repository:",
        "",
    )
    for url, rest in {
        "https://example.org/a.whl": ("# pip builds it from its repository:", ""),
        "file:///a": (project.ELSEWHERE, project.LOCAL),
    }.items():
        kept["direct_url.json"] = json.dumps({"url": url, "archive_info": {}})
        assert project._package() == (f"slidingwindows @ {url}", *rest)
    kept["direct_url.json"] = None  # as of a version from an index
    installed = f"slidingwindows=={version}", "# This version was installed:", ""
    assert project._package() == installed

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(project, "distribution", missing)
    assert project._package() == installed


def test_what_is_written_is_told_and_nothing_else_is_there(tmp_path):
    files = project.course_files("Mine")
    made = project.new_course(" Mine ", tmp_path / "one")
    assert made == [tmp_path / "one" / name for name in files]
    assert {path.relative_to(tmp_path / "one").as_posix(): path.read_text("utf-8")
            for path in (tmp_path / "one").rglob("*") if path.is_file()} == files  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o755


def test_what_bundles_the_script_to_the_letter():
    files = project.course_files("Mine")
    wanted, lock = json.loads(files["package.json"]), json.loads(files["package-lock.json"])
    assert wanted == {
        "name": "course-script",
        "private": True,
        "description": "What bundles the site's script; scripts/node.sh installs it.",
        "devDependencies": wanted["devDependencies"],
    }
    assert lock["name"] == lock["packages"][""]["name"] == "course-script"
    for name, content in (("package.json", wanted), ("package-lock.json", lock)):
        assert files[name] == json.dumps(content, indent=2) + "\n"


def test_what_cannot_be_is_one_line_and_writes_nothing(run, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("there", "file", "link"):
        assert "already exists" in refused(run, tmp_path, "Mine", name)
    assert "there already exists" in refused(run, tmp_path, "There")
    assert "1 to 60 characters" in refused(run, tmp_path, "")
    assert "1 to 60 characters" in refused(run, tmp_path, "x" * 61)
    assert "name a folder after it" in refused(run, tmp_path, "日本")
    assert "cannot be written" in refused(run, tmp_path, "Mine", "no/such/folder")


def test_nothing_half_written_is_left(tmp_path, monkeypatch):
    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(project.os, "rename", full)
    with pytest.raises(SlidingWindowsError, match="cannot be written: No space left"):
        project.new_course("Mine", tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_a_package_without_its_assets_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(home, "PACKAGE", tmp_path / "a" / "b")
    with pytest.raises(SlidingWindowsError, match="came without its assets"):
        home.home()


def gif_words(path):
    """What a picture says of itself."""
    with Image.open(path) as picture:
        return picture.info["comment"].decode("ascii")


def fetched(address, deadline):
    """What a server answers there once it does."""
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_a_course_in_an_empty_folder_builds_tests_and_serves(run, tmp_path):
    """With the environment of this run in the place of the one that its Makefile sets up."""
    done = run("new-course", TITLE, "mine")
    course = tmp_path / "mine"
    assert (done.code, done.err) == (0, "") and [one.name for one in tmp_path.iterdir()] == ["mine"]
    written = sorted(f"wrote {path.relative_to(tmp_path)}" for path in course.rglob("*.*"))
    assert set(done.out.splitlines()) >= {one for one in written if "workflows" in one} != set()
    python = course / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    if (ROOT / ".cache" / "script").is_dir():  # kept by its content, so a copy is as good
        shutil.copytree(ROOT / ".cache" / "script", course / ".cache" / "script")
    (course / "assets").mkdir()
    (course / "assets" / "own.css").write_text(".own { color: light(text); }")
    (python.parents[1] / "ready").touch()  # later than what it is made from

    def make(*words, **options):
        variables = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
        settings = {"cwd": course, "env": variables, "text": True, "stderr": subprocess.STDOUT}
        return subprocess.Popen(
            ["make", *words], stdout=subprocess.PIPE, **settings, start_new_session=True
        )

    def made(*words):
        with make(*words) as process:
            said = process.communicate(timeout=HANGING)[0]
        assert process.returncode == 0, said
        return said

    assert "executed in" in made("site")
    check_site(course / "site", "http://127.0.0.1:8000/")  # with ruff, what `make check` does
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "lessons", "tests"]
    assert not subprocess.run(ruff, cwd=course, capture_output=True, text=True).returncode
    assert "1 passed" in made("test", "ARGS=-v")
    site = course / "site"
    page = (site / "lessons" / "first-lesson" / "index.html").read_text("utf-8")
    assert re.search('<figure [^>]*id="first-lesson-first"', page) and "sw-term" in page
    assert (site / "assets" / "own.css").read_text() != (course / "assets" / "own.css").read_text()
    assert (site / "assets" / "site.js").stat().st_size > 5000
    assert "theme-fixes.js" in page and "as an executed notebook" in page  # the theme's templates
    assert "Sliding Windows" not in page and "creativecommons" not in page
    words = gif_words(site / "figures" / "first-lesson-first.light.gif")
    assert words.splitlines()[1:] == [
        f"Author: The {TITLE} authors".encode("ascii", "replace").decode(),
        f"Source: {TITLE}".encode("ascii", "replace").decode(),
        "Software: Sliding Windows",
    ]
    for command in ("takeaway", "offline", "pdf"):
        done = run(command, "--root", str(course))
        assert done.code == 2 and "packs only the course of this package" in done.err
    assert '<a href="lessons/first-lesson/">First lesson</a>' in (site / "index.html").read_text()
    port = free_port()
    server = make("serve", f"ADDRESS=127.0.0.1:{port}")
    try:
        address, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + HANGING
        served = fetched(f"{address}lessons/first-lesson/", deadline).decode()
        assert re.search('<figure [^>]*id="first-lesson-first"', served)
        gif = fetched(f"{address}figures/first-lesson-first.light.gif", deadline)
        assert gif == (site / "figures" / "first-lesson-first.light.gif").read_bytes()
        assert gif.startswith(b"GIF89a")
    finally:
        # Whoever is started in the background ignores interrupts, and so does what that starts.
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=HANGING)
