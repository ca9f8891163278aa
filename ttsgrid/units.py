"""Work units: what is really run and committed, each named by its content.

Three kinds cover every cell of a grid:

* `SampleBlock`: samples [start, stop) of one problem's pool from one policy at
  one sampling setting. Greedy CoT is the block [0, 1) at temperature 0. Blocks
  have fixed borders (0, 4, 8, 16, 32, ...), so that a pool that grows adds
  blocks and repeats none.
* `ScoreBlock`: one PRM over the solutions of one sample block.
* `SearchTree`: one search guided by a PRM: a beam search for one problem, or
  one DVTS subtree.

A unit's `family` names everything but the sample range, so the blocks of one
pool (and the subtrees of one DVTS run) share it. Identity holds what determines
the outcome; where and how it ran is provenance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ttsgrid.identity import content_id

FIRST_BLOCK = 4


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


@dataclass(frozen=True)
class SampleBlock:
    """Samples [start, stop) of the pool of one (problem, policy, sampling)."""

    problem_id: str
    policy: ModelIdentity
    sampling: SamplingIdentity
    start: int
    stop: int

    kind = "sample"

    @cached_property
    def family(self) -> str:
        """Content address of the pool this block belongs to."""
        return content_id(
            {
                "kind": self.kind,
                "problem": self.problem_id,
                "policy": self.policy.id,
                "sampling": self.sampling.as_json(),
            }
        )

    @cached_property
    def id(self) -> str:
        """Content address of this block."""
        return content_id({"family": self.family, "start": self.start, "stop": self.stop})


@dataclass(frozen=True)
class ScoreBlock:
    """One PRM's step scores of one sample block's solutions."""

    block: SampleBlock
    prm: ModelIdentity

    kind = "score"

    @cached_property
    def family(self) -> str:
        """Content address of (pool, PRM)."""
        return content_id({"kind": self.kind, "pool": self.block.family, "prm": self.prm.id})

    @cached_property
    def id(self) -> str:
        """Content address of this unit."""
        return content_id({"kind": self.kind, "block": self.block.id, "prm": self.prm.id})


def pool_blocks(pool_size: int) -> tuple[tuple[int, int], ...]:
    """Return the [start, stop) blocks that hold a pool of `pool_size` samples.

    Borders lie at 4, 8, 16, 32, ...; the last block is cut at `pool_size`, or
    rounded up to 4.
    """
    blocks, start, stop = [], 0, FIRST_BLOCK
    while start < pool_size:
        blocks.append((start, max(FIRST_BLOCK, min(stop, pool_size))))
        start, stop = stop, 2 * stop
    return tuple(blocks)
