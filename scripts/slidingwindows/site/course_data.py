"""What search engines read about the course and its lessons: schema.org as JSON-LD."""

from __future__ import annotations

import json
from urllib.parse import urljoin

from ..export.credits import TERMS


def structured(site: dict, page: dict, lessons: list[dict]) -> str:
    """JSON-LD for one page; empty for a page that is neither home nor a lesson.

    site: name, url, description, day. page: title, url (from the site's root), description,
    and minutes if it is a lesson. lessons: for home, the same of the whole course, in order.
    """
    course = {"@type": "Course", "name": site["name"], "url": site["url"]}
    maker = {"@type": "Organization", "name": f"The {site['name']} authors"}
    shared = {"inLanguage": "en", "license": TERMS, "isAccessibleForFree": True}
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
