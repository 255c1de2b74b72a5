"""Headings, skip link, keyboard and zoom: what axe-core cannot judge, on all pages."""

import pytest
from site_pages import DESKTOP, PAGES, PHONE, until

ZOOMED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}  # 1280×800 at 200 %
# Tab goes to a radio group once, and past what a closed <details> or an inert part holds.
STOPS = """() => {
  const all = document.querySelectorAll("article a[href], article button, article input, "
    + "article select, article textarea, article summary, article [tabindex='0']");
  return [...all].filter(one => one.checkVisibility({ visibilityProperty: true })
    && one.getClientRects().length && !one.disabled && one.tabIndex >= 0
    && one.type !== "radio").map((one, i) => (one.dataset.stop = i));
}"""
HERE = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return { stop: one.dataset.stop ?? null, body: one === document.body,
           ring: ring || style.boxShadow !== "none",
           seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
           what: one.outerHTML.slice(0, 120) };
}"""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_headings_are_in_order(visit, path, viewport):
    page = visit(viewport=viewport).go(path)
    levels = page.locator("article :is(h1, h2, h3, h4, h5, h6):visible").evaluate_all(
        "all => all.map(heading => Number(heading.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_the_first_tab_skips_to_the_content(visit, path, viewport):
    page = visit(viewport=viewport).go(path)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Tab")
    skip = page.locator(".md-skip")
    assert skip.evaluate("link => link === document.activeElement")
    until(page, "getComputedStyle(document.querySelector('.md-skip')).opacity === '1'")
    assert page.evaluate(HERE)["seen"]
    target = skip.evaluate("link => link.hash")
    page.keyboard.press("Enter")
    until(page, "hash => location.hash === hash", target)
    page.wait_for_timeout(500)  # the browser moves the place where Tab goes on after the address
    page.keyboard.press("Tab")
    inside = "document.activeElement.closest('main .md-content, .md-footer') !== null"
    assert page.evaluate(inside), page.evaluate(HERE)["what"]


@pytest.mark.parametrize("path", PAGES)
def test_tab_reaches_everything_and_shows_where_it_is(visit, path):
    here = visit(reduced_motion="reduce")
    page = here.go(path)
    page.wait_for_load_state("networkidle")
    stops = page.evaluate(STOPS)
    reached, hidden = set(), []
    for _ in range(3 * len(stops) + 400):
        page.keyboard.press("Tab")
        now = page.evaluate(HERE)
        if now["body"]:
            break
        if now["stop"] is not None:
            reached.add(int(now["stop"]))
            if not (now["ring"] and now["seen"]):
                hidden.append(now["what"])
    missed = [page.locator(f"[data-stop='{i}']").first for i in set(stops) - reached]
    assert not [one.evaluate("e => e.outerHTML.slice(0, 120)") for one in missed]
    assert not hidden
    assert not here.problems


@pytest.mark.parametrize("path", PAGES)
def test_at_twice_the_size_nothing_is_lost(visit, path):
    page = visit(**ZOOMED).go(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= ZOOMED["viewport"]["width"]
    cut = page.evaluate(
        """() => [...document.querySelectorAll("article :is(p, li, h1, h2, h3, button, label)")]
          .filter(one => one.checkVisibility() && one.clientWidth > 1
            && getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth + 1)
          .map(one => one.outerHTML.slice(0, 120))"""
    )
    assert not cut
