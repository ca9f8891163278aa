"""Tables 3 to 6 of arXiv 2502.06703, from a store, with the study's own figures beside.

Each is a frame with one row per (benchmark, policy, method) and accuracies in [0, 1]; the
columns `paper*` hold what the study printed for the same model (accuracies in [0, 1]
too) and are null where it printed nothing. FLOPs in Table 4 are for the whole benchmark, as
there; the study counts pre-training and generated tokens, the columns beside them
count the prompts and the PRM as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ttsgrid.analysis.advice.next_buy import FAR, STEP
from ttsgrid.analysis.frames.labels import configured_name
from ttsgrid.analysis.study.ability import PRM_ABILITY
from ttsgrid.analysis.study.compute import (
    costs,
    pareto_frontier,
    prm_quality,
    search_gain_by_policy,
    searches_against_best_of_n,
)
from ttsgrid.analysis.study.gains_table import (
    GAINS_TABLE,
    chosen_against_rule,
    cot_majority_optimal,
)
from ttsgrid.analysis.study.paper import paper_figure
from ttsgrid.analysis.study.prm_tables import PREFERRED_LENGTHS, VOTES
from ttsgrid.analysis.study.summary import COT_NAME, TTS, Row, Study
from ttsgrid.analysis.study.table import StudyTable
from ttsgrid.core.strategies import ONE_SAMPLE

LONG_COT = "long CoT"
RULES_TABLE = "rules"
NEXT_BUY_TABLE = "next-buy"
_TTS_IS = (
    "TTS: the best N, strategy, aggregation and vote, the same for all problems, chosen on "
    "problems other than those it is scored on (PRM 'any': the PRM is chosen too). N and strategy "
    "are the pair chosen most often, and the share is that of the problems it is chosen for."
)
_NAMES = ("benchmark", "policy", "prm", "strategy", "n")
_ACCURACY = ("num_problems", "num_unscored", "accuracy", "low", "high")


def small_vs_large(study: Study) -> pl.DataFrame:
    """Return CoT and compute-optimal TTS of every policy (Table 3)."""
    return _with_paper(_accuracies(study), 3)


def flops(study: Study) -> pl.DataFrame:
    """Return what CoT and compute-optimal TTS cost over a whole benchmark (Table 4)."""
    rows = [_flops_row(row) for row in _accuracies(study)]
    return _frame(rows)


def long_cot(study: Study) -> pl.DataFrame:
    """Return TTS against policies that think long in one chain (Table 6)."""
    rows = [
        row | {"method": LONG_COT} if _thinks_long(study, row) else row
        for row in _accuracies(study)
    ]
    return _with_paper(rows, 6)


STUDY_TABLES: Mapping[str, StudyTable] = {
    "small-vs-large": StudyTable(
        "Small policies with TTS against large ones with CoT",
        f"{_TTS_IS} FLOPs: of inference, mean per problem, prompts and PRM included.",
        small_vs_large,
        number=3,
    ),
    "flops": StudyTable(
        "FLOPs of training and of one pass over the benchmark",
        "The study counts pre-training and generated tokens ('total as study'); 'total' counts "
        "prompts and the PRM too. Both need the number of training tokens. A row of TTS adds up "
        "what is chosen for each problem on others; it names the pair of N and strategy that is "
        "chosen most often.",
        flops,
        number=4,
    ),
    "cot-majority-optimal": StudyTable(
        "CoT, majority voting and compute-optimal TTS",
        f"{_TTS_IS} Majority voting's N is chosen likewise. Accuracies in %; FLOPs of inference, "
        "mean per problem, prompts and PRM included. Gain: TTS over CoT in % of CoT, and in points "
        "with its 95 % interval. Efficiency, in N and in FLOPs: the budget at majority voting's "
        "highest point over the budget at which TTS reaches that accuracy, interpolated linearly "
        "between budgets above N = 1; >: TTS is above it even at its smallest budget; <: TTS "
        "never reaches it.",
        cot_majority_optimal,
        number=GAINS_TABLE,
    ),
    "fixed-rule": StudyTable(
        "Compute-optimal TTS beside the study's ways to choose",
        f"{_TTS_IS} By difficulty: one cell per difficulty, which is read off the gold answers "
        "(that flatters it); the cell is chosen on other problems. By rule: the strategy that the "
        "study fixes by model size and the same difficulty; N, aggregation and vote are chosen as "
        "for TTS. Accuracies in %; FLOPs of inference, mean per problem, prompts and PRM included. "
        "Points: TTS less the rule, paired by problem, with the 95 % interval.",
        chosen_against_rule,
    ),
    "long-cot": StudyTable(
        "TTS against long chains of thought",
        "Long CoT: policies that think long in one chain, by their prompt format or --long-cot.",
        long_cot,
        number=6,
    ),
    "votes": VOTES,
}
FINDING_TABLES: Mapping[str, StudyTable] = {
    "search-gain-by-policy": StudyTable(
        "Does what search adds depend on the policy?",
        "Search adds: the search less best-of-N with the same PRM and N, in points, each with its "
        "best aggregation and vote, chosen on other problems; adds for other: the same for the "
        "other policy. Points: the first less the second, paired by problem, with the 95 % "
        "interval of this row alone and one that holds for all rows together (adjusted).",
        search_gain_by_policy,
    ),
    "prm-quality": StudyTable(
        "How well PRMs rank the solutions of one problem",
        "Within problem: how often a right solution outscores a wrong one of the same problem, "
        "ties counted half, averaged over the problems that have both (their number and their "
        "pairs stand beside it), with the 95 % interval over problems; 0.5 is chance. Pooled: the "
        "same over the solutions of all problems, where knowing which problems are hard is "
        "enough to do well. Unscored: samples that the PRM could not score.",
        prm_quality,
    ),
    "preferred-lengths": PREFERRED_LENGTHS,
}
"""What else the study claims, tested."""
TABLES: Mapping[str, StudyTable] = {
    **STUDY_TABLES,
    **FINDING_TABLES,
    "prm-ability": PRM_ABILITY,
    "costs": StudyTable(
        "What each strategy costs per problem",
        "Each strategy as if run alone. Prompt tokens include those read from a cache, which stand "
        "beside them. Seconds: wall time of the work units, which ran side by side, added up; "
        "device seconds: the time that devices took for the tokens.",
        costs,
    ),
    "pareto": StudyTable(
        "Pareto frontier",
        "The cells that no other cell matches in accuracy for as few FLOPs, PRM and prompts "
        "included. Chosen on the problems they are scored on.",
        pareto_frontier,
    ),
    RULES_TABLE: StudyTable(
        "Rules that stop sampling early, beside a vote over all N samples",
        "Replayed on the stored pools, over many random orders of each; nothing is generated. Each "
        "stands beside a cell on the same problems: the majority vote over N, best-of-N for a rule "
        "that reads a PRM's scores, the larger policy's vote for a rule of two, a vote of as many "
        "samples for a budget that is shared. Points: the rule less that cell, paired by problem, "
        "with the 95 % interval. Samples, tokens and FLOPs are means per problem, of both policies "
        "where a smaller one goes first; shares are of that cell's. MC error: of the accuracy, in "
        "points, from the finite number of orders. 'chosen': the cheapest parameter within half a "
        "point of the best, chosen on other problems. The study's rule reads difficulty off the "
        "gold answers, which flatters it. Latency: tokens that are written one after another; "
        "rules that wait for each sample take longer than a pool sampled at once.",
        lambda study: study.frontier.rules,
    ),
    NEXT_BUY_TABLE: StudyTable(
        "What to buy next: a larger N, a better PRM or a larger policy",
        "Where the answers that are wrong at N could still be won, at best, from the pool alone. "
        "Coverage: problems with a right solution among N; turned: accuracy over coverage. "
        f"Coverage at {STEP} N and {FAR} N is extrapolated, with what 95 % of the posterior holds "
        "for these problems. Better PRM: coverage less accuracy. Larger N: what coverage gains "
        f"from N to {STEP} N, as far as the vote turned it into accuracy in the last step that was "
        f"run. Larger policy: what {STEP} N samples don't cover. In points, with 95 % intervals "
        "over problems; the share is that of the draws in which the buy is the largest of the "
        "three. Predicted: coverage of the whole pool from a random half; shown: what it is.",
        lambda study: study.frontier.next_buys,
    ),
    "search-vs-best-of-n": StudyTable(
        "Searches against best-of-N at the same N",
        "Each with its best aggregation and vote, chosen on other problems. Half of a policy's "
        "samples say how hard a problem is; best-of-N picks from the other half. Points: search "
        "less best-of-N, with the 95 % interval of this row alone and one that holds for all rows "
        "together (adjusted).",
        searches_against_best_of_n,
    ),
}


def _accuracies(study: Study) -> list[Row]:
    """CoT or one-sample rows, then compute-optimal rows, each with its method and all costs."""
    once = [{**row, "method": method} for method, row in study.once()]
    return once + [{**optimal.point, "method": TTS} for optimal in study.optimal]


def _with_paper(rows: list[Row], table: int) -> pl.DataFrame:
    """The common columns, tokens, FLOPs and the study's accuracy."""
    return _frame(
        [
            {
                "method": row["method"],
                **{column: row[column] for column in (*_NAMES, *_ACCURACY)},
                "share": row.get("share"),
                "generated_tokens": row["policy_generated_tokens"],
                "flops": row["flops"],
                "paper": _paper_accuracy(table, row, row["method"]),
            }
            for row in rows
        ]
    )


def _flops_row(row: Row) -> Row:
    """One row of Table 4: sums over the benchmark's problems."""

    def over_benchmark(column: str) -> float | None:
        mean: float | None = row[column]
        return None if mean is None else mean * int(row["num_problems"])

    def paper(quantity: str) -> float | None:
        return paper_figure(4, row["policy"], row["benchmark"], row["method"], quantity)

    generated, training = over_benchmark("flops_generated"), row["flops_pretraining"]
    inference = over_benchmark("flops")
    return {
        "method": row["method"],
        **{column: row[column] for column in (*_NAMES, "num_problems", "num_unscored")},
        "flops_pretraining": training,
        "flops_generated": generated,
        "flops_prompt": over_benchmark("flops_prompt"),
        "flops_prm": over_benchmark("flops_prm"),
        "flops_total_as_study": _sum(training, generated),
        "flops_total": _sum(training, inference),
        "device_hours": _per_hour(over_benchmark("device_seconds")),
        "money": over_benchmark("money"),
        "paper_pretraining": paper("pretraining_flops"),
        "paper_inference": paper("inference_flops"),
        "paper_total": paper("total_flops"),
    }


def _thinks_long(study: Study, row: Row) -> bool:
    return row["method"] != TTS and configured_name(row["policy"]) in study.long_cot


def _paper_accuracy(table: int, row: Row, method: str) -> float | None:
    printed = COT_NAME if method == ONE_SAMPLE else method
    figure = paper_figure(table, row["policy"], row["benchmark"], printed, prm=row["prm"])
    return _share(figure)


def _frame(rows: list[Row]) -> pl.DataFrame:
    # All rows, since the first may hold nothing but nulls in a column.
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(pl.col(pl.Null).cast(pl.Float64))


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _per_hour(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600
