"""Input formats of the process reward models, and how their outputs become step scores."""

from ttsgrid.models.prms.base import (
    POSITIVE_CLASS,
    EngineTask,
    PrmFormat,
    ScoringInput,
    score_from_logits,
    score_from_value,
)
from ttsgrid.models.prms.registry import PRM_FORMATS, prm_format, served_prm_format

__all__ = [
    "POSITIVE_CLASS",
    "PRM_FORMATS",
    "EngineTask",
    "PrmFormat",
    "ScoringInput",
    "prm_format",
    "score_from_logits",
    "score_from_value",
    "served_prm_format",
]
