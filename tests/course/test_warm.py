"""A lesson in a fork gives what a kernel of its own gives, and leaves nothing behind."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import torch
from tiny_project import HANGING, Project, lesson

from slidingwindows import SlidingWindowsError, slide
from slidingwindows.course import execution, lessons, warm
from slidingwindows.site import assets
from slidingwindows.tracing.script import script

ROOT = Path(__file__).parents[2]

# Everything by which a cell can show something.
SHOWING = [
    "import sys, os\nprint(sys.path.index(''), os.getcwd() == os.environ['HOME'])",
    "print(sorted(name for name in os.environ if name[:4] not in ('JPY_', 'PYDE')))\n"
    "print(os.environ['SLIDINGWINDOWS_BUILD'], os.environ['OMP_NUM_THREADS'])",
    "1 + 1;",
    "1 + 1",
    "_ + Out[4], In[3], __name__, type(get_ipython()).__name__, sys.stdin.read()",
    "sys.stdout.isatty(), sys.stdout.encoding, sys.stderr.writable()",
    "from IPython.display import HTML, Markdown, clear_output, display\n"
    "a = display('first', display_id=True)\ndisplay(HTML('<b>x</b>'))\na.update('second')\n'last'",
    "print('gone')\ndisplay(1)\nclear_output(wait=True)\nprint('left')",
    "print('out')\nprint('error', file=sys.stderr)\ndisplay(2)\nprint('out again')",
    "import asyncio\nawait asyncio.sleep(0)\n'waited'",
    "!echo from a program",
    "%%writefile note.txt\nkept in the lesson's folder",
    "open('note.txt').read()",
    "%alias_magic t timeit",
    "import torch\nfrom torch import nn\nnn.MaxPool2d(2)(torch.arange(16.0).reshape(1, 4, 4))",
    "class Picture:\n    def __repr__(self): return 'a picture'\n"
    "    def _repr_png_(self):\n        return bytes.fromhex('89504e470d0a1a0a')\n"
    "Picture()",
    "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.gcf()",
    "import warnings\nwarnings.simplefilter('ignore')\nwarnings.warn('unseen')",
    "sys.stdout.write(5)",
    "sys.modules['__main__'].__dict__ is globals(), torch.get_num_threads()",
    "def after(): return inspect.getsource(after)\nimport inspect\nafter()",
    "1 / 0",
    "class Odd:\n    def __repr__(self): raise ValueError('odd')\nOdd()",
    "def",
    "get_ipython().execution_count",
]
RAISE = ("sys.stdout.write(5)", "1 / 0", "class Odd", "def\n")

# One lesson changes all that a process shares, and another looks at it.
LEAKING = [
    "import builtins, os, random, sys, torch\nimport numpy as np\nfrom torch import nn",
    "torch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)\ntorch.manual_seed(1)",
    "nn.MaxPool2d = nn.AvgPool2d\nbuiltins.leak = sys.modules['leak'] = 'leak'",
    "sys.path.append('leak')\nos.environ['LEAK'] = 'leak'\nopen('leak.txt', 'w').write('leak')",
    "import slidingwindows\nslidingwindows.slide = None\nos.nice(1)",
    "np.set_printoptions(precision=1)\ntorch.set_printoptions(precision=1)",
]
LOOKING = [
    "import builtins, os, random, sys, torch\nimport numpy as np\nfrom torch import nn\n"
    "from slidingwindows import slide",
    "torch.get_default_dtype(), torch.is_grad_enabled(), nn.MaxPool2d.__name__",
    "sorted({*os.listdir('.')} - {'kernel.json'})",  # a kernel's own
    "hasattr(builtins, 'leak'), 'leak' in sys.modules, 'leak' in sys.path, 'LEAK' in os.environ",
    "np.array([0.123456]), torch.tensor([0.123456]), slide.__name__, os.nice(0)",
    "'leak' in globals()",
]

FIGURE = {
    "kind": "trace",
    "name": "a",
    "caption": "",
    "trace": slide(torch.nn.MaxPool2d(2), torch.arange(16.0).reshape(1, 4, 4)).to_dict(),
}


def written(folder, name, cells, raising=()):
    """A lesson on disk whose cells that begin so may raise."""
    text = lesson(name.title(), *cells)
    for start in raising:
        text = text.replace(f"# %%\n{start}", f'# %% tags=["raises-exception"]\n{start}')
    path = folder / "lessons" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return lessons.read(path)


def plain(outputs):
    """Without tracebacks, which name a kernel's process and which no page shows."""
    return [
        [{k: v for k, v in output.items() if k != "traceback"} for output in shown]
        for shown in outputs
    ]


def test_a_fork_shows_what_a_kernel_shows(tmp_path):
    both = written(tmp_path, "showing", SHOWING, RAISE)
    forked, kernel = (plain(execution.run(both, forked=forked)[0]) for forked in (True, False))
    assert len(forked) == len(SHOWING)
    for source, ours, theirs in zip(SHOWING, forked, kernel, strict=True):
        assert ours == theirs, source
    kinds = {output["output_type"] for shown in forked for output in shown}
    assert kinds == {"stream", "display_data", "execute_result", "error"}


def test_nothing_leaks_from_lesson_to_lesson(tmp_path):
    looking = written(tmp_path, "looking", LOOKING)
    before, first = execution.run(looking)
    _, second = execution.run(written(tmp_path, "leaking", LEAKING))
    after, third = execution.run(looking)
    kernel, _ = execution.run(looking, forked=False)
    assert before == after == kernel
    assert len({*first, *second, *third}) == 2 + 3, "one build, one process that waits, three forks"


def test_forks_draw_numbers_of_their_own(tmp_path):
    cell = (
        "import random, torch\nimport numpy as np\nrandom.random(), np.random.rand(), torch.rand(1)"
    )
    drawing = written(tmp_path, "drawing", [cell])
    texts = [execution.run(drawing)[0][0][0]["data"]["text/plain"] for _ in range(2)]
    for first, second in zip(*(text.split(", ") for text in texts), strict=True):
        assert first != second


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("exit()", "a lesson runs to its end"),
        ("quit()", "a lesson runs to its end"),
        ("input('Name? ')", "nobody answers input()"),
    ],
)
def test_what_a_lesson_cannot_do(tmp_path, cell, said):
    with pytest.raises(
        SlidingWindowsError, match=r"^lessons/odd.py, code cell 2, line \d+: "
    ) as told:
        execution.execute(written(tmp_path, "odd", ["1", cell]))
    assert said in str(told.value)


def test_what_is_written_past_python_comes_in_its_order(tmp_path):
    cells = [
        "import os, sys\nos.write(1, b'a'); print('b'); os.system('echo c'); print('d')",
        "os.write(1, b'\\xc3'); print('cut', end=''); os.write(1, b'\\xa9');",
        "child = os.fork()\nif not child:\n    print('from a child', flush=True)\n    os._exit(0)\n"
        "os.waitpid(child, 0);",
    ]
    outputs, _ = execution.run(written(tmp_path, "order", cells))
    assert [shown[0]["text"] for shown in outputs] == ["ab\nc\nd\n", "cuté", "from a child\n"]


def alive(process):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{process}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"  # dead, and not yet buried
        return True
    return False


def wait_until_gone(*processes):
    ends = time.monotonic() + HANGING
    while any(map(alive, processes)):
        assert time.monotonic() < ends, f"still there: {processes}"
        time.sleep(0.05)


def test_programs_that_a_lesson_started_end_with_it(tmp_path):
    cell = "import os, subprocess\nprint(subprocess.Popen(['sleep', '3600']).pid, os.getpid())"
    outputs, _ = execution.run(written(tmp_path, "starts", [cell]))
    wait_until_gone(*map(int, outputs[0][0]["text"].split()))


def test_a_killed_build_leaves_no_process_and_no_folder(tmp_path):
    scratch = tmp_path / "scratch"
    log = scratch / "log"
    cell = (
        f"import os, time\nopen({str(log)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}}')\n"
        "time.sleep(3600)"
    )
    project = Project.create(tmp_path / "project", {"sleeps": lesson("Sleeps", cell)})
    scratch.mkdir()
    build = project.start("slidingwindows", "site", TMPDIR=str(scratch))
    made = project.cache / "play"  # bundled by then, in a folder that the next build would sweep
    while not log.exists() or " " not in log.read_text() or not list(made.rglob("*.js")):
        assert build.poll() is None
        time.sleep(0.05)
    assert len(os.listdir(scratch)) > 1
    others = psutil.Process(build.pid).children(recursive=True)
    [waiting] = [one for one in others if "slidingwindows.site.mkdocs" in one.cmdline()]
    os.kill(build.pid, signal.SIGKILL)
    wait_until_gone(waiting.pid, *map(int, log.read_text().split()))
    build.wait()
    assert os.listdir(scratch) == ["log"]


def test_threads_of_an_import_are_a_reason_not_to_fork(tmp_path):
    (tmp_path / "threads_here.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=[60], daemon=True).start()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    with pytest.raises(warm.Unavailable, match="importing threads_here left 2 threads"):
        warm.Server(["threads_here"], environment)
    # What cannot be imported is the lesson's to say.
    warm.Server(["no_such_module"], environment).close()


def test_without_forks_each_lesson_has_a_kernel(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise warm.Unavailable("no forks today")

    monkeypatch.setattr(warm, "server", refuse)
    asks = written(tmp_path, "asks", ["import sys\nsys.argv[0].endswith('ipykernel_launcher.py')"])
    with caplog.at_level("INFO"):
        execution.warm_up([asks])
        outputs, _ = execution.run(asks)
    assert outputs[0][0]["data"]["text/plain"] == "True"
    assert "each lesson gets a kernel of its own: no forks today" in caplog.text


def test_what_cannot_be_forked_is_tried_once(monkeypatch):
    tried = []

    def refuse(modules, environment):
        tried.append(modules)
        raise warm.Unavailable("threads")

    monkeypatch.setattr(warm, "Server", refuse)
    for _ in range(3):
        with pytest.raises(warm.Unavailable, match="^threads$"):
            warm.server(["torch"], {"TRIED": "once"})
    assert tried == [["torch"]]


def test_another_package_or_environment_is_not_served_by_the_old_process(tmp_path, monkeypatch):
    first = warm.server([], {"A": "1", "PYTHONPATH": os.pathsep.join(sys.path)})
    assert warm.server(["torch"], {"A": "1", "PYTHONPATH": os.pathsep.join(sys.path)}) is first
    other = warm.server([], {"A": "2", "PYTHONPATH": os.pathsep.join(sys.path)})
    assert other is not first and first.process.poll() is not None and not first.folder.exists()
    (tmp_path / "changed.py").write_text("")
    monkeypatch.setattr(warm, "HERE", tmp_path)
    assert warm.server([], {"A": "2", "PYTHONPATH": os.pathsep.join(sys.path)}) is not other
    warm.close()


def test_what_lessons_import_is_found_before_they_are_read():
    """So that the process which was started early need not be started again."""
    folder = ROOT / "lessons"
    texts = [path.read_text("utf-8") for path in lessons.paths_of(folder)]
    assert set(warm.modules_in(texts)) >= set(warm.modules_of(lessons.find(folder)))


def test_the_process_started_for_unread_lessons_runs_them(tmp_path):
    one = written(tmp_path, "one", ["import numpy\nfrom PIL import Image\n1 + 1"])
    warm.close()
    execution.warm_up_unread(one.path.parent)
    early = warm.server([], execution._common())
    assert early.modules >= {"numpy", "PIL"}
    execution.warm_up([one])
    assert warm.server([], execution._common()) is early
    assert execution.run(one)[0][0][0]["data"]["text/plain"] == "2"
    two = written(tmp_path, "two", ["from scipy import stats"])
    execution.warm_up([one, two])  # one that was written since then
    assert warm.server([], execution._common()) is not early
    warm.close()


def test_one_process_draws_one_figure_after_the_other():
    waiting = warm.server(["slidingwindows.export.render"], execution._common())
    whole = warm.drawn(waiting, FIGURE, "")
    server = psutil.Process(waiting.process.pid)
    (first,) = server.children()
    with pytest.raises(RuntimeError, match="^KeyError: 'nothing'$"):
        warm.drawn(waiting, {**FIGURE, "kind": "nothing"}, "")
    assert warm.drawn(waiting, FIGURE, "").files == whole.files and server.children() == [first]
    first.kill()
    first.wait()
    assert warm.drawn(waiting, FIGURE, "").files == whole.files  # in another one
    (second,) = server.children()
    assert second != first
    warm.rest()
    second.wait()
    warm.close()


def test_a_fork_says_what_the_script_must_know_of_torch(monkeypatch):
    warm.close()
    assert warm.running() is None
    waiting = warm.server(["slidingwindows.tracing.script"], execution._common())
    assert warm.running() is waiting
    assert warm.script(waiting, ["MaxPool2d", "Fold"]) == script(["MaxPool2d", "Fold"])
    with pytest.raises(RuntimeError, match="^AttributeError: .* no attribute 'Gone'$"):
        warm.script(waiting, ["MaxPool2d", "Gone"])
    kill(waiting)
    assert warm.running() is None
    with pytest.raises(warm.Ended):
        warm.script(waiting, ["MaxPool2d"])
    monkeypatch.setattr(warm, "running", lambda: waiting)  # it is killed a moment later
    assert assets._asked(["MaxPool2d"]) == script(["MaxPool2d"])
    warm.close()


def test_a_figure_of_which_processes_die_is_told_of(monkeypatch):
    waiting = warm.server(["slidingwindows.export.render"], execution._common())
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(waiting, "ask", lambda request: ours)
    theirs.close()
    with pytest.raises(RuntimeError, match="^the process that drew it died$"):
        warm.drawn(waiting, {}, "")
    assert not waiting.drawing
    warm.close()


def kill(waiting):
    """What the system does to a process when memory is short."""
    waiting.process.kill()
    waiting.process.wait()


def current():
    return warm.server([], execution._common())


def test_a_server_that_was_killed_is_replaced_by_one_that_imports_as_much(tmp_path):
    warm.close()
    one = written(tmp_path, "one", ["from PIL import Image\nImage.new('L', (3, 2)).size"])
    before = execution.run(one, keep=True)[0]
    (waits,) = (state.process for state in current().kept[one.path].waiting.values())
    for use in (
        lambda: execution.run(one)[0] == before,
        lambda: execution.warm_up([one]) is None,
        lambda: execution.draw(FIGURE, "").files,
    ):
        old = current()
        kill(old)
        assert use()
        assert current() is not old and current().modules >= old.modules >= {"PIL"}
    wait_until_gone(waits)
    folders = [one.folder for one in warm._lost]
    assert len(folders) == 3 and all(folder.exists() for folder in folders)
    warm.close()
    assert not warm._lost and not any(folder.exists() for folder in folders)


def test_a_lesson_outlives_the_process_that_it_was_forked_from(tmp_path):
    """Nor does the next server take its folder away, even if another lesson starts that."""
    warm.close()
    go_on, old = tmp_path / "go-on", current()
    cells = [
        f"import os, signal\nos.kill({old.process.pid}, signal.SIGKILL)\n"
        "open('kept', 'w').write('x')",
        f"import time\nwhile not os.path.exists({str(go_on)!r}):\n    time.sleep(0.05)",
        "open('kept').read()",
    ]
    one = written(tmp_path, "one", cells)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(execution.run, one)
        old.process.wait(HANGING)
        try:
            other = execution.run(written(tmp_path, "other", ["6 * 7"]))[0]
            assert current() is not old
        finally:
            go_on.touch()
    assert other[0][0]["data"]["text/plain"] == "42"
    assert first.result()[0][2][0]["data"]["text/plain"] == "'x'"
    warm.close()


@pytest.mark.parametrize("killed", ["before it is asked", "after"])
@pytest.mark.parametrize("times", [1, execution.TRIES], ids=["once", "each time"])
def test_a_server_killed_before_it_forks_costs_no_lesson_and_no_figure(
    tmp_path, monkeypatch, killed, times
):
    """Nothing has run yet, so that another one may do it, or in the end none."""
    one, ask, died = written(tmp_path, "one", ["6 * 7"]), warm.Server.ask, []

    def ask_the_dead(self, request):
        if len(died) == times:
            return ask(self, request)
        died.append(self)
        if killed == "after":
            self.process.send_signal(signal.SIGSTOP)
            connection = ask(self, request)
            kill(self)
            return connection
        kill(self)
        return ask(self, request)

    monkeypatch.setattr(warm.Server, "ask", ask_the_dead)
    for use in (
        lambda: execution.run(one)[0][0][0]["data"]["text/plain"] == "42",
        lambda: execution.draw(FIGURE, "").files,
    ):
        died.clear()
        assert use()
        assert len(died) == times
    warm.close()


def ended_build(control, stage):
    """Do with a server what a build does that is killed at this stage."""
    if stage == "it starts":
        return
    select.select([control], [], [], HANGING)
    if stage == "nothing is read":
        return
    assert json.loads(control.recv(1 << 16)) == {"problem": ""}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        socket.send_fds(control, [b"."], [theirs.fileno()])
        ours.sendall({"it asks": b"", "it is asking": b'{"figure":'}[stage])


@pytest.mark.parametrize("stage", ["it starts", "nothing is read", "it asks", "it is asking"])
def test_when_its_build_is_gone_the_server_ends_without_a_word(tmp_path, stage):
    own = tmp_path / "own"  # which it removes
    own.mkdir()
    ours, theirs = socket.socketpair()
    if stage == "it starts":
        ours.close()
    with theirs:
        command = [sys.executable, "-m", "slidingwindows.course.forking", str(theirs.fileno())]
        server = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=own,
            pass_fds=[theirs.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    with ours:
        ended_build(ours, stage)
    assert server.communicate(timeout=HANGING)[0] == "" and server.returncode == 0
    assert not own.exists()


def test_modules_of(tmp_path):
    cells = [
        "import torch.nn.functional as F, os",
        "from PIL import Image\nimport helper",
        "plot(1)",
    ]
    assert warm.modules_of([written(tmp_path, "one", cells)]) == [
        "PIL", "slidingwindows.drawing.plot", "slidingwindows.export.render", "torch.nn.functional",
    ]  # fmt: skip
    assert warm.modules_of([written(tmp_path, "two", ["x = 1"])]) == []
    assert warm.modules_of([written(tmp_path, "three", ["show(slide(pool, x), 'a', 'b')"])]) == [
        "slidingwindows.export.render", "slidingwindows.tracing.slide",
    ]  # fmt: skip


# What calls torch, and whether torch then imports sympy, with much that is its own.
CALLS = {
    "nn.MaxPool2d(2)(torch.ones(1, 4, 4, requires_grad=True)).sum().backward()": False,
    "nn.MaxUnpool2d(2)(torch.ones(1, 1, 1), torch.zeros(1, 1, 1, dtype=int))": True,
    "(2 * torch.ones(2, requires_grad=True)).backward(torch.ones(2))": True,
    'nn.Conv2d(1, 1, 2, device="meta")(torch.ones(1, 4, 4, device="meta"))': True,
    "torch.optim.SGD([torch.ones(1, requires_grad=True)])": True,
}
TRIED = """
import sys, torch
from torch import nn
sys.modules["sympy"] = None  # so that its import fails, which takes no time
for code in sys.argv[1:]:
    try:
        exec(code)
    except ImportError as error:
        assert error.name == "sympy"
        print(code)
"""


def test_what_torch_imports_by_itself_is_imported_ahead(tmp_path):
    """And only then: what no lesson calls would be a second of waiting for nothing."""
    run = [sys.executable, "-c", TRIED, *CALLS]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [code for code, late in CALLS.items() if late]
    for code, late in CALLS.items():
        modules = warm.modules_of([written(tmp_path, "one", [code])])
        assert bool(warm.BY_TORCH.keys() & modules) == late, code
