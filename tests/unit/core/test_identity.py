"""Content addresses depend on what a value says, not on how or where it is spelled."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.core.identity import canonical, canonical_json, content_id, derive_seed

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def test_the_address_is_the_sha256_of_sorted_compact_utf8_json() -> None:
    text = '{"a":[2,0.5],"b":"ки"}'
    expected = hashlib.sha256(text.encode("utf-8")).hexdigest()[:24]
    assert content_id({"b": "ки", "a": (2.0, 0.5)}) == expected


@given(st.dictionaries(st.text(max_size=4), values, min_size=2))
def test_the_order_of_keys_does_not_matter(mapping: dict[str, object]) -> None:
    backwards = dict(reversed(list(mapping.items())))
    assert content_id(mapping) == content_id(backwards)


@given(values)
def test_canonical_data_is_its_own_canonical_form(value: object) -> None:
    once = canonical(value)
    assert canonical(once) == once
    assert canonical_json(once) == canonical_json(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (0.0, -0.0), ([1, 2], (1, 2)), ({"t": 0.0}, {"t": 0}), (10**15, 1e15)],
)
def test_two_spellings_of_one_value_share_an_address(one: object, other: object) -> None:
    assert content_id(one) == content_id(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, True),
        (None, "null"),
        ([], {}),
        ([1, 2], [2, 1]),
        ([[1], 2], [1, [2]]),
        ({"a": None}, {}),
        (0.7, 0.7000000000000001),
    ],
)
def test_different_values_have_different_addresses(one: object, other: object) -> None:
    assert content_id(one) != content_id(other)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_a_number_that_is_not_finite_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        canonical(value)


@pytest.mark.parametrize("value", [{1, 2}, b"ab", object(), {1: "a"}, {"a": [frozenset()]}])
def test_a_value_without_one_spelling_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="canonical form"):
        content_id(value)


def test_processes_with_other_hash_seeds_agree() -> None:
    program = (
        "from ttsgrid.core.identity import content_id, derive_seed;"
        "print(content_id({'b': 1.5, 'a': ['x', None]}), derive_seed('family', 3))"
    )
    here = f"{content_id({'b': 1.5, 'a': ['x', None]})} {derive_seed('family', 3)}"
    for hash_seed in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.split() == here.split()


def test_seeds_fit_63_bits_and_differ_between_samples_and_steps() -> None:
    seeds = {derive_seed("family", sample, step) for sample in range(100) for step in range(20)}
    assert len(seeds) == 2000
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) >= 2**62


def test_seed_parts_do_not_run_together() -> None:
    assert derive_seed("a", 12, 3) != derive_seed("a", 1, 23)
    assert derive_seed("a", 1) != derive_seed("a", "1")
