"""The driver's process: a sweep that asks its parent before each change of the store's files.

The parent may kill it, or others, while it waits for the answer; so an instant within a commit
is the same in each run of a schedule.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.ray.kills.grid import grid_of
from tests.ray.kills.schedule import Moment
from tests.ray.test_driver_with_fake_engines import planned
from tests.unit.store.driver import CHANGES
from ttsgrid.cli.exits import stopped_by_signals
from ttsgrid.cli.sweep_run import run_plan
from ttsgrid.cluster.driver import committer
from ttsgrid.store import Commit, Store
from ttsgrid.store import commit as commits
from ttsgrid.store.compact import Compaction
from ttsgrid.store.schema import TARGET_BYTES
from ttsgrid.views.terminal.console import Console


@dataclass(frozen=True)
class Change:
    """The store is about to change."""

    moment: Moment
    number: int


@dataclass(frozen=True)
class Progress:
    """So many units are committed by this driver."""

    num_units: int


def drive(parent: Connection, models: Path, store: Path, address: str) -> None:
    """Run the sweep to its end; the status is 0 if no unit failed."""
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # tells where it hangs
    vars(committer)["GROUP_EVERY_S"] = 0.15  # many small commits, and compactions among them
    vars(commits)["MANY_COMMITS"] = 4
    os.fsync = lambda fd: None  # a killed process loses nothing that is not synced
    _Reporter(parent, store).listen()
    grid = grid_of(models, store, address)
    plan, found = planned(grid)
    with stopped_by_signals():
        failed = run_plan(grid, plan, found, Console(width=200))
    sys.exit(1 if failed else 0)


class _Reporter:
    """Asks the parent, from whichever thread writes: the main one, or that of commits."""

    def __init__(self, parent: Connection, store: Path) -> None:
        self._parent = parent
        self._turn = threading.Lock()
        self._store = str(store)
        self._moment = Moment.OPENING
        self._changes = dict.fromkeys(Moment, 0)
        self._num_units = 0

    def listen(self) -> None:
        """Hear of commits, of compactions and of changes of the store's files."""
        write, merge = Store.commit, Store.compact

        def commit(store: Store, group: Sequence[Commit]) -> int:
            self._moment = Moment.COMMIT
            fresh = write(store, group)
            self._num_units += fresh
            self._ask(Progress(self._num_units))
            return fresh

        def compact(store: Store, target_bytes: int = TARGET_BYTES) -> Compaction:
            self._moment = Moment.COMPACTION
            done = merge(store, target_bytes)
            self._moment = Moment.COMMIT
            return done

        vars(commits)["Store"].commit = commit
        vars(commits)["Store"].compact = compact
        sys.addaudithook(self._heard)

    def _heard(self, event: str, details: tuple[Any, ...]) -> None:
        if threading.current_thread().name == "ttsgrid-lease":  # its beats come at any time
            return
        is_written = event == "open" and isinstance(details[2], int) and details[2] & os.O_WRONLY
        if (event in CHANGES or is_written) and str(details[0]).startswith(self._store):
            number = self._changes[self._moment]
            self._changes[self._moment] += 1
            self._ask(Change(self._moment, number))

    def _ask(self, told: Change | Progress) -> None:
        with self._turn:
            self._parent.send(told)
            self._parent.recv()
