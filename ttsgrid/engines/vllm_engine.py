"""vLLM behind the engine protocols.

Policies run as generators. PRMs of both kinds run as token classifiers
(`runner="pooling"`): a checkpoint with its own two-class head directly, and a
causal LM that scores a step tag with two tokens by those two rows of its LM head. So both
return two logits per token (or a reward model's one), both read the prefix cache, and a step
costs its own tokens only.

Rows come back for an input's uncached tail; `TokenLogits.start` is how many are missing.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import traceback
from collections.abc import AsyncGenerator
from typing import Any, NoReturn, TypeVar

from ttsgrid.core.errors import EngineError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.spent import Stage
from ttsgrid.engines import stages
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest, TokenLogits, as_pair
from ttsgrid.engines.meter import Meter
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.stop_tokens import StopTokens
from ttsgrid.engines.vllm_arguments import engine_config
from ttsgrid.engines.vllm_in_process import InProcessLLM
from ttsgrid.engines.vllm_metrics import stat_loggers

T = TypeVar("T")

# After `vllm_arguments`, which sets the environment that vLLM reads when it is imported.
from vllm import PoolingParams, SamplingParams  # noqa: E402
from vllm import envs as vllm_envs  # noqa: E402
from vllm.inputs import tokens_input  # noqa: E402
from vllm.outputs import CompletionOutput  # noqa: E402
from vllm.platforms import current_platform  # noqa: E402
from vllm.sampling_params import RequestOutputKind  # noqa: E402
from vllm.v1.engine.async_llm import AsyncLLM  # noqa: E402
from vllm.v1.engine.exceptions import EngineDeadError  # noqa: E402


class _VllmEngine:
    """What both roles share: start, counters, request ids, death."""

    def __init__(self, spec: EngineSpec, **more: Any) -> None:  # noqa: ANN401 - vLLM's own
        stages.enter(Stage.ENGINE)
        config = engine_config(spec, **more)
        try:
            kind = AsyncLLM if spec.own_process else InProcessLLM
            self._engine = kind.from_vllm_config(
                config, disable_log_stats=True, stat_loggers=stat_loggers(spec)
            )
        except Exception as error:
            # Its own process tells why to the log alone; memory is the usual reason.
            raise EngineError(
                f"vLLM's own words are in the log above ({error}). If memory is short for a "
                f"context of {config.model_config.max_model_len:,} tokens, set max_model_len of "
                f"{spec.name} lower, or engine.gpu_memory_utilization or num_gpus higher"
            ) from error
        # It reads dozens of its environment's variables for each request, unless told to keep them.
        vllm_envs.enable_envs_cache()
        self._num_gpus = spec.num_gpus
        self._ids = itertools.count()
        self._meter = Meter()

    async def _last(self, stream: AsyncGenerator[T, None]) -> T:
        """Drain a request's stream and return its final output.

        A dead engine ends the process: Ray restarts the actor, and the driver
        hands its units out again. A live actor with a dead engine would eat
        every retry.
        """
        final: T | None = None
        try:
            with self._meter.request():
                async for output in stream:
                    final = output
        except Exception as error:
            if isinstance(error, EngineDeadError) or self._engine.errored:
                _end_process()
            # Whatever vLLM says of one request (its VLLMValidationError is no ValueError) is
            # of that request alone.
            raise EngineError(f"{type(error).__name__}: {error}") from error
        if final is None:
            raise EngineError("the engine ended a request without any output")
        return final

    @property
    def device(self) -> str:
        """`cpu`, or the GPU's name as the driver library gives it, without starting CUDA here."""
        return str(current_platform.get_device_name()) if self._num_gpus else "cpu"

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of vLLM's prefix cache, as vLLM itself settled it."""
        return int(self._engine.vllm_config.cache_config.block_size)

    @property
    def cache_tokens(self) -> int | None:
        """Tokens that vLLM's cache holds; None before vLLM says how many blocks it has."""
        blocks = self._engine.vllm_config.cache_config.num_gpu_blocks
        return None if not blocks else int(blocks) * self.block_tokens

    def _next_id(self) -> str:
        return str(next(self._ids))

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return self._meter.stats()

    def close(self) -> None:
        """Stop the engine's processes."""
        self._engine.shutdown()


def _end_process() -> NoReturn:
    traceback.print_exc(file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)  # `sys.exit` would raise in a coroutine, and end that task alone


class VllmPolicyEngine(_VllmEngine):
    """A policy on vLLM."""

    def __init__(self, spec: EngineSpec, **more: Any) -> None:  # noqa: ANN401 - vLLM's own
        super().__init__(spec, **more)
        self._stop_tokens = StopTokens(self._engine.get_tokenizer())

    @property
    def max_input_tokens(self) -> int:
        """The context length less the one token that any continuation needs."""
        return int(self._engine.model_config.max_model_len) - 1

    async def generate(self, request: GenerationRequest) -> Generation:
        """Sample one continuation; see `PolicyEngine.generate`."""
        parameters = SamplingParams(
            temperature=request.temperature,
            top_p=request.top_p,
            top_k=request.top_k or 0,
            max_tokens=request.max_tokens,
            seed=request.seed if request.temperature > 0 else None,  # greedy needs no generator
            stop=list(request.stop) or None,
            stop_token_ids=self._stop_tokens.of(request.stop),
            logprob_token_ids=list(request.read_tokens) or None,
            include_stop_str_in_output=True,
            # vLLM looks for stop texts in decoded text. Whole solutions are decoded once, by us.
            detokenize=bool(request.stop),
            # One message per request and not one per token.
            output_kind=RequestOutputKind.FINAL_ONLY,
            skip_clone=True,  # nobody else has them
        )
        prompt = tokens_input(list(request.prompt_ids))
        output = await self._last(self._engine.generate(prompt, parameters, self._next_id()))
        completion = output.outputs[0]
        cached = output.num_cached_tokens or 0
        usage = Usage(len(request.prompt_ids), cached, len(completion.token_ids))
        self._meter.count(usage)
        stopped_by = self._stop_text(request.stop, completion)
        reason = FinishReason.STOP if completion.finish_reason == "stop" else FinishReason.LENGTH
        read = tuple(completion.logprobs[0][one].logprob for one in request.read_tokens)
        return Generation(tuple(completion.token_ids), reason, stopped_by, usage, read)

    def _stop_text(self, stop: tuple[str, ...], completion: CompletionOutput) -> str | None:
        """Return the stop text that ended a continuation, and remember the token it ended with.

        vLLM names a stop text as text; the end mark gives None, another stop token its id.
        """
        reason = completion.stop_reason
        if isinstance(reason, str):
            self._stop_tokens.learn(stop, completion.token_ids[-1], reason)
            return reason
        return None if reason is None else self._stop_tokens.text_at(stop, reason)


class VllmPrmEngine(_VllmEngine):
    """A PRM on vLLM, as a two-class token classifier."""

    @property
    def max_input_tokens(self) -> int:
        """The context length."""
        return int(self._engine.model_config.max_model_len)

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Run the PRM over `ids`; see `PrmEngine.token_logits`."""
        parameters = PoolingParams(
            task="token_classify",
            use_activation=False,  # logits: the softmax over both is `score_from_logits`'s
            skip_reading_prefix_cache=not read_cache,
        )
        prompt = tokens_input(list(ids))
        output = await self._last(self._engine.encode(prompt, parameters, self._next_id()))
        rows = output.outputs.data.float().tolist()  # may be bfloat16, which numpy lacks
        self._meter.count(Usage(len(ids), len(ids) - len(rows), 0))
        return TokenLogits(len(ids) - len(rows), tuple(map(as_pair, rows)))


async def start_engine(spec: EngineSpec) -> VllmPolicyEngine | VllmPrmEngine:
    """Start an engine; call it inside the event loop that will use it."""
    await asyncio.sleep(0)  # AsyncLLM binds to the running loop
    return VllmPolicyEngine(spec) if spec.generates else VllmPrmEngine(spec)
