"""MkDocs as ``python -m slidingwindows.site.mkdocs``, quicker to start than ``python -m mkdocs``.

mkdocs-jupyter imports Jupytext, and nbconvert with all its exporters, which takes most of a second,
for notebooks. Lessons are Markdown by then (events.py), so here each is imported when something
asks for it.
"""

from __future__ import annotations

from slidingwindows.course.later import on_demand

if __name__ == "__main__":
    on_demand("jupytext")
    on_demand("mkdocs_jupyter.convert")
    from mkdocs.__main__ import cli

    cli(prog_name="mkdocs")
