"""The losses of a training: printed now and then, kept for the card."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

EVERY = 20
console = Console(width=120)


class LossLog:
    """Collects the losses of one training."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = time.monotonic()
        self._losses: list[float] = []

    def add(self, step: int, num_steps: int, loss: float) -> None:
        """Take the loss of a step."""
        self._losses.append(loss)
        if (step + 1) % EVERY == 0 or step + 1 == num_steps:
            recent = self._losses[-EVERY:]
            console.print(
                f"{self._name} {step + 1}/{num_steps} loss {sum(recent) / len(recent):.4f} "
                f"{time.monotonic() - self._started:.0f} s",
                highlight=False,
            )

    def write(self, folder: Path, settings: Mapping[str, object]) -> None:
        """Keep the losses, averaged over every 20 steps, with the settings they belong to."""
        parts = (self._losses[i : i + EVERY] for i in range(0, len(self._losses), EVERY))
        found = {
            "settings": dict(settings),
            "num_steps": len(self._losses),
            "seconds": round(time.monotonic() - self._started, 1),
            "losses": [round(sum(part) / len(part), 4) for part in parts],
        }
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, indent=1) + "\n"
        (folder / f"{self._name}-losses.json").write_text(text, encoding="utf-8")
