"""The study's fixed rule beside majority voting: what to do is read off size and difficulty.

`ttsgrid.analysis.findings.fixed_rule` has the rule and its source. It names a strategy for
each difficulty, and difficulty is read off the gold answers, as in the study: that flatters it,
since nobody has them where it matters. N, aggregation and vote are chosen on other problems.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.findings.contests import (
    ANY_PRM,
    Choice,
    Contest,
    contests_over_budgets,
    most_chosen,
)
from ttsgrid.analysis.findings.fixed_rule import choose_by_rule
from ttsgrid.analysis.findings.selection import curve_point
from ttsgrid.analysis.frames.labels import configured_name
from ttsgrid.analysis.statistics.intervals import difference_intervals
from ttsgrid.core.strategies import MAJORITY, strategy_of


def study_rule_rows(
    cells: Cells, thinking: Collection[str], label: str
) -> Iterator[dict[str, Any]]:
    """Yield the rule's row of each (benchmark, policy, PRM) whose store has what it names.

    Args:
        cells: every cell of the store, on the problems that a benchmark's cells share.
        thinking: names of the policies that think long in one chain.
        label: the rule's name in tables.

    Yields:
        Columns as in `ttsgrid.analysis.replay.table.RULE_SCHEMA`, without those that count
        samples: a search's are no whole solutions.
    """
    for contest in contests_over_budgets(cells):
        vote = _largest_vote(cells, contest)
        if contest.key["prm"] == ANY_PRM or vote is None:
            continue
        choice = choose_by_rule(cells, contest, configured_name(contest.key["policy"]) in thinking)
        if choice is not None:
            yield _row(cells, contest, choice, vote, label)


def _largest_vote(cells: Cells, contest: Contest) -> int | None:
    """The majority vote over most samples, as a place among the contest's cells."""
    keys = [cells.outcomes[row].key for row in contest.rows]
    votes = [
        (key.n, i) for i, key in enumerate(keys) if key.strategy == MAJORITY.name and key.n > 1
    ]
    return max(votes)[1] if votes else None


def _row(cells: Cells, contest: Contest, choice: Choice, vote: int, label: str) -> dict[str, Any]:
    point, favourite = curve_point(cells, choice), most_chosen(cells, choice)
    outcome, votes = cells.outcomes[contest.rows[vote]], contest.values[vote]
    fixed = cells.meter.means(outcome, contest.problems)
    paired = difference_intervals(choice.accuracy, votes)
    return {
        **{name: contest.key[name] for name in ("benchmark", "policy", "prm")},
        "rule": label,
        "chosen": strategy_of(favourite.strategy).at(favourite.n),
        "chosen_share": favourite.share,
        "n": outcome.key.n,
        "num_problems": len(votes),
        "accuracy": point["accuracy"],
        "accuracy_low": point["low"],
        "accuracy_high": point["high"],
        "standard_error_mc": float(np.sqrt((_errors(cells, choice) ** 2).sum()) / len(votes)),
        "fixed": MAJORITY.at(outcome.key.n),
        "accuracy_fixed": float(votes.mean()),
        "difference": float((choice.accuracy - votes).mean()),
        "low": float(paired.low),
        "high": float(paired.high),
        "generated_tokens": point["policy_generated_tokens"],
        "generated_share": _ratio(
            point["policy_generated_tokens"], fixed["policy_generated_tokens"]
        ),
        "flops": point["flops"],
        "flops_share": _ratio(point["flops"], fixed["flops"]),
    }


def _errors(cells: Cells, choice: Choice) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The cells' Monte Carlo errors, which share their subsets: added, not their squares."""
    each = np.stack([cells.outcomes[row].standard_error[choice.problems] for row in choice.rows])
    return np.asarray((choice.held_out * each).sum(axis=0))


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
