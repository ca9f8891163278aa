r"""RLHFlow's Llama-3.1-8B PRMs: a chat in which the assistant says `+` to each step.

One user turn per step, the first being `question + " " + step`, each answered by
the assistant with `+`. The score is the softmax over `+` and `-` at the position
that predicts the answer: the last token of the assistant's header. Source:
RLHFlow/RLHF-Reward-Modeling, math-rm/prm_evaluate.py, which reads position -3 of
each chat that ends in `+` and the end-of-turn token.

The models for Mistral and Deepseek data differ only in where their data's steps
end (`ки\n`, a blank line); given steps, they are encoded alike. The input for a
later step holds `+` for each earlier one, whatever its score, as in the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.models import Tokenizer
from ttsgrid.models.prms.base import (
    POSITIVE,
    ScoringInput,
    join_pieces,
    require_marks,
    require_steps,
    sign_ids,
)
from ttsgrid.models.prms.chat import after_prefix, render

_FIRST, _SECOND = "ttsgrid-first-turn", "ttsgrid-second-turn"


@dataclass(frozen=True)
class RlhflowFormat:
    """One user turn per step, read from the logits of `+` and `-` as the assistant's answer."""

    name: str = "rlhflow_deepseek"
    engine_task: str = "marker_logits"

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a finished solution: the last `+` and its end of turn follow the last position."""
        opened = self.encode_open(tokenizer, question, steps)
        chat = [{"role": "user", "content": _FIRST}]
        answered = [*chat, {"role": "assistant", "content": POSITIVE}]
        closing = after_prefix(
            render(tokenizer, answered, opened=False),
            render(tokenizer, chat, opened=True),
            self.name,
        )
        ids = opened.ids + tokenizer.encode(closing, add_special_tokens=False)
        return ScoringInput(ids, opened.positions)

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on, up to the assistant's header after the last step."""
        require_steps(steps)
        before, between, header = self._frame(tokenizer)
        turns = [f"{question} {steps[0]}", *steps[1:]]
        openings = [before, *[between] * (len(steps) - 1)]
        # Stripped, since Llama's template strips each turn that goes through it.
        texts = [f"{o}{turn.strip()}{header}" for o, turn in zip(openings, turns, strict=True)]
        pieces = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
        mark = tokenizer.encode(header, add_special_tokens=False)
        return require_marks(join_pieces(pieces), mark, self.name)

    def marker_ids(self, tokenizer: Tokenizer) -> tuple[int, int]:
        """Return the ids of `+` and `-`."""
        return sign_ids(tokenizer, self.name)

    def _frame(self, tokenizer: Tokenizer) -> tuple[str, str, str]:
        """Return the template's text before the first turn, between two, and after each."""
        # Cut around two stand-ins: steps don't go through Jinja, and earlier ids never change.
        chat = [{"role": "user", "content": _FIRST}]
        opened = render(tokenizer, chat, opened=True)
        chat += [{"role": "assistant", "content": POSITIVE}, {"role": "user", "content": _SECOND}]
        longer = render(tokenizer, chat, opened=True)
        before, _, header = opened.partition(_FIRST)
        between, _, _ = after_prefix(longer, opened, self.name).partition(_SECOND)
        return before, between, header
