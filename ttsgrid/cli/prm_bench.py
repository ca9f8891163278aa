"""Judge PRMs on labelled solutions: `python -m ttsgrid.prm_bench prm=... data=...`.

Engines run as in a sweep, each in a Ray actor. Scores are written down as they come, so a
command that was stopped goes on, and one that is repeated scores nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from ttsgrid.analysis.frames.labels import FAKE
from ttsgrid.analysis.judging.bench import SCORED, PrmBench, judge_prms
from ttsgrid.benchmarks.labelled import LabelledSet, LabelledSolution, read_labelled_sets
from ttsgrid.cli.composition import composed
from ttsgrid.cli.exits import DONE, STOPPED, command, say
from ttsgrid.cli.prm_bench_options import HELP, PrmBenchOptions, read_options
from ttsgrid.cli.score_file import ScoreFile, StepScoresOfOne, solution_key
from ttsgrid.core.checks import require_choice
from ttsgrid.core.dotted import add_to_path
from ttsgrid.core.errors import ConfigError, UnfinishedError
from ttsgrid.core.shipped import CONF
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import check_own_prms, engine_of
from ttsgrid.grid.resolve import ResolvedModel, resolve_model
from ttsgrid.models.prms import prm_format, prm_identity, scores_wholes
from ttsgrid.views.files.prm_bench import write_prm_bench
from ttsgrid.views.tables.prm_bench import prm_bench_tables
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.counting import Counting
from ttsgrid.views.terminal.render import as_rich, print_table

GSM8K = "gsm8k"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Judge what was asked for; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if {"--help", "-h"} & set(given):
        print(HELP, end="")
        return DONE
    try:
        _run(read_options(given), Console())
    except KeyboardInterrupt:
        say("stopped; what was scored is kept, and the same command goes on")
        return STOPPED
    return DONE


def _run(options: PrmBenchOptions, console: Console) -> None:
    sets = tuple(_limited(one, options.limit) for one in read_labelled_sets(options.data))
    tuning = _tuning(sets, options.tuned_on)
    grid = _grid(options.sweep_arguments)
    check_own_prms(grid)
    _require_steps(grid)
    note = partial(console.print, highlight=False)
    models = [
        resolve_model(m, "prm", prm_identity(m.format), engine_of(grid, m), note) for m in grid.prms
    ]
    files = [ScoreFile(options.out, model.identity) for model in models]
    _score_missing(grid, list(zip(models, files, strict=True)), sets, console)
    scored = pl.DataFrame(
        [
            row
            for model, file in zip(models, files, strict=True)
            for row in _rows(model, file, sets)
        ],
        schema=SCORED,
    )
    _show(judge_prms(scored, tuning), options.out, console)


def _require_steps(grid: GridConfig) -> None:
    """Refuse models of outcomes, which say nothing of a step."""
    for prm in grid.prms:
        if scores_wholes(prm_format(prm.format)):
            raise ConfigError(
                f"prms.{prm.name}.format gives one score per solution, and steps are judged here; "
                "take a PRM that scores steps"
            )


def _grid(arguments: Sequence[str]) -> GridConfig:
    """The sweep's configuration with these PRMs; its policies and strategies go unused."""
    plain = composed(checked_arguments(list(arguments), CONF), CONF)
    add_to_path([*(folder for folder in plain.folders if folder != CONF), Path.cwd()])
    return to_grid(plain.config, plain.folders)


def _limited(data: LabelledSet, limit: int | None) -> LabelledSet:
    return LabelledSet(data.name, data.solutions[:limit])


def _tuning(sets: Sequence[LabelledSet], wanted: str | None) -> str | None:
    """The set that a threshold is chosen on: as asked for, else GSM8K's, where there is one."""
    names = [one.name for one in sets]
    if wanted is not None:
        require_choice("tuned_on", wanted, names)
        return wanted
    return next((name for name in names if GSM8K in name.lower()), None)


@dataclass(frozen=True)
class _Missing:
    """What a PRM has not scored yet: each solution once, however many files hold it."""

    model: ResolvedModel
    file: ScoreFile
    solutions: dict[str, LabelledSolution]


def _score_missing(
    grid: GridConfig,
    prms: Sequence[tuple[ResolvedModel, ScoreFile]],
    sets: Sequence[LabelledSet],
    console: Console,
) -> None:
    keyed = {_key(one): one for data in sets for one in data.solutions}
    missing = [
        _Missing(model, file, {key: keyed[key] for key in keyed if key not in file.known})
        for model, file in prms
    ]
    missing = [one for one in missing if one.solutions]
    if not missing:
        console.print("Every solution is scored already.", highlight=False)
        return
    # Ray, and what comes with it, is loaded only when there is something to run.
    from ttsgrid.cluster.driver.prm_jobs import PrmJob, run_prm_jobs  # noqa: PLC0415
    from ttsgrid.cluster.wire.scoring_link import ScoreReply, ScoreRequest  # noqa: PLC0415

    failed: list[str] = []
    counting = Counting(console, "solutions", sum(len(one.solutions) for one in missing))

    def job(one: _Missing) -> PrmJob:
        keys = list(one.solutions)
        requests = [ScoreRequest(s.problem, s.steps) for s in one.solutions.values()]

        def on_reply(position: int, reply: ScoreReply) -> None:
            counting.one_more()
            if isinstance(reply, Exception):
                failed.append(f"{one.model.identity.name}: {reply}")
                return
            one.file.add(keys[position], StepScoresOfOne(reply.scores, reply.unscored))

        return PrmJob(one.model, requests, on_reply)

    with counting.shown():
        asyncio.run(run_prm_jobs(grid, [job(one) for one in missing], console))
    if failed:
        raise UnfinishedError(
            f"{len(failed)} solutions failed, for instance with: {failed[0]}. The others are kept; "
            "the same command tries these again."
        )


def _rows(
    model: ResolvedModel, file: ScoreFile, sets: Sequence[LabelledSet]
) -> Iterator[dict[str, object]]:
    for data in sets:
        for one in data.solutions:
            scored = file.known[_key(one)]
            yield {
                "prm": model.identity.name + (FAKE if model.identity.is_fake else ""),
                "data": data.name,
                "id": one.id,
                "problem": one.problem,
                "first_wrong": one.first_wrong,
                "step_scores": list(scored.scores),
                "unscored": scored.unscored,
            }


def _key(solution: LabelledSolution) -> str:
    return solution_key(solution.problem, solution.steps)


def _show(bench: PrmBench, folder: Path, console: Console) -> None:
    for table in prm_bench_tables(bench):
        if table.rows:
            print_table(console, as_rich(table))
    write_prm_bench(bench, folder)
    console.print(f"Tables and picture: {folder}", highlight=False)
