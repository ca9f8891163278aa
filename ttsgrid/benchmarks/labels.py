"""Which steps of a solution are right, for benchmarks that can say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class StepLabels(Protocol):
    """Labels the steps of solutions to one benchmark's problems.

    A class of your own is named in `benchmark.step_labels`:

        class Sums:
            def label_steps(self, question, steps):
                return tuple(eval(step.replace("=", "==")) for step in steps)
    """

    def label_steps(self, question: str, steps: Sequence[str]) -> tuple[bool, ...] | None:
        """Return one verdict per step; None for a question that it doesn't know."""
        ...
