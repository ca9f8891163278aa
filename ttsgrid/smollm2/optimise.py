"""The loop that trains every adapter: AdamW, a warm-up, then down to zero in a line.

A batch is computed in parts that fit the memory; their gradients add up to the batch's, to
rounding. On a large GPU a batch is one part: with 8,192 tokens a step, an H100 waited for the
launches of kernels nine tenths of its time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

WARM_UP = 0.05  # of all steps
CLIP = 1.0
PART_TOKENS = {"cpu": 4096, "cuda": 32768}  # of a part, padding included


def optimise(
    parameters: Sequence[nn.Parameter],
    learning_rate: float,
    losses: Iterator[Iterable[Tensor]],
    num_steps: int,
    report: Callable[[int, float], None],
) -> None:
    """Train parameters in place.

    Args:
        parameters: what is trained.
        learning_rate: at its highest.
        losses: for each step the shares of its parts, each computed when it is asked for.
        num_steps: optimiser steps.
        report: called with (step, loss) after each step.
    """
    optimiser = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.0, betas=(0.9, 0.98))
    for step in range(num_steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * schedule(step, num_steps)
        total = 0.0
        for share in next(losses):
            torch.autograd.backward(share)
            total += float(share.detach())
        nn.utils.clip_grad_norm_(parameters, CLIP)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        report(step, total)


def schedule(step: int, num_steps: int) -> float:
    """Scale of the learning rate at a step."""
    warm = max(1.0, WARM_UP * num_steps)
    return min((step + 1) / warm, (num_steps - step) / max(1.0, num_steps - warm))


def batches_of_like_length(
    lengths: Sequence[int], batch_tokens: int, rng: random.Random
) -> list[list[int]]:
    """Return one pass over items as batches of neighbours in length, in random order.

    Args:
        lengths: of the items, in tokens.
        batch_tokens: no batch has more, counted with padding, unless one item has.
        rng: which of like length are together, and the order of the batches.
    """
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], rng.random()))
    batches: list[list[int]] = [[]]
    for index in order:
        # Ascending: the newest is the longest, to which all of its batch are padded.
        if batches[-1] and lengths[index] * (len(batches[-1]) + 1) > batch_tokens:
            batches.append([])
        batches[-1].append(index)
    rng.shuffle(batches)
    return batches


def parts_of(batch: Sequence[int], lengths: Sequence[int], device: torch.device) -> list[list[int]]:
    """Return a batch in parts that fit a device's memory."""
    limit = PART_TOKENS.get(device.type, PART_TOKENS["cpu"])
    longest = max(lengths[index] for index in batch)
    rows = max(1, limit // longest)
    return [list(batch[low : low + rows]) for low in range(0, len(batch), rows)]


def passes(
    lengths: Sequence[int], batch_tokens: int, epochs: float, rng: random.Random
) -> list[list[int]]:
    """Return all batches of a training; the last pass may be a part of one."""
    found: list[list[int]] = []
    whole = int(epochs)
    for _ in range(whole):
        found += batches_of_like_length(lengths, batch_tokens, rng)
    if epochs > whole:
        last = batches_of_like_length(lengths, batch_tokens, rng)
        found += last[: max(1, round((epochs - whole) * len(last)))]
    return found
