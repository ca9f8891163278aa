"""Fixtures every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine fails no test: hypothesis gives each example 200 ms unless told otherwise.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real benchmark data beside the checkout; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs ../shared/data beside the checkout, which is absent")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Keep torch to one thread in tests: their models are tiny and gain nothing from more.

    Beside other work threads lose much: 50 steps of training took 15 s with one thread and
    150 s with two, on two busy cores.
    """
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
