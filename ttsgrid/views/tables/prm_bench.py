"""What labelled solutions say of PRMs, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttsgrid.analysis.judging.bench import PrmBench
from ttsgrid.analysis.judging.detection import HALF
from ttsgrid.views.tables.entries import NOTHING
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.numbers import percent, span

Row = Mapping[str, Any]
_SHARES = {
    "found": "found",
    "passed": "passed",
    "f1": "F1",
    "f1_held_out": "F1, threshold held out",
    "f1_tuned": "F1, tuned threshold",
    "area": "step AUC",
    "area_within": "AUC within solution",
    "ece": "calibration error",
}
_FOUND = (
    "Of solutions with a wrong step, found: the first one is marked, and of the others, passed: "
    f"none is; F1 is their harmonic mean, as in ProcessBench. A step is marked below {HALF:g}; "
    "held out: below the threshold with the best F1 on other problems"
)
_TUNED = "; tuned: below the threshold with the best F1 on {}"
_OTHERS = (
    ". An unscored solution counts as wrong. Step AUC: how often a right step outscores a first "
    "wrong one, over all steps, and within a solution that goes wrong. Calibration error: mean "
    "distance between score and share of right steps. In %, with 95 % intervals over problems."
)


def prm_bench_tables(bench: PrmBench) -> tuple[Table, ...]:
    """Return the tables, the most important first; one without rows has nothing to say."""
    return summary_table(bench), places_table(bench), reasons_table(bench)


def summary_table(bench: PrmBench) -> Table:
    """Return one row per PRM and set."""
    rows = bench.summary
    measured = [name for name in _SHARES if not rows[name].is_null().all()]
    tuned_on = rows["tuned_on"].drop_nulls()
    return Table(
        "PRMs on labelled steps",
        _FOUND + (_TUNED.format(tuned_on[0]) if len(tuned_on) else "") + _OTHERS,
        (
            *("PRM", "data", "solutions", "with a wrong step", "unscored"),
            *(_SHARES[name] for name in measured),
        ),
        2,
        tuple(
            (
                Entry(row["prm"]),
                Entry(row["data"]),
                *(
                    Entry(f"{row[name]:,}")
                    for name in ("num_solutions", "num_wrong", "num_unscored")
                ),
                *(_share(name, row) for name in measured),
            )
            for row in rows.iter_rows(named=True)
        ),
    )


def places_table(bench: PrmBench) -> Table:
    """Return how well first errors are found by where they stand."""
    return Table(
        "Which first wrong steps are found",
        f"By the place of the first wrong step. Marked is the first step below {HALF:g}: that "
        "one (found), an earlier or a later one, or none. In %.",
        ("PRM", "data", "step", "solutions", "unscored", "found", "earlier", "later", "none"),
        3,
        tuple(
            (
                Entry(row["prm"]),
                Entry(row["data"]),
                Entry(_place(row)),
                Entry(f"{row['num_solutions']:,}"),
                Entry(f"{row['num_unscored']:,}"),
                _share("found", row),
                *(Entry(percent(row[name])) for name in ("earlier", "later", "none")),
            )
            for row in bench.places.iter_rows(named=True)
        ),
    )


def reasons_table(bench: PrmBench) -> Table:
    """Return why solutions have no scores."""
    return Table(
        "Unscored solutions",
        "Numbers in a reason differ from one solution to another, and stand as N.",
        ("PRM", "data", "reason", "solutions"),
        3,
        tuple(
            (
                *(Entry(row[name] or "") for name in ("prm", "data", "reason")),
                Entry(f"{row['num_solutions']:,}"),
            )
            for row in bench.reasons.iter_rows(named=True)
        ),
    )


def _share(name: str, row: Row) -> Entry:
    if row[name] is None:
        return NOTHING
    return Entry(percent(row[name]), span(row[f"{name}_low"], row[f"{name}_high"]))


def _place(row: Row) -> str:
    first, last = row["first_step"], row["last_step"]
    if last is None:
        return f"{first} or later"
    return f"{first}" if first == last else f"{first} to {last}"
