"""A function run in a process of its own: what it imports and holds ends with it.

A driver that lives for days has to check what its models read before it starts. Tokenizers of
transformers bring torch, a third of a gigabyte that nothing else of the driver needs.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def run_apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns, or raise what it raises; both must pickle.

    It runs here where a fork isn't safe, or saves nothing because torch is here already.
    """
    # Elsewhere forks are no longer safe; a new process would import for six seconds instead.
    if sys.platform != "linux" or "torch" in sys.modules:
        return function(*args, **kwargs)
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            return pool.submit(function, *args, **kwargs).result()
    except BrokenProcessPool:  # it was killed, for want of memory say: then here, in plain sight
        return function(*args, **kwargs)
