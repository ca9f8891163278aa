"""Values as a person types them, written so that Hydra's grammar reads them as they are.

Hydra gives meaning to `=`, `~`, `(`, `,`, `#`, quotes and letters beyond ASCII, which paths
may hold: `store=runs/a=b (2)` is no override of its. So what is text by its type is quoted
here, and a list or mapping that Hydra can't read is read as YAML and written again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, get_args, get_type_hints

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

_HYDRAS_OWN = ("[", "{")  # a list or mapping, which a text setting refuses with a sentence


def is_text(section: type, path: Sequence[str]) -> bool:
    """Say whether a setting of a config class is text by its type.

    Args:
        section: a dataclass.
        path: names from it down to the setting.
    """
    hint = get_type_hints(section).get(path[0]) if path else None
    kinds = [hint, *get_args(hint)]
    if len(path) == 1:
        return str in kinds and all(kind in (str, type(None)) for kind in get_args(hint))
    inner = next((kind for kind in kinds if is_dataclass(kind)), None)
    return isinstance(inner, type) and is_text(inner, path[1:])


def as_text(value: str) -> str:
    """Return a value of a text setting as Hydra reads it; `null` and quoted texts stay."""
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    if value in ("", "null") or is_quoted or value.startswith(_HYDRAS_OWN):
        return value
    return quoted(value)


def as_structure(value: str) -> str | None:
    """Return a list or mapping as Hydra reads it; None where it is no YAML either."""
    if not value.startswith(_HYDRAS_OWN):
        return None
    try:
        plain = OmegaConf.to_container(OmegaConf.create(f"value: {value}"), resolve=False)
    except (OmegaConfBaseException, YAMLError):
        return None
    return _written(plain["value"]) if isinstance(plain, dict) else None


def quoted(text: str) -> str:
    """Return a text in quotes; backslashes count only before a quote."""
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else repr(value)
