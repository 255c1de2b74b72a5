"""The mutants' bench: what it changes, and that it tells a tested line from an untested one."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from benches import forks, lessons, mutants, script
from benches.areas import AREAS, OF_LESSONS, chosen_for_script
from benches.equivalents import EQUIVALENT
from benches.mutating import of_python, of_script
from benches.wording import of_prose
from benching import PROJECT, run_bench
from tiny_project import REPO

PACKAGE = REPO / "scripts" / "slidingwindows"


def changes(source: str) -> set[str]:
    return {one.change for one in of_python("a.py", source)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 3", {"3 → 4", "3 → 2"}),
        ("a = True", {"True → False"}),
        ("a = b < c", {"b < c → b <= c", "b < c → b >= c"}),
        ("a = b is None", {"b is None → b is not None"}),
        ("a = b + c", {"b + c → b - c"}),
        ("a += b", {"a += b → a -= b"}),
        ("a = b and c", {"b and c → b or c"}),
        ("a = not b", {"not b → b"}),
        ("a = -b", {"-b → b"}),
        ("a = f(b, c, d=e)", {"f(b, c, d=e) → f(b, d=e)", "f(b, c, d=e) → f(b, c)"}),
        ("f(b)", {"f(b) → pass"}),
        ("raise a", {"raise a → pass"}),
        ("a = [b for b in c if d]", {"for b in c if d → for b in c"}),
        ("a = 'text'", {"'text' → ''"}),
        (
            "a = 'first 3 rows'",
            {f"'first 3 rows' → '{text}'" for text in ("", "last 3 rows", "first 4 rows")},
        ),
        ("a = b if c else d", {f"b if c else d → b if {v} else d" for v in (True, False)}),
    ],
)
def test_what_may_be_changed(source, expected):
    assert changes(source) == expected


def test_equal_changes_of_equal_lines_have_numbers():
    """So that what is known to be equivalent is one place, and no other is left out with it."""
    found = of_python("a.py", "a = f(1, 2)\nb = 1\na = f(1, 2)\nc = [1, 1]")
    ones = [(one.line, one.change) for one in found if one.change.startswith("1 → 2")]
    assert ones == [
        (1, "1 → 2 (place 1)"), (2, "1 → 2"), (3, "1 → 2 (place 2)"),
        (4, "1 → 2 (place 1)"), (4, "1 → 2 (place 2)"),
    ]  # fmt: skip
    found = of_script("a.js", "a = 1 + 1;\n")
    assert [one.change for one in found] == ["+ → -", "1 → 2 (place 1)", "1 → 2 (place 2)"]


def test_what_is_left_alone():
    source = """
        import a
        from b import c

        class D:
            '''Words 1.'''
            e: int

            @f(1)
            def g(self, h: 2) -> 3:
                '''Words 2.'''
                return None
        """
    lines = [line.removeprefix("        ") for line in source.splitlines()]
    assert of_python("a.py", "\n".join(lines)) == []
    assert "0 → -1" not in changes("a = len(b[0])") and "0 → -1" in changes("a = len(b) + c[0]")
    assert changes("a = zip(b, c, strict=True)") == {"zip(b, c, strict=True) → zip(b, strict=True)"}


def test_each_mutant_is_one_change_that_compiles():
    source = (PACKAGE / "core" / "uneven.py").read_text("utf-8")
    plain = ast.unparse(ast.parse(source))
    every = of_python("uneven.py", source)
    functions = {one.function for one in every}
    assert len(every) > 100 and functions >= {"UnevenAxis.__post_init__", "UnevenAxis.adaptive"}
    for one in every:
        changed = one.source()
        compile(changed, "uneven.py", "exec")
        assert changed != plain and one.text in source
    assert every[0].source() == every[0].source()
    assert len({mutants.key_of(one) for one in every}) == len(every)


def test_script_is_changed_between_comments():
    source = '"use strict";\n// a < 1\nif (a < 1 && !b) {\n  return f(a);\n}\n/* 2\n3 */\n'
    every = of_script("a.js", source)
    assert {(one.line, one.change) for one in every} == {
        (3, "< → <="), (3, "< → >="), (3, "1 → 2"), (3, "&& → ||"), (3, "! → "),
        (3, "if (a < 1 && !b) → if (true)"), (3, "if (a < 1 && !b) → if (false)"),
        (4, "return f(a); → return null;"),
    }  # fmt: skip
    assert all(one.source().count("\n") == source.count("\n") for one in every)


def test_every_module_is_in_one_area_and_every_area_has_tests():
    named = [path for area in AREAS.values() for path in area.sources(REPO)]
    assert sorted(path for path in named if path.suffix == ".py") == sorted(PACKAGE.rglob("*.py"))
    for area in AREAS.values():
        assert area.sources(REPO) and all(path.is_file() for path in area.test_files(REPO))


def test_a_module_is_found_by_its_name_alone(monkeypatch):
    scored = []
    monkeypatch.setattr(mutants, "score", lambda area, module, *_: scored.append(area) or (1, 1))
    for name, area in (("geometry", "engine"), ("export/gif", "figures"), ("grid", "figures")):
        assert mutants.run(module=name) and scored.pop() is AREAS[area]
    with pytest.raises(SystemExit, match="no area has a module 'zebra'; its name is a file's"):
        mutants.run(module="zebra")


def test_every_script_has_its_own_tests():
    tests = AREAS["script"].test_files(REPO)
    for path in AREAS["script"].sources(REPO):
        assert len(chosen_for_script(path, tests)) < len(tests), path


def test_a_script_is_tested_in_pages_by_what_covers_it_the_quickest_first():
    area = AREAS["script"]
    known = {path.relative_to(REPO).as_posix(): {"seconds": 9} for path in area.test_files(REPO)}
    known["tests/browser/test_stepper.py"]["seconds"] = 1

    def tests(path):
        mutant = of_script(path, "a = 1;")[0]
        return [Path(test).name for test in mutants.tests_for(mutant, area, known)]

    explorer = ["test_explorer.py", "test_explorer_controls.py"]
    assert tests("assets/ui/explorer/any.js") == explorer
    controls = "test_recorded_controls.py"
    assert tests("assets/ui/gallery.js") == ["test_gallery.py", controls]
    players = ["test_stepper.py", "test_moving_pictures.py", controls]
    assert tests("assets/ui/player.js") == players


def test_a_script_is_tested_under_node_by_what_imports_it():
    known = {path.name: scripts for path, scripts in script.tests_under_node(REPO).items()}
    names = {name: {path.stem for path in scripts} for name, scripts in known.items()}
    assert {"engine.test", "arithmetic", "numbers"} <= names["engine.test.js"]  # through others
    assert "calculator" not in names["windows.test.js"] and "pasted" in names["words.test.js"]


def test_a_mutant_of_a_script_lives_under_node_until_a_test_fails(tmp_path):
    copy = SimpleNamespace(changed=[], mutate=lambda one: copy.changed.append(one.change))
    copy.restore = lambda one: copy.changed.append("")
    failing = {"2 → 3": {"slow"}, "3 → 4": set()}
    ran = []

    def run(test):
        ran.append(test.name)
        killed = test.name in failing.get(copy.changed[-1], {"quick"})
        return SimpleNamespace(result=lambda: forks.KILLED if killed else forks.SURVIVED)

    node = SimpleNamespace(copy=copy, run=run, tests_for=lambda _: [Path("quick"), Path("slow")])
    found = list(script.under_node(of_script("a.js", "a = 1 ** 2 ** 3;"), node))
    assert [(one.change, *rest) for one, *rest in found] == [
        ("1 → 2", forks.KILLED, "quick"), ("2 → 3", forks.KILLED, "slow"),
        ("3 → 4", forks.SURVIVED, "quick, slow"),
    ]  # fmt: skip
    assert ran == ["quick", "quick", "slow", "quick", "slow"] and copy.changed[1::2] == [""] * 3


def test_a_standing_site_gets_the_bundles_of_each_mutant(tmp_path, monkeypatch):
    def write_bundles(root, made):
        (made / "assets").mkdir(parents=True)
        (made / "assets" / "a.js").write_text(f"of {root}", "utf-8")
        return ["assets/a.js"]

    monkeypatch.setattr("slidingwindows.site.assets.write_bundles", write_bundles)
    site = object.__new__(script.Standing)
    site.copy = SimpleNamespace(folder=tmp_path, root="it")
    site.folder, site.address = tmp_path / "site", "http://here/"
    (site.folder / "assets").mkdir(parents=True)
    (site.folder / "assets" / "a.js").write_text("of another", "utf-8")
    config = SimpleNamespace()
    site.pytest_configure(config)
    assert config.site_at == {"site_folder": str(site.folder), "site_address": "http://here/"}
    other = SimpleNamespace(argname="browser", cached_result=None)
    assert site.pytest_fixture_setup(other, None) is None and other.cached_result is None
    fixture = SimpleNamespace(argname="site", cache_key=lambda request: request)
    assert site.pytest_fixture_setup(fixture, 0) == site.folder
    assert fixture.cached_result == (site.folder, 0, None)
    assert (site.folder / "assets" / "a.js").read_text("utf-8") == "of it"


def test_a_page_is_broken_where_it_states_something_and_tested_by_what_covers_it():
    text = "# More { #more-2 }\n\n<b class='no'>Not</b> [3](4.md), see [Any 1999](https://a.b).\n"
    made = of_prose("docs/about.md", text)
    assert [(one.line, one.change) for one in made] == [
        (1, "More → less"), (3, "Not → also"), (3, "3 → 4"),
    ]  # fmt: skip
    assert made[2].source() == text.replace("[3]", "[4]")
    area = AREAS["pages"]
    known = {path.relative_to(REPO).as_posix(): {} for path in area.test_files(REPO)}
    tests = {
        Path(test).name
        for path in area.sources(REPO)
        for test in mutants.tests_for(of_prose(path.as_posix(), "One.")[0], area, known)
    }
    assert tests == {Path(test).name for test in known}


def test_equivalents_are_mutants_that_there_are():
    """An entry whose line has been edited has to go, or to be looked at again."""
    there, modules = set(), {module for module, *_ in EQUIVALENT}
    for path in [path for area in AREAS.values() for path in area.sources(REPO)]:
        if path.stem in modules:
            make = {".js": of_script, ".md": of_prose}.get(path.suffix, of_python)
            there |= {mutants.key_of(one) for one in make(path.name, path.read_text("utf-8"))}
    assert set(EQUIVALENT) <= there
    assert all(reason.strip() for reason in EQUIVALENT.values())


def test_what_is_traced_begins_before_the_package_imports_itself():
    source = '"""Words.\n\nMore."""\n\nfrom .core import one\n'
    assert forks.begun_with(source, "a = 'b'") == (
        '"""Words.\n\nMore."""\n' + """exec("a = 'b'")\n""" + "\nfrom .core import one\n"
    )
    assert forks.begun_with("", "a") == "exec('a')\n"


MODULE = """
def double(n):
    if n < 0:
        raise ValueError("less than zero")
    return 2 * n


def untested(n):
    return n


def endless(n):
    while n:
        n = False
    return n
"""
TESTS = """
import os, subprocess, sys
from slidingwindows.room.double import double, endless

def test_double():
    assert [double(n) for n in (1, 3)] == [2, 6]

def test_another_process_sees_the_mutant():
    code = "from slidingwindows.room.double import double; print(double(0))"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"0\\n"

def test_endless():
    assert endless(True) is False
"""
# Two files are named for the module and go first; nearly all mutants wait for the third.
CARELESS = """
from slidingwindows.room.double import double, endless

def test_it_runs():
    double(1), endless(False)
"""
RUN = """
import sys
from pathlib import Path
from benches import live, mutants
from benches.areas import Area
mutants.ROOT, mutants.PATIENCE, mutants.LEAST_PATIENCE = Path(sys.argv[1]), 2, 0
live.LEAST_PATIENCE = 1
print(mutants.score(Area(("*/double",), tests=("tests",)), None, 99, 1, 2))
"""


def test_survivors_are_named_and_nothing_is_left_behind(tmp_path):
    files = {
        "scripts/slidingwindows/room/double.py": MODULE,
        "tests/test_double.py": CARELESS,
        "tests/test_double_too.py": CARELESS,
        "tests/test_twice.py": TESTS,
    }
    *survivors, last = run_bench(tmp_path, files, RUN)
    named = "\n".join(survivors)
    assert "raise ValueError('less than zero') → pass" in named and "0 → -1" in named
    assert "n < 0 → n <= 0" not in named, "seen in another process alone"
    assert "return n → return None" in named and "no test reaches it" in named
    assert "2 * n" not in named and "while" not in named
    killed, decided = eval(last)
    assert decided == len(of_python("double.py", MODULE)) and killed == decided - named.count("→")
    kept = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    there = {name for name in kept if not name.startswith((".git/", ".cache/"))}
    files |= PROJECT
    assert there == set(files)
    assert all(Path(tmp_path, name).read_text("utf-8") == text for name, text in files.items())


def test_what_breaks_the_lessons_is_found_outside_of_pytest(monkeypatch):
    monkeypatch.setattr(sys, "path", [one for one in sys.path if "tests" not in Path(one).parts])
    for name in ("lesson_run", "mutations"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    names, makers, score = lessons.parts()
    assert len(names) > 30 and makers.keys() == OF_LESSONS.keys()
    assert score([], 1, 0, makers["prose"]) == (0, 0)
