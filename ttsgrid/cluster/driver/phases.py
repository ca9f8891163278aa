"""What a replica does, in the words of the progress table, and in a log's."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ttsgrid.core.spent import Stage
from ttsgrid.engines.spec import EngineSpec


class Phase(StrEnum):
    """What a replica does, in the words of the progress line."""

    LINE = "waits for room"
    PLACING = "waits for a node"
    LOADING = "starts"
    WORKING = "works"
    DONE = "done"


LEAST_S = 0.5  # what took less is not worth a word


def line_of(
    phase: Phase, engine: EngineSpec, seconds_before: float, stages_s: Mapping[Stage, float]
) -> str:
    """Return what a log says of a phase as it begins.

    Nothing of waiting: that is said once it is long, of all who wait (`driver.standstill`).

    Args:
        phase: the one that begins.
        engine: of the replica.
        seconds_before: how long the last phase took.
        stages_s: how long each stage of its load took, as far as they were seen.
    """
    match phase:
        case Phase.LINE | Phase.PLACING:
            return ""
        case Phase.LOADING:
            return f"{phase}: {engine.source} ({engine.kind})"
        case Phase.WORKING:
            told = [f"{stage} {s:.0f} s" for stage, s in stages_s.items() if s >= LEAST_S]
            parts = f" ({', '.join(told)})" if told else ""
            return f"{phase} after {seconds_before:.0f} s{parts}"
        case Phase.DONE:
            return phase
