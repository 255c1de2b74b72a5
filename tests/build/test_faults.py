"""What goes wrong is named, and what stood before stays."""

import json
import re

import pytest
from tiny_project import Project, lesson

ONE_LINE = "x = 1"


def refused(done):
    """The message of a build that failed without a traceback of ours."""
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def line_of(text, needle):
    return next(n for n, line in enumerate(text.splitlines(), 1) if needle in line)


def failing(tmp_path, *cells, name="gamma"):
    return Project.create(tmp_path / "failing", {name: lesson("Gamma", *cells)})


@pytest.mark.parametrize(
    "command",
    [("slidingwindows", "site"), ("mkdocs", "build"), ("mkdocs", "build", "--strict")],
)
def test_a_cell_that_raises_is_named_with_its_line(tmp_path, command):
    project = failing(tmp_path, ONE_LINE, "y = 2\n\nraise ValueError('boom')  # here")
    message = refused(project.run(*command))
    line = line_of(project.read("lessons/gamma.py"), "# here")
    assert f"lessons/gamma.py, code cell 2, line {line}: ValueError: boom" in message
    assert not list(project.cache.glob("executed/gamma*"))
    assert not project.leftovers()


def test_all_failing_lessons_are_reported_together(tmp_path):
    texts = {name: lesson(name.title(), f"raise KeyError('{name}')") for name in ("one", "two")}
    message = refused(Project.create(tmp_path / "both", texts).build())
    assert "lessons/one.py" in message and "lessons/two.py" in message


def test_an_endless_cell_is_named(tmp_path):
    project = failing(tmp_path, ONE_LINE, "while True:\n    pass")
    message = refused(project.build(SLIDINGWINDOWS_TIMEOUT="2"))
    assert "lessons/gamma.py, code cell 2" in message and "2 seconds" in message
    assert not project.leftovers()


def test_a_kernel_that_dies_is_named(tmp_path):
    project = failing(tmp_path, ONE_LINE, "import os\n\nos._exit(1)")
    message = refused(project.build())
    assert "lessons/gamma.py, code cell 2" in message and "kernel died" in message


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("[a way](nowhere.ipynb)", "nowhere.ipynb"),
        ("![a picture](../nothing.png)", "nothing.png"),
        ("[a part](beta.ipynb#no-such-part)", "no-such-part"),
        ("$x^2^3$", "x^2^3"),
        ("<!-- figure unknown-figure -->", "unknown-figure"),
    ],
)
def test_a_strict_build_finds_what_is_broken_and_keeps_the_last_site(project, broken, named):
    before = project.kept("site")
    marked = "Words about $x^2 < 9$, a"
    if broken.startswith("<!--"):
        project.edit("lessons/alpha.py", "# ## How it slides", f"# {broken}\n#\n# ## How it slides")
    else:
        project.edit("lessons/alpha.py", marked, f"{broken} {marked}")
    message = refused(project.build())
    assert named in message and "alpha" in message
    assert project.kept("site") == before
    assert not project.leftovers()


def test_a_lesson_that_raises_keeps_the_last_site(project):
    before = project.kept("site")
    project.edit("lessons/beta.py", "sum(numbers)", "sum(numbers) / 0")
    assert "ZeroDivisionError" in refused(project.build())
    assert project.kept("site") == before


def test_editing_prose_starts_no_kernel_and_changes_the_page(project):
    ran = project.executed()
    project.edit("lessons/beta.py", "Words of beta.", "Other words of beta.")
    assert project.build().returncode == 0
    assert project.executed() == ran
    assert "Other words of beta." in project.read("site/lessons/beta/index.html")
    assert "Other words of beta." in project.read("site/lessons/beta/beta.ipynb")


def test_editing_code_runs_that_lesson_alone(project):
    ran = project.executed()
    project.edit("lessons/beta.py", "numbers = [1, 2, 4]", "numbers = [1, 2, 5]")
    states = project.prepare()
    assert project.executed() == [*ran, "beta"]
    assert states["lesson alpha"] == states["figure tiny-pool"] == "fresh"
    assert states["lesson beta"] == "stale"


def test_editing_what_draws_redraws_without_running(project):
    ran = project.executed()
    project.edit("scripts/slidingwindows/frames.py", "1600, 3200", "1700, 3200")
    states = project.prepare()
    assert project.executed() == ran
    assert states["figure tiny-pool"] == "stale"
    assert states["lesson alpha"] == states["lesson beta"] == "fresh"


def test_editing_what_traces_runs_the_lessons(project):
    project.edit("scripts/slidingwindows/pooling.py", '"""Max and', '"""Both max and')
    states = project.prepare()
    assert states["lesson alpha"] == states["lesson beta"] == "stale"


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b'{"key": 1}'],
    ids=["empty", "truncated", "foreign"],
)
def test_damaged_cache_entries_are_made_again(project, damage):
    before = project.kept()
    for path in [*project.cache.glob("executed/*"), *project.cache.glob("figures/tiny-pool*")]:
        path.write_bytes(damage(path.read_bytes()))
    states = project.prepare()
    assert set(states.values()) == {"stale", "fresh"} and states["figure tiny-pool"] == "stale"
    after = project.kept()
    figures = [name for name in before if name.startswith("figures/")]
    assert figures and all(after[name] == before[name] for name in figures)


def test_a_removed_lesson_leaves_nothing(project):
    (project.root / "lessons" / "beta.py").unlink()
    project.edit("lessons/alpha.py", "a [way to beta](beta.ipynb), [its second part]", "a part")
    project.edit("lessons/alpha.py", "(beta.ipynb#second-part)", "")
    project.nav(["alpha"])
    done = project.build()
    assert done.returncode == 0, done.stdout
    for folder in ("site", ".cache"):
        assert not [name for name in project.kept(folder) if "beta" in name or "tiny-plot" in name]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# %%\nx = 1\n", "header"),
        ("# ---\n# title: T\n# ---\n\n# %%\nx = 1\n", "needs a description"),
        ("# ---\n# title: [\n# ---\n\n# %%\nx = 1\n", "not YAML"),
    ],
)
def test_a_bad_header_is_named(tmp_path, text, words):
    message = refused(Project.create(tmp_path / "bad", {"gamma": text}).build())
    assert "gamma.py" in message and words in message


SHOW = (
    "import torch\nfrom slidingwindows import slide\nfrom slidingwindows.lesson import show\n"
    "t = slide(torch.nn.MaxPool2d(2), torch.ones(1, 2, 2))"
)


def test_two_figures_of_one_name_are_refused(tmp_path):
    cells = (SHOW, "show(t, 'twin')", "show(t, 'twin')")
    message = refused(failing(tmp_path, *cells).build())
    assert "two figures are called 'twin'" in message


def test_a_figure_s_name_is_its_address(tmp_path):
    message = refused(failing(tmp_path, SHOW, "show(t, 'Not A Name')").build())
    assert "small letters, digits and hyphens" in message and "gamma.py" in message


def test_a_picture_without_words_is_refused(tmp_path):
    imports = "from PIL import Image\nfrom IPython.display import display"
    message = refused(failing(tmp_path, imports, "display(Image.new('L', (2, 2)))").build())
    assert "without alt text" in message and "gamma.py" in message


def test_a_cache_that_cannot_be_written_is_one_message(tmp_path):
    project = failing(tmp_path, ONE_LINE)
    (project.root / ".cache").write_text("in the way")
    message = refused(project.build())
    assert ".cache cannot be written" in message
    assert len(message.strip().splitlines()) == 1


def test_a_user_s_own_kernels_and_settings_change_nothing(built, tmp_path):
    kernel = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    spec = {"argv": ["/nonexistent"], "display_name": "Broken", "language": "python"}
    kernel.write_text(json.dumps(spec))
    config = tmp_path / "config" / "jupyter_nbconvert_config.py"
    config.parent.mkdir()
    config.write_text("raise SystemExit('a user setting was read')\n")
    (tmp_path / "matplotlibrc").write_text("font.size: 40\n")
    project = built.copy(tmp_path / "project")
    for path in project.cache.glob("executed/*"):
        path.unlink()
    done = project.build(
        JUPYTER_PATH=str(tmp_path / "jupyter"),
        JUPYTER_CONFIG_DIR=str(config.parent),
        MATPLOTLIBRC=str(tmp_path / "matplotlibrc"),
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^lesson +alpha +missing", done.stdout, re.M)
    assert project.kept("site").keys() == built.kept("site").keys()
    plots = "figures/tiny-plot.light.png"
    assert project.kept("site")[plots] == built.kept("site")[plots]


def test_plain_mkdocs_builds_the_same_pages(project):
    done = project.run("mkdocs", "build", "--strict", "--site-dir", "plain")
    assert done.returncode == 0, done.stdout
    theirs, ours = project.kept("plain"), project.kept("site")
    assert theirs.keys() == ours.keys()
    assert theirs["lessons/alpha/index.html"] == ours["lessons/alpha/index.html"]
