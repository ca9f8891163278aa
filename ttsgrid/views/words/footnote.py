"""How exact the numbers of a frontier are, and which costs are unknown."""

from __future__ import annotations

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.views.words.prices import unpriced_note


def footnote(cells: Cells) -> str:
    """Say what the Monte Carlo adds to what the problems leave open."""
    overall = cells.frame.filter(bin=Bin.ALL.value)
    error = overall["standard_error_mc"].to_numpy().max()
    exactness = (
        "Budgets below a pool's size are estimated from the whole pool; the Monte Carlo "
        f"error of an accuracy is at most {100 * error:.2f} points."
    )
    return " ".join(filter(None, (exactness, unpriced_note(overall.filter(competes())))))
