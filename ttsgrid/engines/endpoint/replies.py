"""What an endpoint's reply says: its one choice, and the tokens it counts.

A reply that lacks what every reply needs ends the whole endpoint: each further answer would
be paid for and lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.core.errors import EndpointDownError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.endpoint.client import Client, Json

FINISH_REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.FILTERED,
}


@dataclass(frozen=True)
class Answered:
    """A reply's parts.

    Attributes:
        choice: the one answer, as the API spells it.
        reasoning_tokens: of the generated tokens; None where the server doesn't say.
    """

    choice: Json
    finish_reason: FinishReason
    usage: Usage
    reasoning_tokens: int | None


def read_reply(reply: Json, client: Client) -> Answered:
    """Return the parts of a reply.

    Raises:
        EndpointDownError: it has no choice, no known end or no usage.
    """
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise lacks(client, "`choices`")
    choice = choices[0]
    reason = FINISH_REASONS.get(str(choice.get("finish_reason")))
    if reason is None:
        raise lacks(client, "a `finish_reason` of stop, length or content_filter")
    usage = reply.get("usage")
    if not isinstance(usage, dict):
        raise lacks(client, "`usage`, so nobody knows what it costs")
    return Answered(choice, reason, _usage(usage), _detail(usage, "completion", "reasoning"))


def lacks(client: Client, what: str) -> EndpointDownError:
    """Return the error of a reply without what every reply needs."""
    return client.down(f"answers without {what}; set base_url to an OpenAI-compatible server")


def _usage(usage: Json) -> Usage:
    return Usage(
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        cached_tokens=_detail(usage, "prompt", "cached") or 0,
        generated_tokens=int(usage.get("completion_tokens") or 0),
    )


def _detail(usage: Json, part: str, kind: str) -> int | None:
    """Return e.g. `prompt_tokens_details.cached_tokens`; None where it isn't said."""
    details = usage.get(f"{part}_tokens_details")
    count = details.get(f"{kind}_tokens") if isinstance(details, dict) else None
    return None if count is None else int(count)
