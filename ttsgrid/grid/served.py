"""Which models another engine serves than the one that was asked for."""

from __future__ import annotations

from collections import defaultdict

from ttsgrid.engines.start import kind_for
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import engine_of
from ttsgrid.models.prms import prm_format


def served_elsewhere(grid: GridConfig) -> list[str]:
    """Return a sentence for each head that vLLM doesn't have, so that transformers serves its PRMs.

    A head of one's own is left out: who names one knows what serves it.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for prm in grid.prms:
        head = prm_format(prm.format, f"prms.{prm.name}.format").engine_task
        told = engine_of(grid, prm).kind
        if told == "vllm" and kind_for(told, head) == "transformers":
            found[head].append(prm.name)
    return [
        f"vLLM has no {head}: {', '.join(names)} {'runs' if len(names) == 1 else 'run'} on "
        "transformers (engine.kind=transformers)."
        for head, names in found.items()
    ]
