"""Lessons: their scripts are read, run, cached and made into pages; and what authors import."""
