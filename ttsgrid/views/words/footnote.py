"""How exact the numbers of a frontier are, in a sentence."""

from __future__ import annotations

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin


def footnote(cells: Cells) -> str:
    """Say what the Monte Carlo adds to what the problems leave open."""
    overall = cells.frame.filter(bin=Bin.ALL.value)
    error = overall["standard_error_mc"].to_numpy().max()
    said = (
        "Budgets below a pool's size are estimated from the whole pool; the Monte Carlo "
        f"error of an accuracy is at most {100 * error:.2f} points."
    )
    unknown = overall["policy_prompt_tokens"].null_count()
    if not unknown:
        return said
    return (
        f"{said} What {unknown} of {len(overall)} cells cost is unknown: the store was written "
        "before units recorded what they cost run alone."
    )
