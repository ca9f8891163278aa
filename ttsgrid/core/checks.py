"""Plain data to frozen dataclasses; what does not fit is refused by its setting's name.

The dataclasses' own type hints are the schema. Values are converted only where
nothing can be lost: an integer to a float, a number to a string. Every message
names the setting as a person types it, and the choices where there are some.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ttsgrid.core.errors import ConfigError

T = TypeVar("T")
Plain = Mapping[str, Any]
MOST_LISTED, NEAREST = 20, 6
NOUNS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def build(cls: Callable[..., T], setting: str, values: Any) -> T:
    """Build a config dataclass from plain data.

    Args:
        cls: the dataclass; it checks ranges itself.
        setting: where the data stands, e.g. `engine`.
        values: a mapping of its fields; None for a mapping without any.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type; the
            message names `setting.key`.
    """
    given = mapping(setting, values)
    hints = get_type_hints(cls)
    refuse_unknown(setting, given, hints)
    for field in fields(cls):  # type: ignore[arg-type]
        required = field.default is MISSING and field.default_factory is MISSING
        if required and given.get(field.name) is None:
            raise ConfigError(f"{setting}.{field.name} is missing; give it a value")
    return cls(**{key: typed(f"{setting}.{key}", hints[key], v) for key, v in given.items()})


def typed(setting: str, kind: Any, value: Any) -> Any:
    """Return `value` as `kind`: a type hint made of scalars, tuples, dicts and dataclasses.

    Raises:
        ConfigError: the value is of another type; the message names the setting.
    """
    if kind is Any:  # options of code that is not ours: it checks them itself
        return value
    if isinstance(kind, UnionType):
        inner = next(k for k in get_args(kind) if k is not NoneType)
        return None if value is None else typed(setting, inner, value)
    if is_dataclass(kind):
        return build(kind, setting, value)  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        return tuple(typed(setting, get_args(kind)[0], item) for item in as_list(setting, value))
    if get_origin(kind) in (dict, Mapping):
        inner = get_args(kind)[1]
        return {k: typed(f"{setting}.{k}", inner, v) for k, v in mapping(setting, value).items()}
    return _scalar(setting, kind, value)


def _scalar(setting: str, kind: type, value: Any) -> Any:
    is_bool = isinstance(value, bool)  # to Python True is an int, and would pass for a budget of 1
    if kind is float and isinstance(value, int) and not is_bool:
        value = float(value)
    if kind is str and isinstance(value, int | float) and not is_bool:
        value = str(value)
    if not isinstance(value, kind) or (is_bool and kind is not bool):
        raise ConfigError(f"{setting}={shown(value)} must be {NOUNS[kind]}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{setting}={value} must be a finite number")
    return value


def mapping(setting: str, value: Any) -> dict[str, Any]:
    """Return a mapping with its keys as text; None is an empty one.

    Raises:
        ConfigError: the value is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{setting}={shown(value)} must be a mapping, {{key: value}}")
    return {str(key): item for key, item in value.items()}


def as_list(setting: str, value: Any) -> list[Any]:
    """Return a list.

    Raises:
        ConfigError: the value is something else.
    """
    if not isinstance(value, list | tuple):
        example = "..." if value is None else value
        raise ConfigError(f"{setting}={shown(value)} must be a list, e.g. {setting}=[{example}]")
    return list(value)


def refuse_unknown(setting: str, given: Collection[str], known: Collection[str]) -> None:
    """Refuse keys that are not settings.

    Raises:
        ConfigError: naming the first such key, the known ones and the nearest.
    """
    for key in given:
        if key not in known:
            where = f"{setting}.{key}" if setting else key
            choices = f"known: {', '.join(sorted(known))}.{did_you_mean(key, known)}"
            raise ConfigError(f"unknown setting {where}; {choices}")


def require_choice(setting: str, name: str, choices: Collection[str]) -> None:
    """Refuse a name that is none of `choices`.

    Raises:
        ConfigError: naming the setting, the choices and the nearest of them.
    """
    if name not in choices:
        hint = did_you_mean(name, choices)
        raise ConfigError(f"{setting}: {name!r} is not one of{_offered(name, choices)}.{hint}")


def _offered(name: str, choices: Collection[str]) -> str:
    """List choices; of very many, which would fill a screen, the nearest."""
    if len(choices) <= MOST_LISTED:
        return f": {', '.join(choices) or '(none)'}"
    nearest = difflib.get_close_matches(name, choices, n=NEAREST, cutoff=0.0)
    return f" {len(choices)} names, of which the nearest are {', '.join(nearest)}"


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a hint at the nearest known name, with a space before it; empty without one."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def shown(value: Any) -> str:
    """Write a value as the command line does: null for None."""
    return "null" if value is None else repr(value)
