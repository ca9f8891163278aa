"""How far an engine has come with its start, told from process to process.

An engine that loads keeps its worker busy, and vLLM may load a model in a process of its own. So
each process that takes part appends a line to a file as it enters a stage, and a thread of the
worker reads the last one for whoever asks. The lines are ours: nothing reads vLLM's log, whose
words change. Where nobody writes one (an engine of a user's own, one on several GPUs), the stage
before goes on; where the file can't be written, nothing is told. No start ever fails for it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttsgrid.core.spent import Stage

FILE = "TTSGRID_STAGES"  # an environment variable: processes inherit it however they are made


@contextmanager
def told() -> Iterator[None]:
    """Take in what this process and those below it tell while the block runs."""
    with suppress(OSError):
        handle, path = tempfile.mkstemp(prefix="ttsgrid-stages-")
        os.close(handle)
        os.environ[FILE] = path
    try:
        yield
    finally:
        with suppress(OSError):
            Path(os.environ.pop(FILE, "")).unlink()


def enter(stage: Stage) -> None:
    """Tell that a stage of the start begins, if anybody takes it in."""
    path = os.environ.get(FILE)
    if path:
        with suppress(OSError), Path(path).open("a", encoding="utf-8") as lines:
            lines.write(f"{stage.name}\n")


def current() -> Stage | None:
    """Return the stage that the start is in; None before the first and after the last."""
    try:
        lines = Path(os.environ[FILE]).read_text(encoding="utf-8").splitlines()
    except (KeyError, OSError):
        return None
    known = [line for line in lines if line in Stage.__members__]
    return Stage[known[-1]] if known else None
