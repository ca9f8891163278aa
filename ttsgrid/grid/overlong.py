"""Solutions that a model's context has no room for, in as few sentences as say all of it.

A grid of a dozen policies and PRMs has a hundred pairs that are alike: what differs only in the
benchmark, in who reads or in who writes is one sentence that names them all. Of several lengths
that fit, the least is advised, which fits everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

Writers = tuple[tuple[str, ...], int]  # policies, and the most tokens that each may write


@dataclass(frozen=True)
class Overlong:
    """Solutions that may be longer than what a model reads.

    Attributes:
        writers: policies that write equally long, with how long.
        readers: PRMs; or the policies themselves, which read what they have written.
        is_scored: whether the readers are PRMs.
        context_tokens: of each reader.
        room: tokens of a solution that fit beside the question or the prompt.
        raisable: whether `max_model_len` is the limit, so that raising it helps.
        own_context: what each reader was made for; None where that isn't known.
        benchmarks: where that is so; may be empty where there is only one.
    """

    writers: tuple[Writers, ...]
    readers: tuple[str, ...]
    is_scored: bool
    context_tokens: int
    room: int
    raisable: bool
    own_context: int | None
    benchmarks: tuple[str, ...] = ()


def sentences(found: Sequence[Overlong], num_benchmarks: int = 1) -> list[str]:
    """Return sentences for all that was found; those that say the same of others are one.

    Args:
        found: on each benchmark.
        num_benchmarks: that there are; what holds on all names none.
    """
    on_all = _merged(found, _but_for_benchmarks, _over_benchmarks)
    read_by_all = _merged(on_all, _but_for_readers, _over_readers)
    of_all = _merged(read_by_all, _but_for_writers, _over_writers)
    return [_sentence(one, num_benchmarks) for one in of_all]


def _but_for_benchmarks(one: Overlong) -> Hashable:
    return one.writers, one.readers, _limit(one)


def _but_for_readers(one: Overlong) -> Hashable:
    # A policy that reads what it wrote is both, so alike are those that write equally long.
    written = one.writers if one.is_scored else one.writers[0][1]
    return written, one.benchmarks, _limit(one)


def _but_for_writers(one: Overlong) -> Hashable:
    return one.readers, one.benchmarks, _limit(one)


def _limit(one: Overlong) -> Hashable:
    return one.is_scored, one.context_tokens, one.room > 0, one.raisable, one.own_context


def _merged(
    found: Iterable[Overlong],
    key: Callable[[Overlong], Hashable],
    joined: Callable[[Sequence[Overlong]], Overlong],
) -> Iterator[Overlong]:
    alike: dict[Hashable, list[Overlong]] = defaultdict(list)
    for one in found:
        alike[key(one)].append(one)
    for group in alike.values():
        yield replace(joined(group), room=min(one.room for one in group))


def _over_benchmarks(group: Sequence[Overlong]) -> Overlong:
    return replace(group[0], benchmarks=_each(one.benchmarks for one in group))


def _over_readers(group: Sequence[Overlong]) -> Overlong:
    first, readers = group[0], _each(one.readers for one in group)
    writers = first.writers if first.is_scored else ((readers, first.writers[0][1]),)
    return replace(first, readers=readers, writers=writers)


def _over_writers(group: Sequence[Overlong]) -> Overlong:
    writers = chain.from_iterable(one.writers for one in group)
    return replace(group[0], writers=tuple(sorted(writers, key=lambda of: -of[1])))


def _each(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(names)))


def _sentence(one: Overlong, num_benchmarks: int) -> str:
    on = f"{', '.join(one.benchmarks)}: " if 0 < len(one.benchmarks) < num_benchmarks else ""
    written = " and ".join(_written(names, most) for names, most in one.writers)
    if one.is_scored:
        first, *others = one.readers
        and_others = f", and so {_do(others)} {_listed(others)}" if others else ""
        read = f"{first} reads {one.context_tokens:,} with the question{and_others}"
        lost = "longer ones stay unscored"
    else:
        verb = "read" if len(one.readers) > 1 else "reads"
        read = f"but {verb} {one.context_tokens:,} with the prompt"
        lost = "longer ones are cut off"
    return f"{on}{written}, {read}: {lost}; {_remedy(one)}."


def _written(names: Sequence[str], most: int) -> str:
    verb = "write" if len(names) > 1 else "writes"
    return f"{', '.join(names)} {verb} solutions of up to {most:,} tokens"


def _remedy(one: Overlong) -> str:
    """Name the settings that make a solution fit: what is written, or what is read."""
    readers = _listed(one.readers)
    ways = [f"set sampling.max_tokens to about {one.room:,}"] if one.room > 0 else []
    if one.raisable:
        whose = "its" if len(one.readers) == 1 else "their"
        what = f"max_model_len of {readers}" if whose == "its" else "their max_model_len"
        own = f" ({whose} own context is {one.own_context:,})" if one.own_context else ""
        ways.append(f"raise {what}{own}")
    return ", or ".join(ways) or f"take another model than {readers}, which can't read the question"


def _do(names: Sequence[str]) -> str:
    return "do" if len(names) > 1 else "does"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
