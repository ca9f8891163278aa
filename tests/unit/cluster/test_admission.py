"""Searches begin while too few requests are live to fill an engine and its cache has room."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ttsgrid.cluster.worker.admission import LIVE_PER_SLOT, Admission, CountedEngine, cache_tokens
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.units import ModelIdentity, SamplingIdentity, SearchTree
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest

REQUEST = GenerationRequest((1,), temperature=0.7, top_p=1.0, max_tokens=4, seed=0)
SLOTS, N = 8, 4


class Held:
    """An engine that answers a request when it is told to."""

    device, block_tokens, max_input_tokens = "cpu", 16, 4096

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    async def generate(self, request: GenerationRequest) -> Generation:
        self.waiting.append(asyncio.get_running_loop().create_future())
        await self.waiting[-1]
        return Generation((1,), FinishReason.STOP, None, Usage())

    async def answer(self, count: int) -> None:
        for future in self.waiting[:count]:
            future.set_result(None)
        del self.waiting[:count]
        await settled()

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None: ...


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Searches:
    """Searches of N requests in a step each, as many steps as they are told."""

    def __init__(self, admission: Admission, tokens: int = 10) -> None:
        self.engine, self.admission, self.tokens = Held(), admission, tokens
        self.begun: list[int] = []

    def start(self, count: int, steps: int = 1) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self._run(i, steps)) for i in range(count)]

    async def _run(self, number: int, steps: int) -> None:
        async with self.admission.search(self.engine, N, self.tokens) as engine:
            self.begun.append(number)
            for _ in range(steps):
                await asyncio.gather(*(engine.generate(REQUEST) for _ in range(N)))


def test_searches_begin_until_enough_requests_are_live_and_go_on_as_they_end() -> None:
    async def run() -> None:
        searches = Searches(Admission(SLOTS))
        tasks = searches.start(9)
        await settled()
        full = LIVE_PER_SLOT * SLOTS // N
        assert searches.begun == list(range(full))
        # All but the slowest child of each search is written: there is room for others.
        await searches.engine.answer(N)
        assert searches.begun == list(range(full + 1))
        while searches.engine.waiting:
            await searches.engine.answer(1)
        await asyncio.gather(*tasks)
        assert searches.begun == list(range(9))

    asyncio.run(run())


def test_a_search_counts_by_what_it_has_in_flight_and_not_by_its_n() -> None:
    async def run() -> None:
        searches = Searches(Admission(1))  # two live requests are enough
        tasks = searches.start(2, steps=2)
        await settled()
        assert searches.begun == [0]
        await searches.engine.answer(N - 2)
        assert searches.begun == [0]
        await searches.engine.answer(1)
        assert searches.begun == [0, 1]
        while searches.engine.waiting:
            await searches.engine.answer(1)
        await asyncio.gather(*tasks)

    asyncio.run(run())


@pytest.mark.parametrize(("tokens", "at_once"), [(30, 3), (50, 2), (100, 1), (1000, 1)])
def test_no_more_searches_run_than_fit_the_cache_and_one_always_does(
    tokens: int, at_once: int
) -> None:
    async def run() -> None:
        searches = Searches(Admission(100, most_tokens=100), tokens)
        tasks = searches.start(5)
        await settled()
        assert len(searches.begun) == at_once
        while searches.engine.waiting:
            await searches.engine.answer(N)
        await asyncio.gather(*tasks)
        assert len(searches.begun) == 5

    asyncio.run(run())


def test_searches_that_are_called_off_leave_no_trace() -> None:
    async def run() -> None:
        searches = Searches(Admission(SLOTS))
        tasks = searches.start(9)
        await settled()
        for task in tasks[1:7]:  # of those that run and of those in line
            task.cancel()
        await settled()
        assert searches.begun == [0, 1, 2, 3, 7, 8]
        searches.engine.waiting = [held for held in searches.engine.waiting if not held.done()]
        while searches.engine.waiting:
            await searches.engine.answer(1)
        await asyncio.gather(tasks[0], *tasks[7:])

    asyncio.run(run())


def test_samples_of_pools_count_as_live() -> None:
    async def run() -> None:
        admission = Admission(2)
        searches = Searches(admission)
        pools = CountedEngine(searches.engine, admission)
        samples = [asyncio.create_task(pools.generate(REQUEST)) for _ in range(4)]
        first = searches.start(2)
        await settled()
        assert searches.begun == [0]  # one always runs
        await searches.engine.answer(8)
        assert searches.begun == [0, 1]
        await searches.engine.answer(4)
        await asyncio.gather(*samples, *first)

    asyncio.run(run())


def test_a_search_keeps_its_beams_half_grown_and_a_step_of_each_candidate() -> None:
    policy, prm = (ModelIdentity(name, name, name, "plain") for name in ("policy", "prm"))
    sampling = SamplingIdentity(0.7, 1.0, 2048, 0)
    wide = SearchTree("p", policy, prm, sampling, SearchSettings("beam", 256))
    assert cache_tokens(wide, 100) == 100 + 64 * 1024 + 256 * 52
    narrow = replace(wide, settings=SearchSettings("beam", 4))
    assert cache_tokens(narrow, 100) == 100 + 1024 + 4 * 52
