"""A search as HTML: a fragment for any page, or a page of its own.

Plain HTML and CSS in one piece: it opens offline, folds without scripts
(`<details>`), fits a phone, and follows the page's light or dark scheme
(`light-dark()`). All text is escaped, control
characters spelled out. Scores are numbers beside a bar, so that
colour is never the only sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from ttsgrid.core.search_trace import Fate, SearchTrace, TracedCandidate
from ttsgrid.views.trace.tree import (
    NO_TEXT,
    Branch,
    headline,
    pruned_in_short,
    score_text,
    stretch_from,
    tree_of,
)
from ttsgrid.views.words.control import visible

CSS = Path(__file__).with_name("trace.css").read_text(encoding="utf-8")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<style>:root{{color-scheme:light dark}}body{{margin:0 auto;max-width:60rem;padding:16px}}
h1{{font:600 1.25rem/1.3 system-ui,sans-serif}}</style></head>
<body><h1>{title}</h1>{fragment}</body></html>
"""


def _escaped(text: str) -> str:
    return escape(visible(text))


def trace_page(
    trace: SearchTrace, title: str, correct: Sequence[bool] = (), outcomes: Sequence[str] = ()
) -> str:
    """Return a whole HTML page of a search; see `trace_html`."""
    return PAGE.format(title=_escaped(title), fragment=trace_html(trace, correct, outcomes))


def trace_html(
    trace: SearchTrace, correct: Sequence[bool] = (), outcomes: Sequence[str] = ()
) -> str:
    """Return a search as an HTML fragment that brings its own style.

    Args:
        trace: the search.
        correct: the grader's verdict on each answer, in the answers' order; leave it
            out where answers are not graded.
        outcomes: what running each answer came to, in words; where answers are run.
    """
    roots = tree_of(trace)
    alive = [root for root in roots if root.candidate.fate is not Fate.PRUNED]
    pruned = [root for root in roots if root.candidate.fate is Fate.PRUNED]
    # A class of its own around everything: the fragment may stand in any page.
    return (
        f'<div class="ttsgrid-trace"><style>{CSS}</style>'
        f'<p class="question">{_escaped(trace.question.strip())}</p>'
        f'<p class="about">{_escaped(headline(trace))}</p>'
        f"{''.join(_tested(outcomes))}{_forks(alive, correct)}{_folded(pruned)}</div>"
    )


def _tested(outcomes: Sequence[str]) -> Iterator[str]:
    for place, outcome in enumerate(outcomes, start=1):
        if outcome:
            yield f'<p class="about">Tests of answer {place}: {_escaped(outcome)}</p>'


def _forks(branches: Sequence[Branch], correct: Sequence[bool]) -> str:
    """A single branch runs on in place; several fold one by one."""
    if len(branches) == 1:
        return f"<ol>{_stretch(branches[0], correct)}</ol>"
    return "".join(_fork(branch, correct) for branch in branches)


def _fork(branch: Branch, correct: Sequence[bool]) -> str:
    first, inside = _step(branch, correct), _stretch(branch, correct, skip_first=True)
    if not inside:
        return f'<div class="leaf">{first}</div>'
    return f"<details open><summary>{first}</summary><ol>{inside}</ol></details>"


def _stretch(branch: Branch, correct: Sequence[bool], skip_first: bool = False) -> str:
    stretch = stretch_from(branch)
    parts = []
    for place, member in enumerate(stretch):
        if place or not skip_first:
            parts.append(f"<li>{_step(member, correct)}</li>")
        if member.pruned:
            parts.append(f"<li>{_folded(member.pruned)}</li>")
    if forks := stretch[-1].alive:
        parts.append(f"<li>{_forks(forks, correct)}</li>")
    return "".join(parts)


def _folded(pruned: Sequence[Branch]) -> str:
    if not pruned:
        return ""
    items = "".join(f"<li>{_step(branch, ())}</li>" for branch in pruned)
    return (
        f'<details class="pruned"><summary class="fold">{pruned_in_short(pruned)}'
        f"</summary><ol>{items}</ol></details>"
    )


def _step(branch: Branch, correct: Sequence[bool]) -> str:
    candidate = branch.candidate
    text = candidate.text.strip() or NO_TEXT
    why = f' <span class="why">{_escaped(candidate.reason)}</span>'
    return (
        f'{_score(candidate)}<span class="text">{_escaped(text)}</span>'
        f"{_answers(branch, correct)}{'' if candidate.fate is Fate.KEPT else why}"
    )


def _score(candidate: TracedCandidate) -> str:
    if candidate.score is None:
        return '<span class="score">–</span>'
    share = min(1.0, max(0.0, candidate.score))
    history = ", ".join(score_text(score) for score in candidate.step_scores)
    return (
        f'<span class="score scored" style="--s:{share:.4f}" title="steps so far: {history}">'
        f"{score_text(candidate.score)}</span>"
    )


def _answers(branch: Branch, correct: Sequence[bool]) -> str:
    if not branch.answers:
        return ""
    places = ", ".join(map(str, branch.answers))
    verdict = branch.verdict(correct)
    shown = f"answer {places}: {verdict}" if verdict else f"answer {places}"
    return f'<span class="answer {verdict or ""}">{shown}</span>'
