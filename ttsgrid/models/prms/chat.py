"""Cut a chat template's text into what stands before, between and after the turns."""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.errors import ScoringError
from ttsgrid.models import Tokenizer


def render(tokenizer: Tokenizer, chat: Sequence[dict[str, str]], *, opened: bool) -> str:
    """Return the chat as text; `opened` ends it where the assistant's turn begins."""
    return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=opened)


def after_prefix(text: str, prefix: str, name: str) -> str:
    """Return what follows `prefix` in `text`.

    Raises:
        ScoringError: the template rewrites earlier turns, so that a chat does
            not begin with its own beginning.
    """
    if not text.startswith(prefix):
        raise ScoringError(f"{name}: the chat template rewrites earlier turns, so it can't grow")
    return text[len(prefix) :]


def system_turn(text: str) -> list[dict[str, str]]:
    """Return the system turn as the beginning of a chat; none for an empty text."""
    return [{"role": "system", "content": text}] if text else []
