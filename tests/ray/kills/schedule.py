"""Which process is killed at which instant, from a seed: one seed is one schedule.

A first kill goes through all pairs of victim and moment as seeds count up; where in the moment
it falls is drawn, and so is whether and whom a second one hits, but for the first seeds, which
`make test` runs.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Victim(StrEnum):
    """Whom SIGKILL hits."""

    DRIVER = "driver"
    WORKER = "worker"
    ENGINE = "engine's process"
    NODE = "node"


class Moment(StrEnum):
    """When: the first three before a change of the store's files, the others by the clock."""

    COMMIT = "at a commit"
    COMPACTION = "at a compaction"
    OPENING = "as the store is opened"
    START = "at the start"
    WORK = "at work"


MOMENTS = {
    Victim.DRIVER: tuple(Moment),
    # Nobody else is there before the driver has opened the store.
    Victim.WORKER: (Moment.WORK, Moment.COMMIT, Moment.COMPACTION, Moment.START),
    Victim.ENGINE: (Moment.COMMIT, Moment.WORK, Moment.COMPACTION, Moment.START),
    Victim.NODE: (Moment.WORK, Moment.COMPACTION, Moment.COMMIT, Moment.START),
}
# Of the store's changes, or of units that are committed. A commit makes seven changes or so, a
# compaction of four commits some forty.
LAST_NUMBER = {Moment.COMMIT: 24, Moment.COMPACTION: 36, Moment.OPENING: 10, Moment.WORK: 12}
LAST_S = {Moment.START: 2.5, Moment.WORK: 0.4}
NUM_SHORT = 10
SECOND_KILLS = 0.3


@dataclass(frozen=True)
class Kill:
    """One SIGKILL.

    Attributes:
        victim: whom it hits.
        moment: when.
        number: before which change of the store in that moment, or after how many units.
        after_s: how long after that; at the start, since the victim was there.
        choice: which of several victims, and whether a node takes its workers with it at once.
    """

    victim: Victim
    moment: Moment
    number: int
    after_s: float
    choice: int

    def __str__(self) -> str:
        when = {
            Moment.START: f"{self.after_s:.2f} s after it is there",
            Moment.WORK: f"{self.after_s:.2f} s after {self.number} units are committed",
        }.get(self.moment, f"{self.moment}, before change {self.number} of the store")
        return f"the {self.victim} {when} (choice {self.choice})"


@dataclass(frozen=True)
class Schedule:
    """The kills of one run, in their order."""

    seed: int
    kills: tuple[Kill, ...]

    def __str__(self) -> str:
        return f"schedule {self.seed}: " + ", then ".join(map(str, self.kills))


def schedule_of(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    victim = tuple(Victim)[seed % len(Victim)]
    moments = MOMENTS[victim]
    draw = random.Random(seed)
    kills = [_kill(draw, victim, moments[seed // len(Victim) % len(moments)])]
    if seed >= NUM_SHORT and draw.random() < SECOND_KILLS:
        kills.append(
            _kill(draw, draw.choice(tuple(Victim)), draw.choice([Moment.START, Moment.WORK]))
        )
    return Schedule(seed, tuple(kills))


def _kill(draw: random.Random, victim: Victim, moment: Moment) -> Kill:
    number = draw.randint(0, LAST_NUMBER.get(moment, 0))
    return Kill(victim, moment, number, draw.uniform(0, LAST_S.get(moment, 0)), draw.randrange(8))
