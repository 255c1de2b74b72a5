"""What a lesson imports to show its figures. Works in any notebook, and in the build."""

from .course.authoring import MIME, Figure, check, notebook_html, plot, show

__all__ = ["MIME", "Figure", "check", "notebook_html", "plot", "show"]
