"""The examples of docs/extending.md, written to a folder as a reader would."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ttsgrid.zoo.tokenizer import build_tokenizer

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"
_FILE = re.compile(r"`([\w./]+\.\w+)`:\n\n```\w+\n(.*?)```", re.DOTALL)


def write_examples(folder: Path) -> list[str]:
    """Write every file that the page shows; return their names."""
    found = _FILE.findall(PAGE.read_text())
    for name, text in found:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return [name for name, _ in found]


def make_checkpoint(folder: Path, name: str) -> Path:
    """Make a checkpoint without weights: a tokenizer, and a config that tells it apart."""
    path = folder / "checkpoints" / name
    build_tokenizer(with_bos=False).save_pretrained(path)
    config = {"model_type": "qwen2", "name_in_test": name, "max_position_embeddings": 4096}
    (path / "config.json").write_text(json.dumps(config))
    return path


def run(folder: Path, door: str, *arguments: str, path: Sequence[Path] = ()) -> str:
    """Run one of ttsgrid's commands in a folder; return what it printed."""
    places = ":".join(map(str, [ROOT, *path]))
    done = subprocess.run(
        [sys.executable, "-m", f"ttsgrid.{door}", *arguments],
        cwd=folder,
        env={"PYTHONPATH": places, "PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
