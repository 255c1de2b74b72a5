"""What pages tell browsers, search engines and other sites about themselves."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import urljoin, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect
from site_pages import COURSE, PAGES, PHONE

SELF_ALONE = {"default-src": "'none'", "style-src": "'self'", "connect-src": "'self'"}


@pytest.mark.parametrize("path", PAGES)
def test_a_link_shows_a_picture_and_words(seen, site, address, path):
    here = seen(path, "light")
    meta = here["meta"]
    assert here["canonical"] == address + path
    description = meta["description"]
    assert 50 <= len(description) <= 200 and description.endswith((".", "?"))
    assert meta["og:description"] == description
    assert meta["og:url"] == address + path
    assert meta["og:title"]
    picture = meta["og:image"]
    assert picture.startswith(address)
    data = (site / urlsplit(picture).path.strip("/")).read_bytes()
    image = Image.open(io.BytesIO(data))
    assert image.size == (1200, 630) and len(data) < 120_000
    assert len(image.convert("RGB").getcolors(1 << 16)) > 5


def test_every_page_has_a_picture_of_its_own(seen):
    pictures = [seen(path, "light")["meta"]["og:image"] for path in PAGES]
    assert len(set(pictures)) == len(PAGES)


@pytest.mark.parametrize("name", COURSE)
def test_a_lesson_is_a_learning_resource(seen, address, name):
    here = seen(f"lessons/{name}/", "light")
    data = json.loads(here["data"])
    assert data["@type"] == "LearningResource" and data["isPartOf"]["@type"] == "Course"
    assert data["url"] == f"{address}lessons/{name}/"
    assert [data["name"]] == here["h1"]
    assert data["timeRequired"] == f"PT{re.search(r'[0-9]+', here['facts'])[0]}M"


def test_home_is_the_course(seen, address):
    data = json.loads(seen("", "light")["data"])
    assert data["@type"] == "Course" and data["description"] and data["provider"]["name"]
    assert [part["url"] for part in data["hasPart"]] == [f"{address}lessons/{n}/" for n in COURSE]
    assert all(re.fullmatch(r"PT\d+M", part["timeRequired"]) for part in data["hasPart"])


def test_the_sitemap_has_every_page(site, address):
    tree = ElementTree.parse(site / "sitemap.xml")
    found = {node.text for node in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    assert found == {urljoin(address, path) for path in PAGES}


def test_the_footer_names_version_and_day(visit):
    footer = visit().go("lessons/padding/").locator(".md-copyright").inner_text()
    assert re.search(r"Version \d+\.\d+\.\d+", footer), footer
    assert "Tell us" not in footer  # there is nowhere to tell: repo_url is not set


def test_the_policy_allows_this_site_alone(site):
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert text.index("Content-Security-Policy") < text.index("<script")
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
        parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert SELF_ALONE.items() <= parts.items()
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert f"Content-Security-Policy: {policy};" in (site / "_headers").read_text("utf-8")


def test_the_policy_stops_a_foreign_script(visit):
    here = visit()
    page = here.go("lessons/padding/")
    page.evaluate("""() => {
        const script = document.createElement("script")
        script.textContent = "globalThis.ran = true"
        document.body.append(script)
    }""")
    assert page.evaluate("globalThis.ran") is None
    assert any("Content Security Policy" in problem for problem in here.problems)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_leaves_a_cookie(seen, path):
    assert seen(path, "light")["cookies"] == []


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 800}])
def test_a_wrong_address_finds_help(visit, viewport):
    here = visit(viewport=viewport)
    page = here.go("404.html")
    expect(page.locator("article h1, .md-content h1")).to_have_text("No such page")
    links = page.locator(".md-content ul a").evaluate_all("all => all.map(a => a.href)")
    assert len(links) == 2
    for link in links:
        assert page.request.get(link).status == 200, link
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert not here.problems
