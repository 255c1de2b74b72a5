"""The offline edition: unzipped into any folder, it is read and searched without a server."""

import re
import zipfile

import pytest
from playwright.sync_api import expect
from site_pages import DESKTOP, FILES, PATIENCE, PHONE

from slidingwindows import SlidingWindowsError
from slidingwindows.export.files import zipped
from slidingwindows.site.notices import notices_text
from slidingwindows.site.offline import NAME, offline, search_script, with_files

LINKS = "all => all.map(one => one.href || one.src).filter(url => url.startsWith('file:'))"


@pytest.fixture(scope="module")
def packed_site(site, tmp_path_factory):
    target = tmp_path_factory.mktemp("ünpacked 窓") / "offline.zip"
    count = offline(site, target)
    with zipfile.ZipFile(target) as archive:
        assert len(archive.namelist()) == count
    return target


@pytest.fixture(scope="module")
def unpacked(packed_site):
    with zipfile.ZipFile(packed_site) as archive:
        archive.extractall(packed_site.parent)
    return packed_site.parent / NAME


@pytest.fixture
def page(browser):
    page, faults = browser.new_page(viewport=DESKTOP), []
    page.set_default_timeout(PATIENCE)

    def failed(request):
        if "ERR_ABORTED" not in (request.failure or ""):  # leaving a page ends what is under way
            faults.append(request.url)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("requestfailed", failed)
    yield page
    page.close()
    assert not faults


def test_every_page_is_there_and_every_link_names_a_file(unpacked):
    pages = sorted(unpacked.rglob("*.html"))
    assert len(pages) == len(FILES)
    for path in pages:
        text = path.read_text("utf-8")
        for target in re.findall(r'(?:href|src|srcset)="([^"]*)"', text):
            if re.match(r"https?:|mailto:|data:|#", target):
                continue
            name = re.split("[#?]", target)[0]
            assert (path.parent / name).is_file(), f"{path}: {target}"
        assert text.count("assets/offline-worker.js") == 1


def test_the_notices_of_others_work_are_in_it(unpacked):
    assert (unpacked / "NOTICES.txt").read_text("utf-8") == notices_text()


def test_one_walks_from_page_to_page(page, unpacked):
    page.goto((unpacked / "index.html").as_uri())
    page.get_by_role("link", name="Start with the CNN funnel").click()
    expect(page.locator("h1")).to_contain_text("The CNN funnel")
    page.locator(".md-footer__link--next").click()
    expect(page.locator("h1")).to_contain_text("What a convolution looks for")
    page.locator(".md-header__button.md-logo").click()
    expect(page.locator("h1")).to_contain_text("See the window slide")
    page.goto((unpacked / "explorer" / "index.html").as_uri())
    expect(page.locator(".sw-board .sw-cell.sw-now")).to_have_text("9")


@pytest.mark.parametrize(
    ("query", "title"),
    [("ceil mode", "Rounding up"), ("receptive field", "Receptive fields"), ("atrous", "Dilation")],
)
def test_the_search_finds_and_leads_there(page, unpacked, query, title):
    page.goto((unpacked / "about" / "index.html").as_uri())
    field = page.locator(".md-search__input")
    field.click()
    field.fill(query)
    field.press("End")
    first = page.locator(".md-search-result__link").first
    expect(first).to_contain_text(title)
    first.click()
    expect(page.locator("h1")).to_contain_text(title)


def test_hostile_words_in_the_search_run_nothing(page, unpacked):
    page.goto((unpacked / "index.html").as_uri())
    title = page.title()
    field = page.locator(".md-search__input")
    field.click()
    for query in ("<img src=x onerror=document.title='x'>", "*" * 500, "((((", '" OR 1', "\u202e"):
        field.fill(query)
        field.press("End")
    # Answers come in the order of the questions, so after this one all have come.
    field.fill("ceil mode")
    field.press("End")
    expect(page.locator(".md-search-result__link").first).to_contain_text("Rounding up")
    assert page.title() == title and page.locator("img[src=x]").count() == 0


def test_on_a_phone(browser, unpacked):
    page = browser.new_page(viewport=PHONE)
    page.goto((unpacked / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    targets = page.locator("a[href]").evaluate_all(LINKS)
    assert targets and all(".html" in target.split("#")[0] for target in targets)
    page.close()


def test_the_same_site_gives_the_same_bytes(site, packed_site, tmp_path):
    offline(site, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed_site.read_bytes()


def test_without_a_site_it_says_so(tmp_path):
    with pytest.raises(SlidingWindowsError, match="holds no built site; run make site first"):
        offline(tmp_path, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize(
    ("link", "file"),
    [
        ('href="../max-pooling/"', 'href="../max-pooling/index.html"'),
        ('href="./#why"', 'href="./index.html#why"'),
        ('href=".."', 'href="../index.html"'),
        ('href="../.."', 'href="../../index.html"'),
        ('href="."', 'href="./index.html"'),
        ('href="#top"', 'href="#top"'),
        ('href="https://arxiv.org/"', 'href="https://arxiv.org/"'),
        ('href="a.gif"', 'href="a.gif"'),
    ],
)
def test_links(link, file):
    assert with_files(f"<a {link}>") == f"<a {file}>"


def test_the_index_as_a_script():
    index = '{"config":{},"docs":[{"location":"a/#b","text":"–"},{"location":"","text":""}]}'
    assert search_script(index) == (
        'var __index = {"config":{},"docs":[{"location":"a/index.html#b","text":"–"},'
        '{"location":"index.html","text":""}]};\n'
    )


def test_a_zip_keeps_names_and_contents(tmp_path):
    (tmp_path / "x.zip").write_bytes(zipped({"b/ü.txt": b"2", "a.png": b"1"}))
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == ["a.png", "b/ü.txt"] and archive.read("b/ü.txt") == b"2"
