"""Each lesson's tests get that lesson's page, from one run, and draw the same random numbers."""

import pytest
import torch

from slidingwindows.testing.fixtures import one_thread, page  # noqa: F401


@pytest.fixture(autouse=True)
def quiet(one_thread):  # noqa: F811
    """Every test here; whatever ran before it, it draws the same numbers."""
    torch.manual_seed(0)
