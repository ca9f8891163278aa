"""How best_of_n.jsonl, self_consistency.jsonl and printed.json came about, with its_hub 1.2.0.

    pip install 'its_hub[lm]==1.2.0'; bash ../served.sh 8805 python make.py

its_hub writes no files: it returns results, dataclasses that hold all responses. Here each is
kept as `dataclasses.asdict` gives it (but for `response_counts`, whose keys are tuples), beside
its problem, one per line. Its figure is how often the response that it selected is right.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from its_hub import BestOfN, OpenAICompatibleLanguageModel, SelfConsistency
from its_hub.api import AbstractOutcomeRewardModel
from scripted import QUESTIONS, step_scores

ENDPOINT = "http://127.0.0.1:8805/v1"


class Reward(AbstractOutcomeRewardModel):
    """The made-up score of a solution's last step, in place of a reward model."""

    def score(self, messages: Any, **_: Any) -> Any:  # noqa: ANN401
        """Return the score of one conversation, or of each of several."""
        if isinstance(messages[0], Sequence):
            return [self.score(turns) for turns in messages]
        return step_scores(messages[-1].content)[-1]

    async def ascore(self, messages: Any, **_: Any) -> Any:  # noqa: ANN401
        """Return the same; its algorithms call this one."""
        return self.score(messages)


def answer(text: str) -> str:
    """Return what a solution answers, in a box or not; this is ours to say, not its_hub's."""
    return (re.findall(r"The answer is (?:\\boxed\{)?([\d.]*\d)", text) or [""])[-1]


async def main() -> None:
    """Ask each question three times and then five times, which leaves no votes tied."""
    lm = OpenAICompatibleLanguageModel(ENDPOINT, "none", "scripted", max_concurrency=1)
    printed = {}
    for name, algorithm, budget in (
        ("best_of_n", BestOfN(Reward()), 3),
        ("self_consistency", SelfConsistency(answer), 5),
    ):
        lines, verdicts = [], []
        for question, (gold, _) in QUESTIONS.items():
            result = await algorithm.ainfer(lm, question, budget, return_response_only=False)
            kept = {key: value for key, value in asdict(result).items() if key[-6:] != "counts"}
            lines.append({"problem": question, "answer": gold, **kept})
            verdicts.append(answer(result.the_one["content"]) == gold)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (HERE / f"{name}.jsonl").write_text(text)
        printed[name] = sum(verdicts) / len(verdicts)
    (HERE / "printed.json").write_text(json.dumps(printed) + "\n")


asyncio.run(main())
