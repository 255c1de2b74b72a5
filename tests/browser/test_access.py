"""Headings, skip link, keyboard and zoom: what axe-core cannot judge, on all pages."""

import pytest
from playwright.sync_api import expect
from recording import ZOOMED, opened_in
from site_pages import PAGES, until


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("profile", ["phone", "light"])
def test_headings_are_in_order(seen, path, profile):
    levels = seen(path, profile)["levels"]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_the_first_tab_skips_to_the_content(seen, path, screen):
    skip = seen(path, "phone" if screen == "phone" else opened_in(path))["skip"]
    assert skip["first"]["skip"] and skip["first"]["seen"], skip["first"]["what"]
    assert skip["then"]["inside"], skip["then"]["what"]


def test_a_hidden_button_is_hidden_from_tab_before_any_script_runs(visit):
    page = visit(java_script_enabled=False).go("reference/build-times/")
    assert page.locator(".md-top[hidden]").count() == 1
    expect(page.locator(".md-top")).to_be_hidden()


@pytest.mark.parametrize("path", PAGES)
def test_tab_reaches_everything_and_shows_where_it_is(seen, path):
    walk = seen(path, opened_in(path))["walk"]
    assert any(place["body"] for place in walk["places"]), "Tab never leaves the page"
    assert walk["places"][0]["skip"]
    there = [place for place in walk["places"] if place["stop"] is not None]
    missed = set(range(len(walk["stops"]))) - {int(place["stop"]) for place in there}
    assert not [walk["stops"][number] for number in missed]
    assert not [place["what"] for place in there if not (place["ring"] and place["seen"])]


@pytest.mark.parametrize("path", PAGES)
def test_at_twice_the_size_nothing_is_lost(seen, path):
    visit = seen(path, "zoom")
    assert visit["widths"][0] <= ZOOMED["width"]
    assert not visit["cut"]


BLOCKS = """[...document.querySelectorAll("nav.md-code__nav")]
  .map((block) => block.getAttribute("aria-label"))"""


def test_each_block_of_code_is_a_landmark_with_a_name_of_its_own(visit):
    """Counted from 1, also on a page that comes without loading anew."""
    here = visit()
    page = here.go("lessons/padding/")
    here.mark()
    for lesson, title in (("padding", "Padding"), ("max-pooling", "Max pooling")):
        here.follow(f"/lessons/{lesson}/", title)
        until(page, "document.querySelectorAll('nav.md-code__nav').length > 1")
        until(page, "!document.querySelector('nav.md-code__nav:not([aria-label])')")
        names = page.evaluate(BLOCKS)
        assert names == [f"Code block {number}" for number in range(1, len(names) + 1)]
    assert here.marked() and not here.problems
