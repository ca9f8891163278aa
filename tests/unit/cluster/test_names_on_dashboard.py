"""How Ray's dashboard lists a worker: by class, replica and how often it died before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.cluster.simulation import SimulatedCluster, drive, run_virtually
from tests.unit.cluster.test_simulated_runs import fleet, kills_first, planned, worker
from ttsgrid.cluster.worker.actors import PolicyWorker, PrmWorker


def test_a_worker_is_named_by_its_replica_and_its_restarts() -> None:
    spec = worker("policy", "small")
    assert repr(PolicyWorker(spec)) == "PolicyWorker(small)"
    assert repr(PolicyWorker(replace(spec, label="small/1"))) == "PolicyWorker(small/1)"
    again = replace(worker("prm", "prm-a"), label="prm-a", restarts=2)
    assert repr(PrmWorker(again)) == "PrmWorker(prm-a, restart 2)"


def test_who_takes_a_dead_workers_place_says_so(tmp_path: Path) -> None:
    cluster = SimulatedCluster(kills_first("prm", 0.2))
    run_virtually(drive(planned(3), fleet(prms=2), cluster, tmp_path))
    started = [(one.spec.label, one.spec.restarts) for one in cluster.of_role("prm")]
    assert started[0] == ("prm-a/0", 0)
    assert ("prm-a/0", 1) in started
    assert sum(restarts for _, restarts in started) == 1
