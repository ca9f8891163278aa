"""Workers that wait for a place: said while others work, an error only when nothing gets on.

A cluster may be used by others, grow when it is asked, or lose a node. So a worker that finds
no room waits its turn. When nothing has run for a while and nothing can be placed, waiting
longer helps nobody. On a busy machine processes take a while to start: that is no lack of room,
though Ray counts what it has reserved for them as used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ttsgrid.cluster.driver.capacity import Capacity, Nodes, demand, in_words
from ttsgrid.cluster.driver.figures_in_words import some_of
from ttsgrid.cluster.driver.phases import Phase
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.replica import Replica
from ttsgrid.cluster.driver.residency import Residency
from ttsgrid.core.errors import HeadSilentError, PlacementError

LOOK_EVERY_S = 2.0
SAY_AFTER_S = 15.0  # a place that is free is given within seconds
SAY_ANYWAY_AFTER_S = 120.0  # no process takes that long to start: its place is not ours after all
SAY_EVERY_S = 300.0
# After a minute Ray ends the process itself (`gcs_rpc_server_reconnect_timeout_s`), in C++ and
# without a last commit; a head node with a store of its own may be back before.
HEAD_MAY_BE_SILENT_S = 45.0


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
        self._waited_s: dict[str, float] = {}
        self._quiet_s = 0.0
        self._head_silent_s = 0.0

    async def watch(self, borne_s: float) -> None:
        """Say who waits for what, and never return.

        Raises:
            PlacementError: nothing ran and nothing could be placed for `borne_s`, or the head node
                is gone.
        """
        stood_s = 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                self._residency.nodes_are(self._room.nodes())
            except HeadSilentError as silence:
                self._bear(silence)
                continue
            self._head_silent_s = 0.0
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
            self._say([one for one in waiting if one.phase is Phase.PLACING])

    def _bear(self, silence: HeadSilentError) -> None:
        """Let workers go on while the head node is away, for a while.

        Raises:
            PlacementError: it does not come back.
        """
        if not self._head_silent_s:
            self._progress.note(
                f"{silence}; the run ends after {HEAD_MAY_BE_SILENT_S:.0f} s if it stays away"
            )
        self._head_silent_s += LOOK_EVERY_S
        if self._head_silent_s >= HEAD_MAY_BE_SILENT_S:
            raise PlacementError(
                f"{silence}: it was stopped (`ray stop`) or lost. What finished is committed; join "
                "another cluster (cluster.address, RAY_ADDRESS) with the same command to go on"
            ) from silence

    def _say(self, unplaced: Sequence[Replica]) -> None:
        """Say in one line who waits, once they have waited for what is not there."""
        waiting = [one for one in unplaced if not one.is_spare]
        before = self._waited_s
        self._waited_s = {one.label: before.get(one.label, 0.0) + LOOK_EVERY_S for one in waiting}
        self._quiet_s = self._quiet_s - LOOK_EVERY_S if waiting else 0.0
        longest_s = max(self._waited_s.values(), default=0.0)
        if longest_s < SAY_AFTER_S or self._quiet_s > 0:
            return
        if longest_s < SAY_ANYWAY_AFTER_S and not self._lacks_room(unplaced):
            return
        self._quiet_s = SAY_EVERY_S
        self._progress.note(f"waiting: {self._who_waits_for_what(waiting)}")

    def _who_waits_for_what(self, waiting: Sequence[Replica]) -> str:
        labels = [one.label for one in waiting]
        who = f"{some_of(labels)}; " if len(labels) > 1 else ""
        free = self._room.free()
        lacking = [one for one in waiting if not free.hold([demand(one.spec)])]
        if not lacking:
            return (
                f"{who}there is room for {waiting[0].label}, and Ray has yet to start its process"
            )
        return f"{who}{self._awaited(lacking[0])}"

    def _lacks_room(self, unplaced: Sequence[Replica]) -> bool:
        """Say whether none of them fits what is free, and not because it is reserved for them."""
        free, nodes = self._room.free(), self._room.nodes()
        if any(free.hold([demand(one.spec)]) for one in unplaced):
            return False
        placed = [one for one in self._replicas if one.phase in (Phase.LOADING, Phase.WORKING)]
        used = _sum(nodes.nodes) - _sum(free.nodes) - _demand_of(placed)
        wanted = _demand_of(unplaced)
        return not (used.holds(wanted) and wanted.holds(used))

    def _awaited(self, replica: Replica) -> str:
        promised = self._room.nodes().promised
        grows = ", and the cluster's autoscaler is asked for more nodes" if promised else ""
        return (
            f"{replica.label} asks for {in_words(replica.spec)} (num_gpus, engine.cpus, "
            f"engine.memory_gib); free is {self._room.free()}{grows}"
        )


def _demand_of(replicas: Sequence[Replica]) -> Capacity:
    return _sum(bundle for replica in replicas for bundle in demand(replica.spec))


def _sum(parts: Iterable[Capacity]) -> Capacity:
    all_of_them = list(parts)
    return Capacity(
        sum(one.gpus for one in all_of_them),
        sum(one.memory_gib for one in all_of_them),
        sum(one.cpus for one in all_of_them),
    )
