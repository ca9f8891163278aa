"""Inputs of a PRM, several per step: each is read from where the cache ends to its last token."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor

from ttsgrid.engines.base import TokenLogits, as_pair
from ttsgrid.engines.transformers_engine.blocks import BlockPool, Table
from ttsgrid.engines.transformers_engine.paged_model import PART_TOKENS, PagedModel, Span
from ttsgrid.engines.transformers_engine.steps import Ended


@dataclass(frozen=True)
class PrmInput:
    """An input to read, and whether what is cached of it may be left out."""

    ids: tuple[int, ...]
    read_cache: bool


@dataclass(frozen=True)
class _Reading:
    ticket: int
    ids: tuple[int, ...]
    table: Table

    @property
    def span(self) -> Span:
        cached = self.table.cached_tokens
        return Span(self.ids[cached:], cached, self.table.numbers)


class PrmSteps:
    """Inputs in line; a step reads as many of them as make up one pass."""

    def __init__(self, model: PagedModel, pool: BlockPool, max_num_seqs: int) -> None:
        self._model = model
        self._pool = pool
        self._max_num_seqs = max_num_seqs
        self._line: deque[tuple[int, PrmInput]] = deque()
        self._reading: list[_Reading] = []
        self.computed_tokens = 0

    def add(self, ticket: int, request: PrmInput) -> None:
        """Take an input in line."""
        self._line.append((ticket, request))

    def step(self) -> list[Ended[TokenLogits]]:
        """Read the inputs that are first in line, in one pass."""
        self._admit()
        if not self._reading:
            return []
        spans = [one.span for one in self._reading]
        rows = self._model.logits(spans).float().cpu()
        parts = torch.split(rows, [len(span.ids) for span in spans])
        ended = [
            Ended(one.ticket, TokenLogits(span.start, _pairs(part)))
            for one, span, part in zip(self._reading, spans, parts, strict=True)
        ]
        self.computed_tokens += len(rows)
        for one in self._reading:
            self._pool.close(one.table)
        self._reading = []
        return ended

    def _admit(self) -> None:
        """Open inputs up to a pass's worth of new tokens; the first whatever its length."""
        num_tokens = 0
        while self._line and len(self._reading) < self._max_num_seqs:
            ticket, asked = self._line[0]
            table = self._pool.open(asked.ids, read_cache=asked.read_cache)
            if table is None:
                return
            self._line.popleft()
            self._reading.append(_Reading(ticket, asked.ids, table))
            num_tokens += len(asked.ids) - table.cached_tokens
            if num_tokens >= PART_TOKENS:
                return

    def give_up(self) -> list[int]:
        """Drop what was being read, and what the cache then held."""
        if not self._reading:
            return [self._line.popleft()[0]]  # it could not even be opened
        tickets = [one.ticket for one in self._reading]
        self._reading = []
        self._pool.forget()
        return tickets


def _pairs(rows: Tensor) -> tuple[tuple[float, float], ...]:
    return tuple(map(as_pair, rows.tolist()))
