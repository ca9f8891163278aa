from __future__ import annotations

import json
from pathlib import Path

import pytest

from ttsgrid.core.errors import ConfigError
from ttsgrid.smollm2.problems import (
    STEPS,
    TEST,
    TRAIN,
    Reserved,
    is_held_out,
    read_corpus,
    read_problem,
    words_of,
)

LONG = (
    "A baker sells twelve loaves on Monday and then sells twice as many loaves on Tuesday in town"
)


def test_a_solution_loses_its_calculator_and_boxes_its_answer() -> None:
    problem = read_problem("Q?", "He has 1000 + 2 = <<1000+2=1002>>1002.\n\nDone.\n#### 1,002")
    assert problem.steps == ("He has 1000 + 2 = 1002.", "Done.", "The answer is \\boxed{1002}.")
    assert problem.solution.count("\n\n") == 2


@pytest.mark.parametrize(
    ("question", "resembles"),
    [
        (LONG, True),
        (LONG.upper() + "!", True),  # but for case and signs
        (LONG.replace("twelve", "ten", 1), True),  # most runs of eight words are the same
        ("What is 1 + 1?", False),
        (LONG[:30], False),
    ],
)
def test_a_question_that_resembles_a_reserved_one_is_known(question: str, resembles: bool) -> None:
    assert Reserved([LONG]).resembles(question) is resembles


def test_nothing_that_is_trained_on_is_a_test_problem(shared_data: Path) -> None:
    corpus = read_corpus(shared_data)
    reserved = set()
    for name, field in ((TEST, "question"), (STEPS, "problem")):
        (file,) = shared_data.rglob(name)
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        reserved |= {" ".join(words_of(row[field])) for row in rows}
    used = {" ".join(words_of(p.question)) for p in (*corpus.train, *corpus.held_out)}
    assert len(reserved) > 1300
    assert not used & reserved
    # Two training problems resemble a test one; a few others occur twice.
    assert corpus.num_left_out == 2
    assert 7400 < len(used) <= 7473 - corpus.num_left_out


def test_held_out_problems_are_not_trained_on(shared_data: Path) -> None:
    corpus = read_corpus(shared_data)
    assert len(corpus.held_out) > 400
    assert not any(is_held_out(problem.question) for problem in corpus.train)


def test_a_folder_without_a_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"holds no {TRAIN}"):
        read_corpus(tmp_path)
