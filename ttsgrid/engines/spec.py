"""What a worker must know to start an engine: picklable, free of heavy imports."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class EngineSpec:
    """One engine to start.

    Attributes:
        kind: `vllm` or `fake`.
        role: `policy` or `prm`.
        source: a folder or a hub id.
        num_gpus: GPUs of the engine (tensor parallelism); 0 runs on CPU cores.
        head: how a PRM's two logits are read: `token_classify` (the checkpoint's own
            two-class head) or `marker_logits` (two rows of its LM head).
        marker_tokens: for `marker_logits`, the (negative, positive) token ids.
        fake: parameters of the fake engine.
    """

    kind: str
    role: str
    name: str
    source: str
    revision: str | None = None
    dtype: str = "auto"
    num_gpus: int = 0
    max_model_len: int | None = None
    max_num_seqs: int = 256
    kv_cache_gib: float = 0.5
    gpu_memory_utilization: float = 0.9
    enforce_eager: bool = True
    head: str = "token_classify"
    marker_tokens: tuple[int, int] | None = None
    fake: dict[str, float] = field(default_factory=dict)
