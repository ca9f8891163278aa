"""What a store tells a plan of models that ran already: how long they write, how fast they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttsgrid.grid.preflight.expected import Length
from ttsgrid.store import StorePath, locate

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Measured:
    """What a store's units were like.

    Attributes:
        lengths: of solutions, by name of the policy and of the benchmark.
        seconds_per_token: device-seconds per computed token by name of the model and whether
            it ran on GPUs.
        block_tokens: of their engines' prefix caches, by name of the model.
    """

    lengths: Mapping[tuple[str, str], Length] = field(default_factory=dict)
    seconds_per_token: Mapping[tuple[str, bool], float] = field(default_factory=dict)
    block_tokens: Mapping[str, int] = field(default_factory=dict)


def measured_in(store: StorePath, *, is_fake: bool) -> Measured:
    """Read what a store's done units were like.

    Args:
        store: one that does not exist yet tells nothing.
        is_fake: whether the plan's engines are fakes: theirs say nothing of real ones.
    """
    if not locate(store).sizes("units"):
        return Measured()
    import polars as pl  # noqa: PLC0415 (data frames are not needed to compose a grid)

    from ttsgrid.analysis.frames.devices import read_rates  # noqa: PLC0415
    from ttsgrid.store import scan  # noqa: PLC0415

    models = (
        scan(store, "models").select("model_id", "name", "is_fake").unique("model_id").collect()
    )
    alike = models.filter(pl.col("is_fake").fill_null(False) == is_fake)
    units = scan(store, "units").filter(status="done").drop("trace", "spec", "error").collect()
    rates: dict[tuple[str, bool], float] = {}
    priced = units.with_columns(*_as_if_alone("policy"), *_as_if_alone("prm"))
    for on_gpus in (False, True):
        ran = priced.filter((pl.col("num_gpus").fill_null(0) > 0) == on_gpus)
        named = read_rates(ran).join(alike, on="model_id").select("name", "seconds_per_token")
        rates |= {(name, on_gpus): rate for name, rate in named.iter_rows()}
    return Measured(_lengths(scan(store, "solutions"), alike), rates, _blocks(units, alike))


def _as_if_alone(role: str) -> Iterator[pl.Expr]:
    """Yield what units cost alone in the place of what they cost: plans count them so."""
    import polars as pl  # noqa: PLC0415

    for kind in ("prompt", "cached", "generated"):
        own = f"{role}_{kind}_tokens"
        yield pl.coalesce(f"{role}_lone_{kind}_tokens", own).alias(own)


def computed_by(store: StorePath, units: Collection[str]) -> dict[str, int]:
    """Return what models wrote, or read, for some done units of a store, by their ids.

    Args:
        store: it holds the units.
        units: their ids.

    Returns:
        By `model_id`: tokens that a policy generated; that a PRM computed, each unit run alone.
        PRMs whose prices are unknown are left out.
    """
    import polars as pl  # noqa: PLC0415

    from ttsgrid.store import scan  # noqa: PLC0415

    done = scan(store, "units").filter(pl.col("unit_id").is_in(list(units)), status="done")
    read = pl.col("prm_lone_prompt_tokens") - pl.col("prm_lone_cached_tokens")
    wrote = done.filter(pl.col("kind") != "score").group_by(model_id="policy_id")
    judged = done.filter(pl.col("kind") != "sample").group_by(model_id="prm_id")
    sums = pl.concat(
        [
            wrote.agg(tokens=pl.col("policy_generated_tokens").sum()),
            judged.agg(tokens=pl.when(read.is_not_null().all()).then(read.sum())),
        ]
    )
    return {model: tokens for model, tokens in sums.collect().iter_rows() if tokens}


def _blocks(units: pl.DataFrame, models: pl.DataFrame) -> dict[str, int]:
    import polars as pl  # noqa: PLC0415

    found = pl.concat(
        units.select(model_id=f"{role}_id", block=f"{role}_block_tokens").drop_nulls().unique()
        for role in ("policy", "prm")
    )
    named = found.filter(pl.col("block") > 0).join(models, on="model_id").select("name", "block")
    return dict(named.iter_rows())


def _lengths(solutions: pl.LazyFrame, models: pl.DataFrame) -> dict[tuple[str, str], Length]:
    """Return the mean solution of pools: searches choose among theirs."""
    import polars as pl  # noqa: PLC0415

    own = models.lazy().select(policy_id="model_id", name="name")
    means = (
        solutions.filter(kind="sample")
        .join(own, on="policy_id")
        .group_by("name", "benchmark")
        .agg(pl.col("generated_tokens").mean(), pl.col("num_steps").mean())
    )
    rows = means.filter(pl.col("generated_tokens") > 0).collect().iter_rows()
    return {(name, on): Length(tokens, max(1.0, steps)) for name, on, tokens, steps in rows}
