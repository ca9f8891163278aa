"""Which steps are right, where a benchmark can say so: the zoo's alone.

Its problems are recipes, so a step is right or wrong beyond doubt
(`ttsgrid.benchmarks.zoo.task.label_steps`). Other benchmarks grade final answers only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ttsgrid.benchmarks.zoo.task import VERBS, Operation, Recipe, label_steps

StepLabels = Callable[[str, Sequence[str]], tuple[bool, ...] | None]
"""A question and a solution's steps to a verdict a step; None where it can't be said."""

_SYMBOLS = {verb: symbol for symbol, verb in VERBS.items()}
_START = re.compile(r"Start with (\d+)")
_OPERATIONS = re.compile(f"({'|'.join(map(re.escape, _SYMBOLS))})(\\d+)")


def zoo_step_labels(question: str, steps: Sequence[str]) -> tuple[bool, ...] | None:
    """Label the steps of a solution to one of the zoo's problems."""
    recipe = _recipe(question)
    return None if recipe is None else label_steps(recipe, tuple(steps))


STEP_LABELS: Mapping[str, StepLabels] = {"zoo": zoo_step_labels}
"""Benchmarks that can label steps."""


def _recipe(question: str) -> Recipe | None:
    """Read a recipe back from its question; None where that is not one."""
    start = _START.match(question)
    if start is None:
        return None
    found = _OPERATIONS.findall(question)
    operations = tuple(Operation(_SYMBOLS[verb], int(operand)) for verb, operand in found)
    recipe = Recipe(int(start.group(1)), operations, level=0)
    return recipe if recipe.question == question else None
