"""Sequences that a policy writes, all one token per step; new ones join between two steps.

A step reads the prompts of those that join, as many as make up one pass, or else writes one
token of each that runs. Where the cache is full, whoever joined last waits in line again, and
is read anew with what it has written: its generator goes on where it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import Generation, GenerationRequest
from ttsgrid.engines.transformers_engine.blocks import BlockPool, Table
from ttsgrid.engines.transformers_engine.choosing import choose, next_draw
from ttsgrid.engines.transformers_engine.paged_model import PART_TOKENS, PagedModel, Span
from ttsgrid.engines.transformers_engine.steps import Ended
from ttsgrid.engines.transformers_engine.stops import StopWatch
from ttsgrid.models import DecodingTokenizer


@dataclass(frozen=True)
class PolicyLimits:
    """What ends a sequence, and how many run at once.

    Attributes:
        end_ids: the model's own end marks.
        context: of prompt and continuation together, in tokens.
    """

    end_ids: frozenset[int]
    context: int
    max_num_seqs: int


@dataclass
class _Writing:
    """One request under way; `ids` are the prompt's and what was written since."""

    ticket: int
    request: GenerationRequest
    watch: StopWatch
    ids: list[int]
    generator: torch.Generator | None
    table: Table = field(default_factory=lambda: Table([], 0))
    cached_tokens: int | None = None  # when it first joined
    read: tuple[float, ...] = ()

    @property
    def num_written(self) -> int:
        return len(self.ids) - len(self.request.prompt_ids)

    @property
    def last(self) -> Span:
        """The token that was written last: its keys and values are yet to be computed."""
        return Span(self.ids[-1:], len(self.ids) - 1, self.table.numbers)

    @property
    def uncached(self) -> Span:
        cached = self.table.cached_tokens
        return Span(self.ids[cached:], cached, self.table.numbers)


class PolicySteps:
    """Requests in line, and those that run."""

    def __init__(
        self,
        model: PagedModel,
        pool: BlockPool,
        tokenizer: DecodingTokenizer,
        limits: PolicyLimits,
    ) -> None:
        self._model = model
        self._pool = pool
        self._tokenizer = tokenizer
        self._limits = limits
        self._line: deque[_Writing] = deque()
        self._running: list[_Writing] = []
        self.generated_tokens = self.computed_tokens = 0

    def add(self, ticket: int, request: GenerationRequest) -> None:
        """Take a request in line."""
        watch = StopWatch(self._tokenizer, request.stop, request.prompt_ids)
        greedy = request.temperature == 0.0
        generator = None if greedy else torch.Generator().manual_seed(request.seed)
        self._line.append(_Writing(ticket, request, watch, list(request.prompt_ids), generator))

    def step(self) -> list[Ended[Generation]]:
        """Read the prompts of those that join, or write a token of each that runs."""
        joined = self._admit()
        if joined:
            spans = [one.uncached for one in joined]
            self.computed_tokens += sum(len(span.ids) for span in spans)
            return self._write(joined, spans)
        self._make_room()
        if not self._running:
            return []
        return self._write(self._running, [one.last for one in self._running])

    def _admit(self) -> list[_Writing]:
        """Open sequences up to a pass's worth of new tokens; the first whatever its length."""
        joined, num_tokens = list[_Writing](), 0
        while self._line and len(self._running) < self._limits.max_num_seqs:
            one = self._line[0]
            table = self._pool.open(one.ids)
            if table is None:
                break
            self._line.popleft()
            one.table = table
            if one.cached_tokens is None:
                one.cached_tokens = table.cached_tokens
            joined.append(one)
            self._running.append(one)
            num_tokens += len(one.ids) - table.cached_tokens
            if num_tokens >= PART_TOKENS:
                break
        return joined

    def _make_room(self) -> None:
        """Give each that runs a place for its last token, the oldest first."""
        for one in list(self._running):
            while one in self._running and not self._pool.grow(one.table, len(one.ids)):
                youngest = self._running.pop()
                self._pool.close(youngest.table)
                self._line.appendleft(youngest)

    def _write(self, writing: Sequence[_Writing], spans: Sequence[Span]) -> list[Ended[Generation]]:
        """Compute spans, and write the token that each sequence's last row stands for."""
        logits = self._model.logits(spans, last_only=True)
        for one, row in zip(writing, logits, strict=True):
            if one.request.read_tokens and not one.num_written:
                one.read = _log_probabilities(row, one.request.read_tokens)
        draws = [next_draw(one.request, one.generator) for one in writing]
        ended = []
        for one, token in zip(writing, choose(logits, draws), strict=True):
            self._pool.name_computed(one.table, one.ids, len(one.ids))
            one.ids.append(token)
            if generation := self._ended(one, token):
                ended.append(Ended(one.ticket, generation))
                self._pool.close(one.table)
                self.generated_tokens += one.num_written
        gone = {one.ticket for one in ended}
        self._running = [one for one in self._running if one.ticket not in gone]
        return ended

    def _ended(self, one: _Writing, token: int) -> Generation | None:
        """Return what a sequence wrote if this token is its last."""
        if token in self._limits.end_ids:
            return _generation(one, FinishReason.STOP)
        if (text := one.watch.reached(token)) is not None:
            return _generation(one, FinishReason.STOP, text)
        most = min(self._limits.context, len(one.request.prompt_ids) + one.request.max_tokens)
        return _generation(one, FinishReason.LENGTH) if len(one.ids) >= most else None

    def give_up(self) -> list[int]:
        """Drop what ran, and what the cache then held."""
        if not self._running:
            return [self._line.popleft().ticket]  # it could not even be opened
        tickets = [one.ticket for one in self._running]
        self._running = []
        self._pool.forget()
        return tickets


def _generation(one: _Writing, reason: FinishReason, stopped_by: str | None = None) -> Generation:
    num_prompt = len(one.request.prompt_ids)
    usage = Usage(num_prompt, one.cached_tokens or 0, one.num_written)
    return Generation(tuple(one.ids[num_prompt:]), reason, stopped_by, usage, one.read)


def _log_probabilities(row: torch.Tensor, tokens: Sequence[int]) -> tuple[float, ...]:
    return tuple(row.float().log_softmax(-1)[list(tokens)].tolist())
