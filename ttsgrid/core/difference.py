"""What tells alternatives apart, in the fewest words: `(temperature=1.0)`.

One policy may sample in several ways. The plan and the analysis of a store name such
alternatives by the same rule, so that both count the same cells.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set


def difference(settings: str, alternatives: Sequence[str], ignored: Set[str] = frozenset()) -> str:
    """Return text like ` (temperature=1)`: the settings in which alternatives differ.

    Args:
        settings: a JSON object.
        alternatives: JSON objects, `settings` among them.
        ignored: names that never count.
    """
    own, others = json.loads(settings), [json.loads(other) for other in alternatives]
    names = [name for name in own if name not in ignored]
    differing = [name for name in names if any(o.get(name) != own[name] for o in others)]
    return f" ({', '.join(f'{name}={own[name]}' for name in differing)})" if differing else ""
