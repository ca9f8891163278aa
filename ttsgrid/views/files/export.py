"""The frontier as files that any tool reads: tables, words, rules and the picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ttsgrid.analysis.advice.recommendation_file import write_recommendations
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.serving.by_cost_file import by_cost
from ttsgrid.views.figures.frontier import draw, save
from ttsgrid.views.words.brief import in_brief
from ttsgrid.views.words.finding import findings
from ttsgrid.views.words.headline import headline_of

GRADER_COLUMNS = dict.fromkeys(("benchmark", "grader", "equality"), pl.String)


def write_frontier(frontier: Frontier, folder: Path) -> list[Path]:
    """Write everything into a folder: tables as Parquet and CSV, words, rules, picture.

    Returns:
        The paths written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    headlines = folder / "headline.txt"
    lines = [
        f"{name}: {' '.join(in_brief(frontier, name))}\n\n{headline_of(frontier, name)}\n"
        for name in frontier.benchmarks
    ]
    headlines.write_text("".join(lines), encoding="utf-8")
    pictures = (
        save(draw(frontier.shared, findings(frontier)), folder) if frontier.benchmarks else ()
    )
    rules = write_recommendations(frontier.recommendations, folder, by_cost(frontier.contests))
    tables = _tables(frontier)
    if not frontier.rules.is_empty():
        tables["rules"] = frontier.rules
    return [*write_tables(tables, folder), headlines, rules, *pictures]


def _tables(frontier: Frontier) -> dict[str, pl.DataFrame]:
    return {
        "cells": frontier.cells.frame.drop("outcome"),
        "best_strategies": frontier.best.drop("outcome"),
        "compute_optimal": frontier.curve,
        "comparisons": frontier.comparisons,
        "search_vs_best_of_n": frontier.search_comparisons,
        "search_gain_by_policy": frontier.search_gains,
        "prm_quality": frontier.prm_quality,
        "run_outcomes": frontier.run_outcomes,
        "external": frontier.external,
        "optimism": frontier.optimism,
        "next_buy": frontier.next_buys,
        "graders": pl.DataFrame(frontier.judgings, schema=GRADER_COLUMNS),
        "difficulty": frontier.difficulty,
        "predicted_difficulty": frontier.predicted.problems,
        "difficulty_quality": frontier.predicted.quality,
        "difficulty_confusion": frontier.predicted.confusion,
    }


def write_tables(tables: Mapping[str, pl.DataFrame], folder: Path) -> list[Path]:
    """Write each table as NAME.parquet and NAME.csv; return the paths.

    Args:
        tables: name to frame.
        folder: exists; files of the same names are replaced.
    """
    written: list[Path] = []
    for name, frame in tables.items():
        paths = folder / f"{name}.parquet", folder / f"{name}.csv"
        frame.write_parquet(paths[0])
        frame.write_csv(paths[1])
        written.extend(paths)
    return written
