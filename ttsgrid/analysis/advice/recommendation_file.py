"""`recommendation.yaml`: the rules as a small file; `ttsgrid.analysis.advice.recommend` reads it.

The file is self-contained. It holds, for each policy and PRM, the rules and the model
that predicts a problem's pass rate from a probe, so that whoever uses it needs neither
the store nor a gold answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from ttsgrid import __version__
from ttsgrid.analysis.advice.prediction import Prediction, quality
from ttsgrid.analysis.advice.recommendation import Recommendation
from ttsgrid.analysis.cells.difficulty import EASY_FROM, MEDIUM_FROM
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS, MIN_TO_CHOOSE

NAME = "recommendation.yaml"
SIGNIFICANT_DIGITS = 5
_HEADER = """\
Which strategy to use for a policy and a PRM, by predicted difficulty and budget.
Made by ttsgrid {version}; ttsgrid.frontier.recommend reads it.

How it was made. A budget is a number of solutions. Each rule names the cell that was best
among all that its budget affords, on the problems of its bin. Bins are of the pass rate
that was predicted from a probe (the first solutions of a problem: how many agree, what the
PRM says) by a model fitted to other problems: easy from {easy:g}, medium from {medium:g}.
Bins with fewer than {choose} problems, and bin all, take what is best for all problems.

Why there may be no bins. Telling them apart costs a probe and, where it brings nothing, luck.
A budget has rules for its bins only if choosing by predicted difficulty beats one strategy for
all problems, both scored on problems that had no say in the choice: splits gives the gain and
its paired 95 % interval, alone and adjusted for all cases that were looked at; pays is true
where the adjusted one lies above zero on at least {least} problems.
Here that is so for {paying} of {splits}.

How sure it is. accuracy is what choosing this way keeps on problems that had no say in the
choice (repeated 2-fold cross-fitting), low to high its 95 % interval over problems; the
interval leaves out that another store might choose another cell. It holds for problems like
those of the benchmark. sure: false means fewer than {least} problems, too few for any claim.
tokens and flops are means per problem, the PRM's included, and the probe's where the strategy
can't use those samples again.

by_cost, at the end, counts budgets in FLOPs, money, latency or memory traffic instead, means per
problem, and names the best cell of all policies: take the last entry of an axis whose budget you
can pay (ttsgrid.frontier.recommend_within does).
"""


def write_recommendations(
    made: Sequence[Recommendation], folder: Path, by_cost: Sequence[Mapping[str, Any]] = ()
) -> Path:
    """Write `recommendation.yaml`.

    Args:
        made: the rules by N.
        folder: exists.
        by_cost: what to use at each budget of FLOPs and so on, of all policies.

    Returns:
        Its path.
    """
    header = _HEADER.format(
        version=__version__,
        easy=EASY_FROM,
        medium=MEDIUM_FROM,
        choose=MIN_TO_CHOOSE,
        least=MIN_PROBLEMS,
        paying=sum(split.pays for one in made for split in one.splits),
        splits=sum(len(one.splits) for one in made),
    )
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    content = {"recommendations": [_entry(one) for one in made], "by_cost": list(by_cost)}
    path = folder / NAME
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(f"{comment}\n{body}", encoding="utf-8")
    return path


def _entry(one: Recommendation) -> dict[str, Any]:
    return {
        "benchmark": one.benchmark,
        "policy": one.policy,
        "prm": one.prm,
        "num_problems": one.num_problems,
        "predictor": None if one.prediction is None else _predictor(one.prediction),
        "splits": [_plain(asdict(split)) for split in one.splits],
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
