"""Input formats of the process reward models, and how their outputs become step scores."""

from ttsgrid.models.prms.base import (
    POSITIVE_CLASS,
    PrmFormat,
    ScoringInput,
    join_pieces,
    require_steps,
    score_from_logits,
    score_from_value,
)
from ttsgrid.models.prms.registry import (
    PRM_FORMATS,
    inline_prm_format,
    mark_tokens,
    prm_format,
    prm_identity,
    scores_wholes,
)
from ttsgrid.models.prms.verifier import VerifierFormat

__all__ = [
    "POSITIVE_CLASS",
    "PRM_FORMATS",
    "PrmFormat",
    "ScoringInput",
    "VerifierFormat",
    "inline_prm_format",
    "join_pieces",
    "mark_tokens",
    "prm_format",
    "prm_identity",
    "require_steps",
    "score_from_logits",
    "score_from_value",
    "scores_wholes",
]
