"""The members: two trained policies and a PRM, how each is trained, and what it costs.

Budgets are in tokens, so that they mean the same on two cores and on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ttsgrid.core.errors import ConfigError

# Tokens per second on two cores with AVX-512 in bfloat16, for times said beforehand. Learning was
# measured on 8,192 tokens of `strong`'s batches, twice, on a machine that others use too.
LEARNT_PER_S = 400.0
READ_PER_S = 2200.0
WRITTEN_PER_S = 800.0
TOKENS_PER_SOLUTION = 110


@dataclass(frozen=True)
class AdapterSpec:
    """One LoRA and its training.

    Attributes:
        rank: of the LoRA, on all linear layers.
        learning_rate: at its highest.
        epochs: passes over its data; a part of one is a part of the data.
        batch_tokens: of an optimiser step, padding included.
    """

    name: str
    rank: int
    learning_rate: float
    epochs: float
    batch_tokens: int
    seed: int = 0


@dataclass(frozen=True)
class RolloutSpec:
    """What the PRM learns from.

    Attributes:
        first_problem: of the training problems that are solved; so parts can go side by side.
        num_problems: how many from there.
        num_samples: solutions of each problem by the strongest policy.
        num_weak_samples: likewise by the weak one.
        temperature: of all samples; that of a sweep.
        num_completions: from a step, to label it by Monte Carlo.
        num_monte_carlo: wrong solutions that are labelled so.
        max_tokens: of a solution.
        num_right: right solutions of a problem that the PRM learns from, at most.
        num_wrong: likewise wrong ones.
        use_references: whether reference solutions stand in for right ones.
    """

    first_problem: int = 0
    num_problems: int = 4200
    num_samples: int = 4
    num_weak_samples: int = 0
    temperature: float = 0.7
    num_completions: int = 4
    num_monte_carlo: int = 1000
    max_tokens: int = 256
    num_right: int = 2
    num_wrong: int = 3
    use_references: bool = False
    seed: int = 0


@dataclass(frozen=True)
class ComparisonSpec:
    """How kinds of labels are compared: heads on the strongest policy's frozen layers.

    Attributes:
        num_learnt: problems with right and wrong samples that heads learn from.
        num_judged: other such problems, on which heads are measured.
        num_completed: wrong solutions of those that are labelled by Monte Carlo, as a truth.
        num_heads: for each kind; their mean counts, so that no start decides.
        num_steps: of a head's training.
        batch_marks: step marks of one step.
    """

    num_learnt: int = 80
    num_judged: int = 200
    num_completed: int = 40
    num_heads: int = 5
    num_steps: int = 200
    batch_marks: int = 256
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Family:
    """All members.

    Attributes:
        labels: what the PRM learns from: `outcome` or `monte_carlo`, with `+arithmetic` or not.
    """

    weak: AdapterSpec = AdapterSpec("weak", 4, 1e-3, epochs=0.4, batch_tokens=4096)
    strong: AdapterSpec = AdapterSpec("strong", 8, 2.5e-3, epochs=3.0, batch_tokens=24576)
    prm: AdapterSpec = AdapterSpec("prm", 8, 1.2e-3, epochs=5.0, batch_tokens=12288)
    rollouts: RolloutSpec = RolloutSpec()
    labels: str = "outcome+arithmetic"
    comparison: ComparisonSpec = ComparisonSpec()


def changed(family: Family, settings: Sequence[str]) -> Family:
    """Return a family with settings such as `strong.epochs=2` or `labels=outcome` changed.

    Raises:
        ConfigError: there is no such setting.
    """
    for setting in settings:
        path, _, value = setting.partition("=")
        *outer, name = path.split(".")
        holder = getattr(family, outer[0], None) if outer else family
        if holder is None or not hasattr(holder, name) or len(outer) > 1:
            raise ConfigError(f"--set {setting}: there is no setting {path}")
        old = getattr(holder, name)
        new = value == "true" if isinstance(old, bool) else type(old)(value)
        told = replace(holder, **{name: new})
        whole: dict[str, Any] = {outer[0]: told} if outer else {name: new}
        family = replace(family, **whole)
    return family
