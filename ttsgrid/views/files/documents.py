"""What the README and the zoo's model card say of the default sweep, as Markdown.

Each block stands in its document between two comments; what is between them is written
from the committed summary, never by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from ttsgrid.core.strategies import display_name
from ttsgrid.views.files.summary import Summary
from ttsgrid.views.words.brief import brief
from ttsgrid.views.words.headline import headline
from ttsgrid.views.words.numbers import in_order, percent, span
from ttsgrid.views.words.policies import search_gain_sentences
from ttsgrid.views.words.ranking import ranking_sentences
from ttsgrid.views.words.searches import search_comparison_sentences

_BLOCK = re.compile(r"(<!-- figures:([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_RANKING = "prod"  # the aggregation by which the zoo's searches rank


def with_figures(text: str, summary: Summary) -> str:
    """Return a document with its blocks written anew.

    Raises:
        KeyError: a block has a name that nothing writes.
    """
    # A function, since a replacement string would take the text's backslashes for groups.
    return _BLOCK.sub(lambda m: f"{m[1]}{BLOCKS[m[2]](summary)}\n{m[3]}", text)


def accuracy_block(summary: Summary) -> str:
    """The best cell of each policy and strategy at its largest N."""
    strategies = in_order(summary.accuracy["strategy"].to_list())
    largest = summary.accuracy.filter(pl.col("n") == pl.col("n").max().over("policy", "strategy"))
    by_cell = {(row["policy"], row["strategy"]): row for row in largest.iter_rows(named=True)}
    rows = [
        (f"`{policy}`", *(_accuracy(by_cell.get((policy, name))) for name in strategies))
        for policy in summary.policies
    ]
    note = (
        f"Accuracy in % on {summary.accuracy['num_problems'].to_numpy().max()} problems at the "
        "largest N of each strategy, with 95 % intervals; best PRM, aggregation and vote, chosen "
        "on the same problems."
    )
    heading = ("policy", *(display_name(name) for name in strategies))
    return f"{table(heading, rows)}\n{note}"


def _accuracy(row: Mapping[str, object] | None) -> str:
    if row is None:
        return "–"
    accuracy, low, high = (float(str(row[name])) for name in ("accuracy", "low", "high"))
    return f"{percent(accuracy)} ({span(low, high)}), N = {row['n']}"


def found_block(summary: Summary) -> str:
    """What the sweep found, one point per paragraph of the report's answer."""
    paragraphs = (
        " ".join(brief(summary.comparisons)),
        *headline(summary.comparisons),
        *search_comparison_sentences(summary.search_comparisons, summary.policies),
        *search_gain_sentences(summary.search_gains),
        *ranking_sentences(summary.prm_quality),
    )
    return "\n".join(f"- {paragraph}" for paragraph in paragraphs)


def ranking_block(summary: Summary) -> str:
    """How well each PRM ranks each policy's solutions within a problem."""
    rows = summary.prm_quality.filter(aggregation=_RANKING).sort("prm", maintain_order=True)
    lines = [
        (
            f"`{row['prm']}`",
            f"`{row['policy']}`",
            f"{row['area']:.2f} ({row['low']:.2f}–{row['high']:.2f})",
            f"{row['num_problems']}",
            f"{row['num_pairs']:,}",
            f"{row['pooled_area']:.2f}",
        )
        for row in rows.iter_rows(named=True)
    ]
    heading = ("PRM", "solutions of", "within a problem", "problems", "pairs", "pooled")
    return table(heading, lines)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


BLOCKS: Mapping[str, Callable[[Summary], str]] = {
    "accuracy": accuracy_block,
    "found": found_block,
    "ranking": ranking_block,
}
