"""The made store's report for the tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.html import Report, build_report
from ttsgrid.views.html.view import Picture


def own_picture(report: Report) -> Picture:
    """The picture of the first benchmark's own cells."""
    picture = report.sections[0].picture
    assert picture is not None
    return picture


@pytest.fixture(scope="session")
def report(made_store: Path, frontier: Frontier) -> Report:
    return build_report(made_store, frontier)
