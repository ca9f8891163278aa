"""Which cells compete for a problem, and which is chosen for it: without it, and with it.

A contest holds the cells that one may choose from: those of a (policy, PRM) at one N
(`choices`), or at every N (`contests_over_budgets`), since the largest N is often not the
best and never the cheapest. It is held on the problems that all of them ran on and whose
difficulty is known.

Candidates are majority voting, CoT at N = 1, and best-of-N and searches with the PRM in
each aggregation and vote. Bounds such as pass@k are no candidates. Candidates come
cheapest first, so equal accuracy goes to fewer FLOPs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells, Labels
from ttsgrid.analysis.cells.common import common_ground
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.statistics.crossfit import chosen_in_sample, weights_held_out
from ttsgrid.core.voting import Bools, Floats, Ints

MIN_CHOOSING = 2  # problems that choosing on one half and scoring on the other needs
GROUP = ["benchmark", "policy", "prm", "n"]
ANY_PRM = "any"  # the PRM was chosen too, among those that the policy has


@dataclass(frozen=True)
class Contest:
    """Cells that compete, on the problems that all of them ran on and that have a bin.

    Attributes:
        key: what they share of benchmark, policy, prm and n.
        rows: the candidates, as positions in `Cells.outcomes`, cheapest first, shape (C,).
        problems: which problems, shape (num_problems,).
        labels: the bins of those, shape (P,).
        values: accuracy of each candidate there, shape (C, P).
    """

    key: Mapping[str, Any]
    rows: Ints
    problems: Bools
    labels: Labels
    values: Floats


@dataclass(frozen=True)
class Choice:
    """The cells chosen for each problem of a contest, without that problem and with it.

    Attributes:
        key: benchmark, policy, prm and n.
        rows: the candidates, as positions in `Cells.outcomes`, shape (C,).
        problems: those of the contest, shape (num_problems,).
        held_out: in what share of the random halves each candidate is chosen for each
            problem without it, shape (C, P) for the P problems of `problems`.
        accuracy: of each of those problems under `held_out`, shape (P,).
        in_sample: the same when chosen with it, shape (P,).
    """

    key: Mapping[str, Any]
    rows: Ints
    problems: Bools
    held_out: Floats
    accuracy: Floats
    in_sample: Floats

    @property
    def shares(self) -> Floats:
        """In what share of problems each candidate is chosen, shape (C,)."""
        return np.asarray(self.held_out.mean(axis=1))


def candidates(cells: Cells) -> pl.DataFrame:
    """Return the cells that compete, one row per (PRM to choose for, cell, bin).

    Majority voting needs no PRM and competes for every PRM of its policy; where a
    policy has none, for the PRM null. CoT competes at N = 1 likewise.
    """
    frame = cells.frame.filter(competes())
    guided = frame.filter(pl.col("prm").is_not_null()).with_columns(cell_prm="prm")
    plain = frame.filter(pl.col("prm").is_null()).with_columns(cell_prm="prm").drop("prm")
    prms = guided.select("benchmark", "policy", "prm").unique()
    for_each_prm = plain.join(prms, on=["benchmark", "policy"], how="left")
    together = pl.concat([for_each_prm.select(guided.columns), guided])
    # By position too: without it, equals would be in another order from run to run.
    return together.sort("flops", "outcome", nulls_last=True)


def groups(cells: Cells) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Yield the candidates of each (benchmark, policy, PRM, N), cheapest first."""
    yield from _grouped(candidates(cells).filter(bin=Bin.ALL.value), GROUP)


def _grouped(
    rows: pl.DataFrame, by: Sequence[str]
) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    ordered = rows.sort(*by, maintain_order=True)
    for key, group in ordered.group_by(by, maintain_order=True):
        yield dict(zip(by, key, strict=True)), group


@dataclass(frozen=True)
class MostChosen:
    """What a choice over every N comes to most often, and in what share of problems."""

    strategy: str
    n: int
    share: float


def choices(cells: Cells) -> Iterator[Choice]:
    """Yield the compute-optimal choice of each (benchmark, policy, PRM, N), problem by problem.

    Where fewer than two problems have a difficulty there is nothing to choose by.
    """
    for key, group in groups(cells):
        contest = _contest(cells, key, group)
        if contest is not None:
            yield choose(contest)


def contests_over_budgets(cells: Cells) -> Iterator[Contest]:
    """Yield the cells of every N that compete for each (benchmark, policy, PRM).

    A policy with several PRMs has one contest more, over all of them (PRM `ANY_PRM`):
    picking the better of its rows would flatter it. Policies that have no cell
    above N = 1 have none.
    """
    apart = candidates(cells).filter(bin=Bin.ALL.value)
    several = pl.col("prm").n_unique().over("benchmark", "policy") > 1
    # Unique, since majority voting and CoT stand in the contest of each PRM.
    together = apart.filter(several).with_columns(prm=pl.lit(ANY_PRM)).unique("outcome")
    every = pl.concat([apart, together]).sort("flops", "outcome", nulls_last=True)
    for key, group in _grouped(every, GROUP[:-1]):
        contest = _contest(cells, key, group)
        if contest is not None and group["n"].to_numpy().max() > 1:
            yield contest


def _contest(cells: Cells, key: Mapping[str, Any], group: pl.DataFrame) -> Contest | None:
    """None where fewer than two problems have a difficulty: nothing to choose by."""
    rows = group["outcome"].to_numpy()
    bins = cells.bins.get((key["benchmark"], key["policy"]))
    if bins is None:
        return None
    known_bins = np.array([name is not None for name in bins])
    ground = common_ground(np.where(known_bins, cells.accuracies(rows), np.nan))
    if ground.problems.sum() < MIN_CHOOSING:
        return None
    kept = rows[ground.cells]
    values = cells.accuracies(kept)[:, ground.problems]
    return Contest(key, kept, ground.problems, bins[ground.problems], values)


def restricted(contest: Contest, candidates: Bools, problems: Bools | None = None) -> Contest:
    """Return a contest with some of its candidates, on some of its problems.

    Args:
        contest: any.
        candidates: those to keep, shape (C,).
        problems: those to keep, shape (P,); None for all.
    """
    kept = np.ones(len(contest.labels), bool) if problems is None else problems
    everywhere = contest.problems.copy()
    everywhere[contest.problems] = kept
    return replace(
        contest,
        rows=contest.rows[candidates],
        problems=everywhere,
        labels=contest.labels[kept],
        values=contest.values[candidates][:, kept],
    )


def undivided(contest: Contest) -> Contest:
    """Return a contest in which one candidate is chosen for all problems, however hard."""
    return replace(contest, labels=np.full(len(contest.labels), Bin.ALL, dtype=object))


def most_chosen(cells: Cells, choice: Choice) -> MostChosen:
    """Return the strategy and N chosen for most problems; of equals the cheapest."""
    shares: dict[tuple[str, int], float] = defaultdict(float)
    for row, share in zip(choice.rows, choice.shares, strict=True):
        shares[cells.outcomes[row].key.strategy, cells.outcomes[row].key.n] += float(share)
    (strategy, n), share = max(shares.items(), key=lambda item: item[1])
    return MostChosen(strategy, n, share)


def choose(contest: Contest) -> Choice:
    """Choose the best candidate of each bin, with and without the problem it is chosen for."""
    values, labels = contest.values, contest.labels
    weights = weights_held_out(values, labels)
    return Choice(
        key=contest.key,
        rows=contest.rows,
        problems=contest.problems,
        held_out=weights,
        accuracy=(weights * values).sum(axis=0),
        in_sample=chosen_in_sample(values, labels),
    )
