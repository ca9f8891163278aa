"""What a log and a terminal say over time: who still starts, and time left once it is steady."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from tests.unit.cluster.test_figures import STATS, Clock
from tests.unit.cluster.test_simulated_runs import planned
from ttsgrid.cluster.driver.phases import Phase
from ttsgrid.cluster.driver.progress import PLAIN_EVERY_S, Progress
from ttsgrid.cluster.driver.time_left import TimeLeft, about
from ttsgrid.core.records import UnitResult
from ttsgrid.core.spent import Stage


def told(counts: dict[float, int], num_units: int) -> dict[float, float]:
    """Return what is shown when, of a run whose counts of ended units are read at these times."""
    clock = Clock()
    left = TimeLeft(clock)
    shown: dict[float, float] = {}
    for now, num_ended in counts.items():
        clock.now = now
        seconds = left.seconds(num_ended, num_units)
        if seconds is not None:
            shown[now] = seconds
    return shown


def test_nothing_is_said_after_a_first_result_that_came_late() -> None:
    # 24,000 units, of which one ended after 26 s: "173 hours" by the mean.
    assert told({26.0: 1, 27.0: 1, 40.0: 1}, 24_000) == {}


def test_a_steady_rate_is_told_a_minute_after_the_first_result_and_starting_does_not_count() -> (
    None
):
    start_s, rate = 120, 10
    counts = {float(start_s + s): rate * (s + 1) for s in range(200)}
    shown = told(counts, 6010)
    assert min(shown) == start_s + 60
    # 6010 units at 10 per second from the first ten on: the last ends 600 s after them.
    assert all(now + left == pytest.approx(start_s + 600) for now, left in shown.items())


def test_a_rate_that_changes_is_told_only_when_it_has_settled() -> None:
    slow = {float(s): s + 1 for s in range(70)}
    fast = {float(s): 70 + 100 * (s - 69) for s in range(70, 400)}
    shown = told(slow | fast, 100_000)
    # At 60 s the first two estimates agree on the slow rate; at 90 s they no longer do.
    assert min(shown) == 60
    assert [now for now in shown if 90 <= now < 120] == []
    assert max(shown) == 399


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "less than a minute"),
        (61, "about 1 min"),
        (3600, "about 60 min"),
        (10_800, "about 3 h"),
        (36_191, "about 10 h"),
        (700_000, "about 8 days"),
    ],
)
def test_time_left_reads_as_people_say_it(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_a_log_says_time_left_once_it_is_steady_and_has_hours_in_its_clock() -> None:
    clock, said = Clock(), StringIO()
    units = planned(2).units
    model = units[0].runs_on.name
    progress = Progress(Console(file=said, width=200), {model: 20_000}, clock)
    with progress.shown():
        for _ in range(400):
            clock.now += PLAIN_EVERY_S
            progress.figures.handed_out(model, [units[0]] * 10)
            for _ in range(10):
                progress.figures.finished(units[0], UnitResult(units[0].id))
            progress.counters(model, STATS)
    lines = said.getvalue().splitlines()
    assert [line for line in lines[:6] if "left" in line] == []
    assert lines[6].startswith("[01:10] 70/20000 units, ")
    assert lines[6].endswith(", about 6 h left")
    assert lines[-1].startswith("[1:06:40] 4000/20000 units, ")


def test_who_still_starts_is_said_with_its_stage_in_a_line_per_minute_or_a_terminal_s_row() -> None:
    clock, said, screen = Clock(), StringIO(), StringIO()
    log = Progress(Console(file=said, width=200), {}, clock)
    terminal = Console(file=screen, width=200, force_terminal=True, color_system=None)
    live = Progress(terminal, {}, clock)
    with log.shown(), live.shown():
        for progress in (log, live):
            for place in range(5):
                progress.state(f"large/{place}", Phase.LOADING, line="")
        for second in range(150):
            clock.now += 1
            log.look()
            live.look()
            if second == 90:
                log.figures.reaches("large/1", Stage.WEIGHTS)
                live.figures.reaches("large/4", Stage.COMPILE)
        log.state("large/0", Phase.WORKING, line="")
    lines = [line for line in said.getvalue().splitlines() if "starting" in line]
    assert lines == [
        "[01:00] starting for 60 s: large/0, large/1, large/2 and 2 more",
        "[02:00] starting for 120 s: large/0, large/2, large/3 and 1 more; large/1: loading "
        "weights",
    ]
    rows = [line.split("  ") for line in screen.getvalue().splitlines() if "large/4" in line]
    assert "starts: compiling and warming up, 150 s" in [cell.strip() for cell in rows[-1]]
