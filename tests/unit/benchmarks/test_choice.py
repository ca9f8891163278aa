"""Multiple choice: shuffled options with the gold following, letters read, votes by option."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ttsgrid.benchmarks import BenchmarkConfig, FieldNames, load_benchmark, shipped_benchmark
from ttsgrid.benchmarks.graders.choice import ChoiceGrader
from ttsgrid.benchmarks.graders.forms import FORMS
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import Problem

GRADER = ChoiceGrader()
CHOICE = BenchmarkConfig("mine", grader="choice")
METALS = ["neon", "iron", "sulfur", "argon"]


def load(tmp_path: Path, *rows: dict[str, object], spec: BenchmarkConfig = CHOICE) -> list[Problem]:
    file = tmp_path / "choices.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return list(load_benchmark(replace(spec, path=str(file))))


def gold_text(problem: Problem) -> str:
    """The text of the option that the gold letter names, read from the question."""
    lines = [line for line in problem.question.splitlines() if line[1:3] == ". "]
    return {line[0]: line[3:] for line in lines}[problem.answer]


SHAPES: list[tuple[dict[str, object], FieldNames]] = [
    ({"options": METALS, "answer": "B", "answer_index": 1}, FieldNames()),  # MMLU-Pro
    ({"choices": METALS, "answer": 1}, FieldNames()),  # MMLU
    ({"options": [*METALS, "N/A", "N/A"], "answer": "B"}, FieldNames()),  # MMLU-Pro's list to ten
    ({"options": ["A)neon", "B)iron", "C)sulfur"], "correct": "B"}, FieldNames()),  # AQuA-RAT
    ({"options": METALS, "answer": "iron"}, FieldNames()),
    ({"options": json.dumps(METALS), "answer": "(B)"}, FieldNames()),  # a cell of a CSV
    ({"choices": {"text": METALS, "label": ["A", "B", "C", "D"]}, "answerKey": "B"}, FieldNames()),
    ({"choices": {"text": METALS, "label": ["1", "2", "3", "4"]}, "answerKey": "2"}, FieldNames()),
    ({"options": dict(zip("ABCD", METALS, strict=True)), "answer": "B"}, FieldNames()),
    (
        {"Correct Answer": "iron", "Wrong 1": "neon", "Wrong 2": "sulfur"},  # GPQA
        FieldNames(answer="Correct Answer", options=("Wrong 1", "Wrong 2")),
    ),
]


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
@pytest.mark.parametrize(("row", "fields"), SHAPES)
def test_the_gold_follows_its_option_whatever_the_seed_and_the_shape_of_the_row(
    tmp_path: Path, row: dict[str, object], fields: FieldNames, seed: int | None
) -> None:
    spec = replace(CHOICE, fields=fields, option_seed=seed, positions_from=0)
    (problem,) = load(tmp_path, {"question": "Which is a metal?", **row}, spec=spec)
    assert problem.question.startswith("Which is a metal?\n\nA. ")
    assert gold_text(problem) == "iron"
    assert "N/A" not in problem.question
    if seed is None and not fields.options:
        assert problem.answer == "B"


def test_a_seed_gives_one_order_for_each_question_wherever_it_stands(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"question": f"Question {n}?", "options": [f"{n}-{i}" for i in range(4)], "answer": 0}
        for n in range(200)
    ]
    first = {p.question: p.answer for p in load(tmp_path, *rows)}
    again = {p.question: p.answer for p in load(tmp_path, *rows[::-1][:50])}
    assert again.items() <= first.items()
    other = load(tmp_path, *rows, spec=replace(CHOICE, option_seed=1))
    assert {p.question for p in other} != set(first)
    letters = Counter(first.values())
    assert set(letters) == set("ABCD")
    assert min(letters.values()) >= 30  # of 50 expected: 3.3 standard deviations


EACH_AN_OPTION = FieldNames(answer="key", options=("opa", "opb", "opc", "opd"))


def keyed(key: object, *options: str) -> dict[str, object]:
    return {"question": f"Which of {options}?", "key": key} | dict(
        zip(EACH_AN_OPTION.options, options, strict=True)
    )


@pytest.mark.parametrize("keys", [("B", "C"), ("(B)", "(C)"), (1, 2), ("1", "2"), ("opb", "opc")])
def test_with_a_field_for_each_option_the_answer_may_say_which_is_right(
    tmp_path: Path, keys: tuple[object, object]
) -> None:
    rows = (keyed(keys[0], *METALS), keyed(keys[1], "1", "2", "3", "4"))
    spec = replace(CHOICE, fields=EACH_AN_OPTION, positions_from=0)
    problems = load(tmp_path, *rows, spec=spec)
    assert [gold_text(problem) for problem in problems] == ["iron", "3"]
    assert all(problem.question.count("\n") == 1 + 4 for problem in problems)


@pytest.mark.parametrize(
    ("gold", "options", "count"),
    [
        ("5", ("2", "3", "4", "7"), 5),  # one more, as in GPQA
        ("3", ("2", "3", "4", "7"), 4),  # one of them
        ("1", ("2", "3", "4", "7"), 5),  # one more: alike, so no position
        ("a metal", ("neon", "argon", "xenon", "radon"), 5),
    ],
)
def test_otherwise_it_is_the_right_options_own_text(
    tmp_path: Path, gold: str, options: tuple[str, ...], count: int
) -> None:
    spec = replace(CHOICE, fields=EACH_AN_OPTION)
    (problem,) = load(tmp_path, keyed(gold, *options), spec=spec)
    assert gold_text(problem) == gold
    assert problem.question.count("\n") == 1 + count


def by_field(position: object) -> dict[str, object]:
    return keyed(position, *METALS)


def by_list(position: object) -> dict[str, object]:
    return {"question": f"Number {position}?", "options": METALS, "answer": position}


@pytest.mark.parametrize("row_of", [by_field, by_list])
def test_positions_count_from_what_a_0_shows_or_a_person_says_and_else_are_refused(
    tmp_path: Path, row_of: Callable[[object], dict[str, object]]
) -> None:
    fields = EACH_AN_OPTION if row_of is by_field else FieldNames()
    spec = replace(CHOICE, fields=fields)
    first, *_, last = METALS
    assert [gold_text(p) for p in load(tmp_path, row_of(0), row_of(3), spec=spec)] == [first, last]
    from_1 = replace(spec, positions_from=1)
    assert [gold_text(p) for p in load(tmp_path, row_of(1), row_of(4), spec=from_1)] == [
        *(first, last)
    ]
    for positions in ((1, 2), ("1", "3"), (1, 4)):
        with pytest.raises(ConfigError, match=r"benchmark\.positions_from whether the first"):
            load(tmp_path, *map(row_of, positions), spec=spec)
    with pytest.raises(ConfigError, match="line 2 has no option 4; positions count from 0 to 3"):
        load(tmp_path, row_of(0), row_of(4), spec=spec)
    with pytest.raises(ConfigError, match="line 1 has no option 0; positions count from 1 to 4"):
        load(tmp_path, row_of(0), row_of(4), spec=from_1)


@pytest.mark.parametrize(
    ("options", "answer", "positions_from", "right"),
    [
        ([2, 3, 5, 7], 3, None, "3"),
        (["2", "3", "5", "7"], "3", None, "3"),
        (["2", "3", "5", "7"], "3", 0, "7"),
        (["2", "3", "5", "7"], "3", 1, "5"),
        (["2", "3", "5", "7"], 3, 1, "5"),
    ],
)
def test_a_number_among_numbers_is_the_option_unless_positions_are_said_to_count(
    tmp_path: Path, options: list[object], answer: object, positions_from: int | None, right: str
) -> None:
    row = {"question": "Which is odd?", "options": options, "answer": answer}
    (problem,) = load(tmp_path, row, spec=replace(CHOICE, positions_from=positions_from))
    assert gold_text(problem) == right


def test_a_number_that_is_one_option_by_position_and_another_by_text_is_refused(
    tmp_path: Path,
) -> None:
    odd: dict[str, object] = {"question": "Odd?", "options": ["2", "3", "5", "7"], "answer": "3"}
    with pytest.raises(ConfigError, match="line 2 has the gold answer 3, another option as a posi"):
        load(tmp_path, by_list("0"), odd)


def test_csv_and_shipped_files_of_both_shapes_load(tmp_path: Path) -> None:
    gpqa = tmp_path / "gpqa_diamond.csv"
    names = ["Question", "Correct Answer", *(f"Incorrect Answer {n}" for n in (1, 2, 3))]
    with gpqa.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*names, "High-level domain"])
        rows.writerow(["Which is a metal?", "iron", "neon", "sulfur", "argon", "Chemistry"])
    (problem,) = load_benchmark("gpqa_diamond", path=gpqa)
    assert (gold_text(problem), problem.subject) == ("iron", "Chemistry")
    row = {"question_id": 70, "question": "Which is a metal?", "options": METALS, "answer": "B",
           "answer_index": 1, "cot_content": "", "category": "chemistry", "src": "ori"}  # fmt: skip
    (problem,) = load(tmp_path, row, spec=shipped_benchmark("mmlu_pro"))
    assert (gold_text(problem), problem.subject) == ("iron", "chemistry")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"answer": "A"}, "has no field for the options of multiple choice"),
        ({"options": METALS, "answer": "E"}, "has a gold answer that is none of the options: 'E'"),
        ({"options": METALS, "answer": 4}, "has the position 4 as its answer, and no answer of"),
        ({"options": ["B", "iron"], "answer": "B"}, "both a label and another option's text"),
        ({"options": ["iron"], "answer": 0}, "has 1 options; multiple choice has 2 to 26"),
        ({"options": ["", "iron"], "answer": 1}, "'options' holds an empty option"),
        ({"options": "neon or iron", "answer": 1}, "must hold a list of options"),
    ],
)
def test_what_is_no_multiple_choice_is_refused_with_its_line(
    tmp_path: Path, row: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {"question": "Which is a metal?", **row})
    assert complaint in str(caught.value)
    assert "choices.jsonl line 1" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        (r"So it is $\boxed{B}$.", "B"),
        (r"\boxed{\text{(B)}}", "B"),
        (r"\boxed{\textbf{B. } iron}", "B"),
        (r"\boxed{b}", "B"),
        ("<answer>B) iron</answer>", "B"),
        ("The correct answer is (B).", "B"),
        ("The answer is **B**.", "B"),
        ("Answer: option B", "B"),
        (r"First \boxed{A}. No: \boxed{J}", "J"),
        (r"\boxed{iron}", None),
        ("The answer is A metal that rusts.", None),
        (r"\boxed{B, since iron rusts}", "B"),
        (r"\boxed{A, B}", None),  # a hedge is right by chance
        ("The answer is (A) or (B).", None),
        ("Answer: A, B and C", None),
        ("Nothing is stated (B)", None),
        ("", None),
    ],
)
def test_a_letter_is_read_where_the_answer_is_stated(text: str, letter: str | None) -> None:
    assert GRADER.extract(text) == letter


def test_a_form_without_a_letter_gives_way_to_the_next() -> None:
    assert GRADER.extract(r"We get \boxed{55.8}. The answer is (B).") == "B"
    assert not GRADER.is_final("The answer is (B). But wait")
    assert GRADER.is_final(r"\boxed{B}")
    assert not GRADER.is_final(r"\boxed{55.8}")


def test_a_bare_letter_counts_only_where_its_form_is_named() -> None:
    named = ChoiceGrader(answer_forms=("boxed", "letter"))
    assert FORMS["letter"].read("It rusts, so (B) it is") == "B"
    assert named.extract("It is iron.\n\n**B**") == "B"
    assert GRADER.extract("It is iron.\n\n**B**") is None


def test_votes_are_by_option_and_only_the_same_letter_is_right() -> None:
    assert GRADER.group(["B", "(B)", r"\text{b}", "C", "iron", "iron", "B. iron"]) == [
        0, 0, 0, 1, 2, 2, 0
    ]  # fmt: skip
    assert GRADER.is_correct("(b)", "B")
    assert not GRADER.is_correct("C", "B")
    assert not GRADER.is_correct("", "B")
    assert not GRADER.is_correct("iron", "iron")
