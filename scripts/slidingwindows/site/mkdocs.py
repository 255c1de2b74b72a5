"""MkDocs as ``python -m slidingwindows.site.mkdocs``, quicker to start than ``python -m mkdocs``.

mkdocs-jupyter imports Jupytext, and nbconvert with all its exporters, which takes most of a second,
for notebooks. Lessons are Markdown by then (events.py), so here each is imported when something
asks for it. build.py starts it, without arguments, while lessons run: it imports what MkDocs needs,
and begins when it reads its arguments, a list as JSON. Without them, it ends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys

from slidingwindows.course.later import on_demand


def get_ready() -> None:
    """Import plugins, hooks and what highlights code. If any fails, the build will say so."""
    logging.disable()
    with contextlib.suppress(Exception, SystemExit):
        from markdown import Markdown
        from mkdocs.config import load_config

        import slidingwindows.site.events  # noqa: F401  hooks import it when MkDocs calls them

        config = load_config()
        settings = config.mdx_configs
        Markdown(extensions=config.markdown_extensions, extension_configs=settings).convert(
            "```python\n1\n```"
        )
    logging.disable(logging.NOTSET)


if __name__ == "__main__":
    on_demand("jupytext")
    on_demand("mkdocs_jupyter.convert")
    from mkdocs.__main__ import cli

    if not sys.argv[1:]:
        get_ready()
        sys.argv[1:] = json.loads(sys.stdin.readline() or "null") or sys.exit(1)
    cli(prog_name="mkdocs")
