"""The two engines on transformers, behind `PolicyEngine` and `PrmEngine`.

They need torch and transformers, and nothing of vLLM's. One model runs on one device.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoTokenizer

from ttsgrid.core.errors import EngineError
from ttsgrid.core.spent import Stage
from ttsgrid.engines import stages
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest, TokenLogits
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.transformers_engine.attention import KvCache
from ttsgrid.engines.transformers_engine.blocks import BlockPool
from ttsgrid.engines.transformers_engine.heads import load_policy, load_prm
from ttsgrid.engines.transformers_engine.memory import block_tokens, context_tokens, num_blocks
from ttsgrid.engines.transformers_engine.paged_model import PagedModel
from ttsgrid.engines.transformers_engine.policy_steps import PolicyLimits, PolicySteps
from ttsgrid.engines.transformers_engine.prm_steps import PrmInput, PrmSteps
from ttsgrid.engines.transformers_engine.steps import StepLoop


class _Served:
    """A loaded model with its cache: what both roles start from."""

    def __init__(self, spec: EngineSpec, load: Callable[[EngineSpec], torch.nn.Module]) -> None:
        stages.enter(Stage.WEIGHTS)
        model = load(spec)
        self.context = context_tokens(spec, model)
        self.block_tokens = block_tokens(spec)
        cache = KvCache(num_blocks(spec, model), self.block_tokens)
        self.pool = BlockPool(cache.num_blocks, self.block_tokens)
        self.paged = PagedModel(model, cache)
        self.generation_config = getattr(model, "generation_config", None)
        self.device = torch.cuda.get_device_name() if spec.num_gpus else "cpu"

    def require_room(self, num_tokens: int, most: int) -> None:
        """Refuse what would wait for blocks that the cache doesn't have."""
        if not 0 < num_tokens <= most:
            raise EngineError(f"{num_tokens} tokens, the model reads 1 to {most}")


class _Engine:
    """What both roles tell of themselves."""

    def __init__(self, served: _Served, loop: StepLoop[Any, Any]) -> None:
        self._served = served
        self._loop = loop

    @property
    def device(self) -> str:
        """`cpu`, or the GPU's name."""
        return self._served.device

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of its prefix cache."""
        return self._served.block_tokens

    def _stats(self, generated_tokens: int, computed_tokens: int) -> EngineStats:
        loop = self._loop
        return EngineStats(
            generated_tokens, computed_tokens, loop.num_requests, loop.num_waiting, loop.busy_s
        )

    def close(self) -> None:
        """Take no more requests; the memory goes with the process."""
        self._loop.close()


class TransformersPolicyEngine(_Engine):
    """A policy on transformers."""

    def __init__(self, spec: EngineSpec) -> None:
        served = _Served(spec, load_policy)
        tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=spec.revision)
        limits = PolicyLimits(
            end_ids=end_ids(served.generation_config, tokenizer.eos_token_id),
            context=served.context,
            max_num_seqs=spec.max_num_seqs,
        )
        self._steps = PolicySteps(served.paged, served.pool, tokenizer, limits)
        super().__init__(served, StepLoop(self._steps))

    @property
    def max_input_tokens(self) -> int:
        """The context length less the one token that any continuation needs."""
        return self._served.context - 1

    async def generate(self, request: GenerationRequest) -> Generation:
        """Sample one continuation; see `PolicyEngine.generate`."""
        self._served.require_room(len(request.prompt_ids), self.max_input_tokens)
        answer: Generation = await self._loop.ask(request)
        return answer

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return self._stats(self._steps.generated_tokens, self._steps.computed_tokens)


class TransformersPrmEngine(_Engine):
    """A PRM on transformers."""

    def __init__(self, spec: EngineSpec) -> None:
        served = _Served(spec, load_prm)
        self._steps = PrmSteps(served.paged, served.pool, spec.max_num_seqs)
        super().__init__(served, StepLoop(self._steps))

    @property
    def max_input_tokens(self) -> int:
        """The context length."""
        return self._served.context

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Run the PRM over `ids`; see `PrmEngine.token_logits`."""
        self._served.require_room(len(ids), self.max_input_tokens)
        answer: TokenLogits = await self._loop.ask(PrmInput(ids, read_cache))
        return answer

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return self._stats(0, self._steps.computed_tokens)


def end_ids(generation_config: Any, eos_token_id: int | None) -> frozenset[int]:  # noqa: ANN401
    """Return the ids that end a text: the tokenizer's end mark and the checkpoint's, as in vLLM."""
    named = getattr(generation_config, "eos_token_id", None)
    several = named if isinstance(named, list) else [named]
    return frozenset(one for one in (eos_token_id, *several) if one is not None)


async def start_engine(spec: EngineSpec) -> TransformersPolicyEngine | TransformersPrmEngine:
    """Load a model; call it inside the event loop that will use it."""
    engine = TransformersPolicyEngine if spec.generates else TransformersPrmEngine
    return await asyncio.to_thread(engine, spec)
