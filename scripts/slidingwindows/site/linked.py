"""A shortcut for `make serve`: link the folder of figures into the site instead of copying it."""

from __future__ import annotations

import os
from pathlib import Path

from mkdocs.structure.files import Files


def link_folder(files: Files, name: str, source: Path, site: Path) -> None:
    """Put one symbolic link into a served site in place of all files of a folder.

    Copying a thousand figures takes longer than making all pages. name: the folder's on the site.
    source: the folder. If links are not possible, or if other files of the site belong into a
    folder of this name, MkDocs copies the files as usual.
    """
    ours = [file for file in files if file.src_uri.startswith(f"{name}/")]
    if any(Path(file.abs_src_path or "").parent != source for file in ours):
        return
    link = site / name
    if not link.is_symlink():  # MkDocs empties the site's folder, but leaves links to folders
        try:
            site.mkdir(parents=True, exist_ok=True)
            os.symlink(source.absolute(), link, target_is_directory=True)
        except OSError:
            return
    for file in ours:
        file.copy_file = lambda dirty=False: None
