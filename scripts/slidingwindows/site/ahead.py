"""A second process renders the last pages while MkDocs renders the first ones.

MkDocs renders a page at a time. Where nothing is cached yet, a fork of it begins at the other end
and puts bodies and social pictures where MkDocs then finds them, so that both processors work. It
says nothing and decides nothing: a page with a fault is not cached, and MkDocs comes to it itself.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Page = TypeVar("Page")
FEW = 4  # pages that are not worth a process


class Ahead:
    """A fork that does each of these to all pages, the last page first; end() waits for it.

    render: what makes a page's body. draw: what is made from the body, when all bodies are there.
    """

    def __init__(
        self,
        pages: Sequence[Page],
        render: Callable[[Page], object],
        draw: Callable[[Page], object],
    ):
        # A fork of a process with threads may hang; such a process is a server, with little to do.
        alone = threading.active_count() == 1 and (os.cpu_count() or 1) > 1
        worth = hasattr(os, "fork") and len(pages) >= FEW
        self.process = os.fork() if alone and worth else None
        if self.process == 0:
            with contextlib.suppress(BaseException):
                silence()
                for do in (render, draw):
                    for page in reversed(pages):
                        do(page)
            os._exit(0)  # without what the process that was forked does at its end

    def end(self) -> None:
        """Wait until it has ended. Nothing it has begun is left half done."""
        if self.process is not None:
            os.waitpid(self.process, 0)
            self.process = None


def silence() -> None:
    """Say nothing more: what there is to be said, MkDocs says."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
