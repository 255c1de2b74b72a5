"""Pages whose bodies are kept: after any sequence of edits they are those of a clean build."""

import json
import os
import subprocess
import sys

import pytest
from mkdocs.config import load_config
from mkdocs.structure.files import Files

from slidingwindows.site.theming import quicker

# Builds as `mkdocs serve` does, all in one process: after each edit once with what is kept, once
# without. argv: the project, folders for the two sites. stdin: edits, as JSON.
BUILDS = """
import importlib, json, logging, os, shutil, sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config

root, *sites = map(Path, sys.argv[1:])
told = []
handler = logging.Handler(logging.INFO)
handler.emit = lambda record: told.append(record.getMessage())
logging.getLogger("mkdocs.structure.pages").addHandler(handler)
address = "http://127.0.0.1:8000/"


def once(site, serving):
    told.clear()
    events = importlib.import_module("slidingwindows.site.events")
    events.wait_warm = lambda root: None  # no code is edited here
    config = load_config(str(root / "mkdocs.yml"), site_dir=str(site))
    if serving:
        config.plugins.on_startup(command="serve", dirty=False)
    config.site_url = address
    build(config, serve_url=address)
    tops = [(Path(top), names) for top, _, names in os.walk(site, followlinks=True)]
    paths = [top / name for top, names in tops for name in names]
    files = {str(path.relative_to(site)): path.read_bytes() for path in paths}
    return files, list(told)


def forget():
    shutil.rmtree(root / ".cache" / "bodies", ignore_errors=True)
    for name in [name for name in sys.modules if name.split(".")[0] == "slidingwindows"]:
        del sys.modules[name]


def rendered():
    return {path.stem: path.read_bytes() for path in (root / ".cache" / "bodies").glob("*.made")}


once(sites[0], True)
for number, (path, old, new) in enumerate(json.load(sys.stdin)):
    before = rendered()
    place = root / path
    text = place.read_text("utf-8") if place.exists() else ""
    assert new is None or text.count(old) == 1, (path, old)
    place.parent.mkdir(exist_ok=True)
    place.unlink() if new is None else place.write_text(text.replace(old, new) or new, "utf-8")
    kept, said = once(sites[0], True)
    after = rendered()
    changed = sorted(name for name in after if after[name] != before.get(name))
    shutil.copytree(root / ".cache" / "bodies", root / "bodies")
    forget()
    shutil.rmtree(sites[1], ignore_errors=True)
    clean, said_then = once(sites[1], True)
    differing = sorted(n for n in kept.keys() | clean.keys() if kept.get(n) != clean.get(n))
    shutil.rmtree(root / ".cache" / "bodies")
    (root / "bodies").rename(root / ".cache" / "bodies")
    print(json.dumps([changed, differing, said, said_then]), flush=True)
"""

GLOSSARY = "# Glossary\n\n## bold { #bold }\n\nThick letters.\n"
NAV = "  - Home: index.md\n"
EDITS = [
    # (file, old, new; pages whose bodies are made again)
    ("lessons/alpha.py", "Words about", "Other words about", ["lessons--alpha"]),
    ("lessons/alpha.py", "Other words about", "Words about", ["lessons--alpha"]),
    ("scripts/slidingwindows/drawing/style.py", "# pixels; a phone", "# pixels, where a phone", []),
    ("scripts/slidingwindows/drawing/style.py", '"#1257a8"', '"#7a1fa2"', []),
    (
        "scripts/slidingwindows/course/inert.py", "from __future__ import annotations\n",
        "from __future__ import annotations\n\nCHANGED = True\n",
        ["index", "lessons--alpha", "lessons--beta"],
    ),
    ("lessons/beta.py", "Words of beta.", "A [way](../more.md).", []),  # goes nowhere
    ("docs/more.md", "", "# More\n\nSee [home](index.md).\n", ["lessons--beta", "more"]),
    ("lessons/beta.py", "# ## Second part", "# ## Other part", ["lessons--beta"]),
    ("lessons/beta.py", "# title: Beta plots", "# title: Gamma", ["index", "lessons--beta"]),
    (
        "docs/reference/glossary.md", "", GLOSSARY,
        ["lessons--alpha", "reference--glossary"],
    ),
    (
        "docs/reference/glossary.md", "Thick letters.", "Heavy letters.",
        ["lessons--alpha", "reference--glossary"],
    ),
    ("mkdocs.yml", NAV, "  - Start: index.md\n", ["index"]),
    ("mkdocs.yml", "  search_words:\n", "  search_words:\n    index: strange\n", ["index"]),
    ("assets/site.css", ".sw-offscreen", ".sw-elsewhere", []),
    ("docs/more.md", "", None, []),  # and beta's link goes nowhere again
]  # fmt: skip


@pytest.fixture(scope="module")
def steps(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    project = built.copy(folder / "project")
    environment = {**os.environ, "PYTHONPATH": str(project.root / "scripts")}
    environment["NO_MKDOCS_2_WARNING"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", BUILDS, project.root, folder / "kept", folder / "clean"],
        input=json.dumps([edit[:3] for edit in EDITS]),
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    return [json.loads(line) for line in lines]


def test_after_each_edit_every_page_is_that_of_a_clean_build(steps):
    assert len(steps) == len(EDITS)
    for edit, (_, differing, said, said_then) in zip(EDITS, steps, strict=True):
        assert not differing, edit
        assert said == said_then, edit
    assert sum(bool(said) for _, _, said, _ in steps) > 2, "some edits break links"


def test_only_what_changed_is_rendered(steps):
    """A page with a broken link is not kept, so that each build says so again."""
    found = [changed for changed, *_ in steps]
    assert found == [sorted(edit[3]) for edit in EDITS]


def test_no_file_of_the_theme_is_missed_and_its_templates_are_kept_compiled(built, tmp_path):
    config, compiled = load_config(str(built.root / "mkdocs.yml")), tmp_path / "compiled"
    icon = ".icons/material/school.svg"

    def found():
        env, files = config.theme.get_env(), Files([])
        files.add_files_from_theme(env, config)
        shown = {file.src_uri: file.abs_src_path for file in files}
        return shown, env.get_template(icon).render(), len(env.list_templates())

    *plain, listed = found()
    quicker(config.theme, compiled)
    *seen, few = found()
    assert seen == plain and len(plain[0]) > 20
    assert few < 1000 < listed and any(compiled.iterdir())
