"""The search: whoever looks for a term finds the lesson on it first."""

import re

import pytest
from playwright.sync_api import expect
from recording import Visit, settled
from site_pages import DESKTOP, PHONE

# What a reader types, and the page that must come first.
QUERIES = {
    "ceil mode": "lessons/rounding-up-and-going-back-up/",
    "ceil_mode": "lessons/rounding-up-and-going-back-up/",
    "output size formula": "lessons/output-size/",
    "output size": "lessons/output-size/",
    "default stride": "lessons/output-size/",
    "output_padding": "lessons/rounding-up-and-going-back-up/",
    "max pooling": "lessons/max-pooling/",
    "maxpool2d": "lessons/max-pooling/",
    "average pooling": "lessons/average-pooling/",
    "avgpool2d": "lessons/average-pooling/",
    "max pool padding value": "lessons/padding/",
    "padding same": "lessons/padding/",
    "count_include_pad": "lessons/padding/",
    "divisor_override": "lessons/padding/",
    "zero padding": "lessons/padding/",
    "learnable parameters": "lessons/no-learnable-parameters/",
    "strided convolution": "lessons/stride-instead-of-pooling/",
    "stride": "lessons/stride-instead-of-pooling/",
    "dilation": "lessons/dilation/",
    "atrous": "lessons/dilation/",
    "dialation": "lessons/dilation/",
    "padd": "lessons/padding/",
    "max poling": "lessons/max-pooling/",
    "translation invariance": "lessons/local-invariance/",
    "equivariance": "lessons/local-invariance/",
    "aliasing": "lessons/aliasing/",
    "nyquist": "lessons/aliasing/",
    "unpooling": "lessons/what-pooling-throws-away/",
    "digits": "lessons/trained-on-digits/",
    "numpy": "lessons/from-scratch-in-numpy/",
    "im2col": "lessons/from-scratch-in-numpy/",
    "funnel": "lessons/the-cnn-funnel/",
    "pad should be at most half of kernel size": "lessons/error-messages/",
    "output size is too small": "lessons/error-messages/",
    "stride should not be zero": "lessons/error-messages/",
    "non-empty 3D or 4D": "lessons/error-messages/",
    "output_ratio must be between 0 and 1": "lessons/error-messages/",
    "requested an output size of": "lessons/error-messages/",
    "shape of indices to be same": "lessons/error-messages/",
    "receptive field": "lessons/receptive-fields/",
    "recptive field": "lessons/receptive-fields/",
    "gradient": "lessons/gradients-through-pooling/",
    "adaptive pooling": "lessons/adaptive-and-global-pooling/",
    "global average pooling": "lessons/adaptive-and-global-pooling/",
    "conv1d": "lessons/signals-and-volumes/",
    "glossary": "reference/glossary/",
    "cheat sheet": "lessons/output-size-cheat-sheet/",
}
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "'\"><svg/onload=alert(1)>",
    "~^*:+-()[]{}\\ %00",
    "a" * 5000,
]
# Counts what a result could smuggle in, whenever it is there.
INTRUDERS = """() => {
  const results = document.querySelector(".md-search-result");
  globalThis.intruders = 0;
  const count = () => { intruders += results.querySelectorAll("img, svg[onload]").length };
  new MutationObserver(count).observe(results, { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def here(browser, address):
    """A visit at whose search all of a file's words are typed; nothing may come of any of them."""
    context = browser.new_context(viewport=DESKTOP)
    here = Visit(context, address)
    here.dialogs = []
    here.page.on("dialog", lambda one: (here.dialogs.append(one.message), one.dismiss()))
    page = here.go()
    page.evaluate(INTRUDERS)
    page.locator(".md-search__input").first.click()
    yield here
    context.close()


def fill(page, words: str):
    """Type words into the search, and give the links of its results, of which there are none."""
    links = page.locator(".md-search-result__link")
    for text in ("", words):
        page.fill(".md-search__input", text)
        page.keyboard.press("End")  # Material listens for keys
        if not text:
            expect(links).to_have_count(0)
    return links


@pytest.fixture
def ask(here, address):
    """ask(words) types them into the search of one page and gives the results' addresses."""

    def typed(words: str) -> list[str]:
        links = fill(here.page, words)
        links.first.wait_for()
        found = links.evaluate_all("all => all.map(a => a.href)")
        return [link.removeprefix(address).split("?")[0].split("#")[0] for link in found]

    return typed


def test_there_are_enough():
    assert len(QUERIES) >= 30


@pytest.mark.parametrize("words", QUERIES)
def test_the_lesson_on_a_term_comes_first(ask, words):
    assert ask(words)[0] == QUERIES[words]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_run_nothing(here, words):
    page = here.page
    before = page.evaluate("document.scripts.length")
    fill(page, words)
    meta = page.locator(".md-search-result__meta")
    expect(meta).to_have_text(re.compile("matching|Type to start"))
    # Answers come in the order of the questions, so after this one that one has come.
    page.fill(".md-search__input", "ceil mode")
    page.keyboard.press("End")
    expect(page.locator(".md-search-result__link").first).to_have_attribute(
        "href", re.compile("rounding-up")
    )
    assert page.evaluate("intruders") == 0
    assert page.evaluate("document.scripts.length") == before
    assert not here.dialogs and not here.problems


def fetched(here) -> int:
    return sum(url.endswith("/search_index.json") for url in here.requests)


@pytest.mark.parametrize("way", ["a pointer", "a key", "a finger"])
def test_the_index_waits_until_someone_is_about_to_search(visit, way):
    """It is the heaviest file of most pages, and half a second of work."""
    here = visit(**({"viewport": PHONE, "has_touch": True} if way == "a finger" else {}))
    page = here.go("lessons/padding/")
    settled(page)
    page.locator("article h1").click()
    page.wait_for_load_state("networkidle")
    assert not fetched(here)
    field = page.locator(".md-search__input")
    if way == "a pointer":
        with page.expect_request("**/search_index.json"):
            field.hover()
        field.click()
    elif way == "a key":
        page.keyboard.press("/")
    else:
        page.locator(".md-header__button[for='__search']").tap()
    expect(field).to_be_focused()
    page.keyboard.type("ceil mode")
    link = page.locator(".md-search-result__link").first
    expect(link).to_have_attribute("href", re.compile("rounding-up"))
    assert fetched(here) == 1


@pytest.mark.parametrize(("query", "shown"), [("q", ".md-search-result__link"), ("h", "mark")])
def test_an_address_with_words_searches_or_marks_them_at_once(visit, query, shown):
    here = visit()
    page = here.go(f"lessons/padding/?{query}=padding")
    page.locator(shown).first.wait_for()
    assert fetched(here) == 1
