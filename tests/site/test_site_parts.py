"""Lists, facts, formulas and cards that the hooks put into pages, each by itself."""

import io
import json
import re
import xml.etree.ElementTree as Tree
from types import SimpleNamespace

import pytest
from PIL import Image
from site_pages import ASIDE, ROOT
from site_pages import NAV as REAL_NAV

from slidingwindows import SlidingWindowsError
from slidingwindows.course.mathml import with_formulas, with_mathml
from slidingwindows.export import credits
from slidingwindows.site import gallery, sharing
from slidingwindows.site.contents import (
    course_in,
    course_pages,
    lesson_list,
    lessons_in,
    split_page,
    with_facts,
)

NAV = [
    {"Home": "index.md"},
    {"Lessons": ["lessons/b.ipynb", {"Named": "lessons/a.ipynb"}, "lessons/unbuilt.ipynb"]},
    {"Gallery": ["gallery.md", "lessons/c.ipynb", "other/d.ipynb", "lessons/e.md"]},
]


@pytest.fixture
def cache(tmp_path):
    """Prepared pages of three lessons, with one figure each, and a plot in a."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "figures").mkdir()
    for number, name in enumerate("abc"):
        meta = {"title": f"Title <{name}>", "description": f"About {name}.", "minutes": number + 2}
        text = f"---\n{json.dumps(meta)}\n---\n\n# T\n\n---\n\nBody.\n"
        (tmp_path / "pages" / f"{name}.md").write_text(text)
    return tmp_path


# contents


def test_lessons_of_a_navigation_in_order():
    assert lessons_in(NAV) == ["b", "a", "unbuilt", "c"]
    assert course_in(NAV) == ["b", "a", "unbuilt"]
    assert course_in(NAV[2:]) == ["c"] and course_in([{"Other": "lessons/x.ipynb"}]) == ["x"]
    assert lessons_in(None) == course_in(None) == lessons_in("index.md") == []


def test_what_is_left_out_of_the_navigation_is_linked_from_about():
    text = (ROOT / "docs" / "about.md").read_text("utf-8")
    assert ASIDE and "build-times" not in str(REAL_NAV)
    assert all(f"]({page.lstrip('/')})" in text for page in ASIDE)


def test_a_prepared_page_is_header_and_body(cache):
    body, meta = split_page((cache / "pages" / "a.md").read_text())
    assert body == "\n# T\n\n---\n\nBody.\n" and meta["minutes"] == 2


def test_the_list_of_lessons_word_by_word(cache):
    assert [name for name, _ in course_pages(NAV, cache / "pages")] == ["b", "a"]
    item = (
        '<li markdown="block">\n\n[Title <{0}>](lessons/{0}.ipynb)\n{{ .sw-title }}\n\n'
        "About {0}. *{1} minutes.*\n\n</li>"
    )
    items = item.format("b", 3) + "\n" + item.format("a", 2)
    assert lesson_list(NAV, cache / "pages") == f'<ol class="sw-lessons" markdown>\n{items}\n</ol>'


def test_reading_time_stands_under_the_title_and_nowhere_else():
    facts = "7 minutes to read\n{ .sw-facts data-search-exclude=1 }"
    whole = f"# One\n\n{facts}\n\n\nWords.\n\n# Two\n"
    assert with_facts("# One\n\nWords.\n\n# Two\n", {"minutes": 7}) == whole
    assert with_facts("\n# One\n\nWords.\n\n# Two\n", {"minutes": 7}) == f"\n{whole}"


# mathml


def test_formulas_become_mathml_and_all_else_stays():
    inline = r'<p>a <span class="arithmatex">\(x &lt; 9\)</span> b</p>'
    page = with_mathml(inline, "page.md")
    assert page.startswith("<p>a <math") and page.endswith("</math> b</p>")
    assert 'display="inline"' in page and "<mo>&lt;</mo>" in page and "arithmatex" not in page
    block = '<div class="arithmatex">\n\\[\no = \\frac{i}{s}\n\\]\n</div>'
    page = with_mathml(f"{block}{inline}{block}", "page.md")
    assert page.count('<div class="sw-math"><math') == 2 and page.count("</math></div>") == 2
    assert page.count('display="block"') == 2 and page.count('display="inline"') == 1
    assert with_mathml("<p>$x$</p>", "page.md") == "<p>$x$</p>"


SHOWN = re.compile(r"<span><math [^>]*display=\"(\w+)\".*?</math></span>")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("a $x < 9$ b", "a inline b"),
        (r"a \(x\) b, $y$", "a inline b, inline"),
        ("$$o = 1$$", "block\n{ .sw-math }"),
        ("text\n\n$$\no = \\frac{i}{s}\n$$\n\nmore", "text\n\nblock\n{ .sw-math }\n\nmore"),
        ("\\[o\\]", "block\n{ .sw-math }"),
        ('!!! note "$5"\n    $$o$$', '!!! note "$5"\n    block\n    { .sw-math }'),
        ("`$x$` and\n\n```\n$x$\n```", None),
        ('<div markdown="0">$x$</div>\n<p>\n\n$x$</p>', None),
        ("5 $ and 6 \\$, x$", None),
    ],
)
def test_formulas_of_markdown_become_mathml_and_all_else_stays(page, shown):
    assert SHOWN.sub(r"\1", with_formulas(page, "page.md")) == (shown or page)


def test_what_markdown_reads_in_a_formula_means_itself():
    import markdown

    page = with_formulas(r"$a*b*c$ and $|x|_{[1]}$, *so*", "page.md")
    html = markdown.markdown(page, extensions=["attr_list", "tables"])
    assert html.count("<em>") == 1 and "&#42;" in html and "&#91;" in html and "&#124;" in html
    with pytest.raises(
        SlidingWindowsError, match=r"^page.md: the formula 'x\^2\^3' cannot be read"
    ):
        with_formulas("$x^2^3$", "page.md")


def formula(source: str) -> str:
    return with_mathml(f'<span class="arithmatex">\\({source}\\)</span>', "page.md")


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        (r"\lfloor", r"\rfloor", "floor"),
        (r"\lceil", r"\rceil", "ceiling"),
        ("(", ")", "round"),
        ("[", "]", "square"),
        ("|", "|", "bars"),
    ],
)
def test_brackets_around_something_tall_are_drawn(left, right, name):
    made = formula(rf"1 + \left{left} \frac{{i}}{{s}} - 1 \right{right} + 2")
    assert made.count("sw-") == 2
    enclosed = re.search(rf'<mrow class="sw-{name}">(.*)</mrow><mo [^>]*>.</mo></mrow><mo>', made)
    assert enclosed and enclosed[1].startswith("<mfrac>") and enclosed[1].endswith("<mn>1</mn>")
    low = formula(rf"\left{left} i - 1 \right{right}")
    assert "sw-" not in low


def test_nested_brackets_are_drawn_each():
    made = formula(r"\left(\left\lfloor \frac{a}{b} \right\rfloor + 1\right)^2")
    assert made.index("sw-round") < made.index("sw-floor") and made.count("sw-fence") == 2


def test_half_brackets_are_operators_not_names():
    made = formula(r"\lfloor i/2 \rfloor")
    assert re.findall(r'<mo [^>]*form="(\w+)">([⌊⌋])</mo>', made) == [
        ("prefix", "⌊"),
        ("postfix", "⌋"),
    ]
    assert "<mi>⌊" not in made


def test_a_formula_that_cannot_be_read_is_named_with_its_page():
    with pytest.raises(
        SlidingWindowsError, match=r"^page.md: the formula 'x\^2\^3' cannot be read: .*Error"
    ):
        with_mathml(r'<span class="arithmatex">\( x^2^3 \)</span>', "page.md")


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        (r"\fraq{1}{2}", r"\fraq"),
        (r"\unknown", r"\unknown"),
        (r"\includegraphics{a.png}", r"\includegraphics"),
        (r"\frac{\foo}{2}", r"\foo"),
        (r"\left\foo x \right)", r"\foo"),
        (r"\big\foo", r"\foo"),
        (r"\mathrm{\foo}", r"\foo"),
        (r"\mathfoo{x}", r"\mathfoo"),
        (r"\text{a \foo}", r"\foo"),
        (r"\text{if $x$}", "a formula in words"),
        (r"\begin{foo} x \end{foo}", "the environment foo"),
        (r"a & b", "& outside a table"),
        (r"\@", "\\"),
        (r"\href{javascript:f()}{x}", r"\href"),
        (r"\style{color:red}{x}", r"\style"),
        (r"\class{a}{x}", r"\class"),
    ],
)
def test_what_the_converter_does_not_know_is_named_not_shown(source, unknown):
    with pytest.raises(SlidingWindowsError) as caught:
        formula(source)
    assert str(caught.value).endswith(f" cannot be read: {unknown} is not known here")


@pytest.mark.parametrize(
    ("source", "signs"),
    [
        (r"\backslash \setminus", "\\⧵"),
        (r"\verb|\x|", r"\x"),
        (r"\text{50\% of \$3, R\&D}", "50% of $3, R&D".replace(" ", "\N{NO-BREAK SPACE}")),
        (r"\text{a<b>c</b>}", "a<b>c</b>"),
        (r"\big\{ x \Bigr\}", "{x}"),
        (r"\big\| x \big\rangle", "‖x⟩"),
        (r"\mathbb{R} \mathrm{d} \mathring{a}", "ℝda˚"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a=bc=d"),
        (r"\newcommand{\foo}{x} \foo", "x"),
        (r"a < b \& c", "a<b&c"),
    ],
)
def test_what_the_converter_knows_is_shown_as_signs(source, signs):
    assert "".join(Tree.fromstring(formula(source)).itertext()) == signs


# gallery

FACTS = {"operation": "MaxPool2d", "call": "nn.MaxPool2d(<2>)", "caption": "Four *steps*."}
FACTS |= {"moving": True, "width": 30, "height": 20, "alt": 'A "b".', "recipe": "a < b"}


def cards(cache, nav=NAV, **options):
    shown = {"b": ["fig-b"], "a": ["fig-a", "plot"], "c": [], "gone": ["x"]}
    (cache / "prepared.json").write_text(json.dumps({"figures": shown}))
    plot = {"operation": "Plot", "call": "", "caption": "", "moving": False, "recipe": ""}
    third = {"operation": "MaxPool1d"}
    for name, facts in {"fig-b": FACTS, "fig-a": FACTS | third, "plot": FACTS | plot}.items():
        (cache / "figures" / f"{name}.json").write_text(json.dumps(facts))
    return gallery.gallery(nav, cache, "../", **options)


def test_a_card_word_by_word(cache, monkeypatch):
    monkeypatch.setattr(gallery, "version", lambda name: f"1.2 of {name}")
    page = cards(cache, address="https://s.org/", year="2026")
    poster = (
        '<img class="sw-{0}" src="../figures/fig-b.{0}.png" width="30" height="20" loading="lazy" '
        'decoding="async" alt="A &quot;b&quot;.">'
    )

    def link(kind, theme, what):
        return (
            f'<a href="../figures/fig-b.{theme}.{kind}" download '
            f'aria-label="fig-b, {what}, {theme}">{theme}</a>'
        )

    gif, strip = (
        f"{what} {link(kind, 'light', what)}, {link(kind, 'dark', what)}"
        for what, kind in (("GIF", "gif"), ("strip", "strip.png"))
    )
    card = (
        '<article class="sw-card" data-operation="MaxPool" data-name="fig-b" data-moving="1">'
        f'<div class="sw-stage">{poster.format("light")}{poster.format("dark")}</div>'
        '<p class="sw-call"><code>nn.MaxPool2d(&lt;2&gt;)</code></p><p>Four <em>steps</em>.</p>'
        '<p class="sw-links">From <a href="../lessons/b/#fig-b">Title &lt;b&gt;</a>.</p>'
        f'<p class="sw-links">{gif} · {strip} · <a href="../figures/fig-b.frames.zip" download '
        'aria-label="fig-b, frames without background">frames</a></p>'
        "<details data-search-exclude><summary>The code</summary>"
        "<pre><code>a &lt; b</code></pre></details>"
        '<p class="sw-cite">Sliding Windows (2026): fig-b, drawn from torch 1.2 of torch. '
        "CC BY 4.0. https://s.org/lessons/b/#fig-b</p></article>"
    )
    assert f'<section class="sw-gallery" data-search-exclude>{card}<article' in page
    assert page.endswith("</article></section>")


def test_a_plots_card_has_what_a_plot_has(cache):
    page = cards(cache)
    card = page[page.index('data-name="plot"') :]
    assert 'data-moving="0"' in card and "<code>Plot</code>" in card
    assert 'href="../figures/plot.light.png" download' in card
    assert ">PNG <a" in card and "GIF" not in card and "frames" not in card
    assert (
        "The code" not in card
        and "torch" not in card
        and "</p><p>" not in card[: card.index("From")]
    )
    assert '<p class="sw-cite">Sliding Windows: plot. CC BY 4.0.</p></article></section>' in card
    assert '<p class="sw-cite">A &amp; B: plot.</p>' in cards(cache, course="A & B")


def test_the_filter_word_by_word(cache):
    button = '<button type="button" value="{}" aria-pressed="{}">{}</button>'
    buttons = [("", "true", "All"), ("MaxPool", "false", "MaxPool"), ("Plot", "false", "Plot")]
    assert cards(cache).startswith(
        '<div class="sw-filter" role="group" aria-label="Show figures of one operation" '
        f"data-search-exclude>{''.join(button.format(*one) for one in buttons)}</div>"
        '<p class="sw-count" role="status" data-search-exclude>3 of 3 figures</p><section'
    )


def test_cards_come_in_the_order_of_the_navigation(cache):
    page = cards(cache)
    places = [page.index(f'data-name="{name}"') for name in ("fig-b", "fig-a", "plot")]
    assert places == sorted(places)
    assert cards(cache, [{"X": "lessons/a.ipynb"}]).count("<article") == 2


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://s.org/", True),
        ("https://8.8.8.8/", True),
        ("http://127.0.0.1:8000/", False),
        ("http://127.8.0.1/", False),
        ("http://[::1]/", False),
        ("http://localhost/", False),
        ("", False),
    ],
)
def test_only_a_public_address_is_cited(address, expected):
    assert credits.public(address) is expected


@pytest.mark.parametrize(
    ("name", "kind"), [("MaxPool2d", "MaxPool"), ("Plot", "Plot"), ("A4d", "A4d"), ("2dX", "2dX")]
)
def test_families_have_no_dimensions(name, kind):
    assert gallery.family(name) == kind


# sharing


@pytest.fixture
def shared(cache, monkeypatch):
    """shared(url, ...) is what a page tells; what its picture was drawn from is in shared.drawn."""

    def picture(*facts):
        start.drawn = facts
        return b"picture"

    def start(url, uri="about.md", title="A <b>page</b>", address="https://s.org/x/", **meta):
        config = SimpleNamespace(site_url=address, site_name="Site", site_description="Of site.")
        config.extra, config.nav, config.site_dir = {"day": "2001-02-03"}, NAV, str(cache / "site")
        page = SimpleNamespace(url=url, title=title, meta=meta, is_homepage=url == "./")
        page.file, page.shown = SimpleNamespace(src_uri=uri), "shown"
        return sharing.page_facts(page, config, cache)

    monkeypatch.setattr(sharing, "social_picture", picture)
    monkeypatch.setattr(sharing, "cache_of", lambda root: root)
    return start


def test_a_page_without_an_address_tells_nothing(shared, cache):
    assert shared("about/", address="") == {"social": None, "structured": ""}
    assert not (cache / "site").exists()


@pytest.mark.parametrize(
    ("url", "place"),
    [("about/", "about"), ("./", "home"), ("lessons/Max_Pool/", "lessons-max-pool"), ("", "home")],
)
def test_a_page_has_its_picture_in_the_site(shared, cache, url, place):
    facts = shared(url)
    assert facts["social"] == {
        "url": f"https://s.org/x/social/{place}.png",
        "width": 1200,
        "height": 630,
    }
    assert (cache / "site" / "social" / f"{place}.png").read_bytes() == b"picture"


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "another's"])
@pytest.mark.parametrize(
    ("address", "url", "source"),
    [
        ("https://s.org/x/", "about/", "https://s.org/x/about/"),
        ("https://s.org/x/", "./", "https://s.org/x/"),
        ("http://127.0.0.1:8000/", "about/", "Sliding Windows"),
    ],
)
def test_a_page_s_picture_carries_its_credit(
    shared, cache, monkeypatch, address, url, source, ours
):
    monkeypatch.setattr(sharing, "is_home", lambda root: ours)
    drawn = io.BytesIO()
    Image.new("P", (3, 2)).save(drawn, "PNG")
    monkeypatch.setattr(sharing, "social_picture", lambda *facts: drawn.getvalue())
    facts = shared(url, address=address)
    place = facts["social"]["url"].removeprefix(address)
    said = Image.open(cache / "site" / place).text
    title = "Site" if url == "./" else "A page"
    assert said["Title"] == title
    if ours:
        assert said["Copyright"].startswith("CC BY 4.0, https://") and said["Source"] == source
    else:
        assert said["Source"] == source.replace("Sliding Windows", "Site")
        assert said["Author"] == "The Site authors" and "Copyright" not in said


def test_what_a_picture_is_drawn_from(shared, cache):
    shared("about/", description="Words.")
    folders = ("shown", cache / "figures", cache / "social", "Site")
    assert shared.drawn == ("about", "A page", "Words.", *folders)
    shared("about/")
    assert shared.drawn == ("about", "A page", "Of site.", *folders)
    shared("about/", title="")
    assert shared.drawn[:2] == ("about", "Site")
    shared("./", title="Welcome")
    assert shared.drawn[0] != "about" and shared.drawn[1] == "Site"


@pytest.mark.parametrize("ours", [True, False])
def test_only_our_own_course_has_our_terms(shared, monkeypatch, ours):
    monkeypatch.setattr(sharing, "is_home", lambda root: ours)
    data = json.loads(shared("lessons/a/", "lessons/a.ipynb", minutes=7)["structured"])
    assert data.get("license") == (credits.TERMS if ours else None)


def test_structured_data_of_home_lessons_and_others(shared):
    assert shared("about/")["structured"] == ""
    lesson = json.loads(shared("lessons/a/", "lessons/a.ipynb", minutes=7)["structured"])
    assert lesson["@type"] == "LearningResource" and lesson["timeRequired"] == "PT7M"
    assert lesson["url"] == "https://s.org/x/lessons/a/" and lesson["dateModified"] == "2001-02-03"
    home = json.loads(shared("./", "index.md")["structured"])
    assert home["@type"] == "Course" and home["description"] == "Of site."
    assert [part["url"] for part in home["hasPart"]] == [
        "https://s.org/x/lessons/b/",
        "https://s.org/x/lessons/a/",
    ]
