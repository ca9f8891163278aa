"""A model with a KV cache in blocks: new tokens of many sequences in, rows of logits out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ttsgrid.core.errors import EngineError
from ttsgrid.engines.transformers_engine.attention import Group, KvCache, Step

PART_TOKENS = 2048  # of one pass; more takes memory and saves nothing


@dataclass(frozen=True)
class Span:
    """The new tokens of one sequence.

    Attributes:
        ids: the new tokens.
        start: how many came before them; their keys and values are in the cache.
        blocks: of the whole sequence.
    """

    ids: Sequence[int]
    start: int
    blocks: Sequence[int]

    def parts(self, num_tokens: int) -> Iterable[Span]:
        """Yield it in parts of at most so many tokens."""
        for at in range(0, len(self.ids), num_tokens):
            yield Span(self.ids[at : at + num_tokens], self.start + at, self.blocks)


class PagedModel:
    """Computes spans and keeps what it computed in its cache.

    Args:
        model: a causal LM, or a PRM with its head (`heads`), on its device.
        cache: made for its layers.

    Raises:
        EngineError: not every layer's attention can be paged.
    """

    def __init__(self, model: torch.nn.Module, cache: KvCache) -> None:
        self._model = model.eval()
        self._cache = cache
        self._device = next(model.parameters()).device
        self._require_paged()

    def _require_paged(self) -> None:
        """Run two tokens through: a layer that keeps a state of its own would forget it."""
        try:
            self.logits([Span((0, 0), 0, (0,))])
        except TypeError as error:
            raise EngineError(self._unpaged(f"({error})")) from error
        layers = self._model.config.get_text_config().num_hidden_layers  # type: ignore[union-attr, operator]
        if self._cache.num_layers != layers:
            raise EngineError(self._unpaged(f"in {layers - self._cache.num_layers} layers"))

    def _unpaged(self, where: str) -> str:
        name = type(self._model).__name__
        return (
            f"{name} doesn't attend by keys and values alone {where}, so engine.kind=transformers "
            "can't serve it; take engine.kind=vllm"
        )

    @torch.inference_mode()
    def logits(self, spans: Sequence[Span], *, last_only: bool = False) -> Tensor:
        """Compute spans in one pass; a single one that is long, in parts.

        Args:
            spans: no two of one sequence.
            last_only: return a row for each span's last token alone.

        Returns:
            One row per new token, in the order of the spans, on the model's device.
        """
        if len(spans) > 1 or len(spans[0].ids) <= PART_TOKENS:
            return self._pass(spans, last_only)
        rows = [self._pass([part], last_only) for part in spans[0].parts(PART_TOKENS)]
        return rows[-1] if last_only else torch.cat(rows)

    def _pass(self, spans: Sequence[Span], last_only: bool) -> Tensor:
        ends = torch.tensor([len(span.ids) for span in spans]).cumsum(0) - 1
        output = self._model(
            input_ids=self._tensor([token for span in spans for token in span.ids])[None],
            position_ids=self._tensor([p for span in spans for p in _positions(span)])[None],
            use_cache=False,  # transformers' own, that is
            logits_to_keep=ends.to(self._device) if last_only else 0,
            step=self._step(spans),
        )
        logits: Tensor = output.logits[0]
        return logits

    def _step(self, spans: Sequence[Span]) -> Step:
        size = self._cache.block_tokens
        slots = [
            span.blocks[position // size] * size + position % size
            for span in spans
            for position in _positions(span)
        ]
        return Step(self._cache, self._tensor(slots), self._groups(spans))

    def _groups(self, spans: Sequence[Span]) -> list[Group]:
        """Put sequences together that decode one token; those that are read stay apart."""
        grouped: dict[int, list[tuple[int, Span]]] = {}
        first = 0
        for index, span in enumerate(spans):
            grouped.setdefault(0 if len(span.ids) == 1 else index + 1, []).append((first, span))
            first += len(span.ids)
        return [self._group(members) for members in grouped.values()]

    def _group(self, members: Sequence[tuple[int, Span]]) -> Group:
        size, num_new = self._cache.block_tokens, len(members[0][1].ids)
        num_keys = max(span.start + num_new for _, span in members)
        num_blocks = -(-num_keys // size)
        tables = [[*span.blocks[:num_blocks]] for _, span in members]
        return Group(
            rows=self._tensor([[*range(first, first + num_new)] for first, _ in members]),
            positions=self._tensor([[*_positions(span)] for _, span in members]),
            tables=self._tensor([[*table, *[0] * (num_blocks - len(table))] for table in tables]),
            num_keys=num_keys,
        )

    def _tensor(self, numbers: Sequence[int] | Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.long, device=self._device)


def _positions(span: Span) -> range:
    return range(span.start, span.start + len(span.ids))
