r"""Math-Shepherd: a causal LM that writes `+` or `-` after each step tag.

The input is `"{question} {step 1} ки\n{step 2} ки ..."` with BOS first. At each
`ки` the softmax over the next-token logits of `+` and `-` gives the step's score.
Source: the model card of peiyi9979/math-shepherd-mistral-7b-prm (there `ки` is
12902, `+` 648, `-` 387), which encodes the text in one go.

SentencePiece writes a word mark at the start of every text it is given, so a
later piece encoded alone would differ from the card's. Each is therefore encoded
behind an anchor, the previous tag, whose id is then cut off. A step's outer
white space is dropped: two spaces before the tag would be one token with it.

The tag is ordinary text, so that a step may hold it (its id also begins the Russian word
километр). That is no mark here: each position is where its own piece ends, where the card's
code would take every such id for the end of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.core.errors import ScoringError
from ttsgrid.models import Tokenizer
from ttsgrid.models.prms.base import (
    LABEL_HEADS,
    NEGATIVE,
    POSITIVE,
    ScoringInput,
    join_pieces,
    require_steps,
    single_id,
)


@dataclass(frozen=True)
class MathShepherdFormat:
    """Plain text with a tag after each step, read from the logits of two labels.

    Attributes:
        tag: stands after each step, a space before it; one token.
        separator: stands between a tag and the next step.
        positive: what a right step's tag is followed by; one token.
        negative: what a wrong step's tag is followed by; one token.
    """

    heads: ClassVar[tuple[str, ...]] = LABEL_HEADS
    mark_tokens: ClassVar[int] = 1  # tag and separator, where the text has a blank line
    name: str = "math_shepherd"
    engine_task: str = "marker_logits"
    tag: str = "ки"
    separator: str = "\n"
    positive: str = POSITIVE
    negative: str = NEGATIVE

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a finished solution; nothing follows the last tag."""
        return self.encode_open(tokenizer, question, steps)

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on, up to the last step's tag."""
        require_steps(steps)
        tag = single_id(tokenizer, self.tag, self.name)
        text = f"{question} {steps[0].strip()} {self.tag}"
        first = tokenizer.encode(text, add_special_tokens=True)
        later = [self._later_piece(tokenizer, step, tag) for step in steps[1:]]
        pieces = [first, *later]
        if any(piece[-1] != tag for piece in pieces):
            raise self._wrong_tokenizer(self.tag)
        return join_pieces(pieces)

    def marker_ids(self, tokenizer: Tokenizer) -> tuple[int, int]:
        """Return the ids of the positive and the negative label."""
        return self._label_id(tokenizer, self.positive), self._label_id(tokenizer, self.negative)

    def _later_piece(self, tokenizer: Tokenizer, step: str, tag: int) -> list[int]:
        text = f"{self.tag}{self.separator}{step.strip()} {self.tag}"
        anchor, *piece = tokenizer.encode(text, add_special_tokens=False)
        if anchor != tag:
            raise ScoringError(
                f"{self.name}: {self.tag!r} joins with what follows it: the wrong tokenizer?"
            )
        return piece

    def _label_id(self, tokenizer: Tokenizer, label: str) -> int:
        """Return a label's id, which must also be the one that follows a tag."""
        alone = single_id(tokenizer, label, self.name)
        if tokenizer.encode(f"{self.tag} {label}", add_special_tokens=False)[-1] != alone:
            raise self._wrong_tokenizer(label)
        return alone

    def _wrong_tokenizer(self, text: str) -> ScoringError:
        # transformers 5 makes such a tokenizer of a `tokenizer.model` alone: there `ки` is 1107
        # and `+` is 28806, where the model was trained on 12902 and 648.
        return ScoringError(
            f"{self.name}: {text!r} is another token alone than after a space, so this is not the "
            "tokenizer that the PRM was trained with; a tokenizer.model alone is read wrongly: put "
            "the published tokenizer.json beside it"
        )
