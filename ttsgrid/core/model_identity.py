"""Who writes or scores, and how it samples: the parts of identity that units share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ttsgrid.core.identity import canonical_json, content_id


@dataclass(frozen=True)
class ModelIdentity:
    """What determines a model's outputs.

    Attributes:
        name: the short name used in tables; not part of the identity.
        model: hub id or path as configured; not part of it either.
        revision: content hash of a local checkpoint, or the hub's commit.
        format: the prompt (or PRM) format with its parameters, canonical JSON.
        dtype: the number format it is computed in, as resolved and never `auto`; None where
            that was not recorded.
        quantization: how its weights are quantized when they are loaded; None as stored.
        max_model_len: of a PRM, which leaves longer inputs unscored; None for its own limit.
        fake: of a fake engine, the parameters that determine what it writes, canonical JSON;
            None for every engine that runs the model.
        engine: dotted path of a custom engine, which may answer in its own way; None for the
            shipped ones, vLLM and transformers, which run the same model to rounding, as two
            batches of one engine do. Which of them served is in each unit's provenance.
        options: of a custom engine, canonical JSON; None without any.
        endpoint: which server answers and what it is told, canonical JSON; None for an engine
            of ours.
    """

    name: str
    model: str
    revision: str
    format: str
    dtype: str | None = None
    quantization: str | None = None
    max_model_len: int | None = None
    fake: str | None = None
    engine: str | None = None
    options: str | None = None
    endpoint: str | None = None

    @property
    def is_fake(self) -> bool:
        """Whether a fake engine answers in the model's place."""
        return self.fake is not None

    @cached_property
    def id(self) -> str:
        """Content address of all but names; paths may move, weights may not change."""
        optional = {
            "dtype": self.dtype,
            "quantization": self.quantization,
            "max_model_len": self.max_model_len,
            "fake": self.fake,
            "engine": self.engine,
            "options": self.options,
            "endpoint": self.endpoint,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return content_id({"revision": self.revision, "format": self.format, **given})


@dataclass(frozen=True)
class SamplingIdentity:
    """The sampling settings that determine the distribution of a solution.

    Attributes:
        max_tokens: of one solution.
        max_model_len: of prompt and solution together, where that may end a solution before
            `max_tokens` does; None where it can't.
        top_k: samples from so many of the likeliest tokens; None for all.
    """

    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    max_model_len: int | None = None
    top_k: int | None = None

    @property
    def greedy(self) -> bool:
        """True at temperature 0, where one sample says all."""
        return self.temperature == 0.0

    @cached_property
    def text(self) -> str:
        """What `as_json` gives, as canonical JSON; all units of a policy share it."""
        return canonical_json(self.as_json())

    def as_json(self) -> dict[str, float | int]:
        """Plain data for hashing and for the store."""
        optional = {"max_model_len": self.max_model_len, "top_k": self.top_k}
        given = {name: value for name, value in optional.items() if value is not None}
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            **given,
        }
