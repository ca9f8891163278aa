"""The errors ttsgrid raises on purpose.

All are picklable (they cross process borders), and each message names the
setting to change where there is one.
"""

from __future__ import annotations


class TtsgridError(Exception):
    """Base of every error that ttsgrid raises on purpose."""


class ConfigError(TtsgridError):
    """A setting is wrong; the message names it and the choices."""


class UnreachableError(ConfigError):
    """What a setting names can't be had from here; the setting may be right all the same."""


class StoreError(TtsgridError):
    """The results store cannot be read or written as asked."""


class StoreBusyError(StoreError):
    """Another driver holds the store's lease."""


class StoreReadOnlyError(StoreError):
    """The results store can't be written to."""


class UnfinishedError(TtsgridError):
    """Some of the work failed; what finished is kept."""


class StoppedError(TtsgridError):
    """A signal stopped the run; what had finished is committed.

    Attributes:
        status: with which the process shall end.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class WorkerStartError(TtsgridError):
    """A worker could not start its engine; the message says why."""


class PlacementError(TtsgridError):
    """The cluster lacks the resources that a worker asks for."""


class HeadSilentError(PlacementError):
    """The head node of the Ray cluster does not answer; it may come back."""


class EngineError(TtsgridError):
    """One request failed in an engine that still lives."""


class EndpointDownError(TtsgridError):
    """An endpoint does not answer, or refuses whatever is asked: nothing more can be had of it."""


class UndecidedError(TtsgridError):
    """A grader met its limit of time or memory before it could compare two answers."""


class ScoringError(TtsgridError):
    """A PRM's output does not match the steps it was asked about."""


class UnreadableError(ScoringError):
    """A PRM can't read this one solution, whatever is tried: it stays, without a score."""
