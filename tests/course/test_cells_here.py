"""One run of a lesson in the tests' own process: what its page shows, and what it starts from."""

import os
import random

import numpy as np
import torch
from tiny_project import lesson as script

from slidingwindows import slide
from slidingwindows.course.lessons import read
from slidingwindows.testing.run import execute, run

CELLS = {
    "x = 5": [],
    "x": ["5"],
    "x;": [],
    "x ;  \n": [],
    "print('a')\nx": ["a", "5"],
    "print('a\\n')\nprint('b')": ["a\n\nb"],
    "print('10 %\\r100 %')": ["100 %"],
    "'words'": ["words"],
    "print('a');": [],
    "None": [],
    "[1.5, 'a']": ["[1.5, 'a']"],
    "": [],
    "# nothing": [],
    "for n in (1, 2):\n    print(n)": ["1\n2"],
    "__name__": ["__main__"],
    "y = 1\ny": ["1"],
}
SHOWS = """import torch
from torch import nn
from slidingwindows import slide
from slidingwindows.lesson import check, plot, show
x = torch.arange(16.0).reshape(1, 4, 4)
def draw(figure):
    figure.subplots().plot([1, 2], [3, y])
y = 4
figure = plot(draw, "late", "Words.", "More words.", 300, 200)
y = 5
check(7, lambda: 3)
show(slide(nn.MaxPool2d(2), x), "pool", "A caption.")"""


def lesson(folder, *cells):
    (folder / "one.py").write_text(script("One", *cells), "utf-8")
    return read(folder / "one.py")


def test_each_cell_s_outputs(tmp_path):
    found = execute(lesson(tmp_path, *CELLS))
    expected = {**CELLS, "print('a');": ["a"]}
    for source, shown in zip(CELLS, found.outputs, strict=True):
        assert shown == expected[source], source
    assert found.names["x"] == 5


def test_figures_and_checks_are_kept(tmp_path, capsys):
    found = execute(lesson(tmp_path, SHOWS, "figure", "print('figure none')"))
    assert capsys.readouterr().out == ""
    first, second, third = found.outputs
    assert first[1:] == ["figure pool"] and first[0].startswith("Not ")
    assert (second, third) == (["figure late"], ["figure none"])
    assert found.truths == [3]
    pool, late = found.figures["pool"], found.figures["late"]
    assert (pool.cell, pool.caption, pool.alt, pool.draw) == (0, "A caption.", "", None)
    x = torch.arange(16.0).reshape(1, 4, 4)
    assert pool.item.to_dict() == slide(torch.nn.MaxPool2d(2), x).to_dict()
    assert (late.cell, late.caption, late.alt, late.item) == (1, "More words.", "Words.", None)
    assert late.drawn[0]["lines"] == [("_child0", [1, 2], [3, 4])]  # as y was when it was drawn
    assert late.looks[0] == "300×200 pixels" and late.looks[1].startswith("axes ")
    outputs, figures, truths = found.visible()
    assert outputs is found.outputs and truths == ["3"]
    assert figures == [
        ("late", "More words.", "Words.", repr(late.drawn), late.looks),
        ("pool", "A caption.", "", repr(pool.item.to_dict()), []),
    ]


def test_a_run_starts_like_a_kernel_and_leaves_this_process_alone(tmp_path):
    looks_around = (
        "import os, random, torch, numpy as np\nfrom pathlib import Path\n"
        "seen = [torch.initial_seed(), torch.get_num_threads(), torch.is_grad_enabled(),\n"
        "        os.environ['SLIDINGWINDOWS_LESSONS'], os.environ['HOME'], os.getcwd()]\n"
        "torch.set_num_threads(2)\ntorch.set_default_dtype(torch.float64)\n"
        "torch.set_printoptions(precision=2)\nnp.set_printoptions(precision=2)\n"
        "os.environ['HOME'] = 'x'\nrandom.random()\nnp.random.rand()\ntorch.rand(1)\n"
        "open('left', 'w').close()"
    )
    before = [
        torch.get_num_threads(), torch.get_default_dtype(), os.getcwd(), dict(os.environ),
        random.getstate(), str(np.random.get_state()), np.get_printoptions(),
        torch.get_rng_state().tolist(), str(torch.tensor(1 / 3)),
    ]  # fmt: skip
    one = lesson(tmp_path, looks_around)
    with torch.no_grad():
        seen = execute(one).names["seen"]
        assert not torch.is_grad_enabled()
    home, here = seen[4:]
    assert seen[:4] == [6_728_042, 1, True, str(tmp_path.resolve())]
    assert os.path.realpath(home) == here and not os.path.exists(here)
    assert before == [
        torch.get_num_threads(), torch.get_default_dtype(), os.getcwd(), dict(os.environ),
        random.getstate(), str(np.random.get_state()), np.get_printoptions(),
        torch.get_rng_state().tolist(), str(torch.tensor(1 / 3)),
    ]  # fmt: skip


def test_a_lesson_of_a_folder_runs_once(tmp_path):
    lesson(tmp_path, "1 + 1")
    found = run(tmp_path, "one")
    assert found.outputs == [["2"]] and found.lesson.name == "one"
    assert run(tmp_path, "one") is found
