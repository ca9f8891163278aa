"""What a worker must know to start an engine: picklable, free of heavy imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ttsgrid.engines.endpoint_settings import EndpointSettings

ENGINES = ("vllm", "transformers", "fake")

# What the fake engine can be told, and whether it changes what it writes: see `engines.fake`.
FAKE_OPTIONS: Mapping[str, bool] = {
    "delay_s": False,
    "length_sigma": False,
    "start_s": False,
    "fail_start": False,
    "die_at_request": False,
    "own_process": False,
    "num_deaths": False,
    "stop_at_request": False,
    "stop_at_start": False,
    "end_rate": True,
    "step_per_sentence": True,
    "error_rate": True,
}
# Of models with an `endpoint`; never set by itself, so none of `ENGINES`.
ENDPOINT = "endpoint"
ROLES = ("policy", "prm")
WRITTEN_VERDICT = "written_verdict"


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """What all engines of a grid have in common.

    Attributes:
        kind: `vllm`; `transformers`, which needs no vLLM and suits the smallest grids; or the
            dotted path of a custom one (`ttsgrid.engines.start`). `fake` is for tests of
            scheduling and is never a default.
        max_num_seqs: sequences an engine decodes at once.
        kv_cache_gib: KV cache of a CPU engine; it takes more where one sequence needs more.
        gpu_memory_utilization: share of a GPU's memory that an engine may take.
        enforce_eager: run the model as it is written, without compiling it.
        own_process: let vLLM's core run in a process of its own: for GPUs. On CPU cores that
            engines share it costs 15 CPU seconds at the start, and a message for each request.
        vllm_metrics: tell Ray vLLM's own metrics, beside ttsgrid's; they cost a small model time.
        fake: parameters of the fake engine.
        options: of a custom engine, which reads them from its spec.
    """

    kind: str = field(kw_only=False)
    max_num_seqs: int = 256
    kv_cache_gib: float = 0.5
    gpu_memory_utilization: float = 0.9
    enforce_eager: bool = True
    own_process: bool = True
    vllm_metrics: bool = False
    fake: dict[str, float] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def as_told(self) -> dict[str, Any]:
        """Return the fields of this class alone, to tell them to an engine."""
        return {item.name: getattr(self, item.name) for item in fields(EngineSettings)}

    @property
    def is_fake(self) -> bool:
        """Whether what it writes says nothing of a model."""
        return self.kind == "fake"

    def fake_option(self, role: str, name: str, default: float = 0.0) -> float:
        """Return an option of the fake engine: the role's own, or else that of both roles."""
        return self.fake.get(f"{role}_{name}", self.fake.get(name, default))

    def fake_outputs(self, role: str) -> dict[str, float]:
        """Return the options that determine what the fake engine of a role writes."""
        return {
            name: self.fake_option(role, name)
            for name, is_output in FAKE_OPTIONS.items()
            if is_output and {name, f"{role}_{name}"} & self.fake.keys()
        }


@dataclass(frozen=True)
class EngineSpec(EngineSettings):
    """One engine to start.

    Attributes:
        role: `policy` or `prm`.
        source: a folder or a hub id.
        num_gpus: GPUs of each pipeline stage (tensor parallelism); 0 runs on CPU cores.
        pipeline_parallel: pipeline stages.
        max_model_len: tokens of the longest sequence, never above the model's own context;
            None for that.
        head: how a PRM's two logits are read: `token_classify` (the checkpoint's own
            two-class head), `marker_logits` (two rows of its LM head), `value_head` (one
            number per token, as (0, number); vLLM has no such head), `written_verdict` (the
            model writes before it judges, `ttsgrid.engines.verdicts`), or the dotted path of
            a custom one (`ttsgrid.engines.own_head`).
        marker_tokens: for `marker_logits`, the (negative, positive) token ids.
        endpoint: the server that is asked in an engine's place; None for an engine here.
    """

    role: str
    name: str
    source: str
    revision: str | None = None
    dtype: str = "auto"
    quantization: str | None = None
    num_gpus: int = 0
    pipeline_parallel: int = 1
    max_model_len: int | None = None
    head: str = "token_classify"
    marker_tokens: tuple[int, int] | None = None
    endpoint: EndpointSettings | None = None

    @property
    def generates(self) -> bool:
        """Whether it continues token ids: a policy, and a PRM that writes its verdicts."""
        return self.role == "policy" or self.head == WRITTEN_VERDICT

    @property
    def writes_text(self) -> bool:
        """Whether it takes messages and gives text, so that there is no tokenizer."""
        return self.endpoint is not None and self.endpoint.writes_text


def fake_option_names() -> list[str]:
    """Return what `engine.fake` may hold: each option, for both roles or for one."""
    prefixes = ("", *(f"{role}_" for role in ROLES))
    return [prefix + name for prefix in prefixes for name in FAKE_OPTIONS]
