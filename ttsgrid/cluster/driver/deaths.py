"""The end of a worker: why it died, and how often a replica may die without getting anywhere.

A death is a death, whatever ended the process: its units are handed out again. What differs
is whom it speaks against. A node that is taken away says nothing of the units that ran there,
so it costs them no attempt. A worker that dies each time it loads, or dies again and again
while no unit gets its result, will not get better; ten deaths in a week, each after good
progress, are what preemptible machines are like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.core.errors import TtsgridError

E = TypeVar("E", bound=Exception)
LONGEST_PAUSE_S = 30.0


class Cause(StrEnum):
    """Why a worker ended, in the words that progress lines and metrics use."""

    PROCESS = "process ended"
    MEMORY = "out of memory"
    NODE = "node lost"
    UNBEGUN = "never began"
    SILENCE = "silent"
    UNREACHABLE = "out of reach"
    FAULT = "faulty reply"


class WorkerDiedError(TtsgridError):
    """A worker's process ended; its tasks must be handed out again.

    Attributes:
        reason: what its node or Ray said.
        cause: why, as far as is known.
        place: where it ran and where its log is; None where it was not placed yet.
    """

    def __init__(
        self, sentence: str, cause: Cause = Cause.PROCESS, place: Whereabouts | None = None
    ) -> None:
        super().__init__(sentence)
        self.reason = sentence
        self.cause = cause
        self.place = place

    def __str__(self) -> str:
        said = f"{self.cause}: {self.reason}"
        return f"{said} ({self.place})" if self.place else said

    @property
    def provenance(self) -> dict[str, str]:
        """What a unit that fails with it keeps of it."""
        known = {"cause": str(self.cause)}
        return known | {"host": self.place.host, "log": self.place.log} if self.place else known

    @property
    def speaks_against_units(self) -> bool:
        """Whether what ran there may have caused it."""
        return self.cause not in (Cause.NODE, Cause.UNBEGUN)


@dataclass
class Deaths:
    """The deaths of one replica's workers since a unit last got its result there.

    Attributes:
        max_attempts: how often a unit is tried, and how often a model may die as it loads.
        by_cause: all deaths, those before the last progress too.
    """

    max_attempts: int
    by_cause: dict[Cause, int] = field(default_factory=dict)
    _in_vain: int = 0
    _while_loading: int = 0
    _unloaded: int = 0

    def count(self, death: WorkerDiedError, *, had_loaded: bool) -> None:
        """Count a death."""
        self.by_cause[death.cause] = self.by_cause.get(death.cause, 0) + 1
        self._in_vain += 1
        self._unloaded = 0 if had_loaded else self._unloaded + 1
        if had_loaded:
            self._while_loading = 0
        elif death.speaks_against_units:
            self._while_loading += 1

    def progress(self) -> None:
        """Forget the deaths so far: a unit got its result."""
        self._in_vain = self._while_loading = self._unloaded = 0

    @property
    def pause_s(self) -> float:
        """How long to wait before the next worker: longer with each that did not get to load.

        Ray's head cancels actors at once while it can't reach their driver, for one; a second
        later it can.
        """
        return min(2.0 ** (self._unloaded - 1), LONGEST_PAUSE_S) if self._unloaded else 0.0

    @property
    def number(self) -> int:
        """All deaths so far."""
        return sum(self.by_cause.values())

    @property
    def in_vain(self) -> int:
        """Deaths in a row without a result between them."""
        return self._in_vain

    @property
    def is_hopeless(self) -> bool:
        """Whether another worker would most likely die too."""
        # A unit that kills its workers ends failed after `max_attempts`, which is a result too;
        # several such units, or lost nodes, may add up to a few times that.
        return self._while_loading >= self.max_attempts or self._in_vain > self.max_attempts * 3


def in_words(deaths: Mapping[Cause, int]) -> str:
    """Say how many workers died of what, most frequent first; empty where none did."""
    if not deaths:
        return ""
    number = sum(deaths.values())
    causes = sorted(deaths.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{count} {cause}" for cause, count in causes)
    return f"{number} {'death' if number == 1 else 'deaths'} ({told})"


def first_of(group: BaseExceptionGroup[E]) -> E:
    """Return the first error of a group, however deep."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
