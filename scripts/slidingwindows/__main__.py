"""The command line: ``python -m slidingwindows``."""

from __future__ import annotations

import os
import sys

from .cli.arguments import one_line, parser
from .core.errors import SlidingWindowsError

PACKS = ("offline", "takeaway", "pdf")  # with names and licences of ours
FIGURES = ("draw", "trace", "conv-arithmetic")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a SlidingWindowsError becomes a message and exit code 2."""
    top = parser()
    options = top.parse_args(arguments)
    if not options.command:
        top.print_help()
        return 0
    try:
        _run(options)
    except SlidingWindowsError as error:
        return _fail(one_line(error) if options.command in FIGURES else str(error))
    except KeyboardInterrupt:
        return 130
    except MemoryError:
        return _fail("there is not enough memory for this")
    except BrokenPipeError:  # whatever reads our output, such as `head`, has had enough
        _drop_output()
        return 0
    return 0


def _run(options) -> None:
    if options.command in FIGURES:
        _figure(options)
        return
    if options.command == "new-course":
        from .course.project import new_course

        for path in new_course(options.title, options.folder):
            _say(f"wrote {path}")
        return
    from .course.home import is_home

    if not (options.root / "mkdocs.yml").is_file():
        raise SlidingWindowsError(f"{options.root.resolve()} holds no mkdocs.yml; see --root")
    if options.command in PACKS and not is_home(options.root):
        raise SlidingWindowsError(f"{options.command} packs only the course of this package")
    if options.command == "site":
        from .site.build import build

        build(options.root.resolve(), keep=not options.check)
    elif options.command == "offline":
        from .site.offline import NAME, offline

        root = options.root.resolve()
        target = root / "dist" / f"{NAME}-offline.zip"
        count = offline(root / "site", target)
        size = target.stat().st_size / 1e6
        _say(f"{target.relative_to(root)} holds {count} files, {size:.1f} MB; open its index.html")
    elif options.command == "takeaway":
        from .site.takeaway import NAME, takeaway

        root = options.root.resolve()
        target = root / "dist" / f"{NAME}.zip"
        count = takeaway(root, target)
        _say(f"{target.relative_to(root)} holds {count} files")
    elif options.command == "markdown":
        from .course.prepare import prepare
        from .site.plain import NAME, write_plain

        root = options.root.resolve()
        prepare(root)
        target = root / "dist" / NAME
        count = write_plain(root, target)
        _say(f"{target.relative_to(root)} holds {count} files")
    elif options.command == "pdf":
        from .site.pdf import pdf
        from .site.takeaway import NAME

        root = options.root.resolve()
        target = root / "dist" / f"{NAME}.pdf"
        count = pdf(root, root / "site", target)
        size = target.stat().st_size / 1e6
        _say(f"{target.relative_to(root)}: {count} pages, {size:.1f} MB")
    elif options.command == "new-lesson":
        from .course.scaffold import new_lesson

        root = options.root.resolve()
        for path in new_lesson(root, options.title, options.name):
            _say(f"wrote {path.relative_to(root)}")
    else:
        from .course.prepare import prepare
        from .course.shards import shard_of

        redraw, text = options.command == "figures", getattr(options, "shard", None)
        shard = None if text is None else shard_of(text)
        only = getattr(options, "lesson", "")
        prepare(options.root.resolve(), only, redraw, report=_say, shard=shard)


def _figure(options) -> None:
    from .cli import commands

    if hasattr(sys.stdout, "reconfigure"):  # for − and ∞ in every locale, and any file name
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        getattr(commands, options.command.replace("-", "_"))(options)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename is not None:
            raise SlidingWindowsError(f"{error.filename}: {reason}") from error
        _drop_output()  # an error without a file is about the standard output
        raise SlidingWindowsError(f"the standard output cannot be written: {reason}") from error


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def _drop_output() -> None:
    """Discard whatever Python would still flush when it exits."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # not a real file
        pass


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
