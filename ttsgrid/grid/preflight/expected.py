"""What one unit is expected to write and to read, from how long solutions are on average.

Run alone, as prices are (`ttsgrid.core.price`): what a pool or a tree shares is read once, and
of each request the block that its last token lies in is computed again, half a block on average.

A search at N continues N/M beams by M steps each until they end, and a beam that ended keeps
its place: so it writes N solutions' worth of steps, as far as its limits let it. A PRM reads
each of these steps once. Searches that fill up to N with what is still open (Hugging Face's
beam search) write N steps at each of `max_steps`, if nothing ends them all before.
"""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.core.strategies import search_of
from ttsgrid.core.units import SearchTree, Unit

TEMPLATE_TOKENS = 40
"""What a chat template and an instruction add to a question, e.g. of Qwen2.5 and Llama 3."""

STEP_TOKENS = 60.0
"""Of a step that ends with a blank line: 45 in 320 solutions of Qwen2.5-1.5B to MATH-500, 86 in
ProcessBench's of MATH."""

BYTES_PER_TOKEN = 4  # of questions in English and LaTeX
CPU_BLOCK_TOKENS, GPU_BLOCK_TOKENS = 32, 16  # of the engines' prefix caches


@dataclass(frozen=True)
class Length:
    """The mean solution of a policy to a benchmark.

    Attributes:
        tokens: as many as the policy writes.
        steps: as searches cut it.
    """

    tokens: float
    steps: float

    @property
    def step_tokens(self) -> float:
        """Tokens of a step."""
        return self.tokens / max(1.0, self.steps)


@dataclass(frozen=True)
class Reading:
    """How a model reads.

    Attributes:
        question_tokens: with what its format puts around the question.
        mark_tokens: that its format adds to each step; 0 for policies.
        block_tokens: of its engine's prefix cache.
    """

    question_tokens: float
    mark_tokens: int
    block_tokens: int

    @property
    def tail_tokens(self) -> float:
        """Computed again of each request but the first; see the module."""
        return (self.block_tokens + 1) / 2


@dataclass(frozen=True)
class Searched:
    """What a tree grows: candidates, and tokens over all of them."""

    num_candidates: float
    tokens: float


def num_solutions(unit: Unit) -> int:
    """Return how many solutions a unit is about; a search's N count."""
    return unit.tree.settings.budget if unit.tree else unit.num_requests


def most_written(unit: Unit) -> int:
    """Return the most that a policy may write for a unit."""
    return num_solutions(unit) * unit.sampling.max_tokens


def written(unit: Unit, length: Length) -> float:
    """Return the tokens that a policy is expected to write for a unit."""
    if unit.tree:
        return _grown(unit.tree, length).tokens
    return unit.num_requests * min(length.tokens, unit.sampling.max_tokens)


def prompted(unit: Unit, length: Length, reading: Reading) -> float:
    """Return the prompt tokens that a policy is expected to compute for a unit."""
    requests = _grown(unit.tree, length).num_candidates if unit.tree else unit.num_requests
    return reading.question_tokens + max(0.0, requests - 1) * reading.tail_tokens


def read(unit: Unit, length: Length, reading: Reading) -> float:
    """Return the tokens that a PRM is expected to read for a unit."""
    if unit.tree:
        grown = _grown(unit.tree, length)
        marks = grown.num_candidates * (reading.mark_tokens + reading.tail_tokens)
        return reading.question_tokens + grown.tokens + marks
    solution = min(length.tokens, unit.sampling.max_tokens) + length.steps * reading.mark_tokens
    shared = reading.question_tokens + (unit.num_requests - 1) * reading.tail_tokens
    return shared + unit.num_requests * solution


def _grown(tree: SearchTree, length: Length) -> Searched:
    settings, search = tree.settings, search_of(tree.settings.kind)
    # Where open beams are multiplied to N again and again, few searches end before the limit.
    fills_up = settings.rules.refill and search.takes("beam_width")
    steps = float(settings.max_steps) if fills_up else min(length.steps, settings.max_steps)
    step_tokens = min(length.step_tokens, settings.max_step_tokens)
    path = min(steps * step_tokens, tree.sampling.max_tokens)
    ahead = 1 + settings.lookahead_steps
    return Searched(settings.budget * steps * ahead, settings.budget * path * ahead)
