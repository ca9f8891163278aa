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
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol, Self

from ttsgrid.core.identity import canonical_json
from ttsgrid.models.reasoning import ALL, Reasoning

Message = dict[str, str]
PLACE, QUESTION = "{instruction}", "{question}"


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
        self,
        conversation: Sequence[Message],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        """Return the rendered conversation as text; a template is told `told` by name."""
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
        few_shot: (question, solution) of examples, asked and answered before the problem.
        stop: texts that end a solution, as a base model's next question does; not part of it.
        date: today's date for templates that write one, so that they write it every day.
        step_separator: what ends a step; kept in the text.
        prefill: text with which the assistant's turn begins.
        reasoning: marks of thoughts that are hidden from the answer; None for none.
        chat: False for models without a chat template: the user turn, bare.
    """

    name: str
    system: str | None = None
    user_template: str = QUESTION
    step_separator: str = "\n\n"
    prefill: str = ""
    chat: bool = True
    instruction: str = ""
    few_shot: tuple[tuple[str, str], ...] = ()
    stop: tuple[str, ...] = ()
    date: str | None = None
    reasoning: Reasoning | None = None

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
        left_out = ("name", "instruction", *(k for k in _LATER if not parts[k]))
        return canonical_json({k: v for k, v in parts.items() if k not in left_out})

    def _own_code(self) -> dict[str, str]:
        """A subclass may write other prompts from the same fields."""
        cls = type(self)
        return {} if cls is PromptFormat else {"class": f"{cls.__module__}:{cls.__qualname__}"}

    def encode(self, tokenizer: Tokenizer, question: str) -> list[int]:
        """Return the prompt's token ids; BOS is there exactly once where the model has one."""
        asked = self.asking()
        if not self.chat:
            return tokenizer.encode(asked.completion(question), add_special_tokens=True)
        date = {} if self.date is None else {"date_string": self.date}
        text = tokenizer.apply_chat_template(
            asked.conversation(question), tokenize=False, add_generation_prompt=True, **date
        )
        return tokenizer.encode(text + self.prefill, add_special_tokens=False)  # has its BOS

    def conversation(self, question: str) -> list[Message]:
        """Return the turns up to the problem's own, examples before it."""
        turns = [] if self.system is None else [{"role": "system", "content": self.system}]
        for example, solution in self.few_shot:
            turns.append({"role": "user", "content": self._user(example)})
            turns.append({"role": "assistant", "content": self.prefill + solution})
        return [*turns, {"role": "user", "content": self._user(question)}]

    def completion(self, question: str) -> str:
        """Return the text that a model without a chat template continues."""
        examples = (
            _answered(self._user(example) + self.prefill, solution)
            for example, solution in self.few_shot
        )
        return "".join(examples) + self._user(question) + self.prefill

    def before_stop(self, text: str) -> str:
        """Return a solution's text up to the first stop text."""
        for stop in self.stop:
            text = text.partition(stop)[0]
        return text

    def with_thoughts(self, text: str, thoughts: str) -> str:
        """Return a solution with the thoughts that came beside it, where the format has marks."""
        return text if self.reasoning is None else self.reasoning.joined(thoughts, text)

    def answer_text(self, text: str, *, is_open: bool = False) -> str:
        """Return the part of a solution in which its answer is looked for.

        Args:
            text: the whole solution.
            is_open: whether it begins within thoughts (`Reasoning.is_open`).
        """
        if self.reasoning is None or self.reasoning.answers == ALL:
            return text
        return self.reasoning.visible(text, is_open=is_open)

    def steps_of(self, text: str, *, is_open: bool = False) -> tuple[str, ...]:
        """Return the steps of a solution that PRMs score; `answer_text` says what is asked."""
        if self.reasoning is None or self.reasoning.steps == ALL:
            return split_steps(text, self.step_separator)
        return split_steps(self.reasoning.visible(text, is_open=is_open), self.step_separator)

    def _user(self, question: str) -> str:
        return self.user_template.replace(QUESTION, question)


# Absent from the identity of a format that has none, so that what is stored stays known.
_LATER = ("few_shot", "stop", "date", "reasoning")


def _answered(asked: str, solution: str) -> str:
    """Return an example as plain text, a space before its solution and a blank line after."""
    space = "" if asked.endswith((" ", "\n")) else " "
    return f"{asked}{space}{solution.strip()}\n\n"


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
