"""The site's policy: which scripts it approves, what it forbids, and what pages may not hold."""

from pathlib import Path
from types import SimpleNamespace

import html5lib
import pytest
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from slidingwindows import SlidingWindowsError
from slidingwindows.course import lessons
from slidingwindows.course.fragments import fragment
from slidingwindows.course.inert import (
    attributes_of,
    faults_in,
    lesson_refusals,
    refusals,
    without_code,
)
from slidingwindows.site import events
from slidingwindows.site.policy import inline_scripts, policy, secure, source_of, template_scripts

ROOT = Path(__file__).parents[2]
PAGE = '<html><head><meta charset="utf-8"><script>alert(1)</script></head></html>'
# echo -n 'alert(1)' | openssl dgst -sha256 -binary | base64
ALERT = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
POLICY = (
    f"default-src 'none'; script-src 'self' {ALERT}; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'none'"
)
HEADERS = f"""/*
  Content-Security-Policy: {POLICY}; frame-ancestors 'self'
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
"""


# The policy's text, and the pages that get it.


@pytest.mark.parametrize(
    ("html", "scripts"),
    [
        (PAGE, {"alert(1)"}),
        ("<SCRIPT>a\n<b></SCRIPT ><script async>c</script\n>", {"a\n<b>", "c"}),
        ('<script type="module">a</script><script type="">b</script>', {"a", "b"}),
        ('<script data-src="x">a</script><script id=" src=">b</script>', {"a", "b"}),
        ('<script type="application/json">{}</script>', set()),
        ('<script id="c" type="application/ld+json">{}</script>', set()),
        ('<script id="json">a</script><script type="text/json5">b</script>', {"a", "b"}),
        ('<script src="a.js"></script><script defer src=b.js>c</script>', set()),
        ("<p>&lt;script>a&lt;/script></p><scripted>b</scripted>", set()),
    ],
)
def test_scripts_that_stand_in_a_page(html, scripts):
    assert inline_scripts(html) == scripts


def test_the_policy_word_by_word():
    """Nothing but the site's own files; no form is sent, and no <base> leads elsewhere."""
    assert source_of("alert(1)") == ALERT
    assert policy({"alert(1)"}) == POLICY
    text = policy({"b", "a", "ü"})
    assert " ".join(["'self'", *sorted(map(source_of, "abü"))]) in text


@pytest.fixture
def site(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "index.html").write_text(PAGE, "utf-8")
    (tmp_path / "deep" / "index.html").write_text(PAGE.replace("alert(1)", "let ü"), "utf-8")
    return tmp_path


def test_all_pages_get_one_policy_first_in_their_heads_and_twice_is_once(site):
    pages = [site / "index.html", site / "deep" / "index.html"]
    text = secure(site, {"alert(1)", "let ü"})
    assert text == policy({"alert(1)", "let ü"})
    first = [page.read_text("utf-8") for page in pages]
    for page in first:
        assert page.count(text) == 1
        assert page.startswith(
            '<html><head><meta charset="utf-8">\n      <meta http-equiv="Content'
        )
    assert secure(site, {"alert(1)"} | {"let ü"}) == text
    assert [page.read_text("utf-8") for page in pages] == first
    assert secure(site, {"alert(1)", "let ü", "new"}) in pages[0].read_text("utf-8")
    assert text not in pages[0].read_text("utf-8")


def test_what_looks_like_a_head_further_down_stays(site):
    later = '<!-- <meta charset="utf-8"> --></html>'
    (site / "index.html").write_text(PAGE.replace("</html>", later), "utf-8")
    text = secure(site, {"alert(1)", "let ü"})
    page = (site / "index.html").read_text("utf-8")
    assert page.count(text) == 1 and page.index(text) < page.index("alert(1)")
    assert page.endswith(later)


def test_the_headers_word_by_word(site):
    (site / "deep" / "index.html").unlink()
    secure(site, {"alert(1)"})
    assert (site / "_headers").read_text("utf-8") == HEADERS


def test_a_script_of_no_template_is_refused_and_nothing_is_written(site):
    before = {path: path.read_bytes() for path in site.rglob("*.html")}
    with pytest.raises(SlidingWindowsError) as caught:
        secure(site, {"alert(1)"})
    assert str(caught.value) == (
        "deep/index.html: a script that no template of the theme holds: 'let ü'"
    )
    (site / "index.html").write_text(PAGE.replace("alert(1)", "x = \n" * 50), "utf-8")
    with pytest.raises(SlidingWindowsError) as caught:
        secure(site, {"alert(1)"})
    one, two = str(caught.value).splitlines()
    assert one.startswith("deep/") and two.startswith("index.html: ") and len(two) < 140
    after = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert after.keys() == before.keys()


# Which scripts are the theme's.


@pytest.fixture(scope="module")
def theme(built):
    """(scripts of the templates, of each built page) for the tiny project."""
    config = load_config(str(built.root / "mkdocs.yml"))
    uris = ["index.md", "lessons/alpha.md", "lessons/beta.md"]
    files = Files([File(uri, None, config.site_dir, True) for uri in uris])
    scripts = template_scripts(config.theme.get_env(), config, files)
    pages = {path: path.read_text("utf-8") for path in built.site.rglob("*.html")}
    return scripts, {path: inline_scripts(text) for path, text in pages.items()}


def test_the_templates_alone_give_every_script_of_the_built_pages(theme, built):
    scripts, pages = theme
    assert len(pages) == 4 and all(pages.values())
    assert set().union(*pages.values()) == scripts
    home = built.read("site/index.html")
    assert policy(scripts) in home and home.index(policy(scripts)) < home.index("<script")


def test_each_way_up_has_its_own_scope(theme):
    """Material keeps settings by the site's root, which a page names from where it lies."""
    scopes = [code for code in theme[0] if "__md_scope=new URL(" in code]
    assert sorted(code.split('"')[1] for code in scopes) == [".", "../..", "/"]


@pytest.mark.parametrize(
    ("address", "lost"), [("https://s.org/deep/", "/deep/"), ("https://s.org", "/"), ("", "/")]
)
def test_the_page_for_lost_readers_knows_the_sites_root(address, lost):
    """It is shown at any address, so its scripts name the root in full."""
    config = load_config(str(ROOT / "mkdocs.yml"), site_url=address)
    files = Files([File("about.md", None, config.site_dir, True)])
    scripts = template_scripts(config.theme.get_env(), config, files)
    scopes = [code for code in scripts if "__md_scope=new URL(" in code]
    assert sorted(code.split('"')[1] for code in scopes) == sorted(["..", lost])
    assert len(scripts) > len(scopes), "palette and anchors have scripts too"


# What a page's own words may not hold.

ACTS = {
    "<script>x</script>": "<script>",
    "<SCRIPT src='x.js'></SCRIPT>": "<script>",
    '<script src="../assets/play.js"></script>': "<script>",
    "<svg><script>x</script></svg>": "<script>",
    '<script type="application/json">{}</script>': "<script>",
    "<style>p {}</style>": "<style>",
    '<base href="https://example.org/">': "<base>",
    '<meta http-equiv="refresh" content="0">': "<meta>",
    '<link rel="stylesheet" href="x.css">': "<link>",
    "<form><input></form>": "<form>",
    '<iframe src="x"></iframe>': "<iframe>",
    '<frameset><frame src="x"></frameset>': "<frameset>, <frame>",
    "<object></object><embed>": "<object>, <embed>",
    "<applet></applet><portal></portal>": "<applet>, <portal>",
    '<p onclick="x">': "onclick= on <p>",
    "<img src=x ONERROR=y>": "onerror= on <img>",
    "<svg/onload=x>": "onload= on <svg>",
    "<i srcdoc=x></i>": "srcdoc= on <i>",
    '<td style="text-align: right">': "style= on <td>",
    "<button formaction=x>": "formaction= on <button>",
    '<a ping="x">': "ping= on <a>",
    '<a href="javascript:x">': "a javascript: address on <a>",
    '<a href=" JavaScript:x">': "a javascript: address on <a>",
    '<a href="java&#10;script&colon;x">': "a javascript: address on <a>",
    '<a href="vbscript:x">': "a vbscript: address on <a>",
    '<a href="data:text/html,x">': "a data: address on <a>",
    '<img src="javascript:x">': "a javascript: address on <img>",
    '<img srcset="javascript:x">': "a javascript: address on <img>",
    '<video poster="javascript:x">': "a javascript: address on <video>",
    '<b data="javascript:x">': "a javascript: address on <b>",
    '<body background="javascript:x">': "a javascript: address on <body>",
    '<b action="javascript:x">': "a javascript: address on <b>",
    '<svg><a xlink:href="javascript:x">': "a javascript: address on <a>",
    '<svg><a><animate attributeName="href" to="x"/>': "<animate> of an address",
    '<svg><a><set attributeName=" xlink:HREF" to="x"/>': "<set> of an address",
}
# Where browsers see an element with an event, and some parsers a comment.
HIDDEN = [
    "<!--><b onclick=x>-->",
    "<!---><b onclick=x>-->",
    "<!-- a --!><b onclick=x>-->",
    "<!-- a\n--!><b onclick=x>-->",
    "<!-- a --!><b onclick=x>",
    "<![CDATA[x><b onclick=x>]]>",
    "<!doctype x><b onclick=x>",
    "<?x><b onclick=x>?>",
    "</ x><b onclick=x>",
]
INERT = [
    "<p>&lt;script>x&lt;/script> <code>&lt;b onclick=x></code> onclick=x javascript:x</p>",
    '<!-- <script>x</script> --><a href="x?y=javascript:" title="javascript:x">z</a>',
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="data:x">',
    '<sliding-window src="../../figures/a.trace.js" name="a"><button>x</button></sliding-window>',
    '<noscript>x</noscript><a href="#script" class="on" data-on="x">y</a><a href="data/x">z</a>',
    "<a href>x</a><img src alt>",
    '<svg><animate attributeName="r" to="href"/></svg><b attributename="href">x</b>',
    '<svg><circle r="1"><animate attributeName="r" to="2"/></circle></svg><!-- a > b -->',
    '<a href="y" href="javascript:x">of two, a browser reads the first</a>',
]


def named(html, **options):
    return ", ".join(fault.what for fault in faults_in(html, "lessons/x/", **options))


@pytest.mark.parametrize("html", ACTS)
def test_what_acts_is_named(html):
    assert named(f"<p>before</p>{html}<p>after</p>") == ACTS[html]


@pytest.mark.parametrize("html", HIDDEN)
def test_what_hides_from_parsers_is_found(html):
    tree = html5lib.parse(f"<p>{html}", namespaceHTMLElements=False)
    assert any("onclick" in one.attrib for one in tree.iter("b")), "it is live in browsers"
    assert faults_in(f"<p>{html}", "")


@pytest.mark.parametrize("html", INERT)
def test_what_does_not_act_may_stand(html):
    assert named(html) == ""


@pytest.mark.parametrize(
    ("page", "source", "ours", "fine"),
    [
        ("explorer/", "../assets/explorer.js", True, True),
        ("a/b/", "../../assets/x.js", True, True),
        ("", "assets/x.js", True, True),
        ("explorer/", "../assets/explorer.js", False, False),
        ("explorer/", "assets/explorer.js", True, False),
        ("explorer/", "/assets/explorer.js", True, False),
        ("explorer/", "//assets/explorer.js", True, False),
        ("", "https://example.org/assets/x.js", True, False),
        ("", "assets/../figures/x.js", True, False),
        ("", "figures/assets/x.js", True, False),
        ("", "", True, False),
    ],
)
def test_pages_of_ours_may_ask_for_the_sites_own_scripts(page, source, ours, fine):
    faults = faults_in(f'<script defer src="{source}"></script>', page, ours)
    assert (not faults) is fine
    assert faults_in(f'<iframe src="{source}">', page, ours), "only scripts lie in assets/"
    assert faults_in(f'<script defer src="{source}" onload="x">', page, ours)


LESSON = """# ---
# title: Acts
# description: D
# ---

# %% [markdown]
# # Acts
#
# Speaks of `<script>` and of onclick.

# %%
1

# %% [markdown]
#
# ## More
#
# Words, <b
# onclick="x">then</b>

# %%
2


# %% [markdown]
# <script>x</script>
# [a link](x){ onmouseover=y }
"""


@pytest.fixture
def acts(tmp_path):
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "acts.py"
    path.write_text(LESSON)
    return lessons.read(path)


def outputs(*texts):
    return [[{"output_type": "display_data", "data": {"text/markdown": text}}] for text in texts]


@pytest.mark.parametrize(
    ("html", "texts", "told"),
    [
        ("<script>x</script>", ("", ""), "Markdown cell 3, line 26: a page may not hold <script"),
        ('<b\nonclick="x">', ("", ""), "Markdown cell 2, line 18: a page may not hold onclick="),
        ('<a href="x" onmouseover="y">', ("", ""), "Markdown cell 3, line 27: a page may not hold"),
        ("<style>x</style>", ("<p>", "x\n<STYLE>"), "code cell 2, line 22: a page may not hold <"),
        ("<form>", ("<form>", "<form>"), "code cell 1, line 12: a page may not hold <form>"),
        ("<base>", ("", ""), "acts.py: a page may not hold <base>"),
    ],
)
def test_a_lessons_fault_is_told_with_cell_and_line(acts, html, texts, told):
    said = lesson_refusals(faults_in(html, "lessons/acts/"), acts, outputs(*texts))
    assert len(said) == 1 and said[0].startswith("lessons/acts.py") and told in said[0], said
    assert said[0].endswith("; the site's policy would stop it")


def test_what_an_output_does_not_show_is_not_blamed(acts):
    shown = [[{"output_type": "stream", "name": "stdout", "text": "<form>"}], *outputs("<form>")]
    (said,) = lesson_refusals(faults_in("<form>", ""), acts, shown)
    assert said.startswith("lessons/acts.py, code cell 2, line 22: ")


def test_a_pages_fault_is_told_with_its_line():
    faults = faults_in('<p onclick="x"><base>', "about/", ours=True)
    text = "# About `onclick=` and\n```\nonclick=\n<base>\n```\n\n[x](y){ ONCLICK=x }\n"
    assert refusals(faults, "docs/about.md", text) == [
        "docs/about.md, line 7: a page may not hold onclick= on <p>; "
        "the site's policy would stop it",
        "docs/about.md: a page may not hold <base>; the site's policy would stop it",
    ]


def test_capitals_hide_no_line():
    faults = faults_in("<P>x</P><STYLE>", "about/", ours=True)
    assert refusals(faults, "docs/about.md", "x\n<STYLE>")[0].startswith("docs/about.md, line 2: ")


@pytest.mark.parametrize(
    ("html", "text", "told"),
    [
        ("<!-- a --!>-->", "x\n<!-- a --!>-->", ", line 2: a page may not hold a comment"),
        ("<![CDATA[x]]>", "x\n<![CDATA[x]]>", ", line 2: a page may not hold CDATA"),
        # The page's source may be written otherwise from the 13th character on, or from the fifth.
        (
            "<!-- aaaaaaab --!>-->",
            "<!-- aaaaaaY\n<!-- aaaaaaaX",
            ", line 2: a page may not hold a comment",
        ),
        ("<!-- a --!>-->", "<!-x\n<!--x", ", line 2: a page may not hold a comment"),
        ("<!-- a --!>-->", "x", ": a page may not hold a comment"),
    ],
)
def test_what_browsers_end_elsewhere_is_told_with_its_line(html, text, told):
    assert refusals(faults_in(html, ""), "docs/a.md", text) == [
        f"docs/a.md{told} that browsers end elsewhere; it might hide elements"
    ]


def test_code_is_blank_and_attributes_are_lowercase():
    assert without_code("a `b\nc` ``d`` e`") == "a   \n         e`"
    assert attributes_of('<a HREF="X" b>') == {"href": "X", "b": ""}


# The same as MkDocs meets it.


def content(root, uri, html, text=""):
    """What MkDocs's event makes of a page's HTML."""
    name = uri.rpartition("/")[2].rpartition(".")[0]
    file = SimpleNamespace(src_uri=uri, name=name, content_string=text)
    url = uri.rpartition(".")[0].removesuffix("index") + "/"
    page = SimpleNamespace(file=file, url=url.removeprefix("/"))
    return events.checked(html, page, root)


def test_lessons_and_pages_are_looked_through(built):
    asks = '<p>x</p><script src="../assets/play.js"></script>'
    assert content(built.root, "play.md", asks) == asks
    assert content(built.root, "lessons/alpha.ipynb", "<p>x</p>") == "<p>x</p>"
    with pytest.raises(PluginError, match=r"^docs/play.md, line 2: a page may not hold <script>"):
        content(built.root, "play.md", "<script>x</script>", "\n<script>x</script>")
    asks = asks.replace("../", "../../")
    with pytest.raises(PluginError, match=r"^lessons/alpha.py: a page may not hold <script>; .*"):
        content(built.root, "lessons/alpha.ipynb", asks)
    with pytest.raises(PluginError) as caught:
        content(built.root, "lessons/alpha.ipynb", '<form><b onclick="x">')
    assert len(str(caught.value).splitlines()) == 2


def test_a_script_in_a_lesson_stops_a_build(project):
    before = project.kept("site")
    project.edit("lessons/beta.py", "# Words of beta.", "# Words.\n#\n# <script>alert(1)</script>")
    done = project.build()
    assert done.returncode and "Traceback" not in done.stdout
    line = project.read("lessons/beta.py").splitlines().index("# <script>alert(1)</script>") + 1
    told = f"lessons/beta.py, Markdown cell 1, line {line}: a page may not hold <script>"
    assert done.stdout.count(told) == 1, done.stdout
    assert project.kept("site") == before and not project.leftovers()


def test_a_script_in_a_description_is_text(project):
    bad = """# description: 'Second."><script>alert(1)</script>'"""
    project.edit("lessons/beta.py", "# description: The second tiny lesson.", bad)
    project.edit("docs/index.md", "<!-- lessons -->", "")
    done = project.run("slidingwindows.site.mkdocs", "build", "--strict")
    assert done.returncode == 0, done.stdout
    head = project.read("site/lessons/beta/index.html").partition("</head>")[0]
    told = "Second.&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    assert f'name="description" content="{told}"' in head
    assert "<script>alert" not in head


def test_a_script_that_gets_into_a_head_stops_a_build(project):
    """Material puts an author into the head as it is."""
    head = """---\nauthor: 'Me."><script>alert(1)</script>'\n---\n"""
    project.edit("docs/index.md", "# Tiny home", f"{head}# Tiny home")
    project.edit("docs/index.md", "<!-- lessons -->", "")
    done = project.run("slidingwindows.site.mkdocs", "build", "--strict")
    assert done.returncode and "Traceback" not in done.stdout
    told = "index.html: a script that no template of the theme holds: 'alert(1)'"
    assert told in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ('<img src="https://example.com/a.png" alt="a">', "src= of another host on <img>"),
        ('<IMG SRC=" HTTPS://example.com/a.png" alt="a">', "src= of another host on <img>"),
        ('<img src="//example.com/a.png" alt="a">', "src= of another host on <img>"),
        ('<img src="https:example.com/a.png" alt="a">', "src= of another host on <img>"),
        ('<img srcset="a.png 1x, //b.org/a.png 2x" alt>', "srcset= of another host on <img>"),
        ('<video poster="http://b.org/a.png"></video>', "poster= of another host on <video>"),
        ('<image href="https://b.org/a.svg" />', "href= of another host on <image>"),
        ('<image xlink:href="//b.org/a.svg" />', "xlink:href= of another host on <image>"),
        ('<use href="//b.org/a.svg" />', "href= of another host on <use>"),
        ('<use xlink:href="ftp://b.org/a.svg" />', "xlink:href= of another host on <use>"),
        ('<body background="//b.org/a.png">', "background= of another host on <body>"),
    ],
)
def test_pictures_of_other_hosts_are_refused_by_name(html, what):
    """Browsers would not show them here, for the policy keeps pages to their own host."""
    assert named(html) == what
    with pytest.raises(SlidingWindowsError, match="^lessons/x.py: a page may not hold"):
        fragment(html, "lessons/x.py")


def test_pictures_of_this_site_and_links_to_others_are_not():
    for html in (
        '<img src="../a.png" alt="a">',
        '<img src="data:image/png;base64,//8A//8A" alt="a">',
        '<img srcset="data:image/png;base64,//8A 1x" alt="a">',
        '<a href="https://example.com/a.png">a</a>',
    ):
        assert named(html) == ""
        assert fragment(html, "lessons/x.py")
