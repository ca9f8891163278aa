"""Attention over a cache in blocks: the function that every model of the engine calls.

transformers lets a model's attention be any registered function. A step's new tokens, of all
its sequences, go through the model as one row without padding. This function writes their
keys and values into the cache and reads, for each sequence, what its blocks hold. All of a
step is written before any of it is read, so sequences of one step share blocks, too.

A model passes its own scale and window (`sliding_window`) here. What else some models want of
attention (sinks, soft caps) is refused rather than left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from ttsgrid.core.errors import EngineError

NAME = "ttsgrid_paged"
_UNSERVED = ("softcap", "s_aux")


class KvCache:
    """Keys and values of all layers, each of shape (blocks, block tokens, heads, head size).

    A layer's tensors are made at its first step, when their shapes are known.
    """

    def __init__(self, num_blocks: int, block_tokens: int) -> None:
        self.num_blocks = num_blocks
        self.block_tokens = block_tokens
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}

    @property
    def num_layers(self) -> int:
        """How many layers have written to it."""
        return len(self._layers)

    def written(self, layer: int, slots: Tensor, keys: Tensor, values: Tensor) -> list[Tensor]:
        """Write new tokens' keys and values, (tokens, heads, size); return the layer's own."""
        if layer not in self._layers:
            # Zeros, not `empty`: a NaN behind the mask would still reach the sum.
            made = (new.new_zeros(self._shape(new)) for new in (keys, values))
            self._layers[layer] = (next(made), next(made))
        stored = self._layers[layer]
        for tensor, new in zip(stored, (keys, values), strict=True):
            tensor.flatten(0, 1).index_copy_(0, slots, new)
        return list(stored)

    def _shape(self, new: Tensor) -> tuple[int, ...]:
        return (self.num_blocks, self.block_tokens, *new.shape[1:])


@dataclass
class Group:
    """Sequences of a step with equally many new tokens: they attend together.

    Attributes:
        rows: of the step's tokens, the sequences' own, (sequences, new tokens).
        positions: of these tokens in their sequences, the same shape.
        tables: their blocks, padded, (sequences, blocks).
        num_keys: tokens of the longest sequence, new ones included.
    """

    rows: Tensor
    positions: Tensor
    tables: Tensor
    num_keys: int
    _masks: dict[int | None, Tensor] = field(default_factory=dict)

    def mask(self, window: int | None) -> Tensor:
        """Return who may look at whom, (sequences, 1, new tokens, keys); one for all layers."""
        if window not in self._masks:
            keys = torch.arange(self.num_keys, device=self.positions.device)
            allowed = keys <= self.positions[:, :, None]
            if window is not None:
                allowed &= keys > self.positions[:, :, None] - window
            self._masks[window] = allowed[:, None]
        return self._masks[window]


@dataclass(frozen=True)
class Step:
    """What attention must know of one pass through the model.

    Attributes:
        cache: where keys and values lie.
        slots: of each new token, its place in the cache.
        groups: the sequences.
    """

    cache: KvCache
    slots: Tensor
    groups: Sequence[Group]


def paged_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    step: Step,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **told: Any,  # noqa: ANN401 - whatever a model tells its attention
) -> tuple[Tensor, None]:
    """Attend over the cache; query, key and value are of shape (1, heads, tokens, size).

    Raises:
        EngineError: the model wants something that this function doesn't do.
    """
    refused = [name for name in _UNSERVED if told.get(name) is not None]
    if refused:
        raise EngineError(
            f"this model's attention has {refused[0]}, which engine.kind=transformers doesn't "
            "do; take engine.kind=vllm"
        )
    layer = int(module.layer_idx)  # type: ignore[arg-type]
    new_keys, new_values = (new[0].transpose(0, 1) for new in (key, value))
    keys, values = step.cache.written(layer, step.slots, new_keys, new_values)
    queries = query[0].transpose(0, 1)
    out = torch.empty_like(queries[..., : values.shape[-1]])
    for group in step.groups:
        out[group.rows] = _attend(queries[group.rows], keys, values, group, scaling, sliding_window)
    return out[None], None


def _attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    group: Group,
    scaling: float | None,
    window: int | None,
) -> Tensor:
    """Return a group's outputs, (sequences, new tokens, heads, size), as its queries are."""
    # By whole blocks: a gather of single tokens takes several times as long.
    read, seen = (
        stored[group.tables].flatten(1, 2)[:, : group.num_keys].transpose(1, 2)
        for stored in (keys, values)
    )
    attended = scaled_dot_product_attention(
        queries.transpose(1, 2),
        read,
        seen,
        attn_mask=group.mask(window),
        scale=scaling,
        enable_gqa=True,
    )
    return attended.transpose(1, 2)


AttentionInterface.register(NAME, paged_attention)
