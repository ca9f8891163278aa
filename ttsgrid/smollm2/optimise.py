"""The loop that trains every adapter: AdamW, a warm-up, then down to zero in a line."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

WARM_UP = 0.05  # of all steps
CLIP = 1.0


def optimise(
    parameters: Sequence[nn.Parameter],
    learning_rate: float,
    losses: Iterator[Tensor],
    num_steps: int,
    report: Callable[[int, float], None],
) -> None:
    """Train parameters in place.

    Args:
        parameters: what is trained.
        learning_rate: at its highest.
        losses: one per step, each computed when it is asked for.
        num_steps: optimiser steps.
        report: called with (step, loss) after each step.
    """
    optimiser = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.0, betas=(0.9, 0.98))
    for step in range(num_steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * schedule(step, num_steps)
        loss = next(losses)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(parameters, CLIP)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        report(step, float(loss.detach()))


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
