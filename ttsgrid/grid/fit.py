"""How a grid's texts fit its models: the context an engine is given, and what won't fit.

A policy needs room for its longest prompt and for `max_tokens` after it; more would only
take memory from the KV cache, of which vLLM wants one whole sequence. So an engine is told
`max_model_len` where that is set, else what the grid needs, and never more than the model was
made for, which vLLM refuses. A PRM is told its own limit: what is longer stays unscored, and
that must not hang on the other models of a grid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ttsgrid.core.records import Problem
from ttsgrid.grid.lengths import longest_prompt, longest_question
from ttsgrid.grid.resolve import ResolvedModel

# Of English and LaTeX; a warning may be wrong by what tokenizers differ in, and says "about".
BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Fit:
    """A grid's problems, as far as lengths go.

    Attributes:
        problems: all that the grid asks.
        instruction: the benchmark's; None for the prompt formats' own.
    """

    problems: tuple[Problem, ...]
    instruction: str | None = None

    def engine_tokens(self, model: ResolvedModel) -> int | None:
        """Return the longest sequence that a model's engine must hold; None for its own limit."""
        config = model.config
        if model.role == "prm" or config.max_model_len is not None:
            return model.context_tokens
        prompt = longest_prompt(config, self.problems, self.instruction)
        needed = prompt + config.sampling.max_tokens
        return min(needed, model.own_context or needed)

    def warnings(self, models: Sequence[ResolvedModel]) -> list[str]:
        """Return a sentence for each policy and each PRM that its texts may outgrow."""
        policies = [model for model in models if model.role == "policy"]
        prms = [model for model in models if model.role == "prm"]
        found = [self._of_policy(policy) for policy in policies]
        found += [sentence for prm in prms for sentence in self._of_prm(prm, policies)]
        return [sentence for sentence in found if sentence is not None]

    def _of_policy(self, policy: ResolvedModel) -> str | None:
        prompt = longest_prompt(policy.config, self.problems, self.instruction)
        room = _room(policy, prompt)
        if room is None or policy.config.sampling.max_tokens <= room:
            return None
        return (
            f"{_solutions([policy])}, but reads {policy.context_tokens:,} with the prompt: longer "
            f"ones are cut off; {_remedy(policy, room)}."
        )

    def _of_prm(self, prm: ResolvedModel, policies: Sequence[ResolvedModel]) -> Iterator[str]:
        """Yield one sentence for all policies that write equally long."""
        room = _room(prm, longest_question(self.problems))
        if room is None:
            return
        longer: dict[int, list[ResolvedModel]] = defaultdict(list)
        for policy in policies:
            if (most := policy.config.sampling.max_tokens) > room:
                longer[most].append(policy)
        for alike in longer.values():
            yield (
                f"{_solutions(alike)}, {prm.config.name} reads {prm.context_tokens:,} with the "
                f"question: longer ones stay unscored; {_remedy(prm, room)}."
            )


def _room(model: ResolvedModel, prompt_bytes: int) -> int | None:
    """Return about how many tokens a model's context leaves for a solution."""
    context = model.context_tokens
    return None if context is None else context - prompt_bytes // BYTES_PER_TOKEN


def _solutions(policies: Sequence[ResolvedModel]) -> str:
    """Say how long the solutions of policies get that write equally long."""
    most = policies[0].config.sampling.max_tokens
    names = ", ".join(policy.config.name for policy in policies)
    return (
        f"{names} {'write' if len(policies) > 1 else 'writes'} solutions of up to {most:,} tokens"
    )


def _remedy(model: ResolvedModel, room: int) -> str:
    """Name the settings that make a solution fit: what is written, or what is read."""
    name, told, own = model.config.name, model.config.max_model_len, model.own_context
    ways = [f"set sampling.max_tokens to about {room:,}"] if room > 0 else []
    if told is not None and (own is None or told < own):
        most = f" (its own context is {own:,})" if own is not None else ""
        ways.append(f"raise max_model_len of {name}{most}")
    return ", or ".join(ways) or f"take another model than {name}, which can't read the question"
