"""Start an endpoint's engine: nothing is loaded, but somebody must be there."""

from __future__ import annotations

from ttsgrid.engines.endpoint.chat import ChatEndpoint
from ttsgrid.engines.endpoint.completions import CompletionsEndpoint
from ttsgrid.engines.spec import EngineSpec


async def start_engine(spec: EngineSpec) -> ChatEndpoint | CompletionsEndpoint:
    """Ask the server whether it is there; return what asks it.

    Raises:
        EndpointDownError: it doesn't answer, or doesn't know the key.
    """
    engine = ChatEndpoint(spec) if spec.writes_text else CompletionsEndpoint(spec)
    await engine.greet()
    return engine
