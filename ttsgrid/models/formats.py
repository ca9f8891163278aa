r"""The prompt formats by name, and those that a policy's config spells out.

A policy's `format` is a name of `FORMATS`, the dotted path of one's own, or settings inline:

    format: {base: completion, user: "Question: {question}\nAnswer:", stop: ["Question:"],
             few_shot: [{question: "What is 1 + 1?", solution: "1 + 1 = \\boxed{2}."}]}

Inline settings travel as canonical JSON, so that a format is one text wherever it goes.

Sources of the system prompts: for Llama 3, Meta's Llama-3.1 evaluation recipe
as used by search-and-learn and compute-optimal-tts; for Qwen2.5-Math, its model
card; R1-distilled models take the same line in the user turn, as DeepSeek asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ttsgrid.core.checks import build, require_choice
from ttsgrid.core.dotted import is_dotted, load_named
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json
from ttsgrid.models.prompts import PLACE, QUESTION, PromptFormat
from ttsgrid.models.reasoning import Reasoning

BOXED = "Please reason step by step, and put your final answer within \\boxed{}."

LLAMA_SYSTEM = """\
Solve the following math problem efficiently and clearly:

- For simple problems (2 steps or fewer):
Provide a concise solution with minimal explanation.

- For complex problems (3 steps or more):
Use this step-by-step format:

## Step 1: [Concise description]
[Brief explanation and calculations]

## Step 2: [Concise description]
[Brief explanation and calculations]

...

{instruction}"""

LLAMA_CONCLUSION = """\
Regardless of the approach, always conclude with:

Therefore, the final answer is: $\\boxed{answer}$. I hope it is correct.

Where [answer] is just the final number or expression that solves the problem."""

# Llama 3.1's template writes this date; Llama 3.2's would write today's. Both take another
# as `date_string`. It is also in search-and-learn's copy of the template.
LLAMA_DATE = "26 Jul 2024"

FORMATS: dict[str, PromptFormat] = {
    fmt.name: fmt
    for fmt in (
        PromptFormat("zoo"),
        PromptFormat("qwen", system=PLACE, instruction=BOXED),
        PromptFormat("llama", system=LLAMA_SYSTEM, instruction=LLAMA_CONCLUSION, date=LLAMA_DATE),
        PromptFormat(
            "r1",
            user_template=f"{{question}}\n{PLACE}",
            instruction=BOXED,
            reasoning=Reasoning(),
        ),
        PromptFormat("completion", chat=False),
    )
}

# What a family's makers ask for and the study did (arXiv 2502.06703, section 4): R1 and its
# distilled models repeat themselves without end at temperature 0.
SAMPLING_OF_FORMAT: dict[str, dict[str, float | int | bool]] = {
    "r1": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 32768, "greedy_cot": False}
}


@dataclass(frozen=True)
class Example:
    """A question with its solution, shown before the problem."""

    question: str
    solution: str


@dataclass(frozen=True)
class PromptSettings:
    """A format spelled out: what is left out is as in `base`.

    Attributes:
        base: a shipped format, or the dotted path of one's own.
        system: the system turn; empty for none. `{instruction}` stands for what a
            benchmark asks for.
        user: the user turn; `{question}` is replaced.
        separator: what ends a step.
        prefill: text with which the answer begins.
        few_shot: examples.
        stop: texts that end a solution, e.g. a base model's next `Question:`.
        date: today's date for templates that write one, e.g. `26 Jul 2024`.
        reasoning: what of the policy's thoughts counts, e.g. `{steps: all}`
            (`ttsgrid.models.reasoning`).
    """

    base: str
    system: str | None = None
    user: str | None = None
    separator: str | None = None
    prefill: str | None = None
    few_shot: tuple[Example, ...] = ()
    stop: tuple[str, ...] = ()
    date: str | None = None
    reasoning: Mapping[str, str] = field(default_factory=dict)


def inline_format(settings: Mapping[str, Any], setting: str) -> str:
    """Check settings given inline; return them as the text that `prompt_format` reads.

    Raises:
        ConfigError: one is unknown or of the wrong kind.
    """
    text = canonical_json(settings)
    prompt_format(text, setting)
    return text


def base_format(name: object) -> object:
    """Return the name of a format as configured, or of what settings inline start from."""
    return name.get("base") if isinstance(name, Mapping) else name


def named_base(name: str) -> str:
    """Return what a format is named, or starts from where it is spelled out."""
    return str(json.loads(name)["base"]) if name.startswith("{") else name


def prompt_format(
    name: str, setting: str = "policies.format", instruction: str | None = None
) -> PromptFormat:
    """Return a prompt format, asking for what a benchmark wants.

    Args:
        name: of a shipped format, the dotted path of one's own, or settings as JSON.
        setting: what an error names.
        instruction: the benchmark's; None for the format's own words.

    Raises:
        ConfigError: there is none of that name, or it is no `PromptFormat`.
    """
    if name.startswith("{"):
        return _spelled_out(json.loads(name), setting).asking(instruction)
    return _named(name, setting).asking(instruction)


def _named(name: str, setting: str) -> PromptFormat:
    if not is_dotted(name):
        require_choice(setting, name, FORMATS)
        return FORMATS[name]
    found = load_named(name, setting)
    if not isinstance(found, PromptFormat):
        raise ConfigError(f"{setting}: {name} is no ttsgrid.models.PromptFormat")
    return found


def _spelled_out(given: Mapping[str, Any], setting: str) -> PromptFormat:
    told = build(PromptSettings, setting, given)
    base = _named(told.base, f"{setting}.base")
    separator = told.separator or base.step_separator
    for stop in told.stop:
        if not stop or separator in stop:
            raise ConfigError(
                f"{setting}.stop={stop!r} must be text without the separator {separator!r}, "
                "at which a search's steps end first"
            )
    if told.user and QUESTION not in told.user:
        raise ConfigError(f"{setting}.user must hold {QUESTION}, where the problem is asked")
    return replace(
        base,
        system=None if told.system == "" else told.system or base.system,
        user_template=told.user or base.user_template,
        step_separator=separator,
        prefill=base.prefill if told.prefill is None else told.prefill,
        few_shot=tuple((one.question, one.solution) for one in told.few_shot) or base.few_shot,
        stop=told.stop or base.stop,
        date=told.date or base.date,
        reasoning=_reasoning(base.reasoning, told.reasoning, f"{setting}.reasoning"),
    )


def _reasoning(base: Reasoning | None, told: Mapping[str, str], setting: str) -> Reasoning | None:
    if not told:
        return base
    own = {} if base is None else asdict(base)
    made: Reasoning = build(Reasoning, setting, {**own, **told})
    return made
