"""What a grid names, found: problems and models; or what a plan assumes where they can't be had.

A plan needs counts and lengths alone, and the configs state those. So a silent hub, an empty
cache or a file that is not there yet is no error of a plan. It is one of whatever runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ttsgrid.benchmarks import assumed_problems, load_benchmark
from ttsgrid.core.errors import UnreachableError
from ttsgrid.core.records import Problem
from ttsgrid.core.tally import counted
from ttsgrid.grid.config import GridConfig, ModelConfig
from ttsgrid.grid.content import Note
from ttsgrid.grid.own_code import engine_of
from ttsgrid.grid.resolve import ResolvedModel, assumed_model, resolve_model
from ttsgrid.models import prompt_format
from ttsgrid.models.prms import prm_identity

COMMIT_DIGITS = 12


@dataclass(frozen=True)
class Found:
    """A grid's problems and models.

    Attributes:
        unread: why the problems can't be had, in a sentence; they are stand-ins then.
    """

    problems: tuple[Problem, ...]
    models: list[ResolvedModel]
    unread: str | None = None

    def require_all(self) -> None:
        """Refuse to go on with what is only assumed.

        Raises:
            UnreachableError: saying what is missing first.
        """
        for why in (self.unread, *(model.unreached for model in self.models)):
            if why is not None:
                raise UnreachableError(why)

    def sentences(self) -> Iterator[str]:
        """Yield what a plan says of where its models and problems come from."""
        commits = [
            f"{model.config.name} at {model.commit[:COMMIT_DIGITS]}"
            for model in self.models
            if model.commit is not None
        ]
        if commits:
            yield f"Commits of hub models: {', '.join(commits)}."
        unreached = [model for model in self.models if model.unreached is not None]
        if unreached:
            names = ", ".join(model.config.name for model in unreached)
            yield (
                f"Assumed: commit and files of {names}, which neither the hub nor the cache gives "
                "here. Sizes and contexts are those of the settings."
            )
        if self.unread is not None:
            yield (
                f"Assumed: {counted(len(self.problems), 'problem')}, as benchmark.size says, since "
                "no file, nor the hub, nor its cache gives them here."
            )
        if unreached or self.unread is not None:
            yield (
                "What is assumed can't be looked up in the store, so all of it counts as missing; "
                "to check or to run the grid it must be there."
            )


def find(grid: GridConfig, note: Note) -> Found:
    """Find a grid's problems and models.

    Args:
        grid: the validated grid.
        note: told what takes long.

    Raises:
        ConfigError: a name, a file or a revision is wrong.
    """
    models = resolve_models(grid, note)
    try:
        return Found(load_benchmark(grid.benchmark), models)
    except UnreachableError as why:
        return Found(assumed_problems(grid.benchmark, why), models, str(why))


def resolve_models(grid: GridConfig, note: Note = lambda _: None) -> list[ResolvedModel]:
    """Find every model of the grid and identify it."""
    policies = [_model(grid, m, "policy", _prompt_json(m, grid), note) for m in grid.policies]
    prms = [_model(grid, m, "prm", prm_identity(m.format), note) for m in grid.prms]
    return [*policies, *prms]


def _model(
    grid: GridConfig, model: ModelConfig, role: str, format_json: str, note: Note
) -> ResolvedModel:
    engine = engine_of(grid, model)
    try:
        return resolve_model(model, role, format_json, engine, note)
    except UnreachableError as why:
        return assumed_model(model, role, format_json, engine, why)


def _prompt_json(policy: ModelConfig, grid: GridConfig) -> str:
    setting = f"policies.{policy.name}.format"
    return prompt_format(policy.format, setting, grid.benchmark.instruction).as_json()
