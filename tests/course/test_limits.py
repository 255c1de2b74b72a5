"""What a lesson may use of the machine: no network, and only so much of everything else."""

import re
import socket

import pytest
from tiny_project import lesson

from slidingwindows import SlidingWindowsError
from slidingwindows.course import execution, lessons, limits
from slidingwindows.course.pages import markdown

forked = pytest.mark.parametrize("forked", [True, False], ids=["forked", "in a kernel"])


def executed(tmp_path, forked, *cells):
    path = tmp_path / "lessons" / "greedy.py"
    path.parent.mkdir()
    path.write_text(lesson("Greedy", *cells))
    greedy = lessons.read(path)
    return markdown(greedy, execution.run(greedy, forked=forked)[0])


@forked
def test_no_network_for_python_nor_for_a_program_that_it_starts(tmp_path, forked):
    """A listener of ours waits on loopback, so nothing but the limit can be in the way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        asks = f"import socket; socket.create_connection(('127.0.0.1', {port})); print('came in')"
        page = executed(
            tmp_path,
            forked,
            f"try:\n    {asks}\nexcept PermissionError as error:\n    print(error)",
            "import subprocess, sys\n"
            f"done = subprocess.run([sys.executable, '-c', {asks!r}], capture_output=True)\n"
            "print(done.returncode, done.stderr.decode().strip().splitlines()[-1])",
            "import socket\na, b = socket.socketpair()\na.send(b'within the machine')\n"
            "print(b.recv(99).decode())",
        )
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert "\na lesson may not use the network\n" in page
    assert "\n1 PermissionError: [Errno 13] Permission denied\n" in page
    assert "\nwithin the machine\n" in page and page.count("came in") == page.count(asks)


TOO_MUCH = {
    "memory of torch": (
        f"import torch\ntorch.empty({limits.MEMORY + 1}, dtype=torch.uint8)",
        r"can't allocate memory.* \(a lesson may use 8 GiB of memory\)$",
    ),
    "memory of Python": (
        f"much = bytearray({limits.MEMORY})",
        r"code cell 1, line \d+: MemoryError: \(a lesson may use 8 GiB of memory\)$",
    ),
    "disk": (
        f"with open('big', 'wb') as file:\n    file.truncate({limits.FILE + 1})",
        r"File too large \(a lesson's file may have 1 GiB\)$",
    ),
}


@forked
@pytest.mark.parametrize("cell, said", TOO_MUCH.values(), ids=TOO_MUCH)
def test_more_than_the_limit_is_refused_with_a_word(tmp_path, forked, cell, said):
    with pytest.raises(SlidingWindowsError) as refused:
        executed(tmp_path, forked, cell)
    assert re.search(said, str(refused.value), re.MULTILINE), refused.value


@forked
def test_so_many_processes_and_no_more(tmp_path, forked):
    """The system itself exempts the administrator, so the limit is read and not reached."""
    limit = "import resource\nprint('most', resource.getrlimit(resource.RLIMIT_NPROC))"
    count = limits.threads_of_user()
    page = executed(tmp_path, forked, limit)
    [(soft, hard)] = re.findall(r"^most \((\d+), (\d+)\)$", page, re.MULTILINE)
    assert soft == hard and count / 2 < int(soft) - limits.PROCESSES < count * 2 + 200
    assert limits.reason("BlockingIOError: [Errno 11] Resource temporarily unavailable") == (
        " (a lesson may start 256 processes and threads)"
    )
    assert limits.reason("ValueError: no memory of it") == ""


@forked
def test_what_fits_runs(tmp_path, forked):
    cell = (
        # 2 GiB. The limit is on what is asked for; to fill it would take seconds.
        "import torch\nprint(len(torch.empty(1 << 31, dtype=torch.uint8)))\n"
        "with open('file', 'wb') as file:\n    file.truncate(1 << 29)\n"
        "import subprocess\nprint(subprocess.run(['true']).returncode)"
    )
    assert "\n2147483648\n0\n" in executed(tmp_path, forked, cell)
