"""A checkpoint's weights: whether they are all there, how large they are, and where they fit.

Sizes are those in memory: an engine turns floating-point weights into its own number format
when it loads them, and leaves those of a quantized checkpoint as they are stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.quantization import QUANTIZATIONS
from ttsgrid.grid.content import QUANTIZATION_FILES, TRAINING, WEIGHTS
from ttsgrid.grid.resolve import ResolvedModel

GIB = 1 << 30
BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
# Of safetensors' formats, those that an engine keeps.
KEPT_BYTES = {
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL", "F8_E8M0"), 1.0),
    **dict.fromkeys(("I32", "U32"), 4.0),
}


def weight_bytes(model: ResolvedModel) -> float | None:
    """Return the size of a model's weights in memory; None where nothing says it."""
    config, stored = model.config, model.checkpoint.parameters
    loaded = BYTES.get(model.dtype, 2.0)
    method = QUANTIZATIONS.get(config.quantization or "")
    quantized = method.weight_bytes if method else None
    if not stored:
        return None if config.parameters is None else config.parameters * (quantized or loaded)
    return sum(
        number * KEPT_BYTES.get(code, quantized or loaded) for code, number in stored.items()
    )


def require_weights(model: ResolvedModel) -> None:
    """Refuse a checkpoint whose weights aren't there, or not as the settings say.

    Raises:
        ConfigError: the message names what is missing or the setting.
    """
    _require_files(model)
    _require_shards(model)
    _require_quantization(model)


def _require_files(model: ResolvedModel) -> None:
    checkpoint, name = model.checkpoint, model.config.model
    files = [file for file in checkpoint.files if not _matches(file, TRAINING)]
    weights = [file for file in files if _matches(file, WEIGHTS)]
    if not weights and model.commit is not None and checkpoint.folder is not None:
        raise ConfigError(
            f"{model.where}.model: the cache holds no weights of {name} at commit {model.commit}; "
            "run where the hub answers first"
        )
    if not weights:
        raise ConfigError(
            f"{model.where}.model: {name} holds no weights ({', '.join(WEIGHTS)}); fetch them, or "
            "name the folder that has them"
        )
    if all(file.startswith("adapter_") for file in weights):
        raise ConfigError(
            f"{model.where}.model: {name} is an adapter (LoRA) without its base; merge it into "
            "the base model and name the result"
        )
    if all(file.endswith(".gguf") for file in weights):
        raise ConfigError(
            f"{model.where}.model: {name} holds weights in GGUF alone; name a checkpoint in "
            "safetensors"
        )


def _require_shards(model: ResolvedModel) -> None:
    """Refuse a download that was cut short: an index names files that aren't there."""
    missing = sorted(set(_indexed(model)) - set(model.checkpoint.files))
    if missing:
        raise ConfigError(
            f"{model.where}.model: {model.config.model} lacks {len(missing)} of the files that its "
            f"index names ({missing[0]}, ...); fetch them again"
        )


def _indexed(model: ResolvedModel) -> Iterator[str]:
    folder = model.checkpoint.folder
    for index in folder.glob("*.index.json") if folder else ():
        try:
            yield from json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{index} is no index of weights; fetch it again") from error


def _require_quantization(model: ResolvedModel) -> None:
    asked, name = model.config.quantization, model.config.model
    if not asked:
        return
    found = _stored_quantization(model.checkpoint.config)
    if found:
        # vLLM has several names for one thing, e.g. gptq and gptq_marlin.
        if asked.startswith(found) or found.startswith(asked):
            return
        raise ConfigError(
            f"{model.where}.quantization={asked}: {name} is stored as {found}; leave quantization "
            "out, so that it is read from the checkpoint"
        )
    method = QUANTIZATIONS.get(asked)
    # Older checkpoints say it in a file beside config.json.
    told = any(_matches(file, (QUANTIZATION_FILES,)) for file in model.checkpoint.files)
    if method is None or method.when_loading or told:
        return
    raise ConfigError(
        f"{model.where}.quantization={asked}: {name} is not stored so; leave quantization out, or "
        "set one that is made when weights are loaded, such as fp8"
    )


def _stored_quantization(config: Mapping[str, Any]) -> str | None:
    """Return how a config says that its weights are quantized; where vLLM looks for it."""
    for part in (config, config.get("text_config") or {}):
        if said := part.get("quantization_config") or part.get("compression_config"):
            return str(said.get("quant_method", "compressed-tensors"))
    return None


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
