r"""Math-Shepherd: a causal LM that writes `+` or `-` after each step tag.

The input is `"{question} {step 1} ки\n{step 2} ки ..."` with BOS first. At each
`ки` the softmax over the next-token logits of `+` and `-` gives the step's score.
Source: the model card of peiyi9979/math-shepherd-mistral-7b-prm (there `ки` is
12902, `+` 648, `-` 387), which encodes the text in one go.

SentencePiece writes a word mark at the start of every text it is given, so a
later piece encoded alone would differ from the card's. Each is therefore encoded
behind an anchor, the previous tag, whose id is then cut off. A step's outer
white space is dropped: two spaces before the tag would be one token with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.errors import ScoringError
from ttsgrid.models import Tokenizer
from ttsgrid.models.prms.base import (
    ScoringInput,
    join_pieces,
    require_marks,
    require_steps,
    sign_ids,
    single_id,
)

TAG = "ки"


@dataclass(frozen=True)
class MathShepherdFormat:
    """Plain text with a tag after each step, read from the logits of `+` and `-`."""

    name: str = "math_shepherd"
    engine_task: str = "marker_logits"

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a finished solution; nothing follows the last tag."""
        return self.encode_open(tokenizer, question, steps)

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on, up to the last step's tag."""
        require_steps(steps)
        tag = single_id(tokenizer, TAG, self.name)
        first = tokenizer.encode(f"{question} {steps[0].strip()} {TAG}", add_special_tokens=True)
        later = [self._later_piece(tokenizer, step, tag) for step in steps[1:]]
        return require_marks(join_pieces([first, *later]), [tag], self.name)

    def marker_ids(self, tokenizer: Tokenizer) -> tuple[int, int]:
        """Return the ids of `+` and `-`."""
        return sign_ids(tokenizer, self.name)

    def _later_piece(self, tokenizer: Tokenizer, step: str, tag: int) -> list[int]:
        anchor, *piece = tokenizer.encode(f"{TAG}\n{step.strip()} {TAG}", add_special_tokens=False)
        if anchor != tag:
            raise ScoringError(f"{self.name}: {TAG!r} joins with what follows it: wrong tokenizer?")
        return piece
