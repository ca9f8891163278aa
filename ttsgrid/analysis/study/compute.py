"""What everything costs, and which of it is worth it: tables beyond the study's own.

* costs: every strategy at every N, in tokens, FLOPs, seconds and money per problem;
* Pareto: the cells that no other cell of the benchmark beats with fewer FLOPs;
* searches against best-of-N at the same N, by difficulty
  (`ttsgrid.analysis.findings.search_comparisons`), and whether that depends on
  the policy (`ttsgrid.analysis.findings.interaction`);
* how well PRMs rank (`ttsgrid.analysis.findings.prm_quality`).
"""

from __future__ import annotations

import polars as pl

from ttsgrid.analysis.cells.costs import COST_COLUMNS
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.selection import pareto
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.study.summary import Study

_NAMES = ["benchmark", "policy", "prm", "strategy", "n"]
_SPENT = ["flops_prompt", "flops_generated", "flops_prm", "flops"]
_TIMES = ["seconds", "device_seconds", "money"]
_CHOSEN = ["aggregation", "vote", "num_problems", "num_unscored", "accuracy", "low", "high"]


def costs(study: Study) -> pl.DataFrame:
    """Return what each strategy costs per problem; votes and aggregations cost nothing."""
    real = _overall(study).sort(*_NAMES)
    rows = real.unique(_NAMES, keep="first", maintain_order=True)
    tokens = [name for name in COST_COLUMNS if name.endswith("_tokens")]
    return rows.select(*_NAMES, "num_problems", "num_unscored", *tokens, *_SPENT, *_TIMES)


def pareto_frontier(study: Study) -> pl.DataFrame:
    """Return the cells on each benchmark's Pareto frontier, cheapest first."""
    real = _overall(study)
    frontiers = [pareto(rows) for rows in real.partition_by("benchmark", maintain_order=True)]
    kept = pl.concat([real.clear(), *frontiers])
    return kept.select(*_NAMES, *_CHOSEN, "policy_generated_tokens", "flops", *_TIMES)


def searches_against_best_of_n(study: Study) -> pl.DataFrame:
    """Return the differences of searches to best-of-N, overall and by difficulty."""
    return study.frontier.search_comparisons.sort(
        "benchmark", "policy", "prm", "n", "strategy", maintain_order=True
    )


def search_gain_by_policy(study: Study) -> pl.DataFrame:
    """Return what searches add for one policy, against what they add for another."""
    names = ("benchmark", "policy", "other", "prm", "strategy", "n")
    return study.frontier.search_gains.sort(*names, maintain_order=True)


def prm_quality(study: Study) -> pl.DataFrame:
    """Return how well PRMs rank the solutions of a problem, and of all problems pooled."""
    return study.frontier.prm_quality


def _overall(study: Study) -> pl.DataFrame:
    """The cells over all problems of strategies that compete; bounds cost nothing of their own."""
    return study.cells.frame.filter(competes(), bin=Bin.ALL.value)
