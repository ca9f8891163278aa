"""One replica of a model at work: started, fed, started again when it dies.

A replica keeps enough requests in flight to fill its engine. A chunk's samples or
scores are one message to the worker; each of its searches is a message of its own,
since searches take long and end apart. The replica, not the calls it makes, owns what
is in flight: when the worker dies its calls are cancelled, some before their first
step, and what only a call knew would be lost. Where answers are paid for, each unit is a
message of its own, so that it is committed as soon as it is whole. An idle replica makes room for
other models once all that is left of its own is with others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from ttsgrid.cluster.driver.backlog import Chunk, calls_of
from ttsgrid.cluster.driver.capacity import demand
from ttsgrid.cluster.driver.deaths import Deaths, WorkerDiedError, first_of
from ttsgrid.cluster.driver.dispatch import Dispatch
from ttsgrid.cluster.driver.fleet import FleetWorker, StartWorker
from ttsgrid.cluster.driver.phases import Phase, line_of
from ttsgrid.cluster.driver.prm_directory import PrmDirectory
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.request_room import RequestRoom
from ttsgrid.cluster.driver.residency import Residency
from ttsgrid.cluster.driver.scorer import Scorer
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.core.errors import EndpointDownError, WorkerStartError

SEARCHES_AHEAD = 6  # handed out in place of one that would always have its N requests


@dataclass(frozen=True)
class Limits:
    """How to deal with trouble and with waiting.

    Attributes:
        max_attempts: how often a unit is tried when workers die under it.
        requests_in_flight: engine requests to keep in flight per worker.
        silence_s: how long a worker may be silent, at least.
        first_result_s: how long it may take to its first result.
        standstill_s: how long workers may wait for a place while none works.
    """

    max_attempts: int
    requests_in_flight: int
    silence_s: float = 120.0
    first_result_s: float = 600.0
    standstill_s: float = 300.0


@dataclass
class Replica:
    """One replica, from its place in line to the end of its model's work.

    Attributes:
        is_spare: nobody asked for it by number; it is told of once it has a place.
    """

    model: str
    label: str
    spec: WorkerSpec
    start: StartWorker
    dispatch: Dispatch
    prms: PrmDirectory
    progress: Progress
    limits: Limits
    is_spare: bool = False
    worker: FleetWorker | None = field(default=None, init=False)
    _deaths: Deaths = field(init=False)
    phase: Phase = field(default=Phase.LINE, init=False)
    num_calls: int = field(default=0, init=False)
    _condemned: WorkerDiedError | None = field(default=None, init=False)
    _scorer: Scorer | None = field(default=None, init=False)
    _residency: Residency = field(init=False)
    _made_room: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._deaths = Deaths(self.limits.max_attempts)
        if not self.is_spare:
            self.progress.figures.worker(self.label, self.model, self.spec.engine.role)

    async def serve(self, residency: Residency) -> None:
        """Keep the replica at work until nothing needs its model.

        Raises:
            WorkerStartError, PlacementError: the model cannot run.
        """
        self._residency = residency
        work = asyncio.ensure_future(self._serve())
        finished = asyncio.ensure_future(self._needless())
        try:
            await asyncio.wait({work, finished}, return_when=asyncio.FIRST_COMPLETED)
            # Other replicas did what this one still waits or loads for.
            if work.done() or self.phase is Phase.WORKING:
                await work
        finally:
            for task in (work, finished):
                task.cancel()
            await asyncio.gather(work, finished, return_exceptions=True)
        self._enter(Phase.DONE)

    async def _needless(self) -> None:
        """Wait until nothing needs its model, or until, still in line, it would find no work."""
        if self.is_spare:
            await self.dispatch.handed_out(self.model)
            if self.phase is Phase.LINE:
                return
        await self.dispatch.finished(self.model)

    @property
    def is_waiting(self) -> bool:
        """Whether it has work and no place to do it."""
        unplaced = self.phase in (Phase.LINE, Phase.PLACING)
        return unplaced and self.dispatch.remaining(self.model) > 0

    @property
    def is_busy(self) -> bool:
        """Whether it gets on: loads a model, or waits for a worker's replies."""
        return self.phase is Phase.LOADING or self.num_calls > 0

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        if phase is Phase.LOADING:
            self.progress.figures.worker(self.label, self.model, self.spec.engine.role)
        if not self.is_spare or self.label in self.progress.figures.workers:
            figures = self.progress.figures
            waited_s, stages_s = figures.seconds_in_state(self.label), figures.stages(self.label)
            line = line_of(phase, self.spec.engine, waited_s, stages_s)
            self.progress.state(self.label, phase, line)

    async def _serve(self) -> None:
        self._enter(Phase.LINE)
        async with self._residency.room_for(demand(self.spec)), self.dispatch.at_work(self.model):
            while self.dispatch.remaining(self.model) and not self._made_room:
                death = await self._death_of_its_worker()
                if death is None:
                    continue
                self._deaths.count(death, had_loaded=self.phase is Phase.WORKING)
                self.progress.died(self.label, death)
                # Units count attempts; a worker that dies before it has any would start for ever.
                if self._deaths.is_hopeless:
                    raise WorkerStartError(
                        f"{self.label} died {self._deaths.in_vain} times without a result in "
                        f"between; giving up. The last time: {death}"
                    )
                await asyncio.sleep(self._deaths.pause_s)

    async def _death_of_its_worker(self) -> WorkerDiedError | None:
        """Employ a worker; return its death, or None when the work is done.

        Raises:
            EndpointDownError: nothing more can be had of the model's endpoint.
        """
        death, down = None, None
        self._condemned = None
        try:
            await self._employ_a_worker()
        except* WorkerDiedError as group:  # a task group raises groups: calls in flight died too
            death = self._condemned or first_of(group)
        except* EndpointDownError as group:
            down = first_of(group)  # every call in flight says the same
        if self._scorer is not None:
            self._scorer.ends(death)
        if down is not None:
            raise down
        return death

    def condemn(self, death: WorkerDiedError) -> None:
        """Kill a worker that is silent; whatever it may still say is not heard."""
        if self.worker is not None:
            self._condemned = death
            self.worker.kill()

    async def _employ_a_worker(self) -> None:
        """Start a worker and feed it to the end of the work, or to its own.

        Raises:
            WorkerDiedError: in a group; what was in flight is handed out again.
        """
        self._enter(Phase.PLACING)
        spec = replace(self.spec, label=self.label, restarts=self._deaths.number)
        reaches = partial(self.progress.figures.reaches, self.label)
        placed = partial(self._enter, Phase.LOADING)
        worker = self.worker = await self.start(spec, placed, reaches)
        self.progress.figures.starts(self.label)
        self._enter(Phase.WORKING)
        if self.spec.engine.role == "prm":
            self._scorer = Scorer(worker, self._deaths.progress, self.condemn)
            self.prms.joined(self.model, self.label, self._scorer)
            self.dispatch.prm_works(self.model)
        try:
            await self._keep_busy(worker)
            await worker.stop()
        finally:
            self.worker = None
            self.progress.figures.ends(self.label)
            # First no longer chosen, then gone: a search must not be sent to a dead PRM.
            self.prms.left(self.model, self.label)
            worker.kill()

    async def _keep_busy(self, worker: FleetWorker) -> None:
        room = RequestRoom(self._requests_in_flight)
        in_flight: dict[int, Chunk] = {}
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(worker.watch())
                while (chunk := await self._next_chunk(room, in_flight)) is not None:
                    calls = calls_of(chunk, each_apart=self.spec.is_paid)
                    in_flight |= {id(call): call for call in calls}
                    for call in calls:
                        weight = self._weight(call, len(in_flight))
                        await room.take(weight)
                        group.create_task(self._run(worker, call, in_flight, room, weight))
                watch.cancel()  # the work is done, so every call has ended
        except* WorkerDiedError as group:
            for call in in_flight.values():
                self.dispatch.hand_out_again(call, self._condemned or first_of(group))
            raise

    async def _next_chunk(self, room: RequestRoom, in_flight: dict[int, Chunk]) -> Chunk | None:
        """Take a chunk only when the engine has room for it: other replicas may."""
        await asyncio.sleep(0)  # in turn with them: the first would take all the longest searches
        while not self._fits(self.dispatch.first_in_line(self.model), room, len(in_flight)):
            await room.given()
        chunk = await self.dispatch.take(self.model, lambda: self._is_in_the_way(in_flight))
        if chunk is None and self.dispatch.remaining(self.model):
            self._made_room = True
            self.prms.left(self.model, self.label)  # at once: no search may choose it any more
        return chunk

    def _fits(self, chunk: Chunk | None, room: RequestRoom, num_in_flight: int) -> bool:
        calls = calls_of(chunk or (), each_apart=self.spec.is_paid)
        return room.free >= (self._weight(calls[0], num_in_flight + len(calls)) if calls else 1)

    def _is_in_the_way(self, in_flight: dict[int, Chunk]) -> bool:
        scores = self.spec.engine.role == "prm" and not self.prms.is_spare(self.model, self.label)
        return self._residency.is_awaited and not in_flight and not scores

    async def _run(
        self,
        worker: FleetWorker,
        call: Chunk,
        in_flight: dict[int, Chunk],
        room: RequestRoom,
        weight: int,
    ) -> None:
        async with self._scorer_of(call[0]) as scorer:
            self.num_calls += 1
            try:
                finished = await worker.run(call, scorer.worker.as_prm() if scorer else None)
            finally:
                self.num_calls -= 1
        lost = [item.task for item in finished if item.prm_lost]
        death = await self.prms.lost(scorer) if lost and scorer else None
        del in_flight[id(call)]
        room.give(weight)
        for item in finished:
            if not item.prm_lost:
                self._deaths.progress()
                self.dispatch.accept(item)
        if scorer and not lost:
            scorer.served()
        if death:
            self.dispatch.hand_out_again(lost, death)

    @asynccontextmanager
    async def _scorer_of(self, task: Task) -> AsyncIterator[Scorer | None]:
        """Give what a search scores with; None for what is no search."""
        tree = task.unit.tree
        if tree is None:
            yield None
            return
        async with self.prms.scorer(tree.prm.name, tree.problem_id, tree.num_requests) as scorer:
            yield scorer

    def _weight(self, call: Chunk, num_in_flight: int) -> int:
        """Return how much of a worker's room a call takes, in requests.

        The last attempt of a unit has the worker to itself: if it dies once more, the
        unit is to blame and not one that happened to run beside it.
        """
        room, attempt = self._requests_in_flight, max(task.suspect_attempts for task in call)
        if 1 < attempt >= self.limits.max_attempts:
            return room
        asked = min(room, sum(task.unit.num_requests for task in call))
        # Its worker lets a search begin when its engine has room (`worker.admission`), so that of
        # those it was handed some wait there; but no more than its share of what is left, or other
        # replicas would find nothing. Three at least, to fill each other's pauses.
        if call[0].unit.tree and num_in_flight < self.dispatch.share(self.model):
            return max(1, min(asked // SEARCHES_AHEAD, room // 3))
        return asked

    @property
    def _requests_in_flight(self) -> int:
        return self.spec.requests_in_flight or self.limits.requests_in_flight
