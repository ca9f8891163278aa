"""Fewer orders, for tests to which the Monte Carlo error of the default doesn't matter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ttsgrid.analysis.replay import orders


@pytest.fixture(scope="module")
def few_orders() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "TARGET_ORDERS", 1 << 12)
        yield
