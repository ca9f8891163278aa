"""A scripted policy and PRM: every outcome follows from the script's number alone.

A token is a character, so ids and text are the same thing twice; 0 is the end mark.
Scripts draw steps from few words and scores from few levels, so that duplicates and
ties are common, and mix in all that a step can be: cut off, blank, ended at once, or
stating its answer.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.scoring import ScoredSteps

END_MARK = 0
QUESTION = "How many?"
PROMPT = tuple(map(ord, "Q: how many?\n"))


def decode(ids: Sequence[int]) -> str:
    return "".join(chr(i) for i in ids if i != END_MARK)


def is_final(text: str) -> bool:
    return "boxed" in text


@dataclass(frozen=True)
class Script:
    """What the policy writes and the PRM thinks, by number."""

    number: int
    chances: dict[str, float]
    num_words: int = 4
    num_levels: int = 16

    @classmethod
    def random(cls, number: int) -> Script:
        rng = random.Random(f"script {number}")
        chances = {
            "open": 1.0,
            "end": rng.choice((0.05, 0.2, 0.5)),
            "boxed": rng.choice((0.0, 0.05, 0.2)),
            "cut": rng.choice((0.0, 0.1, 0.4)),
            "blank": rng.choice((0.0, 0.1)),
            "at_once": rng.choice((0.0, 0.1)),
        }
        return cls(number, chances, rng.randint(1, 6), rng.choice((4, 16, 1024)))

    def write(self, context: str, seed: int, to_end: bool) -> tuple[str, str]:
        """Return what follows a context, and how it ends: `sep`, `end` or `cut`."""
        rng = random.Random(f"{self.number} {context!r} {seed}")
        what = rng.choices(list(self.chances), list(self.chances.values()))[0]
        word = f"w{rng.randrange(self.num_words)}"
        if to_end and what in ("open", "boxed"):
            return f"{word}\n\nlast {word} boxed", "end"
        return {
            "open": (f"{word}\n\n", "sep"),
            "end": (word, "end"),
            "boxed": (f"boxed {word}\n\n", "sep"),
            "cut": (f"boxed {word}", "cut"),
            "blank": ("\n\n", "end" if to_end else "sep"),
            "at_once": ("", "end"),
        }[what]

    def score(self, steps: Sequence[str]) -> float:
        """Return the last step's score; it depends on all steps up to it."""
        rng = random.Random(f"{self.number} {list(steps)}")
        return rng.randrange(self.num_levels) / self.num_levels


@dataclass
class ScriptedPolicy:
    """Plays a script, answering in an order that the script shuffles."""

    device = "cpu"
    block_tokens = 32
    max_input_tokens = 1 << 20

    script: Script
    requests: list[GenerationRequest] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)

    async def generate(self, request: GenerationRequest) -> Generation:
        self.requests.append(request)
        for _ in range(random.Random(f"{self.script.number} {request.seed}").randrange(5)):
            await asyncio.sleep(0)
        text, how = self.script.write(
            decode(request.prompt_ids[len(PROMPT) :]), request.seed, not request.stop
        )
        ids = tuple(map(ord, text)) + ((END_MARK,) if how == "end" else ())
        usage = Usage(len(request.prompt_ids), len(request.prompt_ids) // 2, len(ids))
        self.usage += usage
        reason = FinishReason.LENGTH if how == "cut" else FinishReason.STOP
        return Generation(ids, reason, request.stop[0] if how == "sep" else None, usage)

    def stats(self) -> EngineStats:
        return EngineStats(requests=len(self.requests))

    def close(self) -> None:
        """Nothing to free."""


@dataclass
class ScriptedPrm:
    """Scores by script."""

    script: Script
    asked: list[tuple[str, ...]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        assert question == QUESTION
        assert steps
        assert all(step.strip() and step == step.strip("\n") for step in steps)
        self.asked.append(tuple(steps))
        await asyncio.sleep(0)
        usage = Usage(sum(map(len, steps)), len(steps[0]), 0)
        self.usage += usage
        return ScoredSteps(
            tuple(self.script.score(steps[: i + 1]) for i in range(len(steps))), usage
        )
