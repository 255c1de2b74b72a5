"""What the built site holds of others: all of it has its notice, and every page leads there."""

import json
import re
from collections import defaultdict
from pathlib import Path

import html5lib
import material
import pytest
from site_pages import ROOT

from slidingwindows.site.notices import NAME, notices

THEME = Path(material.__file__).parent / "templates"
SETS = {  # folders of the theme's icons, and the name of each on the page
    "material": "Material Design Icons",
    "octicons": "Octicons",
    "fontawesome": "Font Awesome Free",
    "simple": "Simple Icons",
}
DRAWN = re.compile(r"""<path[^>]*?\bd=\\?(?:"([^"\\]+)|'([^'\\]+))""")
TEXT = (".html", ".css", ".js")
OURS = {path.name for path in (ROOT / "assets").iterdir()} | {"photo.js"}


def parsed(path):
    return html5lib.parse(path.read_text("utf-8"), namespaceHTMLElements=False)


@pytest.fixture(scope="module")
def page(site):
    return parsed(site / "reference" / "notices" / "index.html")


@pytest.fixture(scope="module")
def named(page):
    """The notices' names, as the page's headings."""
    found = ["".join(one.itertext()).replace("¶", "").strip() for one in page.iter("h2")]
    assert found == [one.name for one in notices()]
    return set(found)


def theirs(site):
    """The site's files under assets/ that are not in our own folder."""
    files = [path for path in (site / "assets").rglob("*") if path.is_file()]
    return [path for path in files if path.parent != site / "assets" or path.name not in OURS]


def test_every_file_that_is_not_ours_is_the_themes(site):
    strangers = theirs(site)
    assert strangers
    for path in strangers:
        assert (THEME / path.relative_to(site)).read_bytes() == path.read_bytes(), path
    assert not [path for path in strangers if "lunr" in path.parts]  # stemmers nobody loads
    kinds = {path.suffix for path in site.rglob("*") if path.is_file()}
    assert not kinds & {".woff", ".woff2", ".ttf", ".otf", ".mp4", ".jpg", ".jpeg"}


def test_every_library_in_the_themes_script_has_a_notice(site, named):
    found = set()
    for path in theirs(site):
        if path.suffix in (".js", ".css"):
            sources = json.loads(path.with_name(f"{path.name}.map").read_text("utf-8"))["sources"]
            assert sources, path
            found |= {re.search(r"node_modules/((?:@[^/]+/)?[^/]+)", one) for one in sources}
    libraries = {one[1] for one in found if one}
    assert libraries > {"lunr", "rxjs", "clipboard"}
    assert libraries <= named


def test_every_icon_is_of_a_set_with_a_notice(site, named):
    sets = defaultdict(set)
    for path in (THEME / ".icons").rglob("*.svg"):
        for drawn in re.findall(r'\bd="([^"]+)"', path.read_text("utf-8")):
            sets[drawn].add(path.relative_to(THEME / ".icons").parts[0])
    used = set()
    for path in [one for one in site.rglob("*") if one.suffix in TEXT]:
        if path.parent == site / "assets" and path.name in OURS:
            continue  # our own buttons' triangles and bars
        for found in DRAWN.findall(path.read_text("utf-8")):
            drawn = found[0] or found[1]
            assert drawn in sets, f"{path} draws something of unknown origin: {drawn[:60]}"
            used.add(min(SETS[one] for one in sets[drawn]))
    assert used == {SETS[name] for name in ("material", "octicons", "fontawesome")}
    assert used <= named


def test_the_photo_and_the_digits_are_used_and_named(site, named):
    assert (site / "assets" / "photo.js").is_file() and "Portrait of Grace Hopper" in named
    assert (site / "lessons" / "trained-on-digits").is_dir() and "Handwritten digits" in named


def test_the_page_shows_every_licence_whole(page):
    shown = ["".join(one.itertext()) for one in page.iter("pre")]
    assert shown == [one.text for one in notices()]


def test_every_page_leads_there(site):
    there = (site / "reference" / "notices").resolve()
    for path in site.rglob("*.html"):
        found = re.findall(r'<a href="([^"]*)">Third-party notices</a>', path.read_text("utf-8"))
        assert len(found) == 1, path
        base = site if found[0].startswith("/") else path.parent
        assert (base / found[0].lstrip("/")).resolve() == there, path


def test_the_licence_leaves_out_what_is_not_ours():
    text = " ".join((ROOT / "LICENSE").read_text("utf-8").split())
    assert "Neither licence covers the work of others" in text
    for words in ("Material for MkDocs", "DejaVu Sans", "Grace Hopper", "scikit-learn", NAME):
        assert words in text
