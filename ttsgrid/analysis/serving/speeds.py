"""How fast models are and what they read from memory: measured by a store, or stated.

* Seconds per token of a chain: stated, or the wall time of a policy's greedy solutions over
  their tokens. That is what a request waited in that run, beside all the others in flight.
* Seconds per token that a PRM reads: stated, or its device's rate
  (`ttsgrid.analysis.frames.devices`).
* Bytes per parameter: of the dtype that the store recorded, else two (bfloat16).
* Bytes of keys and values per token of context: stated, 2 x layers x key-value heads x head
  size x bytes of a number. No store knows them; unstated they count as 0, so that memory
  traffic is that of the weights alone, which is then said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.frames.labels import configured_name
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.checks import require_choice
from ttsgrid.store import StorePath, described_models

BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "fp8": 1.0, "float8_e4m3fn": 1.0}
USUAL_BYTES = 2.0


@dataclass(frozen=True)
class Stated:
    """What a user states of models, by their name in the configuration.

    Attributes:
        tokens_per_second: of one chain of a policy; that a PRM reads.
        kv_bytes: of keys and values, per token of context.
    """

    tokens_per_second: Mapping[str, float] = field(default_factory=dict)
    kv_bytes: Mapping[str, float] = field(default_factory=dict)


NOTHING_STATED = Stated()


@dataclass(frozen=True)
class Speeds:
    """By label of a model; what is unknown is missing, but for `kv_bytes`.

    Attributes:
        chain: seconds per token of one chain of a policy.
        reading: seconds per token that a PRM reads.
        weights: bytes of a model's weights.
        kv_bytes: per token of context.
    """

    chain: Mapping[str, float]
    reading: Mapping[str, float]
    weights: Mapping[str, float]
    kv_bytes: Mapping[str, float]


def find_speeds(store: StorePath, frames: StoreFrames, cells: Cells, stated: Stated) -> Speeds:
    """Return what is known of a store's models.

    Raises:
        ConfigError: something is stated of a model that the store hasn't.
    """
    meter = cells.meter
    known = sorted({configured_name(label) for label in meter.sizes})
    for setting, given in (
        ("--tokens-per-second", stated.tokens_per_second),
        ("--kv-bytes", stated.kv_bytes),
    ):
        for name in given:
            require_choice(setting, name, known)
    by_id = dict(described_models(store).select("model_id", "dtype").collect().iter_rows())
    dtypes = {label: by_id.get(model_id) for label, model_id in _ids(frames).items()}
    fast = {
        label: 1 / stated.tokens_per_second[configured_name(label)]
        for label in meter.sizes
        if configured_name(label) in stated.tokens_per_second
    }
    return Speeds(
        chain={**_greedy_seconds(frames), **fast},
        reading={**meter.rates, **fast},
        weights={
            label: size * BYTES.get(dtypes.get(label) or "", USUAL_BYTES)
            for label, size in meter.sizes.items()
            if size is not None
        },
        kv_bytes={label: stated.kv_bytes.get(configured_name(label), 0.0) for label in meter.sizes},
    )


def _ids(frames: StoreFrames) -> dict[str, str]:
    labels = dict(frames.models.filter(role="prm").select("label", "model_id").iter_rows())
    for policies in (frames.series, frames.searches):
        labels |= dict(policies.select("policy", "policy_id").iter_rows())
    return labels


def _greedy_seconds(frames: StoreFrames) -> dict[str, float]:
    """Wall seconds over tokens of the greedy solutions; policies without any are missing."""
    greedy = frames.series.filter("greedy").select("series", "policy")
    waited = frames.seconds.filter(pl.col("prm").is_null()).join(greedy, on="series")
    tokens = frames.solutions.join(greedy, on="series").group_by("series", "problem")
    written = tokens.agg(tokens=pl.col("generated_tokens").sum())
    sums = (
        waited.join(written, on=["series", "problem"])
        .group_by("policy")
        .agg(pl.col("seconds_per_sample").sum(), pl.col("tokens").sum())
        .filter(pl.col("tokens") > 0, pl.col("seconds_per_sample") > 0)
    )
    return {policy: seconds / tokens for policy, seconds, tokens in sums.iter_rows()}
