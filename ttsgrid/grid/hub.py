"""A model of the Hugging Face hub: its commit, config and size, from the hub or the cache.

The hub is asked first. Where it can't be reached, the local cache knows the commit that it
was last filled from. Planning over local models needs no huggingface_hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.hub import (
    ANSWER_TIMEOUT_S,
    HubRepository,
    hub_silence,
    refusal,
    require_id,
    unreachable,
)
from ttsgrid.grid.checkpoint import Checkpoint, checkpoint_in, read_config

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

HUB = "hub:"  # before a commit, in a model's identity


@dataclass(frozen=True)
class HubModel:
    """What a grid asks the hub for.

    Attributes:
        where: the model in messages, e.g. `policies.mine`.
        revision: branch, tag or commit; None for the hub's default.
    """

    where: str
    name: str
    revision: str | None

    @property
    def repository(self) -> HubRepository:
        """The same, as messages name it."""
        setting = f"{self.where}.model"
        instead = f"set {setting} to a local folder"
        return HubRepository("model", setting, self.name, self.revision, instead)


def hub_checkpoint(model: HubModel) -> Checkpoint:
    """Return a hub model's commit, config and size.

    Raises:
        UnreachableError: the cache does not know the model, and the hub gives no answer.
        ConfigError: the hub refuses it; the message says why.
    """
    require_id(model.repository)
    silence = hub_silence()
    why: ConfigError
    if silence is not None:
        why = unreachable(model.repository, silence)
    else:
        try:
            return _from_hub(model)
        except ConfigError:
            raise
        # The client passes on the errors of its transport, which is requests, httpx or httpx2
        # by its version; those of the last two are no OSError.
        except Exception as error:
            why = refusal(error, model.repository)
    cached = _from_cache(model)
    if cached is None:
        raise why
    return cached


def _from_hub(model: HubModel) -> Checkpoint:
    from huggingface_hub import HfApi, hf_hub_download  # noqa: PLC0415

    info = HfApi().model_info(model.name, revision=model.revision, timeout=ANSWER_TIMEOUT_S)
    # By the name that was asked for: that writes to the cache which commit the name means, so
    # that it is known offline. The folder's name is the commit; a branch may have moved by now.
    config = Path(hf_hub_download(model.name, "config.json", revision=model.revision))
    commit = config.parent.name
    if commit != info.sha:
        info = HfApi().model_info(model.name, revision=commit, timeout=ANSWER_TIMEOUT_S)
    files = tuple(sorted(file.rfilename for file in info.siblings or ()))
    return Checkpoint(f"{HUB}{commit}", read_config(config), _parameters(info), files)


def _parameters(info: ModelInfo) -> dict[str, int]:
    return dict(info.safetensors.parameters) if info.safetensors else {}


def _from_cache(model: HubModel) -> Checkpoint | None:
    """Return what the cache holds: a snapshot's folder is named by its commit."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    config = try_to_load_from_cache(model.name, "config.json", revision=model.revision)
    if not isinstance(config, str):
        return None
    snapshot = Path(config).parent
    return checkpoint_in(snapshot, f"{HUB}{snapshot.name}")
