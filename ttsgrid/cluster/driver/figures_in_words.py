"""The figures of a run as one line of text."""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.cluster.driver.deaths import in_words
from ttsgrid.cluster.driver.figures import Figures, WorkerFigures

MOST_NAMED = 3


def summary(figures: Figures) -> str:
    """Return what a run made so far, what went wrong, and how fast its engines are."""
    share = f" ({figures.accuracy:.0%} correct)" if figures.accuracy is not None else ""
    return ", ".join([f"{figures.generated}{share}", *_trouble(figures), *_engines(figures)])


def some_of(labels: Sequence[str]) -> str:
    """Name workers: the first few, and how many more."""
    more = len(labels) - MOST_NAMED
    return ", ".join(labels[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _trouble(figures: Figures) -> list[str]:
    again = figures.num_handed_out_again
    return [
        *([f"{figures.num_failed} failed"] if figures.num_failed else []),
        *([in_words(figures.deaths)] if figures.deaths else []),
        *([f"{again} handed out again"] if again else []),
    ]


def _engines(figures: Figures) -> list[str]:
    workers = list(figures.workers.values())
    working = [worker for worker in workers if worker.is_alive]
    rate = sum(worker.tokens_per_s for worker in working)
    said = [f"{rate:,.0f} tokens/s{_cached(workers)}"]
    if working:
        live = sum(worker.total.running for worker in working)
        busy = sum(worker.busy_share for worker in working) / len(working)
        said.append(f"{live:,} requests live, engines {busy:.0%} busy")
    if figures.num_commits:
        said.append(f"commits {figures.mean_commit_s * 1000:,.0f} ms")
    return said


def _cached(workers: list[WorkerFigures]) -> str:
    cached = sum(worker.total.cached_prompt_tokens for worker in workers)
    computed = sum(worker.total.computed_prompt_tokens for worker in workers)
    return f" ({cached / (cached + computed):.0%} of prompts cached)" if cached else ""
