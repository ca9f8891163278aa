"""Step scores are computed once a prefix and never guessed from rows that are not there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import pytest

from ttsgrid.core.errors import ScoringError
from ttsgrid.core.price import prefixes_of
from ttsgrid.core.records import Usage
from ttsgrid.engines.base import EngineStats, TokenLogits
from ttsgrid.engines.scoring import ScoredSteps, StepScorer, prefix_keys
from ttsgrid.models import Tokenizer
from ttsgrid.models.prms import PrmFormat, ScoringInput, score_from_logits
from ttsgrid.models.prms.base import require_marks

MARK = 7
QUESTION = "ab"


class Letters:
    """A format and its ids: one token per letter, and a mark after each step."""

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        ids, positions = [ord(letter) for letter in question], []
        for step in steps:
            ids += [*(ord(letter) for letter in step), MARK]
            positions.append(len(ids) - 1)
        return ScoringInput(ids, positions)


def ids_of(*steps: str) -> tuple[int, ...]:
    return tuple(Letters().encode_open(cast(Tokenizer, None), QUESTION, steps).ids)


def logit(prefix: Sequence[int]) -> float:
    """A number that only the whole prefix determines."""
    return sum((i + 1) * token for i, token in enumerate(prefix)) % 997 / 200 - 2.5


class ScriptedEngine:
    """Causal logits; `cached` says how many tokens each call that reads the cache skips."""

    device = "cpu"
    block_tokens = 32
    max_input_tokens = 1 << 20

    def __init__(self, *cached: int) -> None:
        self.cached = list(cached)
        self.calls: list[tuple[tuple[int, ...], bool]] = []
        self.gate: asyncio.Event | None = None
        self.failures: list[Exception] = []

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        self.calls.append((ids, read_cache))
        start = self.cached.pop(0) if read_cache and self.cached else 0
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)  # as any real engine, let others run meanwhile
        if self.failures:
            raise self.failures.pop()
        rows = tuple((0.25, logit(ids[: i + 1])) for i in range(start, len(ids)))
        return TokenLogits(start, rows)

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        return None


def scorer_on(engine: ScriptedEngine, remembered_steps: int = 1000) -> StepScorer:
    return StepScorer(engine, cast(PrmFormat, Letters()), cast(Tokenizer, None), remembered_steps)


def expected(*steps: str) -> tuple[float, ...]:
    prefixes = [ids_of(*steps[: k + 1]) for k in range(len(steps))]
    return tuple(score_from_logits(logit(prefix), 0.25) for prefix in prefixes)


def score_in_turn(engine: ScriptedEngine, *solutions: tuple[str, ...]) -> list[ScoredSteps]:
    async def run() -> list[ScoredSteps]:
        scorer = scorer_on(engine)
        return [await scorer.score(QUESTION, steps) for steps in solutions]

    return asyncio.run(run())


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_each_step_is_read_at_its_mark_as_the_positive_class() -> None:
    engine = ScriptedEngine()
    (scored,) = score_in_turn(engine, ("cd", "e", "fgh"))
    assert scored.scores == expected("cd", "e", "fgh")
    assert len(set(scored.scores)) == 3
    assert engine.calls == [(ids_of("cd", "e", "fgh"), True)]


def test_an_equal_solution_costs_no_call_and_reports_all_tokens_cached() -> None:
    engine = ScriptedEngine()
    first, second = score_in_turn(engine, ("cd", "e"), ("cd", "e"))
    size = len(ids_of("cd", "e"))
    assert second.scores == first.scores
    assert (second.usage.prompt_tokens, second.usage.cached_tokens) == (size, size)
    assert (first.usage.prompt_tokens, first.usage.cached_tokens) == (size, 0)
    assert len(engine.calls) == 1


def test_a_beginning_of_a_scored_solution_costs_no_call() -> None:
    engine = ScriptedEngine()
    _, part = score_in_turn(engine, ("cd", "e", "f"), ("cd", "e"))
    assert part.scores == expected("cd", "e")
    assert len(engine.calls) == 1


def test_a_grown_solution_reads_only_the_tail_that_was_not_cached() -> None:
    shared = len(ids_of("cd"))
    engine = ScriptedEngine(0, shared)
    _, grown = score_in_turn(engine, ("cd",), ("cd", "ef"))
    assert grown.scores == expected("cd", "ef")
    assert grown.usage.prompt_tokens == len(ids_of("cd", "ef"))
    assert grown.usage.cached_tokens == shared
    assert [read_cache for _, read_cache in engine.calls] == [True, True]


@pytest.mark.parametrize("cached", range(len(ids_of("cd", "ef"))))
def test_scores_do_not_depend_on_where_the_cached_part_ends(cached: int) -> None:
    engine = ScriptedEngine(0, cached)
    _, sibling = score_in_turn(engine, ("cd", "xy"), ("cd", "ef"))
    assert sibling.scores == expected("cd", "ef")


def test_the_same_steps_under_another_question_are_scored_anew() -> None:
    async def run() -> tuple[ScoredSteps, ScoredSteps]:
        return await scorer.score("ab", ["cd"]), await scorer.score("ba", ["cd"])

    engine = ScriptedEngine()
    scorer = scorer_on(engine)
    one, other = asyncio.run(run())
    assert one.scores != other.scores
    assert len(engine.calls) == 2


def test_a_cached_mark_without_a_remembered_score_is_run_again_without_the_cache() -> None:
    engine = ScriptedEngine(len(ids_of("cd")))
    (scored,) = score_in_turn(engine, ("cd", "ef"))
    ids = ids_of("cd", "ef")
    assert engine.calls == [(ids, True), (ids, False)]
    assert scored.scores == expected("cd", "ef")


def test_a_second_run_without_the_cache_is_charged_beside_the_first() -> None:
    cached = len(ids_of("cd"))
    (scored,) = score_in_turn(ScriptedEngine(cached), ("cd", "ef"))
    size = len(ids_of("cd", "ef"))
    assert (scored.usage.prompt_tokens, scored.usage.cached_tokens) == (2 * size, cached)


@pytest.mark.parametrize("remembered", [1, 2, 3])
def test_a_solution_of_more_steps_than_are_remembered_keeps_all_its_scores(
    remembered: int,
) -> None:
    async def run() -> list[ScoredSteps]:
        scorer = scorer_on(ScriptedEngine(), remembered)
        return [await scorer.score(QUESTION, steps) for steps in (("c", "d", "e", "f"),) * 2]

    assert [scored.scores for scored in asyncio.run(run())] == [expected("c", "d", "e", "f")] * 2


def test_what_others_push_out_meanwhile_is_not_lost_to_a_solution_in_flight() -> None:
    engine = ScriptedEngine(0, len(ids_of("cd")))

    async def run() -> ScoredSteps:
        scorer = scorer_on(engine, 2)
        await scorer.score(QUESTION, ("cd",))
        engine.gate = gate = asyncio.Event()
        grown = asyncio.create_task(scorer.score(QUESTION, ("cd", "ef")))
        await settle()
        engine.gate = None
        for step in "uvwx":
            await scorer.score("zz", (step,))
        gate.set()
        return await grown

    assert asyncio.run(run()).scores == expected("cd", "ef")


def test_the_steps_used_longest_ago_are_forgotten_first() -> None:
    engine = ScriptedEngine()

    async def run() -> int:
        scorer = scorer_on(engine, 2)
        for step in ("c", "d", "c", "e"):  # "c" is used again, so "e" pushes "d" out
            await scorer.score(QUESTION, (step,))
        before = len(engine.calls)
        await scorer.score(QUESTION, ("c",))
        return len(engine.calls) - before

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize("cached", range(len(ids_of("cd"))))
def test_a_cached_part_that_ends_before_the_first_mark_needs_no_second_run(cached: int) -> None:
    engine = ScriptedEngine(cached)
    (scored,) = score_in_turn(engine, ("cd", "ef"))
    assert scored.scores == expected("cd", "ef")
    assert len(engine.calls) == 1


def test_twins_in_flight_are_computed_once() -> None:
    engine = ScriptedEngine()

    async def run() -> list[ScoredSteps]:
        engine.gate = asyncio.Event()
        scorer = scorer_on(engine)
        tasks = [asyncio.create_task(scorer.score(QUESTION, ("cd", "e"))) for _ in range(3)]
        await settle()
        assert not any(task.done() for task in tasks)
        engine.gate.set()
        return await asyncio.gather(*tasks)

    results = asyncio.run(run())
    assert len(engine.calls) == 1
    assert {result.scores for result in results} == {expected("cd", "e")}
    size = len(ids_of("cd", "e"))
    assert sorted(result.usage.cached_tokens for result in results) == [0, size, size]


def test_when_a_twin_fails_the_next_one_tries_and_the_others_wait_for_it() -> None:
    engine = ScriptedEngine()
    engine.failures.append(RuntimeError("engine broke"))

    async def run() -> list[ScoredSteps | BaseException]:
        engine.gate = asyncio.Event()
        scorer = scorer_on(engine)
        tasks = [asyncio.create_task(scorer.score(QUESTION, ("cd",))) for _ in range(3)]
        await settle()
        engine.gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    broken, *others = asyncio.run(run())
    assert isinstance(broken, RuntimeError)
    assert [cast(ScoredSteps, other).scores for other in others] == [expected("cd")] * 2
    assert len(engine.calls) == 2


def test_different_solutions_in_flight_do_not_wait_for_each_other() -> None:
    engine = ScriptedEngine()

    async def run() -> int:
        engine.gate = asyncio.Event()
        scorer = scorer_on(engine)
        tasks = [asyncio.create_task(scorer.score(QUESTION, (step,))) for step in "cdef"]
        await settle()
        in_flight = len(engine.calls)
        engine.gate.set()
        await asyncio.gather(*tasks)
        return in_flight

    assert asyncio.run(run()) == 4


def test_a_solution_that_is_longer_than_the_context_stays_unscored_and_asks_no_engine() -> None:
    engine = ScriptedEngine()
    engine.max_input_tokens = len(ids_of("cd"))
    fits, longer = score_in_turn(engine, ("cd",), ("cd", "e"))
    assert fits.scores == expected("cd")
    assert (longer.scores, longer.usage) == ((), Usage())
    assert longer.unscored == "7 tokens, the PRM reads 5 (prms' max_model_len)"
    assert len(engine.calls) == 1


def test_a_solution_without_steps_stays_unscored() -> None:
    engine = ScriptedEngine()
    (scored,) = score_in_turn(engine, ())
    assert (scored.scores, scored.unscored) == ((), "no steps")
    assert engine.calls == []


def test_a_solution_whose_text_holds_the_mark_stays_unscored_with_the_reason() -> None:
    class Refusing(Letters):
        def encode_open(
            self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
        ) -> ScoringInput:
            encoded = super().encode_open(tokenizer, question, steps)
            return require_marks(encoded, [MARK], "letters")

    async def run() -> ScoredSteps:
        scorer = StepScorer(ScriptedEngine(), cast(PrmFormat, Refusing()), cast(Tokenizer, None))
        return await scorer.score(QUESTION, ["c", chr(MARK)])

    scored = asyncio.run(run())
    assert scored.scores == ()
    assert scored.unscored is not None
    assert "letters: 3 step marks for 2 steps" in scored.unscored


def test_scores_come_with_what_their_input_consists_of_remembered_or_not() -> None:
    engine = ScriptedEngine()
    engine.block_tokens = 4
    first, again, part = score_in_turn(engine, ("cd", "e"), ("cd", "e"), ("cd",))
    assert first.input_tokens == len(ids_of("cd", "e"))
    assert first.prefixes == prefixes_of(ids_of("cd", "e"), 4) == again.prefixes
    assert part.prefixes == prefixes_of(ids_of("cd"), 4)
    assert {one.block_tokens for one in (first, again, part)} == {4}


def test_a_logit_that_is_not_finite_is_an_error_and_not_a_score() -> None:
    class Broken(ScriptedEngine):
        async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
            return TokenLogits(0, ((0.0, float("nan")),) * len(ids))

    with pytest.raises(ScoringError, match="nan"):
        score_in_turn(Broken(), ("cd",))


def test_a_key_names_its_whole_prefix_and_nothing_after_it() -> None:
    ids = list(ids_of("cd", "e", "f"))
    keys = prefix_keys(ids, [4, 6, 8])
    assert all(one != other for one, other in pairwise(keys))
    assert prefix_keys(ids[:7], [4, 6]) == keys[:2]
    assert prefix_keys(ids, [6]) == keys[1:2]
    changed = [ids[0] + 1, *ids[1:]]
    assert not set(prefix_keys(changed, [4, 6, 8])) & set(keys)


class Whole(Letters):
    """A model of outcomes: one position, at the end."""

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        encoded = super().encode_open(tokenizer, question, steps)
        return ScoringInput(encoded.ids, encoded.positions[-1:], whole=True)


def test_an_outcome_model_gives_one_score_and_says_that_it_is_of_the_solution() -> None:
    scorer = StepScorer(ScriptedEngine(), cast(PrmFormat, Whole()), cast(Tokenizer, None))
    scored = asyncio.run(scorer.score(QUESTION, ("cd", "e")))
    assert scored.scores == expected("cd", "e")[-1:]
    assert scored.whole


def test_a_format_that_marks_fewer_steps_than_it_was_given_is_an_error() -> None:
    class Losing(Letters):
        name = "losing"

        def encode_open(
            self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
        ) -> ScoringInput:
            encoded = super().encode_open(tokenizer, question, steps)
            return ScoringInput(encoded.ids, encoded.positions[-1:])

    scorer = StepScorer(ScriptedEngine(), cast(PrmFormat, Losing()), cast(Tokenizer, None))
    with pytest.raises(ScoringError, match="losing: 1 positions for 2 scores"):
        asyncio.run(scorer.score(QUESTION, ("cd", "e")))
