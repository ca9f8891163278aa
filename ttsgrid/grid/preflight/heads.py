"""Whether a checkpoint is what its role needs: a policy writes, a PRM has the head that is read.

Read from `architectures` in config.json, where transformers writes the class that was saved.
"""

from __future__ import annotations

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.resolve import ResolvedModel

# Endings of the classes that score or classify instead of writing.
SCORING = ("RewardModel", "Classification", "PrmModel", "PRM")
WRITING = ("ForCausalLM", "ForConditionalGeneration", "LMHeadModel")
TWO_CLASSES = ("ProcessRewardModel", "TokenClassification")


def require_head(model: ResolvedModel, task: str) -> None:
    """Refuse a checkpoint of another kind than its role reads.

    Args:
        model: the model, found.
        task: `generate`, or what is read of a PRM (`PrmFormat.engine_task`).

    Raises:
        ConfigError: its class is known and has no such head.
    """
    named = model.checkpoint.config.get("architectures") or []
    kind = str(named[0]) if named else ""
    name = model.config.model
    if task in ("generate", "marker_logits", "written_verdict") and kind.endswith(SCORING):
        does = "writes no text" if task == "generate" else "has no logits of tokens"
        raise ConfigError(
            f"{model.where}.model: {name} is a {kind}, which {does}; "
            + ("name it in prms" if task == "generate" else "take the format of its head")
        )
    if task == "token_classify" and kind.endswith(WRITING):
        raise ConfigError(
            f"{model.where}.format reads a two-class head, and {name} is a {kind} without one; "
            "take a PRM's checkpoint, or the format that fits this one"
        )
    if task == "value_head" and kind.endswith((*WRITING, *TWO_CLASSES)):
        raise ConfigError(
            f"{model.where}.format reads a value head, and {name} is a {kind} without one; "
            "take a checkpoint that has one (Skywork's), or the format that fits this one"
        )
    if task == "token_classify":
        _require_two_classes(model)


def _require_two_classes(model: ResolvedModel) -> None:
    config = model.checkpoint.config
    labels = config.get("id2label") or {}
    number = config.get("num_labels") or len(labels) or 2
    if int(number) > 2:
        raise ConfigError(
            f"{model.where}.model: {model.config.model} has a head of {number} classes; a PRM "
            "has two, for wrong and right steps, or one number"
        )
