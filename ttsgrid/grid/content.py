"""What a checkpoint's folder holds: one hash of all files that determine its outputs.

Weights in any format count, and so do the small files beside them: a custom chat template
or another `generation_config.json` (vLLM takes its end marks from it) writes other text.

A file is read once. Its hash is remembered in the user's cache folder under its path, size
and modification time, so that 140 GB are not read again at every plan.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from ttsgrid.core.cache import cache_folder

WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth", "*.gguf")
QUANTIZATION_FILES = "*quant*.json"  # hf_quant_config, quantize_config, quant_config
IDENTIFYING = (
    *WEIGHTS,
    "*.index.json",  # which of the files hold the weights
    "config.json",
    "generation_config.json",
    "params.json",
    QUANTIZATION_FILES,
    "adapter_config.json",
    "tokenizer*",
    "vocab*",
    "merges*",
    "special_tokens_map.json",
    "added_tokens.json",
    "tekken.json",
    "*.model",
    "*.tiktoken",
    "chat_template*",
    "*.jinja",
    "*.py",  # code that comes with the weights
)
# What a trainer leaves beside the weights. An optimizer's state is twice their size.
TRAINING = ("optimizer*", "scheduler*", "rng_state*", "training_args*")

LARGE_BYTES = 1 << 20  # smaller files are read faster than they are looked up
SLOW_BYTES = 1 << 30  # from here on, reading is worth a line on the terminal

Note = Callable[[str], None]


def content_revision(folder: Path, note: Note) -> str:
    """Hash the names and bytes of the files that determine a checkpoint's outputs.

    Args:
        folder: the checkpoint.
        note: told, in one sentence, what is read where that takes long.
    """
    remembered = RememberedHashes(cache_file())
    digest = hashlib.sha256()
    for file in identifying_files(folder):
        digest.update(file.name.encode() + b"\0")
        digest.update(bytes.fromhex(remembered.sha256(file, note)))
    remembered.save()
    return "sha256:" + digest.hexdigest()[:24]


def identifying_files(folder: Path) -> list[Path]:
    """Return the files that determine what a checkpoint writes, sorted by name."""
    return sorted(file for file in folder.iterdir() if file.is_file() and _identifies(file.name))


def _identifies(name: str) -> bool:
    return _matches(name, IDENTIFYING) and not _matches(name, TRAINING)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def cache_file() -> Path:
    """Return where hashes are remembered: in the user's cache folder."""
    return cache_folder() / "hashes.json"


class RememberedHashes:
    """SHA-256 of files by (path, size, modification time), kept in one JSON file.

    A file that can't be read or written is no error: everything is then hashed anew.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = dict(_read(file))
        self._new: dict[str, str] = {}

    def sha256(self, file: Path, note: Note) -> str:
        """Return a file's hash in hexadecimal, reading it only if it has changed."""
        found = file.stat()
        if found.st_size < LARGE_BYTES:
            return _sha256(file)
        key = f"{file.resolve()}|{found.st_size}|{found.st_mtime_ns}"
        if key not in self._known:
            if found.st_size >= SLOW_BYTES:
                note(
                    f"Reading {file} ({found.st_size / 1e9:.1f} GB) to identify the model; "
                    f"its hash is kept in {self._file}."
                )
            self._known[key] = self._new[key] = _sha256(file)
        return self._known[key]

    def save(self) -> None:
        """Write what was hashed, beside what others may have written meanwhile."""
        if not self._new:
            return
        text = json.dumps({**dict(_read(self._file)), **self._new}, indent=0)
        written = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(text)
            written.replace(self._file)
        except OSError:
            return


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the entries of a cache file; none of one that is missing or damaged."""
    try:
        entries = json.loads(file.read_text())
    except (OSError, ValueError):
        return
    if isinstance(entries, dict):
        yield from ((key, value) for key, value in entries.items() if isinstance(value, str))
