"""vLLM's executor of one process, which also tells how far it is.

It is pickled by its name and imported by vLLM's own process: nothing else may be imported here,
or each engine would pay for it. Both methods are of the interface that vLLM's executors share;
under a version that calls neither, a start merely tells less.
"""

from __future__ import annotations

from typing import Any

from vllm.v1.executor.uniproc_executor import UniProcExecutor

from ttsgrid.core.spent import Stage
from ttsgrid.engines import stages


class TellingExecutor(UniProcExecutor):  # type: ignore[misc]  # of no known type
    """Runs the model in the process of vLLM's core, as `UniProcExecutor` does."""

    def _init_executor(self) -> None:
        stages.enter(Stage.WEIGHTS)
        super()._init_executor()

    def determine_available_memory(self) -> Any:  # noqa: ANN401 - vLLM's own
        """Return the bytes that each worker has left for its KV cache."""
        # With weights in place, vLLM runs the model once to see what it takes. What is compiled
        # is compiled then, and in the warm-up that follows.
        eager = self.vllm_config.model_config.enforce_eager
        stages.enter(Stage.WARM_UP if eager else Stage.COMPILE)
        return super().determine_available_memory()
