"""A lesson's script: read, run, kept, made a page; and what authors import."""
