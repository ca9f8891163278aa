"""What a plan's missing units cost, in tokens and FLOPs, before any of them runs.

A solution has `max_tokens` at most. How long solutions really are, only solutions say: where a
store holds some of the same policy, their mean gives what is to be expected. A search at N
writes up to N candidates of a step at a time, so it counts as N solutions; a PRM reads what
is written, once. Inference costs 2 P D FLOPs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttsgrid.core.units import Unit
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.resolve import ResolvedModel


@dataclass(frozen=True)
class Cost:
    """What one model is to do.

    Attributes:
        most_tokens: written by a policy, read by a PRM, if every solution were as long as it
            may get.
        expected_tokens: the same for solutions of the mean length; None where nothing tells it.
    """

    model: ResolvedModel
    most_tokens: int
    expected_tokens: int | None

    def flops(self, tokens: int) -> float | None:
        """Return the FLOPs of so many tokens; None where the model's size is unknown."""
        size = self.model.num_parameters
        return None if size is None else 2.0 * size * tokens


def costs_of(
    plan: Plan, models: Sequence[ResolvedModel], mean_tokens: Mapping[str, float]
) -> list[Cost]:
    """Return what each model of a plan is to do, in the models' order.

    Args:
        plan: its missing units count.
        models: those of the grid.
        mean_tokens: mean length of a solution, in tokens, by the policy's name.
    """
    return [_cost(plan, model, mean_tokens) for model in models]


def _cost(plan: Plan, model: ResolvedModel, mean_tokens: Mapping[str, float]) -> Cost:
    most, expected, is_known = 0, 0.0, True
    for unit in plan.missing:
        if all(one.name != model.config.name for one in (*unit.models, unit.runs_on)):
            continue
        number = _num_solutions(unit)
        longest = unit.sampling.max_tokens
        most += number * longest
        mean = mean_tokens.get(unit.policy.name)
        is_known = is_known and mean is not None
        expected += number * min(longest, mean or 0.0)
    return Cost(model, most, round(expected) if is_known else None)


def _num_solutions(unit: Unit) -> int:
    if unit.tree:
        return unit.tree.settings.budget
    return unit.num_requests
