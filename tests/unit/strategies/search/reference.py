"""Slow, plain searches, written from what the two codes do and not from ttsgrid's.

One request at a time, whole texts, lists that are scanned again and again. Each
returns what it kept at every step and its answers, for comparison. They differ from
the codes only where ttsgrid says it does: steps cut off or blank are no candidates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.unit.strategies.search.scripted import Script

Seeds = Callable[[int, int], int]


@dataclass(eq=False)
class Beam:
    """A partial solution; `legal` says whether it is a candidate at all."""

    text: str = ""
    added: str = ""
    parent: Beam | None = None
    score: float = 0.0
    legal: bool = True
    ended: bool = False
    closed: bool = False
    children: list[Beam] = field(default_factory=list)


@dataclass
class Played:
    """What a reference search did.

    `kept` holds the whole texts kept at each step, sorted; `answers` pairs of (whole
    text, whether it finished).
    """

    kept: list[list[str]] = field(default_factory=list)
    answers: list[tuple[str, bool]] = field(default_factory=list)


def pieces(text: str) -> list[str]:
    return [piece for piece in text.split("\n\n") if piece.strip() != ""]


def ranking_score(script: Script, text: str, how: str) -> float:
    steps = pieces(text)
    scores = [script.score(steps[: i + 1]) for i in range(len(steps))]
    return {
        "last": scores[-1],
        "min": min(scores),
        "avg": sum(scores) / len(scores),
        "prod": math.prod(scores),
    }[how]


def attempt(script: Script, parent: Beam, seed: int, how: str, boxed: bool, to_end: bool) -> Beam:
    """Write one child and score it."""
    added, ending = script.write(parent.text, seed, to_end)
    child = Beam(parent.text + added, added, parent)
    child.ended = ending == "end" or (boxed and "boxed" in child.text)
    if ending == "cut" or not pieces(child.text):
        child.legal = False
    elif len(pieces(child.text)) == len(pieces(parent.text)):
        child.legal = ending == "end"
        child.score = parent.score
    else:
        child.score = ranking_score(script, child.text, how)
    return child


def order(beams: list[Beam]) -> list[Beam]:
    """Best first, by selection sort; of equals, the better parent's, then the earlier."""
    left, result = list(beams), []
    while left:
        best = left[0]
        for beam in left[1:]:
            if (beam.score, above(beam)) > (best.score, above(best)):
                best = beam
        left.remove(best)
        result.append(best)
    return result


def answer_order(beams: list[Beam]) -> list[tuple[str, bool]]:
    ended = order([b for b in beams if b.ended])
    return [(b.text, b.ended) for b in ended + order([b for b in beams if not b.ended])]


def above(beam: Beam) -> float:
    return beam.parent.score if beam.parent else 0.0


def paper(script: Script, n: int, m: int, depth: int, seeds: Seeds, how: str) -> Played:
    """Beam search as the study's code walks its tree: children first, end nodes later."""
    played, width = Played(), n // m

    def grow(node: Beam, level: int, start: int, count: int) -> None:
        for trial in range(3):
            for i in range(count):
                seed = seeds(level, trial * n + start + i)
                child = attempt(script, node, seed, how, True, False)
                twins = [c for c in node.children if c.added.strip() == child.added.strip()]
                if child.legal and not twins:
                    node.children.append(child)
            if node.children:
                return
        node.closed = True

    root = Beam()
    grow(root, 0, 0, n)
    end: list[Beam] = []
    current = [] if root.closed else [root]
    for level in range(depth + 1):
        pool: list[Beam] = []
        slots = 0
        for node in current:
            if node.ended or node.closed:
                end.append(node)
                if len(end) == width:
                    break
            else:
                slots = width - len(end)
                pool.extend(node.children)
        if len(end) == width:
            break
        current = order(pool)[:slots]
        if current:
            played.kept.append(sorted(node.text for node in current))
        place = 0
        for node in current:
            if not node.ended:
                if level + 1 == depth:
                    node.closed = True
                else:
                    grow(node, level + 1, place, m)
                    place += m
    played.answers = answer_order(end)
    return played


def search_and_learn_beam(
    script: Script, n: int, m: int, depth: int, seeds: Seeds, how: str
) -> Played:
    """Beam search as search-and-learn loops over its flat list of beams."""
    played = Played()
    active, completed, stuck = [Beam()], list[Beam](), list[Beam]()
    for level in range(depth):
        slots = [active[i % len(active)] for i in range(n)]
        grown = [
            attempt(script, b, seeds(level, i), how, False, level == depth - 1)
            for i, b in enumerate(slots)
        ]
        legal = [b for b in grown if b.legal]
        stuck += [b for b in active if b.text and not [c for c in legal if c.parent is b]]
        completed += [b for b in legal if b.ended]
        still_open = [b for b in legal if not b.ended]
        seen: list[str] = []
        distinct = []
        for beam in still_open:
            if beam.text not in seen:
                seen.append(beam.text)
                distinct.append(beam)
        best = order(distinct)[: n // m]
        active = [b for b in distinct if b in best]
        done = [b.text for b in legal if b.ended]
        played.kept.append(sorted([b.text for b in active] + done))
        if not active:
            break
    best_first = answer_order(completed)
    if best_first:
        played.answers = [best_first[i % len(best_first)] for i in range(n)]
    else:
        played.answers = answer_order(stuck)[:n]
    return played


def search_and_learn_dvts(script: Script, m: int, depth: int, seeds: Seeds, how: str) -> Played:
    """One subtree: follow the best child; at its end, what finished beside it counts too."""
    played, beam = Played(), Beam()
    siblings: list[Beam] = []
    for level in range(depth):
        grown = [
            attempt(script, beam, seeds(level, i), how, True, level == depth - 1) for i in range(m)
        ]
        siblings = [child for child in grown if child.legal]
        if not siblings:
            break
        beam = order(siblings)[0]
        played.kept.append([beam.text])
        if beam.ended:
            break
    found = [child for child in siblings if child.ended]
    if not beam.ended and beam.text:
        found.append(beam)
    played.answers = answer_order(found)
    return played
