"""Each lesson's tests get that lesson's page, from one run."""

import pytest

from slidingwindows.testing.fixtures import one_thread, page  # noqa: F401


@pytest.fixture(autouse=True)
def quiet(one_thread):  # noqa: F811
    """Every test here."""
