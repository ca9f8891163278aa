"""What the page shows, as plain frozen data: the seam between analysis and templates.

Everything a template needs is here and nothing is computed past it, so the page can
be tested as data and `dataclasses.asdict` of a `Report` is JSON. Numbers that are
only read are text already, rounded once, in one place (`ttsgrid.views.words.numbers`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.views.tables.table import Table
from ttsgrid.views.words.answer import Topic


@dataclass(frozen=True)
class Points:
    """Points of the picture, column by column; one per (policy, strategy, PRM, N, bin).

    Attributes:
        columns: name to values, all of one length. `best_prm` marks the points whose
            PRM is the best of its (policy, strategy, N, bin); `variant` tells lines of
            one policy and strategy apart; costs are means per problem and None where
            unknown.
    """

    columns: dict[str, list[str | float | bool | None]]


@dataclass(frozen=True)
class FilterOption:
    """One thing to filter by: its value in the data and its name for people."""

    value: str
    name: str


@dataclass(frozen=True)
class Mark:
    """How a policy or strategy looks: a colour (CSS), a Vega symbol and a dash pattern."""

    option: FilterOption
    colour: str = "currentColor"
    shape: str = "circle"
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Reference:
    """The horizontal line: the largest policy's CoT, or its single sample."""

    policy: str
    label: str
    accuracy: float


@dataclass(frozen=True)
class Picture:
    """An interactive picture of one benchmark.

    Attributes:
        points: what is drawn.
        policies: smallest first.
        strategies: in their usual order.
        prms: by name.
        bins: difficulty bins with points, `all` first.
        measures: what the horizontal axis may count; the first is shown at first.
        reference: None where no policy was asked for one solution.
        caption: what a point, a band and a line are.
        title: what it shows, in one line.
        summary: what the picture shows, in words, for those who can't see it.
    """

    points: Points
    policies: tuple[Mark, ...]
    strategies: tuple[Mark, ...]
    prms: tuple[FilterOption, ...]
    bins: tuple[FilterOption, ...]
    measures: tuple[FilterOption, ...]
    reference: Reference | None
    caption: str
    title: str
    summary: str


@dataclass(frozen=True)
class Step:
    """One step of a solution and each PRM's score of it, in the order of `prms`."""

    text: str
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Example:
    """One solution.

    Attributes:
        title: who wrote it and how it was picked.
        correct: the grader's verdict.
        answer: the extracted answer, `none` where there is none.
        outcome: what running it came to, with the reason; empty where nothing was run.
        prms: who scored the steps.
        steps: at most as many as a person reads.
        num_left_out: steps that are not shown.
    """

    title: str
    correct: bool
    answer: str
    prms: tuple[str, ...]
    steps: tuple[Step, ...]
    num_left_out: int
    outcome: str = ""


@dataclass(frozen=True)
class ProblemExamples:
    """A few solutions of one problem.

    Attributes:
        problem_id: the store's.
        why: why this problem is shown.
        question: as the policy read it.
        gold: the right answer.
        rates: the share of right samples of each policy, in words.
        solutions: one per policy and way of picking.
    """

    problem_id: str
    why: str
    question: str
    gold: str
    rates: str
    solutions: tuple[Example, ...]


@dataclass(frozen=True)
class Trace:
    """One stored search, as an HTML fragment that `ttsgrid.views.trace` made and escaped."""

    title: str
    fragment: str


@dataclass(frozen=True)
class Drawing:
    """A still picture; the explanation stands under it and in its place.

    A `wide` one keeps a readable size on a phone and is scrolled there.
    """

    title: str
    explanation: str
    uri: str
    wide: bool


@dataclass(frozen=True)
class Published:
    """What was published about a benchmark: accuracies without results per problem.

    Attributes:
        brief: the answer in a sentence, where a store has nothing else.
        sentences: all that can be said.
        picture: the points.
        table: the same.
    """

    brief: str
    sentences: tuple[str, ...]
    picture: Picture
    table: Table


@dataclass(frozen=True)
class BenchmarkSection:
    """All there is to say about one benchmark.

    Attributes:
        brief: the answer in two sentences.
        verdicts: who wins, small or large; None where nothing can be compared.
        warnings: what to know before the figures; mostly none.
        judged_by: who judged its answers, and which count as the same.
        picture: None where the store holds nothing but published points.
        published: None where it holds none of those.
    """

    name: str
    brief: tuple[str, ...]
    verdicts: Table | None
    question: str
    answer: tuple[Topic, ...]
    picture: Picture | None
    published: Published | None
    tables: tuple[Table, ...]
    drawings: tuple[Drawing, ...]
    examples: tuple[ProblemExamples, ...]
    traces: tuple[Trace, ...]
    warnings: tuple[str, ...] = ()
    judged_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A number worth knowing and what it counts."""

    number: str
    what: str


@dataclass(frozen=True)
class Report:
    """The whole page.

    Attributes:
        store: the store's name, as given.
        benchmarks: their names for a title; their number where they are many.
        facts: the store in a few numbers.
        sections: one per benchmark.
        runs: what ran where at what cost.
        run_sentences: the same in sentences.
        sureness: how sure it is: the method and its limits, one paragraph per topic.
    """

    store: str
    benchmarks: str
    facts: tuple[Fact, ...]
    sections: tuple[BenchmarkSection, ...]
    runs: tuple[Table, ...]
    run_sentences: tuple[str, ...]
    sureness: tuple[str, ...]
