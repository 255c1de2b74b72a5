"""What setup installs: the lock by hash, and torch's small build where there is one."""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
import venv
import zipfile
from functools import partial
from importlib.metadata import distribution, version
from pathlib import Path

import pip
import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from slidingwindows.course.project import SET_UP

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TORCH = Requirement((ROOT / "requirements-torch.txt").read_text("utf-8").splitlines()[-1])
[WANTED] = [one.version for one in TORCH.specifier]
LINE = re.compile(
    r"^([a-z0-9-]+)==([^ ]+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", re.M
)
# An interpreter that notes what it is asked, installs nothing and has no torch.
STUB = """#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in -c*) exit 1 ;; *"pip install"*) exit 0 ;; esac
exec {python} "$@"
"""


def locked():
    """{name: version} of the lock's lines that count for this Python on this platform."""
    found = {}
    for name, number, marker, _ in LINE.findall((ROOT / "requirements.lock").read_text("utf-8")):
        if not marker or Marker(marker).evaluate():
            assert name not in found, f"{name} has two versions for one Python"
            found[name] = number
    return found


def needed():
    """All that this project and its tests need, by what the installed packages say."""
    tables = PROJECT["project"]
    waiting = [*tables["dependencies"], *PROJECT["build-system"]["requires"]]
    waiting += [one for extra in tables["optional-dependencies"].values() for one in extra]
    waiting = [(Requirement(one), "") for one in waiting]
    found = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in found:
                found.add((name, wanted))
                waiting += [(Requirement(one), wanted) for one in distribution(name).requires or ()]
    return {name for name, _ in found}


def is_cuda(name):
    return name == "triton" or name.startswith(("nvidia-", "cuda-"))


def test_every_line_of_the_lock_has_hashes():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    names = re.findall(r"^[^#\s].*==.*$", text, re.M)
    assert len(LINE.findall(text)) == len(names) > 100
    assert LINE.sub("", text).splitlines() == text.splitlines()[:1]
    hashes = re.findall(r"sha256:(\w+)", text)
    assert len(hashes) == len(set(hashes)) > 1000  # files of one release each


def test_the_lock_holds_what_is_needed_and_no_torch_nor_cuda():
    ours = {name for name in needed() if not is_cuda(name)} - {"torch"}
    assert ours <= set(locked())
    assert not [name for name in locked() if is_cuda(name) or name == "torch"]


def test_what_is_installed_is_what_is_locked():
    theirs = {name: version(name) for name in locked()}
    assert theirs == locked()
    assert version("torch").partition("+")[0] == WANTED
    assert TORCH.specifier == Requirement(f"torch=={WANTED}").specifier and not TORCH.marker


def test_a_version_of_its_own_for_no_range_of_pythons_is_missing():
    """Lines of one package share out the Pythons between them: each gets one version."""
    pythons = ("3.11.0", "3.11.5", "3.12.0", "3.13.0", "3.14.0")
    text = (ROOT / "requirements.lock").read_text("utf-8")
    ranges = {}
    for name, _, marker, _ in LINE.findall(text):
        ranges.setdefault(name, []).append(marker)
    for name, markers in ranges.items():
        for python in pythons if len(markers) > 1 else ():
            here = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
            assert [Marker(one).evaluate(here) for one in markers].count(True) == 1, (name, python)


def test_setup_installs_by_hash_and_builds_with_the_locked_setuptools():
    script = (ROOT / "scripts" / "setup.sh").read_text("utf-8")
    installs = re.findall(r"pip install (.*)", script)
    assert ["--require-hashes" in one for one in installs] == [True, False]
    assert "--only-binary :all:" in installs[0] and installs[0].endswith("-r requirements.lock")
    assert "--no-deps" in installs[1] and "--no-build-isolation" in installs[1]
    assert "setuptools" in locked()


def test_npm_installs_by_hash_and_runs_no_package_s_script():
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]
    assert lock.pop("")["devDependencies"] == wanted
    assert len(lock) > 50 and all(one["integrity"].startswith("sha512-") for one in lock.values())
    for name, number in wanted.items():
        installed = Path(sys.prefix, "node_modules", name, "package.json").read_text("utf-8")
        assert json.loads(installed)["version"] == lock[f"node_modules/{name}"]["version"] == number
    script = (ROOT / "scripts" / "node.sh").read_text("utf-8")
    assert re.search(r"npm-cli.js\" ci .*\n? *--ignore-scripts", script)
    assert 'scripts/node.sh "$venv"' in (ROOT / "scripts" / "setup.sh").read_text("utf-8")


def test_another_lock_means_another_setup():
    """make's stamp is older then, and an interrupted set-up leaves none."""
    rule = re.search(r"^\$\(READY\): ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.M)[1]
    needs = {"requirements.lock", "requirements-torch.txt", "package-lock.json", "package.json"}
    assert needs <= set(rule.split())


def test_a_package_that_is_not_the_locked_file_is_refused(tmp_path):
    """pip's own word for it: a wheel of the right name and version with other bytes."""
    wheel(tmp_path, "six", locked()["six"])
    six = next(
        one for one in LINE.finditer((ROOT / "requirements.lock").read_text()) if one[1] == "six"
    )
    (tmp_path / "lock").write_text(six[0])
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--require-hashes",
        "--no-index",
    ]
    command += ["--find-links", tmp_path, "-d", tmp_path / "got", "-r", tmp_path / "lock"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True)
    assert done.returncode and "DO NOT MATCH THE HASHES" in done.stderr, done.stderr


def wheel(folder, name, number):
    """An empty package that pip can install."""
    path = folder / f"{name}-{number}-py3-none-any.whl"
    info = f"{name}-{number}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
        )
        tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    return path


def environment(folder, **more):
    """A user without settings of their own for pip."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "TORCH_"))}
    return {**plain, "PIP_CONFIG_FILE": os.devnull, "LOG": str(folder / "log"), **more}


@pytest.fixture
def fake(tmp_path):
    """A virtual environment whose Python only takes notes."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUB.format(python=sys.executable))
    python.chmod(0o755)
    return tmp_path


@pytest.fixture
def index(tmp_path):
    """Serves a folder as an index does; returns its address and torch's page's folder."""
    page = tmp_path / "index" / "torch"
    page.mkdir(parents=True)
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *a: None})
    serve = partial(quiet, directory=page.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", page
        server.shutdown()


def install(folder, address, patience=600, **more):
    """torch.sh in that environment; returns what pip was asked to install, how often it looked."""
    settings = environment(folder, TORCH_INDEX=address, TORCH_PATIENCE=str(patience), **more)
    command = [ROOT / "scripts" / "torch.sh", folder / "venv"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asked = (folder / "log").read_text().splitlines()
    installs = [line.partition("install --quiet ")[2] for line in asked if "pip install" in line]
    return installs, sum("index versions" in line for line in asked), done.stderr


SMALL = f"torch-{WANTED}+cpu-py3-none-any.whl"


def test_where_the_index_has_a_cpu_build_it_is_taken(fake, index):
    address, page = index
    (page / SMALL).write_text("")
    installs, looked, said = install(fake, address)
    assert installs == [f"--index-url {address} torch=={WANTED}"] and looked == 1
    assert f"CPU build from {address}" in said


def test_an_index_without_our_build_is_not_used(fake, index):
    """pip tells all that it may take in one line, among which ours must not be seen."""
    address, page = index
    for name in (
        SMALL.replace("+cpu", ""),  # no CPU build
        SMALL.replace(WANTED, "2.12.9"),  # of another version
        SMALL.replace(WANTED, WANTED + ".1"),
        SMALL.replace("py3-none-any", "cp27-cp27m-win_amd64"),  # for another Python
    ):
        (page / name).write_text("")
    installs, looked, said = install(fake, address)
    assert installs == [f"torch=={WANTED}"] and looked == 1
    assert "several GB" in said


def test_an_index_that_is_not_there_is_not_used(fake):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nothing listens
        installs, looked, said = install(fake, f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert installs == [f"torch=={WANTED}"] and looked == 1 and "several GB" in said


def test_an_index_that_hangs_is_waited_for_only_so_long(fake):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        installs, _, said = install(fake, f"http://127.0.0.1:{silent.getsockname()[1]}", 1)
    assert installs == [f"torch=={WANTED}"] and "several GB" in said


@pytest.mark.parametrize(
    "setting",
    [
        {"PIP_INDEX_URL": "https://example.org/simple"},
        {"PIP_EXTRA_INDEX_URL": "https://example.org/simple"},
        {"PIP_FIND_LINKS": "/somewhere"},
        {"PIP_NO_INDEX": "1"},
        {"PIP_CONFIG_FILE": "[global]\nindex-url = https://example.org/simple\n"},
        {"PIP_CONFIG_FILE": "[install]\nfind-links = /somewhere\n"},
    ],
    ids=lambda setting: " ".join(f"{k}={v}" for k, v in setting.items()).split("\n")[-2:][0][:40],
)
def test_a_users_own_settings_win(fake, index, setting):
    address, page = index
    (page / SMALL).write_text("")
    if "PIP_CONFIG_FILE" in setting:
        (fake / "pip.conf").write_text(setting["PIP_CONFIG_FILE"])
        setting = {"PIP_CONFIG_FILE": str(fake / "pip.conf")}
    installs, looked, _ = install(fake, address, **setting)
    assert installs == [f"torch=={WANTED}"] and looked == 0


def test_settings_that_name_no_place_change_nothing(fake, index):
    address, page = index
    (page / SMALL).write_text("")
    installs, _, _ = install(fake, address, PIP_DEFAULT_TIMEOUT="99", PIP_NO_CACHE_DIR="1")
    assert installs == [f"--index-url {address} torch=={WANTED}"]


def test_elsewhere_than_on_linux_pypi_has_the_small_build(fake, index):
    address, page = index
    (page / SMALL).write_text("")
    uname = fake / "bin" / "uname"
    uname.parent.mkdir()
    uname.write_text("#!/bin/sh\necho Darwin\n")
    uname.chmod(0o755)
    installs, looked, said = install(fake, address, PATH=f"{uname.parent}:{os.environ['PATH']}")
    assert installs == [f"torch=={WANTED}"] and looked == 0 and said == ""


def test_a_real_pip_installs_it_and_then_leaves_it(tmp_path, index):
    address, page = index
    wheel(page, "torch", f"{WANTED}+cpu")
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    [packages] = (tmp_path / "venv").glob("lib/python*/site-packages")
    # The pip of this environment, which need not be unpacked and compiled first.
    (packages / "pip").symlink_to(Path(pip.__file__).parent)
    (tmp_path / "log").write_text("")
    install(tmp_path, address)
    what = [python, "-c", "from importlib.metadata import version; print(version('torch'))"]
    assert subprocess.run(what, capture_output=True, text=True).stdout.strip() == f"{WANTED}+cpu"
    with socket.socket() as closed:  # nobody is asked a second time
        closed.bind(("127.0.0.1", 0))
        said = install(tmp_path, f"http://127.0.0.1:{closed.getsockname()[1]}")[2]
    assert said == ""


def test_a_wheel_carries_what_a_site_elsewhere_needs(tmp_path):
    """Beside the package itself, from a copy, since setuptools leaves its work in the folder."""
    copy = tmp_path / "copy"
    for name in ("assets", "scripts"):
        unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "benches")
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    command += [tmp_path, "--no-build-isolation", "--disable-pip-version-check", copy]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    package = ROOT / "scripts" / "slidingwindows"
    needed = {f"home/{name}": ROOT / name for name in (*SET_UP, "LICENSE")}
    needed |= {f"home/{name}": ROOT / name for name in ("package.json", "package-lock.json")}
    for folder, place in ((ROOT / "assets", "home/assets"), (package, "")):
        paths = [path for path in folder.rglob("*") if "__pycache__" not in path.parts]
        files = [path for path in paths if path.is_file()]
        needed |= {f"{place}/{path.relative_to(folder)}".lstrip("/"): path for path in files}
    for name, path in needed.items():
        assert held.get(f"slidingwindows/{name}") == path.read_bytes(), name
