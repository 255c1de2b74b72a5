"""`make markdown`: built with Zensical, strictly, the real course has all that the site has."""

import re
import subprocess
import sys
from urllib.parse import urljoin

import pytest
from site_pages import PAGES, ROOT

from slidingwindows.site.plain import write_plain

# What of a page readers see, in order: headings, figures, what is referred to; links and formulas.
ARTICLE = """text => {
  const article = new DOMParser().parseFromString(text, "text/html").querySelector("article");
  const inside = [article, ...article.querySelectorAll("*")];
  const given = (e, ...names) => names.map(name => [e.localName, name, e.getAttribute(name),
    e.getAttribute("alt")]).filter(one => one[2]);
  return {
    headings: inside.filter(e => /^h[1-6]$/.test(e.localName))
      .map(e => [e.localName, e.id, e.textContent.trim().split(/\\s+/)]),
    figures: inside.filter(e => e.localName === "figure").map(e => e.id),
    references: inside.flatMap(e => given(e, "src", "srcset", "light", "dark", "data-up")),
    links: inside.map(e => e.getAttribute("href")).filter(href => href),
    formulas: inside.filter(e => e.localName.endsWith("math")).length,
  };
}"""


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


@pytest.fixture(scope="module")
def article(browser):
    """article(site, path): what readers see of a page, as the browser reads its file."""
    page = browser.new_page()

    def seen(site, path):
        found = page.evaluate(ARTICLE, (site / path / "index.html").read_text("utf-8"))
        for one in found["references"]:
            one[2] = urljoin(f"/{path}", one[2])
        found["links"] = {urljoin(f"/{path}", href) for href in found["links"]}
        return found

    yield seen
    page.close()


def test_what_is_seen_of_a_page(article, tmp_path):
    """Or all pages would be alike."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text(
        "<h1>Out</h1><article><h2 id=x>In <i>a\nb</i></h2><figure id=f><img src=../c.png alt=C>"
        "</figure><a href=../d/>D</a><math></math></article><a href=e>E</a>"
    )
    assert article(tmp_path, "a/") == {
        "headings": [["h2", "x", ["In", "a", "b"]]],
        "figures": ["f"],
        "references": [["img", "src", "/c.png", "C"]],
        "links": {"/d/"},
        "formulas": 1,
    }


def pages(site):
    return sorted(path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))


def files(site, *kinds):
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.*"))
    return sorted(name for name in found if name.endswith(kinds) and "javascripts" not in name)


def test_the_same_pages_headings_links_and_figures(site, plain, article):
    assert pages(plain / "site") == pages(site) and len(PAGES) > 30
    for path in PAGES:
        ours, theirs = article(site, path), article(plain / "site", path)
        assert ours["headings"] and theirs == ours, path
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
