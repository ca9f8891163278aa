r"""How a policy family is asked a question, and how its text falls into steps.

A prompt is the policy's format times the benchmark's instruction: a format says where the
instruction stands (`{instruction}`) and what it says by default, and a benchmark that asks
for something else (a letter, a line `#### 42`) puts its own words there.

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
from dataclasses import asdict, dataclass, replace
from typing import Protocol, Self

from ttsgrid.core.checks import require_choice
from ttsgrid.core.dotted import is_dotted, load_named
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json

Message = dict[str, str]
PLACE = "{instruction}"


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
    r"""The prompt of a policy family.

    A format of your own is an object in a module, named in a policy's config as
    `format: my_package.prompts:MINE`:

        from ttsgrid.models import PromptFormat

        MINE = PromptFormat(
            name="mine",
            system="You are careful. {instruction}",
            user_template="Problem: {question}",
            instruction="Put your final answer within \\boxed{}.",
        )

    What templates can't say, a subclass says in a method `encode` of its own.

    Attributes:
        system: the system turn; None leaves it out (a template may then write
            a default of its own).
        user_template: the user turn; `{question}` is replaced, other braces stay.
        instruction: stands for `{instruction}` in both where a benchmark has none of its
            own. A format without that place asks the bare question.
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
    instruction: str = ""

    def asking(self, instruction: str | None = None) -> Self:
        """Return the format with a benchmark's instruction in its place, else with its own."""
        words = self.instruction if instruction is None else instruction
        return replace(
            self,
            system=None if self.system is None else self.system.replace(PLACE, words),
            user_template=self.user_template.replace(PLACE, words),
            instruction="",
        )

    def as_json(self) -> str:
        """Canonical JSON of what determines the prompt; the name does not."""
        parts = asdict(self.asking()) | self._own_code()
        return canonical_json({k: v for k, v in parts.items() if k not in ("name", "instruction")})

    def _own_code(self) -> dict[str, str]:
        """A subclass may write other prompts from the same fields."""
        cls = type(self)
        return {} if cls is PromptFormat else {"class": f"{cls.__module__}:{cls.__qualname__}"}

    def encode(self, tokenizer: Tokenizer, question: str) -> list[int]:
        """Return the prompt's token ids; BOS is there exactly once where the model has one."""
        asked = self.asking()
        user = asked.user_template.replace("{question}", question)
        if not self.chat:
            return tokenizer.encode(user + self.prefill, add_special_tokens=True)
        system = [] if asked.system is None else [{"role": "system", "content": asked.system}]
        text = tokenizer.apply_chat_template(
            [*system, {"role": "user", "content": user}], tokenize=False, add_generation_prompt=True
        )
        return tokenizer.encode(text + self.prefill, add_special_tokens=False)  # has its BOS


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

FORMATS: dict[str, PromptFormat] = {
    fmt.name: fmt
    for fmt in (
        PromptFormat("zoo"),
        PromptFormat("qwen", system=PLACE, instruction=BOXED),
        PromptFormat("llama", system=LLAMA_SYSTEM, instruction=LLAMA_CONCLUSION),
        PromptFormat("r1", user_template=f"{{question}}\n{PLACE}", instruction=BOXED),
        PromptFormat("completion", chat=False),
    )
}

# What a family's makers ask for and the study did (arXiv 2502.06703, section 4): R1 and its
# distilled models repeat themselves without end at temperature 0.
SAMPLING_OF_FORMAT: dict[str, dict[str, float | int | bool]] = {
    "r1": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 32768, "greedy_cot": False}
}


def prompt_format(
    name: str, setting: str = "policies.format", instruction: str | None = None
) -> PromptFormat:
    """Return a prompt format, asking for what a benchmark wants.

    Args:
        name: of a shipped format, or the dotted path of a custom one.
        setting: what an error names.
        instruction: the benchmark's; None for the format's own words.

    Raises:
        ConfigError: there is none of that name, or it is no `PromptFormat`.
    """
    if is_dotted(name):
        own = load_named(name, setting)
        if not isinstance(own, PromptFormat):
            raise ConfigError(f"{setting}: {name} is no ttsgrid.models.PromptFormat")
        return own.asking(instruction)
    require_choice(setting, name, FORMATS)
    return FORMATS[name].asking(instruction)


def encode_prompt(fmt: PromptFormat, tokenizer: Tokenizer, question: str) -> list[int]:
    """Return the prompt's token ids; BOS is there exactly once where the model has one."""
    return fmt.encode(tokenizer, question)


def split_steps(text: str, separator: str = "\n\n") -> tuple[str, ...]:
    """Return a solution's non-empty steps, without separators.

    A trailing separator makes no empty last step (which would be scored as a
    step of nothing); a run of separators is one. With the blank-line separator,
    steps neither begin nor end with a newline.
    """
    steps = (step.strip("\n") for step in text.split(separator))
    return tuple(step for step in steps if step.strip())
