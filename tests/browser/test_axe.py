"""axe-core, the accessibility checker, finds nothing on any page in either theme."""

import pytest
from recording import AXE_ON_A_PHONE, violations
from site_pages import PAGES


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_has_a_violation(seen, path, scheme):
    assert seen(path, scheme)["axe"] == []


@pytest.mark.parametrize("path", AXE_ON_A_PHONE)
@pytest.mark.parametrize("profile", ["phone", "phone in the dark"])
def test_a_phone_has_none_either(seen, profile, path):
    assert seen(path, profile)["axe"] == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_answers_that_are_covered_have_none(visit, scheme):
    """The other visits open all curtains first."""
    page = visit(curtains=True, color_scheme=scheme).go("lessons/the-cnn-funnel/")
    assert page.locator(".sw-curtain:not([open])").count() > 1
    assert violations(page) == []
