"""`python -m ttsgrid.check`: what each model of a grid is given to read, and what would fail.

Takes a sweep's settings, and `policy=NAME` or `prm=NAME` for one model alone. It reads
tokenizers and configs, starts no engine and writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from ttsgrid.cli.composition import composed
from ttsgrid.cli.exits import DONE, command
from ttsgrid.cli.found import COMMIT_DIGITS, find, one_of_each
from ttsgrid.cli.plan_cost import lengths_of, measured_of
from ttsgrid.core.dotted import add_to_path
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.shipped import CONF
from ttsgrid.core.tally import counted
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.definitions import AXES
from ttsgrid.grid.model_config import PER_PRICE_TOKENS
from ttsgrid.grid.own_code import check_own_code
from ttsgrid.grid.preflight.cost import Cost, costs_of
from ttsgrid.grid.preflight.seen import Seen
from ttsgrid.grid.preflight.weights import GIB, weight_bytes
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.store import committed_units
from ttsgrid.views.terminal.console import Console

USAGE = """\
python -m ttsgrid.check policy=NAME prm=NAME benchmark=NAME [SETTING=VALUE ...]

Shows what a policy and a PRM are given to read for one problem, text and token ids, and says
what would fail in a sweep: tokenizer, template, marker tokens, context, weights, revision.
Settings are those of python -m ttsgrid.sweep; policies=[...] and prms=[...] check several.
"""
ROLES = ("policy", "prm")
SINGULAR = {group: axis for axis, group in AXES.items() if axis in ("policies", "prms")}


def as_lists(arguments: Sequence[str]) -> list[str]:
    """Return a sweep's arguments: `policy=X` for one policy is the list `policies=[X]`.

    A policy alone is checked without PRMs and with strategies that need none.
    """
    given = {argument.partition("=")[0].lstrip("+") for argument in arguments}
    lists = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        axis = SINGULAR.get(name)
        one = value if value.startswith("[") else f"[{value}]"
        lists.append(f"{axis}={one}" if axis and equals else argument)
    if given & {"policy", "policies"} and not given & {"prm", "prms", "strategies"}:
        lists += ["prms=[]", "strategies=[cot,majority]"]
    return lists


def check(grid: GridConfig, console: Console, roles: Sequence[str] = ROLES) -> None:
    """Check a grid's models and print what each of them reads.

    Args:
        grid: the validated grid.
        console: where to print.
        roles: whose models to check.

    Raises:
        TtsgridError: something is wrong; the message is the last line that is printed.
    """
    from ttsgrid.grid.preflight.report import check_models  # noqa: PLC0415 (needs transformers)

    check_own_code(grid)
    found = find(grid, lambda sentence: console.print(sentence))
    found.require_all()
    wrong: list[str] = []
    for part in found.parts:
        models = [model for model in one_of_each(part.models) if model.role in roles]
        report = check_models(part.grid, part.problems, models)
        for seen in report.seen:
            _show(seen, part.grid.benchmark.name, console)
        wrong += [sentence for sentence in report.wrong if sentence not in wrong]
        for sentence in report.notes:
            console.print(sentence, highlight=False)
    plan = found.plan(committed_units(grid.store).done)
    costs = costs_of(plan, found.models, lengths_of(grid, measured_of(grid)))
    sentences = [_cost_sentence(cost) for cost in costs if cost.model.role in roles]
    for sentence in (*sentences, *found.warnings()):
        console.print(sentence, highlight=False)
    _conclude(wrong, console)


def _conclude(wrong: Sequence[str], console: Console) -> None:
    if not wrong:
        console.print("Nothing is wrong.")
        return
    for sentence in wrong[:-1]:
        console.print(sentence, highlight=False)
    raise ConfigError(wrong[-1])


def _show(seen: Seen, benchmark: str, console: Console) -> None:
    model = seen.model
    console.print(Text(_headline(model), style="bold"))
    if not seen.ids:
        console.print(f"Messages for the first problem of {benchmark}:")
        console.print(Text(seen.text), soft_wrap=True)
        console.print()
        return
    role = "Prompt" if model.role == "policy" else "Input, with a made-up solution in two steps,"
    console.print(
        f"{role} for the first problem of {benchmark}, {counted(len(seen.ids), 'token')}:"
    )
    console.print(Text(seen.text), soft_wrap=True)
    console.print(f"ids: {list(seen.ids)}", soft_wrap=True, highlight=False)
    if seen.positions:
        console.print(f"scores are read at: {list(seen.positions)}", soft_wrap=True)
    console.print()


def _headline(model: ResolvedModel) -> str:
    size, context = weight_bytes(model), model.context_tokens
    parts = [f"{model.config.name}: {model.config.model}"]
    parts += [f"commit {model.commit[:COMMIT_DIGITS]}"] if model.commit else []
    asked = model.config.endpoint
    parts += [model.dtype] if asked is None else [f"asked at {asked.url} when a sweep runs"]
    parts += [f"{size / GIB:,.3g} GiB of weights"] if size else []
    parts += [f"reads {context:,} tokens"] if context else []
    return ", ".join(parts)


def _cost_sentence(cost: Cost) -> str:
    does = "writes" if cost.model.role == "policy" else "reads solutions of"
    name, most = cost.model.config.name, cost.most_tokens
    parts = [f"{name} {does} at most {most:,} tokens{_priced(cost, most)}"]
    if cost.expected_tokens is not None and most:
        expected = cost.expected_tokens
        parts.append(f"and about {expected:,}{_priced(cost, expected)} at the lengths in the store")
    return ", ".join(parts) + "."


def _priced(cost: Cost, tokens: int) -> str:
    """Say what tokens cost: FLOPs where the size is known, money where an endpoint asks for it."""
    flops, asked = cost.flops(tokens), cost.model.config.endpoint
    said = [] if flops is None else [f"{flops:.1e} FLOPs"]
    if asked is not None and asked.output_price is not None:
        said.append(f"{asked.output_price * tokens / PER_PRICE_TOKENS:,.2f} at output_price")
    return f" ({', '.join(said)})" if said else ""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    told = sys.argv[1:] if arguments is None else arguments
    if {"--help", "-h"} & set(told):
        print(USAGE, end="")
        return DONE
    plain = composed(checked_arguments(as_lists(told), CONF), CONF)
    add_to_path([*(folder for folder in plain.folders if folder != CONF), Path.cwd()])
    given = {argument.partition("=")[0] for argument in told}
    prm_alone = given & {"prm", "prms"} and not given & {"policy", "policies"}
    check(to_grid(plain.config, plain.folders), Console(), ("prm",) if prm_alone else ROLES)
    return DONE


if __name__ == "__main__":
    sys.exit(main())
