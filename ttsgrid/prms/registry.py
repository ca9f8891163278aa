"""The PRM formats by name. A new family is one file and one line here."""

from __future__ import annotations

from ttsgrid.errors import ConfigError
from ttsgrid.prms.base import PrmFormat
from ttsgrid.prms.math_shepherd import MathShepherdFormat
from ttsgrid.prms.qwen_prm import QwenPrmFormat
from ttsgrid.prms.rlhflow import RlhflowFormat
from ttsgrid.prms.skywork import SkyworkFormat

_ALL: tuple[PrmFormat, ...] = (
    QwenPrmFormat(),
    MathShepherdFormat(),
    RlhflowFormat("rlhflow_mistral"),
    RlhflowFormat("rlhflow_deepseek"),
    SkyworkFormat(),
)
PRM_FORMATS: dict[str, PrmFormat] = {fmt.name: fmt for fmt in _ALL}


def prm_format(name: str) -> PrmFormat:
    """Return a PRM family's input format.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in PRM_FORMATS:
        raise ConfigError(f"prm.format: no format {name!r}; choices: {', '.join(PRM_FORMATS)}")
    return PRM_FORMATS[name]
