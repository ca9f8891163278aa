"""The two engines on transformers, behind `PolicyEngine` and `PrmEngine`.

They need torch and transformers, and nothing of vLLM's. One model runs on one device.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import torch

from ttsgrid.core.errors import ConfigError, EngineError
from ttsgrid.engines.base import EngineStats, TokenLogits
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.transformers_engine.attention import KvCache
from ttsgrid.engines.transformers_engine.blocks import BlockPool
from ttsgrid.engines.transformers_engine.heads import load_prm
from ttsgrid.engines.transformers_engine.memory import block_tokens, context_tokens, num_blocks
from ttsgrid.engines.transformers_engine.paged_model import PagedModel
from ttsgrid.engines.transformers_engine.prm_steps import PrmInput, PrmSteps
from ttsgrid.engines.transformers_engine.steps import StepLoop


class _Served:
    """A loaded model with its cache: what both roles start from."""

    def __init__(self, spec: EngineSpec, load: Callable[[EngineSpec], torch.nn.Module]) -> None:
        _require_served(spec)
        model = load(spec)
        self.context = context_tokens(spec, model)
        self.block_tokens = block_tokens(spec)
        cache = KvCache(num_blocks(spec, model), self.block_tokens)
        self.pool = BlockPool(cache.num_blocks, self.block_tokens)
        self.paged = PagedModel(model, cache)
        self.device = torch.cuda.get_device_name() if spec.num_gpus else "cpu"

    def require_room(self, ids: tuple[int, ...]) -> None:
        """Refuse what would wait for blocks that the cache doesn't have."""
        if not 0 < len(ids) <= self.context:
            raise EngineError(f"{len(ids)} tokens, the model reads 1 to {self.context}")


def _require_served(spec: EngineSpec) -> None:
    if spec.num_gpus > 1:
        raise ConfigError(
            f"{spec.name}.num_gpus={spec.num_gpus}: engine.kind=transformers runs a model on one "
            "GPU; set num_gpus=1, or take engine.kind=vllm"
        )
    if spec.quantization is not None:
        raise ConfigError(
            f"{spec.name}.quantization={spec.quantization} is for engine.kind=vllm; leave it out "
            "with engine.kind=transformers, which computes in the model's dtype"
        )


class TransformersPrmEngine:
    """A PRM on transformers."""

    def __init__(self, spec: EngineSpec) -> None:
        self._served = _Served(spec, load_prm)
        self._steps = PrmSteps(self._served.paged, self._served.pool, spec.max_num_seqs)
        self._loop = StepLoop(self._steps)

    @property
    def device(self) -> str:
        """`cpu`, or the GPU's name."""
        return self._served.device

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of its prefix cache."""
        return self._served.block_tokens

    @property
    def max_input_tokens(self) -> int:
        """The context length."""
        return self._served.context

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Run the PRM over `ids`; see `PrmEngine.token_logits`."""
        self._served.require_room(ids)
        return await self._loop.ask(PrmInput(ids, read_cache))

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        loop = self._loop
        return EngineStats(
            0, self._steps.computed_tokens, loop.num_requests, loop.num_waiting, loop.busy_s
        )

    def close(self) -> None:
        """Take no more requests; the memory goes with the process."""
        self._loop.close()


async def start_engine(spec: EngineSpec) -> TransformersPrmEngine:
    """Load a model; call it inside the event loop that will use it."""
    return await asyncio.to_thread(TransformersPrmEngine, spec)
