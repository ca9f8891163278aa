"""A driver that reaches its cluster through Ray's client (`ray://`), and is no part of it.

It has no state API, and its futures must not be cancelled: when the reply comes, Ray's client sets
them all the same, and prints a traceback for each (`ray.util.client.common`, 2.60).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import ray

T = TypeVar("T")


def is_client() -> bool:
    """Whether this process reaches its cluster through Ray's client."""
    return bool(ray.util.client.ray.is_connected())


async def reply_of(call: Awaitable[T]) -> T:
    """Await a remote call, so that giving up waiting leaves the call alone."""
    if not is_client():
        return await call
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[T] = loop.create_future()

    def copy(done: Future[Any]) -> None:
        if reply.done():  # nobody waits any more
            return
        if (error := done.exception()) is not None:
            reply.set_exception(error)
        else:
            reply.set_result(done.result())

    future: Callable[[], Future[Any]] = call.future  # type: ignore[attr-defined]  # a reference's
    future().add_done_callback(lambda done: loop.call_soon_threadsafe(copy, done))
    return await reply
