"""`python -m ttsgrid.sweep`: compose, plan, run what is missing, report.

Everything before `run_missing` works without Ray, vLLM or a GPU, so that a wrong
setting is an error in a second and not in a queue.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ttsgrid.analysis.replay.rules import rules_of
from ttsgrid.cli.composition import composed, is_plain
from ttsgrid.cli.exits import DONE, STOPPED, command, say, stopped_by_signals
from ttsgrid.cli.found import Found, find, one_of_each
from ttsgrid.cli.plan_shown import show_plan, show_units, unreadable, warnings
from ttsgrid.cli.tracked_run import settings_of
from ttsgrid.core.dotted import add_to_path
from ttsgrid.core.errors import ConfigError, StoreError, UnfinishedError
from ttsgrid.core.shipped import CONF
from ttsgrid.core.spent import Spent
from ttsgrid.core.tally import counted
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import check_own_code
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.checked import check_apart
from ttsgrid.grid.probe import probe_units
from ttsgrid.store import committed_units, locate, require_current
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.tracking.trackers import Trackers, make_trackers

console = Console()
_ALL = {"--all": "plan.all=true"}


def note(sentence: str) -> None:
    """Print a sentence about what takes long."""
    console.print(sentence, highlight=False)


def sweep(grid: GridConfig) -> None:
    """Plan a grid, run what its store lacks, and report.

    Raises:
        TtsgridError: with a message that names the setting to change.
    """
    check_own_code(grid)
    rules_of(grid.rules or (), "rules")  # refused now, not when all has run
    # Opening the store refuses an older one too, but models are then resolved and hashed first.
    require_current(locate(grid.store))
    trackers = make_trackers(() if grid.plan_only else grid.log_to, note)
    found = find(grid, note)
    held = committed_units(grid.store)
    plan = found.plan(held.done)
    if grid.plan.probe is not None:
        plan = probed(grid, plan, found)
    if grid.plan_only:
        show_plan(grid, plan, found, held.faults, console)
        return
    show_units(plan, console)
    for sentence in (*unreadable(held.faults), *found.sentences(), *warnings(grid, found)):
        note(sentence)
    found.require_all()
    if plan.missing:
        require_right(plan, found)
    with trackers.running(settings_of(grid)):
        run_and_report(grid, plan, found, trackers)


def run_and_report(grid: GridConfig, plan: Plan, found: Found, trackers: Trackers) -> None:
    """Run what the store lacks, show its frontier, and tell trackers of both.

    Raises:
        UnfinishedError: units failed.
    """
    # What runs, and analysis with its pictures, take longer to import than a grid to plan.
    from ttsgrid.cli.sweep_run import run_plan  # noqa: PLC0415

    spent = Spent()
    failed = run_plan(grid, plan, found.models, console, trackers, spent)
    if not plan.missing:
        console.print("The store holds every unit: 0 tokens to generate.", highlight=False)
    from ttsgrid.cli.sweep_report import report  # noqa: PLC0415

    try:
        report(grid, console, trackers, spent if plan.missing else None)
    except StoreError:
        if not failed:
            raise  # else the failures below say why there is nothing to report
    if failed:
        example = next(iter(committed_units(grid.store).failed.values()))
        raise UnfinishedError(
            f"{failed} units failed, for instance with: {example}. All errors are in table units "
            f"of {grid.store} (status = 'failed'). The same command tries these units again."
        )


def probed(grid: GridConfig, plan: Plan, found: Found) -> Plan:
    """Run the few units that tell lengths and speeds; return the plan of what is left.

    Raises:
        ConfigError: it is no plan that is asked for, or the models can't run.
        UnfinishedError: a unit failed, so that the rest would, too.
    """
    if not grid.plan_only:
        raise ConfigError("plan.probe is for a plan: add plan_only=true, or leave it out")
    few = replace(plan, missing=probe_units(plan, grid.plan.probe or 0))
    if not few.missing:
        return plan
    found.require_all()
    require_right(few, found)
    from ttsgrid.cli.sweep_run import run_plan  # noqa: PLC0415

    note(f"Probing with {counted(len(few.missing), 'unit')}, which the store keeps.")
    if failed := run_plan(grid, few, found.models, console):
        example = next(iter(committed_units(grid.store).failed.values()))
        raise UnfinishedError(f"{failed} units of the probe failed, for instance with: {example}")
    return found.plan(committed_units(grid.store).done)


def require_right(plan: Plan, found: Found) -> None:
    """Check the models that a plan's missing units need, before one of them is loaded.

    Raises:
        ConfigError: something would fail.
    """
    running = {model.id for unit, _ in plan.missing.alike() for model in unit.models}
    for part in found.parts:
        models = one_of_each(part.models)
        needed = [model for model in models if model.identity.id in running]
        checked = check_apart(part.grid, part.problems, needed)
        for sentence in checked.notes:
            note(sentence)
        checked.require_right()


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def _run_by_hydra(config: DictConfig) -> None:
    """Run with options of Hydra's; most of them only print."""
    sources = HydraConfig.get().runtime.config_sources
    folders = [Path(source.path) for source in sources if source.schema == "file"]
    # Ended here, inside Hydra, which would print a stack trace: one sentence is enough.
    run = command(lambda _: _run(config, folders))
    if status := run():
        sys.exit(status)


def _run(config: DictConfig, folders: Sequence[Path]) -> None:
    # A person's own modules: beside their config folder's groups, or where they stand.
    add_to_path([*(folder for folder in folders if folder != CONF), Path.cwd()])
    sweep(to_grid(config, folders))


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    typed = sys.argv[1:] if arguments is None else arguments
    # As other commands say it.
    given = checked_arguments([_ALL.get(text, text) for text in typed], CONF)
    try:
        with stopped_by_signals():
            if is_plain(given):
                plain = composed(given, CONF)
                _run(plain.config, plain.folders)
            else:
                sys.argv[1:] = given  # where Hydra's own entry point reads them
                _run_by_hydra()
    except KeyboardInterrupt:
        say("stopped; what finished is committed, and the same command goes on from there")
        return STOPPED
    return DONE


if __name__ == "__main__":
    sys.exit(main())
