"""What a replica does, in the words of the progress table, and in a log's."""

from __future__ import annotations

from enum import StrEnum

from ttsgrid.engines.spec import EngineSpec


class Phase(StrEnum):
    """What a replica does, in the words of the progress line."""

    LINE = "waits for room"
    PLACING = "waits for a node"
    LOADING = "starts"
    WORKING = "works"
    DONE = "done"


def line_of(phase: Phase, engine: EngineSpec, seconds_before: float) -> str:
    """Return what a log says of a phase as it begins, `seconds_before` being those of the last.

    Nothing of waiting: that is said once it is long, of all who wait (`driver.standstill`).
    """
    match phase:
        case Phase.LINE | Phase.PLACING:
            return ""
        case Phase.LOADING:
            return f"{phase}: {engine.source} ({engine.kind})"
        case Phase.WORKING:
            return f"{phase} after {seconds_before:.0f} s"
        case Phase.DONE:
            return phase
