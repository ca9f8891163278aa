"""What ran where at what cost, from table `units` alone.

A unit's seconds are the worker's own, from hand-out to result; units run side by side, so
those of a kind add up to more than anyone waited. Workers' time counts each worker once
while it ran anything; that of all places together is that of the store. Units that failed
and were not done since are counted beside those that were.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.frames.devices import worker_seconds
from ttsgrid.analysis.frames.sharing import saved_by_sharing
from ttsgrid.store import StorePath, latest_units, scan
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.numbers import duration, listed, quantity

_KINDS = {"sample": "sampling", "score": "scoring", "search": "searching"}
_TOKENS = ("prompt", "cached", "generated")
_HOST, _PROCESS = "host", "process"  # of a provenance; its other keys say with what
_UNKNOWN = "not recorded"
_TIMED = ("host", "process", "num_gpus", "provenance", "run_id", "committed_at", "seconds")


@dataclass(frozen=True)
class _Share:
    """What one worker did, and for how long; its process is None where that was not recorded."""

    process: str | None
    num_units: int
    seconds: float


def units_by_kind(store: StorePath) -> pl.DataFrame:
    """Return units, tokens and seconds of each (kind, policy, PRM), the failed apart."""
    # The latest try of each unit: one that failed and was done later counts as done.
    done = pl.col("status") == "done"
    tokens = [pl.col(f"{who}_{kind}_tokens").sum() for who in ("policy", "prm") for kind in _TOKENS]
    grouped = latest_units(store).group_by("kind", "policy", "prm")
    counted = grouped.agg(
        done.sum().alias("num_done"),
        (~done).sum().alias("num_failed"),
        pl.col("seconds").sum(),
        pl.col("policy_id").first(),
        *tokens,
    )
    sizes = scan(store, "models").select("num_parameters", policy_id="model_id").unique("policy_id")
    ordered = counted.join(sizes, on="policy_id", how="left").sort(
        "kind", "num_parameters", "policy", "prm", nulls_last=False
    )
    return ordered.drop("policy_id", "num_parameters").collect()


def busy_seconds(store: StorePath) -> float:
    """Return for how long workers ran units, summed over workers."""
    return worker_seconds(latest_units(store).select(*_TIMED).collect())


def run_tables(store: StorePath, units: pl.DataFrame) -> tuple[Table, ...]:
    """Return the tables of work, models and places.

    Args:
        store: folder or URI.
        units: from `units_by_kind`.
    """
    tables = (_work(units), _models(store), _places(store))
    return tuple(table for table in tables if table.rows)


def run_sentences(store: StorePath, units: pl.DataFrame) -> tuple[str, ...]:
    """Return when it ran and what it took altogether, one sentence each."""
    when = latest_units(store).select(
        pl.col("run_id").n_unique().alias("num_runs"),
        pl.col("committed_at").min().alias("first"),
        pl.col("committed_at").max().alias("last"),
        (pl.col("attempt") > 1).sum().alias("num_retried"),
    )
    row = when.collect().row(0, named=True)
    if not row["num_runs"]:
        return ("Nothing ran here: the store holds published results.",)
    runs = "One run" if row["num_runs"] == 1 else f"{row['num_runs']} runs"
    generated = quantity(float(units["policy_generated_tokens"].sum()))
    between = f"between {row['first']:%Y-%m-%d %H:%M} and {row['last']:%Y-%m-%d %H:%M} UTC."
    seconds = busy_seconds(store)
    if not seconds:
        return (
            f"{runs} {between}",
            f"The policies generated {generated} tokens. How long that took is not recorded: "
            "imported runs have no times.",
        )
    return (
        f"{runs} {between}",
        f"The policies generated {generated} tokens in {duration(seconds)} of worker time: each "
        "worker counts while it runs anything.",
        _retried(int(row["num_retried"])),
        *_saved(store),
    )


def _saved(store: StorePath) -> Iterator[str]:
    """What the models of the runs did not have to compute, because units share."""
    rows = saved_by_sharing(store).filter(pl.col("saved") > 0)
    parts = [
        f"{100 * row['saved']:.0f} % for {row['model']} ({quantity(row['computed_tokens'])} tokens "
        f"in place of {quantity(row['alone_tokens'])})"
        for row in rows.iter_rows(named=True)
    ]
    if parts:
        yield (
            f"Sharing prefixes and scores between units saved {listed(parts)}. The costs of cells "
            "are those of running each alone."
        )


def _retried(number: int) -> str:
    units = {0: "No unit", 1: "1 unit"}.get(number, f"{number:,} units")
    return f"{units} took more than one attempt."


def _work(units: pl.DataFrame) -> Table:
    return Table(
        "Work by kind and model",
        "One row per kind of unit, policy and PRM. Tokens are the policy's, except in the column "
        "'PRM prompt'; prompt tokens include those that came from the prefix cache and cost "
        "nothing. Unit time: from hand-out to result, added up over units that ran side by side.",
        (
            "work",
            "policy",
            "PRM",
            "units",
            "failed",
            "prompt",
            "generated",
            "PRM prompt",
            "unit time",
        ),
        3,
        tuple(_work_row(row) for row in units.iter_rows(named=True)),
    )


def _work_row(row: dict[str, object]) -> tuple[Entry, ...]:
    failed = int(str(row["num_failed"]))

    def tokens(name: str) -> str:
        return quantity(float(str(row[f"{name}_tokens"])))

    def read(who: str) -> Entry:
        cached = f"{tokens(f'{who}_cached')} cached" if row[f"{who}_cached_tokens"] else ""
        return Entry(tokens(f"{who}_prompt"), detail=cached)

    return (
        Entry(_KINDS.get(str(row["kind"]), str(row["kind"]))),
        Entry(str(row["policy"])),
        Entry(str(row["prm"] or "–")),
        Entry(f"{row['num_done']:,}"),
        Entry(f"{failed:,}", tone="bad" if failed else ""),
        read("policy"),
        Entry(tokens("policy_generated")),
        read("prm"),
        Entry(duration(float(str(row["seconds"])))),
    )


def _models(store: StorePath) -> Table:
    models = scan(store, "models").unique("model_id").sort("role", "num_parameters", "name")
    return Table(
        "Models",
        "The revision is the checkpoint's own, or the hash of its files.",
        ("model", "role", "from", "revision", "parameters"),
        4,
        tuple(
            (
                Entry(row["name"]),
                Entry({"policy": "policy", "prm": "PRM"}.get(row["role"], row["role"])),
                Entry(row["model"]),
                Entry(row["revision"][:12]),
                Entry(quantity(row["num_parameters"])),
            )
            for row in models.collect().iter_rows(named=True)
        ),
    )


def _places(store: StorePath) -> Table:
    """One row per host and environment, from the provenance of each unit."""
    units = latest_units(store).select(*_TIMED).collect()
    places: dict[tuple[str, str], list[_Share]] = defaultdict(list)
    for text, of_place in _most_units_first(units):
        provenance = json.loads(text)
        # The process tells workers apart, and would make each of them a row of its own.
        host, process = provenance.pop(_HOST, _UNKNOWN), provenance.pop(_PROCESS, None)
        share = _Share(process, num_units=len(of_place), seconds=worker_seconds(of_place))
        places[host, listed(list(_versions(provenance))) or _UNKNOWN].append(share)
    return Table(
        "Hosts and versions",
        "One row per host and set of versions.",
        ("host", "versions", "workers", "units", "worker time"),
        2,
        tuple(
            (
                Entry(host),
                Entry(versions),
                Entry("–" if any(s.process is None for s in shares) else str(len(shares))),
                Entry(f"{sum(s.num_units for s in shares):,}"),
                Entry(duration(sum(s.seconds for s in shares))),
            )
            for (host, versions), shares in places.items()
        ),
    )


def _most_units_first(units: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    groups = [
        (str(of_place["provenance"][0]), of_place) for _, of_place in units.group_by("provenance")
    ]
    return sorted(groups, key=lambda pair: (-len(pair[1]), pair[0]))


def _versions(provenance: Mapping[str, str]) -> Iterator[str]:
    for name, value in provenance.items():
        yield f"{name.replace('_', ' ')} {value}"
