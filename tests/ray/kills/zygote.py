"""A process with everything imported, whose forks are workers and drivers that start at once.

A worker of Ray takes two to six seconds of work to start, nearly all of it imports, and a kill
schedule starts three to six. Ray's own start of a worker (`light/sitecustomize.py`) hands its
command over to this process and waits. What is forked is a worker like any other: it registers
with its node by its own process id, and SIGKILL ends it alone.

`python -m tests.ray.kills.zygote SOCKET FOLDER` answers each request with the process id and,
later, the status, each on a line. FOLDER has a file for each worker: named by the process that
Ray started, it holds the worker's process id.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import shlex
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

MAX_BYTES = 1 << 20
# All but Ray itself, which reads a worker's job from the environment when it is imported.
PRELOADED = (
    "google.protobuf.message",
    "psutil",
    "pytest",
    "rich.live",
    "ttsgrid.cli.found",
    "ttsgrid.cli.sweep",
    "ttsgrid.cli.sweep_run",
    "ttsgrid.cluster.worker.policy_runtime",
    "ttsgrid.cluster.worker.prm_runtime",
    "ttsgrid.engines.fake",
    "ttsgrid.zoo.tokenizer",
)


def serve(address: str, folder: Path) -> NoReturn:
    """Fork for each request until killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(64)
    while True:
        line, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(line, folder)
        line.close()


def _answer(line: socket.socket, folder: Path) -> NoReturn:
    """Start one process, tell its id, wait for its end, tell its status."""
    told, files, _, _ = socket.recv_fds(line, MAX_BYTES, 4)
    while not told.endswith(b"\n"):
        told += line.recv(MAX_BYTES)
    request = json.loads(told)
    pid = os.fork()
    if pid == 0:
        line.close()
        _become(request, files)
    for file in files:
        os.close(file)
    if "for" in request:
        (folder / str(request["for"])).write_text(str(pid))
    try:
        line.sendall(f"{pid}\n".encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        line.sendall(f"{status}\n".encode())
    except OSError:
        pass  # whoever asked is gone
    os._exit(0)


def _become(request: dict[str, Any], files: list[int]) -> NoReturn:
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(request["environment"])
    status = 1
    try:
        if "command" in request:
            _be_worker(request["command"])
        else:
            _be_driver(request["driver"], files[3])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _be_worker(command: list[str]) -> None:
    """Do what Ray's `setup_worker.py` does, but run its last command here."""

    def run(_: str, args: list[str]) -> None:
        words = shlex.split(args[-1])  # of `bash -c`: exec python [-u] default_worker.py ...
        script = next(i for i, word in enumerate(words) if word.endswith(".py"))
        sys.argv = words[script:]
        runpy.run_path(words[script], run_name="__main__")

    os.execvp = run  # type: ignore[assignment]
    script = next(i for i, word in enumerate(command) if word.endswith(".py"))
    sys.argv = command[script:]
    runpy.run_path(command[script], run_name="__main__")


def _be_driver(arguments: dict[str, str], pipe: int) -> None:
    from multiprocessing.connection import Connection  # noqa: PLC0415 - of this role alone

    from tests.ray.kills.driving import drive  # noqa: PLC0415

    paths = {name: Path(arguments[name]) for name in ("models", "store")}
    drive(Connection(pipe), address=arguments["address"], **paths)


if __name__ == "__main__":
    # Fake engines need a tokenizer and nothing else of transformers.
    sys.modules["torch"] = None  # type: ignore[assignment]
    for module in PRELOADED:
        importlib.import_module(module)
    from transformers import AutoTokenizer

    from ttsgrid.grid.resolve import ZOO_WEIGHTS

    assert "ray" not in sys.modules
    AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-s")
    serve(sys.argv[1], Path(sys.argv[2]))
