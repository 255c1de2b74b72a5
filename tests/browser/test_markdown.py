"""`make markdown`: built with Zensical, strictly, the real course has all that the site has."""

import re
import subprocess
import sys
from urllib.parse import urljoin

import html5lib
import pytest
from site_pages import PAGES, ROOT

from slidingwindows.site.plain import write_plain

REFERRING = ("src", "srcset", "light", "dark", "data-up")


def zensical(folder):
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def plain(site, tmp_path_factory):
    """The course as Markdown, after `site` has prepared it, and built with Zensical."""
    folder = tmp_path_factory.mktemp("plain") / "markdown"
    write_plain(ROOT, folder)
    done = zensical(folder)
    assert done.returncode == 0 and "No issues found" in done.stdout + done.stderr, done
    return folder


def article(site, path):
    """What of a page readers see, in order: headings, figures, what is referred to; and links."""
    page = (site / path / "index.html").read_text("utf-8")
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    inside = [one for one in tree.find(".//article").iter() if isinstance(one.tag, str)]
    headings = [
        (one.tag, one.get("id"), " ".join("".join(one.itertext()).split()))
        for one in inside
        if re.fullmatch("h[1-6]", one.tag)
    ]
    figures = [one.get("id") for one in inside if one.tag == "figure"]
    references = [
        (one.tag, name, urljoin(f"/{path}", one.get(name)), one.get("alt"))
        for one in inside
        for name in REFERRING
        if one.get(name)
    ]
    links = {urljoin(f"/{path}", one.get("href")) for one in inside if one.get("href")}
    formulas = sum(one.tag.endswith("math") for one in inside)
    return {
        "headings": headings,
        "figures": figures,
        "references": references,
        "links": links,
        "formulas": formulas,
    }


def differences(one, other):
    """Page and kind of everything that two sites do not share."""
    found = []
    for path in PAGES:
        ours, theirs = article(one, path), article(other, path)
        found += [(path, kind) for kind in ours if ours[kind] != theirs[kind]]
    return found


def pages(site):
    return sorted(path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))


def files(site, *kinds):
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.*"))
    return sorted(name for name in found if name.endswith(kinds) and "javascripts" not in name)


def test_the_same_pages_headings_links_and_figures(site, plain):
    assert pages(plain / "site") == pages(site) and len(PAGES) > 30
    assert not differences(site, plain / "site")
    kinds = (".gif", ".zip", ".ipynb", ".py", ".trace.js", ".strip.png", ".states.png")
    assert files(plain / "site", *kinds) == files(site, *kinds)
    for name in ("figures/max-pool-2x2.light.gif", "assets/site.css", "assets/explorer.js"):
        assert (plain / "site" / name).read_bytes() == (site / name).read_bytes()


def lessons_in_nav(site):
    page = (site / "index.html").read_text("utf-8")
    links = re.findall(r'<a href="(?:\./)?(lessons/[^"]+)" class="md-nav__link"', page)
    return list(dict.fromkeys(links))


def test_the_same_navigation(site, plain):
    assert len(lessons_in_nav(site)) > 20
    assert lessons_in_nav(plain / "site") == lessons_in_nav(site)


def test_no_hooks_and_no_notebooks(plain):
    settings = (plain / "mkdocs.yml").read_text("utf-8")
    assert not re.search("hooks|jupyter|ipynb|custom_dir|search_words", settings)
    for path in sorted((plain / "docs").rglob("*.md")):
        outside = re.sub(
            r"^(`{3,}).*?^\1$|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.M | re.S
        )
        marks = re.findall(r"<!-- (?:figure|lessons|cited|api|gallery|notices)\b.*", outside)
        assert not marks, (path, marks)


def test_a_link_that_leads_nowhere_is_found(plain, tmp_path):
    """Or "strictly" would mean nothing."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: A\nnav: [index.md]\n", "utf-8")
    (tmp_path / "docs" / "index.md").write_text("# A\n\n[b](b.md)\n", "utf-8")
    assert zensical(tmp_path).returncode != 0


def home(site):
    return (site / "index.html").read_text("utf-8")


# What docs/reference/build-times.md says is lost: how one sees that a site has it.
LOST = {
    "The security policy": lambda site: (
        "Content-Security-Policy" in home(site) and (site / "_headers").is_file()
    ),
    "What other sites are told": lambda site: (
        "og:image" in home(site) and "application/ld+json" in home(site)
    ),
    "The foot of a page": lambda site: "Third-party notices" in home(site),
    "The page for wrong addresses": lambda site: (
        "No such page" in (site / "404.html").read_text("utf-8")
    ),
    "Mended parts of the theme": lambda site: "theme-fixes.js" in home(site),
    "The zip that works offline": lambda site: (site / "search" / "search_index.json").is_file(),
}


def test_what_is_lost_is_listed(site, plain):
    text = (ROOT / "docs" / "reference" / "build-times.md").read_text("utf-8")
    listed = re.findall(r"^- \*\*(.+?)\.?\*\*", text.partition("**Without MkDocs.**")[2], re.M)
    assert listed == list(LOST)
    for name, has in LOST.items():
        assert has(site), f"{name}: the site has lost it, too"
        assert not has(plain / "site"), f"{name}: it is not lost"
