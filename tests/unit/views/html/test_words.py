"""Numbers and names as the report writes them."""

from __future__ import annotations

import pytest

from ttsgrid.core.strategies import display_name
from ttsgrid.views.words.numbers import (
    duration,
    in_order,
    listed,
    points,
    points_span,
    quantity,
    times,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0"), (12.345, "12.3"), (2.414e9, "2.41 G"), (999_900, "1 M"), (1e3, "1 k")],
)
def test_quantities_have_three_digits_and_a_prefix(value: float | None, text: str) -> None:
    assert quantity(value) == text


def test_a_quantity_names_its_unit() -> None:
    assert quantity(2.414e9, "FLOPs") == "2.41 GFLOPs"
    assert quantity(3, "FLOPs") == "3 FLOPs"


def test_differences_carry_their_sign_and_a_real_minus() -> None:
    assert points(0.0321) == "+3.2"
    assert points(-0.004) == "−0.4"
    assert [points(-0.0001), points(0.0)] == ["0.0", "0.0"]
    assert points_span(-0.012, 0.04) == "−1.2 to +4.0"


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.25, "4.25 s"), (200, "3 min 20 s"), (9000, "2.5 h")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_ratios_keep_two_digits_where_they_are_small() -> None:
    assert [times(12.34), times(0.0312), times(None)] == ["12.3×", "0.031×", "–"]


def test_lists_end_in_and() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_variants_and_strategies_yet_unknown_keep_what_tells_them_apart() -> None:
    assert display_name("beam (preset=paper)") == "beam search (preset=paper)"
    assert display_name("new_idea") == "new idea"


def test_strategies_come_in_their_usual_order_with_the_bound_last() -> None:
    mixed = ["pass@k", "new_idea", "beam (preset=paper)", "best_of_n", "cot", "majority", "cot"]
    assert in_order(mixed) == [
        "cot",
        "majority",
        "best_of_n",
        "beam (preset=paper)",
        "new_idea",
        "pass@k",
    ]
