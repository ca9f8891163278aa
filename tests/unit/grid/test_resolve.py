"""A checkpoint is what its files hold: each that changes outputs counts, and is read once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid import content
from ttsgrid.grid.config import EngineConfig, ModelConfig
from ttsgrid.grid.content import content_revision
from ttsgrid.grid.dtypes import resolved_dtype
from ttsgrid.grid.resolve import resolve_model

DETERMINING = (
    "model.safetensors", "pytorch_model.bin", "consolidated.00.pt", "model.gguf",
    "model.safetensors.index.json", "config.json", "generation_config.json", "tokenizer.json",
    "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
    "vocab.txt", "merges.txt", "chat_template.jinja", "chat_template.json",
    "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin",
    "hf_quant_config.json", "quantize_config.json", "modeling_own.py",
)  # fmt: skip
BESIDE = ("README.md", "training_args.bin", "optimizer.pt", "rng_state_0.pth", "losses.json")


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for name in (*DETERMINING, *BESIDE):
        (folder / name).write_text("{}")
    return folder


def revision(folder: Path) -> str:
    return content_revision(folder, lambda _: None)


@pytest.mark.parametrize("name", DETERMINING)
def test_a_file_that_determines_outputs_changes_the_revision(checkpoint: Path, name: str) -> None:
    before = revision(checkpoint)
    (checkpoint / name).write_text("[]")
    changed = revision(checkpoint)
    (checkpoint / name).unlink()
    assert len({before, changed, revision(checkpoint)}) == 3


@pytest.mark.parametrize("name", BESIDE)
def test_what_a_trainer_leaves_beside_the_weights_does_not(checkpoint: Path, name: str) -> None:
    before = revision(checkpoint)
    (checkpoint / name).write_text("[]")
    assert revision(checkpoint) == before


def test_a_large_file_is_read_once_and_again_when_it_has_changed(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "LARGE_BYTES", 100)
    monkeypatch.setattr(content, "SLOW_BYTES", 100)
    weights = checkpoint / "pytorch_model.bin"
    weights.write_bytes(b"a" * 200)
    said: list[str] = []
    first = content_revision(checkpoint, said.append)
    assert content_revision(checkpoint, said.append) == first
    assert len(said) == 1
    assert str(weights) in said[0]
    weights.write_bytes(b"b" * 200)
    os.utime(weights, ns=(1, 1))
    assert content_revision(checkpoint, said.append) != first
    assert len(said) == 2


@pytest.mark.parametrize("damaged", ["", "[1]", '{"a": 1', '{"a": 1}'])
def test_a_damaged_cache_is_as_good_as_none(checkpoint: Path, damaged: str) -> None:
    before = revision(checkpoint)
    content.cache_file().parent.mkdir(parents=True, exist_ok=True)
    content.cache_file().write_text(damaged)
    assert revision(checkpoint) == before


@pytest.mark.parametrize(
    ("config", "role", "resolved"),
    [
        ({"dtype": "bfloat16"}, "policy", "bfloat16"),
        ({"torch_dtype": "float16"}, "policy", "float16"),
        ({"torch_dtype": "float32"}, "policy", "bfloat16"),
        ({"torch_dtype": "float32"}, "prm", "float16"),
        ({"torch_dtype": "float32", "model_type": "gemma2"}, "prm", "bfloat16"),
        ({"torch_dtype": "float16", "model_type": "gemma2"}, "policy", "bfloat16"),
        ({"text_config": {"dtype": "float16"}}, "policy", "float16"),
        ({}, "policy", "bfloat16"),
    ],
)
def test_auto_is_resolved_as_vllm_does(config: dict[str, str], role: str, resolved: str) -> None:
    assert resolved_dtype("auto", role, config, ()) == resolved


def test_without_a_word_in_the_config_the_weights_say_their_format() -> None:
    assert resolved_dtype("auto", "policy", {}, ("F16",)) == "float16"
    assert resolved_dtype("auto", "policy", {}, ("BF16", "F32")) == "bfloat16"
    assert resolved_dtype("half", "policy", {}, ("BF16",)) == "float16"


def refusal(model: ModelConfig) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve_model(model, "policy", "{}", EngineConfig())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_wrong_checkpoint_is_one_sentence_that_names_it(tmp_path: Path) -> None:
    missing = ModelConfig("mine", str(tmp_path / "none"), "qwen")
    assert "policies.mine: model=" in refusal(missing)
    (tmp_path / "config.json").write_text("{")
    broken = ModelConfig("mine", str(tmp_path), "qwen")
    assert "config.json is not JSON" in refusal(broken)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    assert "is no safetensors file" in refusal(broken)
    asked = ModelConfig("mine", str(tmp_path), "qwen", revision="main")
    assert "policies.mine.revision=main is for models of the hub" in refusal(asked)


def test_without_the_hub_a_model_is_taken_from_the_cache_at_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = ModelConfig("mine", "someone/model", "qwen")
    assert "policies.mine.model=someone/model: the cache of this machine does not" in refusal(model)
    assert "HF_HUB_OFFLINE=1" in refusal(model)
    commit, cache = "c" * 40, tmp_path / "models--someone--model"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(commit)
    (cache / "snapshots" / commit).mkdir(parents=True)
    (cache / "snapshots" / commit / "config.json").write_text('{"dtype": "float16"}')
    found = resolve_model(model, "policy", "{}", EngineConfig())
    assert (found.commit, found.source, found.dtype) == (commit, "someone/model", "float16")
    assert found.identity.revision == f"hub:{commit}"


def test_sizes_come_from_the_checkpoint_else_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")

    def size(**settings: float) -> int | None:
        config = ModelConfig("mine", str(tmp_path), "zoo", **settings)  # type: ignore[arg-type]
        return resolve_model(config, "policy", "{}", EngineConfig()).num_parameters

    assert size() is None
    assert size(parameters=671e9) == 671_000_000_000
    assert size(parameters=671e9, active_parameters=37e9) == 37_000_000_000
    zoo = ModelConfig("zoo-s", "zoo:zoo-s", "zoo", parameters=1e9)
    found = resolve_model(zoo, "policy", "{}", EngineConfig()).num_parameters
    assert found is not None
    assert found < 1e9
