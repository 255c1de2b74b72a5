"""The doorway for lessons, `from slidingwindows.lesson import show`; see course/authoring.py."""

from .course.authoring import MIME, Figure, check, notebook_html, plot, show

__all__ = ["MIME", "Figure", "check", "notebook_html", "plot", "show"]
