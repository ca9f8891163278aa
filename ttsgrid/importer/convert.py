"""From recorded problems to units that a store commits as if they had run here.

Where a file is silent, the rule is one and provenance says so: a PRM is taken to have
read prompt and solution once; a prompt is taken to have been shared by a problem's
samples, as an engine with a prefix cache shares it; a prompt of unknown length counts as
none. Prices follow from the same. Answers and verdicts: `ttsgrid.importer.verdicts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ttsgrid.benchmarks import Grader, make_grader
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.price import tail_tokens
from ttsgrid.core.records import Price, Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.units import SampleBlock, ScoreBlock
from ttsgrid.importer.pairing import (
    NOTHING_KNOWN,
    RECORDED_ID,
    KnownProblems,
    paired_problem,
)
from ttsgrid.importer.records import RecordedProblem, RecordedSample
from ttsgrid.importer.run import RecordedRun
from ttsgrid.importer.verdicts import ProblemVerdicts
from ttsgrid.store import Commit

BLOCK_TOKENS = 16  # vLLM's own block size, where a recorded run says nothing of a cache


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
    for index, recorded in enumerate(problems):
        problem = paired_problem(recorded, run, index, known)
        details = {**provenance, **({RECORDED_ID: recorded.id} if recorded.id else {})}
        try:
            yield _convert(problem, recorded, run, grader, details)
        except ValueError as error:
            raise ConfigError(f"problem {recorded.id or recorded.question!r}: {error}") from error


def _convert(
    problem: Problem,
    recorded: RecordedProblem,
    run: RecordedRun,
    grader: Grader,
    provenance: dict[str, str],
) -> Converted:
    if not recorded.samples:
        raise ValueError("it has no samples; take it out of the file or add some")
    start, stop = run.first_sample, run.first_sample + len(recorded.samples)
    block = SampleBlock(problem.id, run.policy.identity, run.sampling, start, stop)
    verdicts = ProblemVerdicts(grader, recorded.gold)
    solutions = []
    for number, sample in enumerate(recorded.samples, start=start):
        usage = _usage(sample, recorded.question, run, shared=number > start)
        solutions.append(verdicts.solution(number, sample, usage))
    total = sum((s.usage for s in solutions), Usage())
    result = UnitResult(
        block.id,
        tuple(solutions),
        policy_usage=total,
        price=_price(solutions),
        provenance={**provenance, **verdicts.provenance},
    )
    commits = [Commit(block, result, problem)]
    if run.prm is not None:
        commits.append(_scored(block, solutions, recorded, run, provenance, problem))
    dropped = sum(
        len(sample.scores) > len(scored.scores)
        for commit in commits[1:]
        for sample, scored in zip(recorded.samples, commit.result.scores, strict=True)
    )
    return Converted(problem, tuple(commits), verdicts.num_differing, dropped)


def _price(solutions: list[Solution]) -> Price:
    """What the samples would cost run alone on an engine with the usual prefix cache."""
    question = solutions[0].usage.prompt_tokens
    whole_blocks = question - tail_tokens(question, BLOCK_TOKENS)
    total = sum((s.usage for s in solutions), Usage())
    return Price(
        Usage(total.prompt_tokens, (len(solutions) - 1) * whole_blocks, total.generated_tokens),
        question_tokens=question,
        policy_block_tokens=BLOCK_TOKENS,
    )


def _scored(
    block: SampleBlock,
    solutions: list[Solution],
    recorded: RecordedProblem,
    run: RecordedRun,
    provenance: dict[str, str],
    problem: Problem,
) -> Commit:
    assert run.prm is not None
    scores = tuple(
        _step_scores(solution, sample, run)
        for solution, sample in zip(solutions, recorded.samples, strict=True)
    )
    unit = ScoreBlock(block, run.prm.identity)
    total = sum((s.usage for s in scores), Usage())
    price = Price(prm=total, prm_block_tokens=BLOCK_TOKENS)
    result = UnitResult(unit.id, scores=scores, prm_usage=total, price=price, provenance=provenance)
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


def _usage(sample: RecordedSample, question: str | None, run: RecordedRun, shared: bool) -> Usage:
    generated = sample.tokens
    if generated is None:
        if run.chars_per_token is None:
            raise ValueError(
                "no token counts: set the layout's `tokens`, or --chars-per-token to estimate "
                "them from the text's length (about 3.5 for mathematics in English)"
            )
        generated = _estimated(sample.whole_text, run.chars_per_token)
    prompt = sample.prompt_tokens
    if prompt is None:
        known = run.chars_per_token is not None and question is not None
        prompt = _estimated(question or "", run.chars_per_token or 1.0) if known else 0
    return Usage(prompt, prompt if shared else 0, generated)


def _estimated(text: str, chars_per_token: float) -> int:
    return max(1, round(len(text) / chars_per_token))
