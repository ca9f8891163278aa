"""PRM heads on layers that do not change: read once, learnt in seconds.

A head sees of a solution only what the layers make of its marks. So each solution is read
once, and a head for every kind of labels is trained on what was read.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ttsgrid.smollm2.family import ComparisonSpec
from ttsgrid.smollm2.optimise import batches_of_like_length, optimise
from ttsgrid.smollm2.prms import MarkedSolution, judged, new_head

READ_TOKENS = 8192  # of a batch, padding included


class _Reader(nn.Module):
    """Gives what a trunk makes of each token in the place of a head's logits."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, ids: Tensor) -> Tensor:
        hidden: Tensor = self.trunk(input_ids=ids, use_cache=False).last_hidden_state
        return hidden


@torch.inference_mode()
def read_marks(trunk: nn.Module, data: Sequence[MarkedSolution]) -> list[Tensor]:
    """Return what a trunk makes of each solution's marks, in float32 and on the CPU.

    Each has shape (steps, hidden size).
    """
    reader = _Reader(trunk).eval()
    found: list[Tensor] = [torch.empty(0)] * len(data)
    lengths = [len(item.ids) for item in data]
    for batch in batches_of_like_length(lengths, READ_TOKENS, random.Random(0)):
        hidden, _ = judged(reader, [data[index] for index in batch])
        parts = torch.split(hidden.float().cpu(), [len(data[index].positions) for index in batch])
        for index, part in zip(batch, parts, strict=True):
            found[index] = part.clone()
    return found


def train_heads(
    read: Sequence[Tensor], labels: Sequence[Sequence[bool]], spec: ComparisonSpec
) -> list[nn.Module]:
    """Return heads that differ in their start and in the order of what they learnt.

    Args:
        read: of each solution, what was made of its marks.
        labels: of its steps, True for good.
        spec: how many heads, and how long they learn.
    """
    marks = torch.cat(list(read))
    good = torch.tensor([label for one in labels for label in one]).long()
    return [_trained(marks, good, spec, seed) for seed in range(spec.num_heads)]


def _trained(marks: Tensor, good: Tensor, spec: ComparisonSpec, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    head, order = new_head(marks.shape[1]), torch.Generator().manual_seed(seed)

    def losses() -> Iterator[list[Tensor]]:
        while True:
            batch = torch.randint(len(marks), (spec.batch_marks,), generator=order)
            yield [cross_entropy(head(marks[batch]), good[batch])]

    parameters = list(head.parameters())
    optimise(parameters, spec.learning_rate, losses(), spec.num_steps, lambda *_: None)
    return head


@torch.inference_mode()
def scores_of_heads(heads: Sequence[nn.Module], read: Sequence[Tensor]) -> list[list[float]]:
    """Return the mean probability that each step is good, for each solution."""
    marks = torch.cat(list(read))
    good = torch.stack([head(marks).softmax(-1)[:, 1] for head in heads]).mean(0)
    return [part.tolist() for part in torch.split(good, [len(one) for one in read])]
