"""In which order models are listed, everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.analysis.cells.cells import Cells


def by_size(cells: Cells, policies: Sequence[str]) -> list[str]:
    """Return distinct policies, the smallest first; those of unknown size before all."""
    return sorted(set(policies), key=lambda name: (cells.sizes.get(name) or 0, name))
