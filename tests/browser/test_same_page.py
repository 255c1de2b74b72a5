"""Links within a page, in a real browser: nothing that a reader did there is lost."""

import re

import pytest
from playwright.sync_api import expect
from recording import Tab
from site_pages import DESKTOP, until

LESSON = "lessons/max-pooling/"
# Opens all that is folded, steps a figure and marks the article, which only itself would keep.
DOES = """async () => {
  for (const box of document.querySelectorAll("article details")) box.open = true;
  await document.querySelector("#max-pool-3x3-stride-2 sliding-window").go(4);
  document.querySelector(".md-content article").mine = true;
}"""
KEPT = """() => document.querySelector(".md-content article").mine === true
  && [...document.querySelectorAll("article details")].every(box => box.open)
  && document.querySelector("#max-pool-3x3-stride-2 sliding-window").at === 4"""


@pytest.fixture(scope="module")
def tab(browser, address):
    tab = Tab(browser, address)
    yield tab
    tab.close()


@pytest.fixture
def reader(tab):
    """A page with all that a reader did, and a check that it is there; no link was followed yet."""
    here = tab.blank(DESKTOP)
    here.go(LESSON)
    here.mark()
    here.page.evaluate(DOES)

    def kept():
        # A new article would come after a request for the page itself.
        here.page.wait_for_load_state("networkidle")
        assert here.marked() and here.page.evaluate(KEPT)
        assert [url.split("#")[0] for url in here.requests].count(here.address + LESSON) == 1

    here.kept = kept
    yield here
    assert not here.problems


def test_every_link_of_the_contents(reader):
    links = reader.page.locator(".md-sidebar--secondary .md-nav__link[href*='#']")
    for link in links.all():
        name = link.evaluate("link => link.hash")
        link.click()
        until(reader.page, "hash => location.hash === hash", name)
        expect(reader.page.locator(name)).to_be_in_viewport()
        reader.kept()
    assert links.count() > 3


@pytest.mark.parametrize(
    "selector",
    ["article a.headerlink", ".md-sidebar--primary a.md-nav__link--active", "a.md-skip"],
)
def test_other_links_to_the_same_page(reader, selector):
    reader.page.locator(selector).last.evaluate("link => link.click()")
    reader.kept()


def test_back_to_the_top(reader):
    page = reader.page
    page.mouse.wheel(0, 3000)
    until(page, "scrollY > 2000")
    page.mouse.wheel(0, -300)
    page.locator(".md-top").click()
    until(page, "scrollY === 0")
    reader.kept()


def test_a_search_result_on_the_same_page(reader):
    page = reader.page
    page.locator(".md-search__input").first.click()
    page.keyboard.type("tie", delay=20)
    link = page.locator(".md-search-result__link[href*='max-pooling/?h='][href*='#']").first
    link.wait_for(state="attached")
    link.evaluate("link => link.click()")
    until(page, "location.hash.length > 1")
    reader.kept()


def test_back_and_forward_and_a_script(reader):
    page = reader.page
    page.locator(".md-sidebar--secondary .md-nav__link").nth(1).click()
    until(page, "location.hash.length > 1")
    page.go_back()
    until(page, "location.hash === ''")
    page.go_forward()
    until(page, "location.hash.length > 1")
    page.evaluate("location.hash = '#max-pooling'")
    reader.kept()


def test_other_pages_still_come_without_loading_anew(reader):
    """And back again: what a reader does there after following links within it, too, is kept."""
    page = reader.page
    page.locator(".md-sidebar--secondary .md-nav__link").nth(1).click()
    reader.follow("/lessons/padding/", "Padding")
    page.go_back()
    expect(page.locator("h1")).to_have_text(re.compile("Max pooling"))
    page.evaluate("document.querySelector('.md-content article').mine = true")
    page.locator(".md-sidebar--secondary .md-nav__link").nth(2).click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.querySelector('.md-content article').mine")
    assert reader.marked()


def test_what_is_pasted_into_search_by_mouse_is_found(visit):
    """A mouse's paste, a drop and dictation change the field without a key."""
    here = visit(permissions=["clipboard-read", "clipboard-write"])
    page = here.go()
    page.locator(".md-search__input").first.click()
    page.evaluate("navigator.clipboard.writeText('average')")
    page.evaluate("document.execCommand('insertText', false, 'average')")
    expect(page.locator(".md-search-result__article h1").first).to_have_text("Average pooling")
    assert not here.problems
