"""Start the engine that a spec names: a shipped one, or a custom one by dotted path.

`engine.kind: my_package.engine:Engine` names a class, or a function, of one argument: the
`EngineSpec`. It is called in the worker's event loop; an awaitable result is awaited. A
policy's engine has what `PolicyEngine` has, a PRM's what `PrmEngine` has. A model's own
`engine` setting goes before the grid's, so that one model may be served by other means.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from ttsgrid.core.dotted import is_dotted, load_named, require_members
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.long_lived import long_lived
from ttsgrid.engines.base import PolicyEngine, PrmEngine
from ttsgrid.engines.quantization import require_quantization
from ttsgrid.engines.spec import ENDPOINT, WRITTEN_VERDICT, EngineSpec
from ttsgrid.engines.text import TextEngine

OWN_HEAD = "own_head"
VLLM_HEADS = ("token_classify", "marker_logits", WRITTEN_VERDICT)
# By name: vLLM takes seconds to import, and a fake needs none of it.
MODULES = {
    "vllm": "ttsgrid.engines.vllm_engine",
    "transformers": "ttsgrid.engines.transformers_engine.engine",
    "fake": "ttsgrid.engines.fake",
    OWN_HEAD: "ttsgrid.engines.own_head",
    ENDPOINT: "ttsgrid.engines.endpoint.start",
}
PROTOCOLS: dict[str, type] = {"policy": PolicyEngine, "prm": PrmEngine}


def kind_for(kind: str, head: str) -> str:
    """Return which engine serves a PRM's head, where another than vLLM must."""
    if kind in ("vllm", "transformers") and is_dotted(head):
        return OWN_HEAD
    return "transformers" if kind == "vllm" and head not in VLLM_HEADS else kind


def require_engine(kind: str, role: str, setting: str) -> None:
    """Import a custom engine and check it, before any worker starts.

    Raises:
        ConfigError: it is not found, can't be called or lacks a method of its role.
    """
    if not is_dotted(kind):
        return
    own = load_named(kind, setting)
    if not callable(own):
        raise ConfigError(f"{setting}: {kind} is no class or function of an EngineSpec")
    if inspect.isclass(own):
        require_members(own, kind, setting, PROTOCOLS[role])


def require_head(head: str, setting: str) -> None:
    """Import a PRM's own head, before any worker starts.

    Raises:
        ConfigError: it is not found or can't be called.
    """
    if is_dotted(head) and not callable(load_named(head, setting)):
        raise ConfigError(f"{setting}: {head} is no function of an EngineSpec")


def require_served(spec: EngineSpec) -> None:
    """Refuse settings that the engine of a spec would ignore, before any worker starts.

    Raises:
        ConfigError: it runs on one GPU and is told more, or to quantize in a way it can't.
    """
    if spec.kind == "transformers" and spec.num_gpus * spec.pipeline_parallel > 1:
        raise ConfigError(
            f"{spec.name}.num_gpus={spec.num_gpus}: engine.kind=transformers runs a model on one "
            "GPU; set num_gpus and pipeline_parallel to 1, or take engine.kind=vllm"
        )
    require_quantization(spec.kind, spec.quantization, f"{spec.name}.quantization")


async def start_engine(spec: EngineSpec) -> Any:  # noqa: ANN401 - one of three protocols
    """Start an engine inside the event loop that will use it.

    Raises:
        ConfigError: a custom engine isn't what its role needs, or the spec asks for more than
            its engine does.
    """
    require_served(spec)
    if is_dotted(spec.kind):
        start = load_named(spec.kind, "engine.kind")
    else:
        with long_lived():
            start = importlib.import_module(MODULES[spec.kind]).start_engine
    made = start(spec)
    engine = await made if inspect.isawaitable(made) else made
    protocol = PROTOCOLS["policy" if spec.generates else "prm"]
    if spec.writes_text:
        protocol = TextEngine
    require_members(engine, spec.kind, "engine.kind", protocol)
    return engine
