"""The same commit gives the same bytes, wherever and however often a build was disturbed."""

import os
import resource
import signal

from sweeps import SWEEPS
from tiny_project import ALPHA, BETA

from slidingwindows.export.files import ASIDE
from slidingwindows.site import build as site

LIMIT = 3000  # bytes a file: below any GIF, above what a kernel writes to begin
KILLS = min(6 * SWEEPS, 20)

# Python runs this in each process that a build starts. Each step that changes a file of the
# project adds a line of fixed length to one log, whose length so far is the number of the step;
# the step of the number to be killed at does not happen, for there the whole build is killed.
COUNTING = """
import os, signal, sys

root, log = os.environ["SLIDINGWINDOWS_KILL_ROOT"], os.environ["SLIDINGWINDOWS_KILL_LOG"]
last = int(os.environ["SLIDINGWINDOWS_KILL_AT"])
build = int(os.environ.setdefault("SLIDINGWINDOWS_KILL_BUILD", str(os.getpid())))
lines = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND)


def count(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if writes or event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "subprocess.Popen"):
        path = str(arguments[0])
        if event == "os.mkdir" and os.path.isdir(path):
            return
        if event == "subprocess.Popen" or path.startswith(root) and "pycache" not in path:
            line = f"{event} {path.removeprefix(root)}"[:99].ljust(99) + "\\n"
            os.write(lines, line.encode("ascii", "replace"))
            if os.lseek(lines, 0, os.SEEK_CUR) // 100 == last:
                os.killpg(build, signal.SIGKILL)


sys.addaudithook(count)
"""


def tree(project):
    """Content of the site, file by file."""
    return project.kept("site")


def killed(project, at):
    """Build until the step of that number: the exit code, and all steps that began."""
    counting, log = project.scratch / "counting", project.scratch / "steps"
    project.scratch.mkdir(exist_ok=True)
    counting.mkdir(exist_ok=True)
    (counting / "sitecustomize.py").write_text(COUNTING)
    log.unlink(missing_ok=True)
    done = project.run(
        "slidingwindows",
        "site",
        start_new_session=True,
        PYTHONPATH=f"{counting}:{project.root / 'scripts'}",
        SLIDINGWINDOWS_KILL_ROOT=str(project.root),
        SLIDINGWINDOWS_KILL_LOG=str(log),
        SLIDINGWINDOWS_KILL_AT=str(at),
    )
    return done.returncode, [line.split(None, 1) for line in log.read_text().splitlines()]


def test_killed_many_times_then_finished_equals_a_clean_build(built, project):
    """At steps that are spread over all that a build does, half of them before MkDocs begins."""

    def words(number):
        project.write("lessons/alpha.py", ALPHA.replace("Words", f"{number} words"))

    def code(number):
        """Another number in the other lesson, with another figure."""
        project.write("lessons/beta.py", BETA.replace("[1, 2, 4]", f"[1, 2, {number + 5}]"))

    half = KILLS // 2
    for edit, before in ((code, True), (words, False)):
        if not before:  # what this keeps, no later build makes again
            edit(KILLS)
            assert killed(project, 0)[0] == 0
        edit(0)
        left, steps = killed(project, 0)
        assert left == 0, steps
        aside = next(n for n, (_, path) in enumerate(steps) if path.startswith("/.cache/site-"))
        begin, end = (0, aside) if before else (aside + 1, len(steps) - 5)
        assert end - begin > half, steps
        for number in range(half):
            edit(number + 1)
            at = begin + 1 + number * (end - begin - 1) // (half - 1)
            left, begun = killed(project, at)
            assert left == -signal.SIGKILL and len(begun) >= at, begun
    project.write("lessons/alpha.py", ALPHA)
    project.write("lessons/beta.py", BETA)
    done = project.build()
    assert done.returncode == 0, done.stdout
    for folder in ("site", ".cache"):
        ours, theirs = project.kept(folder), built.kept(folder)
        assert [name for name in theirs if theirs[name] != ours.get(name)] == []
        assert ours.keys() - theirs.keys() == set()


def test_what_killed_builds_left_is_removed_and_what_a_living_one_has_is_not(tmp_path):
    """A build that was killed between the two steps of a swap left the last good site aside."""
    cache = tmp_path / ".cache"
    for name in ("site-dead", "site-good.old"):
        (cache / name).mkdir(parents=True)
        (cache / name / "index.html").write_text(name)
    living, claim = site._aside(tmp_path)
    other, second = site._aside(tmp_path)
    assert (tmp_path / "site" / "index.html").read_text() == "site-good.old"
    assert sorted(cache.glob("site-*")) == sorted([living, other])
    os.close(claim)  # as the system does when a build is killed
    (cache / "site-late.old").mkdir()
    third, last = site._aside(tmp_path)
    assert (tmp_path / "site" / "index.html").read_text() == "site-good.old"
    assert sorted(cache.glob("site-*")) == sorted([other, third])
    os.close(second)
    os.close(last)


def test_halves_that_a_killed_build_left_in_the_cache_are_removed(built, here):
    for folder in (here.cache, here.cache / "figures", here.cache / "pages"):
        (folder / f"{ASIDE}dead").write_text("half")
    here.edit("lessons/alpha.py", "Words about", "Other words about")
    here.prepare()
    assert here.kept(".cache").keys() <= built.kept(".cache").keys()


def full_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def test_a_full_disk_is_one_message_and_keeps_the_last_site(project):
    """No file can grow beyond some bytes, which a write tells as a full disk does."""
    before = tree(project)
    project.edit("lessons/alpha.py", "Words about", "Other words about")
    (project.cache / "figures" / "tiny-pool.made").unlink()  # to be drawn, not executed
    whole = {"PYTHONDONTWRITEBYTECODE": "1"}  # else Python itself keeps half a compiled module
    done = project.run("slidingwindows", "site", preexec_fn=full_disk, **whole)
    assert done.returncode == 2, done.stdout
    message = done.stdout[done.stdout.index("error: ") :]
    assert "cannot be written: File too large" in message and "Traceback" not in message
    assert tree(project) == before
    assert not project.leftovers()
    assert project.build().returncode == 0
    assert tree(project) != before


def test_two_builds_at_once_both_end_well(built, project):
    project.edit("lessons/beta.py", "sum(numbers)", "sum(numbers) + 1")
    both = [project.start("slidingwindows", "site") for _ in range(2)]
    said = [one.communicate()[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert sum("executed in" in text for text in said) == 1, said
    assert tree(project).keys() == tree(built).keys()
    assert not [path for path in project.cache.iterdir() if path.name.startswith("site-")]


def test_a_renamed_lesson_leaves_nothing_of_its_old_name_and_holds_text_of_all_the_world(project):
    words = "日本語 — Ünïcödé, עברית, 🪟 and ∑"
    (project.root / "lessons" / "beta.py").rename(project.root / "lessons" / "gamma.py")
    project.edit("lessons/alpha.py", "(beta.ipynb)", "(gamma.ipynb)")
    project.edit("lessons/alpha.py", "(beta.ipynb#second-part)", "(gamma.ipynb#second-part)")
    project.edit("lessons/gamma.py", "Words of beta.", f"Words: {words}.")
    project.edit("lessons/gamma.py", "numbers = [1, 2", f"print('{words}')\nnumbers = [1, 2")
    project.nav(["alpha", "gamma"])
    done = project.build(LANG="C", LC_ALL="C", PYTHONUTF8="0")
    assert done.returncode == 0, done.stdout
    for folder in ("site", ".cache"):
        kept = project.kept(folder)
        assert not [name for name in kept if "beta" in name]
        assert any("gamma" in name for name in kept)
    assert b"lessons/beta" not in b"".join(tree(project).values())
    assert tree(project)["lessons/gamma/index.html"].decode().count(words) >= 2
