"""Tokens that hold a whole stop text: an engine that knows them ends a step where it ends.

vLLM looks for stop texts in decoded text, in its front end: the engine's own process hears of a
step's end one step late, by a message for each, and has written a token for nothing by then. A
token whose own text holds the stop text ends a step wherever it comes, so the engine may be
given its id as well. Vocabularies have hundreds that hold a blank line (after a full stop, a
bracket, a formula's end) and use a few: those that ended steps before are kept.

Texts that end across tokens are still found in the text, as are tokens not met yet.
"""

from __future__ import annotations

from collections import OrderedDict

from ttsgrid.models import DecodingTokenizer

MOST_TOKENS = 16  # vLLM looks through them for each token that it writes
UNFINISHED = "\ufffd"  # what part of a character decodes to


class StopTokens:
    """The tokens that ended steps of one engine, by the stop texts asked for.

    Args:
        tokenizer: of the engine.
    """

    def __init__(self, tokenizer: DecodingTokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[tuple[str, ...], OrderedDict[int, str]] = {}
        self._useless: set[tuple[tuple[str, ...], int]] = set()

    def of(self, stop: tuple[str, ...]) -> list[int]:
        """Return the ids to end at besides the texts."""
        return list(self._known.get(stop, ()))

    def learn(self, stop: tuple[str, ...], token: int, text: str) -> None:
        """Take note of the token with which one of the stop texts was reached.

        Args:
            stop: those asked for.
            token: the last one written.
            text: the stop text.
        """
        known = self._known.setdefault(stop, OrderedDict())
        if token in known:
            known.move_to_end(token)
        elif (stop, token) in self._useless:
            return
        elif self._holds(token, text):
            known[token] = text
            if len(known) > MOST_TOKENS:
                known.popitem(last=False)  # the one unused longest
        else:
            self._useless.add((stop, token))

    def text_at(self, stop: tuple[str, ...], token: int) -> str | None:
        """Return the stop text that a token holds, where it is one of those given."""
        return self._known[stop].get(token) if stop in self._known else None

    def _holds(self, token: int, text: str) -> bool:
        decoded = self._tokenizer.decode([token], skip_special_tokens=True)
        return text in decoded and UNFINISHED not in decoded
