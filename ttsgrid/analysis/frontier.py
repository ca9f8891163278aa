"""From a store to its frontier in one call: load, estimate, choose, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import polars as pl

from ttsgrid.analysis.advice.next_buy import NEXT_BUY_SCHEMA, next_buys
from ttsgrid.analysis.advice.optimism import optimism
from ttsgrid.analysis.advice.prediction import (
    PredictedDifficulty,
    Prediction,
    predictions,
    tabulate,
)
from ttsgrid.analysis.advice.recommendation import Recommendation, recommendations
from ttsgrid.analysis.cells.cells import Cells, make_cells, no_cells
from ttsgrid.analysis.cells.common import on_common_ground
from ttsgrid.analysis.cells.difficulty_table import measured_difficulty
from ttsgrid.analysis.cells.external_points import external_points
from ttsgrid.analysis.cells.outcomes import Outcome, pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.findings.comparisons import compare
from ttsgrid.analysis.findings.fixed_rule import thinking_policies
from ttsgrid.analysis.findings.interaction import INTERACTION_SCHEMA, search_gain_by_policy
from ttsgrid.analysis.findings.judging import Judging, judgings
from ttsgrid.analysis.findings.preferred_lengths import (
    PREFERRED_LENGTHS_SCHEMA,
    preferred_lengths,
)
from ttsgrid.analysis.findings.prm_quality import PRM_QUALITY_SCHEMA, prm_quality
from ttsgrid.analysis.findings.run_outcomes import RUN_OUTCOME_SCHEMA, run_outcomes
from ttsgrid.analysis.findings.search_comparisons import (
    SEARCH_COMPARISON_SCHEMA,
    against_best_of_n,
    find_search_comparisons,
)
from ttsgrid.analysis.findings.selection import best_strategies, compute_optimal
from ttsgrid.analysis.findings.unanswered import FewAnswers, few_answers
from ttsgrid.analysis.findings.undecided import Undecided, undecided
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import StoreFrames, holds_solutions, load
from ttsgrid.analysis.frames.solutions import Equivalence
from ttsgrid.analysis.replay.rules import RuleAt
from ttsgrid.analysis.replay.table import RuleTable, no_rules, rule_table
from ttsgrid.analysis.serving.advice import contests_of
from ttsgrid.analysis.serving.contest import Contest
from ttsgrid.store import StorePath


@dataclass(frozen=True)
class Frontier:
    """What a store says.

    Attributes:
        cells: every cell with its interval and cost, overall and by difficulty, each
            on the problems that it ran on.
        shared: the same on the problems that all cells of a benchmark share, for
            whatever sets one accuracy against another.
        best: the best strategy of each (policy, PRM, N, bin), chosen in-sample.
        curve: the compute-optimal accuracy of each (policy, PRM, N), cross-fitted.
        comparisons: smaller policies with TTS against larger ones' CoT.
        search_comparisons: searches against best-of-N at the same N
            (`ttsgrid.analysis.findings.search_comparisons`).
        search_gains: what searches add for one policy, against another's
            (`ttsgrid.analysis.findings.interaction`).
        prm_quality: how well PRMs rank (`ttsgrid.analysis.findings.prm_quality`).
        run_outcomes: what running the solutions came to, on benchmarks that run them
            (`ttsgrid.analysis.findings.run_outcomes`).
        preferred_lengths: how long what PRMs prefer is
            (`ttsgrid.analysis.findings.preferred_lengths`).
        external: published points beside them (`ttsgrid.analysis.cells.external_points`).
        difficulty: each problem's pass@1, absolute bin and quantile, for each policy.
        predicted: difficulty without the gold answer, and how well it is predicted.
        optimism: what the curve promises in hindsight, and what can be kept of it.
        recommendations: which strategy to use where.
        next_buys: what to buy next for each policy and PRM: a larger N, a better PRM or a larger
            policy (`ttsgrid.analysis.advice.next_buy`).
        contests: cells of all policies on each axis of cost
            (`ttsgrid.analysis.serving.contest`).
        few_answers: policies whose solutions (nearly) never state an answer.
        judgings: who judged the answers of each benchmark.
        undecided: how many answers met a grader's limits, where some did.
        rules: rules that stop early, cascade or share a budget, each beside a cell at the same
            N, where they were asked for (`ttsgrid.analysis.replay.table`).
        rules_lacking: a sentence for each of those that lack something in this store.
    """

    cells: Cells
    shared: Cells
    best: pl.DataFrame
    curve: pl.DataFrame
    comparisons: pl.DataFrame
    search_comparisons: pl.DataFrame
    search_gains: pl.DataFrame
    prm_quality: pl.DataFrame
    run_outcomes: pl.DataFrame
    preferred_lengths: pl.DataFrame
    external: pl.DataFrame
    difficulty: pl.DataFrame
    predicted: PredictedDifficulty
    optimism: pl.DataFrame
    recommendations: Sequence[Recommendation]
    few_answers: Sequence[FewAnswers] = ()
    judgings: Sequence[Judging] = ()
    undecided: Sequence[Undecided] = ()
    rules: pl.DataFrame = field(default_factory=no_rules)
    rules_lacking: Sequence[str] = ()
    contests: Sequence[Contest] = ()
    next_buys: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NEXT_BUY_SCHEMA))

    @property
    def benchmarks(self) -> list[str]:
        """Names of the benchmarks that the store's cells are on."""
        return self.cells.frame["benchmark"].unique().sort().to_list()

    @property
    def num_cells(self) -> int:
        """How many cells the store serves, over all problems; bounds are none."""
        return self.cells.frame.filter(competes(), bin="all").height


def analyse(
    store: StorePath,
    equivalence_for: Callable[[str], Equivalence] | None = None,
    budgets: Sequence[int] | None = None,
    price_per_device_hour: float | None = None,
    rules: Sequence[RuleAt] = (),
    rule_budgets: Sequence[int] | None = None,
) -> Frontier:
    """Compute the frontier of a store.

    Args:
        store: folder or URI.
        equivalence_for: a benchmark's name to its equivalence of answers; None for what
            the store or the benchmark's name says.
        budgets: N of the cells; None for the powers of 4 up to each pool's size, and
            that size, and the searches' own.
        price_per_device_hour: of a GPU (or of an engine without one), in any currency.
        rules: to replay on the store's pools.
        rule_budgets: the most samples that a rule may draw; None for the size that most of
            a policy's pools have.

    Raises:
        StoreError: the store holds neither solutions nor published points yet.
    """
    external = external_points(store)
    if external.is_empty() or holds_solutions(store):
        frames = load(store, equivalence_for or store_equivalence(store))
        cells = make_cells(frames, _outcomes(frames, budgets), price_per_device_hour)
        replays = _replays(store, frames, cells, rules, rule_budgets)
        frontier = replace(
            _of_solutions(frames, cells, external),
            run_outcomes=run_outcomes(store, frames.models),
            undecided=undecided(store, frames.models),
            rules=replays.frame,
            rules_lacking=replays.lacking,
            contests=contests_of(store, frames, cells),
        )
        # Whoever brings an equivalence of their own knows it; the store's may not even import.
        if equivalence_for is not None:
            return frontier
        return replace(frontier, judgings=judgings(store, frontier.benchmarks))
    return _of_cells(no_cells(), external)


def _replays(
    store: StorePath,
    frames: StoreFrames,
    cells: Cells,
    rules: Sequence[RuleAt],
    budgets: Sequence[int] | None,
) -> RuleTable:
    if not rules:
        return RuleTable(no_rules())
    return rule_table(frames, cells, rules, budgets, thinking_policies(store))


def _of_solutions(frames: StoreFrames, cells: Cells, external: pl.DataFrame) -> Frontier:
    """Add to a frontier what only the solutions themselves can say."""
    searches = list(find_search_comparisons(frames, cells.meter))
    return replace(
        _of_cells(cells, external, predictions(frames), frames.problems["problem_id"].to_list()),
        search_comparisons=against_best_of_n(searches),
        search_gains=search_gain_by_policy(searches, cells.meter),
        prm_quality=prm_quality(frames),
        preferred_lengths=preferred_lengths(frames),
        few_answers=few_answers(frames),
        next_buys=next_buys(frames, cells),
    )


def _of_cells(
    cells: Cells,
    external: pl.DataFrame,
    predicted: Sequence[Prediction] = (),
    problem_ids: Sequence[str] = (),
) -> Frontier:
    """Choose and compare; what needs solutions stays empty."""
    return Frontier(
        cells=cells,
        shared=on_common_ground(cells),
        best=best_strategies(cells),
        curve=compute_optimal(cells),
        comparisons=compare(cells),
        search_comparisons=pl.DataFrame(schema=SEARCH_COMPARISON_SCHEMA),
        search_gains=pl.DataFrame(schema=INTERACTION_SCHEMA),
        prm_quality=pl.DataFrame(schema=PRM_QUALITY_SCHEMA),
        run_outcomes=pl.DataFrame(schema=RUN_OUTCOME_SCHEMA),
        preferred_lengths=pl.DataFrame(schema=PREFERRED_LENGTHS_SCHEMA),
        external=external,
        difficulty=measured_difficulty(cells, problem_ids),
        predicted=tabulate(predicted, problem_ids),
        optimism=optimism(cells, predicted),
        recommendations=recommendations(cells, predicted),
        few_answers=(),
    )


def _outcomes(frames: StoreFrames, budgets: Sequence[int] | None) -> Iterator[Outcome]:
    return chain(pool_outcomes(frames, budgets), search_outcomes(frames, budgets))
