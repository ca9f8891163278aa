"""A policy's prompt for real problems: made as its worker makes it, and looked at."""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.errors import ConfigError, TtsgridError
from ttsgrid.core.records import Problem
from ttsgrid.grid.preflight.reading import (
    LoadedTokenizer,
    load_tokenizer,
    require_known_ids,
    require_one_bos,
    require_round_trip,
)
from ttsgrid.grid.preflight.seen import Seen, sample_text
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models import PromptFormat, encode_prompt, prompt_format


def see_policy(
    model: ResolvedModel, problems: Sequence[Problem], instruction: str | None = None
) -> Seen:
    """Make a policy's prompt for the first problem, and check all that it hangs on.

    Args:
        model: the policy, found.
        problems: those of the grid; not empty.
        instruction: the benchmark's; None for the format's own.

    Raises:
        ConfigError: the prompt would be wrong, or fits nowhere; the message names the setting.
    """
    setting = f"{model.where}.format"
    fmt = prompt_format(model.config.format, setting, instruction)
    tokenizer = load_tokenizer(model)
    require_round_trip(model, tokenizer, sample_text(problems[0]))
    if type(fmt) is PromptFormat and fmt.chat:
        _require_template(model, tokenizer, fmt, problems[0].question)
    ids = _encoded(setting, tokenizer, fmt, problems[0])
    require_known_ids(model, ids)
    notes = [
        require_one_bos(model, tokenizer, ids),
        _room(model, setting, tokenizer, fmt, problems),
    ]
    text = tokenizer.decode(ids, skip_special_tokens=False)
    return Seen(model, text, tuple(ids), notes=tuple(note for note in notes if note))


def _require_template(
    model: ResolvedModel,
    tokenizer: LoadedTokenizer,
    fmt: PromptFormat,
    question: str,
) -> None:
    setting = f"{model.where}.format"
    if not tokenizer.chat_template:
        raise ConfigError(
            f"{setting}: {model.config.model} has no chat template; put chat_template.jinja beside "
            "its tokenizer.json, or take format: completion, which is plain text"
        )
    told = fmt.asking()
    chat = told.conversation(question)
    try:
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    # Whatever a template raises: refusals of a role are errors of Jinja, slips may be any.
    except Exception as error:
        role = "a system turn" if told.system else "these turns"
        raise ConfigError(
            f"{setting}: the chat template of {model.config.model} does not take {role} "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}); spell the "
            'format out with system: "" and the instruction in user (docs/models.md)'
        ) from error
    if told.system and told.system.strip() not in text:
        raise ConfigError(
            f"{setting}: the chat template of {model.config.model} leaves the system turn out; "
            'spell the format out with system: "" and the instruction in user (docs/models.md)'
        )
    if question.strip() not in text:
        raise ConfigError(
            f"{setting}: the chat template of {model.config.model} leaves the question out"
        )


def _encoded(
    setting: str, tokenizer: LoadedTokenizer, fmt: PromptFormat, problem: Problem
) -> list[int]:
    try:
        return encode_prompt(fmt, tokenizer, problem.question)
    except TtsgridError:
        raise
    # A format of the user's own may raise whatever it likes.
    except Exception as error:
        raise ConfigError(f"{setting}: no prompt can be made: {error!r}") from error


def _room(
    model: ResolvedModel,
    setting: str,
    tokenizer: LoadedTokenizer,
    fmt: PromptFormat,
    problems: Sequence[Problem],
) -> str | None:
    """Refuse a context that not even the shortest prompt fits; note that the longest doesn't."""
    context = model.context_tokens
    if context is None:
        return None
    by_length = sorted(problems, key=lambda problem: len(problem.question.encode()))
    shortest = len(_encoded(setting, tokenizer, fmt, by_length[0]))
    if shortest >= context:
        raise ConfigError(
            f"{model.where}.max_model_len: {model.config.name} reads {context:,} tokens, and the "
            f"shortest prompt has {shortest:,}: raise it, or take another model"
        )
    longest = len(_encoded(setting, tokenizer, fmt, by_length[-1]))
    if longest < context:
        return None
    return (
        f"{model.config.name} reads {context:,} tokens, and the longest prompt has {longest:,}: "
        "such problems stay unanswered."
    )
