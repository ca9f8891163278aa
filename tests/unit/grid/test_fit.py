"""What an engine is given to read, and what the plan says of texts that won't fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ttsgrid.core.records import Problem
from ttsgrid.engines.spec import EngineSettings
from ttsgrid.grid.config import ModelConfig, SamplingConfig
from ttsgrid.grid.fit import Fit
from ttsgrid.grid.resolve import ResolvedModel, resolve_model

QUESTION = "What is 1 + 1? " * 40
FIT = Fit((Problem("p", "b", 0, QUESTION, "2"),))


def made(
    folder: Path,
    role: str,
    *,
    own: int | None = None,
    told: int | None = None,
    max_tokens: int = 8192,
) -> ResolvedModel:
    path = folder / f"{role}-{own}-{told}"
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps({"max_position_embeddings": own} if own else {}))
    config = ModelConfig(
        f"my-{role}",
        str(path),
        "qwen",
        max_model_len=told,
        sampling=SamplingConfig(max_tokens=max_tokens),
    )
    return resolve_model(config, role, "{}", EngineSettings("vllm"))


def test_a_policy_is_given_room_for_its_longest_prompt_and_solution_and_no_more(
    tmp_path: Path,
) -> None:
    policy = made(tmp_path, "policy", own=131072, max_tokens=500)
    assert len(QUESTION) + 500 < (FIT.engine_tokens(policy) or 0) < len(QUESTION) + 1500


@pytest.mark.parametrize("role", ["policy", "prm"])
@pytest.mark.parametrize(
    ("own", "told", "given"), [(4096, None, 4096), (4096, 12288, 4096), (4096, 900, 900)]
)
def test_no_engine_is_given_more_than_its_model_or_the_setting_allows(
    tmp_path: Path, role: str, own: int, told: int | None, given: int
) -> None:
    assert FIT.engine_tokens(made(tmp_path, role, own=own, told=told)) == given


def test_a_prm_is_given_its_own_context_whatever_the_policies_write(tmp_path: Path) -> None:
    assert FIT.engine_tokens(made(tmp_path, "prm", own=32768)) == 32768
    assert FIT.engine_tokens(made(tmp_path, "prm")) is None


def test_the_plan_warns_of_each_pair_whose_solutions_the_prm_cannot_read(tmp_path: Path) -> None:
    policy, prm = made(tmp_path, "policy", own=131072), made(tmp_path, "prm", own=4096)
    [warning] = FIT.warnings([policy, prm])
    assert warning == (
        "my-policy writes solutions of up to 8,192 tokens, my-prm reads 4,096 with the question: "
        "longer ones stay unscored; set sampling.max_tokens to about 3,946."
    )


def test_a_limit_that_was_set_is_named_as_what_to_raise(tmp_path: Path) -> None:
    policy = made(tmp_path, "policy", own=131072, max_tokens=300)
    prm = made(tmp_path, "prm", own=4096, told=220)
    [warning] = FIT.warnings([policy, prm])
    assert warning.endswith(
        "set sampling.max_tokens to about 70, or raise max_model_len of my-prm "
        "(its own context is 4,096)."
    )


def test_a_policy_that_its_own_context_cuts_off_is_warned_of(tmp_path: Path) -> None:
    [warning] = FIT.warnings([made(tmp_path, "policy", own=4096, told=12288)])
    assert "reads 4,096 with the prompt: longer ones are cut off" in warning
    assert "raise" not in warning


def test_what_fits_is_not_spoken_of(tmp_path: Path) -> None:
    roomy = made(tmp_path, "policy", own=32768, max_tokens=2000)
    assert FIT.warnings([roomy, made(tmp_path, "prm", own=4096)]) == []
    assert FIT.warnings([made(tmp_path, "policy"), made(tmp_path, "prm")]) == []


def test_a_context_that_the_question_fills_names_no_impossible_length(tmp_path: Path) -> None:
    policy, prm = made(tmp_path, "policy", own=32768), made(tmp_path, "prm", own=100)
    [warning] = FIT.warnings([policy, prm])
    assert "max_tokens" not in warning
    assert "take another model than my-prm" in warning
