"""Policies behind endpoints: what they can't do, and what identifies them without a checkpoint.

Nothing here asks the server: a plan costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.endpoint_settings import CHAT, COMPLETIONS
from ttsgrid.grid.model_config import ModelConfig
from ttsgrid.models import PromptFormat, prompt_format


def require_possible(
    policies: Sequence[ModelConfig], prms: Sequence[ModelConfig], searches: Sequence[str]
) -> None:
    """Refuse what endpoints can't do.

    Args:
        policies: of the grid.
        prms: of the grid.
        searches: names of its strategies that go on from partial solutions.

    Raises:
        ConfigError: naming the setting to change.
    """
    for prm in prms:
        if prm.endpoint is not None:
            raise ConfigError(
                f"prms.{prm.name}.endpoint: no endpoint gives a PRM's scores of steps; leave it "
                "out, and the PRM runs here"
            )
    for policy in policies:
        if searches and not policy.continues_text:
            raise ConfigError(
                f"policies.{policy.name}.endpoint.api={CHAT}: chat completions can't go on from a "
                f"partial solution, as {', '.join(searches)} must; set strategies to some of cot, "
                f"majority and best_of_n, or serve the model with vLLM and set api={COMPLETIONS}"
            )


def require_conversation(policy: ModelConfig) -> None:
    """Refuse what a model has no use for of which only messages are known.

    Raises:
        ConfigError: its prompt format can't be said in messages, or a setting does nothing.
    """
    if policy.revision is not None:
        raise ConfigError(
            f"policies.{policy.name}.revision={policy.revision} is for models of the hub; say in "
            "model which version of a hosted model is asked"
        )
    if policy.max_model_len is not None:
        raise ConfigError(
            f"policies.{policy.name}.max_model_len={policy.max_model_len} does nothing: nobody "
            "here counts a hosted model's tokens before it does; leave it out"
        )
    setting = f"policies.{policy.name}.format"
    fmt = prompt_format(policy.format, setting)
    why = _unsayable(fmt)
    if why is not None:
        raise ConfigError(
            f"{setting}={policy.format} {why}, and endpoint.api={CHAT} sends messages; take "
            f"another format, or serve the model with vLLM and set api={COMPLETIONS}"
        )


def _unsayable(fmt: PromptFormat) -> str | None:
    if not fmt.chat:
        return "is plain text without turns"
    if fmt.prefill:
        return "begins the answer itself"
    if type(fmt).encode is not PromptFormat.encode:
        return "writes its token ids itself"
    return None
