"""What to use within a budget, and whether the winner changes with what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ttsgrid.analysis.serving.contest import CLOSE, Candidate, Contest, Pick
from ttsgrid.analysis.serving.costs import (
    AXES,
    FLOPS,
    LATENCY_SECONDS,
    LATENCY_TOKENS,
    MEMORY,
    MONEY,
)
from ttsgrid.core.tally import counted
from ttsgrid.views.words.cells import describe
from ttsgrid.views.words.numbers import listed, percent, points, quantity

NAMES = {
    FLOPS: "FLOPs",
    MONEY: "money",
    LATENCY_TOKENS: "latency in tokens",
    LATENCY_SECONDS: "latency in seconds",
    MEMORY: "memory traffic",
}
_UNITS = {
    FLOPS: "FLOPs",
    MONEY: "in money",
    LATENCY_TOKENS: "tokens of latency",
    LATENCY_SECONDS: "s of latency",
    MEMORY: "B of memory traffic",
}


def amount(axis: str, value: float | None) -> str:
    """Return a cost with its unit, e.g. `2.41 GFLOPs`."""
    return quantity(value, _UNITS[axis])


def name_of(candidate: Candidate) -> str:
    """Return what a cell or rule is called, with its policy."""
    key = candidate.key
    if not candidate.is_rule:
        return f"{key.policy}, {describe(key._asdict())}"
    policies = f"{candidate.smaller} and {key.policy}" if candidate.smaller else key.policy
    usual = f"mostly {candidate.usual}" if candidate.usual else None
    details = ", ".join(filter(None, [usual, f"PRM {key.prm}" if key.prm else None]))
    return f"{policies}, {key.strategy} of at most {key.n}" + (f" ({details})" if details else "")


def pick_sentence(benchmark: str | None, pick: Pick) -> str:
    """Say what to use within a budget, what to expect of it, and what it costs."""
    start = f"{benchmark}: " if benchmark else ""
    afforded = pick.num_affordable
    doubt = "" if pick.sure else " These are too few problems for any claim."
    return (
        f"{start}within {amount(pick.axis, pick.budget)} per problem use "
        f"{name_of(pick.best)}. Expect {percent(pick.accuracy)} % "
        f"({percent(pick.low)} to {percent(pick.high)}, 95 % interval; chosen on other problems "
        f"than it is scored on, of {counted(afforded, 'cell')} or rules that the budget affords) "
        f"for {amount(pick.axis, pick.best.costs[pick.axis])}.{doubt}"
    )


def for_less_sentence(pick: Pick) -> str:
    """Say what costs less and promises no less."""
    return (
        f"As much is expected for less: {name_of(pick.best)}, {percent(pick.accuracy)} % "
        f"({percent(pick.low)} to {percent(pick.high)}) for "
        f"{amount(pick.axis, pick.best.costs[pick.axis])}."
    )


def nothing_sentence(contest: Contest, axis: str, budget: float) -> str:
    """Say what the least is, where a budget affords nothing."""
    priced = contest.by_cost(axis)
    if not priced:
        return f"{contest.benchmark}: no cell has a known cost in {NAMES[axis]}."
    least, cheapest = priced[0]
    return (
        f"{contest.benchmark}: {amount(axis, budget)} per problem affords nothing; the least is "
        f"{amount(axis, least)} ({name_of(cheapest)})."
    )


def sentences_on_axes(contests: Iterable[Contest], benchmark: str) -> Iterator[str]:
    """Yield `axis_sentences` of one benchmark."""
    for contest in contests:
        if contest.benchmark == benchmark:
            yield from axis_sentences(contest)


def axis_sentences(contest: Contest) -> Iterator[str]:
    """Say which is the cheapest of the most accurate on each axis, and whether it changes."""
    best = {axis: contest.cheapest_of_the_best(axis) for axis in AXES}
    known = {axis: one for axis, one in best.items() if one is not None}
    if known:
        by_name: dict[str, list[str]] = {}
        for axis, one in known.items():
            by_name.setdefault(name_of(one), []).append(NAMES[axis])
        start = (
            f"Of what comes within {points(CLOSE, sign=False)} point of the "
            "most accurate, the cheapest is "
        )
        parts = [f"{name} in {listed(axes)}" for name, axes in by_name.items()]
        if len(parts) == 1:
            yield f"{start}{parts[0]}: the winner does not change with what is counted."
        else:
            yield f"{start}{'; '.join(parts)}. The winner changes with what is counted."
    unknown = [NAMES[axis] for axis in AXES if axis not in known]
    if unknown:
        yield f"Unknown for every one of them: {listed(unknown)}."
