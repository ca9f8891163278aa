"""The analysis: a store to its compute-optimal frontier, on any laptop; shows nothing.

`analyse(store)` does all of it: `frames` read the store, `cells` estimate every cell problem
by problem with what it costs, `findings` choose and compare, `advice` predicts difficulty and
recommends, `study` sets it beside arXiv 2502.06703.
"""

from ttsgrid.analysis.frontier import Frontier, analyse

__all__ = ["Frontier", "analyse"]
