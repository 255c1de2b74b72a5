"""What runs on a host of repositories is what runs here: the same targets, lock and Python."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
OLDEST = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]


def steps(path):
    """Each step with the environment that its job and it set."""
    for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values():
        for step in job["steps"]:
            yield {**job.get("env", {}), **step.get("env", {})}, step


def test_there_are_a_test_and_a_deployment():
    assert [path.stem for path in WORKFLOWS] == ["pages", "test"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_commands_exist_and_take_the_cpu_build(path):
    commands = 0
    for environment, step in steps(path):
        command = step.get("run", "")
        if command.startswith("make "):
            assert set(command.split()[1:]) <= TARGETS, command
        elif command:
            assert command == "bash .ci/run" and (ROOT / ".ci" / "run").exists()
        if command:
            assert environment["PIP_EXTRA_INDEX_URL"].endswith("/whl/cpu")
            commands += 1
    assert commands


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_pythons_and_locks(path):
    settings = [s["with"] for _, s in steps(path) if "setup-python" in s.get("uses", "")]
    assert settings and all(one["python-version"] == OLDEST for one in settings)
    assert all((ROOT / one["cache-dependency-path"]).exists() for one in settings)


def test_actions_are_named_with_their_version():
    for path in WORKFLOWS:
        for _, step in steps(path):
            assert "uses" not in step or re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])


def test_continuous_integration_runs_make_test():
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make test")
