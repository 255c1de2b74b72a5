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


# Clicks that Material does not follow: of no link, which a script prevents, and to a file to keep.
NOT_FOLLOWED = """() => {
  const button = document.createElement("button"), link = document.createElement("a");
  button.addEventListener("click", (event) => event.preventDefault());
  Object.assign(link, { href: "../../assets/favicon.svg", download: "sign.svg" });
  document.body.append(button, link);
  for (const one of [button, link]) one.click();
  button.remove(), link.remove();
}"""


def test_back_and_forward_and_a_script(reader):
    page = reader.page
    page.evaluate("document.querySelector('.md-nav--primary a.md-nav__link--active').click()")
    page.evaluate(NOT_FOLLOWED)
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


# Follows links of all kinds, which nobody else hears of: whether the browser's own way is left,
# the link's target then, the address after it, and how many entries the history has gained.
FOLLOWS = """async (links) => {
  const found = [];
  for (const [href, target, options] of links) {
    history.replaceState(null, "", "?a=1#max-pooling");
    const link = Object.assign(document.createElement("a"), { href, target });
    const inside = link.appendChild(document.createElement("b")), entries = history.length;
    let left;
    link.addEventListener("click", (event) => {
      left = !event.defaultPrevented;
      event.preventDefault();
      event.stopPropagation();
    });
    document.body.append(link);
    inside.dispatchEvent(
      new MouseEvent("click", { bubbles: true, cancelable: true, composed: true, ...options }));
    link.remove();
    found.push([left, link.target, location.search + location.hash, history.length - entries]);
  }
  history.replaceState(null, "", location.pathname);
  return found;
}"""
HERE = "?a=1#max-pooling"  # where each is clicked
KEYS = ("ctrl", "meta", "shift", "alt")


def test_the_browser_follows_links_within_the_page_and_no_others(reader):
    page = f"{reader.address}{LESSON}"
    browsers, untouched = [True, "_self", HERE, 0], [True, "", HERE, 0]
    links = [
        ["?a=1#ties", "", {}, browsers],
        [f"{page}?a=1#ties", "_self", {}, browsers],
        ["?h=tie#ties", "", {}, [False, "_self", "?a=1#ties", 1]],
        ["?a=1", "", {}, [False, "_self", "?a=1", 1]],
        ["?h=tie", "", {}, [False, "_self", "?a=1", 1]],
        ["?a=1#ties", "_blank", {}, [True, "_blank", HERE, 0]],
        ["../padding/", "", {}, untouched],
        [page.replace("127.0.0.1", "localhost") + "#ties", "", {}, untouched],
        *(["?a=1#ties", "", {f"{key}Key": True}, untouched] for key in KEYS),
        ["?a=1#ties", "", {"button": 1}, untouched],
    ]
    found = reader.page.evaluate(FOLLOWS, [link[:3] for link in links])
    assert found == [link[3] for link in links]
    reader.kept()


def test_what_is_typed_elsewhere_asks_the_search_nothing(reader):
    heard = reader.page.evaluate("""() => ["md-search__input", ""].map((name) => {
      const made = Object.assign(document.createElement("input"), { type: "text" });
      const field = document.querySelector(`.${name || "none"}`) ?? document.body.appendChild(made);
      let keys = 0;
      field.addEventListener("keyup", () => keys++);
      field.dispatchEvent(new Event("input", { bubbles: true }));
      document.dispatchEvent(new Event("input"));
      made.remove();
      return keys;
    })""")
    assert heard == [1, 0]


def test_other_requests_do_not_wait_for_a_search(reader):
    """Of a page that has not searched: the answer, and by which of the two ways it came."""
    answers = reader.page.evaluate("""() => Promise.all([true, false].map((later) => {
      const request = new XMLHttpRequest();
      return new Promise((done) => {
        let returned = false;
        request.onload = () => done([request.status, returned]);
        request.open("GET", location.pathname, later);
        request.send();
        returned = true;
      });
    }))""")
    assert answers == [[200, True], [200, False]]
