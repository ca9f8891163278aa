"""`ttsgrid COMMAND ...`: one command for all; `ttsgrid NAME=VALUE` is a sweep."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import ttsgrid
from ttsgrid.cli.doors import DOORS
from ttsgrid.cli.exits import DONE, command
from ttsgrid.core.checks import did_you_mean
from ttsgrid.core.errors import ConfigError

HELP = """\
Usage: ttsgrid COMMAND ...
       ttsgrid NAME=VALUE ...   the same as ttsgrid sweep NAME=VALUE ...

Which test-time scaling strategy is compute-optimal, and when does a small model beat a
large one?

Commands
{commands}

  ttsgrid COMMAND --help says what a command takes.

Options
  --help       this text
  --version    the version

First steps
  ttsgrid plan                        what the default sweep would run
  ttsgrid sweep experiment=smoke      try everything, in a minute
  ttsgrid sweep                       the default sweep
  ttsgrid frontier results/zoo        its answer again
"""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("--help", "-h", "help"):
        print(_help(), end="")
        return DONE
    if given[0] == "--version":
        print(f"ttsgrid {ttsgrid.__version__}")
        return DONE
    if given[0] in DOORS:
        return DOORS[given[0]].run(given[1:])
    # Settings and Hydra's options: what this command was before it had others beside it.
    if "=" in given[0] or given[0].startswith(("-", "+", "~")):
        return DOORS["sweep"].run(given)
    raise ConfigError(
        f"{given[0]} is no command; there are {', '.join(DOORS)}, and settings NAME=VALUE."
        f"{did_you_mean(given[0], DOORS)}"
    )


def _help() -> str:
    width = max(map(len, DOORS))
    lines = (f"  {door.name:<{width}}  {door.about}" for door in DOORS.values())
    return HELP.format(commands="\n".join(lines))
