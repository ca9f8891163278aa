"""Which rows compete: those of strategies that can be used without gold answers."""

from __future__ import annotations

import polars as pl

from ttsgrid.core.strategies import bound_names, greedy_names


def competes() -> pl.Expr:
    """Return whether a row's strategy may be chosen; bounds are drawn and never chosen."""
    return ~pl.col("strategy").is_in(bound_names())


def is_greedy() -> pl.Expr:
    """Return whether a row is a policy's greedy answer; its N is always 1."""
    return pl.col("strategy").is_in(greedy_names())
