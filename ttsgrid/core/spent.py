"""Where the time of a run went: for each part, how long any of it was under way.

Parts run side by side and overlap, so they may add up to more than the run. Within a part, what
overlaps counts once: eight workers that start together for a minute are a minute.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class Part(StrEnum):
    """A part of a run, in the words that tell of it."""

    START = "starting workers"
    GENERATE = "generating"
    SEARCH = "searching"
    SCORE = "scoring"
    GRADE = "grading"
    COMMIT = "committing"
    ANALYSE = "analysing"


class Stage(StrEnum):
    """A stage of a worker's start, in the words that tell of it; not every engine has each."""

    IMPORT = "importing code"
    ENGINE = "starting the engine"
    WEIGHTS = "loading weights"
    COMPILE = "compiling and warming up"
    WARM_UP = "warming up"


Piece = Part | Stage


class Spent:
    """Adds up the time of each part; for one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._under_way: Counter[Piece] = Counter()
        self._since: dict[Piece, float] = {}
        self._seconds: defaultdict[Piece, float] = defaultdict(float)

    def begin(self, part: Piece) -> None:
        """Note that one more piece of a part is under way."""
        if not self._under_way[part]:
            self._since[part] = self._clock()
        self._under_way[part] += 1

    def end(self, part: Piece) -> None:
        """Note that a piece has ended; one that never began does not count."""
        if not self._under_way[part]:
            return
        self._under_way[part] -= 1
        if not self._under_way[part]:
            self._seconds[part] += self._clock() - self._since.pop(part)

    def add(self, part: Piece, seconds: float) -> None:
        """Count time that somebody else measured."""
        self._seconds[part] += seconds

    @contextmanager
    def on(self, part: Piece) -> Iterator[None]:
        """Count the block as a piece of a part."""
        self.begin(part)
        try:
            yield
        finally:
            self.end(part)

    def seconds(self, part: Piece) -> float:
        """Return how long a part took so far."""
        since = self._since.get(part)
        return self._seconds[part] + (0.0 if since is None else self._clock() - since)

    @property
    def in_all_s(self) -> float:
        """Seconds since the beginning, whatever was under way."""
        return self._clock() - self._began
