r"""Graders: extraction, equivalence, grouping, and survival of hostile expressions."""

from __future__ import annotations

import pickle
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.benchmarks import IntegerGrader, MathGrader, grader_for
from ttsgrid.benchmarks.graders import judge
from ttsgrid.benchmarks.graders.judge import MathJudge
from ttsgrid.benchmarks.graders.numbers import parse_number
from ttsgrid.benchmarks.graders.protocol import judge as judge_solution
from ttsgrid.benchmarks.graders.protocol import partition
from ttsgrid.core.errors import TtsgridError, UndecidedError
from ttsgrid.core.records import UNDECIDED

MATH = MathGrader()
INTEGER = IntegerGrader()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{1} is wrong; the answer is \boxed{\text{a \{ b}}", r"\text{a \{ b}"),
        (r"$\boxed{-2} \quad \text{and} \quad \boxed{1}$", "-2, 1"),
        (r"\boxed{4}. Check: \boxed{4}", "4"),
        (r"we get \boxed{7} and then \boxed{8", "7"),
        (r"\boxed{x = \boxed{3}}", r"x = \boxed{3}"),
        (r"\boxed {5}", "5"),
        (r"\boxed{}", None),
        (r"\boxed{1} papers and \boxed{2} bins", "1, 2"),
        (r"\boxed{7}. No, that is wrong: \boxed{8}", "8"),
        (r"\boxed 73 is it", "73"),
        (r"$\boxed\frac12$", r"\frac12"),
        ("", None),
    ],
)
def test_the_answer_is_the_content_of_the_last_closed_box(text: str, answer: str | None) -> None:
    assert MATH.extract(text) == answer


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("0.5", "1/2"),
        (r"\frac12", r"\frac{1}{2}"),
        (r"\dfrac{1}{2}", "0.5"),
        ("10,000", "10000"),
        (r"10{,}000", "10000.0"),
        ("033", "33"),
        ("0.333333", "1/3"),
        (r"\$16,\!386.20", "16386.2"),
        ("90°", "90"),
        (r"90^\circ", "90"),
        (r"90^{\circ}", "90"),
        ("**73**", "73"),
        (r"\boxed{**73**}", "73"),
        ("4 2/3", "14/3"),
        (r"-4\frac{2}{3}", "-14/3"),
        (r"10\ 000", "10000"),
        (r"\textbf{(C) }27", "27"),
        ("(C) 27", "27"),
        (r"\textbf{(073)}", "73"),
        ("185\\", "185"),
        ("18 dollars", "18"),
        ("28 percentage", "28"),
        ("0,111", "0.111"),
        ("1000,99", "1000.99"),
        (r"\\frac{1}{2}", "1/2"),
        (r"-2 \le x \le 7", r"x \in [-2,7]"),
        ("1" * 5000, "0" + "1" * 5000),
        (r"28\%", "28"),
        ("x = 5", "5"),
        ("10, 4, -2", "4, 10, -2"),
        ("-2, 1", "(-2, 1)"),
        ("40_9", "40_{9}"),
        ("m + n = 33", "33"),
        ("x = 0", "0"),
        (r"2\sqrt{2}", r"\sqrt{8}"),
        (r"\left(3, \frac{\pi}{2}\right)", r"(3,\frac{\pi}{2})"),
        (r"\text{Evelyn}", "Evelyn"),
        (r"4.5 \times 10^{33}", "4.5e33"),
        (r"4.5 \times 10^{33} \mathrm{~erg} / \mathrm{s}", "4.5e33"),
        (r"0.87 \cdot 10^{9}", "870000000"),
        ("10^{-8}", "1e-8"),
        (r"\frac{1}{1000}", "1e-3"),
        ("2^{10}", "1.024e3"),
        (r"\arcsin(10/13)", "np.arcsin(10/13)"),
        (r"-\frac13", "-1./3"),
        (r"\begin{pmatrix} 1 \\[2pt] 0.5 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 1/2 \end{pmatrix}"),
    ],
)
def test_one_answer_in_two_spellings_is_correct_and_grouped(answer: str, gold: str) -> None:
    assert MATH.is_correct(answer, gold)
    assert MATH.group([answer, gold, answer]) == [0, 0, 0]


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("50", "0.5"),
        (r"50\%", "0.5"),
        ("0.5", "50"),
        ("0.33", "1/3"),
        ("333333/1000000", "1/3"),
        ("1,22", "1.22"),
        ("(1,2)", "(2,1)"),
        (r"\sqrt{2}", "2"),
        ("10", "10000000000000000000001"),
        ("1", "1,2"),
        ("5 million", "5"),
        ("0,1", "0.1"),
        ("(C) 27", "C"),
        ("1" * 5000, "1" * 5001),
        ("Answer \\( \n 9 \n \\)", "9"),
        ("Answer $ \n 9 \n $", "9"),
        ("", "5"),
        ("", ""),
        ("5", ""),
        (r"\frac{1}{", r"\frac{1}{2}"),
        ("1/0", "2/0"),
        ("1, -2", "(-2, 1)"),
        ("(-2, 1)", "1, -2"),
        ("40", "40_9"),
        ("40_{9}", "40"),
        ("0", "5x - 7y + 11z + 4 = 0"),
        ("5x - 7y + 11z + 4 = 0", "0"),
        (r"4.5 \times 10^{32}", "4.5e33"),
        (r"2.88 \times 10^{-19}", "1.325e-27"),
        ("0", "1e-8"),
        ("1000001", "10^{6}"),
        ("e", "1e5"),
    ],
)
def test_different_answers_are_neither_correct_nor_grouped(answer: str, gold: str) -> None:
    assert not MATH.is_correct(answer, gold)
    if answer != gold:
        assert MATH.group([answer, gold]) == [0, 1]


def test_an_integer_answer_is_compared_by_value_and_never_by_text() -> None:
    assert INTEGER.extract(r"17 + 4 = 21\n\nThe answer is \boxed{21}.") == "21"
    assert INTEGER.extract("The answer is 21.") is None
    assert INTEGER.is_correct("021", "21")
    assert not INTEGER.is_correct("21.5", "21")
    assert not INTEGER.is_correct("x", "x")
    assert INTEGER.is_correct("1" * 5000, "0" + "1" * 5000)
    assert INTEGER.group(["3", "03", "x", "4", "x"]) == [0, 0, 1, 2, 1]


@given(st.lists(st.integers(0, 12)), st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12))))
def test_partition_is_the_transitive_closure_whatever_the_order(
    keys: list[int], pairs: set[tuple[int, int]]
) -> None:
    def same(one: int, other: int) -> bool:
        return (one, other) in pairs or (other, one) in pairs

    def together(keys: list[int]) -> set[frozenset[int]]:
        groups: dict[int, set[int]] = {}
        for key, index in zip(keys, partition(keys, same), strict=True):
            groups.setdefault(index, set()).add(key)
        return {frozenset(group) for group in groups.values()}

    indices = partition(keys, same)
    assert list(dict.fromkeys(indices)) == list(range(len(set(indices))))
    assert together(keys) == together(keys[::-1])
    for one, i in zip(keys, indices, strict=True):
        for other, j in zip(keys, indices, strict=True):
            assert i == j or not (one == other or same(one, other))


def test_grouping_asks_about_distinct_answers_only() -> None:
    asked: list[tuple[str, str]] = []

    def same(one: str, other: str) -> bool:
        asked.append((one, other))
        return False

    assert partition(["a", "b"] * 500, same) == [0, 1] * 500
    assert asked == [("a", "b")]


def test_a_large_pool_of_numbers_is_grouped_without_the_judge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(gold: str, answer: str) -> bool:
        raise AssertionError((gold, answer))

    monkeypatch.setattr("ttsgrid.benchmarks.graders.math.equivalent", refuse)
    answers = [spelling for n in range(100) for spelling in (f"{n}", f"{n}.0", f"{2 * n}/2")]
    assert MATH.group(answers) == [n for n in range(100) for _ in range(3)]


@given(st.fractions())
def test_numbers_are_read_exactly_in_every_plain_spelling(value: object) -> None:
    text = str(value)
    number = parse_number(text)
    assert number is not None
    assert number.exact
    assert number.value == value


@pytest.mark.parametrize("text", ["", "-", ".", "1,22", "32, 349", "(1,000)", "1/0", "1e5", "x"])
def test_what_could_mean_something_else_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["9^{9^{9^{9^{9}}}}", "99999!!!!"])
def test_a_pathological_expression_costs_a_bounded_time_and_the_judge_lives_on(text: str) -> None:
    math_judge = MathJudge(cpu_seconds=1.0)
    started = time.monotonic()
    with pytest.raises(UndecidedError, match=r"took more than 1 s of processor time"):
        math_judge.equivalent(text, r"\sqrt{2}")
    assert time.monotonic() - started < 60
    assert math_judge.equivalent(r"\sqrt{8}", r"2\sqrt{2}")
    math_judge.close()


def test_an_expression_too_large_to_evaluate_equals_nothing() -> None:
    assert not MATH.is_correct(r"\binom{10^9}{5 \cdot 10^8}", r"\sqrt{2}")


def test_what_no_limit_allows_to_compare_is_wrong_undecided_and_alone_in_a_vote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = MathJudge(cpu_seconds=0.5)
    monkeypatch.setattr(judge, "shared_judge", lambda: quick)
    judge._remembered.cache_clear()
    hanging = "9^{9^{9^{9^{9}}}}"
    judgement = judge_solution(MATH, rf"So \boxed{{{hanging}}}.", r"\sqrt{2}")
    assert (judgement.answer, judgement.correct) == (hanging, False)
    assert judgement.outcome == UNDECIDED
    assert judgement.detail is not None
    assert "0.5 s of processor time" in judgement.detail
    assert MATH.group([hanging, r"\sqrt{2}", hanging]) == [0, 1, 0]
    decided = judge_solution(MATH, r"So \boxed{\sqrt{3}}.", r"\sqrt{2}")
    assert (decided.correct, decided.outcome) == (False, None)
    quick.close()
    judge._remembered.cache_clear()


def test_a_string_that_hangs_is_tried_once_and_leaves_the_gold_answer_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts = []
    start = judge._start

    def counted() -> subprocess.Popen[str]:
        starts.append(1)
        return start()

    monkeypatch.setattr(judge, "_start", counted)
    math_judge = MathJudge(cpu_seconds=1.0)
    hanging = "9^{9^{9^{9^{9}}}}"
    for gold in (r"\sqrt{8}", r"\sqrt{8}", r"\sqrt{3}", r"\sqrt{5}", r"\sqrt{7}"):
        with pytest.raises(UndecidedError):
            math_judge.equivalent(gold, hanging)
    assert math_judge.equivalent(r"\sqrt{8}", r"2\sqrt{2}")
    assert len(starts) <= 3
    math_judge.close()


def test_a_string_too_long_to_be_an_answer_is_never_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judge, "_start", None)
    assert not MathJudge().equivalent("x", "x+" * judge.MAX_ANSWER_CHARS)


def test_the_judge_works_from_many_threads_at_once() -> None:
    pairs = [(rf"\sqrt{{{4 * n}}}", rf"2\sqrt{{{n + n % 2}}}") for n in range(2, 40)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda pair: MATH.is_correct(*pair), pairs))
    assert verdicts == [n % 2 == 0 for n in range(2, 40)]


def test_a_judge_that_cannot_start_is_an_error_not_a_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(judge, "_SCRIPT", tmp_path / "absent.py")
    with pytest.raises(TtsgridError, match="did not start"):
        MathJudge().equivalent("x", "y")


def test_graders_travel_between_processes() -> None:
    for name in ("math", "integer", "zoo", "gsm8k"):
        grader = grader_for(name)
        assert pickle.loads(pickle.dumps(grader)) == grader
