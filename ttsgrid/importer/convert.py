"""From recorded problems to units that a store commits as if they had run here.

Answers and verdicts: `ttsgrid.importer.verdicts`. Tokens and prices: `ttsgrid.importer.costs`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from textwrap import shorten

from ttsgrid.benchmarks import Grader, make_grader
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.units import SampleBlock, ScoreBlock
from ttsgrid.importer.costs import Counting, counting
from ttsgrid.importer.pairing import (
    NOTHING_KNOWN,
    RECORDED_ID,
    KnownProblems,
    paired_problem,
)
from ttsgrid.importer.records import RecordedProblem, RecordedSample
from ttsgrid.importer.run import RecordedRun
from ttsgrid.importer.searches import search_commits
from ttsgrid.importer.verdicts import ProblemVerdicts
from ttsgrid.store import Commit


@dataclass(frozen=True)
class Converted:
    """One problem, ready to commit.

    Attributes:
        num_differing: recorded verdicts that our grader doesn't share.
        num_dropped_scores: scores of an empty last step.
    """

    problem: Problem
    commits: tuple[Commit, ...]
    num_differing: int
    num_dropped_scores: int


def convert(
    problems: list[RecordedProblem],
    run: RecordedRun,
    provenance: Mapping[str, str],
    known: KnownProblems = NOTHING_KNOWN,
) -> Iterator[Converted]:
    """Yield each problem with its units.

    Raises:
        ConfigError: something is needed that the file lacks; the message names the setting.
    """
    grader = make_grader(run.grader, json.loads(run.grader_options))
    counted = counting(problems, run)
    for index, recorded in enumerate(problems):
        problem = paired_problem(recorded, run, index, known)
        details = {**provenance, **({RECORDED_ID: recorded.id} if recorded.id else {})}
        try:
            yield _convert(problem, recorded, run, grader, counted, details)
        except ValueError as error:
            raise ConfigError(f"problem {_named(recorded)}: {error}") from error


def _named(recorded: RecordedProblem) -> str:
    """Return a problem's id, else as much of its question as tells which one it is."""
    return recorded.id or repr(shorten(recorded.question or "", 60, placeholder="..."))


def _convert(
    problem: Problem,
    recorded: RecordedProblem,
    run: RecordedRun,
    grader: Grader,
    counted: Counting,
    provenance: dict[str, str],
) -> Converted:
    if not recorded.samples:
        raise ValueError("it has no samples; take it out of the file or add some")
    verdicts = ProblemVerdicts(grader, recorded.gold)
    make = _pool_commits if run.search is None else search_commits
    commits = tuple(make(problem, recorded, run, verdicts, counted, provenance))
    return Converted(problem, commits, verdicts.num_differing, _num_dropped(recorded, run, commits))


def _num_dropped(recorded: RecordedProblem, run: RecordedRun, commits: Iterable[Commit]) -> int:
    """How many of the file's scores are not in the units."""
    if run.prm is None:
        return 0
    kept = sum(
        sum(len(scored.scores) for scored in commit.result.scores)
        + sum(len(solution.step_scores) for solution in commit.result.solutions)
        for commit in commits
    )
    return sum(len(sample.scores) for sample in recorded.samples) - kept


def _pool_commits(
    problem: Problem,
    recorded: RecordedProblem,
    run: RecordedRun,
    verdicts: ProblemVerdicts,
    counted: Counting,
    provenance: Mapping[str, str],
) -> Iterator[Commit]:
    start, stop = run.first_sample, run.first_sample + len(recorded.samples)
    block = SampleBlock(problem.id, run.policy.identity, run.sampling, start, stop)
    solutions = []
    for number, sample in enumerate(recorded.samples, start=start):
        usage = counted.usage(sample, recorded.question, shared=number > start)
        solutions.append(verdicts.solution(number, sample, usage))
    total = sum((s.usage for s in solutions), Usage())
    result = UnitResult(
        block.id,
        tuple(solutions),
        policy_usage=total,
        price=counted.pool_price(solutions),
        provenance={**provenance, **verdicts.provenance},
    )
    yield Commit(block, result, problem)
    if run.prm is not None:
        yield _scored(block, solutions, recorded, run, counted, provenance, problem)


def _scored(
    block: SampleBlock,
    solutions: list[Solution],
    recorded: RecordedProblem,
    run: RecordedRun,
    counted: Counting,
    provenance: Mapping[str, str],
    problem: Problem,
) -> Commit:
    assert run.prm is not None
    scores = tuple(
        _step_scores(solution, sample, run)
        for solution, sample in zip(solutions, recorded.samples, strict=True)
    )
    unit = ScoreBlock(block, run.prm.identity)
    total = sum((s.usage for s in scores), Usage())
    price = counted.scores_price(total)
    result = UnitResult(
        unit.id, scores=scores, prm_usage=total, price=price, provenance={**provenance}
    )
    return Commit(unit, result, problem)


def _step_scores(solution: Solution, sample: RecordedSample, run: RecordedRun) -> StepScores:
    if not sample.scores:
        raise ValueError(
            f"sample {solution.sample} has no scores; leave --prm out to import without them"
        )
    whole = "aggregation" in run.prm.identity.format if run.prm else False
    scores = sample.scores
    if sample.has_extra_score(len(solution.steps)) and not whole:
        scores = scores[:-1]
    if not whole and len(scores) != len(solution.steps):
        raise ValueError(
            f"sample {solution.sample} has {len(solution.steps)} steps and {len(scores)} "
            f"scores; set the layout's `steps`, or one score per solution and `scores_are`"
        )
    read = solution.usage.prompt_tokens + solution.usage.generated_tokens
    return StepScores(solution.sample, scores, Usage(prompt_tokens=read), input_tokens=read)
