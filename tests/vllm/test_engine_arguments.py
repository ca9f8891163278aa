"""What vLLM is told of GPUs, nodes and quantized weights; no engine starts."""

from __future__ import annotations

import pytest

from ttsgrid.engines.spec import EngineSpec

pytestmark = pytest.mark.vllm


def spec(**settings: object) -> EngineSpec:
    told = {"role": "policy", "name": "big", "source": "org/big", "revision": "a" * 40}
    return EngineSpec("vllm", **(told | settings))  # type: ignore[arg-type]


def arguments(told: EngineSpec) -> dict[str, object]:
    from vllm import AsyncEngineArgs  # noqa: PLC0415

    from ttsgrid.engines.vllm_arguments import engine_arguments  # noqa: PLC0415

    made = engine_arguments(told)
    AsyncEngineArgs(**made)  # vLLM knows each of them
    return made


def test_an_engine_of_two_stages_runs_on_ray_and_splits_each_stage_over_its_gpus() -> None:
    made = arguments(spec(num_gpus=8, pipeline_parallel=2, quantization="fp8"))
    assert made["tensor_parallel_size"] == 8
    assert made["pipeline_parallel_size"] == 2
    assert made["distributed_executor_backend"] == "ray"
    assert made["quantization"] == "fp8"


def test_one_node_runs_without_ray_and_one_gpu_in_one_process() -> None:
    node = arguments(spec(num_gpus=4))
    assert (node["tensor_parallel_size"], node["pipeline_parallel_size"]) == (4, 1)
    assert node["distributed_executor_backend"] == "mp"
    alone = arguments(spec(num_gpus=1))
    assert isinstance(alone["distributed_executor_backend"], type)


def test_a_cpu_engine_is_told_of_no_gpus() -> None:
    assert not {"tensor_parallel_size", "pipeline_parallel_size"} & arguments(spec()).keys()


def test_weights_in_a_format_that_vllm_gives_up_are_still_loaded() -> None:
    from vllm.model_executor.layers.quantization import (  # noqa: PLC0415
        DEPRECATED_QUANTIZATION_METHODS,
        QUANTIZATION_METHODS,
    )

    from ttsgrid.engines.quantization import (  # noqa: PLC0415
        DEPRECATED_QUANTIZATIONS,
        QUANTIZATIONS,
    )

    assert QUANTIZATIONS.keys() == {*QUANTIZATION_METHODS} - {"online"}
    assert set(DEPRECATED_QUANTIZATIONS) == set(DEPRECATED_QUANTIZATION_METHODS)
    made = arguments(spec(num_gpus=8, quantization="fbgemm_fp8"))
    assert made["allow_deprecated_quantization"] is True
    assert made["quantization"] in QUANTIZATION_METHODS
    assert "allow_deprecated_quantization" not in arguments(spec(quantization="fp8"))


def test_a_commit_reaches_the_engine_and_its_tokenizer() -> None:
    made = arguments(spec())
    assert made["revision"] == "a" * 40
    # vLLM takes the tokenizer of the same revision where it is told none of its own.
    assert "tokenizer_revision" not in made
