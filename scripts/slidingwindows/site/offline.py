"""The offline site: one zip whose links name files and whose search works without a server."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..export.files import write, zipped
from .notices import NAME as NOTICES
from .notices import notices_text

NAME = "sliding-windows"
# Our own pages' links end in a folder, and only a server finds the index.html in it.
FOLDER = re.compile(r'(href=")((?!https?:|mailto:|data:|#|/)[^"#?]*/|(?:\.\.?/)*\.\.?)(["#?])')
SHIM = '<script src="{up}assets/offline-worker.js"></script>'
MATERIAL = re.compile(r'<script src="([^"]*)assets/javascripts/bundle\.')
# Only servers and crawlers read these.
LEFT_OUT = ("sitemap.xml", "sitemap.xml.gz", "_headers", "404.html")


def with_files(html: str) -> str:
    """A page whose links name files, with the script that search needs without a server."""
    html = FOLDER.sub(lambda m: f"{m[1]}{m[2].rstrip('/') or '.'}/index.html{m[3]}", html)
    return MATERIAL.sub(lambda m: SHIM.format(up=m[1]) + m[0], html, count=1)


def search_script(index: str) -> str:
    """The search index as a script, because a page on file:// may not fetch it."""
    data = json.loads(index)
    for entry in data["docs"]:
        path, hash_, anchor = entry["location"].partition("#")
        entry["location"] = f"{path}index.html{hash_}{anchor}"
    return f"var __index = {json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"


def offline(site: Path, target: Path) -> int:
    """Pack a built site; the same site gives the same bytes. Returns how many files it holds.

    Raises SlidingWindowsError if there is no built site, or the zip cannot be written.
    """
    if not (site / "index.html").is_file():
        raise SlidingWindowsError(f"{site} holds no built site; run make site first")
    files: dict[str, bytes] = {}
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        if not path.is_file() or name in LEFT_OUT or name.endswith(".map"):
            continue
        content = path.read_bytes()
        if path.suffix == ".html":
            content = with_files(content.decode()).encode()
        files[name] = content
    index = files["search/search_index.json"].decode()
    files[NOTICES] = notices_text().encode()
    files["search/search_index.js"] = search_script(index).encode()
    del files["search/search_index.json"]
    write(target, zipped({f"{NAME}/{name}": data for name, data in files.items()}))
    return len(files)
