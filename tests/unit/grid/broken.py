"""Checkpoints with one thing wrong each, made from a shipped one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ttsgrid.grid.resolve import ZOO_WEIGHTS


def copied(folder: Path, name: str = "zoo-s") -> Path:
    """Copy a shipped checkpoint."""
    shutil.copytree(ZOO_WEIGHTS / name, folder)
    return folder


def with_config(folder: Path, file: str = "config.json", **settings: Any) -> Path:  # noqa: ANN401
    """Change settings of a JSON file of a checkpoint; None takes one out."""
    path = folder / file
    changed = json.loads(path.read_text()) | settings
    path.write_text(json.dumps({k: v for k, v in changed.items() if v is not None}))
    return folder


def without(folder: Path, *files: str) -> Path:
    """Take files out of a checkpoint."""
    for file in files:
        (folder / file).unlink()
    return folder


def with_template(folder: Path, template: str) -> Path:
    """Give a checkpoint another chat template."""
    (folder / "chat_template.jinja").write_text(template)
    return folder


def that_loses_spaces(folder: Path) -> Path:
    """Name the tokenizer class that the R1-distilled Llamas name, wrongly."""
    return with_config(
        folder, "tokenizer_config.json", tokenizer_class="LlamaTokenizerFast", backend=None
    )


def with_tokens_taken(folder: Path, *tokens: str) -> Path:
    """Take added tokens out of a tokenizer, which then spells them out."""
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["added_tokens"] = [t for t in tokenizer["added_tokens"] if t["content"] not in tokens]
    path.write_text(json.dumps(tokenizer))
    return folder


def with_shards_missing(folder: Path) -> Path:
    """Leave an index of two files where one of them is."""
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def renamed(folder: Path, old: str, new: str) -> Path:
    """Rename a file of a checkpoint."""
    (folder / old).rename(folder / new)
    return folder
