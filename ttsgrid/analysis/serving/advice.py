"""From a store to its contests in one call: what the command `recommend` asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import StoreFrames, load
from ttsgrid.analysis.frames.solutions import Equivalence
from ttsgrid.analysis.replay.outcomes import replayed_outcomes
from ttsgrid.analysis.replay.rules import RuleAt
from ttsgrid.analysis.serving.contest import Contest, contests
from ttsgrid.analysis.serving.costs import ServingMeter
from ttsgrid.analysis.serving.path_tables import PathTables
from ttsgrid.analysis.serving.speeds import NOTHING_STATED, Stated, find_speeds
from ttsgrid.store import StorePath


def find_contests(
    store: StorePath,
    equivalence_for: Callable[[str], Equivalence] | None = None,
    price_per_device_hour: float | None = None,
    stated: Stated = NOTHING_STATED,
    rules: Sequence[RuleAt] = (),
) -> list[Contest]:
    """Return what competes on each benchmark of a store.

    Args:
        store: folder or URI.
        equivalence_for: a benchmark's name to its equivalence of answers; None for the store's.
        price_per_device_hour: of a GPU, in any currency; None leaves money unknown.
        stated: speeds and sizes that the store doesn't know.
        rules: to replay beside the cells.

    Raises:
        StoreError: the store holds no solutions.
    """
    frames = load(store, equivalence_for or store_equivalence(store))
    outcomes = chain(pool_outcomes(frames), search_outcomes(frames))
    cells = make_cells(frames, outcomes, price_per_device_hour)
    return contests_of(store, frames, cells, stated, rules)


def contests_of(
    store: StorePath,
    frames: StoreFrames,
    cells: Cells,
    stated: Stated = NOTHING_STATED,
    rules: Sequence[RuleAt] = (),
) -> list[Contest]:
    """Return the same of a store that is loaded already."""
    speeds = find_speeds(store, frames, cells, stated)
    meter = ServingMeter(cells, PathTables.read(store, frames), speeds)
    return list(contests(cells, meter, replayed_outcomes(frames, rules)))
