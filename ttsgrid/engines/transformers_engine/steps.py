"""The loop of an engine: requests come in at any time, steps run one after another in a thread.

Each step takes what is waiting then, so requests in flight at once share passes through the
model. A step that fails fails the requests that were in it; the engine lives.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ttsgrid.core.errors import EngineError

Request = TypeVar("Request", contravariant=True)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Ended(Generic[Answer]):
    """A request that a step has ended.

    Attributes:
        ticket: what `add` was given with the request.
        answer: what it asked for.
    """

    ticket: int
    answer: Answer


class Steps(Protocol[Request, Answer]):
    """Requests under way; `step` runs in another thread than `add`."""

    def add(self, ticket: int, request: Request) -> None:
        """Take a request in line; must not block."""
        ...

    def step(self) -> list[Ended[Answer]]:
        """Run one step; return what it ended. Nothing under way: nothing to do."""
        ...

    def give_up(self) -> list[int]:
        """Drop the requests that a failed step was about; return their tickets."""
        ...


class StepLoop(Generic[Request, Answer]):
    """Runs steps while there are requests, and hands each its answer."""

    def __init__(self, steps: Steps[Request, Answer]) -> None:
        self._steps = steps
        self._thread = ThreadPoolExecutor(1, "ttsgrid-engine")
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._task: asyncio.Task[None] | None = None
        self.num_requests = 0
        self._busy_s = self._busy_since = 0.0

    async def ask(self, request: Request) -> Answer:
        """Return the answer to a request.

        Raises:
            EngineError: the step that it was in failed.
        """
        ticket, future = self.num_requests, asyncio.get_running_loop().create_future()
        self.num_requests += 1
        self._waiting[ticket] = future
        self._steps.add(ticket, request)
        if self._task is None:
            self._busy_since = time.monotonic()
            self._task = asyncio.create_task(self._run())
        answer: Answer = await future
        return answer

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # what others ask at this moment joins the step
            await self._one_step()
        self._task = None
        self._busy_s += time.monotonic() - self._busy_since

    async def _one_step(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            ended = await loop.run_in_executor(self._thread, self._steps.step)
        except Exception as error:
            for ticket in self._steps.give_up():
                self._settle(ticket, error=EngineError(f"{type(error).__name__}: {error}"))
            return
        for one in ended:
            self._settle(one.ticket, answer=one.answer)

    def _settle(self, ticket: int, answer: Any = None, error: EngineError | None = None) -> None:  # noqa: ANN401
        future = self._waiting.pop(ticket)
        if future.done():  # whoever asked has given up
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(answer)

    @property
    def num_waiting(self) -> int:
        """Requests in flight."""
        return len(self._waiting)

    @property
    def busy_s(self) -> float:
        """Seconds with a request in flight."""
        running = time.monotonic() - self._busy_since if self._task is not None else 0.0
        return self._busy_s + running

    def close(self) -> None:
        """Take no more steps."""
        self._thread.shutdown(wait=False, cancel_futures=True)
