"""From a store to its frontier in one call: load, estimate, choose, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polars as pl
from rich.console import Console

from ttsgrid.frontier.cells import Cells, make_cells, no_cells
from ttsgrid.frontier.common import on_common_ground
from ttsgrid.frontier.comparisons import compare
from ttsgrid.frontier.difficulty_table import measured_difficulty
from ttsgrid.frontier.equivalence import store_equivalence
from ttsgrid.frontier.export import write_tables
from ttsgrid.frontier.external import external_points, external_table, note
from ttsgrid.frontier.figures import draw, save
from ttsgrid.frontier.load import StoreFrames, holds_solutions, load
from ttsgrid.frontier.optimism import optimism, optimism_table
from ttsgrid.frontier.outcomes import Outcome, pool_outcomes
from ttsgrid.frontier.prediction import PredictedDifficulty, predictions, tabulate
from ttsgrid.frontier.prediction_table import quality_table
from ttsgrid.frontier.recommendation import Recommendation, recommendations
from ttsgrid.frontier.recommendation_file import write_recommendations
from ttsgrid.frontier.rivals import RIVALS_SCHEMA, against_best_of_n
from ttsgrid.frontier.selection import best_strategies, compute_optimal
from ttsgrid.frontier.sentences import headline
from ttsgrid.frontier.solutions import Equivalence
from ttsgrid.frontier.tables import accuracy_table, best_table, footnote
from ttsgrid.frontier.tree_outcomes import search_outcomes
from ttsgrid.store import StorePath


@dataclass(frozen=True)
class Frontier:
    """What a store says.

    Attributes:
        cells: every cell with its interval and cost, overall and by difficulty, each
            on the problems that it ran on.
        shared: the same on the problems that all cells of a benchmark share, for
            whatever sets one accuracy against another.
        best: the best strategy of each (policy, PRM, N, bin), chosen in-sample.
        curve: the compute-optimal accuracy of each (policy, PRM, N), cross-fitted.
        comparisons: smaller policies with TTS against larger ones' CoT.
        rivals: searches against best-of-N at the same N (`ttsgrid.frontier.rivals`).
        external: published points beside them (`ttsgrid.frontier.external`).
        difficulty: each problem's pass@1, absolute bin and quantile, a policy at a time.
        predicted: difficulty without the gold answer, and how well it is predicted.
        optimism: what the curve promises in hindsight, and what can be kept of it.
        recommendations: which strategy to use where.
    """

    cells: Cells
    shared: Cells
    best: pl.DataFrame
    curve: pl.DataFrame
    comparisons: pl.DataFrame
    rivals: pl.DataFrame
    external: pl.DataFrame
    difficulty: pl.DataFrame
    predicted: PredictedDifficulty
    optimism: pl.DataFrame
    recommendations: Sequence[Recommendation]

    @property
    def benchmarks(self) -> list[str]:
        """Names of the benchmarks that the store's cells are on."""
        return self.cells.frame["benchmark"].unique().sort().to_list()

    def headline(self, benchmark: str) -> str:
        """Say whether small beats large on a benchmark, and how sure that is."""
        return " ".join(self.headline_paragraphs(benchmark))

    def headline_paragraphs(self, benchmark: str) -> tuple[str, ...]:
        """Return the headline in paragraphs, what matters most first."""
        overall = self.cells.frame.filter(benchmark=benchmark)
        num_problems = int(overall["num_problems"].to_numpy().max(initial=0))
        return headline(self.comparisons.filter(benchmark=benchmark), num_problems)

    def print(self, console: Console) -> None:
        """Print the tables and the headline of each benchmark."""
        for benchmark in self.benchmarks:
            console.print(accuracy_table(self.cells, benchmark))
            console.print(best_table(self.cells, self.best, self.curve, benchmark))
            if not self.optimism.filter(benchmark=benchmark).is_empty():
                console.print(optimism_table(self.optimism, benchmark))
            if not self.predicted.quality.filter(benchmark=benchmark).is_empty():
                console.print(quality_table(self.predicted.quality, benchmark))
            console.print(f"[bold]{benchmark}:[/bold] {self.headline(benchmark)}", highlight=False)
        if self.benchmarks:
            console.print(footnote(self.cells), style="dim", highlight=False)
        for benchmark in self.external["benchmark"].unique().sort():
            console.print(external_table(self.external, benchmark))
        if not self.external.is_empty():
            console.print(note(self.external), style="dim", highlight=False)

    def write(self, folder: Path) -> list[Path]:
        """Write everything into a folder: tables as Parquet and CSV, words, rules, picture.

        Returns:
            The paths written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        tables = {
            "cells": self.cells.frame.drop("outcome"),
            "best_strategies": self.best.drop("outcome"),
            "compute_optimal": self.curve,
            "comparisons": self.comparisons,
            "search_vs_best_of_n": self.rivals,
            "external": self.external,
            "optimism": self.optimism,
            "difficulty": self.difficulty,
            "predicted_difficulty": self.predicted.problems,
            "difficulty_quality": self.predicted.quality,
            "difficulty_confusion": self.predicted.confusion,
        }
        said = folder / "headline.txt"
        lines = [f"{benchmark}: {self.headline(benchmark)}\n" for benchmark in self.benchmarks]
        said.write_text("".join(lines), encoding="utf-8")
        pictures = save(draw(self.shared), folder) if self.benchmarks else ()
        rules = write_recommendations(self.recommendations, folder)
        return [*write_tables(tables, folder), said, rules, *pictures]


def analyse(
    store: StorePath,
    equivalence_for: Callable[[str], Equivalence] | None = None,
    budgets: Sequence[int] | None = None,
    price_per_device_hour: float | None = None,
) -> Frontier:
    """Compute the frontier of a store.

    Args:
        store: folder or URI.
        equivalence_for: a benchmark's name to its equivalence of answers; None for what
            the store or the benchmark's name says.
        budgets: N of the cells; None for the powers of 4 up to each pool's size, and
            that size, and the searches' own.
        price_per_device_hour: of a GPU (or of an engine without one), in any currency.

    Raises:
        StoreError: the store holds neither solutions nor published points yet.
    """
    external = external_points(store)
    if external.is_empty() or holds_solutions(store):
        frames = load(store, equivalence_for or store_equivalence(store))
        cells = make_cells(frames, _outcomes(frames, budgets), price_per_device_hour)
        found, problem_ids = predictions(frames), frames.problems["problem_id"].to_list()
        rivals = against_best_of_n(frames, cells.meter)
    else:
        cells, found, problem_ids = no_cells(), [], []
        rivals = pl.DataFrame(schema=RIVALS_SCHEMA)
    return Frontier(
        cells=cells,
        shared=on_common_ground(cells),
        best=best_strategies(cells),
        curve=compute_optimal(cells),
        comparisons=compare(cells),
        rivals=rivals,
        external=external,
        difficulty=measured_difficulty(cells, problem_ids),
        predicted=tabulate(found, problem_ids),
        optimism=optimism(cells, found),
        recommendations=recommendations(cells, found),
    )


def _outcomes(frames: StoreFrames, budgets: Sequence[int] | None) -> Iterator[Outcome]:
    return chain(pool_outcomes(frames, budgets), search_outcomes(frames, budgets))
