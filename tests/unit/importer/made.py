"""A small recorded run, written by hand: two problems, four samples each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ttsgrid.core.units import SamplingIdentity
from ttsgrid.importer import Layout, RecordedRun, load_layout, recorded_policy, recorded_prm

PROBLEMS: list[dict[str, Any]] = [
    {
        "id": "half",
        "question": "What is 1 over 2?",
        "answer": "1/2",
        "samples": [
            {
                "answer": "0.5",
                "correct": True,
                "scores": [0.9, 0.8],
                "tokens": 10,
                "text": "a\n\nb",
            },
            {
                "answer": "2",
                "correct": False,
                "scores": [0.2, 0.95],
                "tokens": 12,
                "text": "a\n\nb",
            },
            {"answer": "2", "correct": False, "scores": [0.3], "tokens": 14, "text": "c"},
            {"answer": "1/2", "correct": True, "scores": [0.7], "tokens": 16, "text": "c"},
        ],
    },
    {
        "id": "sum",
        "question": "What is 1 + 1?",
        "answer": "2",
        "samples": [
            {"answer": "2", "correct": True, "scores": [0.1], "tokens": 20, "text": "c"},
            {"answer": "3", "correct": False, "scores": [0.6], "tokens": 20, "text": "c"},
            {"answer": "2", "correct": True, "scores": [0.2], "tokens": 20, "text": "c"},
            {"answer": None, "correct": False, "scores": [0.9], "tokens": 20, "text": "c"},
        ],
    },
]


def write_lines(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def made_run(layout: Layout | None = None, **changes: object) -> RecordedRun:
    settings: dict[str, Any] = {
        "benchmark": "by-hand",
        "grader": "math",
        "policy": recorded_policy("writer", 1000),
        "prm": recorded_prm("judge", 500, layout or load_layout("default", {})),
        "sampling": SamplingIdentity(0.7, 1.0, 0, 0),
        "chars_per_token": 4.0,
    }
    return RecordedRun(**(settings | changes))
