"""Which steps of a solution to one of the zoo's problems are right.

Its problems are recipes, so a step is right or wrong beyond doubt
(`ttsgrid.benchmarks.zoo.task.label_steps`). `conf/benchmark/zoo.yaml` names the class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ttsgrid.benchmarks.zoo.task import VERBS, Operation, Recipe, label_steps

_SYMBOLS = {verb: symbol for symbol, verb in VERBS.items()}
_START = re.compile(r"Start with (\d+)")
_OPERATIONS = re.compile(f"({'|'.join(map(re.escape, _SYMBOLS))})(\\d+)")


class ZooStepLabels:
    """Labels steps by the recipe that a question spells out."""

    def label_steps(self, question: str, steps: Sequence[str]) -> tuple[bool, ...] | None:
        """Label the steps of a solution; None for a question that is none of the zoo's."""
        recipe = _recipe(question)
        return None if recipe is None else label_steps(recipe, tuple(steps))


@lru_cache(maxsize=1024)  # a report labels some 400 solutions to each question
def _recipe(question: str) -> Recipe | None:
    """Read a recipe back from its question; None where that is not one."""
    start = _START.match(question)
    if start is None:
        return None
    found = _OPERATIONS.findall(question)
    operations = tuple(Operation(_SYMBOLS[verb], int(operand)) for verb, operand in found)
    recipe = Recipe(int(start.group(1)), operations, level=0)
    return recipe if recipe.question == question else None
