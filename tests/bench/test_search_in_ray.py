"""Search on workers in Ray beside what its two engines would need alone, one after the other.

Run by `make bench`: zoo-s guided by zoo-prm, beam search at N = 16 on 64 problems. Bare engines
run at full batch: the policy writes whole solutions, the PRM reads whole solutions, and their
seconds are taken for as many tokens as the searches wrote and had read. All run on the same two
cores, in turn. The sum is what no search on one core could beat; on two, engines may overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import pytest
from rich.console import Console
from rich.table import Table
from transformers import AutoTokenizer

from tests.bench.beside_search import Pair, TokenIds, as_many, bare_prm, searches_in_ray
from tests.bench.contenders import Round, bare_llm, started
from tests.bench.test_engine import default_grid, plan_of, sampling_chunks, spread
from ttsgrid.cli.found import resolve_models
from ttsgrid.cluster.driver.fleet_specs import worker_spec
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.grid.plan import Plan
from ttsgrid.models.prms import prm_format

pytestmark = [pytest.mark.bench, pytest.mark.vllm, pytest.mark.timeout(1800)]

NUM_PROBLEMS, BUDGET = 64, 16
NUM_ROUNDS = 3
MOST_OVER_SUM = 1.6
MODELS = ("policies=[zoo-s]", "prms=[zoo-prm]", f"budgets=[{BUDGET}]")
console = Console(width=100)


@dataclass(frozen=True)
class Found:
    """A round of each.

    Attributes:
        search: in Ray.
        writing: the bare policy.
        reading: the bare PRM.
    """

    search: Round
    writing: Round
    reading: Round

    @property
    def writing_s(self) -> float:
        """What the bare policy needs for as many tokens as the searches wrote."""
        return self.search.tokens / self.writing.tokens_per_s

    @property
    def reading_s(self) -> float:
        """What the bare PRM needs for as many tokens as it computed for the searches."""
        return self.search.prm_tokens / self.reading.tokens_per_s

    @property
    def over_sum(self) -> float:
        """The searches' wall time over the sum of both."""
        return self.search.seconds / (self.writing_s + self.reading_s)


def plan_for(strategy: str, num_problems: int) -> Plan:
    chosen = (f"strategies=[{strategy}]", f"benchmark.num_problems={num_problems}")
    return plan_of(default_grid(*MODELS, *chosen))


def rounds_of_searches() -> list[list[Task]]:
    """As many searches for each round and the first, each round's longest first."""
    plan = plan_for("beam", NUM_PROBLEMS * (NUM_ROUNDS + 1))
    by_id = {problem.id: problem for problem in plan.problems}
    tasks = [Task(unit, by_id[unit.problem_id]) for unit in plan.units]
    tasks.sort(key=lambda task: -len(task.problem.question))  # as the driver starts them
    return [tasks[first :: NUM_ROUNDS + 1] for first in range(NUM_ROUNDS + 1)]


def pair_of_specs() -> Pair:
    grid = default_grid(*MODELS)
    problems = plan_for("beam", NUM_PROBLEMS).problems
    policy, prm = (
        worker_spec(grid, model, problems, use_gpus=False) for model in resolve_models(grid)
    )
    return Pair(policy, prm)


def inputs_of(spec: WorkerSpec, searched: Round) -> list[TokenIds]:
    """Return the answers as the PRM reads them, again and again up to what it had to compute."""
    tokenizer, form = AutoTokenizer.from_pretrained(spec.engine.source), prm_format(spec.format)
    read = [form.encode_open(tokenizer, *solution) for solution in searched.solutions]
    return as_many([tuple(each.ids) for each in read], searched.prm_tokens)


def measured() -> list[Found]:
    pair = pair_of_specs()
    chunks = sampling_chunks(plan_for("majority", NUM_PROBLEMS))
    with ExitStack() as stack:
        search = stack.enter_context(started(searches_in_ray, pair, rounds_of_searches()))
        inputs = inputs_of(pair.prm, search())  # the first requests are slow
        write = stack.enter_context(started(bare_llm, pair.policy, chunks))
        read = stack.enter_context(started(bare_prm, pair.prm, inputs))
        write(), read()
        return [in_turn([search, write, read], number) for number in range(NUM_ROUNDS)]


def in_turn(run: Sequence[Callable[[], Round]], number: int) -> Found:
    """Run one round of each; nobody is always first."""
    order = [(number + place) % len(run) for place in range(len(run))]
    found = {place: run[place]() for place in order}
    return Found(*(found[place] for place in range(len(run))))


def table(rounds: Sequence[Found]) -> Table:
    """Seconds of searches, and what the engines need for the same tokens."""
    shown = Table(
        title=f"zoo-s with zoo-prm in Ray: beam search, N={BUDGET}, {NUM_PROBLEMS} problems; "
        f"{len(rounds)} rounds in turn, median (lowest to highest)",
        title_justify="left",
    )
    for heading in ("", "seconds", "tokens"):
        shown.add_column(heading, justify="right" if heading else "left")
    for name, seconds, tokens in (
        ("searches", [f.search.seconds for f in rounds], [f.search.tokens for f in rounds]),
        ("bare policy, as many", [f.writing_s for f in rounds], [f.search.tokens for f in rounds]),
        ("bare PRM, as many", [f.reading_s for f in rounds], [f.search.prm_tokens for f in rounds]),
    ):
        shown.add_row(name, spread(seconds, ".1f"), spread([float(t) for t in tokens], ",.0f"))
    over = spread([found.over_sum for found in rounds], ".2f")
    shown.caption = f"searches over the sum of both: {over}; goal {MOST_OVER_SUM}"
    return shown


def test_search_in_ray_takes_little_more_than_its_engines_one_after_the_other() -> None:
    rounds = measured()
    console.print(table(rounds))
    assert all(found.search.num_solutions >= NUM_PROBLEMS for found in rounds)
    assert median(found.over_sum for found in rounds) <= MOST_OVER_SUM
