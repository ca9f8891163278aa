"""Teach SmolLM2 the form and the matter of GSM8K's solutions: LoRA on its training problems.

Loss is on the solution alone, end mark included, and logits are computed there alone: they
are a fifth of this model's work.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from ttsgrid.models import prompt_format
from ttsgrid.smollm2.adapters import save_adapter, trainable, with_adapter
from ttsgrid.smollm2.family import AdapterSpec
from ttsgrid.smollm2.optimise import optimise, parts_of, passes
from ttsgrid.smollm2.problems import WordProblem

FORMAT = "qwen"
IGNORED = -100  # what `cross_entropy` leaves out


@dataclass(frozen=True)
class Example:
    """Token ids of a prompt and of what shall follow it."""

    prompt: list[int]
    target: list[int]

    @property
    def num_tokens(self) -> int:
        """Of both."""
        return len(self.prompt) + len(self.target)


def prompt_ids(
    tokenizer: PreTrainedTokenizerFast, question: str, shown: Sequence[WordProblem] = ()
) -> list[int]:
    """Return a problem's prompt, as a sweep makes it.

    Args:
        tokenizer: of the policy.
        question: of the problem.
        shown: problems that are asked and solved before it.
    """
    few_shot = tuple((example.question, example.solution) for example in shown)
    return replace(prompt_format(FORMAT), few_shot=few_shot).encode(tokenizer, question)


def examples_of(
    problems: Sequence[WordProblem], tokenizer: PreTrainedTokenizerFast
) -> list[Example]:
    """Encode problems with their reference solutions."""
    end = int(tokenizer.eos_token_id)
    return [
        Example(
            prompt_ids(tokenizer, problem.question),
            [*tokenizer.encode(problem.solution, add_special_tokens=False), end],
        )
        for problem in problems
    ]


def computing(device: torch.device) -> AbstractContextManager[object]:
    """Return the context of a forward pass: adapters, kept in float32, compute in bfloat16 too.

    A product with a rank of 8 takes three to eleven times as long in float32 on a CPU with
    bfloat16 instructions, and a layer's adapter has six: a step took 1.3 times as long (measured).
    """
    return torch.autocast(device.type, torch.bfloat16)


def train_policy(
    spec: AdapterSpec,
    base: Path,
    examples: Sequence[Example],
    out: Path,
    device: torch.device,
    report: Callable[[int, int, float], None],
    max_steps: int | None = None,
) -> None:
    """Train one policy's adapter and keep it.

    Args:
        spec: the adapter and how long it learns.
        base: checkpoint of the untrained model.
        examples: all that there is to learn from.
        out: file of the adapter.
        device: where to compute.
        report: called with (step, steps in all, loss) after each step.
        max_steps: ends sooner, for tests.
    """
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    adapted = with_adapter(model, spec.rank, spec.seed).to(device).train()
    rng = random.Random(f"ttsgrid-smollm2-{spec.name}-{spec.seed}")
    lengths = [example.num_tokens for example in examples]
    batches = passes(lengths, spec.batch_tokens, spec.epochs, rng)[:max_steps]

    def losses() -> Iterator[Iterator[Tensor]]:
        for batch in batches:
            yield shares(batch, sum(len(examples[i].target) for i in batch))

    def shares(batch: Sequence[int], num_targets: int) -> Iterator[Tensor]:
        for part in parts_of(batch, lengths, device):
            with computing(device):
                share = solution_loss(model, [examples[i] for i in part]) / num_targets
            yield share

    def told(step: int, loss: float) -> None:
        report(step, len(batches), loss)

    optimise(trainable(adapted), spec.learning_rate, losses(), len(batches), told)
    save_adapter(adapted, out)


def solution_loss(model: PreTrainedModel, examples: Sequence[Example]) -> Tensor:
    """Return the loss of the solutions' tokens, summed."""
    width = max(example.num_tokens for example in examples)
    ids = torch.zeros(len(examples), width, dtype=torch.long)
    targets = torch.full((len(examples), width), IGNORED)
    for row, example in enumerate(examples):
        whole = example.prompt + example.target
        ids[row, : len(whole)] = torch.tensor(whole)
        # The logits at a position are of the token after it.
        start = len(example.prompt) - 1
        targets[row, start : start + len(example.target)] = torch.tensor(example.target)
    device = next(model.parameters()).device
    ids, targets = ids.to(device), targets.to(device)
    # Padding stands at the right, where no token of a causal model looks: no mask is needed.
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    learnt = targets != IGNORED
    logits = model.lm_head(hidden[learnt]).float()
    return cross_entropy(logits, targets[learnt], reduction="sum")
