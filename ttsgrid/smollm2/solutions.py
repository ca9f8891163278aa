"""Sampled solutions: their steps, whether they are right, and files of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ttsgrid.benchmarks.graders.boxed import last_boxed
from ttsgrid.benchmarks.graders.numbers import parse_number
from ttsgrid.models import split_steps


@dataclass(frozen=True)
class Solution:
    """One solution that a policy wrote.

    Attributes:
        problem: its place among the problems that were solved.
        policy: who wrote it.
        text: as written, without the end mark.
        correct: whether the boxed number is the gold answer.
        labels: one per step, True for good; empty before labelling.
        labelled_by: what the labels come from.
    """

    problem: int
    policy: str
    text: str
    correct: bool
    labels: tuple[bool, ...] = ()
    labelled_by: str = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """Its steps, as a sweep splits them."""
        return split_steps(self.text)

    def labelled(self, labels: Iterable[bool], by: str) -> Solution:
        """Return it with labels."""
        return replace(self, labels=tuple(labels), labelled_by=by)


def boxed_number(text: str) -> str | None:
    """Return the number in the last box as a key that equal numbers share; None without one."""
    boxed = last_boxed(text)
    number = None if boxed is None else parse_number(boxed.replace("\\$", "").replace("$", ""))
    return None if number is None else str(number.value)


def is_correct(text: str, answer: str) -> bool:
    """Say whether a solution boxes the gold number."""
    gold, found = parse_number(answer), boxed_number(text)
    return gold is not None and found == str(gold.value)


def write_solutions(solutions: Iterable[Solution], file: Path) -> None:
    """Write solutions as JSON lines."""
    lines = (json.dumps(asdict(solution)) for solution in solutions)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_solutions(file: Path) -> list[Solution]:
    """Read solutions from JSON lines."""
    with file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Solution(**{**row, "labels": tuple(row["labels"])}) for row in rows]


def by_problem(solutions: Sequence[Solution]) -> dict[int, list[Solution]]:
    """Group solutions by their problem."""
    groups: dict[int, list[Solution]] = {}
    for solution in solutions:
        groups.setdefault(solution.problem, []).append(solution)
    return groups
