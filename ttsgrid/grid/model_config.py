"""One model of the grid as configured, and the checks that settings share."""

from __future__ import annotations

from dataclasses import dataclass, field

from ttsgrid.core.checks import require_choice
from ttsgrid.core.dotted import is_dotted
from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.endpoint_settings import PER_PRICE_TOKENS as PER_PRICE_TOKENS
from ttsgrid.engines.endpoint_settings import EndpointSettings as EndpointSettings
from ttsgrid.engines.spec import ENGINES

_POSITIVE = (
    *("replicas", "num_gpus", "pipeline_parallel", "max_model_len"),
    *("pretraining_tokens", "parameters", "active_parameters", "context"),
)
# vLLM takes lower ones for 0.01, to keep numbers finite (`_MAX_TEMP` in its sampling_params.py).
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 2
DTYPES = ("auto", "float32", "bfloat16", "float16", "float", "half")


def require(condition: bool, message: str) -> None:
    """Raise `ConfigError(message)` unless `condition` holds."""
    if not condition:
        raise ConfigError(message)


def require_positive(setting: str, value: float | None) -> None:
    """Raise `ConfigError` unless `value` is above 0 or None."""
    require(value is None or value > 0, f"{setting}={value} must be above 0")


@dataclass(frozen=True)
class SamplingConfig:
    """How a policy samples solutions for pools and searches, and whether CoT is greedy.

    Attributes:
        temperature: above 0, at most 2.
        top_p: samples from the likeliest tokens that have this probability together.
        max_tokens: longest solution, in tokens; a search's, over all its steps.
        top_k: samples from so many of the likeliest tokens; None for all.
        greedy_cot: CoT is one solution at temperature 0; false for models that repeat
            themselves then: their CoT is one sample of the pool, the mean over its samples.
    """

    temperature: float = 0.7
    top_p: float = 1.0
    max_tokens: int = 8192
    top_k: int | None = None
    greedy_cot: bool = True

    def __post_init__(self) -> None:
        require(
            self.temperature > 0,
            "sampling.temperature must be above 0; CoT alone is greedy (sampling.greedy_cot)",
        )
        # Above it models write noise. It is also the most that endpoints take.
        require(
            MIN_TEMPERATURE <= self.temperature <= MAX_TEMPERATURE,
            f"sampling.temperature={self.temperature:g} must be from {MIN_TEMPERATURE} to "
            f"{MAX_TEMPERATURE}; a model writes noise above and one text below",
        )
        require_positive("sampling.top_k", self.top_k)
        require(
            self.top_k != 1,
            "sampling.top_k=1 makes all samples of a pool equal; raise it, or leave it out",
        )
        require(0 < self.top_p <= 1, f"sampling.top_p={self.top_p} must be in (0, 1]")
        require_positive("sampling.max_tokens", self.max_tokens)


@dataclass(frozen=True)
class ModelConfig:
    """One model of the grid, policy or PRM.

    Attributes:
        name: the short name used on the command line and in every table.
        model: Hugging Face hub id, a path, or `zoo:NAME` for a shipped checkpoint; of a hosted
            model, the name that its server knows.
        revision: hub revision; a local checkpoint is identified by its content.
        format: name of its prompt or PRM format; a policy's may be spelled out, as
            `{base: qwen, system: ..., stop: [...]}` (`ttsgrid.models.formats`).
        num_gpus: GPUs (tensor parallelism) of one replica, or of one of its pipeline stages;
            ignored without GPUs.
        pipeline_parallel: pipeline stages of one replica, each on `num_gpus` GPUs. Above 1 an
            engine may span nodes, a stage on each.
        replicas: how many engines serve it; None: one, and with GPUs as many as the cluster has
            room for and its work fills, split with the other models by their work.
        max_model_len: longest sequence; None for the model's own limit.
        pretraining_tokens: for training FLOPs; None where unknown.
        parameters: number of its parameters, for FLOPs, where the checkpoint doesn't say.
        active_parameters: of a mixture of experts, those that act on one token, for FLOPs.
        context: the longest sequence that it was made for, where its config doesn't say or
            can't be read; the config's own word goes before it.
        dtype: as vLLM spells it; `auto` is resolved when the grid is planned.
        quantization: how the weights are quantized, as vLLM spells it, e.g. `fp8`: when they are
            loaded, or in the checkpoint. None as the checkpoint's config says.
        engine: what serves this model, as `engine.kind` says it; None for the grid's.
        endpoint: of a policy, an OpenAI-compatible server that is asked in an engine's place.
        sampling: of a policy, for pools and searches.
    """

    name: str
    model: str
    format: str
    revision: str | None = None
    num_gpus: int = 1
    pipeline_parallel: int = 1
    replicas: int | None = None
    max_model_len: int | None = None
    pretraining_tokens: float | None = None
    parameters: float | None = None
    active_parameters: float | None = None
    context: int | None = None
    dtype: str = "auto"
    quantization: str | None = None
    engine: str | None = None
    endpoint: EndpointSettings | None = None
    sampling: SamplingConfig = field(default_factory=SamplingConfig)

    def __post_init__(self) -> None:
        require(bool(self.name), "a model's name is empty; tables need one")
        require(bool(self.model), f"{self.name}.model is empty; name a folder or a hub id")
        for setting in _POSITIVE:
            require_positive(f"{self.name}.{setting}", getattr(self, setting))
        require_choice(f"{self.name}.dtype", self.dtype, DTYPES)
        if self.engine is not None:
            require_engine_name(f"{self.name}.engine", self.engine)
        if self.endpoint is not None:
            self._require_asked_alone()

    def _require_asked_alone(self) -> None:
        """Refuse what an endpoint has no use for, and would leave undone without a word."""
        require(
            self.engine is None,
            f"{self.name}.engine={self.engine} serves nothing beside {self.name}.endpoint; "
            "leave one of them out",
        )
        for setting, unset in (("dtype", "auto"), ("quantization", None)):
            value = getattr(self, setting)
            require(
                value == unset,
                f"{self.name}.{setting}={value} does nothing: the server at {self.name}.endpoint "
                "has loaded the model as it likes; leave it out",
            )
        # Limits hold per worker: two of them would ask twice as fast as allowed.
        require(
            self.replicas in (None, 1),
            f"{self.name}.replicas={self.replicas}: one worker asks an endpoint; raise "
            "endpoint.concurrency instead",
        )

    @property
    def gpus_of_replica(self) -> int:
        """GPUs of one replica, those of all its pipeline stages."""
        return self.num_gpus * self.pipeline_parallel

    @property
    def continues_text(self) -> bool:
        """Whether it can go on from a partial solution, as searches need."""
        return self.endpoint is None or not self.endpoint.writes_text


def require_engine_name(setting: str, kind: str) -> None:
    """Accept a shipped engine or the dotted path of a custom one."""
    if not is_dotted(kind):
        require_choice(setting, kind, ENGINES)
