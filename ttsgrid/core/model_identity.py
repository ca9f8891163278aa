"""Who writes or scores, and how it samples: the parts of identity that units share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ttsgrid.core.identity import content_id


@dataclass(frozen=True)
class ModelIdentity:
    """What determines a model's outputs.

    Attributes:
        name: the short name used in tables; not part of the identity.
        model: hub id or path as configured.
        revision: content hash of a local checkpoint, or the hub revision.
        format: the prompt (or PRM) format with its parameters, canonical JSON.
    """

    name: str
    model: str
    revision: str
    format: str

    @cached_property
    def id(self) -> str:
        """Content address of (revision, format); paths may move, weights may not change."""
        return content_id({"revision": self.revision, "format": self.format})


@dataclass(frozen=True)
class SamplingIdentity:
    """The sampling settings that determine the distribution of a solution."""

    temperature: float
    top_p: float
    max_tokens: int
    seed: int

    @property
    def greedy(self) -> bool:
        """True at temperature 0, where one sample says all."""
        return self.temperature == 0.0

    def as_json(self) -> dict[str, float | int]:
        """Plain data for hashing and for the store."""
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }
