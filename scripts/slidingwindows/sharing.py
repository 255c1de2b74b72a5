"""What a page tells other sites about itself: a picture, and structured data."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

from .artefacts import write
from .contents import course_in, split_page
from .course_data import structured
from .prepare import cache_of
from .social import SIZE, social_picture


def page_facts(page, config, root: Path) -> dict:
    """Names for the theme: 'social', a picture now in the site's folder, and 'structured'."""
    if not config.site_url:  # neither may hold an address relative to the page
        return {"social": None, "structured": ""}
    cache = cache_of(root)
    title = re.sub("<[^>]+>", "", page.title or config.site_name)
    if page.is_homepage:
        title = config.site_name
    description = page.meta.get("description") or config.site_description
    place = f"social/{re.sub(r'[^a-z0-9]+', '-', page.url.lower()).strip('-') or 'home'}.png"
    shown = getattr(page, "shown", "")
    data = social_picture(title, description, shown, cache / "figures", cache / "social")
    write(Path(config.site_dir) / place, data)
    site = {"name": config.site_name, "url": config.site_url, "day": config.extra["day"]}
    site["description"] = config.site_description
    facts = {"title": title, "url": page.url, "description": description}
    lesson = page.file.src_uri.startswith("lessons/")
    if lesson:
        facts["minutes"] = page.meta["minutes"]
    return {
        "social": {"url": urljoin(config.site_url, place), "width": SIZE[0], "height": SIZE[1]},
        "structured": structured(site, facts, _course(config.nav, cache / "pages")),
    }


def _course(nav, pages: Path) -> list[dict]:
    """Title, description, minutes and address of each lesson of the course."""
    found = []
    for name in course_in(nav):
        path = pages / f"{name}.md"
        if path.exists():  # MkDocs itself reports a nav entry without a file
            _, meta = split_page(path.read_text("utf-8"))
            found.append({**meta, "url": f"lessons/{name}/"})
    return found
