r"""RLHFlow's Llama-3.1-8B PRMs, and verifiers that are asked in the same way: a chat per solution.

One user turn per step, the first being `question + " " + step`, each answered by
the assistant with `+`. The score is the softmax over `+` and `-` at the position
that predicts the answer: the last token of the assistant's header. Source:
RLHFlow/RLHF-Reward-Modeling, math-rm/prm_evaluate.py, which strips the steps and reads
position -3 of each chat that ends in `+` and the end-of-turn token.

The models for Mistral and Deepseek data differ only in where their data's steps
end (`ки\n`, a blank line); given steps, they are encoded alike. The input for a
later step holds `+` for each earlier one, whatever its score, as in the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.models import Tokenizer
from ttsgrid.models.prms.base import (
    LABEL_HEADS,
    NEGATIVE,
    POSITIVE,
    ScoringInput,
    join_pieces,
    require_marks,
    require_steps,
    single_id,
)
from ttsgrid.models.prms.chat import after_prefix, render, system_turn

# Spaces around a turn show whether the template strips turns: Llama's does.
_FIRST, _SECOND = " ttsgrid-first-turn ", " ttsgrid-second-turn "


@dataclass(frozen=True)
class _Frame:
    """A template's text before the first turn, between two, and after each."""

    before: str
    between: str
    header: str
    strips: bool


@dataclass(frozen=True)
class RlhflowFormat:
    """One user turn per step, read from the logits of the two answers the assistant may give.

    Attributes:
        system: the system turn; empty for none.
        separator: stands between the question and the first step.
        ask: a question that ends each user turn, a space before it; empty for none.
        positive: the assistant's answer to a right step; one token.
        negative: its answer to a wrong one; one token.
    """

    heads: ClassVar[tuple[str, ...]] = LABEL_HEADS
    mark_tokens: ClassVar[int] = 10  # Llama's headers of two turns, and the answer between them
    name: str = "rlhflow_deepseek"
    engine_task: str = "marker_logits"
    system: str = ""
    separator: str = " "
    ask: str = ""
    positive: str = POSITIVE
    negative: str = NEGATIVE

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a finished solution: the last answer and its end of turn follow."""
        opened = self.encode_open(tokenizer, question, steps)
        chat = [*system_turn(self.system), {"role": "user", "content": _FIRST}]
        answered = [*chat, {"role": "assistant", "content": self.positive}]
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
        frame = self._frame(tokenizer)
        openings = [frame.before, *[frame.between] * (len(steps) - 1)]
        turns = self._turns(question, steps)
        if frame.strips:
            turns = [turn.strip() for turn in turns]
        texts = [f"{o}{turn}{frame.header}" for o, turn in zip(openings, turns, strict=True)]
        pieces = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
        mark = tokenizer.encode(frame.header, add_special_tokens=False)
        return require_marks(join_pieces(pieces), mark, self.name)

    def marker_ids(self, tokenizer: Tokenizer) -> tuple[int, int]:
        """Return the ids of the positive and the negative answer."""
        return (
            single_id(tokenizer, self.positive, self.name),
            single_id(tokenizer, self.negative, self.name),
        )

    def _turns(self, question: str, steps: Sequence[str]) -> list[str]:
        ask = f" {self.ask}" if self.ask else ""
        first, *later = (step.strip() for step in steps)
        return [f"{text}{ask}" for text in (f"{question}{self.separator}{first}", *later)]

    def _frame(self, tokenizer: Tokenizer) -> _Frame:
        # Cut around two stand-ins: steps don't go through Jinja, and earlier ids never change.
        chat = [*system_turn(self.system), {"role": "user", "content": _FIRST}]
        opened = render(tokenizer, chat, opened=True)
        chat += [
            {"role": "assistant", "content": self.positive},
            {"role": "user", "content": _SECOND},
        ]
        longer = render(tokenizer, chat, opened=True)
        strips = _FIRST not in opened
        first, second = (x.strip() if strips else x for x in (_FIRST, _SECOND))
        before, _, header = opened.partition(first)
        between, _, _ = after_prefix(longer, opened, self.name).partition(second)
        return _Frame(before, between, header, strips)
