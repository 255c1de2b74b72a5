"""MkDocs's events, and everything around the lesson pages."""
