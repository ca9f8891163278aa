"""The analysis: a store to its compute-optimal frontier, on any laptop; shows nothing.

`analyse(store)` does all of it: `frames` read the store, `cells` estimate every cell problem
by problem with what it costs, `findings` choose and compare, `advice` predicts difficulty and
recommends, `study` sets it beside arXiv 2502.06703.

Both names are loaded when they are asked for: `recommend`, which lives in this room, then
doesn't pay for data frames.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttsgrid.analysis.frontier import Frontier, analyse

__all__ = ["Frontier", "analyse"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in __all__:
        return getattr(import_module("ttsgrid.analysis.frontier"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
