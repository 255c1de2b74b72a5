"""The Content-Security-Policy of the built site: its own files, and nothing else.

A page's few inline scripts are the theme's. Those are approved that the templates produce for a
page without content, so that nothing in a lesson can add one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from ..core.errors import SlidingWindowsError
from ..course.inert import attributes_of

SCRIPT = re.compile(r"(?P<tag><script\b[^>]*>)(?P<code>.*?)</script\b", re.DOTALL | re.IGNORECASE)
DATA = ("application/json", "application/ld+json")  # no browser runs these
HEAD = '<meta charset="utf-8">'
PLACE = re.compile(re.escape(HEAD) + r'(?:\s*<meta http-equiv="Content-Security-Policy"[^>]*>)?')


def inline_scripts(page: str) -> set[str]:
    """The code of every inline script of a page; data such as JSON does not count."""
    scripts = set()
    for match in SCRIPT.finditer(page):
        attributes = attributes_of(match["tag"])
        if "src" not in attributes and attributes.get("type") not in DATA:
            scripts.add(match["code"])
    return scripts


def template_scripts(env, config, files) -> set[str]:
    """The code of the scripts that the theme's templates hold, as MkDocs will write them.

    env: the theme's Jinja environment; config, files: MkDocs's. The page template is rendered for
    a page without title, text and header, once for each relative path to the site's root.
    """
    from mkdocs.commands.build import get_context
    from mkdocs.structure.files import File
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page
    from mkdocs.utils import get_relative_url, is_error_template

    blank = Page("", File("index.md", None, config.site_dir, config.use_directory_urls), config)
    blank.content, blank.meta = "", {}
    bases = {get_relative_url(".", file.url) for file in files.documentation_pages()}
    wanted = [("main.html", base, blank) for base in sorted(bases)]
    for name in config.theme.static_templates:
        if name.endswith(".html"):
            lost = is_error_template(name)
            base = urlsplit(config.site_url or "/").path if lost else get_relative_url(".", name)
            wanted.append((name, base, None))
    scripts: set[str] = set()
    for name, base, page in wanted:
        context = get_context(Navigation([], []), files, config, base_url=base)
        scripts |= inline_scripts(env.get_template(name).render({**context, "page": page}))
    return scripts


def source_of(code: str) -> str:
    """How the policy names a script: its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


def policy(scripts: set[str]) -> str:
    """The policy's text. Search runs in a worker; icons in Material's styles are data: URLs.

    scripts: the code of the inline scripts that are allowed.
    """
    parts = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *sorted(map(source_of, scripts))]),
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'self'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def secure(site: Path, scripts: set[str]) -> str:
    """Put the policy into every page of a site that is being built aside; returns it.

    scripts: the code of the templates' own scripts. All pages share one policy, because with
    instant navigation the first page's stays in force. Writes ``_headers`` too, which Netlify and
    Cloudflare Pages read. Raises SlidingWindowsError, and writes nothing, if a page holds another
    script.
    """
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    strange = [
        f"{path.relative_to(site).as_posix()}: a script that no template of the theme holds: "
        f"{' '.join(code.split())[:60]!r}"
        for path, page in pages.items()
        for code in sorted(inline_scripts(page) - scripts)
    ]
    if strange:
        raise SlidingWindowsError("\n".join(strange))
    text = policy(scripts)
    meta = f'{HEAD}\n      <meta http-equiv="Content-Security-Policy" content="{text}">'
    for path, page in pages.items():
        path.write_text(PLACE.sub(lambda _: meta, page, count=1), "utf-8")
    headers = [f"Content-Security-Policy: {text}; frame-ancestors 'self'"]
    headers += ["X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer"]
    (site / "_headers").write_text("/*\n" + "".join(f"  {line}\n" for line in headers), "utf-8")
    return text
