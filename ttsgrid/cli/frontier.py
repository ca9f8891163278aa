"""Compute and show the frontier of a store: `python -m ttsgrid.frontier STORE`.

With `--table NAME` or `--figure NAME`: one table or figure alone, most of them the study's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ttsgrid.analysis.advice.next_buy import MIN_SAMPLES
from ttsgrid.analysis.frames.labels import configured_name
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.analysis.judging.ability import find_abilities
from ttsgrid.analysis.study.summary import Study, make_study
from ttsgrid.analysis.study.tables import NEXT_BUY_TABLE, RULES_TABLE, TABLES
from ttsgrid.cli.ability_option import add_ability_option
from ttsgrid.cli.exits import command
from ttsgrid.cli.frontier_settings import Shelf, shelf_of
from ttsgrid.cli.frontier_two import compare_two
from ttsgrid.cli.options import Parser
from ttsgrid.cli.plugins import add_plugin_option, load_named_plugins
from ttsgrid.cli.price_option import add_price_option
from ttsgrid.cli.rules_option import add_rules_option, require_replays, rules_named
from ttsgrid.core.checks import require_choice
from ttsgrid.views.figures.study import STUDY_FIGURES, write_figures
from ttsgrid.views.files.export import write_frontier, write_tables
from ttsgrid.views.tables.study import study_table
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.frontier import print_frontier, print_next_buys, print_rule_sentences
from ttsgrid.views.terminal.render import as_rich, print_table

ALONE = ("table", "figure", "rules")
"""Options that make no sense for two stores."""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Print and write what was asked for; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.second is not None:
        if unused := [f"--{name}" for name in ALONE if getattr(options, name) is not None]:
            parser.error(f"{', '.join(unused)}: for one store alone; leave it out, or the second")
        load_named_plugins(options.plugin)
        compare_two(options)
        return 0
    # Pictures and CSV go through the local file system only.
    if options.out is None and "://" in options.store:
        parser.error("--out: say where the files shall go, the store is not a local folder")
    folder: Path = options.out or Path(options.store) / "frontier"
    load_named_plugins(options.plugin)
    price = options.price_per_gpu_hour
    rules = rules_named(options.rules, wanted=options.table == RULES_TABLE)
    frontier = analyse(
        options.store,
        budgets=options.budgets,
        price_per_device_hour=price,
        rules=rules,
        rule_budgets=options.budgets,
    )
    require_replays(frontier, rules, options.store)
    _require_policies(frontier, options.long_cot or ())
    _show(frontier, options, folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="ttsgrid frontier", description="Show the frontier of a results store.")
    parser.add_argument("store", help="folder or URI of the store")
    parser.add_argument("second", nargs="?", help="another: how it differs, problem by problem")
    parser.add_argument("--out", type=Path, help="folder for the files (default: STORE/frontier)")
    parser.add_argument("--budgets", type=_budgets, help="N of the cells, e.g. 1,2,8,32")
    parser.add_argument("--all", action="store_true", help="print every table, too")
    for noun, names in (("table", TABLES), ("figure", STUDY_FIGURES)):
        # Named by us: argparse would put all of them on one line, twice.
        told = f"one {noun} alone: {', '.join(names)}"
        parser.add_argument(f"--{noun}", choices=names, metavar="NAME", help=told)
    add_price_option(parser, "adds a column `money`")
    parser.add_argument(
        "--long-cot",
        type=lambda text: text.split(","),
        metavar="NAMES",
        help="policies that think long in one chain (default: those prompted as R1 is)",
    )
    add_ability_option(parser)
    add_rules_option(parser, "--table rules: all of them")
    add_plugin_option(parser)
    return parser


def _require_policies(frontier: Frontier, names: Sequence[str]) -> None:
    """Refuse names of --long-cot that are no policy's: they would change nothing, unsaid."""
    known = {configured_name(policy) for policy in frontier.cells.frame["policy"].unique()}
    for name in names:
        require_choice("--long-cot", name, sorted(known))


def _show(frontier: Frontier, options: argparse.Namespace, folder: Path) -> None:
    files = shelf_of(frontier, folder, options)
    if options.table is None and options.figure is None:
        print_frontier(frontier, Console(), every_table=options.all)
        _say(files.clear())
        _say(files.note(write_frontier(frontier, folder)))
        print(f"Picture and tables: {folder}")
        if not options.all:
            print("Every table here: the same command with --all")
        return
    _say(files.clear())
    folder.mkdir(parents=True, exist_ok=True)
    abilities = find_abilities(options.store, options.prm_ability)
    study = make_study(options.store, frontier, options.long_cot, abilities)
    if options.table is not None:
        _show_table(frontier, study, options, files)
    if options.figure is not None:
        drawn = list(write_figures(options.store, study, options.figure, folder))
        _say(files.note(drawn))
        for path in drawn:
            print(f"Figure: {path}")


def _show_table(
    frontier: Frontier, study: Study, options: argparse.Namespace, files: Shelf
) -> None:
    table = TABLES[options.table]
    frame = table.build(study)
    print_table(Console(), as_rich(study_table(table, frame)))
    if options.table == RULES_TABLE:
        print_rule_sentences(frontier, Console())
    if options.table == NEXT_BUY_TABLE:
        print_next_buys(frontier, Console())
        if frontier.next_buys.is_empty():
            print(
                f"No policy votes over {MIN_SAMPLES} samples or more on at least two "
                "problems: sample more to see what to buy next."
            )
    # As the whole frontier's files are called, so that none lies there twice.
    paths = write_tables({options.table.replace("-", "_"): frame}, files.folder)
    _say(files.note(paths))
    print(f"Table: {paths[-1]}")


def _say(sentence: str | None) -> None:
    if sentence:
        print(sentence)


def _budgets(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r}: whole numbers from 1, with commas: 1,2,8,32")
    return [int(part) for part in parts]


if __name__ == "__main__":
    sys.exit(main())
