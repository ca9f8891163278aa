"""vLLM's engine in the process of its worker, stepped by the worker's own event loop.

`AsyncLLM` runs the engine's core in a process of its own: right for a GPU, where the loop's work
and the core's go on side by side. On CPU cores that engines share, the second process buys
nothing. It imports vLLM once more (15 CPU seconds), and each request and each answer is packed,
sent and unpacked; a search's requests write a step of seven tokens, not a solution.

The loop does one step of the engine, then everything that its answers set off, then the next
step: what continues a search joins the very next batch. While a step runs, nothing else does, so
questions to the worker wait for as long as one step takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from vllm.config import VllmConfig
from vllm.inputs import EngineInput
from vllm.v1.engine.exceptions import EngineDeadError
from vllm.v1.engine.llm_engine import LLMEngine
from vllm.v1.executor.abstract import Executor

# Turns of the loop between two steps: an answer wakes its sample or its search's child, that one
# its siblings' group, the group the search, the search its next children, and these ask.
TURNS = 8


class InProcessLLM:
    """The part of `AsyncLLM` that engines here use, without its process.

    Args:
        engine: without a process of its own either.
    """

    def __init__(self, engine: LLMEngine) -> None:
        self._engine = engine
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._stepping: asyncio.Task[None] | None = None
        self.errored = False
        self.vllm_config = engine.vllm_config
        self.model_config = engine.model_config

    @classmethod
    def from_vllm_config(
        cls,
        config: VllmConfig,
        *,
        disable_log_stats: bool,
        stat_loggers: list[Callable[..., Any]] | None,
    ) -> InProcessLLM:
        """Load the model; see `AsyncLLM.from_vllm_config`."""
        engine = LLMEngine(
            config,
            Executor.get_class(config),
            log_stats=not disable_log_stats or stat_loggers is not None,
            stat_loggers=stat_loggers,
            multiprocess_mode=False,
        )
        return cls(engine)

    def get_tokenizer(self) -> Any:  # noqa: ANN401 - of the model
        """See `AsyncLLM`."""
        return self._engine.renderer.get_tokenizer()

    def shutdown(self) -> None:
        """See `AsyncLLM`; what is in flight gets no answer any more."""
        if self._stepping is not None:
            self._stepping.cancel()  # a step without a model would count as the engine's death
        self._engine.engine_core.shutdown()

    async def generate(
        self,
        prompt: EngineInput,
        parameters: Any,  # noqa: ANN401 - vLLM's own
        request_id: str,
    ) -> AsyncGenerator[Any, None]:
        """Run one request; its only output is the last one."""
        yield await self._output(prompt, parameters, request_id)

    encode = generate  # the parameters say which it is

    async def _output(self, prompt: EngineInput, parameters: Any, request_id: str) -> Any:  # noqa: ANN401
        if self.errored:
            raise EngineDeadError
        known_as = self._engine.add_request(request_id, prompt, parameters)
        answer = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        if self._stepping is None:
            self._stepping = asyncio.create_task(self._step_while_busy())
        try:
            return await answer
        except asyncio.CancelledError:
            if self._waiting.pop(request_id, None) is not None:
                self._engine.abort_request([known_as], internal=True)
            raise

    async def _step_while_busy(self) -> None:
        try:
            while self._engine.has_unfinished_requests():
                answers = [output for output in self._engine.step() if output.finished]
                for answer in answers:
                    self._answer(answer)
                for _ in range(TURNS if answers else 1):
                    await asyncio.sleep(0)
        except Exception as error:  # of the engine as a whole: nobody would get an answer
            self.errored = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(_dead_of(error))
            self._waiting.clear()
        finally:
            self._stepping = None

    def _answer(self, output: Any) -> None:  # noqa: ANN401 - vLLM's own
        waiting = self._waiting.pop(output.request_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(output)


def _dead_of(error: Exception) -> EngineDeadError:
    """Return vLLM's error for a dead engine, with what it died of, for the log."""
    dead = EngineDeadError()
    dead.__cause__ = error
    return dead
