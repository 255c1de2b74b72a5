"""The Content-Security-Policy of the built site: its own files, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?P<kind>[^>]*)>(?P<code>.*?)</script>", re.DOTALL)
HEAD = '<meta charset="utf-8">'
PLACE = re.compile(re.escape(HEAD) + r'(?:\s*<meta http-equiv="Content-Security-Policy"[^>]*>)?')


def inline_hashes(page: str) -> set[str]:
    """CSP sources for the scripts that stand in a page itself; data such as JSON needs none."""
    found = set()
    for match in INLINE.finditer(page):
        if "json" not in match["kind"]:
            total = hashlib.sha256(match["code"].encode()).digest()
            found.add(f"'sha256-{base64.b64encode(total).decode()}'")
    return found


def policy(hashes: set[str]) -> str:
    """The policy's text. Search runs in a worker; icons in Material's styles are data addresses."""
    parts = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *sorted(hashes)]),
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'self'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def secure(site: Path) -> str:
    """Give every page of a site that is being built aside the policy; returns it.

    All pages share one, for with instant navigation the first page's policy goes on holding.
    Writes ``_headers`` too, which Netlify and Cloudflare Pages read.
    """
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    text = policy(set().union(*map(inline_hashes, pages.values())))
    meta = f'{HEAD}\n      <meta http-equiv="Content-Security-Policy" content="{text}">'
    for path, page in pages.items():
        path.write_text(PLACE.sub(lambda _: meta, page, count=1), "utf-8")
    headers = [f"Content-Security-Policy: {text}; frame-ancestors 'self'"]
    headers += ["X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer"]
    (site / "_headers").write_text("/*\n" + "".join(f"  {line}\n" for line in headers), "utf-8")
    return text
