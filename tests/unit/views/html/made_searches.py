"""Beam searches over the zoo's recipes, made up step by step, with their traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ttsgrid.benchmarks.zoo.task import Recipe, boxed_answer
from ttsgrid.core.records import FinishReason, Price, Problem, Solution, UnitResult, Usage
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.search_trace import Fate, SearchTrace, TracedCandidate
from ttsgrid.core.units import ModelIdentity, SamplingIdentity, SearchTree
from ttsgrid.store import Commit

Step = Callable[[tuple[str, ...]], str]
Score = Callable[[tuple[str, ...]], float]
STEP_TOKENS = 6


def beam_commit(
    problem: Problem,
    recipe: Recipe,
    policy: ModelIdentity,
    prm: ModelIdentity,
    write: Step,
    judge: Score,
) -> Commit:
    """Make up a beam search with N = 4 and M = 2.

    Args:
        write: the steps so far to the next step.
        judge: the steps so far, the newest included, to its score.
    """
    settings = SearchSettings("beam", budget=4, beam_width=2)
    unit = SearchTree(problem.id, policy, prm, SamplingIdentity(0.7, 1.0, 33, 0), settings)
    rounds = _rounds(len(recipe.steps), settings, write, judge)
    finished = [c for c in rounds[-1] if c.fate is Fate.FINISHED]
    trace = SearchTrace(
        problem.question, settings.as_params(), tuple(rounds), tuple(c.id for c in finished)
    )
    path = {c.id: c for step in rounds for c in step}
    num_tokens = STEP_TOKENS * sum(map(len, rounds))
    result = UnitResult(
        unit.id,
        solutions=tuple(
            _answer(place, _path(path, c), c, recipe) for place, c in enumerate(finished)
        ),
        policy_usage=Usage(20 + num_tokens, num_tokens // 2, num_tokens),
        prm_usage=Usage(2 * num_tokens, num_tokens, 0),
        price=Price(
            Usage(20 + num_tokens, num_tokens // 2, num_tokens), Usage(2 * num_tokens, num_tokens)
        ),
        seconds=0.01 * num_tokens,
        provenance={"host": "node-7", "ttsgrid": "0.0", "vllm": "0.0", "num_gpus": "0"},
        trace=trace.as_json(),
    )
    return Commit(unit, result, problem)


def _rounds(
    num_steps: int, settings: SearchSettings, write: Step, judge: Score
) -> list[tuple[TracedCandidate, ...]]:
    beams: list[tuple[TracedCandidate | None, tuple[str, ...]]] = [
        (None, ()) for _ in range(settings.num_beams)
    ]
    rounds: list[tuple[TracedCandidate, ...]] = []
    number = 0
    for step in range(num_steps):
        tried = []
        for parent, steps in beams:
            for _ in range(settings.beam_width):
                longer = (*steps, write(steps))
                tried.append((_candidate(number, parent, longer, judge(longer)), longer))
                number += 1
        tried.sort(key=lambda pair: -(pair[0].score or 0.0))
        alive = Fate.FINISHED if step == num_steps - 1 else Fate.KEPT
        kept = [(replace(c, fate=alive), s) for c, s in tried[: settings.num_beams]]
        dropped = [replace(c, reason="below the best") for c, _ in tried[settings.num_beams :]]
        rounds.append((*(c for c, _ in kept), *dropped))
        beams = [(c, s) for c, s in kept]
    return rounds


def _candidate(
    number: int, parent: TracedCandidate | None, steps: tuple[str, ...], score: float
) -> TracedCandidate:
    earlier = parent.step_scores if parent else ()
    return TracedCandidate(
        id=number,
        parent=parent.id if parent else None,
        text=steps[-1],
        score=score,
        step_scores=(*earlier, score),
        num_tokens=STEP_TOKENS,
        seed=number,
        fate=Fate.PRUNED,
        reason="among the best",
    )


def _path(known: dict[int, TracedCandidate], last: TracedCandidate) -> tuple[str, ...]:
    steps = [last.text]
    while last.parent is not None:
        last = known[last.parent]
        steps.append(last.text)
    return tuple(reversed(steps))


def _answer(place: int, steps: tuple[str, ...], last: TracedCandidate, recipe: Recipe) -> Solution:
    answer = boxed_answer(steps[-1])
    return Solution(
        sample=place,
        text="\n\n".join(steps),
        steps=steps,
        finish_reason=FinishReason.STOP,
        answer=answer,
        correct=answer == str(recipe.answer),
        usage=Usage(20, 0, STEP_TOKENS * len(steps)),
        seed=last.seed,
        step_scores=last.step_scores,
    )
