"""The zoo's reasoning task: follow a recipe of modular arithmetic, one step per line.

A problem reads "Start with 17. Add 23. Times 5. Work modulo 47." and its
solution writes one equation per step, each step ended by a blank line, and then
boxes the result. Every operation is invertible (the modulus is prime; no zero
operands, no factor of one), so a wrong value stays wrong unless a later error
happens to undo it: step labels are exact and cheap to compute.

Difficulty is the `level`, 1 to 5: higher levels have longer chains and more
products, and products are rare in the policies' training mixture.

Train and test cannot overlap: the split is a hash of the problem itself
(`is_test`), and each side draws only problems that hash to it.
"""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass
from functools import cached_property

MODULUS = 47
STEP_SEPARATOR = "\n\n"
TEST_BUCKETS_OF_256 = 64

VERBS = {"+": ". Add ", "-": ". Subtract ", "*": ". Times "}


@dataclass(frozen=True)
class Level:
    """How problems of one level are drawn: chain lengths and the share of products."""

    min_operations: int
    max_operations: int
    product_share: float


LEVELS: dict[int, Level] = {
    1: Level(2, 3, 0.10),
    2: Level(3, 5, 0.20),
    3: Level(5, 7, 0.35),
    4: Level(7, 10, 0.50),
    5: Level(10, 14, 0.65),
}


@dataclass(frozen=True)
class Operation:
    """One operation of a recipe: `symbol` is one of `+`, `-`, `*`."""

    symbol: str
    operand: int

    def apply(self, value: int) -> int:
        """Return the value after this operation, reduced modulo `MODULUS`."""
        if self.symbol == "+":
            return (value + self.operand) % MODULUS
        if self.symbol == "-":
            return (value - self.operand) % MODULUS
        return (value * self.operand) % MODULUS


@dataclass(frozen=True)
class Recipe:
    """A problem of the task: a start value and the operations to apply in order."""

    start: int
    operations: tuple[Operation, ...]
    level: int

    @property
    def values(self) -> tuple[int, ...]:
        """Every intermediate value, the start first: `len(operations) + 1` of them."""
        values = [self.start]
        for operation in self.operations:
            values.append(operation.apply(values[-1]))
        return tuple(values)

    @property
    def answer(self) -> int:
        """The value after the last operation."""
        return self.values[-1]

    @property
    def question(self) -> str:
        """The problem as a person (and a policy) reads it."""
        body = "".join(f"{VERBS[op.symbol]}{op.operand}" for op in self.operations)
        return f"Start with {self.start}{body}. Work modulo {MODULUS}."

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The reference solution, one string per step, without separators."""
        values = self.values
        lines = [
            f"{before} {op.symbol} {op.operand} = {after}"
            for before, op, after in zip(values, self.operations, values[1:], strict=False)
        ]
        return (*lines, f"The answer is \\boxed{{{self.answer}}}.")


def is_test(start: int, operations: tuple[Operation, ...]) -> bool:
    """Say on which side of the split a problem lies; levels do not matter."""
    key = f"{start}" + "".join(f"{op.symbol}{op.operand}" for op in operations)
    # Not `hash()`, which differs between processes: a test problem must never be trained on.
    return hashlib.blake2b(key.encode(), digest_size=1).digest()[0] < TEST_BUCKETS_OF_256


def draw(rng: random.Random, level: int, *, test: bool) -> Recipe:
    """Draw one problem of a level (1 to 5) from one side of the split."""
    spec = LEVELS[level]
    length = rng.randint(spec.min_operations, spec.max_operations)
    return draw_of_length(rng, length, spec.product_share, test=test, level=level)


def draw_of_length(
    rng: random.Random, length: int, product_share: float, *, test: bool, level: int = 0
) -> Recipe:
    """Draw one problem with `length` operations, redrawing until it is on the right side."""
    while True:
        start = rng.randrange(MODULUS)
        operations = tuple(_draw_operation(rng, product_share) for _ in range(length))
        if is_test(start, operations) == test:
            return Recipe(start, operations, level)


def _draw_operation(rng: random.Random, product_share: float) -> Operation:
    if rng.random() < product_share:
        return Operation("*", rng.randrange(2, MODULUS))
    return Operation(rng.choice("+-"), rng.randrange(1, MODULUS))


def test_set(num_problems: int, seed: int = 0) -> tuple[Recipe, ...]:
    """Return `num_problems` distinct test problems, levels in turn.

    A larger set with the same seed begins with the smaller one, so growing a
    sweep reuses what is already stored.
    """
    rng = random.Random(f"ttsgrid-zoo-test-{seed}")
    recipes: dict[str, Recipe] = {}
    while len(recipes) < num_problems:
        recipe = draw(rng, 1 + len(recipes) % len(LEVELS), test=True)
        recipes.setdefault(recipe.question, recipe)
    return tuple(recipes.values())


_EQUATION = re.compile(r"^(\d+) ([+*-]) (\d+) = (\d+)$")
_BOXED = re.compile(r"\\boxed\{(\d+)\}")


def label_steps(recipe: Recipe, steps: tuple[str, ...]) -> tuple[bool, ...]:
    """Label each step of a solution: is everything up to and including it right?

    A step is right when it performs the recipe's next operation on the true
    running value, or boxes the true answer after the last operation. Once a
    step is wrong all later ones are, as in ProcessBench's "first error" view.
    """
    expected = recipe.steps
    labels: list[bool] = []
    on_track = True
    for index, step in enumerate(steps):
        on_track = on_track and index < len(expected) and step.strip() == expected[index]
        labels.append(on_track)
    return tuple(labels)


def boxed_answer(text: str) -> str | None:
    """Return the last boxed number of a solution, or None when there is none."""
    boxed = _BOXED.findall(text)
    return boxed[-1] if boxed else None
