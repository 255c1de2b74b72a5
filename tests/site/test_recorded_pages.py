"""The tiny site's own parts of its pages, and what it is made from, as they were reviewed."""

import json
import re

import pytest
from recorded import compare, shortened

READABLE = 6000
# What differs from build to build, or belongs to the theme.
FLEETING = {
    r"[0-9a-f]{8,}(?=\.(min\.)?(js|css|svg|png|json))": "DIGEST",
    r"'sha256-[^']*'": "'sha256-DIGEST'",
    r"\?v=[0-9a-f]+": "?v=DIGEST",
    r"\d+ files, [\d.]+ MB": "FILES",
    r"\b[\d.]+ s\b": "SECONDS",
    r"http://127\.0\.0\.1:\d+": "http://HERE",
}


def lasting(text: str) -> str:
    for pattern, name in FLEETING.items():
        text = re.sub(pattern, name, text)
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def readable(text: str) -> str:
    return shortened(lasting(text), READABLE)


@pytest.fixture(scope="module")
def pages(built):
    return {
        path.relative_to(built.site).as_posix(): path.read_text("utf-8")
        for path in sorted(built.site.rglob("*.html"))
        if "assets" not in path.parts
    }


def test_articles(pages):
    found = {name: re.search(r"<article.*?</article>", text, re.S) for name, text in pages.items()}
    articles = {name: match[0] for name, match in found.items() if match}
    assert len(articles) > 3
    compare("articles", ((name, readable(text)) for name, text in articles.items()))


OF_US = re.compile(
    r"<meta (?!name=.generator)[^>]*>|<link rel=.(?:canonical|prev|next)[^>]*>|<title>.*?</title>"
    r"|<script type=.application/ld.*?</script>",
    re.S,
)


def test_heads(pages):
    heads = ((name, text.partition("</head>")[0]) for name, text in pages.items())
    compare("heads", ((name, readable("\n".join(OF_US.findall(head)))) for name, head in heads))


def test_pages_and_notebooks_before_they_are_built(built):
    kept = built.kept()
    texts = {
        name: data.decode()
        for name, data in kept.items()
        if name.startswith(("pages/", "notebooks/")) and not name.endswith(".made")
    }
    assert len(texts) > 3
    compare("prepared", ((name, readable(text)) for name, text in texts.items()))


def test_what_is_searched(built):
    search = json.loads(built.read("site/search/search_index.json"))
    places = ((one["location"] or "home", one) for one in search["docs"])
    compare("searched", ((place, readable(f"{d['title']}\n{d['text']}")) for place, d in places))


def test_files_and_what_is_said(built):
    files = (path.relative_to(built.site).as_posix() for path in built.site.rglob("*.*"))
    ours = sorted(name for name in files if not name.startswith("assets/"))
    parts = {"files": "\n".join(ours), "output": "\n".join(sorted(built.output.split("\n")))}
    parts |= {name: built.read(f"site/{name}") for name in ("sitemap.xml", "_headers")}
    compare("site", ((name, readable(text)) for name, text in parts.items()))
