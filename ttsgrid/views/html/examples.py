"""A few problems with solutions a person can read, picked by fixed rules that the page names.

One where tries beat size (the largest's CoT is wrong; the smallest policy is right more
often than not, or else its PRMs pick a rare right sample), one in between (the smallest
policy finds it now and then, so a PRM or a vote must pick), and one that nobody finds.
Texts are read for these problems alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ttsgrid.core.records import UNDECIDED
from ttsgrid.store import StorePath, scan
from ttsgrid.views.html.view import Example, ProblemExamples, Step
from ttsgrid.views.words.run_outcomes import ALL_TESTS, outcome_in_words

# Long chains of thought have hundreds of steps, and text without a blank line is one long step.
MAX_STEPS, MAX_STEP_CHARACTERS = 24, 600
Row = dict[str, Any]


@dataclass(frozen=True)
class _Pick:
    """A problem and why it was picked."""

    problem_id: str
    why: str


def examples(store: StorePath, benchmark: str) -> tuple[ProblemExamples, ...]:
    """Return a few solutions of a few problems; none where the store holds no pools.

    Args:
        store: folder or URI.
        benchmark: one of the store's.
    """
    rates = _rates(store, benchmark)
    policies = _by_size(store, rates)
    if not policies:
        return ()
    well_picked = _well_picked(store, rates, policies[0], policies[-1])
    picks = list(_picks(rates, policies[0], policies[-1], well_picked))
    return tuple(_problem(store, pick, rates, policies) for pick in picks)


def _rates(store: StorePath, benchmark: str) -> pl.DataFrame:
    """Of each (problem, policy): the share of right samples, their number, the CoT's verdict."""
    greedy, correct = pl.col("temperature") == 0, pl.col("correct")
    grouped = (
        scan(store, "solutions")
        .filter(benchmark=benchmark, kind="sample")
        .group_by("problem_id", "policy")
    )
    return (
        grouped.agg(
            correct.filter(~greedy).mean().alias("rate"),
            correct.filter(~greedy).sum().alias("num_right"),
            (~greedy).sum().alias("num_samples"),
            correct.filter(greedy).first().alias("cot"),
        )
        .filter(pl.col("num_samples") > 0)
        .sort("problem_id", "policy")
        .collect()
    )


def _by_size(store: StorePath, rates: pl.DataFrame) -> list[str]:
    models = scan(store, "models").filter(role="policy").select("name", "num_parameters")
    sizes = dict(models.collect().iter_rows())
    return sorted(rates["policy"].unique(), key=lambda name: (sizes.get(name) or 0, name))


def _well_picked(store: StorePath, rates: pl.DataFrame, small: str, large: str) -> list[str]:
    """Problems that `large` answers wrong, and whose best-scored sample of `small` is right."""
    missed = rates.filter(~pl.col("cot"), policy=large)["problem_id"]
    found = rates.filter(pl.col("num_right") > 0, policy=small)["problem_id"]
    here = pl.col("problem_id").is_in(list(set(missed) & set(found)))
    columns = ("problem_id", "family", "sample", "correct")
    pools = scan(store, "solutions").filter(here, pl.col("temperature") > 0, policy=small)
    pool = pools.filter(kind="sample").select(columns).collect()
    scores = scan(store, "scores").filter(here, policy=small).collect()
    ranked = _ranked(pool, scores).unique("problem_id", keep="first", maintain_order=True)
    return ranked.filter("correct")["problem_id"].to_list()


def _picks(
    rates: pl.DataFrame, small: str, large: str, well_picked: Sequence[str]
) -> Iterator[_Pick]:
    """Yield at most three different problems; fewer where no problem fits a rule."""
    of_small = rates.filter(policy=small)
    cot = rates.filter(policy=large).select("problem_id", large_cot="cot")
    overall = rates.group_by("problem_id").agg(pl.col("rate").max().alias("best_rate"))
    frame = of_small.join(cot, on="problem_id").join(overall, on="problem_id").sort("problem_id")
    seen: set[str] = set()
    for ways in _rules(small, large, well_picked):
        fitting = (
            _Pick(problem, why)
            for fits, merit, why in ways
            for problem in frame.filter(fits).sort(merit, descending=True, maintain_order=True)[
                "problem_id"
            ]
            if problem not in seen
        )
        if pick := next(fitting, None):
            seen.add(pick.problem_id)
            yield pick


def _rules(
    small: str, large: str, well_picked: Sequence[str]
) -> tuple[tuple[tuple[pl.Expr, pl.Expr, str], ...], ...]:
    """Per problem to show: what it must be, the best first, and why; later ways are second best."""
    differ = pl.lit(small != large)
    return (
        (
            (
                differ & (pl.col("rate") > 0.5) & ~pl.col("large_cot"),
                pl.col("rate"),
                f"Tries beat size: {small} is right more often than not, while {large}'s CoT is "
                "wrong.",
            ),
            (
                differ & pl.col("problem_id").is_in(list(well_picked)),
                -pl.col("rate"),
                f"Tries beat size: {small} is seldom right, but the sample that its PRMs score "
                f"best is, while {large}'s CoT is wrong.",
            ),
        ),
        (
            (
                pl.col("rate").is_between(0.1, 0.5),
                -(pl.col("rate") - 0.3).abs(),
                f"In between: {small} finds the answer now and then, so a vote or PRM must pick "
                "it.",
            ),
        ),
        (
            (
                pl.col("best_rate") < 0.1,
                -pl.col("best_rate"),
                "Out of reach: every policy finds the answer in fewer than one try out of ten.",
            ),
        ),
    )


def _problem(
    store: StorePath, pick: _Pick, rates: pl.DataFrame, policies: Sequence[str]
) -> ProblemExamples:
    here = pl.col("problem_id") == pick.problem_id
    problem = scan(store, "problems").filter(here).first().collect().row(0, named=True)
    solutions = scan(store, "solutions").filter(here, kind="sample").collect()
    scores = scan(store, "scores").filter(here).collect()
    shares = {row["policy"]: row for row in rates.filter(here).iter_rows(named=True)}
    return ProblemExamples(
        problem_id=pick.problem_id,
        why=pick.why,
        question=problem["question"],
        # Of code the gold answer is a file of tests.
        gold=ALL_TESTS if (solutions["outcome"] != UNDECIDED).any() else problem["answer"],
        rates=", ".join(
            f"{policy} {shares[policy]['num_right']} of {shares[policy]['num_samples']}"
            for policy in policies
            if policy in shares
        ),
        solutions=tuple(_solutions(solutions, scores, policies[0], policies[-1])),
    )


def _solutions(
    solutions: pl.DataFrame, scores: pl.DataFrame, small: str, large: str
) -> Iterator[Example]:
    """The largest policy's CoT; of the smallest, what its PRM likes best, and a wrong try."""
    for row in solutions.filter(temperature=0, policy=large).head(1).iter_rows(named=True):
        yield _example(row, scores, f"{large}, CoT")
    pool = solutions.filter(pl.col("temperature") > 0, policy=small).sort("family", "sample")
    top = _best_scored(pool, scores)
    if top is not None:
        yield _example(top, scores, f"{small}, its best-scored sample")
    wrong = pool.filter(~pl.col("correct"), pl.col("answer").is_not_null())
    other = wrong if top is None else wrong.filter(pl.col("sample") != top["sample"])
    for row in other.head(1).iter_rows(named=True):
        yield _example(row, scores, f"{small}, a wrong sample")


def _best_scored(pool: pl.DataFrame, scores: pl.DataFrame) -> Row | None:
    """The sample whose lowest step score, averaged over PRMs, is highest."""
    ranked = _ranked(pool, scores)
    return ranked.row(0, named=True) if len(ranked) else None


def _ranked(pool: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """The scored samples of a pool, the best first, by the lowest step score."""
    lowest = scores.select("pool_family", "sample", lowest=pl.col("step_scores").list.min())
    mean = lowest.group_by("pool_family", "sample").agg(pl.col("lowest").mean())
    joined = pool.join(mean, left_on=["family", "sample"], right_on=["pool_family", "sample"])
    return joined.drop_nulls("lowest").sort("lowest", "sample", descending=[True, False])


def _example(row: Row, scores: pl.DataFrame, title: str) -> Example:
    of_sample = scores.filter(pool_family=row["family"], sample=row["sample"]).sort("prm")
    columns = of_sample["step_scores"].to_list()
    scored = [
        (prm, column)
        for prm, column in zip(of_sample["prm"], columns, strict=True)
        # Recorded runs may hold one score per solution; beside steps it would mislead.
        if len(column) == len(row["steps"])
    ]
    steps = tuple(
        Step(_cut(text), tuple(float(column[i]) for _, column in scored))
        for i, text in enumerate(row["steps"][:MAX_STEPS])
    )
    return Example(
        title=title,
        correct=row["correct"],
        answer=row["answer"] or "none",
        prms=tuple(prm for prm, _ in scored),
        steps=steps,
        num_left_out=len(row["steps"]) - len(steps),
        outcome=_cut(outcome_in_words(row["outcome"], row["outcome_detail"])),
    )


def _cut(text: str) -> str:
    return text if len(text) <= MAX_STEP_CHARACTERS else f"{text[:MAX_STEP_CHARACTERS]} …"
