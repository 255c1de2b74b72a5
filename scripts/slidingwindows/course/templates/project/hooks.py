"""MkDocs's events, handed on to the package that builds this course."""

from slidingwindows.site.hooks import *  # noqa: F403
