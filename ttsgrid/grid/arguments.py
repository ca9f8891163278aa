"""Command-line arguments, checked before Hydra sees them.

Hydra refuses an unknown setting too, but without the choices, and it refuses a known
one that the chosen file happens not to hold (`engine.start_timeout_s=60`). So each
`name=value` is checked here against the config dataclasses and the config groups,
and known settings are passed on as `++name=value`, which sets them either way.
"""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ttsgrid.core.checks import mapping, refuse_unknown, require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.compose import SECTIONS, TOP_LEVEL
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.definitions import AXES, group_names
from ttsgrid.grid.typed_values import as_structure, as_text, is_text

# What takes several values; so does each setting of `sampling`.
LISTS = (*AXES, "benchmark", "benchmarks", "budgets", "log_to", "plugins", "rules", "seed")
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
    options, left = _hydras_parser().parse_known_args(list(arguments))
    # argparse takes one run of settings; those behind an option that follows it are left.
    if options.shell_completion:
        return list(arguments)  # `install=bash` and `query=bash` are Hydra's
    settings = [*options.overrides, *(text for text in left if not text.startswith("-"))]
    if unknown := [text for text in left if text.startswith("-")]:
        raise ConfigError(f"unknown option {unknown[0]}; settings are name=value, see --help")
    if options.multirun:
        raise ConfigError("--multirun is not for grids: give lists, e.g. policies=[zoo-s,zoo-l]")
    given = (options.config_path, options.config_dir)
    own = [Path(folder).expanduser() for folder in given if folder]
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


def _hydras_parser() -> ArgumentParser:
    """Return Hydra's parser of options, private though it is, with errors of one sentence."""

    def refuse(message: str) -> NoReturn:
        raise ConfigError(f"{message}; see --help")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    return parser


def _lists_benchmarks(text: str, folders: Sequence[Path]) -> bool:
    """Say whether a setting, or the experiment that it names, lists benchmarks."""
    name, _, value = text.lstrip("+").partition("=")
    if name == "experiment":
        return any("benchmarks" in _settings(name, file) for file in _files(name, value, folders))
    return name == "benchmarks" or (name == "benchmark" and value.startswith("["))


def _files(group: str, name: str, folders: Sequence[Path]) -> list[Path]:
    """Return the files of that name in a group, the one that counts first."""
    files = (folder / group / f"{name}.yaml" for folder in folders)
    return [file for file in files if file.is_file()]


def _settings(group: str, file: Path) -> Mapping[str, Any]:
    """Read a group's file, whose faults Hydra would tell in a stack trace."""
    try:
        return mapping(f"{group}: {file}", OmegaConf.to_container(OmegaConf.load(file)))
    except (OmegaConfBaseException, YAMLError, OSError, UnicodeDecodeError) as error:
        said = str(error).splitlines()
        raise ConfigError(f"{group}: {file} can't be read as YAML: {said[0]}") from error


def _require_group_file(group: str, name: str, folders: Sequence[Path]) -> None:
    require_choice(group, name, group_names(group, folders))
    file = _files(group, name, folders)[0]
    if not _settings(group, file) and group != "experiment":
        raise ConfigError(f"{group}: {file} is empty; write its settings into it, or take another")


def _checked(typed: str, folders: Sequence[Path]) -> str:
    """Check one override; return it in the form that Hydra takes whether or not it is new."""
    text, override = _parsed(typed)
    name = override.key_or_group
    if name.split(".")[0].split("/")[0] == "hydra":
        return text
    _require_setting(name)
    if override.is_sweep_override():
        raise ConfigError(_one_or_a_list(name, typed, override))
    value = override.value()
    if name == "benchmark" and isinstance(value, list):
        return f"++benchmarks={text.partition('=')[2]}"
    if name in GROUPS and value is not None and not isinstance(value, Mapping):
        _require_group_file(name, str(value), folders)
    if name in AXES and isinstance(value, Mapping):
        raise ConfigError(f"{typed}: {name} is a list: {name}=[{typed.partition('=')[2]}]")
    if override.is_delete():
        return text
    if name == "experiment":
        return f"{EXPERIMENT}={text.partition('=')[2]}"
    return text.lstrip("+") if name in GROUPS else f"++{text.lstrip('+')}"


def _one_or_a_list(name: str, typed: str, override: Override) -> str:
    """Return what is wrong with several values; a list is advised only where it is taken."""
    if name not in LISTS and not name.startswith("sampling."):
        return f"{typed}: {name} takes one value"
    if override.value_type == ValueType.SIMPLE_CHOICE_SWEEP:
        return f"{typed}: several values are a list: {name}=[{typed.partition('=')[2]}]"
    return f"{typed}: write the values as a list: {name}=[A,B]"


def _parsed(text: str) -> tuple[str, Override]:
    """Return an override, and its text as Hydra reads it."""
    name, equals, value = text.partition("=")
    if not equals and not text.startswith("~"):
        raise ConfigError(f"{text}: a setting is name=value; {QUOTES}")
    top, *inner = name.lstrip("+").split(".")
    section = SECTIONS.get(top)
    if is_text(section, inner) if section else is_text(GridConfig, [top, *inner]):
        text = f"{name}={as_text(value)}"
    try:
        return text, OverridesParser.create().parse_override(text)
    except HydraException as error:
        structure = as_structure(value)
        if structure is None:
            raise ConfigError(f"{text}: {str(error).splitlines()[0]}; {QUOTES}") from error
    text = f"{name}={structure}"
    return text, OverridesParser.create().parse_override(text)


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
    if len(inner) > 1 and top in AXES:
        item = f"{{base: {inner[0]}, {'.'.join(inner[1:])}: ...}}"
        raise ConfigError(f"unknown setting {name}; say it in the list: {top}=[{item}]")
    if inner and top not in SECTIONS:
        raise ConfigError(f"unknown setting {name}; {top} has no settings of its own")
    if inner:
        refuse_unknown(top, inner[:1], {field.name for field in fields(SECTIONS[top])})
