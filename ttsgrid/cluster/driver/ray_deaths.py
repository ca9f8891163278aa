"""Ray's many errors of an actor's end, as one: `WorkerDiedError` with its cause and place.

Ray says the same death in different ways: a call in flight on a lost node fails with
`ActorDiedError`, `NodeDiedError` or `ObjectLostError`, its memory monitor shows as
`OutOfMemoryError` or as text within an actor's error, and a broken connection as
`ActorUnavailableError`. Whatever it is, no reply will come.
"""

from __future__ import annotations

import re

from ray.exceptions import (
    ActorUnavailableError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError
from ttsgrid.cluster.wire.whereabouts import Whereabouts

MAX_REASON_CHARS = 300
_OF_MEMORY = re.compile(r"running low on memory|out of memory|memory monitor", re.IGNORECASE)
_OF_NODE = re.compile(
    r"node has (?:died|crashed)|node is dead|node it was running on|preempt|due to draining",
    re.IGNORECASE,
)
# Cancelled by the cluster itself, before it had a process: it says nothing of the model.
_UNBEGUN = re.compile(r"actor never ran", re.IGNORECASE)
# Ray's advice for every death; it names the kernel's memory killer, which would read as a cause.
_ADVICE = re.compile(r"\s*(?:Some common causes include|To troubleshoot|Check ).*", re.DOTALL)


def death_of(error: RayError, place: Whereabouts | None = None) -> WorkerDiedError:
    """Return the death that one of Ray's errors tells of.

    Args:
        error: also one that a live actor raised, if it is none of ttsgrid's own.
        place: where the worker ran, if it was placed.
    """
    reason = reason_of(error)
    return WorkerDiedError(reason, _cause(error, reason), place)


def reason_of(error: RayError) -> str:
    """Return what an error says of the reason, in one line and without Ray's advice."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if isinstance(error, RayTaskError):
        return last_line(error)
    # The first line is the same for all; then follow indented fields, then the reason.
    told = [line for line in lines[1:] if not line.startswith("\t")]
    of_actor = isinstance(error, RayActorError) and told
    text = " ".join(told) if of_actor else " ".join(lines[:1])
    text = _ADVICE.sub("", text).strip() or type(error).__name__
    return text if len(text) <= MAX_REASON_CHARS else f"{text[:MAX_REASON_CHARS]}..."


def last_line(error: RayError) -> str:
    """Return the line of a remote traceback that says what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _cause(error: RayError, reason: str) -> Cause:
    if isinstance(error, OutOfMemoryError) or _OF_MEMORY.search(reason):
        return Cause.MEMORY
    preempted = isinstance(error, RayActorError) and error.preempted
    if preempted or isinstance(error, NodeDiedError | ObjectLostError) or _OF_NODE.search(reason):
        return Cause.NODE
    if _UNBEGUN.search(reason):
        return Cause.UNBEGUN
    if isinstance(error, ActorUnavailableError):
        return Cause.UNREACHABLE
    return Cause.FAULT if isinstance(error, RayTaskError) else Cause.PROCESS
