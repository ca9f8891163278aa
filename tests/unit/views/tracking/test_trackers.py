"""A sweep is told to services that keep runs, and goes on without them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.tracking import Point
from ttsgrid.views.tracking.trackers import Trackers, make_trackers

SETTINGS = {"policies": "zoo-s, zoo-m", "store": "results/zoo"}
POINTS: list[Point] = [
    {"benchmark": "zoo", "policy": "zoo-s", "strategy": "beam (M=4)", "n": n, "accuracy": accuracy}
    for n, accuracy in ((4, 0.5), (16, 0.75))
]


class Heard:
    """A tracker that keeps what it hears, and fails where it is told to."""

    def __init__(self, fails_at: str = "") -> None:
        self.heard: list[str] = []
        self._fails_at = fails_at

    def started(self, settings: Mapping[str, str]) -> None:
        self._hear("started")

    def progress(self, figures: Mapping[str, float]) -> None:
        self._hear("progress")

    def frontier(self, points: Sequence[Point], files: Sequence[Path]) -> None:
        self._hear("frontier")

    def finished(self, ok: bool) -> None:
        self._hear(f"finished {ok}")

    def _hear(self, what: str) -> None:
        if what == self._fails_at:
            raise RuntimeError("the server is down\nand more")
        self.heard.append(what)


def _run(trackers: Trackers) -> None:
    with trackers.running(SETTINGS):
        trackers.progress(lambda: {"units/done": 1.0})
        trackers.frontier(lambda: POINTS, [])


def test_a_tracker_hears_a_run_from_its_start_to_its_end() -> None:
    heard = Heard()
    _run(Trackers({"it": heard}, pytest.fail))
    assert heard.heard == ["started", "progress", "frontier", "finished True"]


def test_progress_is_told_every_few_seconds_at_most() -> None:
    heard = Heard()
    trackers = Trackers({"it": heard}, pytest.fail)
    for _ in range(100):
        trackers.progress(dict)
    assert heard.heard == ["progress"]
    trackers.finished(ok=True)
    assert heard.heard == ["progress", "progress", "finished True"], "the last figures count"


def test_a_run_that_fails_is_ended_as_failed() -> None:
    heard = Heard()
    trackers = Trackers({"it": heard}, pytest.fail)
    with pytest.raises(KeyboardInterrupt), trackers.running(SETTINGS):
        raise KeyboardInterrupt
    assert heard.heard == ["started", "finished False"]


def test_a_service_that_is_down_stops_neither_the_sweep_nor_the_others() -> None:
    notes: list[str] = []
    down, up = Heard(fails_at="progress"), Heard()
    _run(Trackers({"down": down, "up": up}, notes.append))
    assert notes == ["down is told no more: the server is down; the sweep goes on"]
    assert up.heard == ["started", "progress", "frontier", "finished True"]
    assert down.heard == ["started"]


def test_a_service_that_begins_no_run_is_said_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="log_to: it begins no run: the server is down"):
        _run(Trackers({"it": Heard(fails_at="started")}, pytest.fail))


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"ttsgrid.views.tracking.{name}", raising=False)
    with pytest.raises(ConfigError, match=rf"log_to=\[{name}\] needs .* 'ttsgrid\[{name}\]'"):
        make_trackers([name], pytest.fail)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    picture = tmp_path / "frontier.csv"
    picture.write_text("n,accuracy\n4,0.5\n")
    return [picture]


def _told(name: str, files: Sequence[Path]) -> None:
    trackers = make_trackers([name], pytest.fail)
    with trackers.running(SETTINGS):
        trackers.progress(lambda: {"units/done": 3.0, "tokens_per_s/zoo-s #1": 80.0})
        trackers.frontier(lambda: POINTS, files)


def test_mlflow_keeps_it_in_a_local_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[Path]
) -> None:
    pytest.importorskip("mlflow", reason="needs ttsgrid[mlflow]")
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    folder = tmp_path / "runs"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", folder.as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database is its default now
    _told("mlflow", files)
    client = MlflowClient(folder.as_uri())
    experiment = client.get_experiment_by_name("ttsgrid")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params == SETTINGS
    assert run.data.metrics["units/done"] == 3.0
    history = client.get_metric_history(run.info.run_id, "frontier/zoo/zoo-s/beam _M_4_")
    assert [(point.step, point.value) for point in history] == [(4, 0.5), (16, 0.75)]
    kept = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert kept == {"frontier", "frontier.json"}


def test_wandb_keeps_it_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[Path]
) -> None:
    wandb = pytest.importorskip("wandb", reason="needs ttsgrid[wandb]")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    _told("wandb", files)
    assert wandb.run is None, "the run has ended"
    (log,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    content = log.read_bytes()
    for said in (b"units/done", b"zoo-s, zoo-m", b"frontier"):
        assert said in content
    (table,) = tmp_path.glob("wandb/offline-run-*/files/media/table/frontier*.json")
    assert json.loads(table.read_text())["columns"][:2] == ["benchmark", "policy"]
