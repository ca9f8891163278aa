"""Completions by token ids: a served vLLM as a `PolicyEngine`.

The prompt's ids are made here, as for an engine of our own, and the server sends back the ids
it sampled (`return_token_ids`, vLLM 0.10.2 and later). So a partial solution is continued by
its own ids, and searches work as they do beside an engine.
"""

from __future__ import annotations

from ttsgrid.engines.base import Generation, GenerationRequest
from ttsgrid.engines.endpoint.base import Endpoint
from ttsgrid.engines.endpoint.client import Json
from ttsgrid.engines.endpoint.replies import read_reply
from ttsgrid.engines.spec import EngineSpec

UNLIMITED_TOKENS = 1 << 30  # where neither the server nor a setting names a context


class CompletionsEndpoint(Endpoint):
    """A policy that is asked by token ids."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec)
        self._context = spec.max_model_len or UNLIMITED_TOKENS

    async def greet(self) -> list[Json]:
        """See `Endpoint.greet`; vLLM says in its list how long a sequence it holds."""
        listed = await super().greet()
        for model in listed:
            held = model.get("max_model_len")
            if model.get("id") == self._model and isinstance(held, int):
                self._context = min(self._context, held)
        return listed

    @property
    def max_input_tokens(self) -> int:
        """The context length less the one token that any continuation needs."""
        return self._context - 1

    async def generate(self, request: GenerationRequest) -> Generation:
        """Sample one continuation; see `PolicyEngine.generate`."""
        prompt = list(request.prompt_ids)
        # vLLM refuses a request that could outgrow its context, where an engine would cut it off.
        max_tokens = min(request.max_tokens, self._context - len(prompt))
        body: Json = {
            "prompt": prompt,
            **self._fields(request, max_tokens),
            "include_stop_str_in_output": True,
            "return_token_ids": True,
            # Said, or the server takes what the checkpoint's generation_config.json says.
            "top_k": request.top_k or 0,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
        }
        with self._meter.request():
            reply = await self._client.post("/completions", body, len(prompt) + max_tokens)
        answered = read_reply(reply, self._client)
        token_ids = answered.choice.get("token_ids")
        if not isinstance(token_ids, list):
            raise self._client.down(
                "answers without token ids, which completions by vLLM 0.10.2 and later have; "
                "set endpoint.api=chat"
            )
        self._meter.count(answered.usage)
        stopped_by = answered.choice.get("stop_reason")
        return Generation(
            tuple(int(token_id) for token_id in token_ids),
            answered.finish_reason,
            # A stop text is named as text; the end mark gives none, another stop token its id.
            stopped_by if isinstance(stopped_by, str) else None,
            answered.usage,
        )
