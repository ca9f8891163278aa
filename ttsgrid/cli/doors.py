"""The commands of `ttsgrid`, one entry each: its name, where it is, what it is for.

A command is a module of this room with `main(arguments)`, loaded when it runs: `--help` and
`--version` shouldn't wait for data frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec


@dataclass(frozen=True)
class Door:
    """One command.

    Attributes:
        name: as it is typed after `ttsgrid`.
        module: of `ttsgrid.cli`.
        about: what it is for, in a few words.
        told: arguments that it always gets, before those that are typed.
    """

    name: str
    module: str
    about: str
    told: tuple[str, ...] = ()

    def run(self, arguments: Sequence[str]) -> int:
        """Run the command; return the exit status."""
        main = import_module(f"ttsgrid.cli.{self.module}").main
        return int(main([*self.told, *arguments]) or 0)


_EVERY = (
    Door("sweep", "sweep", "run what a grid's store lacks, and show the frontier"),
    Door("plan", "sweep", "show what a sweep would run and cost", told=("plan_only=true",)),
    Door("check", "check", "show what each model is given to read, and what would fail"),
    Door("frontier", "frontier", "compute and show the frontier of a store"),
    Door("report", "report", "write a store's results as one page"),
    Door("recommend", "recommend", "say which strategy to use at which budget"),
    Door("trace", "trace", "look at searches as trees"),
    Door("store", "store", "see what a store holds; check, tidy, merge, export it"),
    Door("import", "importer", "put results of other tools into a store"),
    Door("prm-bench", "prm_bench", "judge PRMs on solutions with labelled steps"),
)
DOORS = {door.name: door for door in _EVERY if find_spec(f"ttsgrid.cli.{door.module}") is not None}
