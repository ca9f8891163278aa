"""Whether what a sequence writes has reached one of its stop texts.

Stop texts are texts and tokens come as ids: one may end inside a token, or span several. So
the tail is decoded as it grows. A token may be part of a character (bytes of UTF-8), which
decodes as U+FFFD until its last byte is there: such a tail waits.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.models import DecodingTokenizer

UNFINISHED = "\ufffd"


class StopWatch:
    """Watches one sequence.

    Args:
        tokenizer: decodes the ids.
        stop: the texts to look for; empty for none, which decodes nothing.
        prompt_ids: what comes before; its last tokens say whether a space does.
    """

    def __init__(
        self, tokenizer: DecodingTokenizer, stop: Sequence[str], prompt_ids: Sequence[int]
    ) -> None:
        self._tokenizer = tokenizer
        self._stop = stop
        self._longest = max(map(len, stop), default=0)
        self._ids = list(prompt_ids[-_CONTEXT_TOKENS:]) if stop else []
        self._known, self._read = 0, len(self._ids)
        self._text = ""

    def reached(self, token: int) -> str | None:
        """Take the next token; return the stop text that it completes, the earliest of several."""
        if not self._stop:
            return None
        self._ids.append(token)
        new = self._new_text()
        # What was looked through before holds none: only its end may begin one.
        self._text = self._text[max(0, len(self._text) - self._longest + 1) :] + new
        ends = {s: self._text.find(s) + len(s) for s in self._stop if s in self._text}
        return min(ends, key=ends.__getitem__, default=None)

    def _new_text(self) -> str:
        """Return what the ids say beyond what was read before; empty in mid-character."""
        before = self._decoded(self._ids[self._known : self._read])
        now = self._decoded(self._ids[self._known :])
        if len(now) <= len(before) or now.endswith(UNFINISHED):
            return ""
        self._known, self._read = self._read, len(self._ids)
        return now[len(before) :]

    def _decoded(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True)


_CONTEXT_TOKENS = 5  # enough for a decoder that looks back for a space
