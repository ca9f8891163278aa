"""Searches choose what slow, plain searches choose, over hundreds of random scripts."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.unit.strategies.search.reference import (
    Played,
    paper,
    search_and_learn_beam,
    search_and_learn_dvts,
)
from tests.unit.strategies.search.scripted import (
    PROMPT,
    QUESTION,
    Script,
    ScriptedPolicy,
    ScriptedPrm,
    decode,
    is_final,
)
from ttsgrid.core.identity import derive_seed
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.search_trace import Fate, SearchTrace
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.core.voting import AGGREGATIONS
from ttsgrid.strategies.search.protocol import SearchOutcome
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession

NUM_SCRIPTS = 400
SAMPLING = SamplingIdentity(temperature=0.7, top_p=1.0, max_tokens=10_000, seed=0)
WIDTHS = ((4, 4), (4, 2), (6, 2), (8, 4), (16, 4), (3, 1), (5, 5))


def seeds(step: int, index: int) -> int:
    return derive_seed("reference", step, index)


def play(settings: SearchSettings, script: Script) -> tuple[SearchOutcome, ScriptedPolicy]:
    policy, prm = ScriptedPolicy(script), ScriptedPrm(script)
    session = SearchSession(
        settings,
        policy,
        prm,
        question=QUESTION,
        prompt_ids=PROMPT,
        decode=decode,
        is_final=is_final,
        sampling=SAMPLING,
        seed_of=seeds,
    )
    outcome = asyncio.run(run_search(session))
    assert outcome.policy_usage == policy.usage
    assert outcome.prm_usage == prm.usage
    if not settings.lookahead_steps:  # rolled steps are paid for and not in the tree
        candidates = [candidate for step in outcome.trace.steps for candidate in step]
        assert policy.usage.generated_tokens == sum(c.num_tokens for c in candidates)
    return outcome, policy


def whole_texts(trace: SearchTrace) -> dict[int | None, str]:
    texts: dict[int | None, str] = {None: ""}
    for candidate in (c for step in trace.steps for c in step):
        texts[candidate.id] = texts[candidate.parent] + candidate.text
    return texts


def played(outcome: SearchOutcome) -> Played:
    texts = whole_texts(outcome.trace)
    kept = [
        sorted(texts[c.id] for c in step if c.fate in (Fate.KEPT, Fate.FINISHED))
        for step in outcome.trace.steps
    ]
    return Played(kept, [(answer.text, answer.complete) for answer in outcome.answers])


def without_empty_tail(kept: list[list[str]]) -> list[list[str]]:
    """A last step that keeps nothing says no more than its absence."""
    return kept[:-1] if kept and not kept[-1] else kept


def test_an_answers_tokens_are_those_of_the_steps_that_lead_to_it() -> None:
    for number in range(100):
        settings = SearchSettings("beam", 8, 4, max_steps=5)
        outcome, _ = play(settings, Script.random(number))
        by_id = {c.id: c for step in outcome.trace.steps for c in step}
        for answer in outcome.answers:
            path, place = [], answer.candidate
            while True:
                path.append(by_id[place])
                if path[-1].parent is None:
                    break
                place = path[-1].parent
            assert answer.num_tokens == sum(candidate.num_tokens for candidate in path)
            assert answer.step_scores == path[0].step_scores
            assert len(answer.steps) == len(answer.step_scores)


def setting_of(number: int) -> tuple[int, int, int, str]:
    rng = random.Random(f"setting {number}")
    n, m = rng.choice(WIDTHS)
    return n, m, rng.choice((1, 2, 4, 12)), rng.choice(AGGREGATIONS.names)


@pytest.mark.parametrize("name", ["paper", "search_and_learn"])
def test_beam_search_keeps_and_answers_what_the_plain_search_does(name: str) -> None:
    reference = {"paper": paper, "search_and_learn": search_and_learn_beam}[name]
    for number in range(NUM_SCRIPTS):
        n, m, depth, how = setting_of(number)
        script, rules = Script.random(number), preset(name, "beam")
        settings = SearchSettings("beam", n, m, max_steps=depth, ranking=how, rules=rules)
        expected = reference(script, n, m, depth, seeds, how)
        found = played(play(settings, script)[0])
        assert without_empty_tail(found.kept) == without_empty_tail(expected.kept), number
        assert found.answers == expected.answers, number


@pytest.mark.parametrize("name", ["paper", "search_and_learn"])
def test_a_dvts_subtree_keeps_and_answers_what_the_plain_search_does(name: str) -> None:
    for number in range(NUM_SCRIPTS):
        _, m, depth, how = setting_of(number)
        script, rules = Script.random(number), preset(name, "dvts")
        settings = SearchSettings("dvts", m, m, max_steps=depth, ranking=how, rules=rules)
        expected = (
            paper(script, m, m, depth, seeds, how)
            if name == "paper"
            else search_and_learn_dvts(script, m, depth, seeds, how)
        )
        found = played(play(settings, script)[0])
        assert without_empty_tail(found.kept) == without_empty_tail(expected.kept), number
        assert found.answers == expected.answers, number
