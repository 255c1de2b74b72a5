"""What the built site and the zips hold of others: all of it has its notice, and all is named."""

import json
import re
import zipfile
from collections import defaultdict
from pathlib import Path

import html5lib
import material
import pytest
from site_pages import ROOT

from slidingwindows.notices import NAME, notices, notices_text
from slidingwindows.offline import offline
from slidingwindows.takeaway import takeaway

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
    assert (Path(material.__file__).parent.parent / "matplotlib/mpl-data/fonts/ttf").is_dir()


def test_every_page_leads_there(site):
    for path in site.rglob("*.html"):
        [link] = [one for one in parsed(path).iter("a") if "Third-party notices" in one.itertext()]
        target = link.get("href")
        base = site if target.startswith("/") else path.parent
        place = (base / target.lstrip("/")).resolve()
        assert place in ((site / "reference" / "notices").resolve(), path.parent.resolve()), path
        assert place != path.parent.resolve() or path.parent.name == "notices"


def test_both_zips_hold_every_licence(site, tmp_path):
    offline(site, tmp_path / "offline.zip")
    takeaway(ROOT, tmp_path / "course.zip")
    for zipped in tmp_path.glob("*.zip"):
        with zipfile.ZipFile(zipped) as archive:
            [name] = [one for one in archive.namelist() if one.endswith(f"/{NAME}")]
            assert name.count("/") == 1
            text = archive.read(name).decode()
        assert text == notices_text()
        for one in notices():
            assert one.text in text and one.name in text, (zipped.name, one.name)


def test_the_licence_leaves_out_what_is_not_ours():
    text = " ".join((ROOT / "LICENSE").read_text("utf-8").split())
    assert "Neither licence covers the work of others" in text
    for words in ("Material for MkDocs", "DejaVu Sans", "Grace Hopper", "scikit-learn", NAME):
        assert words in text
