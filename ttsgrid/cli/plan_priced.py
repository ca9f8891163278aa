"""One model's part of a plan: its hours and its price, at the settings and the store's speeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ttsgrid.cli.plan_measured import Measured
from ttsgrid.grid.config import PlanConfig
from ttsgrid.grid.model_config import PER_PRICE_TOKENS
from ttsgrid.grid.preflight.cost import Cost


@dataclass(frozen=True)
class Priced:
    """A model's work, with what it takes at the plan's settings and the store's speeds."""

    cost: Cost
    settings: PlanConfig
    measured: Measured

    @property
    def is_on_cores(self) -> bool:
        """Whether it ran on cores in the store, and nothing says how fast a GPU would be."""
        known = self.measured.seconds_per_token
        name, stated = self.cost.model.config.name, self.settings.flops_per_s
        return (name, False) in known and (name, True) not in known and stated is None

    @property
    def seconds_per_token(self) -> float | None:
        """Of one device, as the store has it; None where it doesn't."""
        name = self.cost.model.config.name
        return self.measured.seconds_per_token.get((name, not self.is_on_cores))

    @cached_property
    def device_hours(self) -> float | None:
        """Hours of one GPU, or of an engine without GPUs; None where nothing tells them."""
        return self.cost.device_hours(self.settings.flops_per_s, self.seconds_per_token)

    @property
    def gpu_hours(self) -> float | None:
        """Hours of one GPU; 0 for a model that needs none."""
        return 0.0 if self.is_on_cores or not self.cost.gpus else self.device_hours

    @property
    def hours(self) -> float | None:
        """How long its replicas take, side by side; one where the cluster's size decides."""
        replicas = self.cost.model.config.replicas or 1
        devices = 1 if self.is_on_cores else max(1, self.cost.gpus)
        return None if self.device_hours is None else self.device_hours / devices / replicas

    @property
    def money(self) -> float | None:
        """What it costs: an endpoint's prices, or GPU-hours at a price."""
        asked, cost = self.cost.model.config.endpoint, self.cost
        if asked is not None:
            if asked.output_price is None:
                return None
            prompts = (asked.input_price or 0.0) * cost.prompt_tokens
            return (asked.output_price * cost.tokens + prompts) / PER_PRICE_TOKENS
        hours, price = self.gpu_hours, self.settings.price_per_gpu_hour
        return None if hours is None or price is None else hours * price
