"""What a plan's missing units cost, in tokens, FLOPs and GPU-hours, before any of them runs.

A solution has `max_tokens` at most. How long solutions really are, only solutions say: where a
store holds some of the same policy, their mean gives what is to be expected; else a length
that is stated. A search at N writes up to N candidates of a step at a time, so it counts as N
solutions; a PRM reads what is written, once. Inference costs 2 P D FLOPs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttsgrid.core.units import Unit
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.resolve import ResolvedModel

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Cost:
    """What one model is to do.

    Attributes:
        num_units: that it has a part in.
        num_solutions: written by a policy, read by a PRM; a search's N count.
        most_tokens: written by a policy, read by a PRM, if every solution were as long as it
            may get.
        expected_tokens: the same for solutions of the mean length; None where nothing tells it.
    """

    model: ResolvedModel
    num_units: int
    num_solutions: int
    most_tokens: int
    expected_tokens: int | None

    @property
    def tokens(self) -> int:
        """What is expected; where nothing tells it, the most."""
        return self.most_tokens if self.expected_tokens is None else self.expected_tokens

    @property
    def gpus(self) -> int:
        """GPUs of one replica; none for a model behind an endpoint."""
        config = self.model.config
        return 0 if config.endpoint else config.num_gpus * config.pipeline_parallel

    def flops(self, tokens: int) -> float | None:
        """Return the FLOPs of so many tokens; None where the model's size is unknown."""
        size = self.model.num_parameters
        return None if size is None else 2.0 * size * tokens

    def gpu_hours(self, flops_per_s: float | None) -> float | None:
        """Return GPU-hours at so many FLOP/s per GPU; None where something is unknown."""
        flops = self.flops(self.tokens)
        if flops is None or flops_per_s is None or not self.gpus:
            return None
        return flops / flops_per_s / SECONDS_PER_HOUR


def costs_of(
    plan: Plan,
    models: Sequence[ResolvedModel],
    mean_tokens: Mapping[str, float],
    stated_tokens: float | None = None,
) -> list[Cost]:
    """Return what each model of a plan is to do, in the models' order.

    Args:
        plan: its missing units count.
        models: those of the grid.
        mean_tokens: mean length of a solution, in tokens, by the policy's name.
        stated_tokens: the same of every other policy; None where nobody states it.
    """
    of_model: dict[str, list[tuple[Unit, int]]] = defaultdict(list)
    for unit, number in plan.missing.alike():
        for name in {model.name for model in (*unit.models, unit.runs_on)}:
            of_model[name].append((unit, number))
    means = {
        model.config.name: mean_tokens.get(model.config.name, stated_tokens) for model in models
    }
    return [_cost(model, of_model[model.config.name], means) for model in models]


def _cost(
    model: ResolvedModel, units: Sequence[tuple[Unit, int]], means: Mapping[str, float | None]
) -> Cost:
    solutions, most, expected, is_known = 0, 0, 0.0, True
    for unit, times in units:
        number = _num_solutions(unit) * times
        longest = unit.sampling.max_tokens
        mean = means.get(unit.policy.name)
        solutions += number
        most += number * longest
        is_known = is_known and mean is not None
        expected += number * min(longest, mean or 0.0)
    tokens = round(expected) if is_known else None
    num_units = sum(times for _, times in units)
    return Cost(model, num_units, solutions, most, tokens)


def _num_solutions(unit: Unit) -> int:
    if unit.tree:
        return unit.tree.settings.budget
    return unit.num_requests
