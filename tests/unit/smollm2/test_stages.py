"""The stage that compares labels, from files to what the card shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.unit.smollm2.test_comparison import solution
from tests.unit.smollm2.tiny import write_base
from ttsgrid.smollm2.card import write_card
from ttsgrid.smollm2.comparison import KINDS
from ttsgrid.smollm2.family import Family, changed
from ttsgrid.smollm2.problems import STEPS, TEST, TRAIN
from ttsgrid.smollm2.solutions import write_solutions
from ttsgrid.smollm2.stages import ALL, COMPARISON, Training
from ttsgrid.smollm2.train import main as train

SMALL = (
    "comparison.num_learnt=6",
    "comparison.num_judged=6",
    "comparison.num_completed=3",
    "comparison.num_heads=1",
    "comparison.num_steps=4",
    "rollouts.num_completions=1",
    "rollouts.max_tokens=4",
)
WEIGHTS = Path(__file__).parents[3] / "ttsgrid" / "smollm2" / "weights"


def write_data(folder: Path) -> Path:
    """Write files of GSM8K's and ProcessBench's form."""
    folder.mkdir()
    train = [{"question": f"What is {i} + 1?", "answer": f"So\n#### {i + 1}"} for i in range(40)]
    test = [{"question": "Who?", "answer": "#### 1"}]
    people = [
        {"problem": "Why?", "steps": ["Let us", "go", "on"], "label": label} for label in (-1, 1, 2)
    ]
    for name, rows in ((TRAIN, train), (TEST, test), (STEPS, people)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_comparison_of_labels_goes_from_samples_into_the_card(tmp_path: Path) -> None:
    training = Training(
        family=changed(Family(), SMALL),
        base=write_base(tmp_path / "base"),
        data=write_data(tmp_path / "data"),
        out=tmp_path / "out",
        work=tmp_path / "work",
        device=torch.device("cpu"),
        sampler_kind="transformers",
    )
    training.out.mkdir()
    training.work.mkdir()
    write_base(training.work / "strong")
    samples = [solution(i, correct=right) for i in range(20) for right in (True, False)]
    write_solutions(samples, training.work / "rollouts-strong.jsonl")
    ALL["compare-labels"](training)
    found = json.loads((training.out / COMPARISON).read_text())
    assert list(found["kinds"]) == list(KINDS)
    assert found["size"] | {"learnt_steps": 0} == {
        "learnt_problems": 6,
        "learnt_solutions": 12,
        "learnt_steps": 0,
        "learnt_completed": 6,
        "judged_problems": 6,
        "judged_solutions": 12,
        "judged_completed": 3,
        "people": 3,
    }
    for file in WEIGHTS.glob("*-losses.json"):
        (training.out / file.name).write_bytes(file.read_bytes())
    card = write_card(training.out, {}).read_text()
    assert "What each kind of labels brings" in card
    assert all(f"| `{kind}` |" in card for kind in KINDS)


def test_a_training_without_its_data_ends_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [f"--{name}={tmp_path / name}" for name in ("data", "work", "out")]
    with pytest.raises(SystemExit) as ended:
        train([*folders, "--only", "weak"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"--data: {tmp_path / 'data'} holds no " in said
