"""How GPUs are split among models that work at the same time, by the work that each has.

The next GPUs always go to the model whose work would take longest. Policies write while PRMs
read, so that is the split that ends first, if work is guessed well. It is counted in FLOPs: 2 P
for a token that is written or read, every solution as long as it may get.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ttsgrid.core.units import Unit


@dataclass(frozen=True)
class Load:
    """What one model has to do.

    Attributes:
        work: comparable with the other models'.
        num_requests: solutions to write, or to read.
        num_problems: that they belong to; a problem's requests go to one replica.
    """

    work: float = 0.0
    num_requests: int = 0
    num_problems: int = 0

    def most_replicas(self, max_num_seqs: int) -> int:
        """Return how many replicas have enough to do: each can fill its engine once."""
        filled = math.ceil(self.num_requests / max_num_seqs)
        return max(1, min(filled, self.num_problems))


@dataclass(frozen=True)
class Share:
    """A model that takes part in a split.

    Attributes:
        gpus: of one replica.
        most: replicas that it may have.
        least: those that it has in any case.
    """

    work: float
    gpus: float
    most: int
    least: int = 1


def loads_of(units: Iterable[tuple[Unit, int]], sizes: Mapping[str, float]) -> dict[str, Load]:
    """Return what each model of some units has to do.

    Args:
        units: what is to run; each stands for so many that differ in their problem alone.
        sizes: number of parameters by model; where one is unknown, tokens alone are compared.
    """
    tokens: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    problems: dict[str, set[str]] = defaultdict(set)
    most_alike: Counter[str] = Counter()
    for unit, times in units:
        number = times * (unit.tree.settings.budget if unit.tree else unit.num_requests)
        for model in unit.models:
            tokens[model.name] += number * unit.sampling.max_tokens
            requests[model.name] += number
            problems[model.name].add(unit.problem_id)
            most_alike[model.name] = max(most_alike[model.name], times)
    known = sizes if tokens.keys() <= sizes.keys() else dict.fromkeys(tokens, 1.0)
    return {
        name: Load(
            tokens[name] * known[name],
            requests[name],
            max(len(problems[name]), most_alike[name]),
        )
        for name in tokens
    }


def further_replicas(shares: Mapping[str, Share]) -> Iterator[str]:
    """Yield whose replica comes next, after the least of each, until all have the most."""
    number = {name: share.least for name, share in shares.items()}
    while growing := [name for name in shares if number[name] < shares[name].most]:
        last = max(growing, key=lambda name: shares[name].work / shares[name].gpus / number[name])
        yield last
        number[last] += 1


def replicas_on(num_gpus: int, shares: Mapping[str, Share]) -> dict[str, int]:
    """Return how many replicas each model gets of so many GPUs, which hold the least of each."""
    number = {name: share.least for name, share in shares.items()}
    free = num_gpus - sum(share.gpus * share.least for share in shares.values())
    for name in further_replicas(shares):
        if shares[name].gpus > free:
            break
        number[name] += 1
        free -= shares[name].gpus
    return number
