"""The reference page: what it reads from source, and that nothing public is left out."""

import functools
import inspect
import re
from pathlib import Path

import pytest
from tiny_project import REPO, Project

import slidingwindows
from slidingwindows import lesson
from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.site.api_html import anchor
from slidingwindows.site.api_page import with_api
from slidingwindows.site.api_source import Package, Part
from slidingwindows.site.contents import links_in

INIT = '''"""A pocket calculator."""

from typing import TYPE_CHECKING

from .sums import Sum, SumError

__version__ = "7"
"""Which one this is."""
__all__ = ["Sum", "SumError", "__version__", "add", "double"]

if TYPE_CHECKING:
    from .work import add, double
'''

SUMS = '''
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple


@dataclass(frozen=True)
class Sum:
    """A sum.

    Attributes:
        terms: What is added, see ``add``.
        name: Or None.
    """

    terms: tuple[float, ...] = ()
    name: str | None = None
    kind: ClassVar[str] = "sum"

    @property
    def total(self) -> float:
        """All together."""

    @cached_property
    def size(self) -> int:
        """How many."""

    @classmethod
    def of(cls, *terms: float) -> "Sum":
        """From numbers < 9 & others.

        Args:
            terms: The numbers.
        """

    def _hidden(self):
        pass

    def __len__(self):
        return 0


class Pair(NamedTuple):
    """Two.

    Attributes:
        left: The one.
        right: The other.
    """

    left: int
    right: int = 2**-3


class SumError(ValueError):
    """No sum.

    Args:
        problem: Why.
    """

    def __init__(self, problem: str):
        self.problem = problem
'''

WORK = '''
def add(
    a: int, /, b: int = 1, *rest: int, exact: bool = False, how="übers {Kreuz}", **more
) -> "Sum":
    """Add numbers.

    One
    after another: a, then b.

    Args:
        a: A number.
        b: A number: the second,
            which is 1.
        *rest: Numbers.
        exact: No rounding.
        how: Ignored.
        **more: Ignored.

    Returns:
        A ``Sum``: of all.

    Raises:
        SumError: If they
            do not add up.

    Examples:
        With one number:

        >>> add(1)
        2

    Source:
        Any abacus.
    """


def double(value: float, *, times: int = 1) -> float:
    """Twice.

    Args:
        value: A number.
        times: How often.
    """
'''

PAGE = """# Pocket

<!-- api add sums.Pair functions -->

<!-- api classes errors values -->
"""


@pytest.fixture
def pocket(tmp_path):
    folder = tmp_path / "pocket"
    folder.mkdir()
    for name, text in {"__init__": INIT, "sums": SUMS, "work": WORK}.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def edit(folder, module, old, new):
    text = (folder / f"{module}.py").read_text("utf-8")
    assert text.count(old) == 1
    (folder / f"{module}.py").write_text(text.replace(old, new), "utf-8")


ADD = """add(
    a: int,
    /,
    b: int = 1,
    *rest: int,
    exact: bool = False,
    how="übers {Kreuz}",
    **more,
) -> Sum"""


@pytest.mark.parametrize(
    "name, kind, signature",
    [
        ("add", "function", ADD),
        ("double", "function", "double(value: float, *, times: int = 1) -> float"),
        ("Sum", "class", "Sum(terms: tuple[float, ...] = (), name: str | None = None)"),
        ("sums.Pair", "class", "Pair(left: int, right: int = 2 ** -3)"),
        ("SumError", "error", "SumError(problem: str)"),
        ("__version__", "value", '__version__ = "7"'),
    ],
)
def test_signatures_as_written(pocket, name, kind, signature):
    entry = Package(pocket).entry(name)
    assert (entry.kind, entry.signature) == (kind, signature)


def test_a_name_may_be_imported_from_another_module_than_its_own(pocket):
    (pocket / "inner").mkdir()
    (pocket / "inner" / "__init__.py").write_text("")
    (pocket / "inner" / "parts.py").write_text('def half():\n    """One of two."""\n', "utf-8")
    (pocket / "inner" / "outer.py").write_text("from .parts import half\n", "utf-8")
    (pocket / "open.py").write_text("from .inner.outer import half\nfrom sums import Sum\n")
    entry = Package(pocket).entry("open.half")
    assert (entry.module, entry.parts) == ("open", (Part("text", "One of two."),))
    assert Package(pocket).entry("inner.parts.half").module == "inner.parts"
    for name, told in (("open.Sum", "'Sum' in pocket.open"), ("inner.parts.x", "inner.parts")):
        with pytest.raises(SlidingWindowsError, match=told):
            Package(pocket).entry(name)


def test_members_are_the_public_ones(pocket):
    members = Package(pocket).entry("Sum").members
    assert [(m.kind, m.signature, m.parts[0].text) for m in members] == [
        ("property", "total: float", "All together."),
        ("property", "size: int", "How many."),
        ("method", "Sum.of(*terms: float) -> Sum", "From numbers < 9 & others."),
    ]


def test_parameters_are_names_without_stars(pocket):
    assert Package(pocket).entry("add").parameters == ("a", "b", "rest", "exact", "how", "more")


def test_a_docstring_in_parts(pocket):
    assert Package(pocket).entry("add").parts == (
        Part("text", "Add numbers."),
        Part("text", "One after another: a, then b."),
        Part("parameter", "A number.", "a"),
        Part("parameter", "A number: the second, which is 1.", "b"),
        Part("parameter", "Numbers.", "rest"),
        Part("parameter", "No rounding.", "exact"),
        Part("parameter", "Ignored.", "how"),
        Part("parameter", "Ignored.", "more"),
        Part("returns", "A ``Sum``: of all."),
        Part("raises", "If they do not add up.", "SumError"),
        Part("text", "With one number:"),
        Part("example", ">>> add(1)\n2"),
        Part("source", "Any abacus."),
    )
    assert Package(pocket).entry("Sum").parts[1] == Part(
        "field", "What is added, see ``add``.", "terms"
    )


@pytest.mark.parametrize("title", ["Gives", "Note", "Yields"])
def test_a_section_that_the_page_does_not_know_is_named(pocket, title):
    edit(pocket, "work", "    Returns:\n", f"    {title}:\n")
    with pytest.raises(SlidingWindowsError, match=f"(?i)pocket.work.add: .* {title!r}"):
        Package(pocket).entry("add")


def test_page_in_the_order_of_its_marks(pocket):
    page, problems = with_api(PAGE, pocket)
    assert problems == []
    assert re.findall(r"^### `(\w+)` \{ #(\w+) \}$", page, re.M) == [
        ("add", "add"),
        ("Pair", "Pair"),
        ("double", "double"),
        ("Sum", "Sum"),
        ("SumError", "SumError"),
        ("__version__", "version"),
    ]
    text = re.sub(r"<[^>]*>", "", page)
    assert text.count("import ") == 1 and "from pocket.sums import Pair" in text
    assert '<a href="#add"><code>add</code></a>' in page
    assert '<a href="#SumError"><code>SumError</code></a>' in page
    assert "From numbers &lt; 9 &amp; others." in page
    assert page.count("<dl") == page.count("</dl>") > 4


def test_a_new_public_name_appears_by_itself(pocket):
    edit(pocket, "__init__", '"double"]', '"double", "halve"]')
    edit(pocket, "__init__", "import add, double", "import add, double, halve")
    edit(pocket, "work", "\n\ndef double", '\n\ndef halve():\n    """Half."""\n\n\ndef double')
    page, problems = with_api(PAGE, pocket)
    assert problems == [] and "### `halve`" in page


@pytest.mark.parametrize(
    "module, old, new, problem",
    [
        ("sums", '        """All together."""\n', "        pass\n", "Sum.total has no docstring"),
        (
            "work",
            "Twice.\n\n    Args:\n        value: A number.\n        times: How often.\n    ",
            "",
            "double has no",
        ),
        ("__init__", '"""Which one this is."""\n', "", "__version__ has no docstring"),
        (
            "work",
            "times: How often",
            "time: Often",
            "the docstring of double does not explain times",
        ),
        ("sums", "            terms: The numbers.\n", "", "of Sum.of does not explain terms"),
        ("__init__", '"double"]', '"double", "none"]', "there is no 'none' in pocket"),
        ("work", "def double", "def treble", "there is no 'double' in pocket"),
        ("work", "def double", "def double(", "there is no 'double' in pocket"),
    ],
)
def test_what_has_no_words_is_named(pocket, module, old, new, problem):
    edit(pocket, module, old, new)
    assert problem in "\n".join(with_api(PAGE, pocket)[1])


def test_a_name_without_a_place_is_named(pocket):
    page, problems = with_api(PAGE.replace(" functions", ""), pocket)
    assert problems == ["double is public but not on the page"]
    assert "### `double`" not in page


@pytest.mark.parametrize(
    "new, problem",
    [("names =", "pocket/__init__.py has no __all__"), ("__all__ = =", "pocket cannot be read: ")],
)
def test_a_package_without_all(pocket, new, problem):
    edit(pocket, "__init__", "__all__ =", new)
    with pytest.raises(SlidingWindowsError, match=problem):
        with_api(PAGE, pocket)


@pytest.fixture(scope="module")
def real():
    text = (REPO / "docs" / "reference" / "api.md").read_text("utf-8")
    return with_api(text, Path(slidingwindows.__file__).parent)


def public_members(owner):
    """Methods and properties by inspection of the living class, not by its source."""
    ours = [kind for kind in owner.__mro__ if kind.__module__.startswith("slidingwindows")]
    for name, value in {name: v for kind in ours for name, v in vars(kind).items()}.items():
        called = isinstance(value, classmethod | staticmethod) or inspect.isfunction(value)
        if not name.startswith("_") and (
            called or isinstance(value, property | functools.cached_property)
        ):
            yield name, value


def test_the_real_page_lists_every_public_name(real):
    page, problems = real
    assert problems == []
    names = [*slidingwindows.__all__, "show", "plot"]
    for name in names:
        assert page.count(f"### `{name}` {{ #{anchor(name)} }}\n") == 1, name
    classes = [c for n in names if inspect.isclass(c := getattr(slidingwindows, n, None))]
    members = [(owner.__name__, *member) for owner in classes for member in public_members(owner)]
    for owner, name, value in members:
        assert f'<dt id="{owner}.{name}">' in page, f"{owner}.{name}"
        assert inspect.getdoc(value), f"{owner}.{name} has no docstring"
    assert len(members) > 30


def test_the_real_page_has_the_living_signatures(real):
    text = re.sub(r"<[^>]*>", "", real[0])
    for function in (slidingwindows.slide, slidingwindows.funnel, lesson.show, lesson.plot):
        shown = re.search(rf"^.*?{function.__name__}\((.*?)\)(?: ->|\n)", text, re.M | re.S)[1]
        for name in inspect.signature(function).parameters:
            assert re.search(rf"\b{name}\b", shown), f"{function.__name__}: {name}"


def test_links_on_the_real_page_lead_somewhere(real):
    page, _ = real
    places = set(re.findall(r'\bid="([^"]+)"|\{ #(\S+) \}', page))
    places = {one or other for one, other in places}
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert len(links) > 5 and links <= places


def test_papers_on_the_real_page_are_links_to_listed_sources(real):
    page, _ = real
    listed = set(links_in((REPO / "docs" / "reference" / "sources.md").read_text("utf-8")))
    links = set(re.findall(r'href="(https:[^"]+)"', page))
    assert len(links) > 2 and links <= listed
    assert len(re.findall(r"(?:arXiv|doi) [\d.]", page)) == len(re.findall(r'href="https:', page))


def test_a_build_follows_docstrings_and_misses_them(tmp_path):
    project = Project.create(tmp_path / "project", {})  # without lessons, which would run again
    project.write(
        "docs/reference/api.md", "# Names\n\n<!-- api functions classes errors values -->\n"
    )
    project.edit("mkdocs.yml", "  - Home: index.md\n", "  - index.md\n  - reference/api.md\n")
    errors = "scripts/slidingwindows/core/errors.py"
    project.edit(errors, "Bad input, with one clear message.", "Quokkas ate the input.")
    done = project.run("slidingwindows.site.mkdocs", "build", "--strict")
    assert done.returncode == 0, done.stdout
    assert "Quokkas ate the input." in project.read("site/reference/api/index.html")
    project.edit("scripts/slidingwindows/__init__.py", '"""The version of this package."""\n', "")
    done = project.run("slidingwindows.site.mkdocs", "build", "--strict")
    assert done.returncode == 1
    assert "reference/api.md: __version__ has no docstring" in done.stdout
