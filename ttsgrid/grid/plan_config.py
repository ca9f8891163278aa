"""What a plan's costs take for granted: the settings below `plan.`."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ttsgrid.grid.model_config import require_positive


@dataclass(frozen=True)
class PlanConfig:
    """What a plan takes for granted when it says what a grid costs.

    Attributes:
        probe: run the smallest units on so many problems of each benchmark first, with the real
            engines, and keep them in the store: lengths and speeds then come from them; None:
            start nothing.
        solution_tokens: mean length of a solution, where the store holds none of a policy;
            None: each is counted as long as it may get.
        step_tokens: mean length of a step of theirs: PRMs mark each, and searches have so many
            at most.
        flops_per_s: FLOP/s that one GPU gets done, for GPU-hours, e.g. 1e14; None: not said.
        price_per_gpu_hour: in any currency, for money; None: not said.
        num_gpus: to show how replicas would be split among models; None: this machine's, or 8.
        all: show also each kind of unit, and the commit of each of many models.
    """

    probe: int | None = None
    solution_tokens: float | None = None
    step_tokens: float = 60.0
    flops_per_s: float | None = None
    price_per_gpu_hour: float | None = None
    num_gpus: int | None = None
    all: bool = False

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.name == "all":
                continue
            require_positive(f"plan.{one.name}", getattr(self, one.name))
