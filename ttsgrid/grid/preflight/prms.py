"""A PRM's input for a real problem and a solution in two steps: made as its worker makes it."""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.errors import ConfigError, ScoringError, TtsgridError, UnreadableError
from ttsgrid.core.records import Problem
from ttsgrid.grid.preflight.reading import (
    LoadedTokenizer,
    load_tokenizer,
    require_known_ids,
    require_one_bos,
    require_round_trip,
)
from ttsgrid.grid.preflight.seen import Seen, sample_steps, sample_text
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models.prms import PrmFormat, ScoringInput, prm_format

MARKER_HEAD = "marker_logits"
SHORTEST_STEPS = ("1",)


def see_prm(model: ResolvedModel, problems: Sequence[Problem]) -> Seen:
    """Make a PRM's input for the first problem that it can read, and check all it hangs on.

    Raises:
        ConfigError: the format doesn't fit the tokenizer, or the input fits nowhere; the
            message names the setting.
    """
    setting = f"{model.where}.format"
    fmt = prm_format(model.config.format, setting)
    tokenizer = load_tokenizer(model)
    require_round_trip(model, tokenizer, sample_text(problems[0]))
    _require_markers(setting, fmt, tokenizer)
    by_length = sorted(problems, key=lambda problem: len(problem.question.encode()))
    shown = _input(model, fmt, tokenizer, problems[0]) or _first(model, fmt, tokenizer, by_length)
    require_known_ids(model, shown.ids)
    note = require_one_bos(model, tokenizer, shown.ids)
    least = _input(model, fmt, tokenizer, by_length[0], SHORTEST_STEPS)
    _require_room(model, len((least or shown).ids))
    text = tokenizer.decode(shown.ids, skip_special_tokens=False)
    notes = (note,) if note else ()
    return Seen(model, text, tuple(shown.ids), tuple(shown.positions), notes)


def _require_markers(setting: str, fmt: PrmFormat, tokenizer: LoadedTokenizer) -> None:
    try:
        markers = fmt.marker_ids(tokenizer)
    except ScoringError as error:
        raise ConfigError(f"{setting}: {error}") from error
    if fmt.engine_task == MARKER_HEAD and (markers is None or markers[0] == markers[1]):
        raise ConfigError(f"{setting}: {fmt.name} needs two different tokens to score with")


def _first(
    model: ResolvedModel,
    fmt: PrmFormat,
    tokenizer: LoadedTokenizer,
    problems: Sequence[Problem],
) -> ScoringInput:
    for problem in problems:
        made = _input(model, fmt, tokenizer, problem)
        if made is not None:
            return made
    raise ConfigError(
        f"{model.where}.format: {fmt.name} can read none of the {len(problems)} problems with "
        f"the tokenizer of {model.config.model}; is it the format of another PRM?"
    )


def _input(
    model: ResolvedModel,
    fmt: PrmFormat,
    tokenizer: LoadedTokenizer,
    problem: Problem,
    solution: Sequence[str] = (),
) -> ScoringInput | None:
    """Return a PRM's input for a problem; None where it can't read this one."""
    setting, steps = f"{model.where}.format", solution or sample_steps(problem)
    try:
        made = fmt.encode(tokenizer, problem.question, steps)
        opened = fmt.encode_open(tokenizer, problem.question, steps)
    except UnreadableError:
        return None
    except TtsgridError as error:
        raise ConfigError(f"{setting}: {error}") from error
    # A chat format on a tokenizer without a template, a format of the user's own.
    except Exception as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"{setting}: {fmt.name} can make no input with the tokenizer of "
            f"{model.config.model}: {why}"
        ) from error
    expected = 1 if made.whole else len(steps)
    if len(made.positions) != expected or made.ids[: len(opened.ids)] != opened.ids:
        raise ConfigError(
            f"{setting}: {fmt.name} reads {len(made.positions)} scores for {len(steps)} steps, or "
            "not at the same places while a solution goes on"
        )
    return made


def _require_room(model: ResolvedModel, shortest: int) -> None:
    context = model.context_tokens
    if context is not None and shortest > context:
        raise ConfigError(
            f"{model.where}.max_model_len: {model.config.name} reads {context:,} tokens, and the "
            f"shortest question with one short step has {shortest:,}: no solution would be "
            "scored; raise it, or take another PRM"
        )
