"""What a plan samples to learn how long and how fast its models write: a few of its own units.

The smallest of each kind: the first block of a pool with its scores, the greedy solution, and
one tree of each search at the least N. They are units of the plan, so nothing of it is lost.
"""

from __future__ import annotations

from ttsgrid.core.units import FIRST_BLOCK, Unit
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.planned_units import PlannedUnits


def probe_units(plan: Plan, num_problems: int) -> PlannedUnits:
    """Return the units that a probe runs, as far as they are missing.

    Args:
        plan: the whole one.
        num_problems: of each benchmark, its first.
    """
    budgets = [unit.tree.settings.budget for unit, _ in plan.units.alike() if unit.tree]
    least = min(budgets, default=0)

    def is_small(unit: Unit) -> bool:
        if unit.tree:
            return unit.tree.settings.budget == least and not unit.tree.subtree
        return unit.block is not None and unit.block.stop <= FIRST_BLOCK

    return plan.missing.on_first(num_problems).where(is_small)
