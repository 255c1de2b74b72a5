"""Metadata for other sites and search engines: a page's social card and its JSON-LD."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.utils import write_file

from ..course.home import is_home
from ..course.prepare import cache_of
from ..export.credits import TERMS, credit, public, stamped
from .contents import course_pages
from .social import SIZE, social_picture


def structured(site: dict, page: dict, lessons: list[dict]) -> str:
    """JSON-LD for one page; empty for a page that is neither home nor a lesson.

    site: name, url, description, day, and terms, the address of its licence, if it is ours. page:
    title, url (from the site's root), description, and minutes if it is a lesson. lessons: for
    home, the same of the whole course, in order.
    """
    course = {"@type": "Course", "name": site["name"], "url": site["url"]}
    maker = {"@type": "Organization", "name": f"The {site['name']} authors"}
    shared = {"inLanguage": "en", "isAccessibleForFree": True}
    if site.get("terms"):
        shared["license"] = site["terms"]
    if site.get("day"):
        shared["dateModified"] = site["day"]
    if page["url"] in ("", ".", "./"):
        data = {**course, "description": site["description"], "provider": maker, **shared}
        data["hasPart"] = [_lesson(lesson, site["url"]) for lesson in lessons]
        minutes = sum(lesson["minutes"] for lesson in lessons)
        data["hasCourseInstance"] = {
            "@type": "CourseInstance",
            "courseMode": "Online",
            "courseWorkload": f"PT{minutes}M",
        }
        data["offers"] = {"@type": "Offer", "category": "Free"}
    elif page.get("minutes"):
        data = {**_lesson(page, site["url"]), **shared, "isPartOf": course, "author": maker}
    else:
        return ""
    text = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False)
    return text.replace("<", "\\u003c")  # no text can end the script that holds it


def _lesson(page: dict, root: str) -> dict:
    return {
        "@type": "LearningResource",
        "name": page["title"],
        "description": page["description"],
        "url": urljoin(root, page["url"]),
        "timeRequired": f"PT{page['minutes']}M",
        "learningResourceType": "lesson",
    }


def _told(page, config) -> tuple[str, str]:
    """A page's title and description, as others show them."""
    title = re.sub("<[^>]+>", "", page.title or unescape(config.site_name))
    if page.is_homepage:
        title = unescape(config.site_name)
    return title, page.meta.get("description") or config.site_description


def page_card(page, config, root: Path) -> tuple[str, bytes]:
    """A page's social picture: its path in the site, and its bytes, drawn if they are stale."""
    cache, name = cache_of(root), unescape(config.site_name)
    picture = re.sub(r"[^a-z0-9]+", "-", page.url.lower()).strip("-") or "home"
    shown = getattr(page, "shown", "")
    folders = cache / "figures", cache / "social"
    data = social_picture(picture, *_told(page, config), shown, *folders, name)
    return f"social/{picture}.png", data


def page_facts(page, config, root: Path) -> dict:
    """For the theme: 'social', a picture written to the site's folder, and 'structured'."""
    if not config.site_url:  # neither may hold an address relative to the page
        return {"social": None, "structured": ""}
    cache, name = cache_of(root), unescape(config.site_name)
    title, description = _told(page, config)
    path, data = page_card(page, config, root)
    source = urljoin(config.site_url, page.url) if public(config.site_url) else ""
    keywords = credit(title, source, "" if is_home(root) else name)
    write_file(stamped(data, keywords), str(Path(config.site_dir, path)))
    site = {"name": name, "url": config.site_url, "day": config.extra["day"]}
    site["description"] = config.site_description
    site["terms"] = TERMS if is_home(root) else ""
    metadata = {"title": title, "url": page.url, "description": description}
    if page.file.src_uri.startswith("lessons/"):
        metadata["minutes"] = page.meta["minutes"]
    lessons = []
    if page.is_homepage:  # no other page lists them
        course = course_pages(config.nav, cache / "pages")
        lessons = [{**meta, "url": f"lessons/{name}/"} for name, meta in course]
    return {
        "social": {"url": urljoin(config.site_url, path), "width": SIZE[0], "height": SIZE[1]},
        "structured": structured(site, metadata, lessons),
    }
