"""Write a store of millions of solutions, column by column: `python -m tests.bench.big_store`.

The files are what a store holds after compaction, with the real schema, ids as long as
real ones and blocks of real sizes; only texts are short, since nothing here reads them.
Every solution is scored by one PRM.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ttsgrid.core.records import Problem
from ttsgrid.core.units import ModelIdentity, pool_blocks
from ttsgrid.core.voting import Ints
from ttsgrid.store import ModelRecord, Store
from ttsgrid.store.epochs import commit_name
from ttsgrid.store.schema import SCHEMAS

SAMPLING = {"max_tokens": 512, "seed": 0, "temperature": 0.7, "top_p": 1}
NUM_STEPS = 8
BLOCK_TOKENS, QUESTION_TOKENS = 16, 90
PRM_TOKENS, PRM_PARTS = 90, (32, 32, 26)  # the question, what many begin with, the rest
_NUMBERS = itertools.count()
NUM_BEGINNINGS = 40  # ways to begin a solution that a pool's samples share
PRM = ModelIdentity("prm", "made/prm", "prm", '{"prm":true}')


@dataclass(frozen=True)
class Size:
    """How large a store to write."""

    num_policies: int = 10
    num_problems: int = 4000
    pool_size: int = 256
    problems_a_file: int = 400

    @property
    def num_solutions(self) -> int:
        return self.num_policies * self.num_problems * self.pool_size


def write_big_store(path: Path, size: Size) -> None:
    """Write pools of every policy over every problem, scored."""
    problems = [
        Problem(_id("problem", i), "integer", i, f"question {i}", "0")
        for i in range(size.num_problems)
    ]
    policies = [
        ModelIdentity(f"policy-{p}", f"made/{p}", f"r{p}", "{}") for p in range(size.num_policies)
    ]
    with Store.open(path, run_id="bench") as store:
        store.write_problems(problems)
        records = [ModelRecord(p, "policy", 10 ** (6 + i % 3), 1e9) for i, p in enumerate(policies)]
        store.write_models([*records, ModelRecord(PRM, "prm", 2_000_000)])
    shutil.rmtree(path / "_epochs")  # so that the files below count, which no driver commits
    for policy in policies:
        for start in range(0, len(problems), size.problems_a_file):
            _write_files(path, policy, problems[start : start + size.problems_a_file], size)


def _id(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _write_files(path: Path, policy: ModelIdentity, problems: list[Problem], size: Size) -> None:
    name = commit_name("00000001-00000000", next(_NUMBERS), policy.id.encode())
    rng = np.random.default_rng([problems[0].index, len(policy.name)])
    in_order = [(p, *b) for p in problems for b in pool_blocks(size.pool_size)]
    # Units are committed as they finish, in no order.
    blocks = [in_order[i] for i in rng.permutation(len(in_order))]
    lengths = np.array([stop - start for _, start, stop in blocks])
    unit_ids = [_id(policy.id, p.id, start) for p, start, _ in blocks]
    score_ids = [_id(policy.id, p.id, start, PRM.id) for p, start, _ in blocks]
    samples = np.concatenate([np.arange(start, stop) for _, start, stop in blocks])
    owner = np.repeat([p.index for p, _, _ in blocks], lengths)
    shared = {
        "problem_id": _repeat([p.id for p, _, _ in blocks], lengths),
        "policy": _repeat([policy.name] * len(blocks), lengths),
        "sample": pa.array(samples),
        "prompt_tokens": pa.array(np.full(len(samples), 90)),
        "cached_tokens": pa.array(np.where(samples, 80, 0)),
    }
    _write(path, "solutions", name, {
        **shared,
        **_solutions(rng, owner, size),
        "unit_id": _repeat(unit_ids, lengths),
        "family": _repeat([_id(policy.id, p.id) for p, _, _ in blocks], lengths),
        "benchmark": _repeat(["integer"] * len(blocks), lengths),
        "policy_id": _repeat([policy.id] * len(blocks), lengths),
    })  # fmt: skip
    _write(path, "scores", name, {
        **shared,
        "unit_id": _repeat(score_ids, lengths),
        "family": _repeat([_id(policy.id, p.id, PRM.id) for p, _, _ in blocks], lengths),
        "pool_family": _repeat([_id(policy.id, p.id) for p, _, _ in blocks], lengths),
        "block_id": _repeat(unit_ids, lengths),
        "prm": _repeat([PRM.name] * len(blocks), lengths),
        "prm_id": _repeat([PRM.id] * len(blocks), lengths),
        "step_scores": _step_scores(rng, len(samples)),
        "generated_tokens": pa.array(np.zeros(len(samples), np.int64)),
        **_prefixes(rng, owner),
    })  # fmt: skip
    units = [_unit(policy, p, i, span) for (p, *span), i in zip(blocks, unit_ids, strict=True)]
    units += [
        _unit(policy, p, i, span, PRM) for (p, *span), i in zip(blocks, score_ids, strict=True)
    ]
    table = pa.Table.from_pylist(units, schema=SCHEMAS["units"])
    _write(path, "units", name, {c: table[c] for c in table.column_names})


def _solutions(rng: np.random.Generator, owner: np.ndarray, size: Size) -> Mapping[str, pa.Array]:
    """Right answers as often as the problem is easy; wrong ones repeat; some give none."""
    n = len(owner)
    correct = rng.random(n) < (owner + 0.5) / size.num_problems
    answers = np.where(correct, 0, np.minimum(rng.geometric(0.3, n), 30))
    given = pa.array(answers.astype(str), mask=~correct & (rng.random(n) < 0.1))
    steps = pa.array([["a"] * NUM_STEPS]).take(pa.array(np.zeros(n, np.int64)))
    generated = rng.integers(150, 400, n)
    blank, text = pa.nulls(n, pa.string()), pa.array(["text"]).take(pa.array(np.zeros(n, np.int64)))
    kind, stop = pa.array(["sample"] * n), pa.array(["stop"] * n)
    return {
        "kind": kind,
        "prm": blank,
        "strategy": blank,
        "temperature": pa.array(np.full(n, 0.7)),
        "budget": pa.nulls(n, pa.int64()),
        "text": text,
        "steps": steps,
        "num_steps": pa.array(np.full(n, NUM_STEPS)),
        "finish_reason": stop,
        "answer": given,
        "correct": pa.array(correct),
        "generated_tokens": pa.array(generated),
        "seed": pa.array(rng.integers(0, 2**62, n)),
        "step_scores": pa.nulls(n, pa.list_(pa.float64())),
    }


def _step_scores(rng: np.random.Generator, n: int) -> pa.Array:
    values = pa.array(np.round(rng.random(n * NUM_STEPS), 6))
    return pa.ListArray.from_arrays(pa.array(np.arange(n + 1, dtype=np.int32) * NUM_STEPS), values)


def _prefixes(rng: np.random.Generator, owner: np.ndarray) -> Mapping[str, pa.Array]:
    """Parts of PRM inputs: the question's, a beginning that some share, and one's own."""
    n, size = len(owner), len(PRM_PARTS)
    question = owner.astype(np.int64) * 1_000_003
    begun = question + 1 + rng.integers(0, NUM_BEGINNINGS, n)
    keys = np.stack([question, begun, rng.integers(2**40, 2**62, n)], axis=1).reshape(-1)
    tokens = np.tile(np.array(PRM_PARTS, np.int32), n)
    offsets = pa.array(np.arange(n + 1, dtype=np.int32) * size)
    return {
        "unscored": pa.nulls(n, pa.string()),
        "input_tokens": pa.array(np.full(n, PRM_TOKENS)),
        "prefix_keys": pa.ListArray.from_arrays(offsets, pa.array(keys)),
        "prefix_tokens": pa.ListArray.from_arrays(offsets, pa.array(tokens)),
    }


def _alone(n: int, prm: bool) -> dict[str, int]:
    """The unit's price; the analysis reads prices of pools from samples and inputs."""
    shared = (n - 1) * 80
    policy = (0, 0, 0) if prm else (QUESTION_TOKENS * n, shared, 275 * n)
    scorer = (PRM_TOKENS * n, (n - 1) * PRM_PARTS[0], 0) if prm else (0, 0, 0)
    tokens = ("prompt", "cached", "generated")
    return {
        **{f"policy_lone_{kind}_tokens": policy[i] for i, kind in enumerate(tokens)},
        **{f"prm_lone_{kind}_tokens": scorer[i] for i, kind in enumerate(tokens)},
        "question_tokens": 0 if prm else QUESTION_TOKENS,
        "policy_block_tokens": 0 if prm else BLOCK_TOKENS,
        "prm_block_tokens": BLOCK_TOKENS if prm else 0,
    }


def _unit(
    policy: ModelIdentity,
    problem: Problem,
    unit_id: str,
    span: Sequence[int],
    prm: ModelIdentity | None = None,
) -> dict[str, object]:
    (start, stop), n, tokens = span, span[1] - span[0], ("prompt", "cached", "generated")
    spec = {"kind": "score" if prm else "sample", "policy": policy.id, "sampling": SAMPLING}
    counts = dict(zip(tokens, (90 * n, 80 * n, 0 if prm else 275 * n), strict=True))
    by_policy = {f"policy_{kind}_tokens": 0 if prm else counts[kind] for kind in tokens}
    by_prm = {f"prm_{kind}_tokens": counts[kind] if prm else 0 for kind in tokens}
    return {
        "unit_id": unit_id,
        "kind": spec["kind"],
        "family": _id(policy.id, problem.id, prm),
        "status": "done",
        "problem_id": problem.id,
        "benchmark": problem.benchmark,
        "policy": policy.name,
        "policy_id": policy.id,
        "prm": prm.name if prm else None,
        "prm_id": prm.id if prm else None,
        "spec": json.dumps(spec | {"start": start, "stop": stop}, sort_keys=True),
        "start": start,
        "stop": stop,
        "attempt": 1,
        "seconds": 1.5,
        **by_policy,
        **by_prm,
        **_alone(n, prm is not None),
        "sampling": json.dumps(SAMPLING, sort_keys=True, separators=(",", ":")),
        "temperature": float(SAMPLING["temperature"]),
        "host": "node",
        "num_gpus": 1,
        "provenance": '{"engine":"vllm","host":"node","num_gpus":"1","python":"3.11"}',
        "run_id": "bench",
        "committed_at": datetime(2026, 1, 1, tzinfo=UTC),
    }


def _repeat(values: list[str], lengths: Ints) -> pa.Array:
    return pa.array(values).take(pa.array(np.repeat(np.arange(len(values)), lengths)))


def _write(path: Path, table: str, name: str, columns: Mapping[str, pa.Array]) -> None:
    schema, folder = SCHEMAS[table], path / table
    folder.mkdir(exist_ok=True)
    num_rows = len(next(iter(columns.values())))
    # Columns that the frontier doesn't need, such as what running a program came to, are null.
    unread = {f.name: pa.nulls(num_rows, f.type) for f in schema if f.name not in columns}
    arrays = [{**unread, **columns}[field.name].cast(field.type) for field in schema]
    content = pa.Table.from_arrays(arrays, schema=schema)
    pq.write_table(content, folder / name, compression="zstd")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a large store to measure the frontier on.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--policies", type=int, default=Size.num_policies)
    parser.add_argument("--problems", type=int, default=Size.num_problems)
    options = parser.parse_args()
    size = Size(options.policies, options.problems)
    began = time.monotonic()
    write_big_store(options.path, size)
    print(f"{size.num_solutions:,} solutions in {time.monotonic() - began:.0f} s: {options.path}")


if __name__ == "__main__":
    main()
