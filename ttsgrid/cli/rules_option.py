"""The option `--rules`: which rules to replay on a store's pools."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.replay.rules import (
    OPTION,
    RULES,
    USUAL,
    RuleAt,
    rules_from,
    rules_of,
    usual_rules,
)
from ttsgrid.core.errors import StoreError


def add_rules_option(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """Add the option to a command.

    Args:
        parser: of the command.
        otherwise: what is replayed without it.
    """
    parser.add_argument(
        OPTION,
        metavar="NAMES",
        help="replay rules that stop sampling early, e.g. adaptive=0.9,short=3; "
        f"names: {', '.join(RULES.names)} ({otherwise})",
    )


def rules_of_report(names: Sequence[str] | None, setting: str = OPTION) -> Sequence[RuleAt]:
    """Return the rules that a report replays.

    Args:
        names: as they are given; None for the usual ones.
        setting: that gives them, for messages.

    Raises:
        ConfigError: a rule is unknown, or its parameter is.
    """
    return rules_of(USUAL if names is None else names, setting)


def without_usual_lacks(frontier: Frontier, names: Sequence[str] | None) -> Frontier:
    """Return a frontier that says nothing of rules that nobody asked for."""
    return replace(frontier, rules_lacking=()) if names is None else frontier


def rules_named(text: str | None, wanted: bool) -> Sequence[RuleAt]:
    """Return the rules to replay.

    Args:
        text: what the option says; None where it isn't given.
        wanted: whether a table of rules was asked for, which then has all of them.

    Raises:
        ConfigError: a rule is unknown, or its parameter is.
    """
    if text is not None:
        return rules_from(text)
    return usual_rules() if wanted else ()


def require_replays(frontier: Frontier, rules: Sequence[RuleAt], store: str) -> None:
    """Refuse rules none of which the store can answer.

    Raises:
        StoreError: so it is; the message has what each of them lacks.
    """
    if rules and frontier.rules.is_empty():
        why = " ".join(frontier.rules_lacking)
        raise StoreError(f"{OPTION}: {store} can answer none of them. {why}")
