"""Engines: the protocol, vLLM behind it, and a fake for tests of scheduling."""

from ttsgrid.engines.base import (
    EngineStats,
    Generation,
    GenerationRequest,
    PolicyEngine,
    PrmEngine,
    TokenLogits,
)
from ttsgrid.engines.spec import EngineSpec

__all__ = [
    "EngineSpec",
    "EngineStats",
    "Generation",
    "GenerationRequest",
    "PolicyEngine",
    "PrmEngine",
    "TokenLogits",
]
