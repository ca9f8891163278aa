"""What a benchmark's grader must do: extract an answer, judge it, and group equals.

A vote over answers must use the benchmark's own idea of "the same answer"; a
vote over raw strings splits 1/2 from 0.5 (see `ttsgrid.core.voting`). So a grader
offers `group` beside `is_correct`, and `group` is an equivalence relation even
where the underlying judge is not: `partition` takes its transitive closure.

Graders hold no open resources and are picklable; every method may be called
from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ttsgrid.core.errors import UndecidedError
from ttsgrid.core.records import UNDECIDED

Key = TypeVar("Key", bound=Hashable)


class Grader(Protocol):
    """Judges the answers of one kind of benchmark.

    Its optional attribute `equality` says in a few words which answers it takes for the same;
    the frontier and the report repeat them.

    A grader of your own is a class in a module, named in a benchmark's YAML as
    `grader: my_package.grade:YesNo`, with its keyword arguments in `grader_options`:

        class YesNo:
            name = "yes_no"

            def extract(self, text):
                words = text.lower().rstrip(". ").split()
                return words[-1] if words and words[-1] in ("yes", "no") else None

            def is_final(self, text):
                return self.extract(text) is not None

            def is_correct(self, answer, gold):
                return answer.lower() == gold.lower()

            def group(self, answers):
                return [int(answer.lower() != answers[0].lower()) for answer in answers]
    """

    @property
    def name(self) -> str:
        """The grader's name in the configuration."""
        ...

    def extract(self, text: str) -> str | None:
        """Return the final answer that a solution states; None when it states none."""
        ...

    def is_final(self, text: str) -> bool:
        """Say whether a partial solution holds its final answer, so that a search ends there.

        Narrower than `extract`: "the answer is" also comes on the way to another one.
        """
        ...

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether `answer` is equivalent to the gold answer; never for an empty one.

        Raises:
            UndecidedError: comparing them took more than the grader may take.
        """
        ...

    def group(self, answers: Sequence[str]) -> list[int]:
        """Return a class index for each answer; equal index means equivalent.

        Indices count from 0 in the order in which classes are first seen.
        """
        ...


def equality_of(grader: Grader) -> str:
    """Say in words which answers a grader takes for the same.

    A grader may say so in an attribute `equality`; of one that doesn't, nothing more is known.
    """
    return str(getattr(grader, "equality", "equal is what its own code takes for equal"))


@dataclass(frozen=True)
class Judgement:
    """What a grader says of a solution.

    Attributes:
        answer: what votes group by; None where the solution states none.
        outcome: what judging came to, of graders that run something, and `UNDECIDED` of a
            comparison that met a limit; else None.
        detail: of the outcome, in words.
    """

    answer: str | None
    correct: bool
    outcome: str | None = None
    detail: str | None = None


def judge(grader: Grader, text: str, gold: str) -> Judgement:
    """Judge a solution.

    A grader whose verdict needs the whole solution, or says more than right and wrong, has a
    method `judge(text, gold)` of its own; of others it is `extract`, then `is_correct`.
    """
    own: Callable[[str, str], Judgement] | None = getattr(grader, "judge", None)
    if own is not None:
        return own(text, gold)
    answer = grader.extract(text)
    if answer is None:
        return Judgement(None, correct=False)
    try:
        return Judgement(answer, grader.is_correct(answer, gold))
    except UndecidedError as error:
        return Judgement(answer, correct=False, outcome=UNDECIDED, detail=str(error))


def require_ready(grader: Grader) -> None:
    """Ask a grader that needs more than itself (a sandbox, say) whether it has it.

    Raises:
        ConfigError: it hasn't; says what to do.
    """
    own: Callable[[], None] | None = getattr(grader, "require_ready", None)
    if own is not None:
        own()


def partition(keys: Sequence[Key], same: Callable[[Key, Key], bool]) -> list[int]:
    """Return a class index for each key under the transitive closure of `same`.

    `same` is asked only about distinct keys, and never about two that are
    already known to be together. Indices are in first-seen order, and which
    keys share a class does not depend on their order when `same` is symmetric.
    """
    distinct = list(dict.fromkeys(keys))
    classes: list[list[Key]] = []
    for key in distinct:
        joined = [members for members in classes if any(same(other, key) for other in members)]
        classes = [members for members in classes if members not in joined]
        classes.append([*(other for members in joined for other in members), key])
    home = {key: index for index, members in enumerate(classes) for key in members}
    first_seen: dict[int, int] = {}
    return [first_seen.setdefault(home[key], len(first_seen)) for key in keys]
