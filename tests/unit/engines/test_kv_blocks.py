"""Blocks of the KV cache: shared by what begins alike, and never given away while held."""

from __future__ import annotations

import random

from ttsgrid.engines.transformers_engine.blocks import BlockPool, Table


def opened(pool: BlockPool, ids: list[int]) -> Table:
    table = pool.open(ids)
    assert table is not None
    return table


def test_a_sequence_shares_the_whole_blocks_of_its_beginning_and_computes_its_last_token() -> None:
    pool = BlockPool(20, 4)
    first = opened(pool, [*range(10)])
    assert (first.cached_tokens, len(first.numbers)) == (0, 3)
    second = opened(pool, [*range(8), 99])
    assert (second.cached_tokens, second.numbers[:2]) == (8, first.numbers[:2])
    assert opened(pool, [*range(8)]).cached_tokens == 4  # its own last block it must compute
    assert opened(pool, [99, *range(1, 8)]).cached_tokens == 0
    fresh = pool.open([*range(10)], read_cache=False)
    assert fresh is not None
    assert fresh.cached_tokens == 0


def test_blocks_that_nobody_holds_are_found_again_until_others_need_them() -> None:
    pool = BlockPool(4, 4)
    table = opened(pool, [*range(8)])
    pool.close(table)
    again = opened(pool, [*range(9)])
    assert again.cached_tokens == 8
    assert pool.open([*range(50, 58)]) is None  # one is free, two are needed
    pool.close(again)
    taken = opened(pool, [*range(50, 66)])
    pool.close(taken)
    assert opened(pool, [*range(9)]).cached_tokens == 0


def test_what_a_growing_sequence_filled_is_shared_once_it_is_computed() -> None:
    pool = BlockPool(8, 4)
    ids = [*range(6)]
    table = opened(pool, ids)
    ids += [6, 7, 8]
    assert pool.grow(table, len(ids))
    assert opened(pool, [*range(9)]).cached_tokens == 4
    pool.name_computed(table, ids, 8)
    assert opened(pool, [*range(9)]).cached_tokens == 8
    assert not pool.grow(table, 100)


def test_random_opening_growing_and_closing_never_gives_a_held_block_to_another() -> None:
    rng = random.Random(0)
    pool, held = BlockPool(30, 4), list[tuple[Table, list[int]]]()
    content: dict[int, tuple[int, ...]] = {}
    for _ in range(3000):
        if rng.random() < 0.5 and held:
            pool.close(held.pop(rng.randrange(len(held)))[0])
            continue
        ids = [rng.randrange(2) for _ in range(rng.randint(1, 24))]
        table = pool.open(ids)
        if table is None:
            continue
        for at in range(0, table.cached_tokens, 4):
            assert content[table.numbers[at // 4]] == tuple(ids[: at + 4])
        for index, number in enumerate(table.numbers):
            if index * 4 >= table.cached_tokens:
                assert all(number not in other.numbers for other, _ in held)
                content[number] = tuple(ids[: index * 4 + 4])
        held.append((table, ids))
