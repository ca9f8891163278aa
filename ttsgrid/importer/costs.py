"""What recorded samples took, as far as their file says.

Where a file is silent, the rule is one and provenance says so: a PRM is taken to have
read prompt and solution once; a prompt is taken to have been shared by a problem's
samples, as an engine with a prefix cache shares it; a prompt of unknown length counts as
none. Prices follow from the same. Where no sample has a token count, and none is to be
estimated, the costs are unknown: the units have no price, and the tables of a frontier show
none. Counts of some samples and not of others are refused, since a sum over the others would
pass for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.price import tail_tokens
from ttsgrid.core.records import Price, Solution, Usage
from ttsgrid.importer.records import RecordedProblem, RecordedSample
from ttsgrid.importer.run import RecordedRun

BLOCK_TOKENS = 16  # vLLM's own block size, where a recorded run says nothing of a cache


@dataclass(frozen=True)
class Counting:
    """How tokens of a run are counted.

    Attributes:
        chars_per_token: to estimate what is not recorded; None where nothing is estimated.
        are_known: whether there are counts at all, recorded or estimated.
    """

    chars_per_token: float | None
    are_known: bool

    def usage(self, sample: RecordedSample, question: str | None, shared: bool) -> Usage:
        """Return the tokens of a sample; none where they are unknown.

        Args:
            sample: the sample.
            question: its problem's, to estimate the prompt from.
            shared: whether an earlier sample of the problem computed the prompt.
        """
        if not self.are_known:
            return Usage()
        generated = sample.tokens
        if generated is None:
            generated = self._estimated(sample.whole_text)
        prompt = self.prompt_tokens(sample, question)
        return Usage(prompt, prompt if shared else 0, generated)

    def prompt_tokens(self, sample: RecordedSample, question: str | None) -> int:
        """Return the length of a prompt; none where it can't be known."""
        if sample.prompt_tokens is not None:
            return sample.prompt_tokens
        if self.chars_per_token is None or question is None:
            return 0
        return self._estimated(question)

    def pool_price(self, solutions: Sequence[Solution]) -> Price | None:
        """What a pool would cost run alone on an engine with the usual prefix cache."""
        if not self.are_known:
            return None
        question = solutions[0].usage.prompt_tokens
        whole_blocks = question - tail_tokens(question, BLOCK_TOKENS)
        total = sum((s.usage for s in solutions), Usage())
        return Price(
            Usage(total.prompt_tokens, (len(solutions) - 1) * whole_blocks, total.generated_tokens),
            question_tokens=question,
            policy_block_tokens=BLOCK_TOKENS,
        )

    def scores_price(self, total: Usage) -> Price | None:
        """What a PRM's reading would cost alone."""
        return Price(prm=total, prm_block_tokens=BLOCK_TOKENS) if self.are_known else None

    def _estimated(self, text: str) -> int:
        assert self.chars_per_token is not None
        return max(1, round(len(text) / self.chars_per_token))


def counting(problems: Iterable[RecordedProblem], run: RecordedRun) -> Counting:
    """Return how the tokens of a run are counted.

    Raises:
        ConfigError: some samples have a count and others none, and none is to be estimated.
    """
    samples = [sample for problem in problems for sample in problem.samples]
    num_known = sum(sample.tokens is not None for sample in samples)
    if run.chars_per_token is None and 0 < num_known < len(samples):
        raise ConfigError(
            f"{len(samples) - num_known:,} of {len(samples):,} samples have no token count; "
            f"estimate these with --chars-per-token (about 3.5 for mathematics in English), or "
            f"leave all unknown with --field tokens="
        )
    return Counting(run.chars_per_token, run.chars_per_token is not None or num_known > 0)
