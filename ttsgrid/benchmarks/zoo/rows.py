"""The zoo's test problems as rows of a benchmark: what `conf/benchmark/zoo.yaml` names."""

from __future__ import annotations

from collections.abc import Iterator

from ttsgrid.benchmarks.zoo.task import test_set


def test_rows(num_problems: int, seed: int) -> Iterator[dict[str, object]]:
    """Yield the problems of a test set, levels in turn; a larger set begins with a smaller."""
    for recipe in test_set(num_problems, seed):
        yield {"question": recipe.question, "answer": recipe.answer, "level": recipe.level}
