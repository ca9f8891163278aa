"""Warnings of solutions that won't fit: of each pair, in few sentences."""

from __future__ import annotations

import re
from itertools import product
from random import Random

import pytest

from ttsgrid.grid.overlong import Overlong, sentences

MOST, CONTEXTS, ROOMS = (8192, 32768), (4096, 16384), (3000, 3500)


def pair(writer: str, most: int, reader: str, context: int, room: int, on: str) -> Overlong:
    return Overlong(
        writers=(((writer,), most),),
        readers=(reader,),
        is_scored=True,
        context_tokens=context,
        room=room,
        raisable=False,
        own_context=None,
        benchmarks=(on,),
    )


@pytest.mark.parametrize("seed", range(20))
def test_no_pair_is_lost_and_none_is_added(seed: int) -> None:
    rng = Random(seed)
    most = {f"policy{i}": rng.choice(MOST) for i in range(4)}
    context = {f"judge{i}": rng.choice(CONTEXTS) for i in range(4)}
    on = ("math", "aime")
    chosen = [
        pair(writer, most[writer], reader, context[reader], rng.choice(ROOMS), benchmark)
        for writer, reader, benchmark in product(most, context, on)
        if rng.random() < 0.7
    ]
    said = sentences(chosen, len(on))
    found: set[tuple[str, ...]] = set()
    for sentence in said:
        named = [set(re.findall(rf"\b{kind}\d\b", sentence)) for kind in ("policy", "judge")]
        benchmarks = [name for name in on if name in sentence] or on
        pairs = set(product(*named, benchmarks))
        assert not pairs & found
        found |= pairs
        for writer in named[0]:
            assert re.search(rf"{writer}[^;:]*? of up to {most[writer]:,} tokens", sentence)
        assert {f"{context[name]:,}" for name in named[1]} == set(
            re.findall(r"reads ([\d,]+) with", sentence)
        )
    meant = {(one.writers[0][0][0], one.readers[0], one.benchmarks[0]) for one in chosen}
    assert found == meant
    assert len(said) <= len(chosen)


def test_pairs_that_are_alike_are_one_sentence_with_a_length_that_fits_everywhere() -> None:
    alike = [
        pair(writer, most, reader, 4096, room, on)
        for (writer, most), reader, (room, on) in product(
            (("a", 8192), ("b", 8192), ("c", 32768)),
            ("x", "y", "z"),
            ((3500, "math"), (3000, "aime")),
        )
    ]
    grouped = [
        Overlong(**{**vars(one), "writers": ((("a", "b"), 8192),)})
        if one.writers[0][1] == 8192
        else one
        for one in alike
        if one.writers[0][0] != ("b",)
    ]
    assert sentences(grouped, 2) == [
        "c writes solutions of up to 32,768 tokens and a, b write solutions of up to 8,192 tokens, "
        "x reads 4,096 with the question, and so do y and z: longer ones stay unscored; set "
        "sampling.max_tokens to about 3,000."
    ]
    assert sentences(grouped, 3)[0].startswith("math, aime: c writes")


def test_policies_that_their_own_context_cuts_off_alike_are_one_sentence() -> None:
    own = [
        Overlong((((name,), 12288),), (name,), False, 4096, 3900, True, 8000) for name in ("a", "b")
    ]
    assert sentences(own) == [
        "a, b write solutions of up to 12,288 tokens, but read 4,096 with the prompt: longer ones "
        "are cut off; set sampling.max_tokens to about 3,900, or raise their max_model_len (their "
        "own context is 8,000)."
    ]
