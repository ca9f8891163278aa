"""What a rule does on each problem: sums over random orders, and their means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from ttsgrid.analysis.replay.ordered import NOBODY, Draws, Replay
from ttsgrid.core.voting import Bools, Floats, Ints


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True)
class Means:
    """What a rule does on each problem, over random orders; shape (P,) each.

    Attributes:
        accuracy: in [0, 1].
        standard_error: of the accuracy's Monte Carlo.
        num_samples: samples begun.
        generated_tokens: of these.
        num_scored: of these, given to the PRM; empty where it isn't asked, as the next.
        prm_computed: tokens that the PRM computes for those.
        latency_tokens: on the critical path of all that the rule asks; empty where it doesn't say,
            as the next three.
        path_tokens, turns: of the policy's own, one after another.
        context_reads: keys and values that its attention reads, without the question's.
        asked: in what share of orders the policy is asked at all; empty where in all.
        smaller_*: the same of the smaller policy; empty for rules that ask one.
    """

    accuracy: Floats
    standard_error: Floats
    num_samples: Floats
    generated_tokens: Floats
    num_scored: Floats = field(default_factory=_none)
    prm_computed: Floats = field(default_factory=_none)
    latency_tokens: Floats = field(default_factory=_none)
    path_tokens: Floats = field(default_factory=_none)
    turns: Floats = field(default_factory=_none)
    context_reads: Floats = field(default_factory=_none)
    asked: Floats = field(default_factory=_none)
    smaller_samples: Floats = field(default_factory=_none)
    smaller_tokens: Floats = field(default_factory=_none)
    smaller_scored: Floats = field(default_factory=_none)
    smaller_computed: Floats = field(default_factory=_none)
    smaller_path_tokens: Floats = field(default_factory=_none)
    smaller_turns: Floats = field(default_factory=_none)
    smaller_reads: Floats = field(default_factory=_none)


def combined(parts: Sequence[Means], combine: Callable[[list[Floats]], Floats]) -> Means:
    """Return means made column by column; columns that are empty in all parts stay so."""
    made = {}
    for column in fields(Means):
        values = [getattr(part, column.name) for part in parts]
        made[column.name] = combine(values) if any(v.size for v in values) else _none()
    return Means(**made)


class Sums:
    """Sums over orders of what a rule did on each problem.

    Args:
        num_pools: P.
        prm_computed: tokens that the PRM computes for the first k samples, shape (P, n + 1);
            empty without a PRM.
        smaller_computed: the same of the smaller policy.
        side_by_side: whether both policies are asked at once; else the smaller one first.
    """

    def __init__(
        self,
        num_pools: int,
        prm_computed: Floats,
        smaller_computed: Floats,
        side_by_side: bool = False,
    ) -> None:
        self._side_by_side = side_by_side
        self._num_elections = 0
        self._num_pools = num_pools
        self._sums: dict[str, Floats] = {}
        self._prm_computed, self._smaller_computed = prm_computed, smaller_computed

    def add(self, rows: slice, replay: Replay, correct: Bools) -> None:
        """Add what it did in some orders of the problems of `rows`.

        Args:
            rows: whose orders lie side by side, as many of each problem.
            replay: in those orders.
            correct: verdicts, shape (n or 2 n, E).
        """
        given = np.maximum(replay.winners, 0)[None]
        right = np.take_along_axis(correct, given, 0)[0] & (replay.winners != NOBODY)
        self._num_elections += len(right)
        self._add("accuracy", rows, right)
        self._add("num_samples", rows, replay.num_samples)
        self._add("generated_tokens", rows, replay.generated_tokens)
        self._add_scored(("num_scored", "prm_computed"), self._prm_computed, rows, replay)
        self._add_known("latency_tokens", rows, self._latency(replay))
        self._add_known("path_tokens", rows, replay.path_tokens)
        self._add_known("turns", rows, replay.turns)
        self._add_known("context_reads", rows, replay.context_reads)
        its = replay.smaller
        if its is not None:
            self._add("asked", rows, replay.num_samples > 0)
            self._add("smaller_samples", rows, its.num_samples)
            self._add("smaller_tokens", rows, its.generated_tokens)
            columns = ("smaller_scored", "smaller_computed")
            self._add_scored(columns, self._smaller_computed, rows, its)
            self._add_known("smaller_path_tokens", rows, its.path_tokens)
            self._add_known("smaller_turns", rows, its.turns)
            self._add_known("smaller_reads", rows, its.context_reads)

    def _latency(self, replay: Replay) -> Ints:
        its = replay.smaller
        if its is None or not replay.path_tokens.size:
            return replay.path_tokens
        if not self._side_by_side:
            return replay.path_tokens + its.path_tokens
        return np.maximum(replay.path_tokens, its.path_tokens)

    def _add_known(self, column: str, rows: slice, values: Ints) -> None:
        if values.size:
            self._add(column, rows, values)

    def _add_scored(
        self, columns: tuple[str, str], computed: Floats, rows: slice, draws: Draws
    ) -> None:
        if draws.num_scored.size:
            self._add(columns[0], rows, draws.num_scored)
            pools = np.repeat(np.arange(rows.start, rows.stop), _per_pool(rows, draws.num_scored))
            self._add(columns[1], rows, computed[pools, draws.num_scored])

    def _add(self, column: str, rows: slice, values: Floats | Ints | Bools) -> None:
        total = self._sums.setdefault(column, np.zeros(self._num_pools))
        total[rows] += values.reshape(-1, _per_pool(rows, values)).sum(axis=1)

    def is_sure(self, target: float) -> bool:
        """Whether the error of the mean accuracy over all problems is at most this."""
        if not self._sums:
            return False
        error = self.means().standard_error
        return float(np.sqrt((error**2).sum())) / self._num_pools <= target

    def means(self) -> Means:
        """Return the means over all orders."""
        num_orders = self._num_elections / self._num_pools
        means = {name: total / num_orders for name, total in self._sums.items()}
        accuracy = means["accuracy"]
        # Verdicts of independent orders: right or not.
        error = np.sqrt(accuracy * (1 - accuracy) / (num_orders - 1))
        return Means(**means, standard_error=error)


def _per_pool(rows: slice, values: Floats | Ints | Bools) -> int:
    return len(values) // len(range(rows.start, rows.stop))
