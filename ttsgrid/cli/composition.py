"""Composing the sweep's configuration, with Hydra's command line only where it is asked for.

Hydra's own entry point composes twice (once to see whether it is a multirun) and prints what
is wrong as a stack trace of several lines. So a plain `NAME=VALUE ...` goes through its compose
API, once, and an error is an exception; `--help`, `--cfg job` and the like are Hydra's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig

from ttsgrid.grid.typed_values import quoted

CONFIG_DIR = ("--config-dir", "-cd")


@dataclass(frozen=True)
class Composed:
    """A configuration, and where its groups were looked up, first match wins."""

    config: DictConfig
    folders: tuple[Path, ...]


def is_plain(arguments: Sequence[str]) -> bool:
    """Say whether there is no option of Hydra's but a folder of the user's."""
    options = [argument for argument in arguments if argument.startswith("-")]
    return all(option.startswith(CONFIG_DIR) for option in options)


def composed(arguments: Sequence[str], conf: Path) -> Composed:
    """Compose the configuration that plain arguments give.

    Args:
        arguments: as `ttsgrid.grid.arguments.checked_arguments` returns them.
        conf: the shipped config folder.

    Raises:
        HydraException: Hydra can't compose it.
    """
    # Hydra's own parser, private though it is: both ways must read a command line alike.
    options = get_args_parser().parse_known_args(list(arguments))[0]
    folders = [conf]
    overrides = list(options.overrides)
    if options.config_dir:
        folders.append(Path(options.config_dir).expanduser().absolute())
        overrides.append(f"hydra.searchpath=[{quoted(f'file://{folders[-1]}')}]")
    # A search path in the overrides, as --config-dir itself is read by hydra.main alone.
    with initialize_config_dir(version_base="1.3", config_dir=str(conf)):
        return Composed(compose("config", overrides=overrides), tuple(folders))
