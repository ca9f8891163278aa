"""What a policy thinks before it answers, and what of it counts: by setting, part by part.

R1, QwQ and Qwen3 write `<think> ... </think>` and then the answer; some templates write the
first mark themselves, so that only the second stands in the text. What stands between the
marks is hidden: a box in it is a thought and no answer, and a solution that never leaves its
thoughts states none.

Three things are set apart: where answers are looked for, which text is cut into the steps
that PRMs score, and which tokens a solution costs. Tokens of thoughts count unless told
otherwise: they were paid for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ttsgrid.core.checks import require_choice
from ttsgrid.core.errors import ConfigError

VISIBLE, ALL = "visible", "all"
Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True)
class Reasoning:
    """Marks around what a policy thinks, and what of it counts.

    Attributes:
        begin: before it. A template may write this one itself.
        end: after it.
        answers: where answers are looked for: `visible` (after the thoughts) or `all`.
        steps: what is cut into steps for PRMs, in pools; a search scores what it writes.
        tokens: which tokens count as generated, in costs.
    """

    begin: str = "<think>"
    end: str = "</think>"
    answers: str = VISIBLE
    steps: str = VISIBLE
    tokens: str = ALL

    def __post_init__(self) -> None:
        for part in ("answers", "steps", "tokens"):
            require_choice(f"format.reasoning.{part}", getattr(self, part), (VISIBLE, ALL))
        if not self.begin or not self.end or self.begin == self.end:
            raise ConfigError("format.reasoning: begin and end must be two different texts")

    def is_open(self, prompt: str) -> bool:
        """Say whether a prompt ends within thoughts, so that what follows begins there."""
        return prompt.rfind(self.begin) > prompt.rfind(self.end)

    def visible(self, text: str, *, is_open: bool = False) -> str:
        """Return a text without the thoughts in it.

        Args:
            text: as the policy wrote it.
            is_open: whether it begins within thoughts.
        """
        parts: list[str] = []
        start, hidden = 0, is_open
        for mark in re.finditer(f"{re.escape(self.begin)}|{re.escape(self.end)}", text):
            if mark[0] == self.end and not hidden:
                parts.clear()  # the template wrote the first mark: all before this was thought
            elif mark[0] == self.begin and not hidden:
                parts.append(text[start : mark.start()])
            start, hidden = mark.end(), mark[0] == self.begin
        return "".join(parts if hidden else (*parts, text[start:])).strip("\n")

    def hidden_tokens(self, ids: Sequence[int], decode: Decode, *, is_open: bool = False) -> int:
        """Return how many of the tokens are thoughts, marks included.

        The marks need not be tokens of their own: the last token that the thoughts need is
        found by decoding ever shorter beginnings.
        """
        text = decode(ids)
        marks = text.count(self.end)
        if not marks:
            inside = is_open or self.begin in text
            return len(ids) - self._visible_before(ids, decode) if inside else 0
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            if decode(ids[:middle]).count(self.end) < marks:
                low = middle + 1
            else:
                high = middle
        after = text.rpartition(self.end)[2]
        return len(ids) if self.begin in after else low

    def _visible_before(self, ids: Sequence[int], decode: Decode) -> int:
        """Return how many tokens stand before the first mark of thoughts that never end."""
        return next((n for n in range(len(ids)) if self.begin in decode(ids[: n + 1])), 0)

    def joined(self, thoughts: str, text: str) -> str:
        """Return a text with thoughts that came beside it, as a policy writes both itself."""
        return f"{self.begin}{thoughts}{self.end}{text}" if thoughts else text
