"""The commands, run as a user runs them: in a folder of their own, by the documented way alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def put(folder: Path, *modules: str) -> None:
    """Copy modules of a user's into a folder outside the package."""
    for module in modules:
        shutil.copy(ROOT / "tests" / "own" / f"{module}.py", folder / f"{module}.py")


def command(folder: Path, door: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ttsgrid.DOOR` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", f"ttsgrid.{door}", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )


def said(folder: Path, door: str, *arguments: str) -> str:
    """Run a command that must succeed; return what it prints."""
    ran = command(folder, door, *arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
