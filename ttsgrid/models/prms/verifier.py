r"""Generative verifiers: a causal LM is asked whether a solution is right, and says so.

The score is the probability of the positive verdict's token against the negative one's, one per
solution. With the head `marker_logits` the verdict is read at once, at the end of the prompt.
With `written_verdict` the model first writes up to `max_tokens` of reasoning, which `lead` ends,
and the mean over `verdicts` sampled texts is the score. Source: Zhang et al., Generative
Verifiers (arXiv 2408.15240), GenRM and GenRM-CoT.

A search's partial solution is judged as far as it goes. What verifiers were trained to be asked
differs, so every text here is a setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.core.errors import ConfigError
from ttsgrid.models import Tokenizer
from ttsgrid.models.prms.base import ScoringInput, require_steps, single_id
from ttsgrid.models.prms.chat import render, system_turn

AT_ONCE, WRITTEN = "marker_logits", "written_verdict"
QUESTION, SOLUTION = "{question}", "{solution}"


@dataclass(frozen=True)
class VerifierFormat:
    r"""A chat that asks for a verdict on a solution.

    Attributes:
        system: the system turn; empty for none.
        user: the user turn; `{question}` and `{solution}` are replaced.
        separator: stands between steps of the solution.
        lead: text in the assistant's turn that the verdict follows.
        positive: the verdict on a right solution; one token.
        negative: the verdict on a wrong one; one token.
        verdicts: how many are sampled and averaged.
        max_tokens: of the text before a verdict.
        temperature: at which that text is sampled.
    """

    heads: ClassVar[tuple[str, ...]] = (AT_ONCE, WRITTEN)
    whole: ClassVar[bool] = True
    name: str = "verifier"
    engine_task: str = AT_ONCE
    system: str = ""
    user: str = f"{QUESTION}\n\n{SOLUTION}\n\nIs the solution correct (Yes/No)?"
    separator: str = "\n\n"
    lead: str = ""
    positive: str = "Yes"
    negative: str = "No"
    verdicts: int = 1
    max_tokens: int = 1024
    temperature: float = 0.7

    def __post_init__(self) -> None:
        if self.verdicts < 1 or self.max_tokens < 1 or self.temperature < 0:
            raise ConfigError(
                f"prms.format: verdicts={self.verdicts} and max_tokens={self.max_tokens} must be "
                f"above 0, temperature={self.temperature:g} not below"
            )
        if QUESTION not in self.user or SOLUTION not in self.user:
            raise ConfigError(f"prms.format.user must hold {QUESTION} and {SOLUTION}")
        if self.engine_task == WRITTEN and not self.lead:
            raise ConfigError(
                f"prms.format.head={WRITTEN} needs lead, the text that the verdict follows"
            )
        if self.engine_task == AT_ONCE and self.verdicts > 1:
            raise ConfigError(
                f"prms.format.verdicts={self.verdicts} needs head={WRITTEN}: a verdict that is "
                "read at once is the same each time"
            )

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode the prompt, up to where the verdict or the text before it begins."""
        require_steps(steps)
        solution = self.separator.join(steps)
        # In one pass each: a question may hold the other's place.
        asked = "".join(
            {QUESTION: question, SOLUTION: solution}.get(part, part) for part in _parts(self.user)
        )
        chat = [*system_turn(self.system), {"role": "user", "content": asked}]
        text = render(tokenizer, chat, opened=True)
        text += self.lead if self.engine_task == AT_ONCE else ""
        ids = tokenizer.encode(text, add_special_tokens=False)
        return ScoringInput(ids, [len(ids) - 1], whole=True)

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on, as far as it goes."""
        return self.encode(tokenizer, question, steps)

    def marker_ids(self, tokenizer: Tokenizer) -> tuple[int, int]:
        """Return the ids of the positive and the negative verdict."""
        return (
            single_id(tokenizer, self.positive, self.name),
            single_id(tokenizer, self.negative, self.name),
        )


def _parts(template: str) -> list[str]:
    """Cut a template at its places; each place is a part of its own."""
    parts = [template]
    for place in (QUESTION, SOLUTION):
        parts = [piece for part in parts for piece in _around(part, place)]
    return parts


def _around(text: str, place: str) -> list[str]:
    first, *rest = text.split(place)
    return [first, *(piece for after in rest for piece in (place, after))]
