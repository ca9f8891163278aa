"""Writes `recommendation_by_cost.yaml`: what to use at each budget of FLOPs, money or latency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from ttsgrid.analysis.serving.contest import Contest, Pick
from ttsgrid.analysis.serving.costs import AXES

NAME = "recommendation_by_cost.yaml"
SIGNIFICANT_DIGITS = 6
_HEADER = """\
# What to use at each budget, of all policies, PRMs, strategies, N and replayed rules together.
# A budget is a mean per problem: flops, money, latency_tokens (the policy's on the critical path),
# latency_seconds or memory_bytes. Take the last entry of an axis whose budget you can pay.
# accuracy is what choosing within the budget keeps on problems that had no say in the choice
# (repeated 2-fold cross-fitting), low to high its 95 % interval over problems; the cell or rule
# that is named is the best on all problems. sure: false means too few problems for any claim.
# costs are those of what is named; null is unknown. smaller is the smaller policy of a rule that
# asks two; usual a rule with the parameter that serves most problems, where it is chosen.
"""


def write_by_cost(made: Sequence[Contest], folder: Path) -> Path:
    """Write the file into a folder, which is made; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    content = {"by_cost": by_cost(made)}
    path.write_text(f"{_HEADER}\n{yaml.safe_dump(content, sort_keys=False)}", encoding="utf-8")
    return path


def by_cost(made: Sequence[Contest]) -> list[dict[str, Any]]:
    """Return what to use at each budget on each axis, as numbers and names."""
    return [entry for one in made for entry in _entries(one)]


def _entries(contest: Contest) -> Iterable[dict[str, Any]]:
    for axis in AXES:
        for pick in contest.frontier(axis):
            yield {"benchmark": contest.benchmark, "axis": axis, **as_plain(pick)}


def as_plain(pick: Pick) -> dict[str, Any]:
    """Return a pick as numbers and names."""
    key = pick.best.key._asdict()
    del key["benchmark"]
    return {
        "budget": _short(pick.budget),
        **key,
        "is_rule": pick.best.is_rule,
        "smaller": pick.best.smaller,
        "usual": pick.best.usual,
        "accuracy": _short(pick.accuracy),
        "low": _short(pick.low),
        "high": _short(pick.high),
        "costs": {axis: _short(cost) for axis, cost in pick.best.costs.items()},
        "num_problems": len(pick.best.accuracy),
        "sure": pick.sure,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{SIGNIFICANT_DIGITS}g}")
