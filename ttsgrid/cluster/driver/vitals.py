"""Whether a worker still lives: it answers, and its engine gets on.

A stopped process or a frozen node answers nothing and is never reported dead; an engine that
hangs answers for its actor and computes nothing. Both show as silence, and how long a silence
may last follows from what was measured of this worker: how slowly it answered so far, how long
its requests took, and how fast it writes a token, which bounds its longest request.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ttsgrid.engines.base import EngineStats

OWN_PAUSE_S = 20.0  # between two looks: it is the driver that stood still
PATIENCE = 3.0  # how much longer than anything measured before a silence is taken for the end


@dataclass(frozen=True)
class Patience:
    """How long silence is borne where nothing is measured.

    Attributes:
        least_s: any silence as short as this one is borne.
        first_s: until the first result: a first request may compile what it runs.
        longest_tokens: of one request; None where unknown.
        expects_progress: whether an engine that runs requests must get on; an endpoint's
            requests have time limits of their own.
    """

    least_s: float
    first_s: float
    longest_tokens: int | None = None
    expects_progress: bool = True


@dataclass(frozen=True)
class Silence:
    """A silence that has lasted for more than half of what is borne."""

    what: str
    lasted_s: float
    borne_s: float

    @property
    def is_over(self) -> bool:
        """Whether it is borne no longer."""
        return self.lasted_s > self.borne_s

    def __str__(self) -> str:
        return f"{self.what} for {self.lasted_s:.0f} s"


@dataclass
class Vitals:
    """What was heard of one worker, by a clock that its caller reads."""

    patience: Patience
    now: float
    _answered_at: float = field(init=False)
    _moved_at: float = field(init=False)
    _looked_at: float = field(init=False)
    _slowest_answer_s: float = field(default=0.0, init=False)
    _slowest_move_s: float = field(default=0.0, init=False)
    _sequence_s: float = field(default=0.0, init=False)
    _sequence_s_at_move: float = field(default=0.0, init=False)
    _stats: EngineStats = field(default_factory=EngineStats, init=False)

    def __post_init__(self) -> None:
        self._answered_at = self._moved_at = self._looked_at = self.now

    def heard(self, stats: EngineStats | None, now: float) -> None:
        """Take in an answer with the engine's counters; None where it did not answer."""
        self._excuse_own_pause(now)
        if stats is None:
            return
        self._slowest_answer_s = max(self._slowest_answer_s, now - self._answered_at)
        self._sequence_s += stats.running * (now - self._answered_at)
        self._answered_at = now
        if _work(stats) != _work(self._stats):
            self._slowest_move_s = max(self._slowest_move_s, now - self._moved_at)
            self._moved_at, self._sequence_s_at_move = now, self._sequence_s
        elif not stats.running:  # it waits for work, a grader or another worker's scores
            self._moved_at = now
        self._stats = stats

    def _excuse_own_pause(self, now: float) -> None:
        # A driver that was stopped, or on a machine that slept, heard nothing of anybody.
        paused_s = now - self._looked_at
        self._looked_at = now
        if paused_s > OWN_PAUSE_S:
            self._answered_at += paused_s
            self._moved_at += paused_s

    def silence(self, now: float) -> Silence | None:
        """Return the silence that lasts, once it is worth a word."""
        unanswered = now - self._answered_at
        silences = [Silence("does not answer", unanswered, self._answer_deadline_s())]
        # What did not answer was not asked how far it is.
        if self.patience.expects_progress and unanswered < self.patience.least_s / 2:
            what = f"answers, but computed nothing of {self._stats.running} requests"
            silences.append(Silence(what, now - self._moved_at, self._move_deadline_s()))
        return next((one for one in silences if one.lasted_s > one.borne_s / 2), None)

    def _answer_deadline_s(self) -> float:
        return max(self.patience.least_s, PATIENCE * self._slowest_answer_s)

    def _move_deadline_s(self) -> float:
        if not self._slowest_move_s:
            return max(self.patience.least_s, self.patience.first_s)
        return max(
            self.patience.least_s,
            PATIENCE * self._slowest_move_s,
            PATIENCE * self._longest_request_s(),
        )

    def _longest_request_s(self) -> float:
        """Return how long its longest request may take, at its measured tokens/s."""
        longest, written = self.patience.longest_tokens, self._stats.generated_tokens
        # Counters move at a request's end, so the last long one is silent from end to end. The
        # silence itself is no measurement: with it the deadline would run away from the clock.
        return longest * self._sequence_s_at_move / written if longest and written else 0.0


def _work(stats: EngineStats) -> int:
    return stats.generated_tokens + stats.computed_prompt_tokens
