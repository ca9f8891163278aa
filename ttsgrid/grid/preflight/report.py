"""All checks of a grid's models, side by side: what each reads, what is wrong, what to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ttsgrid.core.dotted import is_dotted
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import Problem
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import engine_of
from ttsgrid.grid.preflight.conversations import see_conversation
from ttsgrid.grid.preflight.heads import require_head
from ttsgrid.grid.preflight.memory import Memory, memory_for, require_memory
from ttsgrid.grid.preflight.placement import LOADING
from ttsgrid.grid.preflight.policies import see_policy
from ttsgrid.grid.preflight.prms import see_prm
from ttsgrid.grid.preflight.seen import Seen
from ttsgrid.grid.preflight.weights import require_weights
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models.prms import prm_format


@dataclass(frozen=True)
class Report:
    """What the checks of a grid found.

    Attributes:
        seen: of each model whose input can be made, that input.
        wrong: what would fail, one sentence each.
        notes: what is worth knowing, one sentence each.
    """

    seen: tuple[Seen, ...]
    wrong: tuple[str, ...]
    notes: tuple[str, ...]

    def require_right(self) -> None:
        """Refuse to go on with what is wrong.

        Raises:
            ConfigError: the first thing that is wrong, and how many there are.
        """
        if not self.wrong:
            return
        more = len(self.wrong) - 1
        also = f" ({more} more: python -m ttsgrid.check with the same settings)" if more else ""
        raise ConfigError(self.wrong[0] + also)


def check_models(
    grid: GridConfig, problems: Sequence[Problem], models: Sequence[ResolvedModel]
) -> Report:
    """Check all that can be known of models before their engines start.

    Args:
        grid: the validated grid.
        problems: those that it asks; not empty.
        models: the models to check, found.
    """
    memory = memory_for(grid)
    seen: list[Seen] = []
    wrong: list[str] = []
    notes: list[str] = []
    for model in models:
        for check in _checks(grid, problems, memory, model):
            try:
                found = check()
            except ConfigError as error:
                wrong.append(str(error))
                break  # what follows would fail for the same reason
            if isinstance(found, Seen):
                seen.append(found)
                notes.extend(found.notes)
            elif found:
                notes.append(found)
    return Report(tuple(seen), tuple(wrong), tuple(notes))


def _checks(
    grid: GridConfig, problems: Sequence[Problem], memory: Memory, model: ResolvedModel
) -> list[Callable[[], Seen | str | None]]:
    """Return the checks of one model: its files first, without which the others say little."""
    if not model.config.continues_text:
        return [lambda: see_conversation(model, problems, grid.benchmark.instruction)]
    checks: list[Callable[[], Seen | str | None]] = []
    if engine_of(grid, model.config).kind in LOADING:
        task = _task(model)
        if not is_dotted(task):
            checks.append(lambda: require_head(model, task))
        checks.append(lambda: require_weights(model))
        checks.append(lambda: require_memory(model, grid, memory))
    if model.role == "prm":
        checks.append(lambda: see_prm(model, problems))
    else:
        checks.append(lambda: see_policy(model, problems, grid.benchmark.instruction))
    return checks


def _task(model: ResolvedModel) -> str:
    return prm_format(model.config.format).engine_task if model.role == "prm" else "generate"
