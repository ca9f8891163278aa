"""What changes outputs is in every unit's id, what does not is in none: setting by setting.

Each setting of a grid is in one of the tables below. A new one that is in none fails here,
and whoever adds it decides: does a result depend on it?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

import pytest

from ttsgrid.benchmarks import BenchmarkConfig, load_benchmark
from ttsgrid.cli.found import resolve_models
from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.endpoint_settings import EndpointSettings
from ttsgrid.engines.spec import FAKE_OPTIONS
from ttsgrid.grid.config import (
    ClusterConfig,
    EngineConfig,
    GridConfig,
    ModelConfig,
    SamplingConfig,
    StrategyConfig,
)
from ttsgrid.grid.plan import make_plan
from ttsgrid.grid.strategy_settings import every_setting

BEAM = StrategyConfig("beam", "beam", budgets=(8,), search={"beam_width": 4})
LOOKAHEAD = replace(BEAM, kind="lookahead", search={"beam_width": 4, "lookahead_steps": 1})
REBASE = replace(BEAM, kind="rebase", search={})
MAJORITY = StrategyConfig("majority", "majority", budgets=(4,))
OWN_ENGINE = "my_package.engines:Mine"

# Another value changes every unit. All units of this grid hang on policy, PRM and search.
HASHED: dict[str, Any] = {
    "seed": (1,),
    "benchmarks.name": "other",
    "benchmarks.seed": 1,
    "benchmarks.instruction": "Answer with a number.",
    "policies.model": "zoo:zoo-m",
    "policies.format": "llama",
    "policies.dtype": "float32",
    "policies.quantization": "fp8",
    "policies.max_model_len": 400,  # too short for a prompt and all of max_tokens
    "policies.sampling.temperature": 0.8,
    "policies.sampling.top_p": 0.9,
    "policies.sampling.top_k": 20,
    "policies.sampling.max_tokens": 161,
    "prms.model": "zoo:zoo-shepherd",
    "prms.format": "math_shepherd",
    "prms.dtype": "bfloat16",
    "prms.quantization": "fp8",
    "prms.max_model_len": 400,  # longer solutions stay unscored
    "strategies.kind": "dvts",
    "strategies.preset": "search_and_learn",
    "strategies.beam_width": 2,
    "strategies.max_steps": 39,
    "strategies.max_step_tokens": 99,
    "strategies.ranking": "min",
    "strategies.lookahead_steps": 2,
    "strategies.score_temperature": 0.3,
    "engine.kind": "fake",
    "policies.engine": OWN_ENGINE,
    "prms.engine": OWN_ENGINE,
    "engine.options": {"url": "http://localhost"},
    "policies.endpoint.base_url": "http://elsewhere/v1",
    "policies.endpoint.served_name": "other",
    "policies.endpoint.deployment": "mine",
    "policies.endpoint.leave_out": ("seed",),
    "policies.endpoint.body": {"reasoning_effort": "high"},
    "engine.fake.end_rate": 0.5,
    "engine.fake.step_per_sentence": 1.0,
    "engine.fake.error_rate": 0.1,
}

# Another value changes no unit: names, places, speed, and what is done with results.
RECORDED: dict[str, Any] = {
    **{
        f"{axis}.{setting}": value
        for axis in ("policies", "prms")
        for setting, value in {
            "name": "mine",
            "num_gpus": 2,
            "pipeline_parallel": 2,
            "replicas": 2,
            "pretraining_tokens": 1e9,
            "parameters": 1e9,
            "active_parameters": 1e9,
            "context": 9000,
        }.items()
    },
    "policies.endpoint.api_key_env": "A_KEY",
    "policies.endpoint.concurrency": 7,
    "policies.endpoint.requests_per_minute": 7,
    "policies.endpoint.tokens_per_minute": 7,
    "policies.endpoint.timeout_s": 7.0,
    "policies.endpoint.patience_s": 7.0,
    "policies.endpoint.prefix_block_tokens": 7,
    "policies.endpoint.max_tokens_field": "max_completion_tokens",
    "policies.endpoint.input_price": 7.0,
    "policies.endpoint.cached_input_price": 7.0,
    "policies.endpoint.output_price": 7.0,
    **{f"prms.sampling.{field.name}": 0.5 for field in fields(SamplingConfig)},
    "prms.sampling.max_tokens": 5,
    "prms.sampling.top_k": 5,
    "benchmarks.step_labels": "my_package.labels:Labels",
    "strategies.name": "mine",
    "strategies.keep_traces": False,
    "engine.max_num_seqs": 7,
    "engine.kv_cache_gib": 7.0,
    "engine.gpu_memory_utilization": 0.5,
    "engine.enforce_eager": False,
    "engine.own_process": False,
    "engine.vllm_metrics": True,
    "engine.cpus": 2.0,
    "engine.memory_gib": 7.0,
    "engine.gpu_memory_gib": 7.0,
    "engine.start_timeout_s": 7.0,
    **{f"engine.fake.{name}": 1.0 for name, is_output in FAKE_OPTIONS.items() if not is_output},
    "cluster.address": "auto",
    "cluster.use_gpus": True,
    "cluster.placement_timeout_s": 7.0,
    "cluster.max_attempts": 7,
    "cluster.silence_s": 30.0,
    "cluster.grace_s": 5.0,
    "cluster.new_nodes": 4,
    "cluster.new_node_gpus": 2.0,
    "cluster.new_node_cpus": 8.0,
    "cluster.new_node_memory_gib": 40.0,
    "cluster.drain": True,
    "cluster.dashboard": False,
    "store": "elsewhere",
    "plan_only": True,
    "plan.probe": 7,
    "plan.solution_tokens": 7.0,
    "plan.step_tokens": 7.0,
    "plan.flops_per_s": 7.0,
    "plan.price_per_gpu_hour": 7.0,
    "plan.num_gpus": 4,
    "plan.all": True,
    "plugins": ("my_package",),
    "rules": ("adaptive=0.9", "short"),
    "log_to": ("mlflow",),
}

# How many units there are, not what they are: a smaller plan is part of a larger one.
SELECTING: dict[str, Any] = {
    "budgets": (8, 16),
    "strategies.budgets": (8, 16),
    "strategies.num_problems": 1,
    "benchmarks.num_problems": 5,
    "benchmarks.search_problems": 1,
    "policies.sampling.greedy_cot": False,
}

# Where problems and models come from: they are identified by what is found there.
SOURCES = {
    *(f"benchmarks.{name}" for name in ("path", "dataset", "revision", "split", "folder")),
    *(
        f"benchmarks.fields.{name}"
        for name in ("question", "answer", "level", "subject", "unit", "options")
    ),
    "benchmarks.generator",
    "benchmarks.read_row",
    "benchmarks.gold_form",
    "benchmarks.size",
    "benchmarks.option_seed",
    "benchmarks.positions_from",
    "policies.revision",
    "prms.revision",
}

# No PRM has them: a grid that gives it one is refused.
REFUSED = {f"prms.endpoint.{field.name}" for field in fields(EndpointSettings)}

# Who judges the answers of a benchmark: a store holds one, and refuses another.
JUDGING = {"benchmarks.grader", "benchmarks.grader_options", "benchmarks.answer_forms"}


def model(name: str, format: str) -> ModelConfig:
    # 1,000 tokens are room for the zoo's prompts and solutions: its limit cuts nothing short.
    sampling = SamplingConfig(max_tokens=160)
    return ModelConfig(name, f"zoo:{name}", format, max_model_len=1000, sampling=sampling)


GRID = GridConfig(
    benchmarks=(
        BenchmarkConfig(
            "zoo", generator="ttsgrid.benchmarks.zoo.rows:test_rows", num_problems=2, seed=0
        ),
    ),
    policies=(model("zoo-s", "qwen"),),
    prms=(model("zoo-prm", "qwen"),),
    strategies=(BEAM,),
    engine=EngineConfig(),
    cluster=ClusterConfig(),
    store="store",
)


def settings(owner: type, prefix: str = "") -> Iterator[str]:
    """Yield every setting of a config class, the parts of its parts included."""
    for name, hint in get_type_hints(owner).items():
        inner = [part for part in (hint, *get_args(hint)) if is_dataclass(part)]
        if prefix + name == "strategies":
            yield from (f"strategies.{setting}" for setting in every_setting())
        elif prefix + name == "engine.fake":
            yield from (f"engine.fake.{option}" for option in FAKE_OPTIONS)
        elif inner:
            assert isinstance(inner[0], type)
            yield from settings(inner[0], f"{prefix}{name}.")
        else:
            yield prefix + name


def changed(owner: Any, path: str, value: Any) -> Any:  # noqa: ANN401 (any config class)
    """Return a config with one setting changed, in the first item of a list."""
    name, _, rest = path.partition(".")
    if isinstance(owner, tuple):
        return (changed(owner[0], path, value), *owner[1:])
    if isinstance(owner, Mapping):
        return {**owner, path: value}
    if isinstance(owner, StrategyConfig) and name not in {f.name for f in fields(owner)}:
        return replace(owner, search={**owner.search, name: value})
    return replace(owner, **{name: changed(getattr(owner, name), rest, value) if rest else value})


def fitting(path: str) -> GridConfig:
    """Return the grid in which a setting can have an effect."""
    if path.startswith("policies.endpoint"):
        served = EndpointSettings(
            "http://localhost/v1", api="completions", input_price=1.0, output_price=1.0
        )
        return replace(GRID, policies=(replace(GRID.policies[0], endpoint=served),))
    if path.startswith("engine.fake"):
        return replace(GRID, engine=EngineConfig("fake"))
    if path == "engine.options":
        return replace(GRID, engine=EngineConfig(OWN_ENGINE))
    if path == "budgets":
        return replace(GRID, strategies=(replace(BEAM, budgets=None),), budgets=(8,))
    if path == "policies.sampling.greedy_cot":
        return replace(GRID, strategies=(StrategyConfig("cot", "cot"), MAJORITY))
    search = {"strategies.lookahead_steps": LOOKAHEAD, "strategies.score_temperature": REBASE}
    return replace(GRID, strategies=(search.get(path, BEAM),))


def ids(grid: GridConfig) -> set[str]:
    identities = {one.identity.name: one.identity for one in resolve_models(grid)}
    return {unit.id for unit in make_plan(grid, load_benchmark(grid.benchmark), identities).units}


@pytest.mark.parametrize("path", sorted(settings(GridConfig)))
def test_every_setting_is_in_all_ids_or_in_none(path: str) -> None:
    if path in SOURCES | JUDGING | REFUSED | {"policies.endpoint.api"}:
        return
    tables = [table for table in (HASHED, RECORDED, SELECTING) if path in table]
    assert len(tables) == 1, f"{path}: does a result depend on it? Enter it in one table here"
    grid = fitting(path)
    before, after = ids(grid), ids(changed(grid, path, tables[0][path]))
    assert before
    if path in HASHED:
        assert not before & after
    elif path in RECORDED:
        assert before == after
    else:
        assert before < after or after < before


def test_the_tables_name_no_setting_that_is_gone() -> None:
    assert {
        *(*HASHED, *RECORDED, *SELECTING, *SOURCES, *JUDGING),
        *(*REFUSED, "policies.endpoint.api"),
    } == {*settings(GridConfig)}


def test_a_prm_has_no_endpoint() -> None:
    served = EndpointSettings("http://localhost/v1")
    with pytest.raises(ConfigError, match=r"prms\.zoo-prm\.endpoint"):
        replace(GRID, prms=(replace(GRID.prms[0], endpoint=served),))


def test_an_endpoint_shares_no_units_with_an_engine_nor_its_two_apis_with_each_other() -> None:
    pooled = replace(GRID, strategies=(MAJORITY,), prms=())
    by_api = {
        api: changed(
            pooled,
            "policies.endpoint",
            EndpointSettings("http://localhost/v1", api=api, served_name="one"),
        )
        for api in ("chat", "completions")
    }
    chat = changed(by_api["chat"], "policies.max_model_len", None)
    every = [ids(pooled), ids(chat), ids(by_api["completions"])]
    assert sum(map(len, every)) == len(set.union(*every))


def test_what_a_server_loaded_is_its_own_affair() -> None:
    served = changed(GRID, "policies.endpoint", EndpointSettings("http://a/v1", api="completions"))
    for setting, value in (("dtype", "float32"), ("quantization", "fp8"), ("replicas", 2)):
        with pytest.raises(ConfigError, match=setting):
            changed(served, f"policies.{setting}", value)


def test_fake_and_real_engines_share_no_units() -> None:
    assert not ids(GRID) & ids(replace(GRID, engine=EngineConfig("fake")))


def test_the_shipped_engines_run_the_same_model_and_share_its_units() -> None:
    # To rounding: no two batches of one engine promise more. What served is with each unit.
    assert ids(GRID) == ids(replace(GRID, engine=EngineConfig("transformers")))


def test_a_number_format_is_identified_by_what_auto_means() -> None:
    # The zoo's weights are float32, which vLLM lowers: a policy's to bfloat16.
    assert ids(changed(GRID, "policies.dtype", "bfloat16")) == ids(GRID)
    assert ids(changed(GRID, "prms.dtype", "half")) == ids(GRID)


def test_a_context_with_room_for_every_solution_is_in_no_id() -> None:
    def at(limit: int) -> set[str]:
        return ids(changed(GRID, "policies.max_model_len", limit))

    assert at(2000) == at(9000)
    assert not at(400) & at(401)
