"""From what strategies give to solutions: decoded, cut into steps, graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ttsgrid.benchmarks import Grader, Judgement, benchmark_grader, judge
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.records import FinishReason, Solution, Usage
from ttsgrid.engines.base import Generation
from ttsgrid.engines.text import TextGeneration
from ttsgrid.models import DecodingTokenizer, PromptFormat, prompt_format
from ttsgrid.models.reasoning import VISIBLE
from ttsgrid.strategies.sampling import Sample
from ttsgrid.strategies.search.protocol import SearchAnswer

UNJUDGED = Judgement(None, correct=False)


@dataclass(frozen=True)
class Grading:
    """A policy's texts, read with its tokenizer and its benchmark's grader.

    Attributes:
        tokenizer: None for a policy that gives texts.
        is_open: whether what is read begins within thoughts that the prompt began.
    """

    tokenizer: DecodingTokenizer | None
    grader: Grader
    format: PromptFormat
    is_open: bool = False

    def after(self, prompt_ids: Sequence[int]) -> Grading:
        """Return the grading of what follows a prompt: some templates begin the thoughts."""
        if self.format.reasoning is None:
            return self
        assert self.tokenizer is not None, "whose engine gives ids has a tokenizer"
        # With special tokens: in some tokenizers the marks are among them.
        prompt = self.tokenizer.decode(list(prompt_ids), skip_special_tokens=False)
        return replace(self, is_open=self.format.reasoning.is_open(prompt))

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of a whole continuation up to a stop text, without special tokens."""
        assert self.tokenizer is not None, "whose engine gives ids has a tokenizer"
        text = self.tokenizer.decode(list(token_ids), skip_special_tokens=True)
        return self.format.before_stop(text)

    def is_final(self, text: str) -> bool:
        """Say whether a text states its final answer."""
        return self.grader.is_final(self.format.answer_text(text, is_open=self.is_open))

    def samples(self, samples: Sequence[Sample[Generation]], gold: str) -> tuple[Solution, ...]:
        """Return the solutions of a pool's samples."""
        return tuple(self._sample(sample, gold) for sample in samples)

    def texts(self, samples: Sequence[Sample[TextGeneration]], gold: str) -> tuple[Solution, ...]:
        """Return the solutions of a pool's samples that came as texts."""
        return tuple(self._text(sample, gold) for sample in samples)

    def answers(self, answers: Sequence[SearchAnswer], gold: str) -> tuple[Solution, ...]:
        """Return the solutions that a search gives, in its order."""
        return tuple(self._answer(index, answer, gold) for index, answer in enumerate(answers))

    def _sample(self, sample: Sample[Generation], gold: str) -> Solution:
        generation = sample.generation
        solution = self._solution(
            sample.index,
            sample.seed,
            self.decode(generation.token_ids),
            generation.finish_reason,
            generation.usage,
            gold,
        )
        reasoning = self.format.reasoning
        if reasoning is None:
            return solution
        hidden = reasoning.hidden_tokens(generation.token_ids, self.decode, is_open=self.is_open)
        return self._counted(solution, hidden)

    def _text(self, sample: Sample[TextGeneration], gold: str) -> Solution:
        generation = sample.generation
        graded = self._solution(
            sample.index,
            sample.seed,
            self.format.before_stop(generation.text),
            generation.finish_reason,
            generation.usage,
            gold,
            thoughts=generation.reasoning,
        )
        thought = generation.reasoning or None
        return self._counted(replace(graded, reasoning=thought), generation.reasoning_tokens)

    def _counted(self, solution: Solution, hidden: int | None) -> Solution:
        """Say how many tokens were thoughts, and leave them out of what it cost where told."""
        told = self.format.reasoning
        usage = solution.usage
        if told is not None and told.tokens == VISIBLE:
            usage = replace(usage, generated_tokens=usage.generated_tokens - (hidden or 0))
        return replace(solution, usage=usage, reasoning_tokens=hidden)

    def _solution(
        self,
        index: int,
        seed: int,
        text: str,
        finish_reason: FinishReason,
        usage: Usage,
        gold: str,
        thoughts: str = "",
    ) -> Solution:
        whole = self.format.with_thoughts(text, thoughts)
        # A cut-off solution has no final answer, whatever it boxed on the way.
        finished = finish_reason is FinishReason.STOP
        judged = self._judged(whole, gold) if finished else UNJUDGED
        return Solution(
            sample=index,
            text=text,
            steps=self.format.steps_of(whole, is_open=self.is_open),
            finish_reason=finish_reason,
            answer=judged.answer,
            correct=judged.correct,
            outcome=judged.outcome,
            outcome_detail=judged.detail,
            usage=usage,
            seed=seed,
        )

    def _judged(self, text: str, gold: str) -> Judgement:
        return judge(self.grader, self.format.answer_text(text, is_open=self.is_open), gold)

    def _answer(self, index: int, answer: SearchAnswer, gold: str) -> Solution:
        judged = self._judged(answer.text, gold) if answer.complete else UNJUDGED
        return Solution(
            sample=index,
            text=answer.text,
            steps=answer.steps,
            finish_reason=answer.finish_reason,
            answer=judged.answer,
            correct=judged.correct,
            outcome=judged.outcome,
            outcome_detail=judged.detail,
            # Its own tokens alone. What the search spent is the unit's: answers share it.
            usage=Usage(generated_tokens=answer.num_tokens),
            seed=answer.seed,
            step_scores=answer.step_scores,
        )


def gradings_of(spec: WorkerSpec, tokenizer: DecodingTokenizer | None) -> dict[str, Grading]:
    """Return a worker's gradings by benchmark: each asks in its own words and judges its own way.

    Args:
        spec: the worker's.
        tokenizer: None for a policy that gives texts.
    """
    return {
        benchmark.name: Grading(
            tokenizer,
            benchmark_grader(benchmark),
            prompt_format(spec.format, instruction=benchmark.instruction),
        )
        for benchmark in spec.benchmarks
    }
