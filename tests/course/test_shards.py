"""Several machines: each prepares its part of the lessons, and their caches make one site."""

import shutil

import pytest

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


@pytest.mark.parametrize(
    "text", ["", "2", "0/3", "4/3", "1/0", "-1/3", "1/3/3", "a/b", " 1/3", "01/3", "1/3\n", "１/３"]
)
def test_a_shard_that_is_none_is_refused_before_anything_is_read(tmp_path, capsys, text):
    with pytest.raises(SlidingWindowsError, match=r"such as 2/5, not "):
        shard_of(text)
    (tmp_path / "mkdocs.yml").write_text("")
    assert main(["prepare", "--root", str(tmp_path), f"--shard={text}"]) == 2
    line = f"error: a shard is its number and how many there are, such as 2/5, not {text!r}\n"
    assert capsys.readouterr().err == line
    assert [path.name for path in tmp_path.iterdir()] == ["mkdocs.yml"]


def test_three_machines_make_the_site_that_one_makes(built, tmp_path):
    """Three shards of two lessons, so that one of them has nothing to do."""
    made, ran = tmp_path / "made", []
    for number in (1, 2, 3):
        machine = built.copy(tmp_path / f"machine-{number}" / "project")
        shutil.rmtree(machine.cache)
        shutil.rmtree(machine.site)
        done = machine.run("slidingwindows", "prepare", "--shard", f"{number}/3")
        assert done.returncode == 0, done.stdout
        ran.append(machine.executed())
        assert not {"prepared.json", "seconds.json"} & set(machine.kept())
        for folder in FOLDERS:
            if (machine.cache / folder).exists():
                shutil.copytree(machine.cache / folder, made / folder, dirs_exist_ok=True)
    assert ran == [["alpha"], ["beta"], []]
    one = built.copy(tmp_path / "one" / "project")
    shutil.rmtree(one.cache)
    shutil.rmtree(one.site)
    shutil.copytree(made, one.cache)
    done = one.build()
    assert done.returncode == 0, done.stdout
    assert one.executed() == [] and " missing " not in done.stdout and "stale" not in done.stdout
    assert one.kept("site") == built.kept("site") != {}
    assert one.kept() == built.kept()
