"""What a hosted policy is asked: messages, whose tokens nobody here can count."""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.records import Problem
from ttsgrid.grid.preflight.seen import Seen
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models import prompt_format


def see_conversation(
    model: ResolvedModel, problems: Sequence[Problem], instruction: str | None = None
) -> Seen:
    """Return the messages that a policy is sent for the first problem; the server isn't asked.

    Args:
        model: the policy, found.
        problems: those of the grid; not empty.
        instruction: the benchmark's; None for the format's own.

    Raises:
        ConfigError: its format is none.
    """
    fmt = prompt_format(model.config.format, f"{model.where}.format", instruction)
    turns = fmt.conversation(problems[0].question)
    text = "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)
    return Seen(model, text, ids=())
