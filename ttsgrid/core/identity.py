"""Content addresses: the hash of what determines a result, and of nothing else.

A work unit is named by the SHA-256 of its canonical JSON: sorted keys, no
spaces, UTF-8. Values without one canonical form (NaN, sets, objects, floats
that are whole numbers written as ints elsewhere) are refused or normalised
here, so that two processes, two machines and two Python versions agree.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Union

Canonical = Union[None, bool, int, float, str, "list[Canonical]", "dict[str, Canonical]"]

_PLAIN = (bool, int, str)
# Made once: a plan asks for ten thousand ids, and `json.dumps` makes an encoder for each.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)

ID_HEX_DIGITS = 24  # 96 bits: a billion units collide with odds below 1e-11


def canonical(value: object) -> Canonical:
    """Return `value` as plain JSON data with one spelling.

    Raises:
        TypeError: the value has no canonical form.
        ValueError: a float is NaN or infinite.
    """
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no canonical form")
        # YAML reads `1.0` as a float and the command line `1` as an integer.
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("only string keys have a canonical form")
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [canonical(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form: {value!r}")


def canonical_json(value: object) -> str:
    """Return the one JSON text of `value`; see `canonical`."""
    return _ENCODER.encode(canonical(value))


def content_id(value: object) -> str:
    """Return the content address of `value`: 24 hexadecimal digits of SHA-256."""
    return address_of(canonical_json(value))


def address_of(text: str) -> str:
    """Return the content address of a value, given its canonical JSON."""
    return hashlib.sha256(text.encode()).hexdigest()[:ID_HEX_DIGITS]


def derive_seed(*parts: str | int) -> int:
    """Derive a 63-bit seed from what it belongs to, e.g. (family, sample, step)."""
    # A hash rather than a counter: whatever ran before, in whichever block or replica, a sample
    # keeps its seed. 63 bits, since vLLM and Parquet take signed 64-bit integers.
    text = canonical_json(list(parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
