"""A function that runs in a process of its own, on Linux and where torch isn't loaded yet."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from ttsgrid.core.apart import run_apart
from ttsgrid.core.errors import ConfigError

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks are safe on Linux alone")


@pytest.fixture(autouse=True)
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)


def refuse(sentence: str) -> None:
    raise ConfigError(sentence)


def die_unless(pid: int) -> int:
    if os.getpid() != pid:
        os.kill(os.getpid(), signal.SIGKILL)
    return pid


@linux
def test_what_is_imported_and_held_apart_ends_with_the_process() -> None:
    assert run_apart(os.getpid) != os.getpid()


@linux
def test_an_error_apart_is_raised_here() -> None:
    with pytest.raises(ConfigError, match=r"^set another one$"):
        run_apart(refuse, "set another one")


@linux
def test_what_is_killed_apart_runs_here() -> None:
    assert run_apart(die_unless, os.getpid()) == os.getpid()


def test_where_torch_is_loaded_already_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", sys)
    assert run_apart(os.getpid) == os.getpid()
