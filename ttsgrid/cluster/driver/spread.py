"""How a cluster is spread over the models of a wave: in which order replicas ask for room.

First comes one replica of each model, which fit together where the wave has searches, then what
a configuration asks for by number. The rest goes to models whose number of replicas is
automatic, by their work. Who finds no room stays in line, so when a model's work is done its
GPUs go to those that still have some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ttsgrid.cluster.driver.waves import Fleet
from ttsgrid.core.units import Unit
from ttsgrid.grid.preflight.split import Load, Share, further_replicas, loads_of


@dataclass(frozen=True)
class Spread:
    """Orders the replicas of a wave.

    Attributes:
        automatic: models whose number of replicas follows from their work.
        sizes: number of parameters by model; unknown where absent.
    """

    automatic: frozenset[str] = frozenset()
    sizes: Mapping[str, float] = field(default_factory=dict)

    def order(self, wave: Sequence[Unit], fleet: Fleet) -> list[tuple[str, int]]:
        """Return (model, position) of each replica in the order in which they ask for room.

        Args:
            wave: what runs.
            fleet: the replicas of each model; of automatic ones, as many as there may be.
        """
        needed = {model.name for unit in wave for model in unit.models}
        asked = [
            (name, position)
            for name, specs in fleet.items()
            if name in needed
            for position in range(1 if name in self.automatic else len(specs))
        ]
        asked.sort(key=lambda replica: replica[1])
        open_ended = [name for name in fleet if name in self.automatic & needed]
        loads = loads_of(((unit, 1) for unit in wave), self.sizes) if open_ended else {}
        shares = {name: _share(fleet, name, loads[name]) for name in open_ended}
        return [*asked, *_numbered(further_replicas(shares), shares)]


def _share(fleet: Fleet, name: str, load: Load) -> Share:
    spec = fleet[name][0]
    most = min(len(fleet[name]), load.most_replicas(spec.engine.max_num_seqs))
    return Share(load.work, spec.gpus, most)


def _numbered(names: Iterator[str], shares: Mapping[str, Share]) -> Iterator[tuple[str, int]]:
    position = dict.fromkeys(shares, 0)
    for name in names:
        position[name] += 1
        yield name, position[name]
