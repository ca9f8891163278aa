r"""Find what a solution puts in its final \boxed{}.

The final answer is the last box. Where the last boxes are joined by nothing but
"and", "or", commas or spacing (`\boxed{-2} \text{ and } \boxed{1}`, common in
R1-style solutions), they are one answer with several parts. An unclosed box is
no answer: the solution was cut off inside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_CONNECTOR = re.compile(r"(?:[\s,;$]|\\q?quad|\\[()\[\] ,;]|\\text\{\s*(?:and|or)\s*\}|and|or)+")
_SAYS_AND = re.compile(r"and|or|,|;")


@dataclass(frozen=True)
class _Box:
    start: int
    stop: int
    content: str


def last_boxed(text: str) -> str | None:
    """Return the content of the last closed box (or run of joined boxes); None without one."""
    boxes = _boxes(text)
    if not boxes:
        return None
    run = [boxes[-1]]
    for box in reversed(boxes[:-1]):
        if not _joined(text[box.stop : run[0].start]):
            break
        run.insert(0, box)
    return ", ".join(dict.fromkeys(box.content for box in run)) or None


def _boxes(text: str) -> list[_Box]:
    """Return the outermost closed, non-empty boxes, in order."""
    boxes: list[_Box] = []
    position = 0
    while match := _BOX.search(text, position):
        stop = _closing_brace(text, match.end())
        if stop is None:  # unclosed: look for a box inside what was never finished
            position = match.end()
            continue
        content = text[match.end() : stop].strip()
        if content:
            boxes.append(_Box(match.start(), stop + 1, content))
        position = stop + 1
    return boxes


def _closing_brace(text: str, start: int) -> int | None:
    """Return the index of the brace that closes the one before `start`."""
    depth, position = 1, start
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 2
            continue
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return position
        position += 1
    return None


def _joined(between: str) -> bool:
    return bool(_CONNECTOR.fullmatch(between) and _SAYS_AND.search(between))
