"""Reads `recommendation.yaml`: what to do with a problem, and how hard it seems.

It runs where solutions are served, so it loads numpy and a YAML parser and nothing of the
analysis (a first prediction also scipy's special functions), and parses a file once for as
long as it stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ttsgrid.analysis.advice.rules import Rule
from ttsgrid.analysis.cells.difficulty import Bin, absolute_bins
from ttsgrid.analysis.statistics.logistic import RateModel
from ttsgrid.core.errors import ConfigError


def recommend(
    path: Path | str,
    policy: str,
    prm: str | None,
    predicted_pass_rate: float | None,
    budget: int,
    benchmark: str | None = None,
) -> Rule:
    """Return what to do with a problem.

    Args:
        path: a `recommendation.yaml`.
        policy: its label in the file.
        prm: the PRM's label; None to go without one.
        predicted_pass_rate: from `predict_pass_rate`, in [0, 1]; None where unknown.
        budget: solutions to spend; the largest budget of the file that fits is used.
        benchmark: whose rules; may be left out where the file has one benchmark.

    Raises:
        ConfigError: the file has no such rules; the message names those it has.
    """
    entry = _find(_read(path), policy, prm, benchmark)
    rules = [Rule(**rule) for rule in entry["rules"]]
    budgets = sorted({rule.budget for rule in rules if rule.budget <= budget})
    if not budgets:
        least = min(rule.budget for rule in rules)
        raise ConfigError(f"budget: the smallest that {path} has rules for is {least}")
    by_bin = {rule.bin: rule for rule in rules if rule.budget == budgets[-1]}
    return by_bin.get(_bin(predicted_pass_rate), by_bin[Bin.ALL.value])


def recommend_within(
    path: Path | str, axis: str, budget: float, benchmark: str | None = None
) -> dict[str, Any]:
    """Return the best cell of all policies within a budget that is no number of solutions.

    Args:
        path: a `recommendation.yaml`, or the `recommendation_by_cost.yaml` of
            `python -m ttsgrid.recommend`, in which replayed rules take part.
        axis: what the budget counts: `flops`, `money`, `latency_tokens`, `latency_seconds` or
            `memory_bytes`.
        budget: mean per problem.
        benchmark: whose problems; may be left out where the file has one benchmark.

    Returns:
        Its entry in the file: policy, prm, strategy and so on, accuracy, low, high and costs.

    Raises:
        ConfigError: the file knows no such budget; the message names those it has.
    """
    entries = _content(path).get("by_cost") or []
    of = sorted({entry["benchmark"] for entry in entries})
    if benchmark is None and len(of) > 1:
        raise ConfigError(f"benchmark: say which; {path} has {', '.join(of)}")
    own = [entry for entry in entries if benchmark in (None, entry["benchmark"])]
    on_axis = [entry for entry in own if entry["axis"] == axis]
    if not on_axis:
        known = ", ".join(dict.fromkeys(entry["axis"] for entry in own)) or "none"
        raise ConfigError(f"axis: {path} has no budgets in {axis}; there are: {known}")
    able: list[dict[str, Any]] = [entry for entry in on_axis if entry["budget"] <= budget]
    if not able:
        least = min(entry["budget"] for entry in on_axis)
        raise ConfigError(f"budget: the smallest in {axis} that {path} knows is {least:g}")
    return max(able, key=lambda entry: float(entry["budget"]))


def predict_pass_rate(
    path: Path | str,
    policy: str,
    prm: str | None,
    features: Mapping[str, float],
    benchmark: str | None = None,
) -> float:
    """Return a new problem's predicted pass rate from its probe.

    Args:
        path: a `recommendation.yaml`.
        policy: its label in the file.
        prm: the PRM's label; None to go without one.
        features: as the file's predictor names them: `agreement`, the share of the probe
            that gives its most frequent answer; with a PRM `mean_min_score` and
            `mean_last_score`, the probe's means of the lowest and the last step score.
        benchmark: as in `recommend`.

    Raises:
        ConfigError: there is no predictor, or a feature is missing.
    """
    predictor = _find(_read(path), policy, prm, benchmark)["predictor"]
    if predictor is None:
        raise ConfigError(f"{path} has no predictor for {policy}: too few problems were run")
    missing = [name for name in predictor["features"] if name not in features]
    if missing:
        raise ConfigError(f"features: {missing[0]} is missing")
    model = RateModel(
        centre=np.array(predictor["centre"]),
        scale=np.array(predictor["scale"]),
        weights=np.array(predictor["weights"]),
        intercept=predictor["intercept"],
    )
    row = np.array([[features[name] for name in predictor["features"]]])
    return float(model.predict(row)[0])


def _read(path: Path | str) -> list[dict[str, Any]]:
    content = _content(path)
    if "recommendations" not in content:
        raise ConfigError(f"{path} is no file of recommendations: it has no `recommendations`")
    found: list[dict[str, Any]] = content["recommendations"]
    return found


def _content(path: Path | str) -> dict[str, Any]:
    try:
        written = Path(path).stat()
        content = _parsed(Path(path), written.st_mtime_ns, written.st_size)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is no file of recommendations: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} is no file of recommendations: it holds no names with values")
    return content


@lru_cache(maxsize=8)  # the zoo's file takes 0.3 s to parse
def _parsed(path: Path, written_ns: int, num_bytes: int) -> object:
    """The file's content; parsed anew when its time or size changes."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _find(
    entries: list[dict[str, Any]], policy: str, prm: str | None, benchmark: str | None
) -> dict[str, Any]:
    asked = [e for e in entries if benchmark is None or e["benchmark"] == benchmark]
    found = [entry for entry in asked if (entry["policy"], entry["prm"]) == (policy, prm)]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(entry["benchmark"] for entry in found)
        raise ConfigError(f"benchmark: say which; {policy} has rules for {choices}")
    choices = ", ".join(f"{e['policy']} with {e['prm'] or 'no PRM'}" for e in asked)
    raise ConfigError(f"no rules for {policy} with {prm or 'no PRM'}; there are: {choices}")


def _bin(predicted_pass_rate: float | None) -> str:
    if predicted_pass_rate is None:
        return Bin.ALL.value
    if not 0.0 <= predicted_pass_rate <= 1.0:
        raise ConfigError(f"predicted_pass_rate must be in [0, 1], not {predicted_pass_rate}")
    return str(absolute_bins(np.array([predicted_pass_rate]))[0])
