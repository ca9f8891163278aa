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

Units answer for themselves, all kinds alike, so that nobody outside this module asks for
a unit's class: which models must be there (`models`) and whose worker runs it (`runs_on`),
how much it asks of an engine (`num_requests`) and adds to a pool (`num_solutions`; how many
answers a search finds, nobody knows before), which block it waits for (`awaits`), which block
or tree it is about (`block`, `tree`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Literal

from ttsgrid.core.identity import Canonical, address_of, canonical_json
from ttsgrid.core.model_identity import ModelIdentity, SamplingIdentity
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.strategies import preset_of, search_of

__all__ = [
    "ModelIdentity",
    "SampleBlock",
    "SamplingIdentity",
    "ScoreBlock",
    "SearchTree",
    "Unit",
    "pool_blocks",
]

FIRST_BLOCK = 4  # the smallest budget of arXiv 2502.06703, all of whose budgets are borders


@dataclass(frozen=True)
class SampleBlock:
    """Samples [start, stop) of the pool of one (problem, policy, sampling)."""

    problem_id: str
    policy: ModelIdentity
    sampling: SamplingIdentity
    start: int
    stop: int

    kind: ClassVar[Literal["sample"]] = "sample"
    prm: ClassVar[None] = None
    awaits: ClassVar[None] = None
    tree: ClassVar[None] = None

    @property
    def block(self) -> SampleBlock:
        """The block that is sampled."""
        return self

    @property
    def runs_on(self) -> ModelIdentity:
        """The model whose worker runs this unit."""
        return self.policy

    @property
    def models(self) -> tuple[ModelIdentity, ...]:
        """The models that must be there while this unit runs."""
        return (self.policy,)

    @property
    def num_solutions(self) -> int:
        """Solutions that this unit adds to a pool."""
        return self.stop - self.start

    @property
    def num_requests(self) -> int:
        """Engine requests that this unit makes at once."""
        return self.stop - self.start

    @property
    def spec(self) -> dict[str, Canonical]:
        """What determines the outcome, as plain data to print; `id` is its address."""
        return _spec(self) | {"start": self.start, "stop": self.stop}

    @cached_property
    def family(self) -> str:
        """Content address of the pool this block belongs to."""
        # Ids are hashes of canonical JSON, written out here: `content_id` takes 10 us for one.
        problem = canonical_json(self.problem_id)
        return address_of(
            f'{{"kind":"sample","policy":"{self.policy.id}","problem":{problem},'
            f'"sampling":{self.sampling.text}}}'
        )

    @cached_property
    def id(self) -> str:
        """Content address of this block."""
        return address_of(f'{{"family":"{self.family}","start":{self.start},"stop":{self.stop}}}')


@dataclass(frozen=True)
class ScoreBlock:
    """One PRM's step scores of one sample block's solutions."""

    block: SampleBlock
    prm: ModelIdentity

    kind: ClassVar[Literal["score"]] = "score"
    tree: ClassVar[None] = None
    num_solutions: ClassVar[int] = 0

    @property
    def problem_id(self) -> str:
        """The problem whose solutions are scored."""
        return self.block.problem_id

    @property
    def policy(self) -> ModelIdentity:
        """The model that wrote the solutions."""
        return self.block.policy

    @property
    def sampling(self) -> SamplingIdentity:
        """How the solutions were sampled."""
        return self.block.sampling

    @property
    def awaits(self) -> str:
        """Id of the block whose solutions this unit needs."""
        return self.block.id

    @property
    def runs_on(self) -> ModelIdentity:
        """The model whose worker runs this unit."""
        return self.prm

    @property
    def models(self) -> tuple[ModelIdentity, ...]:
        """The models that must be there while this unit runs."""
        return (self.prm,)

    @property
    def num_requests(self) -> int:
        """Engine requests that this unit makes at once."""
        return self.block.num_requests

    @property
    def spec(self) -> dict[str, Canonical]:
        """What determines the outcome, as plain data to print; `id` is its address."""
        block = {"start": self.block.start, "stop": self.block.stop}
        return _spec(self) | {"prm": self.prm.id} | block

    # Ids are cached: planning asks for each several times, and a hash takes ten microseconds.
    @cached_property
    def family(self) -> str:
        """Content address of (pool, PRM)."""
        return address_of(f'{{"kind":"score","pool":"{self.block.family}","prm":"{self.prm.id}"}}')

    @cached_property
    def id(self) -> str:
        """Content address of this unit."""
        return address_of(f'{{"block":"{self.block.id}","kind":"score","prm":"{self.prm.id}"}}')


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

    kind: ClassVar[Literal["search"]] = "search"
    num_solutions: ClassVar[int] = 0
    block: ClassVar[None] = None
    awaits: ClassVar[None] = None

    @property
    def tree(self) -> SearchTree:
        """The tree that is grown."""
        return self

    @property
    def runs_on(self) -> ModelIdentity:
        """The model whose worker runs this unit: a search runs beside its policy."""
        return self.policy

    @property
    def models(self) -> tuple[ModelIdentity, ...]:
        """The models that must be there while this unit runs: policy, then PRM."""
        return (self.policy, self.prm)

    @property
    def num_requests(self) -> int:
        """Engine requests that this unit makes at once, at most: its N."""
        return self.settings.budget

    @property
    def strategy(self) -> str:
        """The kind of search, e.g. `beam`."""
        return self.settings.kind

    @property
    def budget(self) -> int | None:
        """N of the search; None for a subtree, which serves every N."""
        return self.settings.budget if self.subtree is None else None

    @property
    def params(self) -> dict[str, Canonical]:
        """All that determines the outcome beside problem, models and sampling."""
        # Read back from JSON: `as_params` takes 150 us, and each row of a search holds it.
        params: dict[str, Canonical] = json.loads(self.settings.text)
        return params if self.subtree is None else params | {"subtree": self.subtree}

    @property
    def beam_width(self) -> int | None:
        """M; None for a search that has none (REBASE)."""
        return self.settings.beam_width if search_of(self.strategy).takes("beam_width") else None

    @property
    def preset(self) -> str | None:
        """Name of the preset whose rules these are; None where they are of no preset."""
        return preset_of(self.settings.rules, self.settings.kind)

    @property
    def spec(self) -> dict[str, Canonical]:
        """What determines the outcome, as plain data to print; `id` is its address."""
        search: dict[str, Canonical] = {"strategy": self.strategy, "budget": self.budget}
        return _spec(self) | {"prm": self.prm.id, "params": self.params} | search

    @cached_property
    def family(self) -> str:
        """Content address of the run this tree belongs to."""
        return _family_of_trees(
            self.problem_id, self.policy.id, self.prm.id, self.sampling.text, self.settings.id
        )

    @cached_property
    def id(self) -> str:
        """Content address of this tree."""
        subtree = "null" if self.subtree is None else self.subtree
        return address_of(f'{{"family":"{self.family}","subtree":{subtree}}}')


# The subtrees of a run follow one another in a plan.
@lru_cache(maxsize=256)
def _family_of_trees(problem: str, policy: str, prm: str, sampling_json: str, settings: str) -> str:
    return address_of(
        f'{{"kind":"search","params":"{settings}","policy":"{policy}","prm":"{prm}",'
        f'"problem":{canonical_json(problem)},"sampling":{sampling_json}}}'
    )


Unit = SampleBlock | ScoreBlock | SearchTree


def _spec(unit: Unit) -> dict[str, Canonical]:
    """Return what all kinds have in common."""
    return {
        "kind": unit.kind,
        "problem": unit.problem_id,
        "policy": unit.policy.id,
        "sampling": {**unit.sampling.as_json()},
    }


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
