"""The zoo's task: a split that cannot leak, sets that grow, and exact step labels."""

from __future__ import annotations

import random

import pytest

from ttsgrid.benchmarks.zoo import task
from ttsgrid.benchmarks.zoo.task import (
    LEVELS,
    MODULUS,
    Operation,
    Recipe,
    boxed_answer,
    draw,
    is_test,
    label_steps,
)

RECIPE = Recipe(17, (Operation("+", 23), Operation("*", 5), Operation("-", 20)), level=2)


def test_training_and_test_problems_are_disjoint() -> None:
    rng = random.Random(0)
    training = {draw(rng, 1 + i % 5, test=False).question for i in range(3000)}
    held_out = {recipe.question for recipe in task.test_set(500)}
    assert len(training) > 2500
    assert training.isdisjoint(held_out)


def test_the_split_is_a_property_of_the_problem_and_takes_a_quarter() -> None:
    rng = random.Random(1)
    for test in (True, False):
        drawn = [draw(rng, level, test=test) for level in LEVELS for _ in range(50)]
        assert all(is_test(recipe.start, recipe.operations) == test for recipe in drawn)
    sides = [is_test(s, (Operation("+", a),)) for s in range(MODULUS) for a in range(1, MODULUS)]
    assert sum(sides) / len(sides) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize(("smaller", "larger"), [(1, 2), (100, 101), (100, 400)])
def test_a_larger_test_set_begins_with_the_smaller(smaller: int, larger: int) -> None:
    assert task.test_set(larger)[:smaller] == task.test_set(smaller)


def test_test_sets_hold_distinct_problems_with_levels_in_turn() -> None:
    recipes = task.test_set(300)
    assert len({recipe.question for recipe in recipes}) == 300
    assert [recipe.level for recipe in recipes[:7]] == [1, 2, 3, 4, 5, 1, 2]


def test_another_seed_is_another_test_set() -> None:
    assert task.test_set(50, seed=1) != task.test_set(50, seed=0)


@pytest.mark.parametrize("level", LEVELS)
def test_chains_are_as_long_as_their_level_says(level: int) -> None:
    rng = random.Random(level)
    lengths = {len(draw(rng, level, test=False).operations) for _ in range(200)}
    spec = LEVELS[level]
    assert lengths == set(range(spec.min_operations, spec.max_operations + 1))


def test_a_recipe_reads_and_solves_as_arithmetic_modulo_47() -> None:
    assert RECIPE.question == "Start with 17. Add 23. Times 5. Subtract 20. Work modulo 47."
    assert RECIPE.values == (17, 40, 12, 39)
    assert RECIPE.steps == (
        "17 + 23 = 40",
        "40 * 5 = 12",
        "12 - 20 = 39",
        "The answer is \\boxed{39}.",
    )


def test_every_operation_that_is_drawn_can_be_undone() -> None:
    rng = random.Random(2)
    operations = {op for _ in range(300) for op in draw(rng, 5, test=False).operations}
    for operation in operations:
        assert len({operation.apply(value) for value in range(MODULUS)}) == MODULUS
        assert operation.apply(3) != 3 or operation.symbol == "*"


def test_the_reference_solution_is_right_at_every_step() -> None:
    for recipe in task.test_set(50):
        assert all(label_steps(recipe, recipe.steps))
        assert boxed_answer("\n\n".join(recipe.steps)) == str(recipe.answer)


def test_everything_after_the_first_error_is_wrong() -> None:
    right = RECIPE.steps
    assert label_steps(RECIPE, (right[0], "40 * 5 = 13", *right[2:])) == (
        True,
        False,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("steps", "labels"),
    [
        (("17 + 23 = 40", "The answer is \\boxed{40}."), (True, False)),
        (("40 * 5 = 12",), (False,)),
        ((*RECIPE.steps, "And so on."), (True, True, True, True, False)),
        ((" 17 + 23 = 40\n", *RECIPE.steps[1:2]), (True, True)),
        ((), ()),
    ],
)
def test_skipped_added_and_early_steps_are_wrong(
    steps: tuple[str, ...], labels: tuple[bool, ...]
) -> None:
    assert label_steps(RECIPE, steps) == labels


def test_the_last_boxed_number_is_the_answer_and_none_stays_none() -> None:
    assert boxed_answer("\\boxed{3} or \\boxed{14}") == "14"
    assert boxed_answer("The answer is 14.") is None
