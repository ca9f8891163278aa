"""Workers that wait for a place: said while others work, an error only when nothing gets on.

A cluster may be used by others, grow when it is asked, or lose a node. So a worker that finds
no room waits its turn. When nothing has run for a while and nothing can be placed, waiting
longer helps nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ttsgrid.cluster.driver.capacity import Nodes, in_words
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.replica import Phase, Replica
from ttsgrid.cluster.driver.residency import Residency
from ttsgrid.core.errors import PlacementError

LOOK_EVERY_S = 2.0
SAY_AFTER_S = 15.0  # a place that is free is given within seconds
SAY_EVERY_S = 300.0


@dataclass(frozen=True)
class Room:
    """How the driver sees the cluster: all of its nodes, and what of them is free."""

    nodes: Callable[[], Nodes]
    free: Callable[[], Nodes]


class Standstill:
    """Watches the replicas of a wave that wait for a place."""

    def __init__(
        self,
        replicas: Sequence[Replica],
        room: Room,
        residency: Residency,
        progress: Progress,
    ) -> None:
        self._replicas = replicas
        self._room = room
        self._residency = residency
        self._progress = progress
        self._say_in_s: dict[str, float] = {}

    async def watch(self, borne_s: float) -> None:
        """Say who waits for what, and never return.

        Raises:
            PlacementError: nothing ran and nothing could be placed for `borne_s`.
        """
        stood_s = 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._residency.nodes_are(self._room.nodes())
            waiting = [replica for replica in self._replicas if replica.is_waiting]
            if not waiting or any(replica.is_busy for replica in self._replicas):
                stood_s = 0.0
            else:
                stood_s += LOOK_EVERY_S
            if stood_s >= borne_s:
                raise PlacementError(
                    f"nothing runs, and nothing could be placed for {borne_s:g} s "
                    f"(cluster.placement_timeout_s): {self._awaited(waiting[0])}"
                )
            unplaced = [one for one in waiting if one.phase is Phase.PLACING]
            self._say([one for one in unplaced if not one.is_spare])

    def _say(self, waiting: Sequence[Replica]) -> None:
        left = {one.label: self._say_in_s.get(one.label, SAY_AFTER_S) for one in waiting}
        self._say_in_s = {label: left_s - LOOK_EVERY_S for label, left_s in left.items()}
        for replica in waiting:
            if self._say_in_s[replica.label] <= 0:
                self._say_in_s[replica.label] = SAY_EVERY_S
                self._progress.note(f"waiting: {self._awaited(replica)}")

    def _awaited(self, replica: Replica) -> str:
        promised = self._room.nodes().promised
        grows = ", and the cluster's autoscaler is asked for more nodes" if promised else ""
        return (
            f"{replica.label} asks for {in_words(replica.spec)} (num_gpus, engine.cpus, "
            f"engine.memory_gib); free is {self._room.free()}{grows}"
        )
