"""The PRM formats by name, custom ones by dotted path, and those that a config spells out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ttsgrid.core.catalogue import Catalogue
from ttsgrid.core.dotted import is_dotted, load_own
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json
from ttsgrid.models.prms.base import PrmFormat
from ttsgrid.models.prms.math_shepherd import MathShepherdFormat
from ttsgrid.models.prms.outcome import OutcomeFormat
from ttsgrid.models.prms.qwen_prm import QwenPrmFormat
from ttsgrid.models.prms.rlhflow import RlhflowFormat
from ttsgrid.models.prms.skywork import SkyworkFormat
from ttsgrid.models.prms.spelled_out import changed, respelled
from ttsgrid.models.prms.verifier import VerifierFormat

PRM_FORMATS: Catalogue[PrmFormat] = Catalogue(
    "PRM format",
    (
        QwenPrmFormat(),
        MathShepherdFormat(),
        RlhflowFormat("rlhflow_mistral"),
        RlhflowFormat("rlhflow_deepseek"),
        SkyworkFormat(),
        OutcomeFormat(),
        VerifierFormat(),
    ),
)


def prm_format(name: str, setting: str = "prms.format") -> PrmFormat:
    """Return a PRM family's input format.

    Args:
        name: of a shipped family, the dotted path of a custom one, or settings as JSON.
        setting: what an error names.

    Raises:
        ConfigError: there is none of that name, or it lacks something of `PrmFormat`.
    """
    if name.startswith("{"):
        base, given = _base_and_settings(name, setting)
        return respelled(prm_format(base, f"{setting}.base"), given, setting)
    if is_dotted(name):
        own: PrmFormat = load_own(name, setting, PrmFormat)
        return own
    return PRM_FORMATS.find(setting, name)


def scores_wholes(chosen: PrmFormat) -> bool:
    """Say whether a format gives one score per solution rather than per step."""
    return bool(getattr(chosen, "whole", False))


def mark_tokens(chosen: PrmFormat) -> int:
    """Return about how many tokens a format adds to each step, its separator in the text's place.

    A format of one's own says so in `mark_tokens`; 0 where it doesn't.
    """
    return int(getattr(chosen, "mark_tokens", 0))


def inline_prm_format(settings: Mapping[str, Any], setting: str) -> str:
    """Check settings given inline; return them as the text that `prm_format` reads.

    Raises:
        ConfigError: one is unknown, of the wrong kind, or does not fit.
    """
    text = canonical_json(settings)
    prm_format(text, setting)
    return text


def prm_identity(name: str) -> str:
    """Return what of a PRM's format identifies it: canonical JSON.

    A custom format goes by its path, so that it never passes for a shipped one of that name.
    Settings that are as in the base leave its identity as it is.
    """
    if name.startswith("{"):
        base, _ = _base_and_settings(name, "prms.format")
        return canonical_json({"prm": base, **changed(prm_format(base), prm_format(name))})
    return canonical_json({"prm": name if is_dotted(name) else prm_format(name).name})


def _base_and_settings(text: str, setting: str) -> tuple[str, dict[str, Any]]:
    given = dict(json.loads(text))
    base = given.pop("base", None)
    if not isinstance(base, str):
        raise ConfigError(f"{setting}.base is missing; name the format that the settings change")
    return base, given
