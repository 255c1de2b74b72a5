"""axe-core, the accessibility checker, finds nothing on any page in either theme."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from site_pages import DESKTOP, PAGES, PHONE


def violations(page) -> list[str]:
    """Each rule that is broken, with the first places where it is."""
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response
    assert found["passes"], "axe looked at nothing"
    return [
        f"{broken['id']} ({broken['impact']}): "
        + "; ".join(f"{node['target']} {node['failureSummary']}" for node in broken["nodes"][:4])
        for broken in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_violation(visit, path, scheme):
    here = visit(color_scheme=scheme, viewport=DESKTOP)
    page = here.go(path)
    page.locator("article details").evaluate_all("all => all.forEach(box => { box.open = true })")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_none_either(visit, scheme):
    here = visit(color_scheme=scheme, viewport=PHONE)
    for path in ("", "explorer/", "network/", "gallery/"):
        assert violations(here.go(path)) == [], path
