"""Models are checked without torch first, and again with it before one is refused."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from ttsgrid.grid.preflight import checked
from ttsgrid.grid.preflight.checked import Checked, check_apart

RIGHT, WRONG = Checked(("worth knowing",), None), Checked((), "my_head.py needs torch")
GRID: Any = None  # nothing here looks into it


@pytest.mark.parametrize(
    ("without", "whole", "told"),
    [(RIGHT, WRONG, RIGHT), (WRONG, RIGHT, RIGHT), (WRONG, WRONG, WRONG)],
)
def test_what_is_wrong_without_torch_is_looked_at_with_it(
    without: Checked, whole: Checked, told: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"_check_without_torch": without, "_check": whole}
    monkeypatch.setattr(checked, "run_apart", lambda function, *_: found[function.__name__])
    assert check_apart(GRID, (), ()) is told


@pytest.mark.parametrize("is_driver", [True, False])
def test_torch_is_left_out_in_a_process_of_its_own_alone(
    is_driver: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def look(*_: object) -> Checked:
        seen.append(sys.modules.get("torch"))
        return RIGHT

    monkeypatch.setenv("TRANSFORMERS_NO_ADVISORY_WARNINGS", "0")
    monkeypatch.setitem(sys.modules, "torch", sys)
    monkeypatch.setattr(checked, "_check", look)
    driver = os.getpid() if is_driver else os.getpid() + 1
    assert checked._check_without_torch(driver, GRID, (), ()) is RIGHT
    assert seen == ([sys] if is_driver else [None])
