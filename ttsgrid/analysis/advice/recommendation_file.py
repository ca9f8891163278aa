"""`recommendation.yaml`: the rules as a small file, and `recommend`, which reads it.

The file is self-contained. It holds, for each policy and PRM, the rules and the model
that predicts a problem's pass rate from a probe, so that whoever uses it needs neither
the store nor a gold answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ttsgrid import __version__
from ttsgrid.analysis.advice.prediction import Prediction, quality
from ttsgrid.analysis.advice.recommendation import Recommendation, Rule
from ttsgrid.analysis.cells.difficulty import EASY_FROM, MEDIUM_FROM, Bin, absolute_bins
from ttsgrid.analysis.statistics.logistic import RateModel
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS, MIN_TO_CHOOSE
from ttsgrid.core.errors import ConfigError

NAME = "recommendation.yaml"
SIGNIFICANT_DIGITS = 5
_HEADER = """\
Which strategy to use for a policy and a PRM, by predicted difficulty and budget.
Made by ttsgrid {version}; ttsgrid.analysis.recommend reads it.

How it was made. A budget is a number of solutions. Each rule names the cell that was best
among all that its budget affords, on the problems of its bin. Bins are of the pass rate
that was predicted from a probe (the first solutions of a problem: how many agree, what the
PRM says) by a model fitted to other problems: easy from {easy:g}, medium from {medium:g}.
Bins with fewer than {choose} problems, and bin all, take what is best for all problems.

How sure it is. accuracy is what choosing this way keeps on problems that had no say in the
choice (repeated 2-fold cross-fitting), low to high its 95 % interval over
problems; the interval leaves out that another store might choose another cell. It holds
for problems like those of the benchmark. sure: false means fewer than {least} problems: the
interval is then narrower than it should be. tokens and flops are means a problem, the PRM's
included, and the probe's where the strategy can't use those samples again.
"""


def write_recommendations(made: Sequence[Recommendation], folder: Path) -> Path:
    """Write `recommendation.yaml` into a folder that exists; return its path."""
    header = _HEADER.format(
        version=__version__,
        easy=EASY_FROM,
        medium=MEDIUM_FROM,
        choose=MIN_TO_CHOOSE,
        least=MIN_PROBLEMS,
    )
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    content = {"recommendations": [_entry(one) for one in made]}
    path = folder / NAME
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(f"{comment}\n{body}", encoding="utf-8")
    return path


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


def _entry(one: Recommendation) -> dict[str, Any]:
    return {
        "benchmark": one.benchmark,
        "policy": one.policy,
        "prm": one.prm,
        "num_problems": one.num_problems,
        "predictor": None if one.prediction is None else _predictor(one.prediction),
        "rules": [_plain(asdict(rule)) for rule in one.rules],
    }


def _predictor(prediction: Prediction) -> dict[str, Any]:
    """The model, and how well it does on problems it never saw."""
    model, measured = prediction.model, quality([prediction]).row(0, named=True)
    names = ("rank_correlation", "bin_agreement")
    return _plain(
        {
            "probe_size": prediction.probe_size,
            **{f"{name}{end}": measured[f"{name}{end}"] for name in names for end in _ENDS},
            "features": list(prediction.probes.names),
            "centre": model.centre.tolist(),
            "scale": model.scale.tolist(),
            "weights": model.weights.tolist(),
            "intercept": model.intercept,
        }
    )


_ENDS = ("", "_low", "_high")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers to a few digits, for people and for diffs."""
    return {name: _short(value) for name, value in values.items()}


def _short(value: object) -> object:
    if isinstance(value, list):
        return [_short(item) for item in value]
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value


def _read(path: Path | str) -> list[dict[str, Any]]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = content["recommendations"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is no file of recommendations: {error}") from error
    return found


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
