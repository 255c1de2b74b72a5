"""What the course's own code reads of mkdocs.yml, and what is wrong with it in one line."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..export.credits import public
from .home import is_home


def settings_of(root: Path) -> dict:
    """What mkdocs.yml says; nothing if there is none.

    Raises SlidingWindowsError, with the line if YAML tells it, for what MkDocs could not read.
    """
    from mkdocs.exceptions import MkDocsException
    from mkdocs.utils.yaml import get_yaml_loader, yaml_load
    from yaml import YAMLError

    loader = get_yaml_loader(config=object())  # with one, it knows all tags that MkDocs knows
    try:
        with (root / "mkdocs.yml").open("rb") as file:
            found = yaml_load(file, loader)
    except OSError:
        return {}
    except (MkDocsException, YAMLError) as error:
        raise SlidingWindowsError(fault(error)) from error
    except TypeError:  # one number, in which MkDocs looks for a setting
        found = None
    if not isinstance(found, dict):
        raise SlidingWindowsError("mkdocs.yml holds no settings, which are lines of 'name: value'")
    return found


def fault(error: Exception) -> str:
    """What is wrong with mkdocs.yml, or with a file that it inherits, in one line.

    error: what MkDocs's function for reading it raised, which has YAML's own as its context.
    """
    from yaml import MarkedYAMLError

    reason = error.__context__ or error
    if isinstance(reason, MarkedYAMLError) and reason.problem_mark:
        mark = reason.problem_mark
        return f"{Path(mark.name).name}, line {mark.line + 1}: {reason.problem}"
    return f"mkdocs.yml: {' '.join(str(error).split())}"


def address_of(root: Path) -> str:
    """The site's address, which its figures name as their source; '' if it is not public.

    Read from mkdocs.yml itself, because `mkdocs serve` puts its own address into the configuration.
    """
    address = str(settings_of(root).get("site_url") or "")
    return address if public(address) else ""


def other_course(root: Path) -> str:
    """The name of a course that is another author's; '' for the one that this package is of."""
    return "" if is_home(root) else str(settings_of(root).get("site_name") or "")
