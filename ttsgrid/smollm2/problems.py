r"""GSM8K as policies shall write it, and which of its problems may be trained on.

A solution's lines become steps, each ended by a blank line; the calculator's `<<48/2=24>>`
go; the last step boxes the answer. Training problems are those of GSM8K's training file
without any that is also in the test file or in ProcessBench (whose problems come from that
file): equal but for case and signs, or sharing most of their runs of eight words. A
fixed fifteenth of them, chosen by a hash of the question, is held out: all choices are
made there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ttsgrid.benchmarks.files import read_rows
from ttsgrid.core.errors import ConfigError

TRAIN, TEST, STEPS = "gsm8k_train.jsonl", "gsm8k_test.jsonl", "processbench_gsm8k.jsonl"
SEPARATOR = "\n\n"
RUN_WORDS = 8
SHARED_RUNS = 0.5
HELD_OUT_ONE_IN = 15
_CALCULATOR = re.compile(r"<<.*?>>")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class WordProblem:
    """A problem with its reference solution.

    Attributes:
        steps: of the solution; the last boxes the answer.
        answer: the number, without thousands separators.
    """

    question: str
    steps: tuple[str, ...]
    answer: str

    @property
    def solution(self) -> str:
        """The solution as a policy writes it."""
        return SEPARATOR.join(self.steps)


@dataclass(frozen=True)
class Corpus:
    """Problems by what they are for.

    Attributes:
        train: to learn from.
        held_out: of the same file, to choose by.
        num_left_out: problems of the training file that resemble a reserved one.
    """

    train: tuple[WordProblem, ...]
    held_out: tuple[WordProblem, ...]
    num_left_out: int

    def beginning(self, num_problems: int | None) -> Corpus:
        """Return so many problems of either side; all for None."""
        return replace(self, train=self.train[:num_problems], held_out=self.held_out[:num_problems])


def read_problem(question: str, answer: str) -> WordProblem:
    """Read one row of GSM8K."""
    worked, _, gold = answer.partition("####")
    number = gold.strip().replace(",", "")
    lines = (_CALCULATOR.sub("", line).strip() for line in worked.split("\n"))
    steps = (*(line for line in lines if line), f"The answer is \\boxed{{{number}}}.")
    return WordProblem(question.strip(), steps, number)


def read_corpus(data: Path) -> Corpus:
    """Read what may be trained on from a folder of data.

    Args:
        data: holds GSM8K's two files and ProcessBench's GSM8K file, at any depth.

    Raises:
        ConfigError: one of them is not there.
    """
    rows = [row.values for row in read_rows(find_file(data, TRAIN))]
    reserved = [row.values["question"] for row in read_rows(find_file(data, TEST))]
    reserved += [row.values["problem"] for row in read_rows(find_file(data, STEPS))]
    known = Reserved(reserved)
    problems = [read_problem(row["question"], row["answer"]) for row in rows]
    kept = list({p.question: p for p in problems if not known.resembles(p.question)}.values())
    return Corpus(
        train=tuple(p for p in kept if not is_held_out(p.question)),
        held_out=tuple(p for p in kept if is_held_out(p.question)),
        num_left_out=sum(known.resembles(p.question) for p in problems),
    )


def find_file(data: Path, name: str) -> Path:
    """Return the file of that name in or below a folder.

    Raises:
        ConfigError: there is none.
    """
    found = sorted(data.rglob(name))
    if not found:
        raise ConfigError(f"--data: {data} holds no {name}; name the folder of GSM8K's files")
    return found[0]


class Reserved:
    """Questions that nothing may be trained on."""

    def __init__(self, questions: Iterable[str]) -> None:
        words = [words_of(question) for question in questions]
        self._whole = {tuple(one) for one in words}
        self._runs = {run for one in words for run in runs_of(one)}

    def resembles(self, question: str) -> bool:
        """Say whether a question is a reserved one, or shares most of its runs of words."""
        words = words_of(question)
        runs = runs_of(words)
        shared = sum(run in self._runs for run in runs)
        return tuple(words) in self._whole or shared > SHARED_RUNS * max(1, len(runs))


def words_of(text: str) -> list[str]:
    """Return the words and numbers of a text, in small letters."""
    return _WORD.findall(text.lower())


def runs_of(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Return all runs of `RUN_WORDS` neighbouring words."""
    return [tuple(words[i : i + RUN_WORDS]) for i in range(len(words) - RUN_WORDS + 1)]


def is_held_out(question: str) -> bool:
    """Say on which side of the training file a question is."""
    digest = hashlib.sha256(question.encode()).digest()
    return int.from_bytes(digest[:8]) % HELD_OUT_ONE_IN == 0
