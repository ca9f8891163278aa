"""What a configured model is: where its files lie, what identifies it, how large it is.

A local checkpoint is identified by the content of its files, so that moving it
keeps results and retraining it does not. A hub model is identified by its commit.
Nothing here loads weights: sizes come from the safetensors headers.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.units import ModelIdentity
from ttsgrid.grid.config import ModelConfig

ZOO_PREFIX = "zoo:"
ZOO_WEIGHTS = Path(__file__).parent.parent / "zoo" / "weights"
IDENTIFYING = ("*.safetensors", "config.json", "tokenizer*", "*.jinja", "vocab*", "merges*")


@dataclass(frozen=True)
class ResolvedModel:
    """A configured model, found.

    Attributes:
        source: a folder or a hub id, as vLLM and transformers take it.
        num_parameters: None where the files do not say.
    """

    config: ModelConfig
    role: str
    source: str
    identity: ModelIdentity
    num_parameters: int | None


def resolve_model(config: ModelConfig, role: str, format_json: str) -> ResolvedModel:
    """Find a model's files and identify it.

    Args:
        config: the configured model.
        role: `policy` or `prm`.
        format_json: canonical JSON of its prompt or PRM format.

    Raises:
        ConfigError: a local path does not hold a checkpoint, or the hub does not
            know the model; the message names the setting.
    """
    folder = local_folder(config, role)
    if folder is not None:
        revision, size = content_revision(folder), parameters_in(folder)
        source = str(folder)
    else:
        revision, size = _hub_revision(config, role)
        source = config.model
    identity = ModelIdentity(config.name, config.model, revision, format_json)
    return ResolvedModel(config, role, source, identity, size)


def local_folder(config: ModelConfig, role: str) -> Path | None:
    """Return the folder of a local or shipped checkpoint; None for a hub id."""
    if config.model.startswith(ZOO_PREFIX):
        folder = ZOO_WEIGHTS / config.model.removeprefix(ZOO_PREFIX)
    else:
        folder = Path(config.model).expanduser()
        if not folder.exists() and not config.model.startswith((".", "/", "~")):
            return None
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"{role} {config.name}: model={config.model} holds no checkpoint "
            f"(no config.json in {folder})"
        )
    return folder


def content_revision(folder: Path) -> str:
    """Hash the names and bytes of the files that determine a checkpoint's outputs."""
    digest = hashlib.sha256()
    files = sorted({file for pattern in IDENTIFYING for file in folder.glob(pattern)})
    for file in files:
        digest.update(file.name.encode() + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return "sha256:" + digest.hexdigest()[:24]


def parameters_in(folder: Path) -> int | None:
    """Count parameters from the headers of a folder's safetensors; None without any."""
    files = sorted(folder.glob("*.safetensors"))
    return sum(_parameters_in_file(file) for file in files) if files else None


def _parameters_in_file(file: Path) -> int:
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(math.prod(t["shape"]) for name, t in header.items() if name != "__metadata__")


def _hub_revision(config: ModelConfig, role: str) -> tuple[str, int | None]:
    """Ask the hub for a model's commit and size.

    huggingface_hub is imported here alone: planning over local models needs none.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    try:
        info = HfApi().model_info(config.model, revision=config.revision)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise ConfigError(
            f"{role} {config.name}: model={config.model} is neither a folder nor a model that "
            f"the hub answers for ({type(error).__name__}); set model to a local folder, or set "
            f"HF_TOKEN for a gated model"
        ) from error
    size = info.safetensors.total if info.safetensors else None
    return f"hub:{info.sha}", size
