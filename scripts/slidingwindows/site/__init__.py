"""MkDocs's events, and what is around the pages of lessons."""
