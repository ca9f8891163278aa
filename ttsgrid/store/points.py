"""Table `points`: accuracies that were published without their solutions.

A *point* is one such accuracy, measured by somebody else. It has no problems behind it,
so it can be shown beside a store's own cells but not compared with them problem by problem.
Points of one source are one file, replaced when that source is imported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ttsgrid.core.identity import content_id
from ttsgrid.store.files import Files
from ttsgrid.store.parquet import encode_rows


@dataclass(frozen=True)
class Point:
    """One published accuracy.

    Attributes:
        n: the budget, in solutions.
        setting: what else tells it from other points of its strategy, e.g. `beam=50`.
        seed: which of several runs of the same setting this is.
        accuracy: in [0, 1].
        tokens: the policy generates for a problem, all N solutions; None where unknown.
        policy_parameters, prm_parameters: for FLOPs; None where unknown.
        total_flops: pre-training and all inference together, as the source counts them.
        source: the file it came from.
    """

    benchmark: str
    policy: str
    prm: str | None
    strategy: str
    n: int
    accuracy: float
    source: str
    setting: str | None = None
    seed: str | None = None
    tokens: float | None = None
    policy_parameters: int | None = None
    prm_parameters: int | None = None
    total_flops: float | None = None


def write_points(files: Files, points: Sequence[Point]) -> None:
    """Write the points of each source, in place of what that source said before."""
    for source in sorted({point.source for point in points}):
        rows = [asdict(point) for point in points if point.source == source]
        files.put(f"points/{content_id(source)}.parquet", encode_rows("points", rows))
