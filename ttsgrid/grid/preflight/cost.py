"""What a plan's missing units cost, in tokens, FLOPs, time and disk, before any of them runs.

A solution has `max_tokens` at most. How long solutions really are, only solutions say: where a
store holds some of the same policy on the same benchmark, their mean gives what is to be
expected; else a length that is stated (`Lengths`). Inference costs 2 P D FLOPs, for what is
written and for what is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from ttsgrid.core.units import Unit
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.expected import (
    BYTES_PER_TOKEN,
    CPU_BLOCK_TOKENS,
    GPU_BLOCK_TOKENS,
    STEP_TOKENS,
    TEMPLATE_TOKENS,
    Length,
    Reading,
    most_written,
    num_solutions,
    prompted,
    read,
    written,
)
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models.prms import mark_tokens, prm_format

SECONDS_PER_HOUR = 3600

# Of merged files: text, steps and traces of searches for what is written, keys of prefixes for
# what PRMs read. They predict 6.5 MB of the default sweep's store, which takes 5.5 MB.
BYTES_PER_WRITTEN_TOKEN, BYTES_PER_READ_TOKEN = 3.0, 1.0


@dataclass(frozen=True)
class Lengths:
    """How long solutions are, as far as anything says.

    Attributes:
        measured: by name of the policy and of the benchmark.
        stated_tokens: the mean of all others; None where nobody states it.
        step_tokens: of a step of theirs.
        block_tokens: of the prefix caches of models' engines, by name, as far as they ran.
    """

    measured: Mapping[tuple[str, str], Length] = field(default_factory=dict)
    stated_tokens: float | None = None
    step_tokens: float = STEP_TOKENS
    block_tokens: Mapping[str, int] = field(default_factory=dict)

    def of(self, policy: str, benchmark: str) -> Length | None:
        """Return the mean solution of a policy to a benchmark; None where nothing tells it.

        Solutions to other benchmarks stand in where no length is stated.
        """
        if known := self.measured.get((policy, benchmark)):
            return known
        if self.stated_tokens is not None:
            return Length(self.stated_tokens, max(1.0, self.stated_tokens / self.step_tokens))
        others = [length for (name, _), length in self.measured.items() if name == policy]
        if not others:
            return None
        return Length(fmean(o.tokens for o in others), fmean(o.steps for o in others))


@dataclass(frozen=True)
class Cost:
    """What one model is to do.

    Attributes:
        num_units: that it has a part in.
        num_solutions: written by a policy, read by a PRM; a search's N count.
        most_tokens: written by a policy, read by a PRM, if every solution were as long as it
            may get.
        expected_tokens: the same for solutions of the mean length; None where nothing tells it.
        prompt_tokens: that a policy computes beside those that it writes.
    """

    model: ResolvedModel
    num_units: int
    num_solutions: int
    most_tokens: int
    expected_tokens: int | None
    prompt_tokens: int = 0

    @property
    def tokens(self) -> int:
        """What is expected; where nothing tells it, the most."""
        return self.most_tokens if self.expected_tokens is None else self.expected_tokens

    @property
    def computed_tokens(self) -> int:
        """What the engine computes: prompts too."""
        return self.tokens + self.prompt_tokens

    def scaled(self, factor: float) -> Cost:
        """Return the same with so many times the tokens, of what is expected."""
        if self.expected_tokens is None:
            return self
        tokens, prompts = self.expected_tokens * factor, self.prompt_tokens * factor
        return replace(self, expected_tokens=round(tokens), prompt_tokens=round(prompts))

    @property
    def gpus(self) -> int:
        """GPUs of one replica; none for a model behind an endpoint."""
        config = self.model.config
        return 0 if config.endpoint else config.num_gpus * config.pipeline_parallel

    def flops(self, tokens: int) -> float | None:
        """Return the FLOPs of so many tokens; None where the model's size is unknown."""
        size = self.model.num_parameters
        return None if size is None else 2.0 * size * tokens

    @property
    def num_bytes(self) -> float:
        """What the store keeps of it."""
        per_token = BYTES_PER_READ_TOKEN if self.model.role == "prm" else BYTES_PER_WRITTEN_TOKEN
        return per_token * self.tokens

    def device_hours(
        self, flops_per_s: float | None, seconds_per_token: float | None
    ) -> float | None:
        """Return GPU-hours, of a model without GPUs hours; None where something is unknown.

        Args:
            flops_per_s: that one GPU gets done, where nothing was measured.
            seconds_per_token: device-seconds per computed token, measured.
        """
        if seconds_per_token is not None:
            return self.computed_tokens * seconds_per_token / SECONDS_PER_HOUR
        flops = self.flops(self.computed_tokens)
        if flops is None or flops_per_s is None or not self.gpus:
            return None
        return flops / flops_per_s / SECONDS_PER_HOUR


def costs_of(plan: Plan, models: Sequence[ResolvedModel], lengths: Lengths) -> list[Cost]:
    """Return what each model of a plan is to do, in the models' order.

    Args:
        plan: its missing units count.
        models: those of the grid.
        lengths: of solutions.
    """
    of_model: dict[str, list[tuple[Unit, int]]] = defaultdict(list)
    for unit, number in plan.missing.alike():
        for name in {model.name for model in (*unit.models, unit.runs_on)}:
            of_model[name].append((unit, number))
    questions = _questions(plan)
    return [_cost(model, of_model[model.config.name], lengths, questions) for model in models]


@dataclass(frozen=True)
class _Question:
    """A problem's benchmark, and the mean question there: units stand for those of others."""

    benchmark: str
    tokens: float


def _questions(plan: Plan) -> dict[str, _Question]:
    sizes: dict[str, list[int]] = defaultdict(list)
    for problem in plan.problems:
        sizes[problem.benchmark].append(len(problem.question.encode()))
    means = {name: fmean(found) / BYTES_PER_TOKEN for name, found in sizes.items()}
    return {p.id: _Question(p.benchmark, means[p.benchmark]) for p in plan.problems}


@dataclass(frozen=True)
class _Expected:
    """What a unit comes to: tokens written or read, and prompts beside what is written."""

    tokens: float
    prompts: float = 0.0


def _cost(
    model: ResolvedModel,
    units: Sequence[tuple[Unit, int]],
    lengths: Lengths,
    questions: Mapping[str, _Question],
) -> Cost:
    expected = [_expected(model, unit, lengths, questions[unit.problem_id]) for unit, _ in units]
    known = [(one, n) for one, (_, n) in zip(expected, units, strict=True) if one is not None]
    all_known = len(known) == len(units)
    return Cost(
        model,
        sum(n for _, n in units),
        sum(n * num_solutions(unit) for unit, n in units),
        sum(n * most_written(unit) for unit, n in units),
        round(sum(n * one.tokens for one, n in known)) if all_known else None,
        round(sum(n * one.prompts for one, n in known)) if all_known else 0,
    )


def _expected(
    model: ResolvedModel, unit: Unit, lengths: Lengths, question: _Question
) -> _Expected | None:
    length = lengths.of(unit.policy.name, question.benchmark)
    if length is None:
        return None
    reading = _reading(model, lengths, question)
    if model.role == "prm":
        return _Expected(read(unit, length, reading))
    return _Expected(written(unit, length), prompted(unit, length, reading))


def _reading(model: ResolvedModel, lengths: Lengths, question: _Question) -> Reading:
    config, is_prm = model.config, model.role == "prm"
    # A policy's identity holds its system prompt and instruction in full, a PRM's a name.
    around = TEMPLATE_TOKENS if is_prm else len(model.identity.format.encode()) / BYTES_PER_TOKEN
    marks = mark_tokens(prm_format(config.format)) if is_prm else 0
    usual = GPU_BLOCK_TOKENS if config.num_gpus else CPU_BLOCK_TOKENS
    block = lengths.block_tokens.get(config.name, usual)
    return Reading(question.tokens + around, marks, block)
