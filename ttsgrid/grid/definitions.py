"""What an item of an axis means: a name, a definition, or a change of a named one.

A name is looked up in its group's folder on the search path, first match wins. A definition
that says `base: NAME` begins with the settings of that name and changes what it says itself:
`{base: zoo-s, sampling: {temperature: 1.0}}`. Files may have a base, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ttsgrid.core.checks import Plain, mapping, require_choice
from ttsgrid.core.errors import ConfigError

AXES = {"policies": "policy", "prms": "prm", "strategies": "strategy"}
GROUP_OF = {**AXES, "benchmarks": "benchmark"}
BASE = "base"


def group_names(group: str, search_path: Sequence[Path]) -> list[str]:
    """Return the names that a config group offers, sorted."""
    return sorted({file.stem for folder in search_path for file in (folder / group).glob("*.yaml")})


def definition(axis: str, item: Any, search_path: Sequence[Path]) -> dict[str, Any]:
    """Resolve one item of an axis to all its settings.

    Args:
        axis: one of `GROUP_OF`.
        item: a name, or a mapping of settings.
        search_path: folders that hold the config groups.

    Raises:
        ConfigError: a name is unknown, its file can't be read, or bases go in a circle.
    """
    return _on_bases(axis, item, search_path, ())


def laid_over(own: Plain, changes: Plain) -> dict[str, Any]:
    """Return settings with others over them, part by part."""
    parts = {
        key: laid_over(own[key], value)
        for key, value in changes.items()
        if isinstance(value, Mapping) and isinstance(own.get(key), Mapping)
    }
    return {**own, **changes, **parts}


def _on_bases(
    axis: str, item: Any, search_path: Sequence[Path], above: tuple[str, ...]
) -> dict[str, Any]:
    """Return a definition over its base's; `above` are the names whose base it is."""
    if not isinstance(item, Mapping):
        name = str(item)
        if name in above:
            circle = " -> ".join((*above[above.index(name) :], name))
            raise ConfigError(f"{axis}: the files' bases go in a circle: {circle}")
        above = (*above, name)
        own = {"name": name, **_loaded(axis, name, search_path)}
    else:
        own = mapping(axis, item)
    base = own.pop(BASE, None)
    if base is None:
        return own
    return laid_over(_on_bases(axis, str(base), search_path, above), own)


def _loaded(axis: str, name: str, search_path: Sequence[Path]) -> dict[str, Any]:
    """Read the file of one name."""
    group = GROUP_OF[axis]
    require_choice(axis, name, group_names(group, search_path))
    file = next(f for d in search_path if (f := d / group / f"{name}.yaml").is_file())
    try:
        return mapping(str(file), OmegaConf.to_container(OmegaConf.load(file), resolve=True))
    except (OmegaConfBaseException, YAMLError, OSError, UnicodeDecodeError) as error:
        why = str(error).splitlines()[0]
        raise ConfigError(f"{axis}: {file} is no config file: {why}") from error
