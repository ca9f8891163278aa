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
from ttsgrid.grid.overlong import Overlong, sentences
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
        """Return sentences on the policies and the PRMs that their texts may outgrow."""
        return sentences(self.overlong(models))

    def overlong(self, models: Sequence[ResolvedModel]) -> list[Overlong]:
        """Return each policy and each PRM that its texts may outgrow."""
        policies = [model for model in models if model.role == "policy"]
        prms = [model for model in models if model.role == "prm"]
        found = [self._of_policy(policy) for policy in policies]
        found += [one for prm in prms for one in self._of_prm(prm, policies)]
        return [one for one in found if one is not None]

    def _of_policy(self, policy: ResolvedModel) -> Overlong | None:
        prompt = longest_prompt(policy.config, self.problems, self.instruction)
        most = policy.config.sampling.max_tokens
        if policy.context_tokens is None or most <= (room := _room(policy, prompt)):
            return None
        return _overlong(policy, [policy.config.name], most, room)

    def _of_prm(self, prm: ResolvedModel, policies: Sequence[ResolvedModel]) -> Iterator[Overlong]:
        """Yield one finding for all policies that write equally long."""
        if prm.context_tokens is None:
            return
        room = _room(prm, longest_question(self.problems))
        longer: dict[int, list[str]] = defaultdict(list)
        for policy in policies:
            if (most := policy.config.sampling.max_tokens) > room:
                longer[most].append(policy.config.name)
        for most, names in longer.items():
            yield _overlong(prm, names, most, room)


def _room(model: ResolvedModel, prompt_bytes: int) -> int:
    """Return about how many tokens a model's context, which is known, leaves for a solution."""
    return (model.context_tokens or 0) - prompt_bytes // BYTES_PER_TOKEN


def _overlong(reader: ResolvedModel, writers: Sequence[str], most: int, room: int) -> Overlong:
    told, own = reader.config.max_model_len, reader.own_context
    return Overlong(
        writers=((tuple(writers), most),),
        readers=(reader.config.name,),
        is_scored=reader.role == "prm",
        context_tokens=reader.context_tokens or 0,
        room=room,
        raisable=told is not None and (own is None or told < own),
        own_context=own,
    )
