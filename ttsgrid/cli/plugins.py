"""The option `--plugin` of commands that read a store, and Python's path for own modules."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from ttsgrid.core.dotted import add_to_path, load_plugins


def add_plugin_option(parser: argparse.ArgumentParser) -> None:
    """Let a command name modules that add to the catalogues."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="import a module that adds strategies, votes or bounds; may be given several times",
    )


def load_named_plugins(modules: Iterable[str]) -> None:
    """Import what `--plugin` names: installed, on PYTHONPATH or in the working directory.

    Raises:
        ConfigError: a module is not found, or fails when it is imported.
    """
    add_to_path([Path.cwd()])
    load_plugins(modules, "--plugin")
