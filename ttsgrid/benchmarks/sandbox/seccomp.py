"""System calls that end a sandboxed process: those that start, reach, mount or hide something.

A filter for the kernel in its own small language (seccomp's BPF: see
`Documentation/userspace-api/seccomp_filter.rst` of Linux). A forbidden call ends the process
by SIGSYS, which no program can catch or hide, so it is recorded as what it was. Threads may
be started, processes not; `clone3` hides its flags from a filter, so it seems not to exist
and the C library falls back on `clone`. A local socket is only refused: the C library asks for
one when a program wants to know its user's name.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
_X32_BIT = 0x40000000  # x86-64's calls under other numbers
_CLONE3 = 435  # the same on both machines, as all calls since 5.0 are

# open_tree, move_mount, fsopen, fsconfig, fsmount, io_uring_*, pidfd_getfd, mount_setattr,
# memfd_secret
_NEWER = (428, 429, 430, 431, 432, 425, 426, 427, 438, 442, 447)


@dataclass(frozen=True)
class _Machine:
    """Numbers of a machine's system calls, from its `asm/unistd.h`."""

    arch: int
    clone: int
    socket: int
    forbidden: tuple[int, ...]


_MACHINES = {
    "x86_64": _Machine(
        arch=0xC000003E,
        clone=56,
        socket=41,
        forbidden=(
            # fork, vfork, ptrace, process_vm_readv, process_vm_writev
            *(57, 58, 101, 310, 311),
            # connect, accept, bind, listen, accept4
            *(42, 43, 49, 50, 288),
            # shmget, shmat, shmctl, semget, msgget, mq_open, memfd_create
            *(29, 30, 31, 64, 68, 240, 319),
            # mount, umount2, pivot_root, chroot, unshare, setns
            *(165, 166, 155, 161, 272, 308),
            # userfaultfd, bpf, perf_event_open, add_key, request_key, keyctl
            *(323, 321, 298, 248, 249, 250),
            # kexec_load, kexec_file_load, init_module, delete_module, finit_module
            *(246, 320, 175, 176, 313),
            # open_by_handle_at, fanotify_init
            *(304, 300),
        ),
    ),
    "aarch64": _Machine(
        arch=0xC00000B7,
        clone=220,
        socket=198,
        forbidden=(
            *(117, 270, 271),
            *(203, 202, 200, 201, 242),
            *(194, 196, 195, 190, 186, 180, 279),
            *(40, 39, 41, 51, 97, 268),
            *(282, 280, 241, 217, 218, 219),
            *(104, 294, 105, 106, 273),
            *(265, 262),
        ),
    ),
}


def is_known(machine: str = platform.machine()) -> bool:
    """Say whether there is a filter for a machine."""
    return machine in _MACHINES


def filter_program(machine: str = platform.machine()) -> bytes:
    """Return the filter, as `bwrap --seccomp` reads it."""
    known = _MACHINES[machine]
    steps = [
        _step(_LOAD, _ARCH_AT),
        _step(_EQUAL, known.arch, true=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        steps += [_step(_AT_LEAST, _X32_BIT, false=1), _step(_RETURN, _KILL)]
    for number in (*known.forbidden, *_NEWER):
        steps += [_step(_EQUAL, number, false=1), _step(_RETURN, _KILL)]
    steps += [_step(_EQUAL, _CLONE3, false=1), _step(_RETURN, _ERRNO | errno.ENOSYS)]
    steps += [
        _step(_EQUAL, known.socket, false=4),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_EQUAL, _AF_UNIX, true=1),
        _step(_RETURN, _KILL),
        _step(_RETURN, _ERRNO | errno.EACCES),
        _step(_EQUAL, known.clone, false=3),
        _step(_LOAD, _FIRST_ARGUMENT_AT),  # the flags, on both machines
        _step(_ANY_BIT, _CLONE_THREAD, true=1),
        _step(_RETURN, _KILL),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _step(code: int, operand: int, *, true: int = 0, false: int = 0) -> bytes:
    """One instruction; `true` and `false` say how many to skip after a comparison."""
    return struct.pack("<HBBI", code, true, false, operand)
