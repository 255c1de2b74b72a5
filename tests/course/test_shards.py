"""Several machines: each prepares its part of the lessons, and their caches make one site."""

import json
import os
import shutil

import pytest
from tiny_project import Project

from slidingwindows import SlidingWindowsError
from slidingwindows.__main__ import main
from slidingwindows.course.prepare import FOLDERS
from slidingwindows.course.shards import Shard, names_of, shard_of

NAMES = [f"lesson-{letter}" for letter in "gfedcba"]
TIMES = {"lesson-a": 8.0, "lesson-b": 1.0, "lesson-c": 5.0, "lesson-d": 4.0, "gone": 100.0}


def parts(count, names=NAMES, seconds=TIMES):
    return [names_of(Shard(number, count), names, seconds) for number in range(1, count + 1)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 9])
@pytest.mark.parametrize("seconds", [{}, TIMES], ids=["unknown", "known"])
def test_every_lesson_is_in_one_part(count, seconds):
    found = parts(count, seconds=seconds)
    assert sorted(name for part in found for name in part) == sorted(NAMES)
    assert found == parts(count, sorted(NAMES), dict(reversed(seconds.items())))
    sizes = [len(part) for part in found]
    assert seconds or max(sizes) - min(sizes) <= 1


def test_parts_take_as_long_as_each_other():
    """The longest first; lessons without a time count as the mean of the others, here 4.5 s."""
    assert parts(3) == [
        {"lesson-a", "lesson-d"},  # 12 s
        {"lesson-c", "lesson-g"},  # 9.5 s
        {"lesson-e", "lesson-f", "lesson-b"},  # 10 s
    ]


def test_a_part_counts_for_what_its_lessons_take():
    """A lesson without a time takes as long as the mean; without any, all are equal."""
    known = {"a": 4.0}
    assert parts(2, ["a", "b", "c"], known) == [{"a", "c"}, {"b"}]
    assert parts(2, ["a", "b", "c"], {**known, "c": 2.0}) == [{"a"}, {"b", "c"}]
    assert parts(2, ["d", "c", "b", "a"], {}) == [{"a", "c"}, {"b", "d"}]
    assert parts(2, ["a", "b", "c"], {"a": 4.0, "b": 1.0, "c": 2.0}) == [{"a"}, {"b", "c"}]


def test_a_shard_is_its_number_and_their_count():
    for text, shard in {
        "1/1": (1, 1), "2/5": (2, 5), "5/5": (5, 5), "10/10": (10, 10), "9999/9999": (9999, 9999),
    }.items():  # fmt: skip
        assert shard_of(text) == shard, text


@pytest.mark.parametrize(
    "text",
    ["", "2", "0/3", "4/3", "1/0", "-1/3", "1/3/3", "a/b", " 1/3", "01/3", "1/3\n", "１/３"]
    + ["10000/10000", "1/10000"],
)
def test_a_shard_that_is_none_is_refused_before_anything_is_read(tmp_path, capsys, text):
    with pytest.raises(SlidingWindowsError, match=r"such as 2/5, not "):
        shard_of(text)
    (tmp_path / "mkdocs.yml").write_text("")
    assert main(["prepare", "--root", str(tmp_path), f"--shard={text}"]) == 2
    line = f"error: a shard is its number and how many there are, such as 2/5, not {text!r}\n"
    assert capsys.readouterr().err == line
    assert [path.name for path in tmp_path.iterdir()] == ["mkdocs.yml"]


@pytest.fixture
def strange(tmp_path):
    """The variables of another user, in another zone, with kernels and settings of their own."""
    home = tmp_path / "home"
    shout = "raise SystemExit('a user setting was read')\n"
    kernel = {"argv": ["/nonexistent"], "display_name": "Broken", "language": "python"}
    for path, text in {
        ".jupyter/jupyter_config.py": shout,
        ".jupyter/jupyter_nbconvert_config.py": shout,
        ".jupyter/jupyter_client_config.py": shout,
        ".ipython/profile_default/startup/00.py": "import os; os._exit(3)\n",
        ".ipython/profile_default/ipython_config.py": shout,
        ".config/matplotlib/matplotlibrc": "figure.facecolor: red\nfont.size: 40\n",
        "kernels/kernels/python3/kernel.json": json.dumps(kernel),
        "startup.py": "print('a user setting was read')\nimport os; os._exit(3)\n",
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    return {
        "HOME": str(home),
        "JUPYTER_PATH": str(home / "kernels"),
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "IPYTHONDIR": str(home / ".ipython"),
        "MATPLOTLIBRC": str(home / ".config/matplotlib/matplotlibrc"),
        "PYTHONSTARTUP": str(home / "startup.py"),
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Kiritimati",
        "LANG": "C",
    }


def test_three_strange_machines_make_the_site_that_one_makes(built, tmp_path, strange):
    """A clean build elsewhere, for another user, gives the same bytes; so do the parts of one.

    Three shards of two lessons, so that one of them has nothing to do.
    """
    clean, made, ran = tmp_path / "Ünï çödé 窓 folder" / "project", tmp_path / "made", []
    machine = Project.create(clean)
    machine.commit()
    for number in (1, 2, 3):
        shutil.rmtree(machine.cache, ignore_errors=True)
        machine.log.unlink(missing_ok=True)
        done = machine.run("slidingwindows", "prepare", "--shard", f"{number}/3", **strange)
        assert done.returncode == 0, done.stdout
        ran.append(machine.executed())
        assert not {"prepared.json", "seconds.json"} & set(os.listdir(machine.cache))
        for folder in FOLDERS:
            if (machine.cache / folder).exists():
                shutil.copytree(machine.cache / folder, made / folder, dirs_exist_ok=True)
    assert ran == [["alpha"], ["beta"], []]
    shutil.rmtree(machine.cache)
    shutil.copytree(made, machine.cache)
    machine.log.unlink(missing_ok=True)
    done = machine.build(**strange)
    assert done.returncode == 0, done.stdout
    assert machine.executed() == []
    assert " missing " not in done.stdout and "stale" not in done.stdout
    for ours, theirs in (
        (built.kept("site"), machine.kept("site")),
        (built.kept(), machine.kept()),
    ):
        assert ours.keys() == theirs.keys() and ours
        assert [name for name in ours if ours[name] != theirs[name]] == []
    assert b"2001-02-03" in machine.kept("site")["sitemap.xml"]
    assert b"a user setting" not in b"".join(machine.kept("site").values())
