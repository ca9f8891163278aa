r"""Multiple choice and hidden thoughts from sweep to report, with a scripted engine.

It reads the options in its prompt and thinks before it answers. Its thoughts always box a
wrong letter; its answer is right about two times in three, each time spelled another way.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.extending.page import make_checkpoint, run
from ttsgrid.store import scan

pytestmark = pytest.mark.ray

ENGINE = """
import random, re
from transformers import AutoTokenizer
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines import EngineStats, Generation

SPELLINGS = (r"\\boxed{%s}", r"\\boxed{(%s)}", r"\\boxed{\\text{%s}}", "The answer is (%s).")

class Thinker:
    device, block_tokens, max_input_tokens = "cpu", 16, 4096

    def __init__(self, spec):
        self.tokenizer = AutoTokenizer.from_pretrained(spec.source)

    async def generate(self, request):
        prompt = self.tokenizer.decode(list(request.prompt_ids), skip_special_tokens=True)
        options = re.findall(r"^([A-D])[.] (metal|gas) ", prompt, re.MULTILINE)
        right = next(letter for letter, kind in options if kind == "metal")
        wrong = next(letter for letter, kind in options if kind == "gas")
        rng = random.Random(request.seed)
        letter = right if rng.random() < 0.67 else wrong
        text = "<think>Perhaps \\\\boxed{%s}.\\n\\nNo.</think>\\n\\nIt rusts.\\n\\n%s" % (
            wrong, rng.choice(SPELLINGS) % letter
        )
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        usage = Usage(len(request.prompt_ids), 0, len(ids))
        return Generation(tuple(ids), FinishReason.STOP, None, usage)

    def stats(self):
        return EngineStats()

    def close(self):
        pass
"""
POLICY = "model: checkpoints/policy\nengine: thinker:Thinker\nformat: {base: r1, reasoning: %s}\n"
# name: what of its thoughts counts
POLICIES = {
    "quiet": "{answers: visible}",
    "loud": "{answers: all, steps: all}",
    "cheap": "{tokens: visible}",
}
NUM_PROBLEMS, NUM_SAMPLES = 12, 8


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve questions in two orders of their options, each answered by three policies."""
    folder = tmp_path_factory.mktemp("choices")
    make_checkpoint(folder, "policy")
    for group in ("benchmark", "policy"):
        (folder / "my_conf" / group).mkdir(parents=True)
    (folder / "my_conf/thinker.py").write_text(ENGINE)
    rows = [
        {"question": f"Which is it? ({n})", "options": [f"metal {n}", *_gases(n)], "answer": "A"}
        for n in range(NUM_PROBLEMS)
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "my_conf/benchmark/rows.jsonl").write_text(lines)
    for seed in (0, 1):
        yaml = f"name: order{seed}\npath: rows.jsonl\ngrader: choice\noption_seed: {seed}\n"
        (folder / f"my_conf/benchmark/order{seed}.yaml").write_text(yaml)
    for name, reasoning in POLICIES.items():
        (folder / f"my_conf/policy/{name}.yaml").write_text(POLICY % reasoning)
    run(
        folder, "sweep", "--config-dir", "my_conf", "benchmark=[order0,order1]",
        f"policies=[{','.join(POLICIES)}]", "prms=[]", "strategies=[majority]",
        f"budgets=[1,{NUM_SAMPLES}]", "store=results/choices", "cluster.dashboard=false",
        "engine.cpus=0.3", "engine.memory_gib=0.5", "sampling.max_tokens=200",
        path=[folder / "my_conf"],
    )  # fmt: skip
    return folder / "results/choices"


def _gases(n: int) -> list[str]:
    return [f"gas {n}-{i}" for i in range(3)]


def _solutions(store: Path) -> pl.DataFrame:
    solutions = scan(store, "solutions").collect()
    problems = scan(store, "problems").collect().select("problem_id", "question", gold="answer")
    return solutions.join(problems, on="problem_id")


def test_each_order_is_a_set_of_problems_whose_gold_follows_its_option(store: Path) -> None:
    problems = scan(store, "problems").collect()
    for row in problems.iter_rows(named=True):
        assert f"\n{row['answer']}. metal " in row["question"]
    by_order = problems.group_by("benchmark").agg(pl.col("answer").sort_by("index"))
    first, second = by_order["answer"].to_list()
    assert len(first) == len(second) == NUM_PROBLEMS
    assert first != second


def test_a_box_in_thoughts_counts_only_where_told(store: Path) -> None:
    solutions = _solutions(store)
    for name in ("quiet", "cheap"):
        own = solutions.filter(policy=name)
        assert own.height == 2 * NUM_PROBLEMS * NUM_SAMPLES
        # Of a box or in words, the letter after the thoughts.
        said = own["text"].str.extract(r"</think>(?s:.*?)\(?\{?\(?([A-D])[)}.]")
        assert (said == own["answer"]).all()
        assert 0.5 < own["correct"].mean() < 0.85  # type: ignore[operator]
        assert set(own["steps"].list.first()) == {"It rusts."}
    loud = solutions.filter(policy="loud")
    in_words = loud.filter(~pl.col("text").str.extract(r"</think>((?s:.*))").str.contains("boxed"))
    assert in_words.height
    assert not in_words["correct"].any()  # the only box is the wrong one in the thoughts
    assert set(loud["num_steps"]) == {4}


def test_tokens_of_thoughts_count_unless_told(store: Path) -> None:
    solutions = _solutions(store)
    totals = solutions.group_by("policy").agg(pl.col("generated_tokens", "reasoning_tokens").mean())
    of = {row["policy"]: row for row in totals.iter_rows(named=True)}
    assert of["quiet"]["reasoning_tokens"] > 5
    written = of["quiet"]["generated_tokens"]
    assert of["cheap"]["generated_tokens"] == pytest.approx(
        written - of["quiet"]["reasoning_tokens"], rel=0.1
    )
    units = scan(store, "units").collect().group_by("policy").agg(
        pl.col("policy_lone_generated_tokens", "policy_generated_tokens").sum()
    )  # fmt: skip
    paid = {row["policy"]: row for row in units.iter_rows(named=True)}
    assert paid["quiet"]["policy_lone_generated_tokens"] == paid["quiet"]["policy_generated_tokens"]
    # The engine wrote as much: what a cell costs is by setting, what ran is a fact.
    assert paid["cheap"]["policy_lone_generated_tokens"] < paid["cheap"]["policy_generated_tokens"]


def test_votes_are_by_option_however_it_is_spelled_to_the_frontier(store: Path) -> None:
    run(store.parents[1], "frontier", str(store))
    cells = pl.read_parquet(store / "frontier/cells.parquet").filter(bin="all", strategy="majority")
    solutions = _solutions(store).filter(policy="quiet")
    for benchmark in ("order0", "order1"):
        cell = cells.filter(benchmark=benchmark, policy="quiet", n=NUM_SAMPLES)
        # The reference counts letters itself; a tie shares the vote out.
        votes = solutions.filter(benchmark=benchmark).group_by("problem_id", "gold", "answer").len()
        best = votes.filter(pl.col("len") == pl.col("len").max().over("problem_id"))
        right = (pl.col("answer") == pl.col("gold")).mean()
        expected = best.group_by("problem_id").agg(right.alias("right"))["right"].mean()
        assert cell["accuracy"].to_list() == pytest.approx([expected], abs=1e-6)


def test_the_report_names_the_grader_and_shows_both(store: Path) -> None:
    run(store.parents[1], "report", str(store))
    page = next(store.glob("**/*.html")).read_text()
    assert page.count("judged by the grader choice: the same letter of an option") == 2
    assert "order0" in page
    assert "order1" in page
