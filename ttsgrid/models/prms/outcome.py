r"""Outcome reward models: one score per solution, read at the input's last token.

As Qwen2.5-Math-RM-72B reads it, the question is the user's turn, the solution the assistant's,
and the value stands at the last token of the rendered chat, its end of turn included. Source:
that model's card. ReasonFlux-PRM-1.5B reads question and solution as bare text, one right
behind the other. Source: the README of ReasonFlux_PRM in Gen-Verse/ReasonFlux.

The sigmoid of the value is the score: it keeps the order of the solutions, and a vote needs
weights in [0, 1]. A search's partial solution is scored as if it ended there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.models import Tokenizer
from ttsgrid.models.prms.base import STATE_HEADS, ScoringInput, require_steps
from ttsgrid.models.prms.chat import render, system_turn


@dataclass(frozen=True)
class OutcomeFormat:
    r"""A solution as the assistant's turn, read from a classifier at its end.

    Attributes:
        system: the system turn; empty for none.
        chat: false for bare text, without a template.
        question_separator: stands between question and solution in bare text.
        separator: stands between steps.
    """

    heads: ClassVar[tuple[str, ...]] = STATE_HEADS
    whole: ClassVar[bool] = True
    name: str = "outcome"
    engine_task: str = "token_classify"
    system: str = ""
    chat: bool = True
    question_separator: str = ""
    separator: str = "\n\n"

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a finished solution."""
        require_steps(steps)
        solution = self.separator.join(steps)
        if not self.chat:
            text = f"{question}{self.question_separator}{solution}"
            ids = tokenizer.encode(text, add_special_tokens=True)
        else:
            chat = [
                *system_turn(self.system),
                {"role": "user", "content": question},
                {"role": "assistant", "content": solution},
            ]
            ids = tokenizer.encode(render(tokenizer, chat, opened=False), add_special_tokens=False)
        return ScoringInput(ids, [len(ids) - 1], whole=True)

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on, as if it ended here."""
        return self.encode(tokenizer, question, steps)

    def marker_ids(self, tokenizer: Tokenizer) -> None:
        """Return None: this family reads a head."""
