"""The services that a sweep is logged to (`log_to`), from its start to its end."""

from __future__ import annotations

from ttsgrid import __version__
from ttsgrid.grid.config import GridConfig


def settings_of(grid: GridConfig) -> dict[str, str]:
    """Return what tells one sweep from another, in words."""

    def listed(values: object) -> str:
        assert isinstance(values, tuple)
        return ", ".join(str(getattr(value, "name", value)) for value in values)

    axes = ("benchmarks", "policies", "prms", "strategies", "budgets", "seed")
    return {
        **{axis: listed(getattr(grid, axis)) for axis in axes},
        "store": grid.store,
        "ttsgrid": __version__,
    }
