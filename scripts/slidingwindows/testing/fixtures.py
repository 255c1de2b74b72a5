"""What a lesson's test is given. A course's pyproject.toml names this module after pytest's -p."""

import pytest
import torch

from .page import Page
from .run import run

torch.set_num_threads(1)  # As in a run; waking others takes longer than these inputs do.


def lesson_of(module) -> str:
    """test_max_pooling.py is about max-pooling."""
    return module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")


@pytest.fixture
def page(request) -> Page:
    """The page of the lesson that this test file is named after."""
    return Page(run(request.config.rootpath / "lessons", lesson_of(request.module)))


@pytest.fixture
def one_thread():
    """On maps this small, threads cost more than they save, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
