"""What readers get: one tiny site built once, looked at from many sides."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlparse

import nbformat
import pytest
from PIL import Image

from slidingwindows.course.pages import broken


class Document(HTMLParser):
    """Every start tag with its attributes, and every id."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def ids(self):
        return {attributes["id"] for _, attributes in self.tags if attributes.get("id")}


@pytest.fixture(scope="module")
def alpha(built):
    return built.read("site/lessons/alpha/index.html")


@pytest.fixture(scope="module")
def beta(built):
    return built.read("site/lessons/beta/index.html")


@pytest.fixture(scope="module")
def search(built):
    return json.loads(built.read("site/search/search_index.json"))["docs"]


def article(html):
    return re.search(r"<article.*?</article>", html, re.S)[0]


def text_of(html):
    return re.sub(r"<[^>]*>", "", html)


def test_report_names_each_artefact_and_the_site(built):
    last = built.output.splitlines()[-1]
    assert re.fullmatch(r"site/ \d+ files, [\d.]+ MB, [\d.]+ s", last)
    assert built.executed() == ["alpha", "beta"] or built.executed() == ["beta", "alpha"]


def test_admonition_is_a_box(alpha):
    assert '<div class="admonition note">' in alpha
    assert '<p class="admonition-title">Hello</p>' in alpha
    assert "<strong>bold</strong>" in alpha
    assert "!!! note" not in alpha


def test_inline_formula_is_mathml(alpha):
    inline = re.findall(r'<math[^>]*display="inline".*?</math>', alpha, re.S)
    assert len(inline) == 1
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in inline[0]
    assert "arithmatex" not in alpha and "$" not in text_of(article(alpha))


def test_block_formula_is_mathml(alpha):
    assert re.search(r'<p class="sw-math"><span><math[^>]*display="block".*?<mfrac>', alpha, re.S)


def test_no_mathjax_no_foreign_script(alpha):
    sources = [tag["src"] for tag in Document(alpha).all("script") if tag.get("src")]
    assert sources and not [s for s in sources if urlparse(s).netloc]


def test_links_between_lessons(alpha):
    targets = [tag.get("href") for tag in Document(article(alpha)).all("a")]
    assert {"../beta/", "../beta/#second-part", "../../"} <= set(targets)


def test_headings_have_anchors(alpha, beta):
    assert '<h2 id="how-it-slides">' in alpha
    assert 'href="#how-it-slides"' in alpha
    assert "second-part" in Document(beta).ids


def test_every_internal_reference_leads_somewhere(built):
    """Links, pictures, style sheets and scripts of every page, with their anchors."""
    pages = {
        path: Document(path.read_text("utf-8"))
        for path in built.site.rglob("index.html")
        if "assets" not in path.parts
    }
    assert len(pages) == 3
    checked = 0
    for path, page in pages.items():
        address = f"http://site/{path.parent.relative_to(built.site).as_posix()}/".replace(
            "/./", "/"
        )
        for tag, attributes in page.tags:
            found = [attributes.get(n) for n in ("href", "src", "srcset") if attributes.get(n)]
            for reference in found if tag != "link" or attributes["rel"] != "canonical" else []:
                target, anchor = urldefrag(urljoin(address, reference))
                if urlparse(target).netloc != "site":
                    continue
                file = built.site / urlparse(target).path.lstrip("/")
                file = file / "index.html" if file.is_dir() else file
                assert file.is_file(), f"{path}: {tag} {reference}"
                if anchor and file in pages:
                    assert anchor in pages[file].ids | {"__search"}, f"{path}: {reference}"
                checked += 1
    assert checked > 60


def test_pictures_have_words_and_size(built):
    for path in built.site.rglob("index.html"):
        for image in Document(article(path.read_text("utf-8"))).all("img"):
            assert image["alt"].strip(), image
            assert int(image["width"]) > 0 and int(image["height"]) > 0


def test_pictures_are_files(built):
    for path in built.site.rglob("*.html"):
        assert "base64" not in path.read_text("utf-8"), path
    for name in ("tiny-pool", "tiny-plot"):
        for theme in ("light", "dark"):
            assert (built.site / "figures" / f"{name}.{theme}.png").read_bytes()[:4] == b"\x89PNG"
    assert (built.site / "figures" / "tiny-pool.light.gif").read_bytes()[:6] == b"GIF89a"
    script = built.read("site/figures/tiny-pool.trace.js")
    assert script.startswith('SlidingWindows.figure("tiny-pool",{') and script.endswith("});\n")
    assert not list(built.site.glob("figures/*.json")) + list(built.site.glob("figures/*.made"))


def test_figure_shows_both_themes_lazily(alpha):
    images = Document(re.search(r"<figure.*?</figure>", alpha, re.S)[0]).all("img")
    assert [image["src"].rsplit("/", 1)[1] for image in images] == [
        "tiny-pool.light.gif",
        "tiny-pool.dark.gif",
        "tiny-pool.light.strip.png",
    ]
    assert {image["loading"] for image in images} == {"lazy"}


def test_figure_has_posters_for_stillness(alpha):
    sources = Document(alpha).all("source")
    assert [source["srcset"].rsplit("/", 1)[1] for source in sources] == [
        "tiny-pool.light.png",
        "tiny-pool.dark.png",
    ]
    media = {source["media"] for source in sources}
    assert media == {"(prefers-reduced-motion: reduce), (scripting: enabled)"}


def test_figure_has_its_windows_side_by_side_for_print(alpha, built):
    *_, moving, strip = Document(re.search(r"<figure.*?</figure>", alpha, re.S)[0]).all("img")
    assert strip["class"] == "sw-strip"
    name = strip["src"].rsplit("/", 1)[1]
    with Image.open(built.root / "site" / "figures" / name) as sheet:
        assert sheet.size == (2 * int(strip["width"]), 2 * int(strip["height"]))
    assert strip["alt"] == moving["alt"]


def test_figure_first_on_the_page_loads_at_once(built):
    images = Document(article(built.read("site/index.html"))).all("img")
    assert images[0]["loading"] == images[1]["loading"] == "lazy"


def test_figure_can_be_stepped_through(alpha, built):
    """What the stepper needs stands in the page; the file of steps is asked for by its script."""
    element = re.search(r"<sliding-window (.*?)>(.*?)</sliding-window>", alpha, re.S)
    assert 'src="../../figures/tiny-pool.trace.js" name="tiny-pool" steps="4"' in element[1]
    assert 'label="nn.MaxPool2d(kernel_size=2, stride=2)"' in element[1]
    assert element[2].count("<picture") == 2 and "sw-sentence" in element[2]
    assert alpha.count("trace.js") == 1
    assert 'src="figures/tiny-pool.trace.js"' in built.read("site/index.html")


def test_plot_does_not_move(beta):
    assert '<figure class="sw-figure" id="tiny-plot" data-moving="0">' in beta
    assert "tiny-plot.light.png" in beta and ".gif" not in beta
    assert "<sliding-window" not in beta


def test_captions_are_below_their_figures(alpha, beta):
    assert (
        "<figcaption>Four steps of <code>MaxPool2d</code>, <em>one</em> at a time.</figcaption>"
        in alpha
    )
    assert "<figcaption>It rises.</figcaption>" in beta


def test_transcript_under_the_figure(alpha):
    words = re.search(r'<details class="sw-words".*?</details>', alpha, re.S)[0]
    assert words.count("<li>") >= 4


def test_outputs_are_blocks_of_their_own(alpha):
    outputs = re.findall(r'<div class="[^"]*sw-output[^"]*"[^>]*>.*?</div>', alpha, re.S)
    texts = [text_of(output).strip() for output in outputs]
    assert texts == [
        "tensor([[[6., 5.],\n         [9., 9.]]])",
        "``` &lt;b&gt;not bold&lt;/b&gt; &amp; so on\n\n# no heading\n"
        "&lt;!-- figure tiny-pool --&gt;\n&lt;!-- lessons --&gt;",
        "printed all the same",
        "42",
    ]
    assert all("no-copy" in output for output in outputs)


def test_marks_in_code_and_outputs_are_text(alpha):
    """In a span, in a block, in a cell's code and in what it printed; the figure comes once."""
    assert alpha.count("<figure") == 1
    shown = re.sub(r"<[^>]*>", "", article(alpha))
    assert shown.count("&lt;!-- figure tiny-pool --&gt;") == 4
    assert "no heading" not in "".join(re.findall(r"<h\d.*?</h\d>", alpha))


def test_a_number_at_the_start_is_no_list(alpha, built):
    assert "<p>7. is a number.</p>" in alpha and "<ol" not in article(alpha)
    assert "7\\\\. is a number." in built.read("site/lessons/alpha/alpha.ipynb")


def test_hidden_cell_hides_its_code_only(alpha):
    assert "concealed" not in alpha
    assert "printed all the same" in alpha


def test_collapsed_cell_is_folded(alpha):
    folds = re.findall(r"<details\b[^>]*>.*?</details>", alpha, re.S)
    folded = [text_of(fold) for fold in folds if "folded_away" in text_of(fold)]
    assert len(folded) == 1 and "6 * 7" in re.sub(r"\s+", " ", folded[0])
    rest = text_of(alpha.replace(folds[0], ""))
    assert "folded_away" not in rest
    assert "42" in folded[0] and "42" not in rest, "what the code prints is folded with it"


def test_call_that_only_shows_is_left_to_the_notebook(alpha):
    assert "tiny-pool&quot;" not in alpha and '"tiny-pool"</span>' not in alpha


def test_no_notebook_furniture(alpha, beta):
    for html in (alpha, beta):
        for trace in ("In [", "Out[", "Copied!", "jp-Cell", "jp-Notebook", "application/vnd"):
            assert trace not in html


def test_reading_time_under_the_title(alpha):
    assert re.search(r"</h1>\s*<p class=\"sw-facts\"[^>]*>\d+ minutes? to read</p>", alpha)


def test_page_has_one_heading_and_a_title(alpha):
    assert len(Document(alpha).all("h1")) == 1
    assert "<title>Alpha windows - Sliding Windows</title>" in alpha
    assert '<meta name="description" content="The &#34;first&#34; tiny lesson.">' in alpha


def test_home_lists_the_lessons(built):
    listed = re.search(r'<ol class="sw-lessons">.*?</ol>', built.read("site/index.html"), re.S)[0]
    assert [tag["href"] for tag in Document(listed).all("a")] == ["lessons/alpha/", "lessons/beta/"]
    assert 'The "first" tiny lesson.' in listed and "minute" in listed


def test_search_titles_are_clean(search):
    titles = [text_of(entry["title"]) for entry in search]
    assert titles == [
        "Tiny home",
        "Alpha windows &amp; MaxPool2d",
        "How it slides",
        "Beta plots",
        "Second part",
    ]


def test_search_holds_each_cell_once(search):
    for words in ("quartz = nn.MaxPool2d", "sum(numbers)"):
        # The page's own entry and its sections' together.
        found = sum(text_of(entry["text"]).count(words) for entry in search)
        assert found == 1, words


def test_search_leaves_transcripts_out(search, alpha):
    step = re.search(r"<li>([^<]*6[^<]*)</li>", re.search(r"sw-words.*?</ul>", alpha, re.S)[0])[1]
    everything = " ".join(entry["text"] for entry in search)
    assert step not in everything
    assert "Every step in words" not in everything and "minutes to read" not in everything
    assert "A box with" in everything


def test_search_has_no_pictures(search):
    assert not [e for e in search if "base64" in e["text"] or "data:image" in e["text"]]


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_plain_script_lies_beside_its_page(built, name):
    page = built.read(f"site/lessons/{name}/index.html")
    assert f'href="../{name}.py" download' in page
    assert built.read(f"site/lessons/{name}.py") == built.read(f"lessons/{name}.py")


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_notebook_lies_beside_its_page(built, name):
    page = built.read(f"site/lessons/{name}/index.html")
    assert f'href="{name}.ipynb" download' in page
    book = nbformat.read(built.site / "lessons" / name / f"{name}.ipynb", as_version=4)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len({cell.id for cell in book.cells}) == len(book.cells)
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]


@pytest.mark.parametrize("name, kind", [("alpha", "gif"), ("beta", "png")])
def test_notebook_holds_its_pictures(built, name, kind):
    text = built.read(f"site/lessons/{name}/{name}.ipynb")
    book = nbformat.reads(text, as_version=4)
    shown = [
        o.data["text/html"]
        for c in book.cells
        for o in c.get("outputs", ())
        if "data" in o
        if "text/html" in o.data
    ]
    assert len(shown) == 1
    assert shown[0].startswith(f'<img src="data:image/{kind};base64,') and 'alt="' in shown[0]
    assert "application/vnd.slidingwindows" not in text


def test_notebook_keeps_what_the_page_hides(built):
    book = built.read("site/lessons/alpha/alpha.ipynb")
    assert "concealed" in book and "tiny-pool" in book


def test_nothing_half_written_is_published(built):
    assert not built.leftovers()
    assert not [path for path in built.site.rglob(".*")]
    kinds = {path.suffix for path in (built.site / "figures").iterdir()}
    assert kinds == {".gif", ".png", ".js", ".zip"}


def test_the_page_of_a_broken_lesson_shows_what_is_wrong_and_where(tmp_path):
    path = tmp_path / "max-pooling.py"
    path.write_text("\n".join(f"line {n}" for n in range(1, 10)))
    page = broken(
        path, ["lessons/max-pooling.py, code cell 2, line 2: ValueError: <b>", "no place"]
    )
    assert page.startswith('---\n{"title": "Max pooling", "description": "This lesson does')
    assert page.count('!!! failure "') == 2
    assert "    lessons/max-pooling.py, code cell 2, line 2: ValueError: <b>\n" in page
    shown = [line.strip() for line in page.splitlines() if re.match(r"    [> ] +\d+  line", line)]
    assert shown == ["1  line 1", ">    2  line 2", "3  line 3", "4  line 4"]
    gone = broken(tmp_path / "gone.py", ["lessons/gone.py, line 1: gone"])
    assert "lessons/gone.py, line 1: gone" in gone
