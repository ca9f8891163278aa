"""What a grid names, found: problems and models; or what a plan assumes where they can't be had.

A plan needs counts and lengths alone, and the configs state those. So a silent hub, an empty
cache or a file that is not there yet is no error of a plan. It is one of whatever runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ttsgrid.benchmarks import assumed_problems, load_benchmark
from ttsgrid.core.errors import UnreachableError
from ttsgrid.core.hub import stay_offline_if_silent
from ttsgrid.core.records import Problem
from ttsgrid.core.tally import counted
from ttsgrid.core.units import ModelIdentity
from ttsgrid.grid.config import GridConfig, ModelConfig
from ttsgrid.grid.content import Note
from ttsgrid.grid.fit import Fit
from ttsgrid.grid.overlong import Overlong, sentences
from ttsgrid.grid.own_code import engine_of
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.grid.resolve import ResolvedModel, assumed_model, resolve_model
from ttsgrid.models import prompt_format
from ttsgrid.models.prms import prm_identity
from ttsgrid.views.words.numbers import SHOWN_NAMES, all_or_some

COMMIT_DIGITS = 12


@dataclass(frozen=True)
class FoundPart:
    """One benchmark of a grid.

    Attributes:
        grid: over this benchmark alone.
        models: as it asks them: its instruction is part of a policy's identity.
        unread: why the problems can't be had, in a sentence; they are stand-ins then.
    """

    grid: GridConfig
    problems: tuple[Problem, ...]
    models: list[ResolvedModel]
    unread: str | None = None

    def plan(self, held: Collection[str]) -> Plan:
        """Return the plan of this benchmark."""
        identities = {model.identity.name: model.identity for model in self.models}
        return make_plan(self.grid, self.problems, identities, held)

    def overlong(self) -> list[Overlong]:
        """Return each model that this benchmark's texts may outgrow."""
        return Fit(self.problems, self.grid.benchmark.instruction).overlong(self.models)


@dataclass(frozen=True)
class Found:
    """A grid's problems and models, one part per benchmark."""

    parts: tuple[FoundPart, ...]

    @property
    def models(self) -> list[ResolvedModel]:
        """Every model, once for each way in which it is asked."""
        return one_of_each(model for part in self.parts for model in part.models)

    def plan(self, held: Collection[str]) -> Plan:
        """Return the plan of all benchmarks.

        Args:
            held: ids of units that the store has committed.
        """
        return Plan.joined([part.plan(held) for part in self.parts])

    def warnings(self) -> list[str]:
        """Return what texts may outgrow which models; on which benchmarks, where not on all."""
        found = [
            replace(one, benchmarks=(part.grid.benchmark.name,))
            for part in self.parts
            for one in part.overlong()
        ]
        return sentences(found, len(self.parts))

    def require_all(self) -> None:
        """Refuse to go on with what is only assumed.

        Raises:
            UnreachableError: saying what is missing first.
        """
        unread = (part.unread for part in self.parts)
        for why in (*unread, *(model.unreached for model in self.models)):
            if why is not None:
                raise UnreachableError(why)
        if any(model.commit is not None for model in self.models):
            stay_offline_if_silent()

    def sentences(self, *, briefly: bool = False) -> Iterator[str]:
        """Yield what a plan says of where its models and problems come from.

        Args:
            briefly: leave out the commits of many models, and the names of all.
        """
        models = one_of_each(self.parts[0].models)  # other parts ask them in other words
        commits = [
            f"{model.config.name} at {model.commit[:COMMIT_DIGITS]}"
            for model in models
            if model.commit is not None
        ]
        if briefly and len(commits) > SHOWN_NAMES:
            yield f"Commits of {len(commits)} hub models are found; plan.all=true shows them."
        elif commits:
            yield f"Commits of hub models: {', '.join(commits)}."
        unreached = [model.config.name for model in models if model.unreached is not None]
        if unreached:
            every = [model.config.name for model in models] if briefly else ()
            yield (
                f"Assumed: commit and files of {all_or_some(unreached, every, 'model')}, which "
                "neither the hub nor the cache gives here. Sizes and contexts are those of the "
                "settings."
            )
        unread = [part for part in self.parts if part.unread is not None]
        if unread:
            yield (
                f"Assumed: {' and '.join(map(self._assumed_problems, unread))}, as benchmark.size "
                "says, since no file, nor the hub, nor its cache gives them here."
            )
        if unreached or unread:
            yield ("What is assumed counts as missing from the store; a check or a run needs it.")

    def _assumed_problems(self, part: FoundPart) -> str:
        of = f" of {part.grid.benchmark.name}" if len(self.parts) > 1 else ""
        return f"{counted(len(part.problems), 'problem')}{of}"


def one_of_each(models: Iterable[ResolvedModel]) -> list[ResolvedModel]:
    """Return each model once; one that samples in several ways, as it writes longest."""
    found: dict[ModelIdentity, ResolvedModel] = {}
    for model in models:
        known = found.setdefault(model.identity, model)
        if model.config.sampling.max_tokens > known.config.sampling.max_tokens:
            found[model.identity] = model
    return list(found.values())


def find(grid: GridConfig, note: Note) -> Found:
    """Find a grid's problems and models.

    Args:
        grid: the validated grid.
        note: told what takes long.

    Raises:
        ConfigError: a name, a file or a revision is wrong.
    """
    models = resolve_models(grid, note)
    return Found(tuple(_found_part(part, models) for part in grid.parts))


def _found_part(part: GridConfig, models: Sequence[ResolvedModel]) -> FoundPart:
    asked = [
        model.asked(_prompt_json(model.config, part)) if model.role == "policy" else model
        for model in models
    ]
    try:
        return FoundPart(part, load_benchmark(part.benchmark), asked)
    except UnreachableError as why:
        return FoundPart(part, assumed_problems(part.benchmark, why), asked, str(why))


def resolve_models(grid: GridConfig, note: Note = lambda _: None) -> list[ResolvedModel]:
    """Find every model of the grid and identify it, as the first benchmark asks it."""
    first = grid.parts[0]
    policies = [_model(grid, m, "policy", _prompt_json(m, first), note) for m in grid.policies]
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
