"""A model of the Hugging Face hub: its commit, config and size, from the hub or the cache.

The hub is asked first. Where it can't be reached, the local cache knows the commit that it
was last filled from. huggingface_hub is imported here alone: planning over local models
needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.checkpoint import Checkpoint, parameters_in, read_config

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo


@dataclass(frozen=True)
class HubModel:
    """What a grid asks the hub for.

    Attributes:
        where: the model in messages, e.g. `policies.mine`.
        revision: branch, tag or commit; None for the hub's default.
    """

    where: str
    repository: str
    revision: str | None


def hub_checkpoint(model: HubModel) -> Checkpoint:
    """Return a hub model's commit, config and size.

    Raises:
        ConfigError: neither the hub nor the cache knows the model.
    """
    try:
        return _from_hub(model)
    # The client passes on the errors of its transport, which is requests, httpx or httpx2
    # by its version; those of the last two are no OSError.
    except Exception as error:
        cached = _from_cache(model)
        if cached is not None:
            return cached
        raise ConfigError(
            f"{model.where}: model={model.repository} is neither a folder nor a model that the "
            f"hub answers for ({type(error).__name__}), and the cache does not hold it; set model "
            f"to a local folder, or set HF_TOKEN for a gated model"
        ) from error


def _from_hub(model: HubModel) -> Checkpoint:
    from huggingface_hub import HfApi, hf_hub_download  # noqa: PLC0415

    info = HfApi().model_info(model.repository, revision=model.revision)
    # By commit, not by branch: it may move between this line and the workers' download.
    config = hf_hub_download(model.repository, "config.json", revision=info.sha)
    return Checkpoint(f"hub:{info.sha}", read_config(Path(config)), _parameters(info))


def _parameters(info: ModelInfo) -> dict[str, int]:
    return dict(info.safetensors.parameters) if info.safetensors else {}


def _from_cache(model: HubModel) -> Checkpoint | None:
    """Return what the cache holds: a snapshot's folder is named by its commit."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    config = try_to_load_from_cache(model.repository, "config.json", revision=model.revision)
    if not isinstance(config, str):
        return None
    snapshot = Path(config).parent
    return Checkpoint(f"hub:{snapshot.name}", read_config(Path(config)), parameters_in(snapshot))
