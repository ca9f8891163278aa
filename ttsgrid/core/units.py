"""Work units: what is really run and committed, each named by its content.

Three kinds cover every cell of a grid:

* `SampleBlock`: samples [start, stop) of one problem's pool from one policy at
  one sampling setting. Greedy CoT is the block [0, 1) at temperature 0. Blocks
  have fixed borders (0, 4, 8, 16, 32, ...) and are never cut, so that a pool
  that grows, by however much, adds blocks and repeats none.
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

from ttsgrid.core.identity import Canonical, content_id
from ttsgrid.core.search_settings import SearchSettings

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


@dataclass(frozen=True)
class SearchTree:
    """One search for one problem: a whole run, or one subtree of a DVTS run.

    Subtrees are independent and all alike but for their seeds, so the subtrees of a
    run at N are among those of a run at a larger N, and N is not in their identity.

    Attributes:
        settings: what determines the search; of a subtree, N = M.
        subtree: which subtree of its run; None for a search that is no part of one.
        keep_trace: whether the tree is stored; determines no result and is in no id.
    """

    problem_id: str
    policy: ModelIdentity
    prm: ModelIdentity
    sampling: SamplingIdentity
    settings: SearchSettings
    subtree: int | None = None
    keep_trace: bool = True

    kind = "search"

    @property
    def strategy(self) -> str:
        """The kind of search, e.g. `beam`."""
        return self.settings.kind.value

    @property
    def budget(self) -> int | None:
        """N of the search; None for a subtree, which serves every N."""
        return self.settings.budget if self.subtree is None else None

    @property
    def params(self) -> dict[str, Canonical]:
        """All that determines the outcome beside problem, models and sampling."""
        params = self.settings.as_params()
        return params if self.subtree is None else params | {"subtree": self.subtree}

    @cached_property
    def family(self) -> str:
        """Content address of the run this tree belongs to."""
        return content_id(
            {
                "kind": self.kind,
                "problem": self.problem_id,
                "policy": self.policy.id,
                "prm": self.prm.id,
                "sampling": self.sampling.as_json(),
                "params": self.settings.as_params(),
            }
        )

    @cached_property
    def id(self) -> str:
        """Content address of this tree."""
        return content_id({"family": self.family, "subtree": self.subtree})


def pool_blocks(pool_size: int) -> tuple[tuple[int, int], ...]:
    """Return the [start, stop) blocks that hold a pool of at least `pool_size` samples.

    Borders lie at 4, 8, 16, 32, ... and blocks are never cut, so the pool's size is
    rounded up to a border: a cut block would have an id of its own, and growing the
    pool would sample it again. The samples above `pool_size` sharpen its estimates.
    """
    blocks, start, stop = [], 0, FIRST_BLOCK
    while start < pool_size:
        blocks.append((start, stop))
        start, stop = stop, 2 * stop
    return tuple(blocks)
