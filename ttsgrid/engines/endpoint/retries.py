"""Which failures of an endpoint pass, and how long to wait before the next try.

Waits grow exponentially and are drawn at random below their bound ("full jitter"), so that
many requests that failed together don't come back together. What the server asks for in
`Retry-After` is the least.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
# 529 is what some providers say when they are overloaded; it is above 500 like the others.
_PASSING = (408, 409, 425, 429)
_LASTING = (501, 505)  # "not implemented" stays so
# Sent with status 429, but by tomorrow no different: the account is empty.
_EMPTY_ACCOUNT = ("insufficient_quota", "billing_hard_limit_reached")
# A request of the same kind has the same fields, so the next one is refused like this one.
UNSUPPORTED = ("unsupported_parameter", "unsupported_value")
_REFUSED = (401, 402, 403, 404, 405, *range(300, 400))


def passes(status: int, code: str | None) -> bool:
    """Say whether the same request may succeed later.

    Args:
        status: of the HTTP reply.
        code: the error code in its body, where there is one.
    """
    if code in _EMPTY_ACCOUNT:
        return False
    return status in _PASSING or (status >= 500 and status not in _LASTING)


def ends_all(status: int, code: str | None) -> bool:
    """Say whether no other request will do better: its key, account, model or fields are wrong."""
    return status in (*_REFUSED, *_LASTING) or code in (*_EMPTY_ACCOUNT, *UNSUPPORTED)


def wait_s(num_failures: int, asked_s: float | None, rng: random.Random) -> float:
    """Return how long to wait after so many failures of a request, at least 1.

    Args:
        num_failures: of this request so far.
        asked_s: what the server asked for; None for nothing.
        rng: where the jitter comes from.
    """
    bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (num_failures - 1))
    return (asked_s or 0.0) + rng.uniform(0.0, bound)


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a server asks to be left alone; None where it doesn't.

    `Retry-After` holds seconds or a date (RFC 9110, section 10.2.3); OpenAI also sends
    `retry-after-ms`.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    return seconds if seconds is not None or text is None else _until(text)


def _number(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:
        return None


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    # A date without a zone is in UTC, as HTTP's all are.
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
