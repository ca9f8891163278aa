"""What the progress line shows comes from outside: it is text, never markup, never a command."""

from __future__ import annotations

from io import StringIO

import pytest

from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.engines.base import EngineStats
from ttsgrid.views.terminal.console import Console

NAMES = ("model[x]", "[/b]", "[red]loud", ":smile:", "\x1b]0;title\x07quiet")


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_names_and_reasons_are_shown_as_they_are(name: str, is_terminal: bool) -> None:
    shown = StringIO()
    console = Console(file=shown, width=300, force_terminal=is_terminal, color_system=None)
    progress = Progress(console, {name: 1})
    place = Whereabouts(name, "10.0.0.7", 1, f"/tmp/{name}.err")
    with progress.shown():
        progress.state(name, "works")
        progress.counters(name, EngineStats(10, 10, 1, 1))
        progress.died(name, WorkerDiedError(name, Cause.PROCESS, place))
    text = shown.getvalue()
    visible = name.replace("\x1b", "\\x1b").replace("\x07", "")  # rich itself drops the bell
    assert f"{visible}: its worker died, process ended: {visible}" in text
    assert f"log /tmp/{visible}.err" in text
    assert "\x1b]0;" not in text
