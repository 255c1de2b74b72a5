"""Which pages the real site has, and how large screens are."""

import os
import re
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
# No test depends on how busy the machine is: whoever waits this long waits for what hangs.
PATIENCE = int(os.environ.get("SLIDINGWINDOWS_PATIENCE", 300_000))  # milliseconds
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


class _Loader(yaml.SafeLoader):
    """mkdocs.yml holds tags that only MkDocs understands."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
_Loader.add_multi_constructor("tag:", lambda loader, suffix, node: None)


def _leaves(nav) -> list[str]:
    if isinstance(nav, dict):
        nav = list(nav.values())
    return [nav] if isinstance(nav, str) else [leaf for item in nav for leaf in _leaves(item)]


_SETTINGS = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), _Loader)
NAV, ASIDE = _SETTINGS["nav"], _SETTINGS["not_in_nav"].split()
COURSE = [Path(leaf).stem for item in NAV for leaf in _leaves(item.get("Lessons", []))]
FILES = [*_leaves(NAV), *(page.lstrip("/") for page in ASIDE)]
NOTEBOOKS = [Path(leaf).stem for leaf in FILES if leaf.endswith(".ipynb")]
PAGES = [re.sub(r"(index)?\.(md|ipynb)$", "/", leaf).removeprefix("/") for leaf in FILES]


def until(page, expression, *arguments, milliseconds=PATIENCE) -> None:
    """Wait until JavaScript is true; Playwright's own wait needs eval, which the policy forbids."""
    end = time.monotonic() + milliseconds / 1000
    while not page.evaluate(expression, *arguments):
        assert time.monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(20)
