"""Drills: lists of unrelated equations, short enough to learn single operations from.

Without them a small model sees its arithmetic facts buried in long contexts and stays
at chance for tens of minutes (measured); with them it knows most facts in one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from ttsgrid.benchmarks.zoo.task import MODULUS

EQUATIONS_PER_BATCH = 512
TOKENS_PER_EQUATION = 6
RESULT_TOKEN, LAST_TOKEN = 4, 5


@dataclass(frozen=True)
class Equations:
    """Random equations and their results; tensors of shape (batch, width)."""

    left: Tensor
    symbol: Tensor
    right: Tensor
    result: Tensor


def draw_equations(width: int, product_share: float, generator: torch.Generator) -> Equations:
    """Draw a batch of lists of `width` equations; symbols are 0, 1, 2 for +, -, *."""
    shape = (EQUATIONS_PER_BATCH // width, width)
    left = torch.randint(MODULUS, shape, generator=generator)
    right = torch.randint(1, MODULUS, shape, generator=generator)
    sums = (1.0 - product_share) / 2
    weights = torch.tensor([sums, sums, product_share])
    which = torch.multinomial(weights, left.numel(), replacement=True, generator=generator)
    symbol = which.view(shape)
    results = torch.stack([left + right, left - right, left * right]) % MODULUS
    return Equations(left, symbol, right, results.gather(0, symbol[None])[0])


def encode_equations(
    tokenizer: PreTrainedTokenizerFast, equations: Equations, shown: Tensor
) -> Tensor:
    """Write equations with the results `shown`, six tokens each, the separator last.

    Returns:
        Token ids of shape (batch, 6 * width).
    """
    number = torch.tensor(tokenizer.convert_tokens_to_ids([str(n) for n in range(MODULUS)]))
    symbols = torch.tensor(tokenizer.convert_tokens_to_ids([" + ", " - ", " * "]))
    equals, blank = (
        torch.full(shown.shape, tokenizer.convert_tokens_to_ids(piece)) for piece in (" = ", "\n\n")
    )
    columns = [
        number[equations.left],
        symbols[equations.symbol],
        number[equations.right],
        equals,
        number[shown],
        blank,
    ]
    return torch.stack(columns, dim=-1).flatten(1)
