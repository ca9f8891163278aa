"""Prompt tokens that policies computed again per token that they wrote, from a store.

Beside them stands the least that a cache of whole blocks allows, counted from the searches' trees:
a request reads all whole blocks in front of the one in which its prompt ends, and computes that
one. Nothing here uses the prices that the store keeps.

    python -m tests.bench.recomputed STORE
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from ttsgrid.store import scan

BLOCKS = (32, 16, 1)  # tokens: of vLLM on a CPU, on a GPU, and none smaller


def prompts(trace: str, question_tokens: int) -> Iterator[tuple[int, int | None]]:
    """Yield each request of a search: tokens of its prompt, and the node that it goes on from."""
    ends: dict[int, int] = {}
    for step in json.loads(trace)["steps"]:
        for node in step:
            begins = question_tokens if node["parent"] is None else ends[node["parent"]]
            ends[node["id"]] = begins + node["num_tokens"]
            yield begins, node["parent"]


def behind_last_block(prompt_tokens: int, block_tokens: int) -> int:
    """Return what a request computes of its prompt when all before it is cached."""
    return prompt_tokens - (prompt_tokens - 1) // block_tokens * block_tokens


def counts(store: Path) -> dict[str, Counter[str]]:
    """Count tokens by pools, by each search method, and in all."""
    units = scan(store, "units").filter(status="done").collect()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for unit in units.filter(units["kind"] != "score").iter_rows(named=True):
        own = Counter(
            written=unit["policy_generated_tokens"],
            computed=unit["policy_prompt_tokens"] - unit["policy_cached_tokens"],
        )
        if unit["trace"] is not None:
            seen: set[int | None] = set()
            for tokens, parent in prompts(unit["trace"], unit["question_tokens"]):
                own["requests"] += 1
                for size in BLOCKS:
                    own[f"least {size}"] += behind_last_block(tokens, size)
                if parent not in seen:
                    own["siblings as one"] += behind_last_block(tokens, BLOCKS[0])
                seen.add(parent)
        found[unit["strategy"] or "pools"] += own
        found["in all"] += own
    return found


def main(store: Path) -> None:
    """Print a line per method, in prompt tokens per token written."""
    for method, own in counts(store).items():
        told = [f"{method}: {own['computed'] / own['written']:.3f}"]
        if own["requests"] and method != "in all":
            told += [
                f"least with blocks of {b} {own[f'least {b}'] / own['written']:.3f}" for b in BLOCKS
            ]
            told.append(
                f"candidates of one beam counted once {own['siblings as one'] / own['written']:.3f}"
            )
            told.append(f"{own['written'] / own['requests']:.2f} tokens written per request")
        print("; ".join(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
