"""The driver's eye on its workers: counters for the progress line, an end to silence.

A silent worker is named as soon as its silence is worth a word, with where it runs, so that a
person may look before it is killed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError
from ttsgrid.cluster.driver.fleet import FleetWorker
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.replica import Limits, Replica
from ttsgrid.cluster.driver.vitals import Patience, Silence, Vitals
from ttsgrid.cluster.wire.tasks import WorkerSpec


@dataclass
class _Watched:
    worker: FleetWorker
    vitals: Vitals
    was_named: bool = False


class Watch:
    """Asks workers for their counters, and ends those that are silent for too long."""

    def __init__(self, limits: Limits, progress: Progress) -> None:
        self._limits = limits
        self._progress = progress
        self._watched: dict[str, _Watched] = {}

    async def look_at(self, replica: Replica) -> None:
        """Ask one replica's worker how far it is."""
        worker, clock = replica.worker, asyncio.get_running_loop().time
        if worker is None:
            return
        watched = self._watched.get(replica.label)
        if watched is None or watched.worker is not worker:
            watched = _Watched(worker, Vitals(self._patience(replica.spec), clock()))
            self._watched[replica.label] = watched
        answered = await worker.refresh_stats()
        watched.vitals.heard(worker.stats if answered else None, clock())
        if replica.worker is not worker:  # it ended meanwhile, and is known to have
            return
        if answered:
            self._progress.counters(replica.label, worker.stats)
        silence = watched.vitals.silence(clock())
        if silence is None:
            watched.was_named = False
        elif silence.is_over:
            replica.condemn(WorkerDiedError(str(silence), Cause.SILENCE, worker.place))
        else:
            self._name(replica.label, watched, silence)

    def _name(self, label: str, watched: _Watched, silence: Silence) -> None:
        if watched.was_named:
            return
        watched.was_named = True
        place = watched.worker.place
        where = f" ({place})" if place else ""
        self._progress.note(
            f"{label} is silent: it {silence}{where}; it is killed after {silence.borne_s:.0f} s "
            f"(cluster.silence_s={self._limits.silence_s:g} at least)"
        )

    def _patience(self, spec: WorkerSpec) -> Patience:
        return Patience(
            least_s=self._limits.silence_s,
            first_s=self._limits.first_result_s,
            longest_tokens=spec.engine.max_model_len,
            expects_progress=not spec.is_paid,
        )
