r"""Numbers with units: read in every notation, equal across units, apart beyond the tolerance.

Factors between units are written out here by hand, from the SI brochure and CODATA 2018, so
that the conversions are held against something that is not the library that makes them.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.benchmarks import load_benchmark, make_grader, shipped_benchmark
from ttsgrid.benchmarks.graders.numeric import NumericGrader
from ttsgrid.benchmarks.graders.quantities import read_quantity
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import Problem

GRADER = NumericGrader()
FILE = Path("problems") / "scibench_chem.jsonl"

# symbol -> (another unit of the same dimension, how many of those one of the first is)
OTHER_UNITS = {
    "kJ": ("J", 1e3),
    "KJ": ("J", 1e3),
    "kcal": ("J", 4184.0),
    "J": ("kJ", 1e-3),
    "mJ": ("J", 1e-3),
    "JK": (r"\mathrm{kJ}\,\mathrm{K}", 1e-3),
    "eV": ("J", 1.602176634e-19),
    "atm": ("Pa", 101325.0),
    "bar": ("Pa", 1e5),
    "kPa": ("bar", 1e-2),
    "kPA": ("bar", 1e-2),
    "Pa": ("kPa", 1e-3),
    "K": ("mK", 1e3),
    "nm": ("m", 1e-9),
    "pm": (r"\text{\AA}", 1e-2),
    "mm": ("cm", 0.1),
    "m": ("km", 1e-3),
    "dm": ("cm", 10.0),
    "cm": ("mm", 10.0),
    "kg": ("g", 1e3),
    "g": ("kg", 1e-3),
    "mg": ("g", 1e-3),
    "lb": ("kg", 0.45359237),
    "mol": ("mmol", 1e3),
    "V": ("mV", 1e3),
    "Hz": ("kHz", 1e-3),
    "GHz": ("Hz", 1e9),
    "N": ("mN", 1e3),
    "T": ("mT", 1e3),
    "D": (r"\mathrm{C}\cdot\mathrm{m}", 1e-21 / 299792458),
    "s": ("ms", 1e3),
    "%": ("ppm", 1e4),
    "°": ("rad", math.pi / 180),
}
WRITTEN_PLAINLY = re.compile(r"\\(?:mathrm|text)\s*|[{}~]")


def golds(shared_data: Path) -> tuple[Problem, ...]:
    return load_benchmark("scibench_chem", path=shared_data / FILE)


def split(gold: str) -> tuple[float, str]:
    """Return a gold's number and its unit, read here without the code under test."""
    match = re.match(r"([+-]?[\d.]+)(?: \\times 10\^\{(-?\d+)\})?(.*)", gold)
    assert match is not None
    return float(match[1]) * 10.0 ** int(match[2] or 0), match[3].strip()


def plain(unit: str) -> str:
    """Return a unit without LaTeX's braces and fonts."""
    unit = re.sub(r"\^?\s*\{?\s*\\circ\s*\}?", "°", unit).replace(r"\mu", "µ")
    return WRITTEN_PLAINLY.sub(" ", unit).replace(r"\cdot", " ").replace(r"\%", "%").strip()


def notations(value: float) -> Iterator[str]:
    mantissa, exponent = f"{value:.12e}".split("e")
    yield f"{value:.12e}"
    yield rf"{mantissa} \times 10^{{{int(exponent)}}}"
    yield f"{mantissa}*10^{int(exponent)}"


def test_every_gold_with_a_unit_equals_itself_in_another_unit_and_every_notation(
    shared_data: Path,
) -> None:
    tried, without = 0, set()
    for gold in {problem.answer for problem in golds(shared_data)}:
        value, unit = split(gold)
        symbols = re.match(r"\s*(µ?\s*[A-Za-z]+|%|°\s*[A-Z]?)\s*(?:\^?\s*(-?\d+))?", plain(unit))
        if symbols is None or symbols[1].startswith("photon"):
            continue  # a number alone
        symbol = symbols[1].replace(" ", "")
        if symbol.startswith("°") and symbol != "°":
            without.add(symbol)  # degrees on scales with zeros of their own
            continue
        known = ("m" if symbol == "µm" else symbol.removeprefix("µ")) if "µ" in symbol else symbol
        other, factor = OTHER_UNITS[known]
        factor *= 1e-6 if "µ" in symbol else 1.0
        power = int(symbols[2] or 1)
        # "JK^{-1}": the exponent is of the second one alone.
        scale = factor if symbol == "JK" else factor**power
        raised = f"^{{{power}}}" if symbols[2] else ""
        named = other if other.startswith("\\") else (rf"\mathrm{{{other}}}" if other else "")
        rest = plain(unit)[symbols.end() :]
        for text in notations(value * scale):
            answer = f"{text} {named}{raised} {rest}".strip()
            assert GRADER.is_correct(answer, gold), (answer, gold)
            assert GRADER.extract(rf"So it is $\boxed{{{answer}}}$.") == answer
            tried += 1
    assert tried >= 3 * 100
    assert without == {"°N", "°C"}


def test_every_gold_equals_itself_in_a_solution_with_and_without_its_unit(
    shared_data: Path,
) -> None:
    for problem in golds(shared_data):
        value, unit = split(problem.answer)
        for written in (problem.answer, f"{value!r}", f"{value:.6g} {unit}"):
            solution = rf"We find that the answer is $\boxed{{{written}}}$."
            answer = GRADER.extract(solution)
            assert answer is not None
            assert GRADER.is_correct(answer, problem.answer), (answer, problem.answer)


def test_golds_differ_at_twice_the_tolerance_and_zero_by_its_own(shared_data: Path) -> None:
    num_zero = 0
    for gold in {problem.answer for problem in golds(shared_data)}:
        value, unit = split(gold)
        if value == 0:
            num_zero += 1
            assert GRADER.is_correct(f"{0.9e-6} {unit}", gold)
            assert not GRADER.is_correct(f"{2e-6} {unit}", gold)
            continue
        for off in (1 + 2 * GRADER.rel_tol, 1 - 2 * GRADER.rel_tol, -1):
            assert not GRADER.is_correct(f"{value * off!r} {unit}", gold)
        for off in (1 + 0.99 * GRADER.rel_tol, 1 - 0.99 * GRADER.rel_tol):
            assert GRADER.is_correct(f"{value * off!r} {unit}", gold)
    assert num_zero


def test_the_question_asks_for_the_unit_and_the_power_of_ten_is_the_numbers(
    shared_data: Path,
) -> None:
    by_answer = {problem.answer: problem for problem in golds(shared_data)}
    work = by_answer[r"3.52 \times 10^{-19} \mathrm{~J}"]
    assert work.question.endswith("Give the answer in units of $\\mathrm{~J}$.")
    bare = by_answer[r"1.86 \times 10^{28}"]
    assert "units of" not in bare.question
    assert not GRADER.is_correct("3.52", work.answer)  # of joules
    assert GRADER.is_correct("3.52e-19", work.answer)
    assert {problem.subject for problem in by_answer.values()} == {
        "atkins", "chemmc", "quan", "matter"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50.7", 50.7), ("+65.49", 65.49), ("-1,368", -1368), (r"1{,}368", 1368), ("−5", -5),
        ("1.5e3", 1500), ("1.5E-3", 0.0015), (r"3.5 \times 10^{4}", 35000), ("3.5x10^4", 35000),
        ("3.5 × 10⁴", 35000), (r"2\cdot10^{-2}", 0.02), (r"10^{-3}", 0.001), (r"-10^5", -1e5),
        (r"\frac{1}{4}", 0.25), (r"\dfrac{1}{4}", 0.25), ("3/4", 0.75), (".5", 0.5),
        (r"x = 5.0", 5.0), (r"E \approx 7", 7.0), ("$12$", 12.0), (r"\(12\)", 12.0), ("**12**", 12),
    ],
)  # fmt: skip
def test_a_number_is_read_in_every_notation(text: str, value: float) -> None:
    found = read_quantity(text)
    assert found is not None
    assert found.value == pytest.approx(value, rel=1e-12)
    assert not found.unit.powers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 kJ/mol", r"5000 \mathrm{J}\,\mathrm{mol}^{-1}"),
        ("5 J/(mol K)", r"5 \text{ J mol}^{-1} \text{K}^{-1}"),
        ("5 J/mol·K", "5 J mol⁻¹ K⁻¹"),
        ("2 g cm^-3", r"2000 \mathrm{~kg} \mathrm{~m}^{-3}"),
        ("25 °C", "298.15 K"),
        ("1 L", "1 dm^3"),
        ("1.5 Å", "0.15 nm"),
        (r"180^{\circ}", r"3.14159265 \mathrm{rad}"),
        ("3 photons", "3"),
    ],
)
def test_one_quantity_in_two_units_is_equal_both_ways_and_one_vote(one: str, other: str) -> None:
    exact = NumericGrader(rel_tol=1e-6)
    assert exact.is_correct(one, other)
    assert exact.is_correct(other, one)
    assert exact.group([one, other]) == [0, 0]


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("5 kJ", "5 J"), ("5 kJ", "5 kJ/mol"), ("5 widgets", "5 kJ"), ("", "5"), ("five", "5"),
        ("-5 J", "5 J"), ("50", r"0.5"), ("0.5", "50 %"), ("1e999", "5"), ("5e", "6"), ("nan", "5"),
    ],
)  # fmt: skip
def test_another_dimension_scale_or_sign_is_wrong(answer: str, gold: str) -> None:
    assert not GRADER.is_correct(answer, gold)


def test_a_number_without_a_unit_is_in_the_unit_that_the_question_asks_for() -> None:
    assert GRADER.is_correct("50.7", r"50.7 \mathrm{atm}")
    assert GRADER.is_correct("5 mol/L", "5")  # the benchmark states no unit
    assert GRADER.is_correct("50 %", "0.5")


def test_votes_group_numbers_by_value_within_the_tolerance_whatever_the_unit() -> None:
    answers = ["50.7", "51 atm", "5.14e6 Pa", "49 atm", "80", "none of these", "80.5 atm", "-50.7"]
    assert GRADER.group(answers) == [0, 0, 0, 0, 1, 2, 1, 3]


def test_a_chain_of_near_neighbours_does_not_join_numbers_far_apart() -> None:
    chain = [f"{100 * 1.04**k:.3f}" for k in range(20)]
    groups = GRADER.group(chain)
    assert len(set(groups)) >= 9
    for one, group in zip(chain, groups, strict=True):
        for other, also in zip(chain, groups, strict=True):
            if group == also:
                assert abs(float(one) - float(other)) <= 0.051 * min(float(one), float(other))


@given(
    st.lists(st.sampled_from(["1", "1.04", "1.08 m", "104 cm", "2 kg", "x", "-1", "0", "1e-19"])),
    st.randoms(use_true_random=False),
)
def test_groups_do_not_depend_on_the_order(answers: list[str], rng: random.Random) -> None:
    def together(order: list[str]) -> set[frozenset[str]]:
        groups: dict[int, set[str]] = {}
        for answer, group in zip(order, GRADER.group(order), strict=True):
            groups.setdefault(group, set()).add(answer)
        return {frozenset(group) for group in groups.values()}

    shuffled = list(answers)
    rng.shuffle(shuffled)
    assert together(answers) == together(shuffled)
    indices = GRADER.group(answers)
    assert list(dict.fromkeys(indices)) == list(range(len(set(indices))))


def test_the_tolerance_is_a_setting_and_a_senseless_one_is_refused(tmp_path: Path) -> None:
    assert make_grader("numeric", {"rel_tol": 0.01}).is_correct("1.009", "1")
    assert not make_grader("numeric", {"rel_tol": 0.01}).is_correct("1.02", "1")
    with pytest.raises(ConfigError, match=r"benchmark\.grader_options\.rel_tol=5"):
        make_grader("numeric", {"rel_tol": 5})
    file = tmp_path / "own.jsonl"
    file.write_text(json.dumps({"question": "How far?", "answer": 3, "unit": "km"}) + "\n")
    spec = shipped_benchmark("scibench_chem")
    own = load_benchmark(type(spec)("own", path=str(file), grader="numeric"))
    assert [(p.question, p.answer) for p in own] == [
        ("How far?\n\nGive the answer in units of $km$.", "3 km")
    ]
