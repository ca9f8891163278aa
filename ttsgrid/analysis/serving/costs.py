"""Latency and memory traffic of a cell, beside its FLOPs and money.

* Latency in tokens: the policy's on the critical path (`ttsgrid.analysis.serving.paths`).
* Latency in seconds: (tokens + turns) x seconds per token of a chain, plus what the PRM reads
  x its seconds per token. A turn's reading is taken for one pass.
* Memory traffic: with few requests in flight an engine's time is that of reading weights and
  keys and values from memory (Pope et al. 2022, arXiv 2211.05102, section 2). One pass of a
  batch reads the weights once, whatever the batch:

    policy: (tokens + turns) x bytes of weights
            + (context reads + generated x question) x bytes of keys and values per token
    PRM:    calls x bytes of weights

  So a small model that writes long reads its weights as often as it writes, which FLOPs don't
  show, and many samples side by side read them no more often than the longest alone.

All are of the cell run alone, one problem at a time, as its price is. Null where unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.analysis.serving.path_tables import Paths, PathTables
from ttsgrid.analysis.serving.speeds import Speeds
from ttsgrid.core.cell import CellKey
from ttsgrid.core.voting import Floats

FLOPS, MONEY = "flops", "money"
LATENCY_TOKENS, LATENCY_SECONDS = "latency_tokens", "latency_seconds"
MEMORY = "memory_bytes"
AXES = (FLOPS, MONEY, LATENCY_TOKENS, LATENCY_SECONDS, MEMORY)
_UNKNOWN = float("nan")


@dataclass(frozen=True)
class ServingMeter:
    """What cells cost on each of `AXES`.

    Attributes:
        cells: whose meter counts FLOPs and money.
        tables: critical paths.
        speeds: of models.
    """

    cells: Cells
    tables: PathTables
    speeds: Speeds

    @cached_property
    def _paths(self) -> dict[CellKey, Paths]:
        return {}

    def columns(self, outcome: Outcome) -> dict[str, Floats]:
        """Return what a cell costs on each axis by problem, shape (P,); NaN where unknown."""
        key = outcome.key._replace(aggregation=None, vote=None)
        # Ways to score and vote share their samples, and so their path.
        paths = self._paths.setdefault(key, self._paths.get(key) or self.tables.of(key))
        return self.columns_on(outcome, paths)

    def columns_on(self, outcome: Outcome, paths: Paths) -> dict[str, Floats]:
        """Return the same of whatever takes these paths, such as a rule."""
        key = outcome.key
        counted = self.cells.meter.columns(outcome)
        return {
            FLOPS: counted[FLOPS],
            MONEY: counted[MONEY],
            LATENCY_TOKENS: paths.tokens,
            LATENCY_SECONDS: self._seconds(key, paths, outcome.spent.prm_computed),
            MEMORY: self._memory(key, paths),
        }

    def _seconds(self, key: CellKey, paths: Paths, prm_tokens: Floats) -> Floats:
        chain = self.speeds.chain.get(key.policy, _UNKNOWN) * (paths.tokens + paths.turns)
        if key.prm is None:
            return chain
        return np.asarray(chain + self.speeds.reading.get(key.prm, _UNKNOWN) * prm_tokens)

    def _memory(self, key: CellKey, paths: Paths) -> Floats:
        weights = self.speeds.weights.get(key.policy, _UNKNOWN) * (paths.tokens + paths.turns)
        reads = paths.context_reads + paths.generated * paths.question
        kv_bytes = self.speeds.kv_bytes.get(key.policy, 0.0)
        # An unknown question is unknown to the keys and values alone.
        policy = weights + (kv_bytes * reads if kv_bytes else 0.0)
        if key.prm is None:
            return np.asarray(policy)
        return np.asarray(policy + self.speeds.weights.get(key.prm, _UNKNOWN) * paths.prm_calls)
