"""What a cell costs: tokens, FLOPs, device-seconds and money, part by part.

Tokens are prices: what the cell costs run alone, whatever ran beside it
(`ttsgrid.analysis.cells.prices`). FLOPs follow from them and the models' sizes
(`ttsgrid.analysis.cells.flops`), device-seconds from how fast devices computed tokens
(`ttsgrid.analysis.frames.devices`), money from those and a price per hour, or from an
endpoint's prices of tokens (`ttsgrid.analysis.cells.token_prices`). Whatever is unknown is
null, and so is every total that it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ttsgrid.analysis.cells.flops import Spent, inference_flops, pretraining_flops
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.analysis.cells.token_prices import TokenPrices, token_prices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.voting import Bools, Floats

SECONDS_PER_HOUR = 3600
COST_COLUMNS = (
    "policy_prompt_tokens",
    "policy_cached_tokens",
    "policy_generated_tokens",
    "prm_tokens",
    "prm_cached_tokens",
    "flops_prompt",
    "flops_generated",
    "flops_policy",
    "flops_prm",
    "flops",
    "flops_pretraining",
    "seconds",
    "device_seconds",
    "money",
)
"""Columns of `Cells.frame`, means per problem but for `flops_pretraining`.

`policy_prompt_tokens` and `prm_tokens` are in the engines' inputs, those read from the
cell's own prefix cache (`*_cached_tokens`) included; those cost no FLOPs. `flops_policy` is
prompt and generated; `flops` counts the PRM too. `seconds` sums the wall times of work
units, a fact of the run; `device_seconds` is the devices' share, GPUs where there are any.
"""


@dataclass(frozen=True)
class Meter:
    """Turns tokens into what they cost; keys are the labels of models.

    Attributes:
        sizes: number of parameters, None where unknown.
        trained: pre-training tokens of policies, None where unknown.
        rates: device-seconds per computed token; models that did nothing are missing.
        price_per_device_hour: None where no price was given.
        token_prices: of policies that are asked at an endpoint; others are missing.
    """

    sizes: Mapping[str, int | None]
    trained: Mapping[str, float | None]
    rates: Mapping[str, float]
    price_per_device_hour: float | None = None
    token_prices: Mapping[str, TokenPrices] = field(default_factory=dict)

    def mean_flops(self, outcome: Outcome, present: Bools) -> float:
        """FLOPs of inference per problem of `present`; NaN where unknown."""
        return float(self.columns(outcome)["flops"][present].mean())

    def means(self, outcome: Outcome, present: Bools) -> dict[str, float | None]:
        """Return `COST_COLUMNS`, averaged over the problems of `present`."""
        key = outcome.key
        return self.mean_costs(outcome.spent, key.policy, key.prm, present)

    def mean_costs(
        self, spent: Spent, policy: str, prm: str | None, present: Bools
    ) -> dict[str, float | None]:
        """Return `COST_COLUMNS` of what two models spend, over the problems of `present`."""
        columns = self._columns(spent, policy, prm)
        means = {name: known(float(column[present].mean())) for name, column in columns.items()}
        return {**means, "flops_pretraining": self.pretraining(policy)}

    def columns(self, outcome: Outcome) -> dict[str, Floats]:
        """Return `COST_COLUMNS` but pre-training by problem, shape (P,); NaN where unknown."""
        return self._columns(outcome.spent, outcome.key.policy, outcome.key.prm)

    def _columns(self, spent: Spent, policy: str, prm_name: str | None) -> dict[str, Floats]:
        size = _number(self.sizes.get(policy))
        # Without a PRM its tokens are 0, and so is what they cost, whatever its size.
        prm_size = 0.0 if prm_name is None else _number(self.sizes.get(prm_name))
        prompt = inference_flops(size, spent.policy_prompt - spent.policy_cached)
        generated = inference_flops(size, spent.policy_generated)
        prm = inference_flops(prm_size, spent.prm_computed)
        on_policy = _number(self.rates.get(policy)) * spent.policy_computed
        on_prm = self._prm_seconds(spent, prm_name)
        per_second = _number(self.price_per_device_hour) / SECONDS_PER_HOUR
        # Without a PRM its share is 0 seconds, and no money even where no price was given.
        rent_of_prm = on_prm if prm_name is None else on_prm * per_second
        prices = self.token_prices.get(policy)
        paid = on_policy * per_second if prices is None else prices.money(spent)
        return {
            "policy_prompt_tokens": spent.policy_prompt,
            "policy_cached_tokens": spent.policy_cached,
            "policy_generated_tokens": spent.policy_generated,
            "prm_tokens": spent.prm_prompt,
            "prm_cached_tokens": spent.prm_cached,
            "flops_prompt": prompt,
            "flops_generated": generated,
            "flops_policy": prompt + generated,
            "flops_prm": prm,
            "flops": prompt + generated + prm,
            "seconds": spent.seconds,
            "device_seconds": on_policy + on_prm,
            "money": paid + rent_of_prm,
        }

    def _prm_seconds(self, spent: Spent, prm: str | None) -> Floats:
        if prm is None:
            return np.zeros_like(spent.prm_prompt)
        return _number(self.rates.get(prm)) * spent.prm_computed

    def pretraining(self, policy: str) -> float | None:
        """FLOPs of a policy's pre-training; None where its size or data are unknown."""
        size, tokens = self.sizes.get(policy), self.trained.get(policy)
        return None if size is None or tokens is None else pretraining_flops(size, tokens)


def _number(value: float | None) -> float:
    """None as NaN, so that what is unknown stays unknown through sums."""
    return float("nan") if value is None else float(value)


def known(value: float) -> float | None:
    """NaN as None."""
    return None if np.isnan(value) else value


def make_meter(frames: StoreFrames, price_per_device_hour: float | None = None) -> Meter:
    """Read sizes and speeds from a store: PRMs by their label, policies by each of theirs."""
    # One label may stand for several ids: a policy that each benchmark asks in its own words.
    labels = dict(frames.models.filter(role="prm").select("label", "model_id").iter_rows())
    for policies in (frames.series, frames.searches):
        labels |= dict(policies.select("policy", "policy_id").iter_rows())
    sizes = dict(frames.models.select("model_id", "num_parameters").iter_rows())
    trained = dict(frames.models.select("model_id", "pretraining_tokens").iter_rows())
    rates = dict(frames.rates.iter_rows())
    prices = token_prices(frames.models)
    return Meter(
        sizes={label: sizes.get(model_id) for label, model_id in labels.items()},
        trained={label: trained.get(model_id) for label, model_id in labels.items()},
        rates={label: rates[model_id] for label, model_id in labels.items() if model_id in rates},
        price_per_device_hour=price_per_device_hour,
        token_prices={
            label: prices[model_id] for label, model_id in labels.items() if model_id in prices
        },
    )
