"""What a PRM's trunk is told: which tokens are right, in equations and in whole solutions.

Errors are put in by hand. Results are other numbers; an operation is another one, as
often as not one of the recipe's own, since policies skip and repeat operations.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from ttsgrid.benchmarks.zoo.task import MODULUS, VERBS, Operation, Recipe, draw_of_length
from ttsgrid.models.prms import ScoringInput, prm_format
from ttsgrid.zoo.drills import (
    LAST_TOKEN,
    RESULT_TOKEN,
    TOKENS_PER_EQUATION,
    draw_equations,
    encode_equations,
)
from ttsgrid.zoo.policies import MAX_OPERATIONS
from ttsgrid.zoo.tokenizer import build_tokenizer

IGNORED = -100  # what `cross_entropy` leaves out unless told otherwise
SHORT_OPERATIONS = 6  # comparing is local: short problems teach most of it, three times faster
TOKENS_BEFORE_MARK = {"qwen": 5, "math_shepherd": 6}  # Math-Shepherd's tag follows a space
OTHER_SYMBOL_SHARE = 0.2  # symbols are few and learnt at once, operands take most of the steps


@dataclass(frozen=True)
class TrunkSpec:
    """How many layers come on top of the largest policy, and how long all is trained.

    Attributes:
        num_format_steps: optimiser steps of writing solutions in the PRMs' formats.
        num_drill_steps: on single equations, right or wrong.
        num_recipe_steps: on solutions with errors.
    """

    name: str
    num_new_layers: int
    num_format_steps: int
    num_drill_steps: int
    num_recipe_steps: int
    batch_size: int = 128
    product_share: float = 1 / 3
    slip_share: float = 0.8
    error_share: float = 0.15
    seed: int = 0

    @property
    def num_steps(self) -> int:
        """Optimiser steps in all."""
        return self.num_format_steps + self.num_judging_steps

    @property
    def num_judging_steps(self) -> int:
        """Optimiser steps of the new layers."""
        return self.num_drill_steps + self.num_recipe_steps


@dataclass(frozen=True)
class Judged:
    """Token ids and verdicts, both of shape (batch, length).

    Attributes:
        is_right: 1 or 0 where there is a verdict, -100 elsewhere.
    """

    ids: Tensor
    is_right: Tensor


def batches(spec: TrunkSpec, tokenizer: PreTrainedTokenizerFast) -> Iterator[Judged]:
    """Yield one batch per optimiser step: drills, then recipes, short ones first."""
    generator = torch.Generator().manual_seed(spec.seed)
    for _ in range(spec.num_drill_steps):
        yield judged_equations(spec, tokenizer, generator)
    rng = random.Random(f"ttsgrid-zoo-{spec.name}-{spec.seed}")
    tokenizers = tokenizers_of_formats(tokenizer)
    for step in range(spec.num_recipe_steps):
        is_early = step < spec.num_recipe_steps / 2
        longest = SHORT_OPERATIONS if is_early else MAX_OPERATIONS
        yield judged_recipes(spec, tokenizers, rng, rng.randint(1, longest))


def tokenizers_of_formats(
    tokenizer: PreTrainedTokenizerFast,
) -> dict[str, PreTrainedTokenizerFast]:
    """Return the PRMs' tokenizers by format; Qwen's has no BOS."""
    return {"qwen": build_tokenizer(with_bos=False), "math_shepherd": tokenizer}


def judged_equations(
    spec: TrunkSpec, tokenizer: PreTrainedTokenizerFast, generator: torch.Generator
) -> Judged:
    """Encode single equations, half of them wrong."""
    equations = draw_equations(1, spec.product_share, generator)
    shape = equations.result.shape
    holds = torch.rand(shape, generator=generator) < 0.5
    off_by = torch.randint(1, MODULUS, shape, generator=generator)
    shown = torch.where(holds, equations.result, (equations.result + off_by) % MODULUS)
    ids = encode_equations(tokenizer, equations, shown)
    marks = torch.full_like(ids, IGNORED)
    for token in (RESULT_TOKEN, LAST_TOKEN):
        marks[:, token::TOKENS_PER_EQUATION] = holds.long()
    return Judged(ids, marks)


def judged_recipes(
    spec: TrunkSpec,
    tokenizers: Mapping[str, PreTrainedTokenizerFast],
    rng: random.Random,
    num_operations: int,
) -> Judged:
    """Encode problems of one chain length with equations that go on from random errors.

    Args:
        spec: how often there is an error.
        tokenizers: those of the PRMs' formats by name; a batch is in one of them.
        rng: draws the format, the problems and the errors.
        num_operations: of every problem.
    """
    name = rng.choice(list(tokenizers))
    encode = prm_format(name).encode_open
    rows: list[list[int]] = []
    marks: list[list[int]] = []
    for _ in range(spec.batch_size):
        recipe = draw_of_length(rng, num_operations, spec.product_share, test=False)
        slip_at = rng.randrange(num_operations) if rng.random() < spec.slip_share else None
        steps, verdicts = with_errors(recipe, slip_at, spec.error_share, rng)
        item = encode(tokenizers[name], recipe.question, steps)
        rows.append(item.ids)
        marks.append(spread(verdicts, item, TOKENS_BEFORE_MARK[name]))
    return Judged(torch.tensor(rows), torch.tensor(marks))


def spread(
    verdicts: Sequence[Sequence[int]], item: ScoringInput, num_tokens_before: int
) -> list[int]:
    """Put the verdicts on a line's tokens at those tokens, and the line's own at its mark."""
    marks = [IGNORED] * len(item.ids)
    for (*of_tokens, of_line), mark in zip(verdicts, item.positions, strict=True):
        start = mark - num_tokens_before
        marks[start : start + len(of_tokens)] = of_tokens
        marks[mark] = of_line
    return marks


def with_errors(
    recipe: Recipe, slip_at: int | None, error_share: float, rng: random.Random
) -> tuple[list[str], list[list[int]]]:
    """Write a recipe's equations with random errors and judge their tokens.

    Args:
        recipe: the problem.
        slip_at: which operation is another one; later ones are not judged, since what
            should follow is a matter of opinion.
        error_share: how often a result is another number.
        rng: draws the errors.

    Returns:
        The equations, and for each a verdict on its five tokens and one on all of it:
        1, 0 or -100 (none).
    """
    value, steps, verdicts = recipe.start, list[str](), list[list[int]]()
    for index, operation in enumerate(recipe.operations):
        done = other_operation(recipe, operation, rng) if index == slip_at else operation
        off_by = rng.randrange(1, MODULUS) if rng.random() < error_share else 0
        result = (done.apply(value) + off_by) % MODULUS
        steps.append(f"{value} {done.symbol} {done.operand} = {result}")
        value = result
        right = [done.symbol == operation.symbol, done.operand == operation.operand, not off_by]
        symbol, operand, equals = (int(is_right) for is_right in right)
        judged = [IGNORED, symbol, operand if symbol else IGNORED, IGNORED, equals, int(all(right))]
        after_slip = slip_at is not None and index > slip_at
        verdicts.append([IGNORED] * len(judged) if after_slip else judged)
    return steps, verdicts


def other_operation(recipe: Recipe, operation: Operation, rng: random.Random) -> Operation:
    """Return an operation with another symbol or operand, as often as not one of the recipe's."""
    if rng.random() < OTHER_SYMBOL_SHARE:
        return replace(operation, symbol=rng.choice([s for s in VERBS if s != operation.symbol]))
    operands = [other.operand for other in recipe.operations if other.operand != operation.operand]
    if not operands or rng.random() < 0.5:
        operands = [n for n in range(1, MODULUS) if n != operation.operand]
    return replace(operation, operand=rng.choice(operands))
