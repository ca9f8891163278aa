"""A run's figures as the few numbers that a service which keeps runs is told."""

from __future__ import annotations

from ttsgrid.cluster.driver.figures import Figures


def tracked(figures: Figures) -> dict[str, float]:
    """Return the figures by name; `/` divides groups, as such services draw them."""
    models = figures.models.values()
    told: dict[str, float] = {
        "units/done": sum(model.done for model in models),
        "units/failed": figures.num_failed,
        "units/left": sum(model.left for model in models),
        "workers/deaths": figures.deaths.total(),
    }
    if (accuracy := figures.accuracy) is not None:
        told["solutions/accuracy"] = accuracy
    for label, worker in figures.workers.items():
        told[f"tokens_per_s/{label}"] = worker.tokens_per_s
        told[f"tokens/{label}"] = (
            worker.total.generated_tokens + worker.total.computed_prompt_tokens
        )
    return told
