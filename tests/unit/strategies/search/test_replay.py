"""Ten recorded value-guided beam searches are searched again, and choose as recorded.

The record (OVM on GSM8K, Yu et al. 2023, arXiv 2311.09724): N = 100, five beams kept,
twenty children each, one line per step, and one best solution chosen at the end. A beam
that had ended was carried along as twenty copies of itself, so the replay plays it
as steps that add nothing, and nothing ends before the record does.

A candidate is one token here, so that equal texts stay apart. Where the value model
gave equal scores to equal texts, which of them was kept is chance; anything else is
compared one by one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.search_trace import Fate
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession

FILE = "recorded/ovm_gsm8k_llama7b_beam5_trees.jsonl"
NUM_TREES = 10
WIDTH, CHILDREN = 5, 20
CHILD_SEED = 1_000  # seed = step * CHILD_SEED + index


@dataclass(frozen=True)
class Recorded:
    """A recorded search: (text, value) of each step's candidates, and those chosen."""

    candidates: list[list[tuple[str, float]]]
    choices: list[list[int]]


@dataclass
class Replay:
    """Policy and PRM in one: both read from the record.

    A kept candidate is continued by the recorded children of its own slot, or of a slot
    that was given to its equal. `slots` maps our kept ids of a step to recorded slots.
    """

    device = "cpu"
    block_tokens = 32
    max_input_tokens = 1 << 20

    recorded: Recorded
    slots: list[dict[int, int]] = field(default_factory=list)
    given: dict[tuple[int, int], int] = field(default_factory=dict)

    def slot_of(self, step: int, sample: int) -> int:
        """Return the recorded slot whose children continue a kept candidate."""
        while len(self.slots) <= step:
            self.slots.append({})
        slots = self.slots[step]
        if sample not in slots:
            mine = self.recorded.candidates[step]
            chosen = self.recorded.choices[step]
            free = [slot for slot in range(len(chosen)) if slot not in slots.values()]
            own = [slot for slot in free if chosen[slot] == sample]
            equal = [slot for slot in free if mine[chosen[slot]] == mine[sample]]
            assert own or equal, f"step {step} kept {sample}, which the record did not"
            slots[sample] = (own or equal)[0]
        return slots[sample]

    async def generate(self, request: GenerationRequest) -> Generation:
        path = request.prompt_ids[1:]
        step = len(path)
        sample = request.seed % CHILD_SEED
        if path:
            slot = self.slot_of(step - 1, path[-1])
            nth = self.given.get((step, slot), 0)
            self.given[step, slot] = nth + 1
            sample = slot * CHILDREN + nth
        return Generation((sample,), FinishReason.STOP, "\n\n", Usage(0, 0, 1))

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        values = [self.recorded.candidates[i][int(step)][1] for i, step in enumerate(steps)]
        return ScoredSteps(tuple(values), Usage())

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        """Nothing to free."""


def recorded_search(tree: dict[str, list[dict[str, list[dict[str, str | float]]]]]) -> Recorded:
    steps = tree["intermediate_steps"]
    return Recorded(
        [[(str(s["str"]), float(s["vscore"])) for s in step["sequences"]] for step in steps],
        [[int(str(choice)) for choice in step["choices"]] for step in steps],
    )


def decode(ids: Sequence[int]) -> str:
    return "".join(f"{i}\n\n" for i in ids)


@pytest.mark.parametrize("number", range(NUM_TREES))
@pytest.mark.parametrize("name", ["paper", "search_and_learn"])
def test_a_recorded_search_is_chosen_again(name: str, number: int, shared_data: Path) -> None:
    recorded = recorded_search(json.loads((shared_data / FILE).read_text().splitlines()[number]))
    *searched, final = recorded.choices
    replay = Replay(recorded)
    rules = replace(preset(name, "beam"), last_step_to_end=False)
    session = SearchSession(
        SearchSettings("beam", WIDTH * CHILDREN, CHILDREN, max_steps=len(searched), rules=rules),
        replay,
        replay,
        question="",
        prompt_ids=(0,),
        decode=decode,
        is_final=None,
        sampling=SamplingIdentity(1.0, 1.0, 100, 0),
        seed_of=lambda step, index: step * CHILD_SEED + index,
    )
    outcome = asyncio.run(run_search(session))
    for step, choices in enumerate(searched):
        candidates = recorded.candidates[step]
        kept = [int(c.text) for c in outcome.trace.steps[step] if c.fate is Fate.KEPT]
        assert sorted(candidates[i] for i in kept) == sorted(candidates[i] for i in choices)
    best = outcome.answers[0]
    last = int(best.steps[-1])
    assert recorded.candidates[-2][last] == recorded.candidates[-1][final[0]]
