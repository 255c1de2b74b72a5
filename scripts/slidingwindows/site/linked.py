"""A served site shows files where they are: copying a thousand takes longer than all its pages."""

from __future__ import annotations

import os
from pathlib import Path

from mkdocs.structure.files import Files


def link_folder(files: Files, name: str, source: Path, site: Path) -> None:
    """Put one link into a served site in the place of all files of a folder.

    name: the folder's on the site. source: the folder. Where a link cannot be, or where other
    files of the site are in a folder of this name, MkDocs copies them all as ever.
    """
    ours = [file for file in files if file.src_uri.startswith(f"{name}/")]
    if any(Path(file.abs_src_path or "").parent != source for file in ours):
        return
    place = site / name
    if not place.is_symlink():  # MkDocs empties the folder of the site, but for links to folders
        try:
            site.mkdir(parents=True, exist_ok=True)
            os.symlink(source.absolute(), place, target_is_directory=True)
        except OSError:
            return
    for file in ours:
        file.copy_file = lambda dirty=False: None
