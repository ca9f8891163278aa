"""Which problem of a store a recorded one is, so that imports and sweeps pair.

A problem is its question and gold answer, as in a sweep. A file that has ids alone meets
the problems of files that had both: each unit's provenance keeps the id that its file
gave. Where the store knows nothing of an id, the id stands for the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ttsgrid.benchmarks import problem_id
from ttsgrid.core.records import Problem
from ttsgrid.importer.records import RecordedProblem
from ttsgrid.importer.run import RecordedRun
from ttsgrid.store import StorePath, provenance, scan

RECORDED_ID = "recorded_id"


@dataclass(frozen=True)
class KnownProblems:
    """What a store holds of a benchmark.

    Attributes:
        by_id: problem id to problem.
        by_recorded_id: the id that an imported file gave, to problem id.
    """

    by_id: Mapping[str, Problem]
    by_recorded_id: Mapping[str, str]


NOTHING_KNOWN = KnownProblems({}, {})


def known_problems(store: StorePath, benchmark: str) -> KnownProblems:
    """Return the problems that a store holds of a benchmark; none where it is new."""
    problems = scan(store, "problems").filter(benchmark=benchmark).collect()
    recorded = provenance(RECORDED_ID)
    units = scan(store, "units").filter(benchmark=benchmark).select(recorded, "problem_id")
    named = units.drop_nulls().unique().sort("problem_id").collect()
    return KnownProblems(
        {row["problem_id"]: _problem(row) for row in problems.iter_rows(named=True)},
        dict(named.iter_rows()),
    )


def paired_problem(
    recorded: RecordedProblem, run: RecordedRun, index: int, known: KnownProblems
) -> Problem:
    """Return the problem that a recorded one is."""
    question, answer = recorded.question or recorded.id or "", recorded.gold or ""
    own_id = problem_id(run.benchmark, question, answer)
    same = own_id if recorded.id is None else known.by_recorded_id.get(recorded.id, own_id)
    if problem := known.by_id.get(own_id) or known.by_id.get(same):
        return problem
    return Problem(
        id=own_id,
        benchmark=run.benchmark,
        index=index,
        question=question,
        answer=answer,
        level=recorded.level,
        subject=recorded.subject,
    )


def _problem(row: Mapping[str, object]) -> Problem:
    return Problem(id=str(row["problem_id"]), **{k: row[k] for k in _FIELDS})  # type: ignore[arg-type]


_FIELDS = ("benchmark", "index", "question", "answer", "level", "subject")
