"""What a solution may try: nothing passes, nothing harms, each is recorded as what it was."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit.benchmarks.code.sandboxes import SMALL, run_f, sandbox_or_skip
from ttsgrid.benchmarks.sandbox import Limits, Outcome, run_with_input

RIGHT = "def f(x):\n    return x + 1\n"
CTYPES = "import ctypes\nlibc = ctypes.CDLL(None)\n"

TRIED = {
    "a fork bomb": ("import os\nwhile True: os.fork()", Outcome.REFUSED, "started a process"),
    "a fork bomb past Python": (
        CTYPES + "while True: libc.fork()",
        Outcome.REFUSED,
        "a system call that the sandbox forbids",
    ),
    "2 GiB": ("def f(x):\n    return len(bytearray(2 << 30))", Outcome.MEMORY, "MemoryError"),
    "2 GiB in small parts": (
        "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        Outcome.MEMORY,
        "MemoryError",
    ),
    "an endless loop": ("def f(x):\n    while True: pass", Outcome.TIME, "1 s of processor time"),
    "a loop deaf to signals": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        Outcome.TIME,
        "killed",
    ),
    "a flood of output": (
        "def f(x):\n    while True: print('x' * 1000)",
        Outcome.OUTPUT,
        "more than 256 KiB printed",
    ),
    "a flood of errors": (
        "import os\nwhile True: os.write(2, b'x' * 1000)",
        Outcome.OUTPUT,
        "more than 256 KiB printed",
    ),
    "reading a file": (
        "def f(x):\n    open('/etc/passwd').read()\n    return x + 1",
        Outcome.REFUSED,
        "opened /etc/passwd",
    ),
    "reading a file and saying nothing": (
        "try: open('/etc/passwd')\nexcept Exception: pass\n" + RIGHT,
        Outcome.REFUSED,
        "opened /etc/passwd",
    ),
    "writing a file": (
        "open('/tmp/ttsgrid-escaped', 'w')\n" + RIGHT,
        Outcome.REFUSED,
        "opened /tmp/ttsgrid-escaped for writing",
    ),
    "a socket": (
        "import socket\nsocket.create_connection(('127.0.0.1', 9))\n" + RIGHT,
        Outcome.REFUSED,
        "opened a socket",
    ),
    "a socket past Python": (
        CTYPES + "libc.socket(2, 1, 0)\n" + RIGHT,
        Outcome.REFUSED,
        "a system call that the sandbox forbids",
    ),
    "tests read through /proc": (
        "import os\ntext = [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc')]\n"
        + RIGHT,
        Outcome.REFUSED,
        "opened /proc",
    ),
    "os._exit(0)": ("import os\ndef f(x): os._exit(0)", Outcome.EARLY_EXIT, "code 0"),
    "os._exit(0) at once": ("import os\nos._exit(0)", Outcome.EARLY_EXIT, "code 0"),
    "sys.exit(0)": ("import sys\ndef f(x): sys.exit(0)", Outcome.EARLY_EXIT, "SystemExit"),
    "an orphan daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)\n" + RIGHT,
        Outcome.REFUSED,
        "started a process",
    ),
    "a program of the system": (
        "import subprocess\nsubprocess.run(['/bin/sh', '-c', 'sleep 1000 &'])\n" + RIGHT,
        Outcome.REFUSED,
        "started a program",
    ),
    "an object that equals everything": (
        "class All:\n    def __eq__(self, other): return True\ndef f(x): return All()",
        Outcome.FAILED,
        "assert candidate(1) == 2",
    ),
    "a number that equals everything": (
        "class All(int):\n    def __eq__(self, other): return True\ndef f(x): return All(7)",
        Outcome.FAILED,
        "assert candidate(1) == 2",
    ),
    "patched built-ins": (
        "import builtins\nbuiltins.AssertionError = KeyError\ndef f(x): return 7",
        Outcome.FAILED,
        "assert candidate(1) == 2",
    ),
    "an assertion of its own": (
        "def f(x): raise AssertionError('mine')",
        Outcome.ERROR,
        "AssertionError: mine",
    ),
    "a forged verdict": (
        "import os\nfor fd in range(3, 5000):\n"
        '    try: os.write(fd, b\'{"verdict": "passed"}\\n\')\n'
        "    except OSError: pass\ndef f(x): return 7",
        Outcome.ERROR,
        "",
    ),
    "closed pipes": ("import os\nos.closerange(0, 99)\n" + RIGHT, Outcome.EARLY_EXIT, ""),
    "a bomb of threads": (
        "import threading, time\nthreading.stack_size(1 << 16)\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
        Outcome.ERROR,
        "can't start new thread",
    ),
    "shared memory": (
        "import os\nos.memfd_create('x')\n" + RIGHT,
        Outcome.REFUSED,
        "a system call that the sandbox forbids",
    ),
    "a value that contains itself": (
        "def f(x):\n    a = []\n    a.append(a)\n    return a",
        Outcome.ERROR,
        "RecursionError",
    ),
    "an endless iterator": (
        "import itertools\ndef f(x): return itertools.count()",
        Outcome.ERROR,
        "an iterator of more than 100,000 values",
    ),
}


@pytest.mark.parametrize("what", TRIED)
def test_what_a_solution_tries_is_recorded_as_what_it_was(what: str) -> None:
    program, outcome, words = TRIED[what]
    run = run_f(program)
    assert run.outcome is outcome, run
    assert words in run.detail


def test_the_same_tests_pass_for_a_right_solution_and_fail_for_a_wrong_one() -> None:
    assert run_f(RIGHT).outcome is Outcome.PASSED
    assert run_f("def f(x): return x").outcome is Outcome.FAILED


def test_a_solution_that_sleeps_is_ended_by_the_clock() -> None:
    limits = Limits(cpu_seconds=2, wall_seconds=2)
    run = run_f("import time\ndef f(x): time.sleep(1000)", limits)
    assert run.outcome is Outcome.TIME
    assert "more than 2 s" in run.detail


def test_no_process_of_a_solution_outlives_its_run() -> None:
    for what in ("a fork bomb", "an orphan daemon", "an endless loop", "a bomb of threads"):
        run_f(TRIED[what][0])
    deadline = time.monotonic() + 20  # the kernel ends what was in a sandbox after its first
    while left := _processes_with("ttsgrid.benchmarks.sandbox.guest"):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def _processes_with(words: str) -> list[str]:
    """Command lines of our own children and theirs; other tests have sandboxes of their own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if words in line and parent in (1, os.getpid()):
            found.append(line)
    return found


def test_a_solution_reaches_no_port_of_this_machine() -> None:
    """Past the audit hook and seccomp, too: the sandbox has a network of its own, empty."""
    sandbox_or_skip()
    reached = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1)
        port = server.getsockname()[1]

        def accept() -> None:
            with suppress(TimeoutError):
                reached.append(server.accept())

        thread = threading.Thread(target=accept)
        thread.start()
        run_f(f"import socket\nsocket.create_connection(('127.0.0.1', {port}))\n{RIGHT}")
        thread.join()
    assert not reached


def test_a_sandbox_shows_no_file_but_pythons_own_and_takes_none() -> None:
    names = [str(Path(__file__)), "/etc/passwd", "/proc/self/maps", "/tmp", "/home"]
    # The folders that lead to Python itself are there, and empty but for it.
    hidden = [name for name in names if not Path(sys.prefix).is_relative_to(name)]
    program = (
        CTYPES + "libc.open.restype = ctypes.c_int\n"
        f"names = {hidden!r}\n"
        "seen = [name for name in names if libc.open(name.encode(), 0) >= 0]\n"
        "new = ('/a', '/scratch/a', '/tmp/a')\n"
        "made = [libc.open(name.encode(), 0o101, 0o600) for name in new]\n"
        "print(seen, made)\n"
    )
    program += "import os\nassert os.uname().nodename == 'sandbox' and os.getuid() == 65534\n"
    printed = run_with_input(sandbox_or_skip(), program, "", SMALL)
    assert printed.end is None
    assert printed.text == "[] [-1, -1, -1]\n"


def test_what_was_tried_left_nothing_on_this_machine() -> None:
    for what in ("writing a file", "an orphan daemon", "a program of the system"):
        run_f(TRIED[what][0])
    assert not Path("/tmp/ttsgrid-escaped").exists()


def test_a_solution_sees_neither_the_tests_nor_the_environment() -> None:
    program = (
        "import gc, os, sys\n"
        "def f(x):\n"
        "    frame, told = sys._getframe(), [dict(os.environ)]\n"
        "    while frame:\n"
        "        told.append(repr(frame.f_locals) + repr(frame.f_code.co_consts))\n"
        "        frame = frame.f_back\n"
        "    told += [o for o in gc.get_objects() if isinstance(o, (str, dict))]\n"
        "    assert chr(99) + 'andidate(41)' not in repr(told), 'the tests are here'\n"
        "    assert 'HOSTNAME' not in os.environ and 'PATH' not in os.environ\n"
        "    return x + 1\n"
    )
    assert run_f(program).outcome is Outcome.PASSED


def test_threads_and_an_event_loop_of_ones_own_are_no_escape() -> None:
    threads = (
        "import threading\ndef f(x):\n    out = []\n"
        "    thread = threading.Thread(target=lambda: out.append(x + 1))\n"
        "    thread.start()\n    thread.join()\n    return out[0]"
    )
    loop = "import asyncio\nasync def g(x): return x + 1\ndef f(x): return asyncio.run(g(x))"
    assert run_f(threads).outcome is Outcome.PASSED
    assert run_f(loop).outcome is Outcome.PASSED


def test_the_standard_library_imports_in_a_sandbox() -> None:
    modules = (
        "re, collections, itertools, math, heapq, bisect, functools, decimal, fractions, datetime, "
        "random, statistics, hashlib, string, copy, typing, dataclasses, enum, uuid, zoneinfo, "
        "multiprocessing, sqlite3, csv, unittest, urllib.request, logging, concurrent.futures, ssl"
    )
    assert run_f(f"import {modules}\n{RIGHT}").outcome is Outcome.PASSED
