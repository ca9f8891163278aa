"""What a cell is called: one short name everywhere, and once the same in plain words.

`DVTS-16 (prod-weighted, PRM judge)` is for tables and for a second mention. A reader who
has met none of these words first reads "DVTS, 16 beams, answers weighted by the product of
step scores from judge". Every part comes from the catalogues of strategies and votes.
"""

from __future__ import annotations

from ttsgrid.core.strategies import display_name, strategy_of
from ttsgrid.core.voting import AGGREGATIONS, scored_votes, voting_in_words, voting_name
from ttsgrid.views.words.numbers import Row, listed


def short_name(row: Row) -> str:
    """Return a cell's name without its PRM and N, which stand beside it."""
    entry = strategy_of(row["strategy"])
    if row["n"] == 1 and entry.at_one:
        return entry.at_one
    name = display_name(row["strategy"])
    return f"{name} ({_voting(row)})" if row["vote"] else name


def describe(row: Row) -> str:
    """Return a cell's whole short name, e.g. `best-of-16 (min-weighted, PRM zoo-prm)`."""
    entry = strategy_of(row["strategy"])
    variant = "".join(row["strategy"].partition(" (")[1:])
    name = f"{entry.at(row['n'])}{variant}"
    return f"{name} ({_voting(row)}, PRM {_prm(row)})" if row.get("vote") else name


def in_words(row: Row) -> str:
    """Return what a cell does, in words that need no glossary but the strategy's own name."""
    entry = strategy_of(row["strategy"])
    if row["n"] == 1 and (entry.is_greedy or entry.at_one):
        return entry.at(1)
    tries = "beams" if entry.is_search else "samples"
    said = f"{display_name(row['strategy'])}, {row['n']} {tries}"
    if not row.get("vote"):
        return said
    prm = _prm(row)
    whose = voting_in_words(row["aggregation"], row["vote"], prm)
    guided = f", guided by {prm}" if entry.is_search and not row["aggregation"] else ""
    return f"{said}{guided}, {whose}"


def votings_explained() -> str:
    """Return what the names in brackets mean, in a sentence for the first table with them."""
    scores = [f"{way.name}: the {way.display}" for way in AGGREGATIONS]
    votes = [f"{vote.display}: {vote.sentence.format(score='score')}" for vote in scored_votes()]
    return (
        f"In brackets: how step scores become a solution's score ({'; '.join(scores)}), then whose "
        f"answer wins ({listed(votes)})."
    )


def _voting(row: Row) -> str:
    return voting_name(row["aggregation"], row["vote"])


def _prm(row: Row) -> str:
    """The PRM whose scores the cell uses, which may be another than the one chosen for."""
    return str(row["cell_prm"] if "cell_prm" in row else row["prm"])
