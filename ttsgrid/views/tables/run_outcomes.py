"""What running the solutions came to (`ttsgrid.analysis.findings.run_outcomes`), as a table."""

from __future__ import annotations

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.tables.entries import NOTHING
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.numbers import percent
from ttsgrid.views.words.order import by_size

PASSED = "passed"


def run_outcome_table(frontier: Frontier, benchmark: str) -> Table:
    """Each policy's solutions by what their run came to; no rows where nothing is run."""
    counted = frontier.run_outcomes.filter(benchmark=benchmark)
    found = sorted(counted["outcome"].unique(), key=lambda outcome: (outcome != PASSED, outcome))
    outcomes = [PASSED, *found] if found and found[0] != PASSED else found
    return Table(
        "What the tests came to",
        "Solutions of pools and answers of searches, each run against the problem's tests in a "
        "sandbox. Only the first column counts as right.",
        ("policy", *outcomes),
        1,
        tuple(
            (Entry(policy), *_entries(frontier, benchmark, policy, outcomes))
            for policy in by_size(frontier.cells, counted["policy"].to_list())
        ),
    )


def _entries(
    frontier: Frontier, benchmark: str, policy: str, outcomes: list[str]
) -> tuple[Entry, ...]:
    rows = frontier.run_outcomes.filter(benchmark=benchmark, policy=policy)
    counts = dict(rows.select("outcome", "num_solutions").iter_rows())
    total = sum(counts.values())
    return tuple(
        Entry(f"{counts[outcome]:,}", percent(counts[outcome] / total))
        if outcome in counts
        else NOTHING
        for outcome in outcomes
    )
