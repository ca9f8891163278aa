"""Scores of labelled solutions that are done, so that a command that was stopped goes on.

One file per PRM, named by its identity, one JSON line per solution, added as it is scored. A
last line that was cut off when the process ended is left out and scored again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsgrid.core.identity import content_id
from ttsgrid.core.model_identity import ModelIdentity


@dataclass(frozen=True)
class StepScoresOfOne:
    """One solution's scores, or why it has none."""

    scores: tuple[float, ...]
    unscored: str | None


def solution_key(problem: str, steps: Sequence[str]) -> str:
    """Return what identifies a solution, whichever file it stands in."""
    return content_id({"problem": problem, "steps": list(steps)})


class ScoreFile:
    """The scores of one PRM in a folder."""

    def __init__(self, folder: Path, prm: ModelIdentity) -> None:
        self._path = folder / "scores" / f"{prm.id}.jsonl"
        self.known = self._read()

    def add(self, key: str, scored: StepScoresOfOne) -> None:
        """Write down one solution's scores, at once."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"key": key, "scores": scored.scores, "unscored": scored.unscored})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self.known[key] = scored

    def _read(self) -> dict[str, StepScoresOfOne]:
        known: dict[str, StepScoresOfOne] = {}
        if not self._path.is_file():
            return known
        text = self._path.read_text(encoding="utf-8")
        *lines, torn = text.split("\n")
        if torn:  # the process ended within it: what is added next must begin a line of its own
            self._path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        for line in lines:
            row = json.loads(line)
            known[row["key"]] = StepScoresOfOne(tuple(row["scores"]), row["unscored"])
        return known
