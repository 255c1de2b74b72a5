"""What a page tells other sites about itself: a picture, and structured data."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

from ..course.prepare import cache_of
from ..export.credits import credit, public, stamped
from ..export.files import write
from .contents import course_pages
from .course_data import structured
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
    name = re.sub(r"[^a-z0-9]+", "-", page.url.lower()).strip("-") or "home"
    place = f"social/{name}.png"
    shown = getattr(page, "shown", "")
    data = social_picture(name, title, description, shown, cache / "figures", cache / "social")
    source = urljoin(config.site_url, page.url) if public(config.site_url) else ""
    write(Path(config.site_dir) / place, stamped(data, credit(title, source)))
    site = {"name": config.site_name, "url": config.site_url, "day": config.extra["day"]}
    site["description"] = config.site_description
    facts = {"title": title, "url": page.url, "description": description}
    if page.file.src_uri.startswith("lessons/"):
        facts["minutes"] = page.meta["minutes"]
    lessons = []
    if page.is_homepage:  # no other page lists them
        course = course_pages(config.nav, cache / "pages")
        lessons = [{**meta, "url": f"lessons/{name}/"} for name, meta in course]
    return {
        "social": {"url": urljoin(config.site_url, place), "width": SIZE[0], "height": SIZE[1]},
        "structured": structured(site, facts, lessons),
    }
