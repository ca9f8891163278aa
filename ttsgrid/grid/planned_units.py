"""The units of a plan, as a sequence that makes them when they are asked for.

What it keeps is each share once and, per problem, a mask of a byte per unit: the units of the
study's grid would take 2.5 GiB, the masks of a store that holds a part of them 3.4 MiB. Counts
need no units at all, since units that differ in their problem alone count alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, islice
from typing import overload

from ttsgrid.core.tally import Tally
from ttsgrid.core.units import Unit
from ttsgrid.grid.share import Share, Wanted

_NOTHING = Tally()


@dataclass(frozen=True)
class Amount:
    """So many units, and what they generate."""

    num_units: int = 0
    tally: Tally = _NOTHING

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.num_units + other.num_units, self.tally + other.tally)


@dataclass(frozen=True)
class Stretch:
    """A share over problems.

    Attributes:
        wanted: for each problem, which of its units belong to the sequence.
    """

    share: Share
    problem_ids: tuple[str, ...]
    wanted: tuple[Wanted, ...]

    def __iter__(self) -> Iterator[Unit]:
        for problem_id, wanted in zip(self.problem_ids, self.wanted, strict=True):
            if any(wanted):
                yield from self.share.on(problem_id, wanted)

    @cached_property
    def counts(self) -> list[int]:
        """For each unit of the share, on how many problems it is wanted."""
        counts = [0] * len(self.share)
        for wanted, times in Counter(self.wanted).items():
            for place in compress(range(len(wanted)), wanted):
                counts[place] += times
        return counts

    def alike(self) -> Iterator[tuple[Unit, int]]:
        """Yield each unit of one problem with the number of problems that want it."""
        counts = self.counts
        some = bytes(map(bool, counts))
        units = self.share.on(self.problem_ids[0], some) if any(some) else ()
        yield from zip(units, compress(counts, some), strict=True)

    def where(self, holds: Callable[[Unit], bool]) -> Stretch:
        """Keep units of which something holds that does not depend on the problem."""
        if not self.problem_ids:
            return self
        kept = bytes(map(holds, self.share.on(self.problem_ids[0], b"\1" * len(self.share))))
        masks = {
            mask: bytes(a & b for a, b in zip(mask, kept, strict=True)) for mask in self.wanted
        }
        return Stretch(self.share, self.problem_ids, tuple(masks[mask] for mask in self.wanted))

    def on_first(self, num_problems: int) -> Stretch:
        """Keep units of the first problems."""
        return Stretch(self.share, self.problem_ids[:num_problems], self.wanted[:num_problems])

    def without(self, held: Collection[str]) -> Stretch:
        """Leave out units by id."""
        pairs = zip(self.problem_ids, self.wanted, strict=True)
        left = tuple(self._left(problem_id, wanted, held) for problem_id, wanted in pairs)
        return Stretch(self.share, self.problem_ids, left)

    def minus(self, other: Stretch) -> Stretch:
        """Leave out what another stretch over the same problems wants."""
        pairs = zip(self.wanted, other.wanted, strict=True)
        left = (bytes(a & ~b & 1 for a, b in zip(*masks, strict=True)) for masks in pairs)
        return Stretch(self.share, self.problem_ids, tuple(left))

    def _left(self, problem_id: str, wanted: Wanted, held: Collection[str]) -> Wanted:
        is_left = bytes(unit.id not in held for unit in self.share.on(problem_id, wanted))
        if all(is_left):
            return wanted  # one mask serves all problems of which nothing is held
        mask = bytearray(wanted)
        for place, is_wanted in zip(compress(range(len(mask)), wanted), is_left, strict=True):
            mask[place] = is_wanted
        return bytes(mask)


class PlannedUnits(Sequence[Unit]):
    """Units in dispatch order: a problem's together, policies in the grid's order.

    Iterating makes them anew each time, so that nobody pays for what is not asked; whoever
    needs one twice keeps it.
    """

    def __init__(self, stretches: Sequence[Stretch] = ()) -> None:
        self.stretches = tuple(stretch for stretch in stretches if stretch.problem_ids)

    def __iter__(self) -> Iterator[Unit]:
        for stretch in self.stretches:
            yield from stretch

    def __len__(self) -> int:
        return self._len

    @cached_property
    def _len(self) -> int:
        return sum(sum(stretch.counts) for stretch in self.stretches)

    @overload
    def __getitem__(self, place: int) -> Unit: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Unit, ...]: ...
    def __getitem__(self, place: int | slice) -> Unit | tuple[Unit, ...]:
        if isinstance(place, slice):
            return tuple(self)[place]
        return next(islice(self, range(len(self))[place], None))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(own == theirs for own, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: PlannedUnits) -> PlannedUnits:
        return PlannedUnits((*self.stretches, *other.stretches))

    def alike(self) -> Iterator[tuple[Unit, int]]:
        """Yield one for all units that differ in their problem alone, and how many they are."""
        for stretch in self.stretches:
            yield from stretch.alike()

    def where(self, holds: Callable[[Unit], bool]) -> PlannedUnits:
        """Return those of which something holds that does not depend on the problem."""
        return PlannedUnits([stretch.where(holds) for stretch in self.stretches])

    def on_first(self, num_problems: int) -> PlannedUnits:
        """Return those on the first problems of each benchmark."""
        return PlannedUnits([stretch.on_first(num_problems) for stretch in self.stretches])

    def without(self, held: Collection[str]) -> PlannedUnits:
        """Return those whose ids are not among `held`."""
        return PlannedUnits([stretch.without(held) for stretch in self.stretches]) if held else self

    def minus(self, others: PlannedUnits) -> PlannedUnits:
        """Return those that are not among some of the same plan."""
        pairs = zip(self.stretches, others.stretches, strict=True)
        return PlannedUnits([own.minus(theirs) for own, theirs in pairs])

    @property
    def tally(self) -> Tally:
        """What they generate."""
        return sum((Tally.of([unit]) * number for unit, number in self.alike()), Tally())

    def by_model(self) -> dict[tuple[str, str], Amount]:
        """Return how many they are by (kind, name of the model whose worker runs them)."""
        amounts: dict[tuple[str, str], Amount] = {}
        for unit, number in self.alike():
            key = unit.kind, unit.runs_on.name
            amounts[key] = amounts.get(key, Amount()) + Amount(number, Tally.of([unit]) * number)
        return amounts
