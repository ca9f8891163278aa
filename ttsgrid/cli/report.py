"""Write the report of a store: `python -m ttsgrid.report STORE [--out FILE]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ttsgrid.analysis.frontier import analyse
from ttsgrid.analysis.judging.ability import find_abilities
from ttsgrid.analysis.replay.rules import NONE, USUAL
from ttsgrid.cli.ability_option import add_ability_option
from ttsgrid.cli.exits import command
from ttsgrid.cli.options import Parser
from ttsgrid.cli.plugins import add_plugin_option, load_named_plugins
from ttsgrid.cli.price_option import add_price_option
from ttsgrid.cli.rules_option import add_rules_option, rules_of_report, without_usual_lacks
from ttsgrid.views.files.made_with import MadeWith, keep_earlier_page
from ttsgrid.views.html.page import write_report


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Analyse the store and write the page."""
    parser = Parser(
        prog="ttsgrid report",
        description="Write what a results store says as one HTML page: the answer in sentences, "
        "an interactive picture of the frontier, the tables, examples, costs and method. "
        "The page works offline and prints.",
    )
    parser.add_argument("store", help="folder or URI of the store, e.g. results/zoo")
    parser.add_argument("--out", type=Path, help="the page (default: STORE/report.html)")
    add_price_option(parser, "adds money to what compute can be counted in")
    add_ability_option(parser)
    add_rules_option(parser, f"default: {','.join(USUAL)}; none: no rules")
    add_plugin_option(parser)
    options = parser.parse_args(arguments)
    # The page is a local file, also of a store that lies in a bucket.
    if options.out is None and "://" in options.store:
        parser.error("--out: say where the page shall go, the store is not a local folder")
    out = options.out or Path(options.store) / "report.html"
    load_named_plugins(options.plugin)
    price = options.price_per_gpu_hour
    named = None if options.rules is None else options.rules.split(",")
    rules = rules_of_report([] if options.rules in ("", NONE) else named)
    frontier = analyse(options.store, price_per_device_hour=price, rules=rules)
    frontier = without_usual_lacks(frontier, named)
    abilities = find_abilities(options.store, options.prm_ability)
    given = {
        "price_per_gpu_hour": price,
        "prm_ability": options.prm_ability and str(options.prm_ability),
        "rules": named,
        "plugins": options.plugin or None,
    }
    made = MadeWith({name: value for name, value in given.items() if value is not None})
    if kept := keep_earlier_page(out, made):
        print(kept)
    path = write_report(options.store, frontier, out, abilities, str(made))
    print(f"Report: {path} ({path.stat().st_size / 2**20:.1f} MiB, one file, works offline)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
