"""What a host of repositories runs: the same targets as here, with no more rights than needed."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from slidingwindows.course.prepare import FOLDERS
from slidingwindows.course.shards import Shard, shard_of

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
SITE = yaml.safe_load((ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8"))
JOBS = SITE["jobs"]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
OLDEST = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
MAIN = "github.ref == 'refs/heads/main'"
# What each job may do with the repository, and why: nothing else.
RIGHTS = {
    "test": {"contents": "read"},
    "prepare": {"contents": "read", "pages": "read"},
    "build": {"contents": "read", "pages": "read"},
    "deploy": {"pages": "write", "id-token": "write"},
    "notebooks": {"contents": "write"},
}


def before(name):
    """All jobs that must have passed before this one begins."""
    needs = JOBS[name].get("needs", [])
    needs = [needs] if isinstance(needs, str) else needs
    return {*needs, *(one for need in needs for one in before(need))}


def using(action):
    return [(name, step) for name, step in STEPS if f"/{action}@" in step.get("uses", "")]


def test_one_workflow_does_it_all():
    assert [path.name for path in WORKFLOWS] == ["site.yml"]
    assert set(JOBS) == set(RIGHTS)
    assert set(SITE[True]) == {"push", "pull_request", "workflow_dispatch"}  # YAML's word for on
    assert SITE[True]["push"] is None and SITE[True]["pull_request"] is None  # every branch


def test_nothing_is_published_that_the_tests_did_not_pass():
    for name in ("deploy", "notebooks"):
        assert before(name) == {"test", "prepare", "build"}
        assert JOBS[name]["if"] == MAIN  # alone, for always() would run it after a failure
    assert before("build") == {"test", "prepare"} and "if" not in JOBS["build"]
    assert not [name for name, job in JOBS.items() if "continue-on-error" in job]
    assert not [step for _, step in STEPS if "continue-on-error" in step]
    assert not {"if", "needs"} & {*JOBS["test"], *JOBS["prepare"]}
    [(name, step)] = using("upload-pages-artifact")
    assert name == "build" and step["with"]["path"] == "site" and step["if"] == MAIN
    assert [name for name, _ in using("deploy-pages")] == ["deploy"]


def test_four_parts_at_once_are_all_the_tests():
    matrix = JOBS["test"]["strategy"]["matrix"]
    assert set(matrix) == {"tests"} and len(matrix["tests"]) == 4  # no part is taken out again
    assert "max-parallel" not in JOBS["test"]["strategy"]
    run = [folder for part in matrix["tests"] for folder in part.split()]
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    for file in files:
        assert sum(file.startswith(f"{folder}/") for folder in run) == 1, file
    assert all((ROOT / folder).is_dir() for folder in run)
    [command] = [step["run"] for name, step in STEPS if name == "test" and "run" in step]
    assert command == 'make test ARGS="${{ matrix.tests }}"'
    assert re.search(
        r"^test:.*\n(\t.*\n)*\t.*pytest.*\$\(ARGS\)", (ROOT / "Makefile").read_text(), re.M
    )


def commands(*words: str) -> list[str]:
    """What make would run once all is set up, whatever the caller's environment says."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        ["make", "--dry-run", "--old-file=.venv/ready", *words],
        cwd=ROOT, env=clean, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_make_runs_all_tests_and_ends_with_their_result():
    """No part is left out, and no command's failure is ignored by a hyphen in front of it."""
    browser, tests = commands("test")
    assert browser == "PYTHON=.venv/bin/python scripts/browser.sh"
    assert re.fullmatch(r"\.venv/bin/python -m pytest -n \d+ --dist loadfile", tests)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert not re.search(r"^\t@?[-+]|^\.(IGNORE|SILENT|ONESHELL)|\|\| *(true|:)", makefile, re.M)
    assert "MAKEFLAGS" not in makefile and "ADDOPTS" not in makefile


def test_make_check_leaves_nothing_out():
    node, modules = ".venv/bin/node", ".venv/node_modules"
    assert commands("check") == [
        ".venv/bin/ruff check scripts tests lessons",
        ".venv/bin/ruff format --check scripts tests",
        ".venv/bin/lint-imports --no-cache --no-logo",
        ".venv/bin/mypy",
        f"{node} {modules}/@biomejs/biome/bin/biome check",
        ".venv/bin/python -m slidingwindows.site.assets",
        f"{node} {modules}/typescript/bin/tsc",
        f"{node} {modules}/typescript/bin/tsc --project tsconfig.strict.json",
        ".venv/bin/codespell assets docs lessons scripts tests *.md *.yml *.toml",
        ".venv/bin/python -m slidingwindows site --check",
    ]


def test_the_machines_of_the_tests_set_nothing_that_could_leave_some_out():
    job = JOBS["test"]
    assert set(job) == {"runs-on", "timeout-minutes", "permissions", "strategy", "steps"}
    assert "env" not in SITE and "defaults" not in SITE
    assert set(job["strategy"]) == {"fail-fast", "matrix"}
    for step in job["steps"]:
        assert set(step) in ({"uses", "with"}, {"run"}), step


def test_continuous_integration_runs_all_whatever_is_set_around_it():
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "set -eu",
        'cd "$(dirname "$0")/.."',
        "unset PYTEST_ADDOPTS RECORD MAKEFLAGS",
        "exec make test QUICK= COVERAGE=",
    ]


def test_machines_that_prepare_are_all_the_parts_and_hand_on_what_they_made():
    matrix = JOBS["prepare"]["strategy"]["matrix"]
    shards = [shard_of(text) for text in matrix.pop("shard")]
    assert shards == [Shard(number, len(shards)) for number in range(1, len(shards) + 1)]
    assert not matrix and len(shards) > 1
    addresses = [step.get("env") for name, step in STEPS if name in ("prepare", "build")]
    shared = [one for one in addresses if one]
    assert len(shared) == 2 and shared[0] == shared[1]  # figures name the site's address
    ran = [step["run"] for name, step in STEPS if name == "prepare" and "run" in step]
    assert ran == ["make prepare SHARD=${{ matrix.shard }}"]
    assert re.search(
        r"^prepare:.*\n\t.*\bprepare \$\(if \$\(SHARD\),--shard \$\(SHARD\)\)$",
        (ROOT / "Makefile").read_text(),
        re.M,
    )
    [up] = [step["with"] for name, step in using("upload-artifact") if name == "prepare"]
    assert up["include-hidden-files"] is True and up["if-no-files-found"] == "error"
    assert up["name"] == "prepared-${{ strategy.job-index }}"  # no name holds a slash
    folders = {name.partition("/")[0] for name in FOLDERS}
    assert set(up["path"].split()) == {f".cache/{name}" for name in folders}
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    [told] = re.findall(r"copy the folders\s+([^.]+?)\s+of every machine's `.cache`", text)
    assert set(re.findall(r"`(\w+)`", told)) == folders
    [down] = [step["with"] for name, step in using("download-artifact") if name == "build"]
    assert down == {"pattern": "prepared-*", "path": ".cache", "merge-multiple": True}
    steps = [step for name, step in STEPS if name == "build"]
    assert steps.index(using("download-artifact")[0][1]) < steps.index(
        next(step for step in steps if "run" in step)
    )


def test_commands_are_those_of_everyone():
    """Nothing of the text of a branch or a pull request gets into a shell."""
    for name, step in STEPS:
        command = step.get("run", "make test")
        words = command.replace(' ARGS="${{ matrix.tests }}"', "")
        words = words.replace(" SHARD=${{ matrix.shard }}", "").split()
        assert "${{" not in " ".join(words)
        if words[0] == "make":
            assert set(words[1:]) <= TARGETS, command
        else:
            assert words == ["scripts/push_notebooks.sh", "dist/notebooks"] and name == "notebooks"
    [build] = [step["run"] for name, step in STEPS if name == "build" and "run" in step]
    assert build.split()[1:] == ["check", "site", "branch"]


def test_torch_comes_as_for_everyone():
    """scripts/torch.sh finds the CPU build; a setting for pip would keep it from looking."""
    settings = [SITE.get("env", {}), *(job.get("env", {}) for job in JOBS.values())]
    settings += [step.get("env", {}) for _, step in STEPS]
    assert not [name for one in settings for name in one if name.startswith(("PIP_", "TORCH_"))]


def test_pythons_and_caches():
    used = using("setup-python")
    assert {name for name, _ in used} == {"test", "prepare", "build"}
    assert all(step["with"]["python-version"] == OLDEST for _, step in used)
    for name, step in used:  # a cache is written by any run, so what is published reads none
        assert ("cache" in step["with"]) == (name == "test")
        if name == "test":
            matched = {path.name for path in ROOT.glob(step["with"]["cache-dependency-path"])}
            assert matched == {"requirements.lock", "requirements-torch.txt"}
    assert not using("cache")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_named_by_commit_with_their_version(path):
    lines = [line for line in path.read_text("utf-8").splitlines() if re.search(r"\buses\b", line)]
    assert len(lines) == len([step for _, step in STEPS if "uses" in step])
    for line in lines:
        assert re.fullmatch(r"\s+- uses: actions/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line), line
    named = {re.split("[@#]", line.partition("uses: ")[2])[0]: line.strip() for line in lines}
    assert len(set(map(str.strip, lines))) == len(named)  # one version of each


def test_each_job_has_its_own_rights_and_no_others():
    assert SITE["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == RIGHTS
    checkouts = using("checkout")
    assert {name for name, _ in checkouts} == {"test", "prepare", "build", "notebooks"}
    assert all(step["with"]["persist-credentials"] is False for _, step in checkouts)
    text = (ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8")
    assert text.count("github.token") == 1 and "secrets" not in text
    holders = [name for name, step in STEPS if "github.token" in str(step.get("env"))]
    assert holders == ["notebooks"]


def test_where_a_token_may_write_no_package_is_installed():
    for name, rights in RIGHTS.items():
        if "write" in rights.values():
            words = str(JOBS[name]["steps"])
            assert "make" not in words and "setup-python" not in words and "pip" not in words


def test_the_branch_of_notebooks_is_what_the_build_wrote():
    [up] = [step for name, step in using("upload-artifact") if name == "build"]
    assert up["with"]["path"] == "dist/notebooks"
    [down] = [step for name, step in using("download-artifact") if name == "notebooks"]
    # By a pattern, which may match nothing, as a name may not; without repo_url there is none.
    found = {"pattern": up["with"]["name"], "path": up["with"]["path"], "merge-multiple": True}
    assert down["with"] == found
    script = (ROOT / "scripts" / "push_notebooks.sh").read_text("utf-8")
    assert '"$commit:refs/heads/notebooks"' in script
