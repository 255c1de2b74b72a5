"""pre-commit runs the commands of `make lint`, all of them, with the project's own tools."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
HOOKS = [hook for repo in CONFIG["repos"] for hook in repo["hooks"]]


def command_of(hook):
    """What a shell would be given; pre-commit itself starts programs without one."""
    words = shlex.split(hook["entry"])
    if words[:2] == ["sh", "-c"]:
        assert len(words) == 3
        return words[2]
    assert not re.search(r"[*?$|&;<>]", hook["entry"]), "only a shell understands that"
    return hook["entry"]


def test_hooks_run_what_make_lint_runs():
    # As if .venv were ready, for else make would say how it sets it up.
    made = subprocess.run(
        ["make", "--no-print-directory", "-n", "-o", ".venv/ready", "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = made.stdout.splitlines()
    assert [command_of(hook) for hook in HOOKS] == commands and len(commands) > 4


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_check_everything_with_what_is_installed(hook):
    assert hook["language"] == "system" and hook["pass_filenames"] is False
    assert command_of(hook).startswith(".venv/bin/")


def test_no_tool_is_fetched_in_a_version_of_its_own():
    assert [repo["repo"] for repo in CONFIG["repos"]] == ["local"]
