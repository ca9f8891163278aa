"""The figures of a run as samples of the metrics in the catalogue: pure, and free of Ray."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ttsgrid.cluster.driver.figures import Figures, WorkerFigures
from ttsgrid.core.metrics import (
    ATTEMPTS,
    BUSY_SECONDS,
    COMMIT_SECONDS,
    DEATHS,
    LIVE_REQUESTS,
    SOLUTIONS,
    TOKENS,
    UNITS,
    WORKERS,
    Metric,
)


@dataclass(frozen=True)
class Sample:
    """One number.

    Attributes:
        value: of a counter, its total so far; of a histogram, one observation.
    """

    metric: Metric
    value: float
    tags: Mapping[str, str] = field(default_factory=dict)


def samples_of(figures: Figures) -> Iterator[Sample]:
    """Yield all that a run tells; each commit is told once."""
    yield from _of_models(figures)
    for label, worker in figures.workers.items():
        yield from _of_worker(label, worker)
    states = Counter((one.model, one.role, one.state) for one in figures.workers.values())
    for (model, role, state), number in states.items():
        yield Sample(WORKERS, number, {"model": model, "role": role, "state": state})
    while figures.commits:
        yield Sample(COMMIT_SECONDS, figures.commits.popleft())


def _of_models(figures: Figures) -> Iterator[Sample]:
    for name, model in figures.models.items():
        tags = {"model": name}
        for state, number in model.by_state.items():
            yield Sample(UNITS, number, tags | {"state": state})
        yield Sample(ATTEMPTS, model.attempts, tags)
        for cause, number in model.deaths.items():
            yield Sample(DEATHS, number, tags | {"cause": str(cause)})
        for verdict, number in (("right", model.right), ("wrong", model.wrong)):
            yield Sample(SOLUTIONS, number, tags | {"verdict": verdict})


def _of_worker(label: str, worker: WorkerFigures) -> Iterator[Sample]:
    tags = {"model": worker.model, "role": worker.role, "worker": label}
    total = worker.total
    computed = "scored" if worker.role == "prm" else "prompt"
    for kind, number in (
        ("generated", total.generated_tokens),
        (computed, total.computed_prompt_tokens),
        ("cached", total.cached_prompt_tokens),
    ):
        yield Sample(TOKENS, number, tags | {"kind": kind})
    yield Sample(LIVE_REQUESTS, total.running, tags)
    yield Sample(BUSY_SECONDS, total.busy_s, tags)
