"""What policies learn from: solutions as people write them, including slips.

A model of clean solutions that is too small for its task errs where it is ignorant: it
makes the same mistake every time, and neither sampling nor search can help. Real
models' errors come and go, since their corpus holds right and wrong ways side by side.
So a corpus here may slip: the larger a factor, the more often its product is one too
many, and the solution goes on from there. A policy that knows its arithmetic learns
both results with the corpus's odds: an error that a PRM can find and another sample
can avoid.
"""

from __future__ import annotations

import random

from ttsgrid.benchmarks.zoo.task import MODULUS, Operation, Recipe


def slip_rate(operation: Operation, largest_rate: float) -> float:
    """Return how often a corpus gets an operation wrong: products alone, large factors most."""
    if operation.symbol != "*":
        return 0.0
    return largest_rate * operation.operand / (MODULUS - 1)


def written_steps(recipe: Recipe, largest_rate: float, rng: random.Random) -> tuple[str, ...]:
    """Write a solution as the corpus has it, one string per step, without separators.

    Args:
        recipe: the problem.
        largest_rate: how often the product by the largest factor is one too many, 0 to 1.
        rng: draws the slips.
    """
    value, steps = recipe.start, list[str]()
    for operation in recipe.operations:
        rate = slip_rate(operation, largest_rate)
        slips = rate > 0 and rng.random() < rate
        result = (operation.apply(value) + slips) % MODULUS
        steps.append(f"{value} {operation.symbol} {operation.operand} = {result}")
        value = result
    return (*steps, f"The answer is \\boxed{{{value}}}.")
