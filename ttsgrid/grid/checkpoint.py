"""What a checkpoint says of itself without loading weights: its config, and its tensors."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ttsgrid.core.errors import ConfigError


@dataclass(frozen=True)
class Checkpoint:
    """A model's files, as far as planning needs them.

    Attributes:
        revision: what identifies their content.
        config: config.json.
        parameters: number of parameters by safetensors' name of their number format;
            empty for weights of other kinds.
        files: names of its files, those on the hub where it comes from there.
        folder: where they lie on this machine; None for those that the hub would send.
    """

    revision: str
    config: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def num_parameters(self) -> int | None:
        """All parameters; None where the files do not say."""
        return sum(self.parameters.values()) or None


def checkpoint_in(folder: Path, revision: str) -> Checkpoint:
    """Read what a folder's files say.

    Raises:
        ConfigError: its config or its weights are damaged.
    """
    files = tuple(sorted(file.name for file in folder.iterdir()))
    config = read_config(folder / "config.json")
    return Checkpoint(revision, config, parameters_in(folder), files, folder)


def read_config(file: Path) -> dict[str, Any]:
    """Read a config.json.

    Raises:
        ConfigError: it is no JSON object.
    """
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{file} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{file} holds no JSON object; it is no model's config")
    return config


def parameters_in(folder: Path) -> dict[str, int]:
    """Count parameters by number format, from the headers of a folder's safetensors."""
    counts: Counter[str] = Counter()
    for file in sorted(folder.glob("*.safetensors")):
        counts.update(_parameters_in_file(file))
    return dict(counts)


def _parameters_in_file(file: Path) -> Counter[str]:
    try:
        with file.open("rb") as stream:
            # Eight bytes say how long the JSON header is: 140 GB of weights are not read.
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        counts: Counter[str] = Counter()
        for tensor in tensors:
            counts[tensor["dtype"]] += math.prod(tensor["shape"])
    # The first bytes of a Git LFS pointer, read as a length, ask for exabytes: MemoryError.
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        raise ConfigError(
            f"{file} is no safetensors file; fetch it again (it may be a pointer of Git LFS)"
        ) from error
    return counts
