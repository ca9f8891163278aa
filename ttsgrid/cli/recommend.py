"""What to use within a budget: `python -m ttsgrid.recommend STORE --flops 2e9`.

The best cell or rule of all policies that a budget of FLOPs, money, latency or memory traffic
affords. Without a budget: what to use at every budget, on each of these axes.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ttsgrid.analysis.replay.rules import rules_from, usual_rules
from ttsgrid.analysis.serving.advice import find_contests
from ttsgrid.analysis.serving.by_cost_file import write_by_cost
from ttsgrid.analysis.serving.contest import Contest
from ttsgrid.analysis.serving.costs import (
    AXES,
    FLOPS,
    LATENCY_SECONDS,
    LATENCY_TOKENS,
    MEMORY,
    MONEY,
)
from ttsgrid.analysis.serving.speeds import Stated
from ttsgrid.cli.exits import command
from ttsgrid.cli.options import Parser
from ttsgrid.cli.plugins import add_plugin_option, load_named_plugins
from ttsgrid.cli.price_option import add_price_option
from ttsgrid.core.checks import require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.views.tables.serving import axis_table
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.render import as_rich, print_table
from ttsgrid.views.words.serving import (
    axis_sentences,
    for_less_sentence,
    nothing_sentence,
    pick_sentence,
)

_BUDGETS = {
    FLOPS: ("--flops", "FLOPs of inference per problem, e.g. 2e9"),
    MONEY: ("--money", "money per problem; with --price-per-gpu-hour, or an endpoint's prices"),
    LATENCY_TOKENS: ("--latency-tokens", "tokens that the policy may write one after another"),
    LATENCY_SECONDS: ("--latency-seconds", "seconds until the answer"),
    MEMORY: ("--memory-bytes", "bytes read from memory per problem, e.g. 1e12"),
}
_LACKS = {
    FLOPS: "the store knows no sizes of models, or no prices in tokens (stores of schema 1)",
    MONEY: "give --price-per-gpu-hour, e.g. --price-per-gpu-hour 2.5",
    LATENCY_TOKENS: "the store states no lengths of solutions",
    LATENCY_SECONDS: "give --tokens-per-second for each model, e.g. NAME=80",
    MEMORY: "the store knows no sizes of models, or no lengths of solutions",
}
_LACKS_TIMES = (
    "the store knows no device times, as of imported runs, so an hour's price says nothing; give "
    "a budget in --flops"
)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Print what to use; return the exit status."""
    options = _parser().parse_args(arguments)
    load_named_plugins(options.plugin)
    found = _contests(options)
    budgets = {axis: getattr(options, axis) for axis in AXES}
    asked = {axis: value for axis, value in budgets.items() if value is not None}
    if asked:
        _say(found, asked, priced=options.price_per_gpu_hour is not None)
    else:
        _show_all(found, options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="ttsgrid recommend",
        description="Name the best cell or rule of a results store within a budget, over all its "
        "policies. Without a budget: what to use at every budget, in FLOPs, money, latency and "
        "memory traffic, and a file of that.",
    )
    parser.add_argument("store", help="folder or URI of the store")
    budget = parser.add_argument_group("the budget, per problem").add_mutually_exclusive_group()
    for axis, (flag, words) in _BUDGETS.items():
        budget.add_argument(flag, dest=axis, type=_amount, metavar="X", help=words)
    parser.add_argument("--policy", metavar="NAME", help="only this policy")
    parser.add_argument("--benchmark", metavar="NAME", help="only this benchmark")
    parser.add_argument(
        "--rules",
        metavar="NAMES",
        help="rules that take part, as in ttsgrid.frontier (default: all; none: cells alone)",
    )
    add_price_option(parser, "of a device, for money")
    for flag, words in (
        ("--tokens-per-second", "of one chain of a policy, or that a PRM reads (default: as run)"),
        ("--kv-bytes", "of keys and values per token of context (default: weights alone count)"),
    ):
        parser.add_argument(
            flag, action="append", default=[], type=_stated, metavar="MODEL=X", help=words
        )
    parser.add_argument("--out", type=Path, help="folder for the file (default: STORE/frontier)")
    add_plugin_option(parser)
    return parser


def _contests(options: argparse.Namespace) -> list[Contest]:
    stated = Stated(dict(options.tokens_per_second), dict(options.kv_bytes))
    found = find_contests(
        options.store,
        price_per_device_hour=options.price_per_gpu_hour,
        stated=stated,
        rules=usual_rules() if options.rules is None else rules_from(options.rules),
    )
    if options.benchmark is not None:
        require_choice("--benchmark", options.benchmark, [one.benchmark for one in found])
        found = [one for one in found if one.benchmark == options.benchmark]
    if options.policy is not None:
        known = sorted({name for one in found for name in one.policies})
        require_choice("--policy", options.policy, known)
        found = [one.of_policy(options.policy) for one in found]
    return [one for one in found if one.candidates]


def _say(found: Sequence[Contest], asked: dict[str, float], *, priced: bool) -> None:
    """Print the pick of each benchmark, of all policies and of each alone."""
    for axis, budget in asked.items():
        if not any(contest.by_cost(axis) for contest in found):
            lacks = _LACKS_TIMES if priced and axis == MONEY else _LACKS[axis]
            raise ConfigError(f"{_BUDGETS[axis][0]}: {lacks}")
        for contest in found:
            for sentence in _sentences(contest, axis, budget):
                Console().print(sentence, highlight=False, markup=False)


def _sentences(contest: Contest, axis: str, budget: float) -> Iterator[str]:
    pick = contest.within(axis, budget)
    if pick is None:
        yield nothing_sentence(contest, axis, budget)
        return
    yield pick_sentence(contest.benchmark, pick)
    cheaper = contest.for_less(pick)
    if cheaper is not None:
        yield f"  {for_less_sentence(cheaper)}"
    others = [policy for policy in contest.policies if policy != pick.best.key.policy]
    for policy in others:
        own = contest.of_policy(policy).within(axis, budget)
        if own is not None:
            yield f"  Of {policy} alone: {pick_sentence(None, own)}"


def _show_all(found: Sequence[Contest], options: argparse.Namespace) -> None:
    if options.out is None and "://" in options.store:
        raise ConfigError("--out: say where the file shall go, the store is not a local folder")
    console = Console()
    for contest in found:
        for axis in AXES:
            table = axis_table(contest, axis)
            if table.rows:
                print_table(console, as_rich(table, contest.benchmark))
        for sentence in axis_sentences(contest):
            console.print(f"{contest.benchmark}: {sentence}", highlight=False, markup=False)
    path = write_by_cost(found, options.out or Path(options.store) / "frontier")
    print(f"Recommendations: {path}")


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r}: a number above 0, e.g. 2e9")
    return value


def _stated(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"{text!r}: a model's name and a number, e.g. zoo-l=80")
    return name, _amount(value)


if __name__ == "__main__":
    sys.exit(main())
