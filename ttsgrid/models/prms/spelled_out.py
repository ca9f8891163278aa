r"""PRM formats that a config spells out: a shipped one with other settings.

    format: {base: qwen, system: "", mark: <extra_0>, separator: "\n\n"}

`base` is required and names a shipped format or the dotted path of one's own; what else may be
set is what its dataclass has: the layout's texts, and `head`, which of the engine's heads reads
it (`token_classify`, `marker_logits`, `value_head`, or the dotted path of one's own).

Settings travel as canonical JSON, so that a format is one text wherever it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_type_hints

from ttsgrid.core.checks import refuse_unknown, typed
from ttsgrid.core.dotted import is_dotted
from ttsgrid.core.errors import ConfigError
from ttsgrid.models.prms.base import LABEL_HEADS, STATE_HEADS, PrmFormat

_HEAD = "head"


def respelled(base: PrmFormat, given: Mapping[str, Any], setting: str) -> PrmFormat:
    """Return a format with other settings.

    Raises:
        ConfigError: one is unknown, of the wrong kind, or does not fit the format.
    """
    if not is_dataclass(base) or isinstance(base, type):
        raise ConfigError(f"{setting}: {base.name} is no dataclass, so nothing of it can be set")
    refuse_unknown(setting, given, _known(base))
    hints = get_type_hints(type(base))
    changes = {
        _field(name): typed(f"{setting}.{name}", hints[_field(name)], value)
        for name, value in given.items()
    }
    made = replace(base, **changes)
    _require_head(made, setting)
    return made


def changed(base: PrmFormat, spelled: PrmFormat) -> dict[str, Any]:
    """Return what a format spelled out says that its base does not."""
    return {
        name: getattr(spelled, _field(name))
        for name in _known(base)
        if getattr(spelled, _field(name)) != getattr(base, _field(name))
    }


def _known(base: PrmFormat) -> list[str]:
    names = [item.name for item in fields(base) if item.name != "name"]  # type: ignore[arg-type]
    return [_HEAD if name == "engine_task" else name for name in names]


def _field(name: str) -> str:
    return "engine_task" if name == _HEAD else name


def _require_head(made: PrmFormat, setting: str) -> None:
    head, fitting = made.engine_task, getattr(made, "heads", (*STATE_HEADS, *LABEL_HEADS))
    if not is_dotted(head) and head not in fitting:
        raise ConfigError(
            f"{setting}.head={head}: the format {made.name} is read by {' or '.join(fitting)}, "
            "or by a head of your own, as package.module:function"
        )
