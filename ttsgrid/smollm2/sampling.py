"""Sampling from a checkpoint: on a GPU with transformers, on CPU cores with the sweep's engine.

A 135M model on a large GPU is bound by the launches of its kernels, so one plain loop over
thousands of sequences is as fast there as an engine, and needs none to start. On a CPU the
engine is several times faster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel

from ttsgrid.core.identity import derive_seed
from ttsgrid.core.records import FinishReason
from ttsgrid.engines import EngineSpec, Generation, GenerationRequest, PolicyEngine

Ids = list[int]
BATCH_ROWS = 1536
SHRINK_EVERY = 16  # steps after which rows that have ended leave the batch
MAX_MODEL_LEN = 2048  # four worked examples take about 900 tokens of it
KINDS = ("engine", "transformers")


class Sampler(Protocol):
    """Continues prompts."""

    def sample(self, prompts: Sequence[Ids], temperature: float, max_tokens: int) -> list[Ids]:
        """Continue each prompt once, in order; temperature 0 is greedy. No end marks."""
        ...


class TransformersSampler:
    """Continues many prompts in one loop over a growing cache."""

    def __init__(self, model: PreTrainedModel, end: int, seed: int = 0) -> None:
        self._model = model.eval()
        self._end = end
        self._generator = torch.Generator(model.device).manual_seed(seed)

    def sample(self, prompts: Sequence[Ids], temperature: float, max_tokens: int) -> list[Ids]:
        """See `Sampler.sample`."""
        # Prompts of like length in a batch: less padding to compute.
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        written: list[Ids] = [[] for _ in prompts]
        for low in range(0, len(order), BATCH_ROWS):
            chosen = order[low : low + BATCH_ROWS]
            texts = self._batch([prompts[index] for index in chosen], temperature, max_tokens)
            for index, text in zip(chosen, texts, strict=True):
                written[index] = text
        return written

    @torch.inference_mode()
    def _batch(self, prompts: Sequence[Ids], temperature: float, max_tokens: int) -> list[Ids]:
        device = self._model.device
        width = max(len(prompt) for prompt in prompts)
        rows = [[self._end] * (width - len(prompt)) + prompt for prompt in prompts]
        ids = torch.tensor(rows, device=device)
        starts = torch.tensor([width - len(prompt) for prompt in prompts], device=device)
        mask = (torch.arange(width, device=device) >= starts[:, None]).long()
        cache = DynamicCache(config=self._model.config)
        alive = torch.arange(len(prompts), device=device)
        out = torch.full((len(prompts), max_tokens), self._end, device=device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        for step in range(max_tokens):
            logits = self._model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            token = self._choose(logits, temperature)
            ended = (out[alive, step - 1] == self._end) if step else torch.zeros_like(alive).bool()
            token = torch.where(ended, self._end, token)
            out[alive, step] = token
            positions = positions[:, -1:] + 1
            if (step + 1) % SHRINK_EVERY == 0:
                going = torch.nonzero(token != self._end).flatten()
                if len(going) == 0:
                    break
                if len(going) < len(alive):
                    cache.batch_select_indices(going)
                    alive, token = alive[going], token[going]
                    mask, positions = mask[going], positions[going]
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
            ids = token[:, None]
        return [_before(row, self._end) for row in out.tolist()]

    def _choose(self, logits: Tensor, temperature: float) -> Tensor:
        if temperature == 0:
            return logits.argmax(-1)
        # The largest of logits with Gumbel noise is a sample of their softmax, without sorting.
        noise = torch.empty_like(logits, dtype=torch.float32)
        noise.exponential_(generator=self._generator)
        return (logits.float() / temperature - noise.log()).argmax(-1)


class EngineSampler:
    """Continues prompts on vLLM, as a sweep does; the engine starts once and serves all calls."""

    def __init__(self, checkpoint: Path, seed: int = 0) -> None:
        self._checkpoint = checkpoint
        self._seed = seed
        self._runner = asyncio.Runner()  # an engine is bound to one event loop
        self._engine: PolicyEngine | None = None

    def sample(self, prompts: Sequence[Ids], temperature: float, max_tokens: int) -> list[Ids]:
        """See `Sampler.sample`."""
        return self._runner.run(self._all(prompts, temperature, max_tokens))

    def close(self) -> None:
        """Stop the engine."""
        if self._engine:
            self._engine.close()
        self._runner.close()

    async def _all(self, prompts: Sequence[Ids], temperature: float, max_tokens: int) -> list[Ids]:
        engine = self._engine = self._engine or await self._started()
        seeds = (derive_seed("smollm2", str(self._seed), str(i)) for i in range(len(prompts)))
        requests = [
            GenerationRequest(tuple(prompt), temperature, 1.0, max_tokens, seed)
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]
        done = await asyncio.gather(*(engine.generate(request) for request in requests))
        return [_without_end_mark(one) for one in done]

    async def _started(self) -> PolicyEngine:
        # Seconds to import, and not there at all where only a GPU's own packages are.
        from ttsgrid.engines.vllm_engine import VllmPolicyEngine  # noqa: PLC0415

        return VllmPolicyEngine(
            EngineSpec(
                kind="vllm",
                role="policy",
                name=self._checkpoint.name,
                source=str(self._checkpoint),
                dtype="bfloat16",
                max_model_len=MAX_MODEL_LEN,
                own_process=False,
            )
        )


@contextmanager
def make_sampler(
    checkpoint: Path, device: torch.device, end: int, seed: int, kind: str | None = None
) -> Iterator[Sampler]:
    """Give what samples from a checkpoint on a device, and stop it in the end.

    Args:
        checkpoint: the policy.
        device: where to compute.
        end: id of the end mark.
        seed: of all samples.
        kind: `engine` or `transformers`; None for what is faster on the device.
    """
    if (kind or KINDS[device.type != "cpu"]) == "engine":
        with closing(EngineSampler(checkpoint, seed)) as sampler:
            yield sampler
    else:
        model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.bfloat16)
        yield TransformersSampler(model.to(device), end, seed)


def _without_end_mark(one: Generation) -> Ids:
    ended = one.finish_reason is FinishReason.STOP and one.stopped_by is None
    return list(one.token_ids[:-1] if ended else one.token_ids)


def _before(ids: Ids, end: int) -> Ids:
    return ids[: ids.index(end)] if end in ids else ids
