"""The next token of each sequence, from its row of logits and a random number of its own.

A row's choice depends on its logits, its settings and its own number alone, so a seed means
the same in every batch, as far as logits are the same in every batch. Temperature comes
first, then `top_k`, then `top_p` on what is left, as in vLLM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ttsgrid.engines.base import GenerationRequest

ROWS_AT_ONCE = 32  # in float64, 150,000 tokens wide: 40 MB
LIKELIEST = 1024  # a cut distribution seldom has more; sorting all takes a tenth of a second


@dataclass(frozen=True)
class Draw:
    """How one sequence chooses its next token.

    Attributes:
        number: in [0, 1); which token it stands for is looked up among the probabilities.
    """

    temperature: float
    top_p: float
    top_k: int | None
    number: float

    @property
    def is_greedy(self) -> bool:
        """Whether it takes the likeliest token, whatever the number."""
        return self.temperature == 0.0

    @property
    def is_cut(self) -> bool:
        """Whether some tokens are out of the question."""
        return self.top_p < 1.0 or self.top_k is not None


def next_draw(request: GenerationRequest, generator: torch.Generator | None) -> Draw:
    """Draw a request's next number; a greedy one has no generator."""
    number = 0.0
    if generator is not None:
        number = float(torch.rand((), generator=generator, dtype=torch.float64))
    return Draw(request.temperature, request.top_p, request.top_k, number)


def choose(logits: Tensor, draws: Sequence[Draw]) -> list[int]:
    """Return a token per row of `logits`, (sequences, vocabulary)."""
    chosen = logits.argmax(-1)
    for is_cut in (False, True):
        rows = [i for i, d in enumerate(draws) if not d.is_greedy and d.is_cut == is_cut]
        drawn = _drawn_cut if is_cut else _drawn
        for few in (rows[at : at + ROWS_AT_ONCE] for at in range(0, len(rows), ROWS_AT_ONCE)):
            chosen[few] = drawn(logits[few], [draws[row] for row in few])
    tokens: list[int] = chosen.tolist()
    return tokens


def _drawn(logits: Tensor, draws: Sequence[Draw]) -> Tensor:
    return _at(_probabilities(logits, draws), _column(logits, [d.number for d in draws]))


def _drawn_cut(logits: Tensor, draws: Sequence[Draw]) -> Tensor:
    """Draw among the likeliest tokens alone."""
    probabilities = _probabilities(logits, draws)
    size = logits.shape[-1]
    top_k = _column(logits, [d.top_k or size for d in draws])
    top_p = _column(logits, [d.top_p for d in draws])
    width = min(size, max([LIKELIEST, *(d.top_k or 0 for d in draws)]))
    kept, order = probabilities.topk(width)
    if ((kept.sum(-1, keepdim=True) < top_p) & (top_k > width)).any():
        kept, order = probabilities.sort(-1, descending=True)
    kept = kept * (torch.arange(kept.shape[-1], device=logits.device) < top_k)
    # Of what `top_k` left; without it, of everything: what was not sorted counts too.
    kept /= torch.where(top_k < size, kept.sum(-1, keepdim=True), 1.0)
    # A token stays while those before it have less than `top_p`: the likeliest always does.
    kept *= (kept.cumsum(-1) - kept) < top_p
    places = _at(kept, _column(logits, [d.number for d in draws]))
    return order.gather(-1, places[:, None])[:, 0]


def _probabilities(logits: Tensor, draws: Sequence[Draw]) -> Tensor:
    """Return them in float64: the sum over 150,000 tokens is then exact enough to look up in."""
    return (logits.double() / _column(logits, [d.temperature for d in draws])).softmax(-1)


def _at(weights: Tensor, numbers: Tensor) -> Tensor:
    """Return where in the running sum of each row of weights its number falls."""
    sums = weights.cumsum(-1)
    # Of a number so close to 1 that it rounds to the whole sum, the last token with a weight.
    last = (sums < sums[:, -1:]).sum(-1, keepdim=True)
    return torch.searchsorted(sums, numbers * sums[:, -1:], right=True).minimum(last)[:, 0]


def _column(like: Tensor, numbers: Sequence[float]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64, device=like.device)[:, None]
