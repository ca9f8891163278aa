"""Command-line arguments, checked before Hydra sees them.

Hydra refuses an unknown setting too, but without the choices, and it refuses a known
one that the chosen file happens not to hold (`engine.start_timeout_s=60`). So each
`name=value` is checked here against the config dataclasses and the config groups,
and known settings are passed on as `++name=value`, which sets them either way.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from ttsgrid.core.checks import refuse_unknown, require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.compose import AXES, SECTIONS, TOP_LEVEL, group_names

GROUPS = ("benchmark", "engine", "cluster", "experiment")
# As conf/config.yaml places it: an experiment's settings are the grid's own, so its file
# needs no `# @package _global_`.
EXPERIMENT = "experiment@_global_"
# Else the settings of the default benchmark would pass for settings of all that are listed.
NO_DEFAULT_BENCHMARK = "~benchmark"
QUOTES = "in a shell, put quotes around a value with spaces or brackets: 'budgets=[1, 4]'"


def checked_arguments(arguments: Sequence[str], conf: Path) -> list[str]:
    """Return arguments for Hydra, its own options as they are.

    Args:
        arguments: what a person typed after the command's name.
        conf: the shipped config folder.

    Raises:
        ConfigError: an argument is no setting or names no choice; the message says
            what there is.
    """
    options, left = get_args_parser().parse_known_args(list(arguments))
    # argparse takes one run of settings; those behind an option that follows it are left.
    settings = [*options.overrides, *(text for text in left if not text.startswith("-"))]
    if unknown := [text for text in left if text.startswith("-")]:
        raise ConfigError(f"unknown option {unknown[0]}; settings are name=value, see --help")
    if options.multirun:
        raise ConfigError("--multirun is not for grids: give lists, e.g. policies=[zoo-s,zoo-l]")
    own = [Path(folder) for folder in (options.config_path, options.config_dir) if folder]
    if options.config_dir and not own[-1].is_dir():
        raise ConfigError(f"--config-dir {own[-1]} is no folder")
    folders = [conf, *own]
    OmegaConf.register_new_resolver("choices", partial(_choices, folders), replace=True)
    checked = {text: [_checked(text, folders)] for text in settings}
    if any(_lists_benchmarks(text, folders) for text in settings):
        checked[settings[0]].insert(0, NO_DEFAULT_BENCHMARK)
    if settings == options.overrides:
        return [new for argument in arguments for new in checked.get(argument, [argument])]
    kept = [argument for argument in arguments if argument not in checked]
    return [*kept, *(new for several in checked.values() for new in several)]


def _lists_benchmarks(text: str, folders: Sequence[Path]) -> bool:
    """Say whether a setting, or the experiment that it names, lists benchmarks."""
    name, _, value = text.lstrip("+").partition("=")
    if name == "experiment":
        files = (folder / name / f"{value}.yaml" for folder in folders)
        return any(file.is_file() and "benchmarks" in OmegaConf.load(file) for file in files)
    return name == "benchmarks" or (name == "benchmark" and value.startswith("["))


def _checked(text: str, folders: Sequence[Path]) -> str:
    """Check one override; return it in the form that Hydra takes whether or not it is new."""
    override = _parsed(text)
    name = override.key_or_group
    if name.split(".")[0].split("/")[0] == "hydra":
        return text
    if override.is_sweep_override():
        values = text.partition("=")[2]
        raise ConfigError(f"{text}: several values are a list: {name}=[{values}]")
    value = override.value()
    if name == "benchmark" and isinstance(value, list):
        return f"++benchmarks={text.partition('=')[2]}"
    if name in GROUPS and value is not None and not isinstance(value, Mapping):
        require_choice(name, str(value), group_names(name, folders))
    _require_setting(name)
    if override.is_delete():
        return text
    if name == "experiment":
        return f"{EXPERIMENT}={text.partition('=')[2]}"
    return text.lstrip("+") if name in GROUPS else f"++{text.lstrip('+')}"


def _parsed(text: str) -> Override:
    if "=" not in text and not text.startswith("~"):
        raise ConfigError(f"{text}: a setting is name=value; {QUOTES}")
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise ConfigError(f"{text}: {str(error).splitlines()[0]}; {QUOTES}") from error


def _choices(folders: Sequence[Path], group: str, indent: int) -> str:
    """Return a group's names in lines for the help text; `conf/hydra/help` asks for them."""
    names = ", ".join(group_names(group, folders)) or "(none)"
    blank = " " * (indent + 2)
    # Whole names: one cut at a hyphen can't be copied.
    filled = textwrap.fill(
        names, 80, initial_indent=blank, subsequent_indent=blank, break_on_hyphens=False
    )
    return filled.lstrip()


def _require_setting(name: str) -> None:
    top, *inner = name.split(".")
    axis = next((axis for axis, group in AXES.items() if top == group), None)
    if axis:
        raise ConfigError(f"unknown setting {name}; name what you want in the list {axis}=[...]")
    refuse_unknown("", [top], {*TOP_LEVEL, *GROUPS})
    if inner and top not in SECTIONS:
        raise ConfigError(f"unknown setting {name}; {top} has no settings of its own")
    if inner:
        refuse_unknown(top, inner[:1], {field.name for field in fields(SECTIONS[top])})
