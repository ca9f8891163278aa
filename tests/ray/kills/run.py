"""Carry out a schedule: drivers one after the other until one ends well, kills on the way."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from tests.ray.kills.driving import Change, Progress
from tests.ray.kills.forks import Forked
from tests.ray.kills.nodes import TwoNodes
from tests.ray.kills.schedule import Kill, Moment, Schedule, Victim

LONGEST_S = 400.0  # of one driver; it takes about six, and a node's start far more if busy
LOOK_EVERY_S = 0.05


@dataclass
class Killer:
    """Kills when it is time; one kill after the other."""

    nodes: TwoNodes
    left: list[Kill]
    _since: float | None = field(default=None, init=False)

    def hears(self, told: Change | Progress, driver: Forked) -> None:
        """Kill, or start the clock, if that is what a kill waits for."""
        if not self.left:
            return
        kill = self.left[0]
        if isinstance(told, Progress):
            if kill.moment is Moment.WORK and told.num_units >= kill.number and not self._since:
                self._since = time.monotonic()
        elif told.moment is kill.moment and told.number >= kill.number:
            self._strike(kill, driver)

    def looks(self, driver: Forked) -> None:
        """Kill if the clock says so."""
        kill = self.left[0] if self.left else None
        if kill is None:
            return
        if kill.moment is Moment.START and self._since is None and self._is_there(kill):
            self._since = time.monotonic()
        if self._since is not None and time.monotonic() - self._since >= kill.after_s:
            self._strike(kill, driver)

    def _is_there(self, kill: Kill) -> bool:
        if kill.victim is Victim.DRIVER:
            return True
        if kill.victim is Victim.NODE:
            return self.nodes.is_second_node_in_use()
        return bool(self._victims(kill.victim))

    def _victims(self, victim: Victim) -> list[int]:
        return self.nodes.workers() if victim is Victim.WORKER else self.nodes.engines()

    def _strike(self, kill: Kill, driver: Forked) -> None:
        """Kill the victim if there is one now; else wait until there is."""
        if kill.victim is Victim.NODE:
            if not self.nodes.is_second_node_in_use():
                return
            self.nodes.lose_second_node(with_workers=kill.choice % 2 == 0)
        else:
            victims = [driver.pid] if kill.victim is Victim.DRIVER else self._victims(kill.victim)
            if not victims:
                return
            os.kill(victims[kill.choice % len(victims)], signal.SIGKILL)
        print(f"killed {kill}")
        self.left.pop(0)
        self._since = None


def run_to_the_end(schedule: Schedule, nodes: TwoNodes, models: Path, folder: Path) -> list[Kill]:
    """Run the sweep again and again until it ends by itself; return the kills that didn't happen.

    Raises:
        AssertionError: a driver hangs, or ends with another status than 0.
    """
    killer = Killer(nodes, list(schedule.kills))
    while True:
        ours, its = Pipe()
        log, store = folder / "log", folder / "store"
        driver = nodes.zygote.drive(its.fileno(), log, models, store, nodes.address)
        its.close()
        try:
            _accompany(driver, ours, killer)
        except BaseException:
            _show_where(driver, log)
            raise
        if driver.status != -signal.SIGKILL:
            assert driver.status == 0, log.read_text()
            return killer.left


def _accompany(driver: Forked, messages: Connection, killer: Killer) -> None:
    """Answer a driver until it has ended."""
    end = time.monotonic() + LONGEST_S
    while driver.status is None or messages.poll():
        assert time.monotonic() < end, f"it hangs; {killer.left} are left to be killed"
        killer.looks(driver)
        try:
            if messages.poll(LOOK_EVERY_S):
                killer.hears(messages.recv(), driver)
                messages.send(None)
        except (EOFError, OSError):  # it was killed as it spoke
            break
    driver.wait(30)


def _show_where(driver: Forked, log: Path) -> None:
    driver.kill(signal.SIGUSR1)
    time.sleep(1)
    driver.kill()
    print(log.read_text() if log.exists() else "it wrote nothing")
