"""Sees what a program reaches for, and ends its process with the name of it.

An audit hook is a witness, not a wall: a program can get round it (through ctypes, say), and
then meets the kernel, which shows it no file, no network and no process (`ttsgrid.
benchmarks.sandbox.bubblewrap`). What the hook adds is the reason in words.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any

REFUSED_CODE = 97
MARK = b"ttsgrid-refused: "

_PROCESSES = {
    "os.fork": "started a process",
    "os.forkpty": "started a process",
    "os.exec": "started a program",
    "os.posix_spawn": "started a program",
    "os.spawn": "started a program",
    "os.system": "started a program",
    "subprocess.Popen": "started a program",
    "pty.spawn": "started a program",
    "os.kill": "sent a signal",
    "os.killpg": "sent a signal",
    "signal.pthread_kill": "sent a signal",
}
_SOCKETS = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname")
_CHANGES = (
    "os.chmod",
    "os.chown",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "shutil.rmtree",
)
_LOOKS = ("open", "os.listdir", "os.scandir", "os.chdir")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = ("/dev/null", "/dev/urandom", "/dev/random", "/usr/share/zoneinfo")
_AF_UNIX = 1


def watch(readable: list[str], scratch: str) -> None:
    """Install the hook.

    Args:
        readable: folders that hold Python itself.
        scratch: the folder in which the program runs.
    """
    allowed = tuple(os.path.join(folder, "") for folder in readable)
    own = os.path.join(scratch, "")
    # Bound here, so that a program that replaces them later changes nothing.
    write, leave, abspath, fsdecode = os.write, os._exit, os.path.abspath, os.fsdecode

    def refuse(reason: str) -> None:
        write(2, b"\n" + MARK + reason[:200].encode("utf-8", "replace") + b"\n")
        leave(REFUSED_CODE)

    def look(event: str, args: tuple[Any, ...]) -> None:
        if not args or args[0] is None or isinstance(args[0], int):
            return
        path = abspath(fsdecode(args[0]))
        here = path + "/" if event != "open" else path
        is_writing = event == "open" and bool((args[2] or 0) & _WRITING)
        if is_writing and path not in _DEVICES:
            refuse(f"opened {path} for writing")
        if here.startswith((*allowed, own, *_DEVICES)) or here == "//":
            return
        refuse(f"opened {path}")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _LOOKS:
            look(event, args)
        elif event in _PROCESSES:
            refuse(_PROCESSES[event])
        elif event in _SOCKETS or (event == "socket.__new__" and args[1] != _AF_UNIX):
            refuse("opened a socket")
        elif event in _CHANGES:
            refuse(f"changed files ({event})")

    sys.addaudithook(hook)
