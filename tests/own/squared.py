"""A vote of your own: what a weight can say."""

from __future__ import annotations

from ttsgrid.core.voting import VOTES, Vote

VOTES.add(Vote("squared", "squared vote", weight=lambda scores: scores**2))
