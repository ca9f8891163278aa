r"""Skywork-o1-Open-PRM-Qwen-2.5 (1.5B, 7B): a value head read at each newline.

The input is ids(BOS text + question + "\n"), then the ids of each step followed by
the id of a newline; the sigmoid of the value there is the step's score. Source:
SkyworkAI/skywork-o1-prm-inference, prepare_input, which joins ids and takes
*every line* for a step. The steps here are the policy's, so their inner newlines
are flattened to spaces and their outer white space is dropped, as compute-optimal-tts does
(`process_input` in rm_call.py), and each has one mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.models import Tokenizer
from ttsgrid.models.prms.base import (
    STATE_HEADS,
    ScoringInput,
    join_pieces,
    require_marks,
    require_steps,
    single_id,
)


@dataclass(frozen=True)
class SkyworkFormat:
    r"""Plain text with a newline after the question and each step, read from a head of its own.

    Attributes:
        mark: stands after each step; one token.
        separator: stands between the question and the first step.
    """

    heads: ClassVar[tuple[str, ...]] = STATE_HEADS
    name: str = "skywork"
    engine_task: str = "value_head"
    mark: str = "\n"
    separator: str = "\n"

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a finished solution; nothing follows the last mark."""
        return self.encode_open(tokenizer, question, steps)

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on, up to the last step's mark."""
        require_steps(steps)
        mark = single_id(tokenizer, self.mark, self.name)
        bos = tokenizer.bos_token or ""
        # Ids are joined and not texts, as in the source: a step never merges with the newline.
        prompt = tokenizer.encode(f"{bos}{question}{self.separator}", add_special_tokens=False)
        flat = (step.replace("\n", " ").strip() for step in steps)
        pieces = [[*tokenizer.encode(step, add_special_tokens=False), mark] for step in flat]
        solution = require_marks(join_pieces(pieces), [mark], self.name)
        positions = [len(prompt) + position for position in solution.positions]
        return ScoringInput(prompt + solution.ids, positions)

    def marker_ids(self, tokenizer: Tokenizer) -> None:
        """Return None: this family has a head of its own."""
