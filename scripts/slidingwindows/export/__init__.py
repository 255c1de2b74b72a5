"""Frames to files: GIF, PNG, WebP, zip; written aside, then renamed."""
