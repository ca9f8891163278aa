"""The questions of `scripted.py` as a task of inspect_ai; `make.sh` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import pattern
from inspect_ai.solver import generate

sys.path.insert(0, str(Path(__file__).parents[1]))
from scripted import QUESTIONS


@task
def scripted() -> Task:
    """Ask each question and score the number in the box."""
    samples = [
        Sample(input=question, target=gold, id=f"q{i}")
        for i, (question, (gold, _)) in enumerate(QUESTIONS.items())
    ]
    return Task(dataset=samples, solver=generate(), scorer=pattern(r"boxed\{([0-9.]+)\}"))
