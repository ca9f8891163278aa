"""Searches that another tool ran, as searches: their answers are never a pool.

A record is one search of its problem, with the answers that it found. A strategy made of
independent subtrees (DVTS) may have one record per subtree, or one for all of them, whose
answers stand in groups of M.

A file holds a search's answers and not what it dropped on the way. So a search has a price
only where the layout's `search_tokens` says what all of it generated. The policy is then
taken to have read its prompt once and the PRM to have read every generated token once, as
engines with prefix caches do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ttsgrid.core.identity import derive_seed
from ttsgrid.core.price import Prefixes
from ttsgrid.core.records import Price, Problem, Solution, UnitResult, Usage
from ttsgrid.core.strategies import search_of
from ttsgrid.core.units import SearchTree
from ttsgrid.importer.costs import BLOCK_TOKENS, Counting
from ttsgrid.importer.records import RecordedProblem, RecordedSample
from ttsgrid.importer.run import RecordedRun
from ttsgrid.importer.verdicts import ProblemVerdicts
from ttsgrid.store import Commit


@dataclass(frozen=True)
class FoundAnswers:
    """The answers of one tree.

    Attributes:
        subtree: its number; None for a search that is no part of one.
        tokens: what the tree generated; None where that isn't known.
    """

    samples: tuple[RecordedSample, ...]
    subtree: int | None
    tokens: int | None


def search_commits(
    problem: Problem,
    recorded: RecordedProblem,
    run: RecordedRun,
    verdicts: ProblemVerdicts,
    counted: Counting,
    provenance: Mapping[str, str],
) -> Iterator[Commit]:
    """Yield one unit per tree that a file has of a problem.

    Raises:
        ValueError: its records are no such search, or an answer has no score.
    """
    assert run.search is not None
    assert run.prm is not None
    prompt = counted.prompt_tokens(recorded.samples[0], recorded.question)
    for tree in _trees(recorded, run):
        unit = SearchTree(
            problem.id,
            run.policy.identity,
            run.prm.identity,
            run.sampling,
            run.search,
            tree.subtree,
            keep_trace=False,
        )
        solutions = tuple(
            _answer(number, sample, verdicts) for number, sample in enumerate(tree.samples)
        )
        price = None if tree.tokens is None else _price(unit, prompt, tree.tokens)
        result = UnitResult(
            unit.id,
            solutions,
            policy_usage=price.policy if price else Usage(),
            prm_usage=price.prm if price else Usage(),
            price=price,
            provenance={**provenance, **verdicts.provenance},
        )
        yield Commit(unit, result, problem)


def _trees(recorded: RecordedProblem, run: RecordedRun) -> Iterator[FoundAnswers]:
    assert run.search is not None
    if not search_of(run.search.kind).in_subtrees:
        if len(recorded.spans) > 1:
            raise ValueError(
                f"it has {len(recorded.spans)} records, and a {run.search.kind} search of a "
                f"problem is one; import each run with a --seed of its own"
            )
        yield FoundAnswers(recorded.samples, None, recorded.spans[0].search_tokens)
        return
    number = start = 0
    for span in recorded.spans:
        samples = recorded.samples[start : start + span.num_samples]
        start += span.num_samples
        groups = list(_groups(samples, run.search.beam_width))
        # What each of several subtrees in one record took isn't said: they share it alike.
        tokens = span.search_tokens and round(span.search_tokens / len(groups))
        for group in groups:
            yield FoundAnswers(group, number, tokens)
            number += 1


def _groups(
    samples: tuple[RecordedSample, ...], beam_width: int
) -> Iterator[tuple[RecordedSample, ...]]:
    if len(samples) <= beam_width:
        yield samples
        return
    if len(samples) % beam_width:
        raise ValueError(
            f"{len(samples)} answers are no subtrees of {beam_width} each; set --beam-width"
        )
    for start in range(0, len(samples), beam_width):
        yield samples[start : start + beam_width]


def _answer(number: int, sample: RecordedSample, verdicts: ProblemVerdicts) -> Solution:
    solution = verdicts.solution(number, sample, Usage(generated_tokens=sample.tokens or 0))
    scores = sample.scores
    if not scores:
        raise ValueError(f"answer {number + 1} has no scores; set the layout's `scores`")
    if sample.has_extra_score(len(solution.steps)):
        scores = scores[:-1]
    return replace(solution, step_scores=scores)


def _price(unit: SearchTree, prompt: int, generated: int) -> Price:
    # Subtrees are taken to have no part of the PRM's inputs in common.
    key = derive_seed("inputs of a recorded search", unit.id)
    return Price(
        policy=Usage(prompt, 0, generated),
        prm=Usage(prompt + generated),
        question_tokens=prompt,
        policy_block_tokens=BLOCK_TOKENS,
        prm_block_tokens=BLOCK_TOKENS,
        prm_prefixes=Prefixes((key,), (prompt + generated,)),
    )
