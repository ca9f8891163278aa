"""The grader of numbers with units: equal within a relative tolerance, in any unit.

The policy:

* an answer is right where it differs from the gold answer by at most `rel_tol` of it, once
  it is in the gold answer's unit; SciBench's own check allows 5 %;
* a gold answer of 0 has no relative tolerance: `abs_tol` holds there, in its unit;
* a number without a unit is in the unit that the question asks for, the gold answer's;
* where the gold answer has no unit, the answer's is dropped, but for a percent sign;
* another dimension (kJ for kJ/mol) and a unit that nobody knows are wrong.

Votes group numbers of one dimension by value: from the smallest up, a group takes all that
lie within `rel_tol` of its smallest. Order plays no part, and no chain of near neighbours
joins numbers that are far apart. A number without a unit is read in the unit that most of
the other answers have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.benchmarks.graders.boxed import last_boxed
from ttsgrid.benchmarks.graders.forms import (
    DEFAULT_FORMS,
    is_ended,
    require_forms,
    stated_answer,
)
from ttsgrid.benchmarks.graders.quantities import Quantity, read_quantity
from ttsgrid.benchmarks.graders.units import NO_UNIT, Unit, base_value, converted
from ttsgrid.core.errors import ConfigError

_ROUNDING = 1e-9  # so that a number at the tolerance's very edge is within it
Place = tuple[str, str, float]
"""What orders answers: kind, dimension or spelling, and value in base units."""


@dataclass(frozen=True)
class NumericGrader:
    """Judges numbers with units; see the module for its policy.

    Attributes:
        rel_tol: how far an answer may be off, as a share of the gold answer.
        abs_tol: how far, where the gold answer is 0.
        answer_forms: how solutions mark their answers, in order
            (`ttsgrid.benchmarks.graders.forms`).
    """

    rel_tol: float = 0.05
    abs_tol: float = 1e-6
    answer_forms: tuple[str, ...] = DEFAULT_FORMS
    name: str = "numeric"

    def __post_init__(self) -> None:
        require_forms(self.answer_forms)
        for setting in ("rel_tol", "abs_tol"):
            if not 0 <= getattr(self, setting) < 1:
                raise ConfigError(
                    f"benchmark.grader_options.{setting}={getattr(self, setting)} must be in [0, 1)"
                )

    @property
    def equality(self) -> str:
        """The policy in a few words."""
        return (
            f"numbers within {100 * self.rel_tol:g} % of the gold answer, whatever their unit, and "
            f"within {self.abs_tol:g} of a gold answer of 0"
        )

    def extract(self, text: str) -> str | None:
        """Return the answer that a solution states; None when it states none."""
        return stated_answer(text, self.answer_forms)

    def is_final(self, text: str) -> bool:
        """Say whether a partial solution holds its final answer."""
        return is_ended(text, self.answer_forms)

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether `answer` is the gold number; of a gold that is none, its very spelling."""
        expected, number = _read(gold), _read(answer)
        if expected is None or number is None:
            return bool(answer.strip()) and answer.strip() == gold.strip()
        value = _in_gold_unit(number, expected.unit)
        if value is None:
            return False
        off = abs(value - expected.value)
        if expected.value == 0:
            return off <= self.abs_tol
        return off <= self.rel_tol * abs(expected.value) * (1 + _ROUNDING)

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group answers by value within the tolerance; what is no number, by spelling."""
        distinct = list(dict.fromkeys(answers))
        numbers = {answer: _read(answer) for answer in distinct}
        common = _common_unit([number for number in numbers.values() if number is not None])
        places = {answer: _place(answer, numbers[answer], common) for answer in distinct}
        leader: dict[str, Place] = {}
        last: Place | None = None
        for answer in sorted(distinct, key=lambda one: (places[one], one)):
            if last is None or not self._joined(last, places[answer]):
                last = places[answer]
            leader[answer] = last
        first_seen: dict[Place, int] = {}
        return [first_seen.setdefault(leader[answer], len(first_seen)) for answer in answers]

    def _joined(self, smallest: Place, other: Place) -> bool:
        if smallest[:2] != other[:2]:
            return False
        return other[2] <= smallest[2] * (1 + self.rel_tol * (1 + _ROUNDING))


def _read(text: str) -> Quantity | None:
    return read_quantity(last_boxed(text) or text)


def _in_gold_unit(number: Quantity, unit: Unit) -> float | None:
    """Return an answer in the gold's unit; None where it can't be."""
    if number.unit == NO_UNIT:
        return number.value
    if unit == NO_UNIT and number.unit.dimension:
        return number.value
    return converted(number.value, number.unit, unit)


def _common_unit(numbers: Sequence[Quantity]) -> Unit:
    """Return the unit of most answers, of equally many the first by name."""
    counts = Counter(number.unit for number in numbers if number.unit != NO_UNIT)
    ordered = sorted(counts, key=lambda unit: (-counts[unit], unit.powers, unit.words or ""))
    return ordered[0] if ordered else NO_UNIT


def _place(answer: str, number: Quantity | None, common: Unit) -> Place:
    if number is None:
        return "text", answer.strip(), 0.0
    unit = common if number.unit == NO_UNIT else number.unit
    value = base_value(number.value, unit)
    # Signs apart, so that a group can grow by size.
    return ("negative" if value < 0 else "number"), unit.dimension, abs(value)
