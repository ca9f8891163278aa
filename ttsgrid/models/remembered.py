"""A tokenizer that encodes each text once.

A search asks for the score of a solution whenever it has grown by a step, and a format encodes
all of it: at depth 40 that was 2.4 ms, of which the new step is a fortieth. Formats encode a
solution in pieces (`ttsgrid.models.prms.base`), so that the texts of earlier steps come again,
letter for letter, and their ids can be looked up. Only whole texts are looked up, never parts:
tokenizers merge across borders, and a piece may begin within a word.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache

from ttsgrid.models.prompts import Message, Tokenizer

NUM_TEXTS = 100_000  # a step of 30 tokens takes half a KiB
NUM_CHATS = 10_000

_Chat = tuple[tuple[tuple[str, str], ...], ...]


class RememberingTokenizer:
    """Answers as the tokenizer it is given, from memory where it was asked before.

    Args:
        num_texts: how many to remember; those unused longest go first.
    """

    def __init__(self, tokenizer: Tokenizer, num_texts: int = NUM_TEXTS) -> None:
        self._tokenizer = tokenizer
        self._ids = lru_cache(num_texts)(self._encoded)
        self._chats = lru_cache(NUM_CHATS)(self._rendered)

    def __getattr__(self, name: str) -> object:
        # A format of one's own may ask for more than the protocol has.
        return getattr(self._tokenizer, name)

    @property
    def bos_token(self) -> str | None:
        """See `Tokenizer`."""
        return self._tokenizer.bos_token

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """See `Tokenizer`; each call gives a list of its own."""
        return self._ids(text, add_special_tokens).tolist()

    def apply_chat_template(
        self,
        conversation: Sequence[Message],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        """See `Tokenizer`."""
        chat = tuple(tuple(message.items()) for message in conversation)
        return self._chats(chat, tokenize, add_generation_prompt, tuple(told.items()))

    def _encoded(self, text: str, special: bool) -> array[int]:
        # An array, of 4 bytes per id, where a list of numbers takes 36.
        return array("i", self._tokenizer.encode(text, add_special_tokens=special))

    def _rendered(
        self, chat: _Chat, tokenize: bool, opened: bool, told: tuple[tuple[str, str], ...]
    ) -> str:
        return self._tokenizer.apply_chat_template(
            [dict(message) for message in chat],
            tokenize=tokenize,
            add_generation_prompt=opened,
            **dict(told),
        )
