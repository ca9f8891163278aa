"""What a cell stands on: how many problems, and how many samples that no PRM could score."""

from __future__ import annotations

from collections.abc import Iterator

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.views.words.numbers import Row


def coverage(row: Row) -> str:
    """Return what to say beside a cell's accuracy; empty where nothing is missing.

    Args:
        row: of `Cells.frame`.
    """
    remarks = []
    if row["is_partial"]:
        remarks.append(f"on {row['num_problems']} of {row['num_problems_run']} problems")
    if row["num_unscored"]:
        remarks.append(unscored(row["num_unscored"]))
    return ", ".join(remarks)


def stands_on(row: Row, num_run: int) -> str:
    """Return the same of a row that compares cells; `num_run` problems of its benchmark ran."""
    said = []
    if row["num_problems"] < num_run:
        said.append(f"on {row['num_problems']} of {num_run} problems")
    if row["num_unscored"]:
        said.append(unscored(row["num_unscored"]))
    return ", ".join(said)


def num_problems_run(cells: Cells, benchmark: str) -> int:
    """Return how many problems of a benchmark any cell ran on."""
    return int(
        cells.frame.filter(benchmark=benchmark)["num_problems_run"].to_numpy().max(initial=0)
    )


def unscored(number: int) -> str:
    """Return e.g. `1 sample unscored`."""
    return f"{number:,} {'sample' if number == 1 else 'samples'} unscored"


def coverage_sentences(cells: Cells, benchmark: str) -> Iterator[str]:
    """Yield what is missing from a benchmark's cells, and what that does to their accuracies."""
    overall = cells.frame.filter(benchmark=benchmark, bin=Bin.ALL.value)
    partial = overall.filter("is_partial")
    if len(partial):
        fewest, most = partial["num_problems"].to_numpy().min(), overall["num_problems_run"][0]
        yield (
            f"{len(partial)} of {len(overall)} cells ran on fewer than the {most} problems, one of "
            f"them on {fewest}: they are marked, and compared with others only on shared problems."
        )
    for prm in overall["prm"].drop_nulls().unique().sort():
        most = int(overall.filter(prm=prm)["num_unscored"].to_numpy().max())
        if most:
            yield (
                f"{prm} could not score some samples (up to {most:,} behind one cell). They stay "
                "in their pools and win no vote that needs a score."
            )
