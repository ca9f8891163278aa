"""What both kinds of endpoint share: counters, the start, the fields of a request."""

from __future__ import annotations

import asyncio

from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.base import EngineStats, GenerationRequest
from ttsgrid.engines.endpoint.client import Client, Json
from ttsgrid.engines.endpoint_settings import EndpointSettings
from ttsgrid.engines.meter import Meter
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.text import TextRequest

NO_SHARING_TOKENS = 1 << 30  # no prompt fills a block of this size, so none is shared


class Endpoint:
    """One endpoint: its client and what it has answered so far."""

    def __init__(self, spec: EngineSpec) -> None:
        if spec.endpoint is None:
            raise ConfigError(f"policies.{spec.name}.endpoint is missing; give it a base_url")
        self._settings: EndpointSettings = spec.endpoint
        self._client = Client(spec.endpoint, spec.name)
        self._model = spec.endpoint.served_name or spec.source
        self._meter = Meter()
        self._closing: asyncio.Task[None] | None = None

    async def greet(self) -> list[Json]:
        """Ask the server whether it is there; return the models that it lists, if any.

        Raises:
            EndpointDownError: it doesn't answer, or doesn't know the key.
        """
        return await self._client.models()

    @property
    def device(self) -> str:
        """Nobody knows what the server runs on."""
        return "endpoint"

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of the server's prefix cache, where one is told; else no sharing."""
        return self._settings.prefix_block_tokens or NO_SHARING_TOKENS

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return self._meter.stats()

    def close(self) -> None:
        """Close the connections."""
        # Its worker's loop runs on for a moment; nothing waits for the end of connections.
        self._closing = asyncio.ensure_future(self._client.close())

    def _fields(self, request: GenerationRequest | TextRequest, max_tokens: int) -> Json:
        """Return what both APIs say alike."""
        sampling = {"temperature": request.temperature, "top_p": request.top_p}
        if request.temperature > 0:  # greedy needs no seed
            sampling["seed"] = request.seed
        kept = {k: v for k, v in sampling.items() if k not in self._settings.leave_out}
        stop = {"stop": list(request.stop)} if request.stop else {}
        longest = {self._settings.max_tokens_field: max_tokens}
        return {"model": self._model, **kept, **longest, **stop, **self._settings.body}
