"""The real site, built once, read in a real Chromium over loopback."""

import gzip
import json
import re
from urllib.parse import urlsplit

import nbformat
import pytest
import yaml
from playwright.sync_api import expect
from recording import settled
from site_pages import COURSE, DESKTOP, NOTEBOOKS, PAGES, PHONE, ROOT, until


def test_home_shows_a_moving_figure_at_first_sight(visit):
    for viewport in (DESKTOP, PHONE):
        page = visit(viewport=viewport).go()
        settled(page)
        image = page.locator(".sw-figure .sw-light img")
        box = image.bounding_box()
        assert box["y"] + box["height"] * 0.8 < viewport["height"]
        page.locator(".sw-figure .sw-scene").wait_for()
        until(page, "document.querySelector('sliding-window').at > 0")
        expect(page.locator("h1")).to_have_text(re.compile("slide"))


def test_home_lists_every_lesson_in_order(visit):
    page = visit().go()
    links = page.locator(".sw-lessons a").evaluate_all("all => all.map(a => a.pathname)")
    assert links == [f"/lessons/{name}/" for name in COURSE]
    assert len(COURSE) >= 8


# From the last page to the first: files that run beside this one begin at the other end.
@pytest.mark.parametrize("path", PAGES[::-1])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_page_is_whole(seen, address, path, scheme):
    """All figures load, only this theme's, from this host, without a complaint."""
    here = seen(path, scheme)
    assert all(loaded for _, loaded in here["images"]), here["images"]
    if path.startswith("lessons/"):
        assert here["images"]
    other = ".dark." if scheme == "light" else ".light."
    assert not [url for url in here["requests"] if "/figures/" in url and other in url]
    host = urlsplit(address).netloc
    foreign = [url for url in here["requests"] if urlsplit(url).netloc not in ("", host)]
    assert not foreign


@pytest.mark.parametrize("path", PAGES[::-1])
@pytest.mark.parametrize("profile", ["dark", "light", "phone", "zoom"])
def test_no_page_complains(seen, path, profile):
    """Read, printed, walked through by Tab, with every figure stepped through to its end."""
    assert not seen(path, profile)["problems"]


@pytest.mark.parametrize("path", PAGES[::-1])
def test_a_phone_never_scrolls_sideways(seen, path):
    assert max(seen(path, "phone")["widths"]) <= PHONE["width"]


@pytest.mark.parametrize("path", PAGES[::-1])
def test_every_picture_has_words_and_a_size(seen, path):
    for alt, width, height in seen(path, "light")["pictures"]:
        assert len(alt) > 30 and int(width) == 640 and int(height) > 100


@pytest.mark.parametrize("name", NOTEBOOKS[::-1])
def test_a_lesson_page_reads_like_one(seen, site, name):
    here = seen(f"lessons/{name}/", "light")
    assert len(here["h1"]) == 1
    assert here["title"] == f"{here['h1'][0]} - Sliding Windows"
    text = here["text"]
    assert "In [" not in text and "Out[" not in text and "<!--" not in text
    assert "Traceback" not in text and str(ROOT) not in text
    assert here["figures"]
    if name in COURSE:
        assert here["outputs"] > 0
        assert here["answers"] >= 3
    if name in COURSE[:-1]:
        assert here["next"].rstrip("/").endswith(COURSE[COURSE.index(name) + 1])
    paths = [site / urlsplit(address).path.strip("/") for address in here["downloads"]]
    assert [path.name for path in paths] == [f"{name}.ipynb", f"{name}.py"]
    path, script = paths
    compile(script.read_text("utf-8"), script.name, "exec")
    book = nbformat.reads(path.read_text("utf-8"), as_version=4)
    nbformat.validate(book)
    assert any(cell.get("outputs") for cell in book.cells)
    assert "data:image/" in path.read_text("utf-8")
    assert "data:image/" not in (site / "lessons" / name / "index.html").read_text("utf-8")


def test_search_finds_average(visit):
    here = visit()
    page = here.go()
    page.locator(".md-search__input").first.click()
    page.keyboard.type("average", delay=20)
    expect(page.locator(".md-search-result__article h1").first).to_have_text("Average pooling")
    titles = page.locator(".md-search-result__article h1").all_inner_texts()
    assert not [title for title in titles if "¶" in title or "In [" in title]
    page.locator(".md-search-result__link", has_text="Average pooling").first.click()
    page.wait_for_url(re.compile("lessons/average-pooling/"))
    expect(page.locator(".md-content article h1")).to_have_text(re.compile("Average pooling"))
    assert not here.problems


def test_the_reference_reads_well_on_the_smallest_phone(visit, site):
    page = visit(viewport={"width": 320, "height": 640}).go("reference/api/")
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate("document.body.scrollWidth") == 320
    beyond = """all => all.filter(e => e.getBoundingClientRect().right > 320 && !e.closest("pre"))
        .map(e => e.outerHTML)"""
    assert page.locator("article *").evaluate_all(beyond) == []
    assert len(gzip.compress((site / "reference/api/index.html").read_bytes())) <= 22_000


def test_search_finds_a_name_of_the_package(visit):
    here = visit()
    page = here.go()
    page.locator(".md-search__input").first.click()
    page.keyboard.type("unevenaxis", delay=20)
    link = page.locator(".md-search-result__link[href$='#UnevenAxis']").first
    link.wait_for(state="attached")
    page.goto(link.evaluate("a => a.href"))
    expect(page.locator("h3#UnevenAxis")).to_be_in_viewport()
    assert not here.problems


def test_the_search_index_holds_prose_and_no_noise(site):
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    places = {entry["location"].split("#")[0] for entry in index["docs"]}
    assert places >= set(PAGES)
    for entry in index["docs"]:
        assert not re.search(
            r"¶|In \[|Copied!|slidingwindows\.figure", entry["title"] + entry["text"]
        )
        assert "Output (0, 0) reads" not in entry["text"]
        assert "minutes to read" not in entry["text"]
        assert "The code" not in entry["text"] and "<p>GIF light" not in entry["text"]


def test_dark_mode_by_its_button(visit):
    here = visit(color_scheme="light")
    page = here.go("lessons/max-pooling/")
    for _ in range(2):  # from the system's choice to light, from light to dark
        page.locator("label.md-header__button:visible[for^=__palette]").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    here.scroll_through()
    images = here.images()
    assert images and all(".dark." in source and loaded for source, loaded in images)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(30, 33, 41)"  # the figures' own page colour
    assert not here.problems


def test_reduced_motion_loads_posters_only(visit):
    here = visit(reduced_motion="reduce")
    here.go("lessons/max-pooling/")
    here.scroll_through()
    images = here.images()
    assert images and all(source.endswith(".png") and loaded for source, loaded in images)
    assert not [url for url in here.requests if url.endswith(".gif")]


def test_figures_live_on_after_instant_navigation(visit):
    here = visit()
    page = here.go(f"lessons/{COURSE[0]}/")
    here.mark()
    page.locator(".md-footer__link--next").click()
    page.wait_for_url(re.compile(COURSE[1]))
    page.locator(f"a[download][href$='{COURSE[1]}.ipynb']").first.wait_for(state="attached")
    here.scroll_through()
    assert here.marked()  # the page was not loaded anew
    images = here.images()
    assert images and all(loaded for _, loaded in images)
    moving = page.locator('.sw-figure[data-moving="1"]').count()
    assert page.locator(".sw-play").count() == moving > 0
    assert not here.problems


def test_formulas_are_mathml(visit):
    page = visit().go("lessons/padding/")
    assert page.locator("article math").count() > 2
    assert not re.search(r"\\\(|\\\[|\$\$", page.locator("article").inner_text())


def test_the_configuration_asks_for_nothing_from_outside():
    text = (ROOT / "mkdocs.yml").read_text("utf-8").replace("!ENV", "")
    settings = yaml.safe_load(text)
    assert settings["theme"]["font"] is False
    for entry in settings["extra_javascript"] + settings["extra_css"]:
        path = entry["path"] if isinstance(entry, dict) else entry
        assert not urlsplit(path).netloc
