"""The PRM formats by name. A new family is one file and one line here."""

from __future__ import annotations

from ttsgrid.core.checks import require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.models.prms.base import PrmFormat
from ttsgrid.models.prms.math_shepherd import MathShepherdFormat
from ttsgrid.models.prms.qwen_prm import QwenPrmFormat
from ttsgrid.models.prms.rlhflow import RlhflowFormat
from ttsgrid.models.prms.skywork import SkyworkFormat

_ALL: tuple[PrmFormat, ...] = (
    QwenPrmFormat(),
    MathShepherdFormat(),
    RlhflowFormat("rlhflow_mistral"),
    RlhflowFormat("rlhflow_deepseek"),
    SkyworkFormat(),
)
PRM_FORMATS: dict[str, PrmFormat] = {fmt.name: fmt for fmt in _ALL}


def prm_format(name: str, setting: str = "prms.format") -> PrmFormat:
    """Return a PRM family's input format; `setting` is what an error names.

    Raises:
        ConfigError: there is none of that name.
    """
    require_choice(setting, name, PRM_FORMATS)
    return PRM_FORMATS[name]


def served_prm_format(name: str, setting: str = "prms.format") -> PrmFormat:
    """Return a PRM family's input format if an engine can serve the family.

    Raises:
        ConfigError: there is none of that name, or vLLM has no such head.
    """
    found = prm_format(name, setting)
    if found.engine_task == "value_head":
        served = [fmt.name for fmt in _ALL if fmt.engine_task != "value_head"]
        raise ConfigError(
            f"{setting}: {name!r} reads a value head, which no engine serves yet; "
            f"served are: {', '.join(served)}"
        )
    return found
