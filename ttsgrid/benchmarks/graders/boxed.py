r"""Find what a solution puts in its final \boxed{}, in time linear in its length.

The final answer is the last box. Boxes are parts of one answer where nothing but signs
stands between them (`\boxed{1}\boxed{2}`), or a few words with "and" or "or"
(`\boxed{1} papers and \boxed{2} bins`, common in R1-style solutions). math-verify joins
more: all boxes within 10 characters, or within 70 with a comma between; that takes
"\boxed{7}. No, \boxed{8}" for one answer. An unclosed box is no answer: the solution was
cut off inside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
# What TeX's habit leaves without braces: \boxed 5, \boxed\frac12.
_BARE = re.compile(r"[-+]?(?:\d[\d,]*(?:\.\d+)?(?:/\d+)?|\\d?frac[^\s$]{2,40})")

_SPACING = r"\\q?quad|\\[()\[\] ,;!]|\\text\{|\$"
_SIGNS = re.compile(rf"(?:[\s,;+&/|}}]|{_SPACING}|\b(?:and|or)\b)*\\?")
_WORDS = re.compile(rf"(?:[\s\w()}}={{_]|{_SPACING})*")
_AND = re.compile(r"\b(?:and|or)\b")
_TURN = re.compile(r"\b(?:is|are|so|then|thus|hence|but|not|get|wait|therefore)\b")
_NEAR_CHARS = 40


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
        if not _joined(text[box.stop : run[-1].start]):
            break
        run.append(box)
    return ", ".join(dict.fromkeys(box.content for box in reversed(run)))


def _boxes(text: str) -> list[_Box]:
    """Return the outermost closed, non-empty boxes, in order."""
    if not _BOX.search(text):
        return []
    closing = _closing_braces(text)
    boxes: list[_Box] = []
    position = 0
    while match := _BOX.search(text, position):
        box = _box(text, match, closing)
        position = match.end() if box is None else box.stop
        if box is not None and box.content:
            boxes.append(box)
    return boxes


def _box(text: str, match: re.Match[str], closing: dict[int, int]) -> _Box | None:
    r"""Return what one `\boxed` holds; None where it is unclosed or holds no answer."""
    start = match.end()
    if text.startswith("{", start):
        stop = closing.get(start)
        if stop is None:
            return None
        return _Box(match.start(), stop + 1, text[start + 1 : stop].strip())
    bare = _BARE.match(text, start)
    return bare and _Box(match.start(), bare.end(), bare[0].rstrip(",.;:"))


def _closing_braces(text: str) -> dict[int, int]:
    """Return the place of each closed brace's partner, found in one pass with a stack.

    Looking for each box's own partner would be quadratic: 8,000 unclosed boxes took 18 s.
    """
    partners: dict[int, int] = {}
    open_braces: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            open_braces.append(match.start())
        elif match[0] == "}" and open_braces:
            partners[open_braces.pop()] = match.start()
    return partners


def _joined(between: str) -> bool:
    if len(between) > _NEAR_CHARS:
        return False
    if _SIGNS.fullmatch(between):
        return True
    words = _WORDS.fullmatch(between) and _AND.search(between)
    return bool(words) and "\n" not in between and not _TURN.search(between)
