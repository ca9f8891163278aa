"""What a PRM family is: how steps become token ids, and where their scores are read.

An input is built from pieces that are joined as ids, one per step, each ending at
the token whose row holds that step's score (its *mark*). Hence the invariant
that incremental search rests on: the open input of k steps is a strict prefix of
that of k + 1, so an engine's prefix cache serves all but the newest step, and a
causal model's scores of earlier steps stay what they were. Models that score a solution as a
whole (`ScoringInput.whole`) have no such marks, and only share what stands before the end.

Nothing here guesses. An empty step, no steps at all, or a text that holds a special
mark itself (which the model would take for one) is an `UnreadableError`: that solution
stays unscored. A tokenizer that does not fit the format is a plain `ScoringError`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ttsgrid.core.errors import ScoringError, UnreadableError
from ttsgrid.models import Tokenizer

POSITIVE_CLASS = 1
POSITIVE, NEGATIVE = "+", "-"

LABEL_HEADS = ("marker_logits",)
"""Heads of formats that name two labels."""

STATE_HEADS = ("token_classify", "value_head")
"""Heads that read a mark's hidden state, whatever the layout."""


@dataclass(frozen=True)
class ScoringInput:
    """Token ids and where to read.

    Attributes:
        ids: the whole input, BOS included where the model has one.
        positions: for each step, the index into `ids` of the token whose output
            row holds the step's score; ascending.
        whole: the model scores the solution and not its steps: there is one position.
    """

    ids: list[int]
    positions: list[int]
    whole: bool = False


class PrmFormat(Protocol):
    r"""The input format of one PRM family.

    A format of your own is a class in a module, named in a PRM's config as
    `format: my_package.prm:Mine`. With a head that no engine knows, `engine_task` is the
    dotted path of a function that loads the model (`ttsgrid.engines.own_head`):

        from ttsgrid.models.prms import join_pieces, require_steps

        class Mine:
            name = "mine"
            engine_task = "my_package.prm:load_head"

            def encode_open(self, tokenizer, question, steps):
                require_steps(steps)
                texts = [question + "\n" + steps[0], *steps[1:]]
                return join_pieces(
                    [tokenizer.encode(t + "\n", add_special_tokens=False) for t in texts]
                )

            encode = encode_open  # nothing follows the last step

            def marker_ids(self, tokenizer):
                return None

    The last token of each piece holds its step's score.
    """

    @property
    def name(self) -> str:
        """The format's name in the configuration; part of a PRM's identity."""
        ...

    @property
    def engine_task(self) -> str:
        """What an engine computes at each position: the model's head.

        `token_classify`: the checkpoint's own classifier: two class logits, class 1 for a
            right step, or one number, whose sigmoid is the score.
        `marker_logits`: the next-token logits of the two `marker_ids`.
        `value_head`: one number by a head that engines' own classifiers lack, such as
            `v_head`; its sigmoid is the score.
        `written_verdict`: the label that follows a text which the model writes first.
        `package.module:function`: a custom head, run by the engine `own_head`.
        """
        ...

    def encode(self, tokenizer: Tokenizer, question: str, steps: Sequence[str]) -> ScoringInput:
        """Encode a solution as the model's own code does, closing tokens included.

        Raises:
            ScoringError: there are no steps, one is empty, or marks and steps
                can't be matched.
        """
        ...

    def encode_open(
        self, tokenizer: Tokenizer, question: str, steps: Sequence[str]
    ) -> ScoringInput:
        """Encode a solution that may go on: the ids end at the last step's mark.

        The ids for k steps are a strict prefix of those for k + 1.

        Raises:
            ScoringError: as for `encode`.
        """
        ...

    def marker_ids(self, tokenizer: Tokenizer) -> tuple[int, int] | None:
        """Return the ids of the (positive, negative) label; None but for `marker_logits`.

        Raises:
            ScoringError: a label is not one token.
        """
        ...


def score_from_logits(positive: float, negative: float) -> float:
    """Return the two-class softmax probability of `positive`; log-probabilities serve as well.

    Raises:
        ScoringError: a value is not finite.
    """
    return score_from_value(positive - negative)


def score_from_value(value: float) -> float:
    """Return the sigmoid of a value head's output.

    Raises:
        ScoringError: the value is not finite.
    """
    if not math.isfinite(value):
        raise ScoringError(f"the PRM returned {value}, from which no score follows")
    if value < 0:  # the exponential of the other sign would overflow
        return math.exp(value) / (1.0 + math.exp(value))
    return 1.0 / (1.0 + math.exp(-value))


def join_pieces(pieces: Sequence[Sequence[int]]) -> ScoringInput:
    """Join pieces that each end at their step's mark."""
    ids: list[int] = []
    positions: list[int] = []
    for piece in pieces:
        ids.extend(piece)
        positions.append(len(ids) - 1)
    return ScoringInput(ids, positions)


def require_steps(steps: Sequence[str]) -> None:
    """Refuse a solution without steps or with an empty one.

    Raises:
        UnreadableError: there is nothing to score.
    """
    if not steps:
        raise UnreadableError("a solution without steps has no step scores")
    for index, step in enumerate(steps):
        if not step.strip():
            raise UnreadableError(
                f"step {index} of {len(steps)} is empty; an empty step has no score"
            )


def require_marks(encoded: ScoringInput, mark: Sequence[int], name: str) -> ScoringInput:
    """Return `encoded` if `mark` occurs in it at its positions, each ended there, and nowhere else.

    Raises:
        UnreadableError: the question or a step holds the mark, or one got lost.
    """
    ends = _ends_of(mark, encoded.ids)
    if ends != encoded.positions:
        raise UnreadableError(
            f"{name}: {len(ends)} step marks for {len(encoded.positions)} steps; "
            "does the question or a step contain the mark itself?"
        )
    return encoded


def _ends_of(mark: Sequence[int], ids: list[int]) -> list[int]:
    """Return where a mark ends in an input, each time it occurs."""
    ends, sought, end = list[int](), list(mark), len(mark) - 2
    # `index` and not a loop over all ids: with each step of a search the whole input is read.
    with suppress(ValueError):
        while True:
            end = ids.index(sought[-1], end + 1)
            if ids[end - len(sought) + 1 : end + 1] == sought:
                ends.append(end)
    return ends


def single_id(tokenizer: Tokenizer, text: str, name: str) -> int:
    """Return the one id that `text` is.

    Raises:
        ScoringError: the tokenizer splits it, so this PRM can't be its model.
    """
    ids = tokenizer.encode(text, add_special_tokens=False)
    if len(ids) != 1:
        raise ScoringError(f"{name}: {text!r} is {len(ids)} tokens, not 1: the wrong tokenizer?")
    return ids[0]
