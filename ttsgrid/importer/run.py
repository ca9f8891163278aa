"""Who made a recorded run, and how: what a file rarely says and its importer must.

The names and sizes of the models, the benchmark and its grader, and the sampling
settings come from the command line. Identity is by name: two imports that call a policy
the same at the same settings fill the same pool, so their sample numbers must differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json
from ttsgrid.core.search_settings import SearchSettings, num_subtrees, preset
from ttsgrid.core.strategies import search_of
from ttsgrid.core.units import ModelIdentity, SamplingIdentity
from ttsgrid.importer.layout import STEPS, Layout
from ttsgrid.store import ModelRecord


@dataclass(frozen=True)
class RecordedRun:
    """What made the samples of a file.

    Attributes:
        grader: a grader's name, or the dotted path of a custom one.
        grader_options: canonical JSON of its keyword arguments, e.g. its answer forms.
        prm: who gave the scores; None where the file has none.
        chars_per_token: to estimate token counts that the file lacks; None forbids it.
        search: which search found the samples; None for independent ones.
        first_sample: number of each problem's first sample in its pool.
    """

    benchmark: str
    grader: str
    policy: ModelRecord
    prm: ModelRecord | None
    sampling: SamplingIdentity
    chars_per_token: float | None = None
    first_sample: int = 0
    grader_options: str = "{}"
    search: SearchSettings | None = None

    def __post_init__(self) -> None:
        """Refuse what can't have made a run, by the name of its option."""
        per_token = self.chars_per_token
        if self.search is not None and self.prm is None:
            raise ConfigError("--strategy: a search needs --prm, the PRM that guided it")
        _require(bool(self.policy.identity.name.strip()), "--policy", "''", "a name")
        _require(self.first_sample >= 0, "--first-sample", self.first_sample, "0 or more")
        _require(
            0 <= self.sampling.temperature < math.inf,
            "--temperature",
            self.sampling.temperature,
            "0 or more",
        )
        _require(0 < self.sampling.top_p <= 1, "--top-p", self.sampling.top_p, "in (0, 1]")
        _require(
            self.sampling.max_tokens >= 0, "--max-tokens", self.sampling.max_tokens, "0 or more"
        )
        _require(
            per_token is None or 0 < per_token < math.inf, "--chars-per-token", per_token, "above 0"
        )


def _require(holds: bool, option: str, value: object, rule: str) -> None:
    if not holds:
        raise ConfigError(f"{option}: must be {rule}, not {value}")


def recorded_policy(name: str, num_parameters: int | None) -> ModelRecord:
    """Return a policy known by its name alone."""
    return _recorded("policy", name, num_parameters, {"recorded": True})


def recorded_prm(name: str, num_parameters: int | None, layout: Layout) -> ModelRecord:
    """Return a PRM known by its name and by what its recorded scores are.

    Where the file has one score per solution, the format says which aggregation that is:
    the frontier then reports that one and no other.
    """
    form: dict[str, object] = {"recorded": True, "scale": layout.scale}
    if layout.scores_are != STEPS:
        form["aggregation"] = layout.scores_are
    return _recorded("prm", name, num_parameters, form)


def recorded_search(kind: str, budget: int, beam_width: int, preset_name: str) -> SearchSettings:
    """Return a search known by its kind, N and M; the rest as the preset has it.

    Raises:
        ConfigError: no search has that name, or N and M don't fit it.
    """
    search = search_of(kind)
    num_subtrees(budget, beam_width)
    return SearchSettings(
        kind,
        budget=beam_width if search.in_subtrees else budget,
        beam_width=budget if search.one_beam else beam_width,
        rules=preset(preset_name, kind),
        lookahead_steps=int(search.takes("lookahead_steps")),
    )


def _recorded(role: str, name: str, size: int | None, form: dict[str, object]) -> ModelRecord:
    identity = ModelIdentity(name, name, f"recorded:{name}", canonical_json(form))
    return ModelRecord(identity, role, size)
