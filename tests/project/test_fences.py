"""All code in README.md and docs/ runs: Python as it stands, commands in a shell."""

import re
from pathlib import Path

import pytest

from slidingwindows.cli.arguments import EXAMPLES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(.*?)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FENCES = [
    (page.relative_to(ROOT).as_posix(), number, language.strip(), code)
    for page in PAGES
    for number, (_, language, code) in enumerate(FENCE.findall(page.read_text("utf-8")))
]


def fences(language: str):
    found = [fence for fence in FENCES if fence[2] == language]
    return pytest.mark.parametrize(
        ("page", "code"),
        [(page, code) for page, _, _, code in found],
        ids=[f"{page}-{number}" for page, number, *_ in found],
    )


ACTIVATE = ". .venv/bin/activate"  # then python is the environment's own


def lines(language: str) -> list[str]:
    found = {line for *_, its, code in FENCES if its == language for line in code.split("\n")}
    return sorted(
        line.removeprefix(".venv/bin/") for line in found if not line.startswith(ACTIVATE)
    )


def test_every_language_is_one_that_is_tried():
    assert {language for *_, language, _ in FENCES} == {"python", "sh", "bibtex"}
    every = "".join(page.read_text("utf-8") for page in PAGES)
    assert len(FENCES) * 2 == len(re.findall(r"^ *```", every, re.MULTILINE)) and len(FENCES) >= 7


@fences("python")
def test_python_code_runs_and_prints_what_its_comments_say(
    page, code, tmp_path, monkeypatch, capsys
):
    """It runs, and prints what the comments behind its print calls say."""
    monkeypatch.chdir(tmp_path)
    exec(compile(code, page, "exec"), {})
    told = re.findall(r"^print\(.*\)  +# (.+)$", code, re.MULTILINE)
    assert told == capsys.readouterr().out.splitlines()
    for target in re.findall(r'save\(.*?"(\S+)"', code):
        assert (tmp_path / target).stat().st_size > 1000


COMMANDS = [line for line in lines("sh") if line.startswith("python ")]


def test_commands_succeed_and_write_their_files(run, tmp_path):
    """Those that are examples of --help are run by test_cli_words."""
    examples = {line for lines in EXAMPLES.values() for line in lines}
    assert COMMANDS
    for line in COMMANDS:
        words = line.removeprefix("python -m slidingwindows ")
        if words not in examples:
            ran = run(words)
            assert (ran.code, ran.err) == (0, "") and ran.out
            target = re.search(r"-o (\S+)", line)
            assert not target or (tmp_path / target[1]).stat().st_size > 1000


def test_a_command_in_a_shell(shell, tmp_path):
    ran = shell(next(line for line in COMMANDS if line.endswith("-o out.gif")))
    assert (ran.returncode, ran.stderr) == (0, "") and ran.stdout.startswith("out.gif: ")
    assert (tmp_path / "out.gif").stat().st_size > 1000


def test_other_commands_are_targets_of_the_makefile():
    others = [line for line in lines("sh") if line and not line.startswith("python ")]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert len(others) >= 2
    for line in others:
        command, target = line.split()[:2]
        assert command == "make" and target in targets


def test_bibtex_is_whole():
    [code] = [code for *_, language, code in FENCES if language == "bibtex"]
    assert code.startswith("@") and code.count("{") == code.count("}") and "year" in code
