"""The study's own figures, to stand beside ours where a store holds the same models.

`paper.csv` is transcribed from Tables 1 and 3 to 6 of arXiv 2502.06703, as printed (its
Tables 3 and 5 disagree on some accuracies). Column `policy` names the model as
`conf/policy` does; empty where this project has no config for it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import polars as pl

from ttsgrid.analysis.frames.labels import configured_name

SOURCE = "arXiv 2502.06703"


@lru_cache(maxsize=1)
def paper_figures() -> pl.DataFrame:
    """Return every transcribed figure: table, model, policy, prm, benchmark, method, quantity."""
    with (files(__package__) / "paper.csv").open("rb") as file:
        return pl.read_csv(file, schema_overrides={"table": pl.Int64, "value": pl.Float64})


def paper_figure(
    table: int,
    policy: str,
    benchmark: str,
    method: str,
    quantity: str = "accuracy",
    prm: str | None = None,
) -> float | None:
    """Return what the study printed, None where it printed nothing of the sort.

    Args:
        table: its number.
        policy: label of a policy in a store; what tells labels apart is left out.
        benchmark: as in `conf/benchmark`.
        method: CoT, majority, TTS or long CoT.
        quantity: accuracy (in percent) or one of FLOPs or gains.
        prm: label of the PRM; only some rows of Table 6 name one.
    """
    figures = paper_figures().filter(
        pl.col("prm").is_null() | pl.col("prm").eq_missing(pl.lit(prm, pl.String)),
        table=table,
        policy=configured_name(policy),
        benchmark=benchmark,
        method=method,
        quantity=quantity,
    )
    return None if figures.is_empty() else float(figures["value"].item())


def training_tokens(prm: str) -> dict[str, float]:
    """Return Table 1's mean tokens per `response` and per `step` of a PRM's training data.

    Args:
        prm: label of a PRM in a store; empty for those that the table doesn't have.
    """
    figures = paper_figures().filter(table=1, prm=configured_name(prm))
    return dict(figures.select("quantity", "value").iter_rows())
