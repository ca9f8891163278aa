"""A run in figures: counted once, for the progress line and for Ray's metrics alike.

Counts of units are exact: the driver itself hands them out and takes results in. What engines
did is heard once a second, so a worker's last second before its death is missing.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace

from ttsgrid.cluster.driver.deaths import Cause
from ttsgrid.cluster.driver.phases import Phase
from ttsgrid.core.records import UnitResult
from ttsgrid.core.spent import Part, Spent, Stage
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import SampleBlock, ScoreBlock, SearchTree, Unit
from ttsgrid.engines.base import EngineStats

SMOOTHING = 0.3  # weight of the newest second in rates
STARTING = (Phase.PLACING, Phase.LOADING)
PARTS = {
    SampleBlock.kind: Part.GENERATE,
    ScoreBlock.kind: Part.SCORE,
    SearchTree.kind: Part.SEARCH,
}
MOST_UNTOLD_COMMITS = 1000  # where nobody asks how long commits took, that is forgotten


@dataclass
class ModelFigures:
    """The units that run on one model."""

    num_units: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    attempts: int = 0
    right: int = 0
    wrong: int = 0
    deaths: Counter[Cause] = field(default_factory=Counter)

    @property
    def left(self) -> int:
        """Units without a result that may still get one."""
        return self.num_units - self.done - self.failed - self.skipped

    @property
    def by_state(self) -> dict[str, int]:
        """Units by state."""
        return {
            "waiting": self.left - self.running,
            "running": self.running,
            "done": self.done,
            "failed": self.failed,
            "skipped": self.skipped,
        }


@dataclass
class WorkerFigures:
    """One replica: what its engines did so far, those of workers that died included."""

    model: str
    role: str = "policy"
    state: str = "waits"
    state_since: float = 0.0
    stage: Stage | None = None
    stage_since: float = 0.0
    stage_s: dict[Stage, float] = field(default_factory=dict)
    total: EngineStats = field(default_factory=EngineStats)
    tokens_per_s: float = 0.0
    busy_share: float = 0.0
    restarts: int = 0
    is_alive: bool = False
    _heard: EngineStats = field(default_factory=EngineStats)
    _heard_at: float = 0.0

    def starts(self, now: float) -> None:
        """Expect counters that begin at zero: the replica has another worker."""
        self.ends()
        self._heard, self._heard_at, self.is_alive = EngineStats(), now, True

    def ends(self) -> None:
        """Note that its worker is gone, and its rates with it."""
        self.total = replace(self.total, running=0)
        self.tokens_per_s = self.busy_share = 0.0
        self.is_alive = False

    def heard(self, stats: EngineStats, now: float) -> None:
        """Take in an engine's counters."""
        new = _minus(stats, self._heard)
        # Looks come each second but may bunch up: never divide by nothing.
        seconds = max(now - self._heard_at, 1e-3)
        rate = (new.generated_tokens + new.computed_prompt_tokens) / seconds
        self.tokens_per_s += SMOOTHING * (rate - self.tokens_per_s)
        self.busy_share += SMOOTHING * (min(new.busy_s / seconds, 1.0) - self.busy_share)
        self.total = _plus(self.total, new, running=stats.running)
        self._heard, self._heard_at = stats, now


class Figures:
    """What the driver counts.

    Attributes:
        models: by name.
        workers: by the replica's label.
        generated: what was written and is committed, or soon will be.
        commits: how long commits took, in seconds, of those that no metric tells yet.
        num_commits, commit_s: of all commits.
        spent: where the time went.
    """

    def __init__(
        self,
        units: Mapping[str, int],
        clock: Callable[[], float] = time.monotonic,
        spent: Spent | None = None,
    ) -> None:
        """Set up for `units`: missing units by the name of the model that they run on."""
        self.spent = spent or Spent(clock)
        self.models: dict[str, ModelFigures] = defaultdict(ModelFigures)
        for name, number in units.items():
            self.models[name] = ModelFigures(number)
        self.workers: dict[str, WorkerFigures] = {}
        self.generated = Tally()
        self.commits: deque[float] = deque(maxlen=MOST_UNTOLD_COMMITS)
        self.num_commits, self.commit_s = 0, 0.0
        self._clock = clock

    def worker(self, label: str, model: str | None = None, role: str = "policy") -> WorkerFigures:
        """Return the figures of a replica, new ones where it has none."""
        return self.workers.setdefault(label, WorkerFigures(model or label, role))

    def enters(self, label: str, state: str) -> None:
        """Note what a replica does from now on."""
        worker = self.worker(label)
        before, worker.state, worker.state_since = worker.state, state, self._clock()
        if state in STARTING and before not in STARTING:
            self.spent.begin(Part.START)
        elif before in STARTING and state not in STARTING:
            self.spent.end(Part.START)
        self._leave_stage(worker)
        if state == Phase.LOADING:
            worker.stage_s.clear()

    def reaches(self, label: str, stage: Stage) -> None:
        """Note how far a replica that loads has come."""
        worker = self.worker(label)
        if worker.state != Phase.LOADING:  # a late word of a start that has ended
            return
        self._leave_stage(worker)
        worker.stage, worker.stage_since = stage, self._clock()
        self.spent.begin(stage)

    def _leave_stage(self, worker: WorkerFigures) -> None:
        if worker.stage is not None:
            self.spent.end(worker.stage)
            worker.stage_s = self._stages_of(worker)
            worker.stage = None

    def stages(self, label: str) -> dict[Stage, float]:
        """Return how long a replica's last start was in each stage, that under way included."""
        return self._stages_of(self.worker(label))

    def _stages_of(self, worker: WorkerFigures) -> dict[Stage, float]:
        stage = worker.stage
        if stage is None:
            return dict(worker.stage_s)
        under_way_s = self._clock() - worker.stage_since
        return worker.stage_s | {stage: worker.stage_s.get(stage, 0.0) + under_way_s}

    def seconds_in_state(self, label: str) -> float:
        """Return how long a replica has been doing what it does."""
        return self._clock() - self.worker(label).state_since

    def left(self, model: str) -> int:
        """Return how many of the units that run on a model have no result yet."""
        return self.models[model].left

    def starts(self, label: str) -> None:
        """Note that a replica's worker begins, and its counters with it."""
        self.worker(label).starts(self._clock())

    def ends(self, label: str) -> None:
        """Note that a replica has no worker any more."""
        self.worker(label).ends()

    def heard(self, label: str, stats: EngineStats) -> None:
        """Take in the counters of a replica's worker."""
        worker = self.worker(label)
        before_s = worker.total.grading_s
        worker.heard(stats, self._clock())
        self.spent.add(Part.GRADE, worker.total.grading_s - before_s)

    def handed_out(self, model: str, units: Collection[Unit]) -> None:
        """Count units that a worker got."""
        self.models[model].running += len(units)
        self.models[model].attempts += len(units)
        for unit in units:
            self.spent.begin(PARTS[unit.kind])

    def taken_back(self, model: str, units: Collection[Unit]) -> None:
        """Count units that a worker lost."""
        self.models[model].running -= len(units)
        for unit in units:
            self.spent.end(PARTS[unit.kind])

    def finished(self, unit: Unit, result: UnitResult) -> None:
        """Count a unit that has its result."""
        model = self.models[unit.runs_on.name]
        model.running -= 1
        self.spent.end(PARTS[unit.kind])
        if result.error is not None:  # the next run tries it again
            model.failed += 1
            return
        model.done += 1
        self.generated += Tally.of([unit])
        right = sum(solution.correct for solution in result.solutions)
        model.right += right
        model.wrong += len(result.solutions) - right

    def skipped(self, model: str) -> None:
        """Count a unit that can't run because what it needs failed."""
        self.models[model].skipped += 1

    def died(self, label: str, cause: Cause) -> None:
        """Count a worker's death; another one is started in its place."""
        worker = self.worker(label)
        worker.ends()
        worker.restarts += 1
        self.models[worker.model].deaths[cause] += 1

    def committed(self, seconds: float) -> None:
        """Count a commit and how long it took."""
        self.commits.append(seconds)
        self.num_commits += 1
        self.commit_s += seconds
        self.spent.add(Part.COMMIT, seconds)

    @property
    def num_units(self) -> int:
        """Units that have a result, or may get one."""
        return sum(model.num_units - model.skipped for model in self.models.values())

    @property
    def num_ended(self) -> int:
        """Units that have a result, failures included."""
        return sum(model.done + model.failed for model in self.models.values())

    @property
    def num_failed(self) -> int:
        """Units that failed."""
        return sum(model.failed for model in self.models.values())

    @property
    def deaths(self) -> Counter[Cause]:
        """Workers that died, by cause."""
        return sum((model.deaths for model in self.models.values()), Counter[Cause]())

    @property
    def num_handed_out_again(self) -> int:
        """Units that were handed out once more than the first time, and again for each time."""
        models = self.models.values()
        return sum(one.attempts - one.done - one.failed - one.running for one in models)

    @property
    def mean_commit_s(self) -> float:
        """Seconds that a commit took; 0 before the first one."""
        return self.commit_s / self.num_commits if self.num_commits else 0.0

    @property
    def accuracy(self) -> float | None:
        """Share of solutions that are right, over all policies; None before the first one."""
        right = sum(model.right for model in self.models.values())
        wrong = sum(model.wrong for model in self.models.values())
        return right / (right + wrong) if right + wrong else None


def _minus(stats: EngineStats, earlier: EngineStats) -> EngineStats:
    parts = {one.name: getattr(stats, one.name) - getattr(earlier, one.name) for one in _COUNTERS}
    return EngineStats(**parts)


def _plus(stats: EngineStats, new: EngineStats, running: int) -> EngineStats:
    parts = {one.name: getattr(stats, one.name) + getattr(new, one.name) for one in _COUNTERS}
    return EngineStats(**parts | {"running": running})


_COUNTERS = fields(EngineStats)
