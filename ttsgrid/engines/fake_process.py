"""A process beside a fake engine, as vLLM's engine has one: when it ends, so does the worker.

It echoes a line for each request, and ends with the worker, whose end closes its input.
"""

from __future__ import annotations

import asyncio
import os
import sys

# Its name stands last, so that a list of processes shows which engine it is.
NAME = "ttsgrid-fake-engine"
_ECHO = (
    "import sys\nfor line in sys.stdin.buffer:\n sys.stdout.buffer.write(line)\n sys.stdout.flush()"
)


class EngineProcess:
    """The process, and the way to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, engine: str) -> EngineProcess:
        """Start it.

        Args:
            engine: the engine's name, told in its command line.
        """
        pipe = asyncio.subprocess.PIPE
        # Isolated and without site-packages: it starts in 20 ms.
        command = (sys.executable, "-I", "-S", "-c", _ECHO, NAME, engine)
        return cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe))

    async def ask(self) -> None:
        """Wait for its word; end this process if it has ended."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        try:
            async with self._turn:
                to.write(b"\n")
                answer = await back.readline()
        except (OSError, RuntimeError):  # the pipe broke; uvloop, which Ray uses, says RuntimeError
            answer = b""
        if not answer:
            print("the engine's process has ended", file=sys.stderr, flush=True)
            os._exit(1)  # as beside vLLM: a live worker with a dead engine would eat every retry

    def close(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
