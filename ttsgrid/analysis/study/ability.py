"""TTS performance against PRM ability: Figure 6 of arXiv 2502.06703, section 4.2.

Ability is F1 of first-error detection (`ttsgrid.analysis.judging.ability`); performance is the
accuracy of compute-optimal TTS with that PRM, chosen on other problems than it is scored on.
As in the study a curve `a * log(ability) + b` is fitted, here for each policy that has three
PRMs or more, by least squares.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from ttsgrid.analysis.findings.contests import ANY_PRM
from ttsgrid.analysis.frames.labels import configured_name
from ttsgrid.analysis.judging.ability import SETTING, Ability
from ttsgrid.analysis.study.summary import Row, Study
from ttsgrid.analysis.study.table import StudyTable
from ttsgrid.core.errors import ConfigError

MIN_PRMS = 3
ABILITY_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "num_parameters": pl.Int64,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "f1": pl.Float64,
    "f1_low": pl.Float64,
    "f1_high": pl.Float64,
    "accuracy": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "fit_slope": pl.Float64,
    "fit_intercept": pl.Float64,
    "fitted": pl.Float64,
}


def ability(study: Study) -> pl.DataFrame:
    """Return `known_ability`, and refuse to show nothing.

    Raises:
        ConfigError: no ability is known of any PRM here.
    """
    known = known_ability(study)
    if known.is_empty():
        raise ConfigError(
            f"{SETTING}: no file says how well {_prms(study)} find first wrong steps; "
            "`python -m ttsgrid.prm_bench` writes one"
        )
    return known


def known_ability(study: Study) -> pl.DataFrame:
    """Return one row per (policy, PRM) whose ability is known.

    Returns:
        Columns `ABILITY_SCHEMA`: F1 and accuracies in [0, 1], the PRM's parameters, and the
        policy's curve `fit_slope * log(f1) + fit_intercept`, which is `fitted` at this PRM;
        null where a policy has fewer than three PRMs.
    """
    rows = [row for best in study.optimal for row in _rows(study, best.point)]
    frame = pl.DataFrame(rows, schema=ABILITY_SCHEMA)
    policies = frame.partition_by("benchmark", "policy", maintain_order=True)
    return pl.concat([frame.clear(), *(_fitted(policy) for policy in policies)])


def _prms(study: Study) -> str:
    found = {best.point["prm"] for best in study.optimal} - {None, ANY_PRM}
    return ", ".join(sorted(found)) or "PRMs"


def _rows(study: Study, point: Row) -> Sequence[Row]:
    known = _ability_of(study, point["prm"])
    if known is None:
        return ()
    return (
        {
            **{name: point[name] for name in ABILITY_SCHEMA if name in point},
            "num_parameters": study.cells.sizes.get(point["prm"]),
            "f1": known.f1,
            "f1_low": known.low,
            "f1_high": known.high,
        },
    )


def _ability_of(study: Study, prm: str | None) -> Ability | None:
    """By the label, which tells apart two PRMs of one name, else by that name."""
    if prm is None:
        return None
    return study.abilities.get(prm) or study.abilities.get(configured_name(prm))


def _fitted(policy: pl.DataFrame) -> pl.DataFrame:
    able = policy.filter(pl.col("f1") > 0)  # of 0 there is no logarithm
    if able["f1"].n_unique() < MIN_PRMS:
        return policy
    logs = np.log(able["f1"].to_numpy())
    slope, intercept = np.polyfit(logs, able["accuracy"].to_numpy(), 1)
    curve = pl.when(pl.col("f1") > 0).then(pl.col("f1").log() * slope + intercept)
    return policy.with_columns(
        fit_slope=pl.lit(float(slope)), fit_intercept=pl.lit(float(intercept)), fitted=curve
    )


PRM_ABILITY = StudyTable(
    "TTS performance against PRM ability",
    "F1: how well the PRM finds first wrong steps, as the file of --prm-ability says. Accuracy: "
    "compute-optimal TTS with that PRM, chosen on problems other than those it is scored on. "
    "Fitted: a policy's curve from three PRMs on, intercept plus slope times the natural "
    "logarithm of F1, F1 in [0, 1] there. All in %.",
    ability,
)
