"""From a store and its frontier to what the page shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.judging.ability import Ability
from ttsgrid.analysis.study import Study, make_study
from ttsgrid.core.tally import plural
from ttsgrid.store import StorePath, generated
from ttsgrid.views.html.examples import examples
from ttsgrid.views.html.pictures import picture
from ttsgrid.views.html.published import published_points
from ttsgrid.views.html.runs import busy_seconds, run_sentences, run_tables, units_by_kind
from ttsgrid.views.html.study import study_drawings
from ttsgrid.views.html.traces import traces
from ttsgrid.views.html.view import BenchmarkSection, Fact, Published, Report
from ttsgrid.views.tables.benchmark import benchmark_tables
from ttsgrid.views.tables.serving import axis_tables
from ttsgrid.views.tables.study import study_tables
from ttsgrid.views.tables.verdicts import verdict_table
from ttsgrid.views.words.answer import answer, num_problems, question, question_of_published
from ttsgrid.views.words.brief import in_brief
from ttsgrid.views.words.finding import finding
from ttsgrid.views.words.judging import judged_by
from ttsgrid.views.words.numbers import duration, listed
from ttsgrid.views.words.sureness import sureness
from ttsgrid.views.words.warnings import answer_warnings

MOST_NAMED = 3  # benchmarks in the title, which more names would fill for lines


def build_report(
    store: StorePath, frontier: Frontier, abilities: Mapping[str, Ability] | None = None
) -> Report:
    """Return everything the page shows, as data.

    Args:
        store: folder or URI.
        frontier: what `ttsgrid.analysis.analyse` found in that store.
        abilities: of the PRMs, by name; without any the page says nothing of them.
    """
    study = make_study(store, frontier, abilities=abilities)
    units = units_by_kind(store)
    benchmarks = sorted({*frontier.benchmarks, *frontier.external["benchmark"]})
    return Report(
        store=str(store),
        benchmarks=_title(benchmarks),
        facts=_facts(store, frontier),
        sections=tuple(_sections(store, frontier, study, benchmarks)),
        runs=run_tables(store, units),
        run_sentences=run_sentences(store, units),
        sureness=sureness(frontier, int(units["num_failed"].sum())),
    )


def _title(benchmarks: Sequence[str]) -> str:
    if len(benchmarks) > MOST_NAMED:
        return f"{len(benchmarks)} benchmarks"
    return listed(benchmarks)


def _sections(
    store: StorePath, frontier: Frontier, study: Study, benchmarks: Sequence[str]
) -> Iterator[BenchmarkSection]:
    """Yield one section per benchmark; the study is of all of them."""
    for name in benchmarks:
        published = published_points(frontier.external, name)
        if name in frontier.benchmarks:
            yield _section(store, frontier, study, name, published)
        else:
            yield _published_alone(name, published)


def _section(
    store: StorePath,
    frontier: Frontier,
    study: Study,
    benchmark: str,
    published: Published | None,
) -> BenchmarkSection:
    # Examples first: of the searches, those on the same problems are preferred.
    shown = examples(store, benchmark)
    verdicts = verdict_table(frontier, benchmark)
    return BenchmarkSection(
        name=benchmark,
        brief=in_brief(frontier, benchmark),
        verdicts=verdicts if verdicts.rows else None,
        question=question(frontier, benchmark),
        answer=answer(frontier, benchmark),
        picture=picture(frontier.shared, benchmark, finding(frontier, benchmark)),
        published=published,
        tables=(
            *benchmark_tables(frontier, benchmark),
            *axis_tables(frontier.contests, benchmark),
            *study_tables(study, benchmark),
        ),
        drawings=study_drawings(store, study, benchmark),
        examples=shown,
        traces=traces(store, benchmark, [problem.problem_id for problem in shown]),
        warnings=answer_warnings(frontier, benchmark),
        judged_by=judged_by(frontier, benchmark),
    )


def _published_alone(benchmark: str, published: Published | None) -> BenchmarkSection:
    """A benchmark with no cells of the store's own: what was published is the answer."""
    assert published is not None
    return BenchmarkSection(
        name=benchmark,
        brief=(published.brief,),
        verdicts=None,
        question=question_of_published(benchmark),
        answer=(),
        picture=None,
        published=published,
        tables=(),
        drawings=(),
        examples=(),
        traces=(),
    )


def _facts(store: StorePath, frontier: Frontier) -> tuple[Fact, ...]:
    frame = frontier.cells.frame
    held = generated(store)
    counts = {
        "problem": sum(num_problems(frontier, name) for name in frontier.benchmarks),
        "policy": frame["policy"].n_unique(),
        "PRM": frame["prm"].drop_nulls().n_unique(),
        "solution": held.num_solutions,
        "search tree": held.num_trees,
        "cell": frontier.num_cells,
        "published point": len(frontier.external),
    }
    seconds = busy_seconds(store)
    return (
        *(Fact(f"{number:,}", plural(what, number)) for what, number in counts.items() if number),
        *([Fact(duration(seconds), "of worker time")] if seconds else []),
    )
