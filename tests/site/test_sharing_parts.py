"""Stamps, pictures and structured data, each by itself."""

import io
import json
import subprocess

import pytest
from PIL import Image
from recorded import compare, digest

from slidingwindows import __version__
from slidingwindows.drawing.grid import wrap
from slidingwindows.drawing.style import LIGHT, font
from slidingwindows.site.lighter import lighter
from slidingwindows.site.sharing import structured
from slidingwindows.site.social import SIZE, social_picture
from slidingwindows.site.stamps import commit_day


def test_the_day_is_the_commits_or_the_one_asked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_day(tmp_path) == ""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_DATE", "2001-02-03T04:05:06+0000")
        monkeypatch.setenv(f"GIT_{name}_NAME", "A")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@b.c")
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert commit_day(tmp_path) == "2001-02-03"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert commit_day(tmp_path) == "1970-01-02"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert commit_day(tmp_path) == "2001-02-03"
    assert __version__.count(".") == 2


def test_a_picture_is_drawn_once_and_again_when_its_words_change(tmp_path):
    figures, cache = tmp_path / "figures", tmp_path / "social"
    figures.mkdir()
    Image.new("RGB", (640, 300), "#123456").save(figures / "one.light.png")
    text = "# T\n\n<!-- figure none -->\n\n<!-- figure one -->\n"
    first = social_picture("one", "Title", "Words.", text, figures, cache)
    image = Image.open(io.BytesIO(first)).convert("RGB")
    assert image.size == SIZE
    assert image.getpixel((900, 315)) == (0x12, 0x34, 0x56)
    band = {image.getpixel((x, y)) for x in range(0, SIZE[0], 50) for y in range(15)}
    assert band == {LIGHT.rgb("fresh")} and image.getpixel((9, 15)) == LIGHT.rgb("page")
    made = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert social_picture("one", "Title", "Words.", text, figures, cache) == first
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == made
    other = social_picture("one", "Other", "Words.", text, figures, cache)
    assert other != first
    assert sorted(cache.iterdir()) == sorted(made), "one picture of a page is kept"
    assert (cache / "one.png").read_bytes() == other
    assert social_picture("two", "Title", "Words.", text, figures, cache) == first
    assert (cache / "one.png").read_bytes() == other
    alone = social_picture("one", "Title", "Many words. " * 9, "# T", figures, cache)
    words = Image.open(io.BytesIO(alone)).convert("RGB").crop((SIZE[0] // 2, 20, *SIZE))
    assert words.getextrema() != ((255, 255),) * 3  # they go on where the figure would be
    damaged = next(path for path in made if path.suffix == ".png")
    damaged.write_bytes(b"rubbish")
    assert social_picture("one", "Title", "Words.", text, figures, cache) == first


def test_long_words_stay_inside(tmp_path):
    long = social_picture("one", "A title " * 8, "Many words " * 80, "", tmp_path, tmp_path / "c")
    image = Image.open(io.BytesIO(long)).convert("RGB")
    edge = image.crop((SIZE[0] - 40, 20, *SIZE))
    assert edge.getcolors() == [(edge.width * edge.height, (255, 255, 255))]


@pytest.mark.parametrize("width", [100, 300, 1000])
def test_lines_are_whole_words_and_fit(width):
    words = "one three seventeen immeasurable " * 5
    lines = wrap(words, 20, room=width)
    assert " ".join(lines).split() == words.split()
    assert all(font(20).getlength(line) <= width or " " not in line for line in lines)


def test_structured_data_cannot_end_its_script():
    site = {"name": "S", "url": "https://s.org/", "description": "d", "day": ""}
    lesson = {"title": "</script><b>", "url": "lessons/x/", "description": "d", "minutes": 7}
    assert "license" not in json.loads(structured(site, lesson, [lesson]))
    text = structured({**site, "terms": "https://l.org/"}, lesson, [lesson])
    assert json.loads(text)["license"] == "https://l.org/"
    assert "</" not in text and json.loads(text)["name"] == "</script><b>"
    home = json.loads(structured(site, {**lesson, "url": ""}, [lesson, lesson]))
    assert home["hasCourseInstance"]["courseWorkload"] == "PT14M"
    assert structured(site, {"title": "About", "url": "about/", "description": "d"}, []) == ""


def test_a_lighter_page_says_the_same():
    code = '<pre><code><span class="n">x</span><span class="p">.</span>\n    '
    code += '<span class="o">-</span><span class="mi">1</span></code></pre>'
    script = '<script>\n  a\n\n  b\n</script>\n<i class="n">x</i>'
    html = f"<p>\n  one\n\n  two</p>\n\n{code}\n {script}"
    assert lighter(html) == (
        '<p>\none\ntwo</p>\n<pre><code>x.\n    -<span class="mi">1</span></code></pre>\n' + script
    )
    assert lighter("") == ""


SITE = {"name": "Site <é>", "url": "https://s.org/x/", "description": "Of site."}
TOLD = {"inLanguage": "en", "isAccessibleForFree": True}
PAGES = [
    {"title": f"Lesson {name}", "url": f"lessons/{name}/", "description": f"D {name}", "minutes": n}
    for name, n in (("b", 3), ("a", 40))
]


def told_of_lesson(page):
    return {
        "@type": "LearningResource",
        "name": page["title"],
        "description": page["description"],
        "url": f"https://s.org/x/{page['url']}",
        "timeRequired": f"PT{page['minutes']}M",
        "learningResourceType": "lesson",
    }


@pytest.mark.parametrize(
    "more", [{}, {"terms": "https://c.org/by"}, {"day": "2001-02-03"}, {"day": ""}]
)
def test_structured_data_field_by_field(more):
    """Each field as schema.org names it."""
    shared = dict(TOLD)
    if more.get("terms"):
        shared["license"] = "https://c.org/by"
    if more.get("day"):
        shared["dateModified"] = "2001-02-03"
    course = {"@type": "Course", "name": "Site <é>", "url": "https://s.org/x/"}
    maker = {"@type": "Organization", "name": "The Site <é> authors"}
    context = {"@context": "https://schema.org"}
    text = structured({**SITE, **more}, PAGES[0], PAGES)
    lesson = {**told_of_lesson(PAGES[0]), **shared, "isPartOf": course, "author": maker}
    assert json.loads(text) == {**context, **lesson}
    assert "é" in text and "<" not in text and r"Site \u003cé>" in text
    home = {
        **context, **course, "description": "Of site.", "provider": maker, **shared,
        "hasPart": [told_of_lesson(page) for page in PAGES],
        "hasCourseInstance": {
            "@type": "CourseInstance", "courseMode": "Online", "courseWorkload": "PT43M",
        },
        "offers": {"@type": "Offer", "category": "Free"},
    }  # fmt: skip
    for url in ("", ".", "./"):
        assert json.loads(structured({**SITE, **more}, {"url": url}, PAGES)) == home
    about = {"title": "About", "url": "about/", "description": ""}
    assert structured({**SITE, **more}, about, []) == ""


def drawn(folder, still=None, title="Max pooling", description="The largest wins.", **more):
    """A social picture's size and a digest of its pixels."""
    if still:
        picture = Image.linear_gradient("L").resize(still).convert("RGB")
        picture.putpixel((still[0] // 2, still[1] // 2), (250, 20, 20))
        picture.save(folder / "one.light.png")
    text = "<!-- figure one -->\n" if still else ""
    data = social_picture("page", title, description, text, folder, folder / "cache", **more)
    image = Image.open(io.BytesIO(data))
    width, height = image.size
    colours = len(image.convert("RGB").getcolors(256))
    return f"{width}×{height}, {colours} colours, {digest(image.convert('RGB').tobytes())}"


def test_how_social_pictures_look(tmp_path):
    """As they were looked at: words alone, beside pictures of all forms, and words that are cut."""
    words = "A pool that has no parameters still decides what the next layer can see. " * 6
    compare(
        "social",
        [
            ("words alone", drawn(tmp_path)),
            ("many words alone", drawn(tmp_path, description=words * 3)),
            ("many words of a long title", drawn(tmp_path, None, "What pooling does " * 3, words)),
            ("wide", drawn(tmp_path, (900, 200))),
            ("square", drawn(tmp_path, (300, 300))),
            ("tall", drawn(tmp_path, (300, 560), description=words)),
            ("too tall", drawn(tmp_path, (300, 1700))),
            ("another course", drawn(tmp_path, (300, 200), site="A course with a long name " * 9)),
        ],
    )
