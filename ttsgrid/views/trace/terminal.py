"""A search for the terminal: kept steps in full, pruned ones counted unless asked for."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from ttsgrid.core.search_trace import Fate, SearchTrace
from ttsgrid.views.trace.tree import (
    Branch,
    headline,
    one_line,
    pruned_in_short,
    stretch_from,
    tree_of,
)

VERDICT_STYLES = {"right": "green", "wrong": "red", "unfinished": "yellow"}
MARKS = {Fate.KEPT: "●", Fate.PRUNED: "·", Fate.FINISHED: "■"}


def terminal_tree(
    trace: SearchTrace, correct: Sequence[bool] = (), show_pruned: bool = False
) -> RenderableType:
    """Return a search as something that rich prints.

    Args:
        trace: the search.
        correct: the grader's verdict on each answer, in the answers' order.
        show_pruned: list pruned candidates one by one.
    """
    view = Tree(Text(trace.question.strip()), guide_style="dim")
    roots = tree_of(trace)
    _fork(view, [r for r in roots if r.candidate.fate is not Fate.PRUNED], correct, show_pruned)
    _add_pruned(view, [r for r in roots if r.candidate.fate is Fate.PRUNED], show_pruned)
    legend = "● kept   ■ finished   · pruned   [n] n-th answer"
    return Group(Text(headline(trace), style="bold"), Text(legend, style="dim"), Text(), view)


def _fork(
    view: Tree, branches: Sequence[Branch], correct: Sequence[bool], show_pruned: bool
) -> None:
    """Add living branches: a straight stretch hangs in one place, a fork indents."""
    for branch in branches:
        first, *others = stretch_from(branch)
        place = view.add(_label(first, correct))
        inside = place if len(branches) > 1 else view
        _add_pruned(inside, first.pruned, show_pruned)
        for follower in others:
            inside.add(_label(follower, correct))
            _add_pruned(inside, follower.pruned, show_pruned)
        _fork(inside, (others or [first])[-1].alive, correct, show_pruned)


def _add_pruned(view: Tree, pruned: Sequence[Branch], show_pruned: bool) -> None:
    if show_pruned:
        for branch in pruned:
            view.add(_label(branch, ()))
    elif pruned:
        view.add(Text(pruned_in_short(pruned), style="dim"))


def _label(branch: Branch, correct: Sequence[bool]) -> Text:
    candidate = branch.candidate
    style = "dim" if candidate.fate is Fate.PRUNED else ""
    label = Text(f"{MARKS[candidate.fate]} ", style=style)
    label.append(_score_text(candidate.score), style=_style(candidate.score))
    label.append(f" {one_line(candidate.text)}", style=style)
    if branch.answers:
        label.append(f" [{', '.join(map(str, branch.answers))}]", style="bold")
        if verdict := branch.verdict(correct):
            label.append(f" {verdict}", style=VERDICT_STYLES[verdict])
    if candidate.fate is not Fate.KEPT:
        label.append(f"  {candidate.reason}", style="dim italic")
    return label


def _score_text(score: float | None) -> str:
    return "  –  " if score is None else f"{score:.3f}"


def _style(score: float | None) -> str:
    """Colour a score from red over yellow to green; values outside [0, 1] are clipped."""
    if score is None:
        return "dim"
    # A third of the colour circle: from red, 0, to green, 120 degrees.
    hue = min(1.0, max(0.0, score)) / 3
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.7, 0.85))
    return f"rgb({red},{green},{blue})"
