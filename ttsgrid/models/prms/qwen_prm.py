r"""Qwen2.5-Math-PRM (7B, 72B), and heads trained in its layout.

A chat: the system line, the question as user, and as assistant each step
followed by `<extra_0>`, nothing else between. The model has two classes per
token; at each `<extra_0>` the probability of class 1 is the step's score.
Source: the model card of Qwen/Qwen2.5-Math-PRM-7B, which encodes the rendered
chat in one go; `<extra_0>` is a special token, so pieces that end at it give the
same ids.

ReasonFlux-PRM-7B takes the same layout without a system turn of its own: what its template
then writes is up to the template. Source: the README of ReasonFlux_PRM in Gen-Verse/ReasonFlux.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.models import Tokenizer
from ttsgrid.models.formats import BOXED
from ttsgrid.models.prms.base import (
    STATE_HEADS,
    ScoringInput,
    join_pieces,
    require_marks,
    require_steps,
    single_id,
)
from ttsgrid.models.prms.chat import after_prefix, render, system_turn


@dataclass(frozen=True)
class QwenPrmFormat:
    """Chat with a special token after each step, read by a two-class token classifier.

    Attributes:
        system: the system turn; empty for none.
        mark: stands after each step; one token.
        separator: stands between a step and its mark.
    """

    heads: ClassVar[tuple[str, ...]] = STATE_HEADS
    name: str = "qwen"
    engine_task: str = "token_classify"
    system: str = BOXED
    mark: str = "<extra_0>"
    separator: str = ""

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a finished solution, the assistant's end-of-turn included."""
        opened = self.encode_open(tokenizer, question, steps)
        chat = self._chat(question)
        whole = render(
            tokenizer, [*chat, {"role": "assistant", "content": self.mark}], opened=False
        )
        begun = render(tokenizer, chat, opened=True) + self.mark
        closing = after_prefix(whole, begun, self.name)
        ids = opened.ids + tokenizer.encode(closing, add_special_tokens=False)
        return ScoringInput(ids, opened.positions)

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on, up to the last step's `<extra_0>`."""
        require_steps(steps)
        mark = single_id(tokenizer, self.mark, self.name)
        texts = [render(tokenizer, self._chat(question), opened=True) + steps[0], *steps[1:]]
        pieces = [
            [*tokenizer.encode(f"{text}{self.separator}", add_special_tokens=False), mark]
            for text in texts
        ]
        return require_marks(join_pieces(pieces), [mark], self.name)

    def marker_ids(self, tokenizer: Tokenizer) -> None:
        """Return None: this family classifies."""

    def _chat(self, question: str) -> list[dict[str, str]]:
        return [*system_turn(self.system), {"role": "user", "content": question}]
