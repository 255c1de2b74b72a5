"""The notes of a release: what CHANGELOG.md says of one version, without its heading.

python scripts/release_notes.py          the version of the package
python scripts/release_notes.py 0.1.0    another one
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^## (\S+), (\S+)\n", re.MULTILINE)


def notes(changelog: str, version: str) -> tuple[str, str]:
    """When a version was released, or 'unreleased', and its section's text.

    Raises:
        SystemExit: If the changelog has no such version, or says nothing of it.
    """
    parts = HEADING.split(changelog)[1:]
    sections = {
        name: (day, text.strip()) for name, day, text in zip(*[iter(parts)] * 3, strict=True)
    }
    if version not in sections:
        raise SystemExit(f"error: CHANGELOG.md has {', '.join(sections)}, but no {version}")
    if not sections[version][1]:
        raise SystemExit(f"error: CHANGELOG.md says nothing of {version}")
    return sections[version]


def main(arguments: list[str]) -> None:
    from slidingwindows import __version__

    version = arguments[0] if arguments else __version__
    day, text = notes((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
    if day == "unreleased":
        print(f"note: {version} has no date in CHANGELOG.md yet", file=sys.stderr)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
