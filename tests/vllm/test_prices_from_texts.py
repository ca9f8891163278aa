"""What every cell of a real store costs alone, worked out again from its texts.

The reference knows the tokenizers, the prompts, the PRMs' formats and the block size, and
nothing of what engines reported or the store calls a price. It encodes texts again, plays
requests one by one against a prefix cache, and takes expectations over what a cell draws
one by one too, in exact fractions.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from transformers import AutoTokenizer

from ttsgrid.analysis.frontier import analyse
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.models import encode_prompt, prompt_format, split_steps
from ttsgrid.models.prms import prm_format
from ttsgrid.store import latest_units, scan

pytestmark = pytest.mark.vllm

ROOT = Path(__file__).resolve().parents[2]
STORE = Path(os.environ.get("TTSGRID_ZOO_STORE", ROOT / "results" / "zoo"))
BLOCK = 32
PROMPT, CACHED, GENERATED, READ, REREAD = (
    "policy_prompt_tokens",
    "policy_cached_tokens",
    "policy_generated_tokens",
    "prm_tokens",
    "prm_cached_tokens",
)
Ids = tuple[int, ...]
Row = dict[str, Any]


@dataclass
class Cache:
    """A prefix cache of whole blocks, and an input that was computed whole."""

    blocks: set[Ids] = field(default_factory=set)
    whole: set[Ids] = field(default_factory=set)

    def cached(self, ids: Ids, *, remembers: bool) -> int:
        """Tokens of a request that it need not compute; fills the cache."""
        if remembers and ids in self.whole:
            return len(ids)
        borders = range(BLOCK, len(ids), BLOCK)  # never the block of the last token
        found = 0
        for end in borders:
            if ids[:end] not in self.blocks:
                break
            found = end
        self.fill(ids)
        self.whole.add(ids)
        return found

    def fill(self, ids: Ids) -> None:
        """Hold every whole block of what was computed."""
        self.blocks |= {ids[:end] for end in range(BLOCK, len(ids) + 1, BLOCK)}


def parts_of(ids: Ids) -> dict[tuple[Ids, bool], int]:
    """What an input must compute, by content: its blocks, and its end with the last token."""
    borders = list(range(BLOCK, len(ids), BLOCK))
    tail = len(ids) - (borders[-1] if borders else 0)
    return {(ids[:end], False): BLOCK for end in borders} | {(ids, True): tail}


@cache
def _none_drawn(num_sharing: int, num_groups: int, drawn: int) -> float:
    """Probability that groups drawn one after the other all lack a part."""
    chance = Fraction(1)
    for i in range(drawn):
        chance *= Fraction(max(0, num_groups - num_sharing - i), num_groups - i)
    return float(chance)


def expected_parts(groups: list[dict[tuple[Ids, bool], int]], drawn: int) -> float:
    """Tokens of the distinct parts of so many random groups."""
    tokens = {part: n for group in groups for part, n in group.items()}
    sharing = Counter(part for group in groups for part in group)
    return sum(
        n * (1 - _none_drawn(sharing[part], len(groups), drawn)) for part, n in tokens.items()
    )


@dataclass(frozen=True)
class Texts:
    """A store's texts and the tokenizers that they were written and read with."""

    path: Path

    @cached_property
    def models(self) -> dict[str, Row]:
        rows = scan(self.path, "models").collect().iter_rows(named=True)
        return {row["name"]: row for row in rows}

    @cached_property
    def questions(self) -> dict[str, str]:
        rows = scan(self.path, "problems").select("problem_id", "question").collect()
        return dict(rows.iter_rows())

    @cached_property
    def solutions(self) -> pl.DataFrame:
        return scan(self.path, "solutions").sort("problem_id", "sample").collect()

    @cached_property
    def searches(self) -> pl.DataFrame:
        return latest_units(self.path).filter(kind="search", status="done").collect()

    @cache  # noqa: B019 (one store a test run)
    def tokenizer(self, name: str) -> Any:  # noqa: ANN401
        return AutoTokenizer.from_pretrained(ZOO_WEIGHTS / name)

    def prompt(self, policy: str, problem_id: str) -> Ids:
        fmt = prompt_format(self.models[policy]["format_name"])
        return tuple(encode_prompt(fmt, self.tokenizer(policy), self.questions[problem_id]))

    def continuation(self, policy: str, text: str) -> Ids:
        return tuple(self.tokenizer(policy).encode(text, add_special_tokens=False))

    @cache  # noqa: B019
    def prm_input(self, prm: str, problem_id: str, steps: tuple[str, ...]) -> Ids:
        fmt = prm_format(self.models[prm]["format_name"])
        question = self.questions[problem_id]
        return tuple(fmt.encode_open(self.tokenizer(prm), question, steps).ids)


@pytest.fixture(scope="module")
def texts() -> Texts:
    if not (STORE / "units").is_dir():
        pytest.skip(f"{STORE} is not there: sweep the zoo first (make sweep)")
    return Texts(STORE)


def _pool_costs(texts: Texts, cell: Row) -> Iterator[dict[str, float]]:
    """What a cell of pools costs on each problem."""
    greedy = cell["strategy"] == "cot"
    wanted = (pl.col("temperature") == 0) if greedy else (pl.col("temperature") > 0)
    mine = texts.solutions.filter(wanted, kind="sample", policy=cell["policy"])
    for pool in mine.partition_by("problem_id"):
        problem_id, n, k = pool["problem_id"][0], len(pool), cell["n"]
        prompt, cache = texts.prompt(cell["policy"], problem_id), Cache()
        cached = sum(cache.cached(prompt, remembers=False) for _ in range(k))
        costs = {
            PROMPT: float(k * len(prompt)),
            CACHED: float(cached),
            # The end mark is generated and not part of the text, so the store counts it.
            GENERATED: k / n * float(sum(pool["generated_tokens"].to_list())),
            READ: 0.0,
            REREAD: 0.0,
        }
        if cell["prm"] is not None:
            steps = [tuple(steps) for steps in pool["steps"].to_list() if steps]
            inputs = [texts.prm_input(cell["prm"], problem_id, one) for one in steps]
            groups = [parts_of(ids) for ids in inputs] + [{}] * (n - len(inputs))
            costs[READ] = k / n * sum(map(len, inputs))
            costs[REREAD] = costs[READ] - expected_parts(groups, k)
        yield costs


@dataclass
class Tree:
    """One search played again from its trace."""

    prompt: int = 0
    cached: int = 0
    generated: int = 0
    read: int = 0
    parts: dict[tuple[Ids, bool], int] = field(default_factory=dict)
    prm_cached: int = 0


def _play(texts: Texts, unit: Row) -> Tree:
    question = texts.prompt(unit["policy"], unit["problem_id"])
    tree, cache, prm_cache = Tree(), Cache(), Cache()
    paths: dict[int | None, str] = {None: ""}
    for step in json.loads(unit["trace"])["steps"]:
        for candidate in step:
            before = paths[candidate["parent"]]
            paths[candidate["id"]] = before + candidate["text"]
            asked = question + texts.continuation(unit["policy"], before)
            written = question + texts.continuation(unit["policy"], paths[candidate["id"]])
            tree.prompt += len(asked)
            tree.cached += cache.cached(asked, remembers=False)
            tree.generated += candidate["num_tokens"]
            cache.fill(written)
            steps = split_steps(paths[candidate["id"]])
            if candidate["score"] is not None and steps != split_steps(before):
                ids = texts.prm_input(unit["prm"], unit["problem_id"], steps)
                tree.read += len(ids)
                tree.prm_cached += prm_cache.cached(ids, remembers=True)
                tree.parts |= parts_of(ids)
    return tree


@cache
def _trees(texts: Texts, policy: str, prm: str, strategy: str) -> dict[Any, list[Tree]]:
    found: dict[Any, list[Tree]] = defaultdict(list)
    mine = texts.searches.filter(policy=policy, prm=prm, strategy=strategy)
    for unit in mine.iter_rows(named=True):
        found[unit["budget"], unit["problem_id"]].append(_play(texts, unit))
    return found


def _search_costs(texts: Texts, cell: Row) -> Iterator[dict[str, float]]:
    name = cell["strategy"].partition(" (")[0]
    for (budget, problem_id), trees in _trees(texts, cell["policy"], cell["prm"], name).items():
        if budget not in (None, cell["n"]):
            continue
        drawn = 1 if budget else cell["n"] // 4
        question = len(texts.prompt(cell["policy"], problem_id))
        shared = (question - 1) // BLOCK * BLOCK
        mean = drawn / len(trees)
        read = mean * sum(tree.read for tree in trees)
        yield {
            PROMPT: mean * sum(tree.prompt for tree in trees),
            CACHED: mean * sum(tree.cached for tree in trees) + (drawn - 1) * shared,
            GENERATED: mean * sum(tree.generated for tree in trees),
            READ: read,
            REREAD: read - expected_parts([tree.parts for tree in trees], drawn),
        }


def _means(costs: Iterable[dict[str, float]]) -> dict[str, float]:
    rows = list(costs)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def test_a_cache_that_is_played_and_parts_that_are_counted_agree() -> None:
    rng = np.random.default_rng(0)
    inputs = [tuple(rng.integers(0, 2, 70 + i // 3).tolist()) for i in range(4)] * 2
    inputs += [inputs[0][:64] + (7,) * 40, (*inputs[0][:64], 8)]
    cache = Cache()
    computed = sum(len(ids) - cache.cached(ids, remembers=True) for ids in inputs)
    assert computed == expected_parts([parts_of(ids) for ids in inputs], len(inputs))


def test_every_cell_costs_what_its_texts_say_it_takes_alone(texts: Texts) -> None:
    frame = analyse(texts.path).cells.frame.filter(bin="all")
    one_each = frame.unique(["policy", "prm", "strategy", "n"], maintain_order=True)
    assert frame["flops"].null_count() == 0
    for cell in one_each.iter_rows(named=True):
        names = {who: cell[who] and cell[who].partition(" (")[0] for who in ("policy", "prm")}
        cell |= names  # without what labels add, as of a fake engine
        searched = cell["vote"] is not None and cell["strategy"] != "best_of_n"
        expected = _means(_search_costs(texts, cell) if searched else _pool_costs(texts, cell))
        for name, tokens in expected.items():
            assert cell[name] == pytest.approx(tokens, abs=1e-6), (name, cell)
