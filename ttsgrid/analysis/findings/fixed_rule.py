"""The study's own compute-optimal rule, fixed by model size and difficulty, as a baseline.

arXiv 2502.06703 does not choose its strategy from the data it reports on: its author gives
the rule (github.com/RyanLiu112/compute-optimal-tts, issue 4).

* MATH-500: below 7B beam search; from 7B to 32B DVTS on easy and medium problems and beam
  search on hard ones; above 32B best-of-N;
* AIME24: below 14B DVTS; from 14B best-of-N;
* policies distilled from R1: best-of-N.

Other benchmarks get MATH-500's rule. The rule names no N, aggregation and vote: these are
chosen here as for compute-optimal TTS, on other problems than they are scored on, so that
only the strategy tells the two apart.
"""

from __future__ import annotations

import numpy as np

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.contests import (
    MIN_CHOOSING,
    Choice,
    Contest,
    choose,
    restricted,
    undivided,
)
from ttsgrid.core.strategies import BEAM, BEST_OF_N, DVTS, strategy_of
from ttsgrid.store import StorePath, scan

LONG_COT_FORMAT = "r1"
_MIDDLE_FROM, _LARGE_ABOVE, _AIME_LARGE_FROM = 7e9, 33e9, 14e9
# Models are called by round numbers: "32B" has up to 32.8e9 parameters.


def fixed_strategy(benchmark: str, num_parameters: int, difficulty: str, thinks_long: bool) -> str:
    """Return the strategy that the rule names.

    Args:
        benchmark: as in `conf/benchmark`.
        num_parameters: of the policy.
        difficulty: a `Bin` other than `ALL`.
        thinks_long: whether the policy was distilled from R1 or thinks long likewise.
    """
    if thinks_long:
        return BEST_OF_N.name
    if benchmark.startswith("aime"):
        return DVTS.name if num_parameters < _AIME_LARGE_FROM else BEST_OF_N.name
    if num_parameters > _LARGE_ABOVE:
        return BEST_OF_N.name
    if num_parameters < _MIDDLE_FROM or difficulty == Bin.HARD:
        return BEAM.name
    return DVTS.name


def choose_by_rule(cells: Cells, contest: Contest, thinks_long: bool) -> Choice | None:
    """Choose N, aggregation and vote of the strategy that the rule names for each problem.

    Returns:
        None where the policy's size is unknown, or a strategy of the rule was not run.
    """
    size = cells.sizes.get(contest.key["policy"])
    if size is None:
        return None
    benchmark = contest.key["benchmark"]
    named = np.array([fixed_strategy(benchmark, size, b, thinks_long) for b in contest.labels])
    keys = [cells.outcomes[row].key for row in contest.rows]
    runs = np.array([strategy_of(key.strategy).name if key.n > 1 else "" for key in keys])
    held_out, in_sample = np.zeros(contest.values.shape), np.zeros(len(named))
    for strategy in dict.fromkeys(named.tolist()):
        members, allowed = named == strategy, runs == strategy
        if not allowed.any():
            return None
        # A problem alone in its group gets what all the others chose.
        choosing = members if members.sum() >= MIN_CHOOSING else np.ones_like(members)
        choice = choose(undivided(restricted(contest, allowed, choosing)))
        held_out[np.ix_(allowed, members)] = choice.held_out[:, members[choosing]]
        in_sample[members] = choice.in_sample[members[choosing]]
    accuracy = (held_out * contest.values).sum(axis=0)
    return Choice(contest.key, contest.rows, contest.problems, held_out, accuracy, in_sample)


def thinking_policies(store: StorePath) -> list[str]:
    """Return the names of the policies with the prompt format of R1-distilled models."""
    models = scan(store, "models").filter(role="policy", format_name=LONG_COT_FORMAT)
    return models.select("name").unique().collect()["name"].to_list()
