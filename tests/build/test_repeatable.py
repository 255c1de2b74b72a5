"""The same commit gives the same bytes, wherever and however often a build was disturbed."""

import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest
from tiny_project import ALPHA, BETA, COMPILED, Project

LIMIT = 3000  # bytes a file: below any GIF, above what a kernel writes to begin


def tree(project):
    """Content of the site, file by file."""
    return project.kept("site")


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """A clean build of the tiny project, one commit of a repository."""
    return committed(tmp_path_factory.mktemp("twin") / "project")


def committed(folder, **variables):
    project = Project.create(folder)
    settings = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    date = {"GIT_AUTHOR_DATE": "2001-02-03T04:05:06Z", "GIT_COMMITTER_DATE": "2001-02-03T04:05:06Z"}
    for command in (["init", "-q"], ["add", "."], [*settings, "commit", "-qm", "one"]):
        environment = {**os.environ, **date}
        subprocess.run(["git", *command], cwd=folder, env=environment, check=True)
    done = project.build(**variables)
    assert done.returncode == 0, done.stdout
    return project


def test_two_clean_builds_are_byte_identical(twin, tmp_path):
    """In another folder, of another name, for another user with settings, in another zone."""
    home = tmp_path / "home"
    for path, text in {
        ".jupyter/jupyter_config.py": "raise SystemExit('read')",
        ".ipython/profile_default/startup/00.py": "raise SystemExit('read')",
        ".config/matplotlib/matplotlibrc": "figure.facecolor: red\nfont.size: 40",
        ".pythonrc": "raise SystemExit('read')",
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    other = committed(
        tmp_path / "Ünï çödé 窓 folder" / "project",
        HOME=str(home),
        JUPYTER_CONFIG_DIR=str(home / ".jupyter"),
        IPYTHONDIR=str(home / ".ipython"),
        MATPLOTLIBRC=str(home / ".config/matplotlib"),
        PYTHONSTARTUP=str(home / ".pythonrc"),
        PYTHONHASHSEED="7",
        TZ="Pacific/Kiritimati",
        LANG="C",
    )
    ours, theirs = tree(twin), tree(other)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert b"2001-02-03" in ours["sitemap.xml"]


def test_killed_twenty_times_then_finished_equals_a_clean_build(twin, tmp_path):
    project = twin.copy(tmp_path / "project")
    chance = random.Random(4)
    command = [sys.executable, "-m", "slidingwindows", "site"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(project.root / "scripts"),
        "PYTHONPYCACHEPREFIX": COMPILED.name,
        "SLIDINGWINDOWS_TINY_LOG": str(project.log),
        "TMPDIR": str(project.scratch),
    }
    project.scratch.mkdir()
    begun = time.monotonic()
    project.run("slidingwindows", "prepare")  # how long a start takes on this machine
    usual = time.monotonic() - begun
    cut_short = 0
    for attempt in range(20):
        # An edit each time, so that there is something to be killed in; the last leaves things be.
        alpha, beta = (ALPHA, BETA) if attempt == 19 else (f"{ALPHA}\n{attempt}\n", BETA)
        project.write("lessons/alpha.py", alpha)
        project.write("lessons/beta.py", beta + f"\n\n# %%\n{attempt % 2}\n" * (attempt < 19))
        running = subprocess.Popen(
            command, cwd=project.root, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(chance.uniform(0.1, 1) * (usual + 4))
        cut_short += running.poll() is None
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    assert cut_short >= 8
    done = project.build()
    assert done.returncode == 0, done.stdout
    assert tree(project) == tree(twin)
    assert project.kept() == twin.kept()


def full_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def test_a_full_disk_is_one_message_and_keeps_the_last_site(twin, tmp_path):
    """No file can grow beyond some bytes, which a write tells as a full disk does."""
    project = twin.copy(tmp_path / "project")
    before = tree(project)
    project.edit("lessons/alpha.py", "8, 4, 6, 2", "8, 4, 6, 5")
    whole = {"PYTHONDONTWRITEBYTECODE": "1"}  # else Python itself keeps half a compiled module
    done = project.run("slidingwindows", "site", preexec_fn=full_disk, **whole)
    assert done.returncode == 2, done.stdout
    message = done.stdout[done.stdout.index("error: ") :]
    assert "cannot be written: File too large" in message and "Traceback" not in message
    assert tree(project) == before
    assert not project.leftovers()
    assert project.build().returncode == 0
    assert tree(project) != before


def test_two_builds_at_once_both_end_well(twin, tmp_path):
    project = twin.copy(tmp_path / "project")
    project.edit("lessons/alpha.py", "8, 4, 6, 2", "8, 4, 6, 5")
    environment = {**os.environ, "PYTHONPATH": str(project.root / "scripts")}
    command = [sys.executable, "-m", "slidingwindows", "site"]
    both = [
        subprocess.Popen(command, cwd=project.root, env=environment, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]  # fmt: skip
    said = [one.communicate()[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert sum("executed in" in text for text in said) == 1, said
    assert tree(project).keys() == tree(twin).keys()
    assert not [path for path in project.cache.iterdir() if path.name.startswith("site-")]


def test_a_renamed_lesson_leaves_nothing_of_its_old_name(twin, tmp_path):
    project = twin.copy(tmp_path / "project")
    (project.root / "lessons" / "beta.py").rename(project.root / "lessons" / "gamma.py")
    project.edit("lessons/alpha.py", "(beta.ipynb)", "(gamma.ipynb)")
    project.edit("lessons/alpha.py", "(beta.ipynb#second-part)", "(gamma.ipynb#second-part)")
    project.nav(["alpha", "gamma"])
    done = project.build()
    assert done.returncode == 0, done.stdout
    for folder in ("site", ".cache"):
        kept = project.kept(folder)
        assert not [name for name in kept if "beta" in name]
        assert any("gamma" in name for name in kept)
    assert b"lessons/beta" not in b"".join(tree(project).values())


def test_text_of_all_the_world_survives(twin, tmp_path):
    project = twin.copy(tmp_path / "project")
    words = "日本語 — Ünïcödé, עברית, 🪟 and ∑"
    project.edit("lessons/beta.py", "Words of beta.", f"Words of beta: {words}.")
    project.edit("lessons/beta.py", "numbers = [1, 2, 4]", f"print('{words}')\nnumbers = [1, 2, 4]")
    done = project.build(LANG="C", LC_ALL="C", PYTHONUTF8="0")
    assert done.returncode == 0, done.stdout
    page = tree(project)["lessons/beta/index.html"].decode()
    assert page.count(words) >= 2
