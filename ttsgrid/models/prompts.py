r"""How a policy family is asked a question, and how its text falls into steps.

A prompt is token ids, made once: the chat template is rendered to text, and
that text is encoded *without* special tokens, because the template has written
BOS already (encoding with them doubles it). Plain completion prompts, which no
template touches, are encoded with special tokens, which adds BOS once.

A partial solution is continued as prompt ids + its own ids. It never goes back
through the template, which would trim the blank line it ends with
(Llama's does) and tokenize across the joint.

Sources of the system prompts: for Llama 3, Meta's Llama-3.1 evaluation recipe
as used by search-and-learn and compute-optimal-tts; for Qwen2.5-Math, its model
card; R1-distilled models take the same line in the user turn, as DeepSeek asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from ttsgrid.core.checks import require_choice
from ttsgrid.core.identity import canonical_json

Message = dict[str, str]


class Tokenizer(Protocol):
    """What is asked of a tokenizer; transformers' fast tokenizers satisfy it."""

    @property
    def bos_token(self) -> str | None:
        """The text of BOS; None where the model has none."""
        ...

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return the ids of `text`."""
        ...

    def apply_chat_template(
        self, conversation: Sequence[Message], *, tokenize: bool, add_generation_prompt: bool
    ) -> str:
        """Return the rendered conversation as text."""
        ...


class DecodingTokenizer(Tokenizer, Protocol):
    """A tokenizer that also reads what a policy wrote."""

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool) -> str:
        """Return the text of ids."""
        ...


@dataclass(frozen=True)
class PromptFormat:
    """The prompt of a policy family.

    Attributes:
        system: the system turn; None leaves it out (a template may then write
            a default of its own).
        user_template: the user turn; `{question}` is replaced, other braces stay.
        step_separator: what ends a step; kept in the text.
        prefill: text with which the assistant's turn begins.
        chat: False for models without a chat template: the user turn, bare.
    """

    name: str
    system: str | None = None
    user_template: str = "{question}"
    step_separator: str = "\n\n"
    prefill: str = ""
    chat: bool = True

    def as_json(self) -> str:
        """Canonical JSON of what determines the prompt; the name does not."""
        return canonical_json({key: v for key, v in asdict(self).items() if key != "name"})


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

Regardless of the approach, always conclude with:

Therefore, the final answer is: $\\boxed{answer}$. I hope it is correct.

Where [answer] is just the final number or expression that solves the problem."""

FORMATS: dict[str, PromptFormat] = {
    fmt.name: fmt
    for fmt in (
        PromptFormat("zoo"),
        PromptFormat("qwen", system=BOXED),
        PromptFormat("llama", system=LLAMA_SYSTEM),
        PromptFormat("r1", user_template=f"{{question}}\n{BOXED}"),
        PromptFormat("completion", chat=False),
    )
}


def prompt_format(name: str, setting: str = "policies.format") -> PromptFormat:
    """Return a built-in prompt format; `setting` is what an error names.

    Raises:
        ConfigError: there is none of that name.
    """
    require_choice(setting, name, FORMATS)
    return FORMATS[name]


def encode_prompt(fmt: PromptFormat, tokenizer: Tokenizer, question: str) -> list[int]:
    """Return the prompt's token ids; BOS is there exactly once where the model has one."""
    user = fmt.user_template.replace("{question}", question)
    if not fmt.chat:
        return tokenizer.encode(user + fmt.prefill, add_special_tokens=True)
    system = [] if fmt.system is None else [{"role": "system", "content": fmt.system}]
    text = tokenizer.apply_chat_template(
        [*system, {"role": "user", "content": user}], tokenize=False, add_generation_prompt=True
    )
    return tokenizer.encode(text + fmt.prefill, add_special_tokens=False)


def split_steps(text: str, separator: str = "\n\n") -> tuple[str, ...]:
    """Return a solution's non-empty steps, without separators.

    A trailing separator makes no empty last step (which would be scored as a
    step of nothing); a run of separators is one. With the blank-line separator,
    steps neither begin nor end with a newline.
    """
    steps = (step.strip("\n") for step in text.split(separator))
    return tuple(step for step in steps if step.strip())
