"""Several command lines in one process, one after another: imports take longer than they do.

Reads a JSON list of `{door, arguments, environment}`, writes a list of `{status, out, err, ray}`.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Line:
    """One command line, e.g. `python -m ttsgrid.DOOR ARGUMENTS`."""

    door: str
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """What became of it; `ray` is whether Ray was loaded by then."""

    status: int
    out: str
    err: str
    ray: bool


def run_all(folder: Path, lines: list[Line], environment: dict[str, str]) -> list[Ended]:
    """Run command lines in a folder, in one process of its own."""
    told = [vars(line) for line in lines]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.own.many_commands"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "400"} | environment,
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [Ended(**ended) for ended in json.loads(ran.stdout)]


def _run(line: Line) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    status = 0
    argv = [line.door, *line.arguments]
    door = importlib.import_module(f"ttsgrid.{line.door}")
    with (
        mock.patch.object(sys, "argv", argv),
        mock.patch.dict(os.environ, line.environment),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            status = int(door.main() or 0)
        except SystemExit as end:
            status = int(end.code or 0)
    return Ended(status, out.getvalue(), err.getvalue(), "ray" in sys.modules)


if __name__ == "__main__":
    told = [Line(**line) for line in json.load(sys.stdin)]
    json.dump([vars(_run(line)) for line in told], sys.stdout)
