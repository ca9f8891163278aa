"""Limits per minute hold in every window of a minute, and tokens that were not used come back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from ttsgrid.engines.endpoint.pacing import WINDOW_S, Pace
from ttsgrid.engines.endpoint.retries import LONGEST_WAIT_S, asked_wait_s, wait_s


class FakeTime:
    """Time that passes only while everybody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(asyncio, "wait_for", self.wait_for)

    def clock(self) -> float:
        return self.now

    async def wait_for(self, wanted: object, seconds: float) -> None:
        wanted.close()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        self.now += seconds
        raise TimeoutError


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    return FakeTime(monkeypatch)


def admitted(pace: Pace, time: FakeTime, asked: Sequence[tuple[int, int]]) -> list[float]:
    """Return when each request of (most, used) tokens was let through."""
    moments = []

    async def one(most: int, used: int) -> None:
        async with pace.turn(most) as entry:
            moments.append(time.now)
            entry.tokens = used

    async def all_of_them() -> None:
        for most, used in asked:
            await one(most, used)

    asyncio.run(all_of_them())
    return moments


def most_in_a_window(moments: Sequence[float], weights: Sequence[int]) -> int:
    """The largest sum of weights in any half-open window of a minute."""
    pairs = list(zip(moments, weights, strict=True))
    return max(sum(w for t, w in pairs if start <= t < start + WINDOW_S) for start in moments)


def test_no_minute_holds_more_requests_than_allowed(time: FakeTime) -> None:
    moments = admitted(Pace(8, requests_per_minute=10, clock=time.clock), time, [(1, 1)] * 45)
    assert most_in_a_window(moments, [1] * 45) == 10
    assert moments[-1] == pytest.approx(4 * WINDOW_S)  # and none waits longer than it must


def test_no_minute_holds_more_tokens_than_allowed(time: FakeTime) -> None:
    rng = random.Random(0)
    asked = [(n := rng.randrange(1, 400), n) for _ in range(200)]
    moments = admitted(Pace(8, tokens_per_minute=1000, clock=time.clock), time, asked)
    assert 900 < most_in_a_window(moments, [used for _, used in asked]) <= 1000


def test_tokens_that_were_reserved_and_not_used_come_back(time: FakeTime) -> None:
    pace = Pace(8, tokens_per_minute=1000, clock=time.clock)
    assert admitted(pace, time, [(1000, 10)] * 2) == [0.0, pytest.approx(WINDOW_S)]
    pace = Pace(8, tokens_per_minute=1000, clock=time.clock)
    began = time.now
    assert set(admitted(pace, time, [(500, 10)] * 20)) == {began}


def test_a_request_larger_than_a_minute_goes_when_the_minute_is_empty(time: FakeTime) -> None:
    pace = Pace(8, tokens_per_minute=100, clock=time.clock)
    moments = admitted(pace, time, [(50, 50), (5000, 100), (50, 50)])
    assert moments == [0.0, pytest.approx(WINDOW_S), pytest.approx(2 * WINDOW_S)]


def test_requests_go_in_the_order_in_which_they_came() -> None:
    async def order() -> list[int]:
        pace, gone = Pace(1), list[int]()

        async def one(number: int) -> None:
            async with pace.turn(1):
                gone.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(number) for number in range(20)))
        return gone

    assert asyncio.run(order()) == list(range(20))


def test_a_pause_holds_for_everybody(time: FakeTime) -> None:
    pace = Pace(8, clock=time.clock)
    pace.pause(30.0)
    assert admitted(pace, time, [(1, 1)] * 3) == [30.0] * 3


def test_waits_double_to_a_bound_and_are_drawn_below_it() -> None:
    rng = random.Random(0)
    waits = {n: [wait_s(n, None, rng) for _ in range(2000)] for n in (1, 2, 5, 30)}
    for n, bound in ((1, 0.5), (2, 1.0), (5, 8.0), (30, LONGEST_WAIT_S)):
        assert 0.95 * bound < max(waits[n]) <= bound
        assert sum(waits[n]) / 2000 == pytest.approx(bound / 2, rel=0.05)


def test_a_wait_is_never_shorter_than_the_server_asks() -> None:
    rng = random.Random(0)
    assert min(wait_s(1, 7.0, rng) for _ in range(100)) >= 7.0


@pytest.mark.parametrize("text", ["soon", "", "Thu, 99 Foo 2026"])
def test_a_retry_after_that_says_nothing_is_none(text: str) -> None:
    assert asked_wait_s({"retry-after": text}) is None


def test_a_date_that_has_passed_asks_for_no_wait() -> None:
    assert asked_wait_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
