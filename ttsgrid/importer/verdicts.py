"""The answer and the verdict of a recorded sample.

* A recorded verdict stands, also where our grader differs; how often it does is counted.
* A sample recorded as right whose answer nobody finds gets the gold answer, which is what
  its verdict says; without one it would lose every vote.
* Without a recorded verdict the grader gives it, and needs the gold answer.
"""

from __future__ import annotations

from ttsgrid.benchmarks import Grader
from ttsgrid.core.errors import UndecidedError
from ttsgrid.core.records import UNDECIDED, FinishReason, Solution, Usage
from ttsgrid.importer.records import RecordedSample
from ttsgrid.models.prompts import split_steps


class ProblemVerdicts:
    """Gives the samples of one problem their answers and verdicts.

    Attributes:
        num_differing: recorded verdicts that the grader doesn't share, so far.
        provenance: whose verdicts they are.
    """

    def __init__(self, grader: Grader, gold: str | None) -> None:
        self._grader = grader
        self._gold = gold
        self._verdicts: dict[str, bool] = {}
        self._undecided: dict[str, str] = {}
        self.num_differing = 0
        self.provenance = {"verdicts": "recorded"}

    def solution(self, number: int, sample: RecordedSample, usage: Usage) -> Solution:
        """Return a sample as the store keeps it.

        Raises:
            ValueError: its answer or its verdict can't be known.
        """
        text = sample.whole_text
        answer = self._answer(sample, text)
        correct = self._correct(sample, answer)
        # A recorded verdict stands, so only our own can be undecided.
        why = self._undecided.get(answer or "") if sample.correct is None else None
        return Solution(
            sample=number,
            text=text,
            steps=sample.steps or split_steps(text),
            finish_reason=FinishReason.STOP,
            answer=answer,
            correct=correct,
            usage=usage,
            seed=0,
            outcome=None if why is None else UNDECIDED,
            outcome_detail=why,
        )

    def _answer(self, sample: RecordedSample, text: str) -> str | None:
        if sample.unanswered:
            return None
        answer = sample.answer or self._grader.extract(text)
        if answer is None and sample.correct:
            if not self._gold:
                raise ValueError(
                    "a sample is recorded as correct but its answer is not known; set the "
                    "layout's `answer`, `answer_after` or `gold`"
                )
            return self._gold
        return answer

    def _correct(self, sample: RecordedSample, answer: str | None) -> bool:
        ours = self._graded(answer)
        if sample.correct is None:
            self.provenance = {"verdicts": f"graded by {self._grader.name}"}
            if ours is None:
                raise ValueError(
                    "no verdict and no gold answer; set the layout's `correct` or `gold`, e.g. "
                    "--field gold=PATH"
                )
            return ours
        self.num_differing += ours is not None and ours != sample.correct
        return sample.correct

    def _graded(self, answer: str | None) -> bool | None:
        """Our own verdict; None where no gold answer is known."""
        if not self._gold:
            return None
        if answer is None:
            return False
        if answer not in self._verdicts:
            self._verdicts[answer] = self._compared(answer, self._gold)
        return self._verdicts[answer]

    def _compared(self, answer: str, gold: str) -> bool:
        try:
            return self._grader.is_correct(answer, gold)
        except UndecidedError as error:
            self._undecided[answer] = str(error)
            return False
