"""In which order units are handed out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.unit.cluster.test_search_at_scale import POLICY, PRM, searches
from tests.unit.grid.test_units_and_plan import problems
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.dispatch import Dispatch
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.store import Store


def test_searches_on_long_questions_start_first(tmp_path: Path) -> None:
    plan = searches(problems(5))
    lengths = [3, 50, 7, 20, 4]
    by_id = {
        problem.id: replace(problem, question="x" * length)
        for problem, length in zip(plan.problems, lengths, strict=True)
    }

    async def handed_out() -> list[int]:
        with Store.open(tmp_path, run_id="test") as store:
            figures = Figures({POLICY: len(lengths)})
            units, committer = plan.units, Committer(store)
            dispatch = Dispatch(by_id, committer, figures, max_attempts=3)
            await dispatch.filled(units, {})
            dispatch.prm_works(PRM)
            chunks = [await dispatch.take(POLICY) for _ in lengths]
        return [len(chunk[0].problem.question) for chunk in chunks if chunk]

    assert asyncio.run(handed_out()) == sorted(lengths, reverse=True)
