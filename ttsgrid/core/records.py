"""The nouns that travel: problems, solutions, step scores and finished units.

All are frozen, picklable and plain: they cross process borders and become
rows of the store without further translation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ttsgrid.core.price import NO_PREFIXES, Prefixes


@dataclass(frozen=True)
class Problem:
    """A question of a benchmark with its gold answer.

    Attributes:
        id: content address of (benchmark, question, gold answer).
        index: position in the benchmark as loaded; for people, not identity.
        level: the benchmark's own difficulty label, where it has one.
    """

    id: str
    benchmark: str
    index: int
    question: str
    answer: str
    level: int | None = None
    subject: str | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens one engine spent.

    Attributes:
        prompt_tokens: tokens in the prompts, cached ones included.
        cached_tokens: of those, tokens read from the prefix cache, not computed.
        generated_tokens: tokens sampled.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.generated_tokens + other.generated_tokens,
        )


class FinishReason(StrEnum):
    """Why a solution ended: its own end mark, or a limit."""

    STOP = "stop"
    """At its own end mark."""
    LENGTH = "length"
    """A token limit cut it off."""
    PROMPT_TOO_LONG = "prompt_too_long"
    """It was never begun: the prompt leaves no room in the policy's context."""
    FILTERED = "content_filter"
    """An endpoint's filter withheld it."""


UNDECIDED = "undecided"
"""The outcome of a solution whose answer no grader could compare in its limits: it counts as
wrong, is recorded as what it is, and shown."""


@dataclass(frozen=True)
class Solution:
    """One chain of steps from a policy, graded.

    Attributes:
        sample: its index in the pool (or in the search's answers).
        text: the whole solution as decoded; separators kept.
        steps: the text's non-empty steps, separators stripped.
        answer: the extracted final answer; None when there is none, or when
            the solution was cut off.
        correct: the benchmark grader's verdict; False when `answer` is None.
        seed: seed of its (first) engine request.
        step_scores: the scores a search's PRM gave its steps; empty elsewhere.
        outcome: what judging it came to, of graders that run something (`passed`, `time-out`).
        outcome_detail: of that, in words.
        reasoning: what an endpoint tells of the thoughts before the answer, apart from the
            text; None where it tells nothing.
        reasoning_tokens: of the generated tokens, those of reasoning; None where unknown.
    """

    sample: int
    text: str
    steps: tuple[str, ...]
    finish_reason: FinishReason
    answer: str | None
    correct: bool
    usage: Usage
    seed: int
    step_scores: tuple[float, ...] = ()
    outcome: str | None = None
    outcome_detail: str | None = None
    reasoning: str | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True)
class StepScores:
    """What a PRM says of one solution: one probability per step, in step order.

    Attributes:
        scores: empty for a solution that has no score: one without steps, or one that the
            PRM can't read. It stays in its pool, unscored.
        usage: what the engine spent, in the run that scored it.
        unscored: why there are no scores, in words; None where there are.
        input_tokens: length of the PRM's input; 0 where none was made.
        prefixes: of that input, for its price.
    """

    sample: int
    scores: tuple[float, ...]
    usage: Usage
    unscored: str | None = None
    input_tokens: int = 0
    prefixes: Prefixes = NO_PREFIXES


@dataclass(frozen=True)
class Price:
    """What a unit costs run alone (`ttsgrid.core.price`), whatever ran beside it.

    Attributes:
        policy: tokens of the policy's requests; cached ones are those that the unit itself
            computed before.
        prm: the same of the PRM's inputs.
        question_tokens: length of the policy's prompt: units of one run share it.
        policy_block_tokens: the block size of the policy's prefix cache.
        prm_block_tokens: of the PRM's; 0 without one.
        prm_prefixes: distinct parts of all PRM inputs of a search; empty for other kinds.
    """

    policy: Usage = Usage()
    prm: Usage = Usage()
    question_tokens: int = 0
    policy_block_tokens: int = 0
    prm_block_tokens: int = 0
    prm_prefixes: Prefixes = NO_PREFIXES


@dataclass(frozen=True)
class UnitResult:
    """Everything a worker reports of one work unit, done or failed.

    Attributes:
        unit_id: content address of the unit (see `ttsgrid.grid.plan`).
        error: None when the unit is done; else why it failed.
        policy_usage: tokens of the policy's engine, over the whole unit: a fact of this run.
        prm_usage: tokens of the PRM's engine, over the whole unit.
        price: what the unit costs run alone; None where it is unknown (failed, or imported).
        seconds: wall time from hand-out to result, engine queueing included.
        provenance: where and with what it ran: host, engine and package versions.
        trace: JSON of a search tree; None for other kinds.
    """

    unit_id: str
    solutions: tuple[Solution, ...] = ()
    scores: tuple[StepScores, ...] = ()
    error: str | None = None
    policy_usage: Usage = Usage()
    prm_usage: Usage = Usage()
    price: Price | None = None
    seconds: float = 0.0
    attempt: int = 1
    provenance: dict[str, str] = field(default_factory=dict)
    trace: str | None = None
