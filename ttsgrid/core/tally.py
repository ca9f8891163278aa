"""How much is to be generated, or was: counted by what is exact before a run and after it.

The solutions of pools are: a block of four is four. The answers of a search are not. At
N = 16 the study's rules give at most N/M = 4 answers, fewer where candidates are cut off
(the default grid's searches may spend 21,600 solutions and gave 4,343 answers), so what is
counted of searches is their trees: a beam search is one, DVTS at N has N/M.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ttsgrid.core.units import Unit


@dataclass(frozen=True)
class Tally:
    """An amount of generated work.

    Attributes:
        num_solutions: of pools, the greedy ones among them.
        num_trees: of searches.
    """

    num_solutions: int = 0
    num_trees: int = 0

    @classmethod
    def of(cls, units: Iterable[Unit]) -> Tally:
        """Count what units generate."""
        solutions = trees = 0
        for unit in units:
            solutions += unit.num_solutions
            trees += unit.tree is not None
        return cls(solutions, trees)

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.num_solutions + other.num_solutions, self.num_trees + other.num_trees)

    def __mul__(self, times: int) -> Tally:
        return Tally(self.num_solutions * times, self.num_trees * times)

    def __str__(self) -> str:
        """Return e.g. `19,500 solutions and 3,600 search trees`."""
        parts = (counted(self.num_solutions, "solution"), counted(self.num_trees, "search tree"))
        numbers = (self.num_solutions, self.num_trees)
        return " and ".join(p for p, n in zip(parts, numbers, strict=True) if n) or parts[0]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, e.g. `1 policy` or `2,000 policies`."""
    return f"{number:,} {plural(noun, number)}"


def plural(noun: str, number: int) -> str:
    """Return a noun, given as for one, as it stands after a number."""
    if number == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("cy") else f"{noun}s"
