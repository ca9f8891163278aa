"""SIGTERM and SIGHUP, which Slurm, Kubernetes and a closing terminal send: an end in good order.

At the first signal nothing more is handed out, and what is in flight has a grace period to
finish; after it, or at a second signal, it is left to the next run. What finished is committed
either way.

Ray gives SIGTERM to a C++ handler that prints a stack and aborts the process three seconds later
(ray-project/ray pull request 64830), so what stood before `ray.init` is put in its place again, and
ours once there is something to finish.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ttsgrid.core.errors import StoppedError, StoreError
from ttsgrid.core.tally import counted

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], Any] | int | None


@contextmanager
def own_handlers() -> Iterator[None]:
    """Have what the block calls leave SIGTERM and SIGHUP to those who took them before."""
    try:
        yield
    finally:
        # Python still believes that its own handlers are there: C++ does not tell it.
        if threading.current_thread() is threading.main_thread():
            for sent in SIGNALS:
                if callable(before := signal.getsignal(sent)):
                    signal.signal(sent, before)


async def run_until_stopped(
    work: Coroutine[Any, Any, None],
    drain: Callable[[], None],
    grace_s: float,
    note: Callable[[str], None],
) -> signal.Signals | None:
    """Run to the end, or to a signal and the end of its grace period.

    Args:
        work: hands units out, and commits what finished before it ends, cancelled or not.
        drain: makes it hand out nothing more.
        grace_s: how long it may then take.
        note: hears what happens.

    Returns:
        The signal that stopped it; None where nothing did.

    Raises:
        StoreError: what finished can't be committed.
    """
    running = asyncio.create_task(work)
    try:
        return await _run_or_drain(running, drain, grace_s, note)
    except asyncio.CancelledError:
        # Ctrl-C. Ray is shut down next, and whoever then kills a worker would start it again.
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        raise


async def _run_or_drain(
    running: asyncio.Task[None],
    drain: Callable[[], None],
    grace_s: float,
    note: Callable[[str], None],
) -> signal.Signals | None:
    heard: asyncio.Queue[signal.Signals] = asyncio.Queue()
    taken = _take_signals(heard)
    sent = await _first(running, heard, None)
    if sent is None:
        _give_signals_back(taken)
        await running
        return None
    note(f"{sent.name}: what is in flight has {grace_s:g} s to finish (cluster.grace_s)")
    drain()
    again = await _first(running, heard, grace_s)
    if not running.done():
        note(f"{again.name if again else 'Time is up'}: what is in flight is left to the next run")
        running.cancel()
    ended = (await asyncio.gather(running, return_exceptions=True))[0]
    if isinstance(ended, StoreError):
        raise ended
    # Where the scheduler stopped Ray too, workers and their calls end in many ways.
    if isinstance(ended, Exception):
        note(f"{type(ended).__name__} while stopping: {ended}")
    return sent


def stopped(
    sent: signal.Signals, committed_of_all: tuple[int, int], *, drain: bool
) -> StoppedError:
    """Return the end of a run that a signal stopped, with what is left in words."""
    done, num_units = committed_of_all
    return StoppedError(
        f"Stopped by {sent.name}: {done:,} of {counted(num_units, 'unit')} ended and are "
        f"committed, {num_units - done:,} left; the same command goes on from there.",
        0 if drain else 128 + sent,
    )


def _take_signals(heard: asyncio.Queue[signal.Signals]) -> dict[signal.Signals, Handler]:
    """Have signals heard; return those, and what was done at them before."""
    loop = asyncio.get_running_loop()
    # `nohup` has SIGHUP ignored: whoever asks for that wants the run to go on.
    before = {sent: signal.getsignal(sent) for sent in SIGNALS}
    taken = {sent: was for sent, was in before.items() if was is not signal.SIG_IGN}
    for sent in taken:
        loop.add_signal_handler(sent, heard.put_nowait, sent)
    return taken


def _give_signals_back(taken: dict[signal.Signals, Handler]) -> None:
    for sent, before in taken.items():
        asyncio.get_running_loop().remove_signal_handler(sent)
        if callable(before):
            signal.signal(sent, before)


async def _first(
    running: asyncio.Task[None], heard: asyncio.Queue[signal.Signals], timeout_s: float | None
) -> signal.Signals | None:
    """Return the next signal; None where the work ends or the time is up before."""
    waiting = asyncio.create_task(heard.get())
    await asyncio.wait({running, waiting}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        return waiting.result()
    waiting.cancel()
    return None
