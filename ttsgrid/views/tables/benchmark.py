"""Every table of one benchmark, in the order in which it is shown."""

from __future__ import annotations

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.tables.accuracy import accuracy_table, best_table
from ttsgrid.views.tables.advice import expectation_table, prediction_table, recommendation_table
from ttsgrid.views.tables.comparisons import comparison_table
from ttsgrid.views.tables.run_outcomes import run_outcome_table
from ttsgrid.views.tables.searches import search_comparison_table
from ttsgrid.views.tables.table import Table


def benchmark_tables(frontier: Frontier, benchmark: str) -> tuple[Table, ...]:
    """Return every table of one benchmark that has rows."""
    tables = (
        accuracy_table(frontier.cells, benchmark),
        run_outcome_table(frontier, benchmark),
        comparison_table(frontier, benchmark),
        search_comparison_table(frontier, benchmark),
        best_table(frontier, benchmark),
        expectation_table(frontier, benchmark),
        recommendation_table(frontier, benchmark),
        prediction_table(frontier, benchmark),
    )
    return tuple(table for table in tables if table.rows)
