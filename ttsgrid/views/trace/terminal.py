"""A search for the terminal: kept steps in full, pruned ones counted unless asked for.

A stretch without forks is a chain and is drawn as one, line below line; only a fork
indents. What was pruned beside a step is counted on the step's own line.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from ttsgrid.core.search_trace import Fate, SearchTrace
from ttsgrid.views.trace.tree import (
    Branch,
    headline,
    one_line,
    pruned_in_short,
    score_text,
    stretch_from,
    tree_of,
)

VERDICT_STYLES = {"right": "green", "wrong": "red", "unfinished": "yellow"}
MARKS = {Fate.KEPT: "●", Fate.PRUNED: "·", Fate.FINISHED: "■"}
LEGEND = "● kept   ■ finished   · pruned   [n] n-th answer"


def terminal_tree(
    trace: SearchTrace, correct: Sequence[bool] = (), show_pruned: bool = False
) -> RenderableType:
    """Return a search as something that rich prints.

    Args:
        trace: the search.
        correct: the grader's verdict on each answer, in the answers' order.
        show_pruned: list pruned candidates one by one.
    """
    roots = tree_of(trace)
    alive = [root for root in roots if root.candidate.fate is not Fate.PRUNED]
    pruned = [root for root in roots if root.candidate.fate is Fate.PRUNED]
    drawn = _from(alive, pruned, _Drawing(correct, show_pruned))
    head = (Text(headline(trace), style="bold"), Text(LEGEND, style="dim"), Text())
    return Group(*head, Text(trace.question.strip()), *drawn)


class _Drawing:
    """What holds for a whole tree: the verdicts, and whether pruned candidates are listed."""

    def __init__(self, correct: Sequence[bool], show_pruned: bool) -> None:
        self.correct = correct
        self.show_pruned = show_pruned

    def pruned(self, branches: Sequence[Branch]) -> Iterator[Text]:
        """Lines of what was pruned at one step: one each, or one for all."""
        if self.show_pruned:
            yield from (_label(branch, ()) for branch in branches)
        elif branches:
            yield Text(pruned_in_short(branches), style="dim")

    def step(self, branch: Branch, beside: Sequence[Branch]) -> Iterator[Text]:
        """Lines of the one step that lived on, and of what was pruned beside it."""
        label = _label(branch, self.correct)
        if beside and not self.show_pruned:
            label.append(f"   {pruned_in_short(beside)}", style="dim")
            yield label
            return
        yield label
        yield from self.pruned(beside)


def _from(alive: Sequence[Branch], beside: Sequence[Branch], drawing: _Drawing) -> Iterator[Tree]:
    """Draw what lived on after one step: one branch as a chain, several as a fork."""
    if len(alive) == 1:
        yield _chain(stretch_from(alive[0]), beside, drawing)
        return
    yield from (_chain(stretch_from(branch), (), drawing) for branch in alive)
    yield from (Tree(line) for line in drawing.pruned(beside))


def _chain(stretch: Sequence[Branch], beside: Sequence[Branch], drawing: _Drawing) -> Tree:
    lines: list[Text] = []
    for branch in stretch:
        lines += drawing.step(branch, beside)
        beside = branch.pruned
    tree = Tree(Group(*lines), guide_style="dim")
    tree.children += _from(stretch[-1].alive, beside, drawing)
    return tree


def _label(branch: Branch, correct: Sequence[bool]) -> Text:
    candidate = branch.candidate
    style = "dim" if candidate.fate is Fate.PRUNED else ""
    label = Text(f"{MARKS[candidate.fate]} ", style=style)
    label.append(score_text(candidate.score), style=_style(candidate.score))
    label.append(f" {one_line(candidate.text)}", style=style)
    if branch.answers:
        label.append(f" [{', '.join(map(str, branch.answers))}]", style="bold")
        if verdict := branch.verdict(correct):
            label.append(f" {verdict}", style=VERDICT_STYLES[verdict])
    if candidate.fate is not Fate.KEPT:
        label.append(f"  {candidate.reason}", style="dim italic")
    return label


def _style(score: float | None) -> str:
    """Colour a score from red over yellow to green; values outside [0, 1] are clipped."""
    if score is None:
        return "dim"
    # A third of the colour circle: from red, 0, to green, 120 degrees.
    hue = min(1.0, max(0.0, score)) / 3
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.7, 0.85))
    return f"rgb({red},{green},{blue})"
