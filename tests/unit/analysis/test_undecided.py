"""Answers that met a grader's limits: counted by policy, and said before the figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.analysis.synthetic import Policy, World, write_store
from ttsgrid.analysis import analyse
from ttsgrid.core.records import UNDECIDED, FinishReason, Problem, Solution, UnitResult, Usage
from ttsgrid.core.units import SampleBlock, SamplingIdentity
from ttsgrid.store import Commit, Store, scan
from ttsgrid.views.html.build import build_report
from ttsgrid.views.words.warnings import answer_warnings

POLICY = Policy("small", 0.9, 3_000_000)
WORLD = World((POLICY,), (), num_problems=6, pool_size=4, benchmark="integer")
HANGING = Solution(
    0, "text", ("step",), FinishReason.STOP, "9^{9^{9}}", False, Usage(20, 0, 50), 0,
    outcome=UNDECIDED, outcome_detail="comparing took more than 5 s of processor time",
)  # fmt: skip


def test_undecided_answers_are_counted_shown_and_no_run_of_tests(tmp_path: Path) -> None:
    write_store(tmp_path, WORLD)
    before = analyse(tmp_path)
    assert before.undecided == ()
    assert answer_warnings(before, "integer") == ()

    problem = Problem("last", "integer", 6, "question", "0")
    block = SampleBlock("last", POLICY.identity, SamplingIdentity(0.7, 1.0, 99, 0), 0, 4)
    decided = replace(HANGING, answer="1", outcome=None, outcome_detail=None)
    samples = (HANGING, replace(HANGING, sample=1), *(replace(decided, sample=n) for n in (2, 3)))
    with Store.open(tmp_path, run_id="undecided") as store:
        store.write_problems([problem])
        store.commit([Commit(block, UnitResult(block.id, solutions=samples), problem)])

    after = analyse(tmp_path)
    (one,) = after.undecided
    assert (one.benchmark, one.policy, one.num_undecided) == ("integer", "small", 2)
    (warning,) = answer_warnings(after, "integer")
    assert "2 solutions of small to integer could not be compared with the gold answer" in warning
    assert after.run_outcomes.is_empty()
    (section,) = build_report(tmp_path, after).sections
    assert warning in section.warnings
    stored = scan(tmp_path, "solutions").collect().filter(outcome=UNDECIDED)
    assert stored["outcome_detail"].to_list() == [HANGING.outcome_detail] * 2
    assert not stored["correct"].any()
