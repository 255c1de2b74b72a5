"""A page's Markdown as a generator gets it: all marks filled, formulas MathML, terms linked.

MkDocs's events and `make markdown` both ask this module, so neither gets what the other does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..course.blocks import outside_code
from ..course.home import is_home
from ..course.keys import HERE
from ..course.lessons import paths_of
from ..course.mathml import with_formulas
from ..course.photo import write_photo
from ..course.pictures import ATTACHED, image_files
from ..course.pictures import KINDS as PICTURES
from ..course.settings import other_course
from ..course.work import cache_of
from ..export.files import digest
from .api_page import MARK as API_MARK
from .api_page import with_api
from .assets import write_bundles, write_coloured
from .contents import CITED, MARK, lesson_list, split_page, with_citations, with_facts
from .embed import embed_figures
from .gallery import GALLERY_MARK, gallery
from .glossary import read_glossary, with_terms
from .notices import MARK as NOTICES_MARK
from .notices import with_notices
from .stamps import commit_day

GLOSSARY = "reference/glossary.md"
LESSONS = "lessons/"
KINDS = (".gif", ".png", ".zip", ".js")


@dataclass(frozen=True)
class Course:
    """What pages are made from. root: the folder that holds mkdocs.yml. docs: of other pages.

    nav, address, words: mkdocs.yml's nav, site_url and extra.search_words. patient: whether a page
    may name a figure that no lesson makes yet. warn: hears what is wrong with a page that goes on.
    """

    root: Path
    docs: Path
    nav: list
    address: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    patient: bool = False
    warn: Callable[[str], None] = print


@dataclass(frozen=True)
class Page:
    """uri: its source, such as 'lessons/max-pooling.ipynb'. url: from the site's root.

    shown: its Markdown while figures are still marks. markdown: the whole.
    """

    uri: str
    url: str
    meta: dict
    shown: str
    markdown: str


def prepared(course: Course, uri: str, url: str, markdown: str = "", meta: dict | None = None):
    """A Page. markdown, meta: of a page of docs/; a lesson's are where prepare() left them.

    Raises SlidingWindowsError that names the page, for a figure that no lesson makes, or a formula
    that cannot be read.
    """
    name, meta = Path(uri).stem, dict(meta or {})
    lesson = is_lesson(uri)
    if lesson:
        text = (cache_of(course.root) / "pages" / f"{name}.md").read_text("utf-8")
        markdown, meta = split_page(text)
        markdown = with_facts(markdown, meta)
    else:
        markdown = with_formulas(markdown, uri)
    if course.words.get(name):  # Material's search gives tags more weight than titles
        meta["tags"] = course.words[name].split()
        meta["hide"] = [*meta.get("hide", []), "tags"]
    shown = ""

    def fill(text: str) -> str:
        nonlocal shown
        shown = _with_texts(course, uri, text)
        return _with_figures(course, uri, url, shown)

    markdown = outside_code(markdown, fill)
    glossary = course.docs / GLOSSARY
    if glossary.is_file() and (lesson or uri == GLOSSARY):
        try:
            terms = _terms(glossary.read_text("utf-8"))
        except SlidingWindowsError:
            if not course.patient or not lesson:
                raise
            terms = ()  # the glossary's own page says what is wrong
        markdown = _with_terms(markdown, terms, f"../{GLOSSARY}") if lesson else markdown
    return Page(uri, url, meta, shown, markdown)


def is_lesson(uri: str) -> bool:
    """Whether a page's source is one of lessons/."""
    return uri.startswith(LESSONS)


def _with_texts(course: Course, uri: str, markdown: str) -> str:
    """What marks ask for in words. markdown: without its code, in which a mark is text."""
    pages = cache_of(course.root) / "pages"
    if MARK in markdown:
        markdown = markdown.replace(MARK, lesson_list(course.nav, pages))
    if CITED in markdown:
        markdown = with_citations(markdown, course.nav, pages)
    if API_MARK.search(markdown):
        markdown, problems = _with_api(markdown, HERE, _key(HERE))
        for problem in problems:
            course.warn(f"{uri}: {problem}")
    if NOTICES_MARK in markdown:
        markdown = _with_notices(markdown, is_home(course.root))
    return markdown


def _with_figures(course: Course, uri: str, url: str, markdown: str) -> str:
    up, cache = "../" * url.count("/"), cache_of(course.root)
    if GALLERY_MARK in markdown:
        source = (course.address, commit_day(course.root)[:4], other_course(course.root))
        markdown = markdown.replace(GALLERY_MARK, gallery(course.nav, cache, up, *source))
    return embed_figures(markdown, cache / "figures", up, uri, patient=course.patient)


# A server makes all pages again after each edit, most of them from the same words.
_terms = lru_cache(maxsize=4)(read_glossary)
_with_terms = lru_cache(maxsize=256)(with_terms)
_with_notices = lru_cache(maxsize=4)(with_notices)


@lru_cache(maxsize=4)
def _with_api(markdown: str, folder: Path, key: str) -> tuple[str, list[str]]:
    return with_api(markdown, folder)


def _key(folder: Path) -> str:
    """A key of all that the modules of a folder say."""
    return digest(*(path.read_bytes() for path in sorted(folder.rglob("*.py"))))


def folder_of_script(root: Path, name: str) -> Path:
    """What holds lessons/NAME.py: the project, or the cache if it is written in another format."""
    written = (root / f"{LESSONS}{name}.py").is_file()
    return root if written else cache_of(root) / "notebooks"


def files_beside(root: Path) -> list[tuple[Path, str]]:
    """What pages need beside docs/: (folder, path in it and in the site), written if it is stale.

    A lesson's notebook is 'lessons/NAME.ipynb'. Raises what write_bundles() and write_coloured()
    raise.
    """
    cache, found = cache_of(root), []
    names = {path.stem for path in paths_of(root / LESSONS)}  # others' are left while one fails
    for notebook in sorted((cache / "notebooks" / "lessons").glob("*.ipynb")):
        if notebook.stem not in names:
            continue
        found.append((cache / "notebooks", f"{LESSONS}{notebook.name}"))
        script = f"{LESSONS}{notebook.stem}.py"
        found.append((folder_of_script(root, notebook.stem), script))
    for path in sorted((cache / "attached" / LESSONS / ATTACHED).glob("*")):
        if path.suffix in PICTURES:
            found.append((cache / "attached", f"{LESSONS}{ATTACHED}/{path.name}"))
    found += [(root, uri) for uri in image_files(root / LESSONS)]
    for path in sorted((cache / "figures").glob("*")):
        if path.suffix in KINDS:
            found.append((cache, f"figures/{path.name}"))
    found += [(cache / "play", name) for name in write_bundles(root, cache / "play")]
    found += [(cache / "coloured", name) for name in write_coloured(root, cache / "coloured")]
    return [*found, (cache / "play", write_photo(cache / "play"))]
