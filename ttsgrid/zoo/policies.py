"""Train the zoo's policies: small Llama models that learn the task from its reference solutions.

*Drills* (`ttsgrid.zoo.drills`) come first and carry loss on their results alone. *Recipes*
are whole problems with loss on the solution, chain length growing over the first half,
a drill every few steps so that facts stay. Products are rarer than sums throughout: an
undertrained model errs on products and long chains first, the spread of difficulty that
test-time scaling needs. Last, for some, come recipes from a corpus with slips
(`ttsgrid.zoo.corpus`): learnt from the start they would keep a small model from learning
its facts (measured). The learning rate starts anew for each round of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ttsgrid.benchmarks.zoo.task import STEP_SEPARATOR, Recipe, draw_of_length
from ttsgrid.zoo.corpus import written_steps
from ttsgrid.zoo.drills import (
    RESULT_TOKEN,
    TOKENS_PER_EQUATION,
    draw_equations,
    encode_equations,
)
from ttsgrid.zoo.optimise import optimise

MAX_OPERATIONS = 14
HEAD_DIM = 32  # the smallest head that vLLM's CPU attention serves
DRILL_EVERY = 4
SLIP_TUNING_RATE = 0.5  # of the learning rates
SLIP_PRODUCT_SHARE = 0.4  # slips are in products


@dataclass(frozen=True)
class PolicySpec:
    """Architecture and training length of one policy.

    Attributes:
        num_drill_steps: optimiser steps on drills before the first recipe.
        num_recipe_steps: optimiser steps after that.
        slip_rounds: optimiser steps of each round at the end, on solutions with slips.
        slip_rate: how often those get the product by the largest factor wrong.
        product_share: share of products among operations, up to there.
    """

    name: str
    num_layers: int
    hidden_size: int
    num_drill_steps: int
    num_recipe_steps: int
    slip_rounds: tuple[int, ...] = ()
    slip_rate: float = 0.0
    batch_size: int = 128
    product_share: float = 0.2
    seed: int = 0

    @property
    def num_steps(self) -> int:
        """Optimiser steps in all."""
        return self.num_clean_steps + sum(self.slip_rounds)

    @property
    def num_clean_steps(self) -> int:
        """Optimiser steps without a slip."""
        return self.num_drill_steps + self.num_recipe_steps


@dataclass(frozen=True)
class Batch:
    """Token ids of shape (batch, length) and a mask of the tokens that carry loss."""

    ids: Tensor
    has_loss: Tensor


def new_model(spec: PolicySpec, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Return a freshly initialised policy that knows the tokenizer's special ids."""
    torch.manual_seed(spec.seed)
    num_heads = spec.hidden_size // HEAD_DIM
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=spec.hidden_size,
            intermediate_size=2 * spec.hidden_size,
            num_hidden_layers=spec.num_layers,
            num_attention_heads=num_heads,
            num_key_value_heads=num_heads,
            max_position_embeddings=512,
            tie_word_embeddings=False,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def prompt_of(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> str:
    """Return the chat prompt of a problem, BOS included."""
    messages = [{"role": "user", "content": recipe.question}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return str(text)


def recipe_batch(
    spec: PolicySpec,
    tokenizer: PreTrainedTokenizerFast,
    rng: random.Random,
    num_operations: int,
    product_share: float,
    slip_rate: float = 0.0,
) -> Batch:
    """Encode whole problems of one chain length, so that no token is padding."""
    recipes = [
        draw_of_length(rng, num_operations, product_share, test=False)
        for _ in range(spec.batch_size)
    ]
    prompts = [prompt_of(recipe, tokenizer) for recipe in recipes]
    solutions = [written_steps(recipe, slip_rate, rng) for recipe in recipes]
    targets = [STEP_SEPARATOR.join(steps) + str(tokenizer.eos_token) for steps in solutions]
    texts = [prompt + target for prompt, target in zip(prompts, targets, strict=True)]
    ids = torch.tensor(tokenizer(texts, add_special_tokens=False).input_ids)
    has_loss = torch.ones_like(ids, dtype=torch.bool)
    has_loss[:, : len(tokenizer(prompts[0], add_special_tokens=False).input_ids)] = False
    return Batch(ids, has_loss)


def drill_batch(
    spec: PolicySpec, tokenizer: PreTrainedTokenizerFast, generator: torch.Generator, width: int
) -> Batch:
    """Encode lists of `width` unrelated equations; only their results carry loss."""
    equations = draw_equations(width, spec.product_share, generator)
    ids = encode_equations(tokenizer, equations, equations.result)
    has_loss = torch.zeros_like(ids, dtype=torch.bool)
    has_loss[:, RESULT_TOKEN::TOKENS_PER_EQUATION] = True
    return Batch(ids, has_loss)


def batches(spec: PolicySpec, tokenizer: PreTrainedTokenizerFast) -> Iterator[Batch]:
    """Yield one batch per optimiser step: drills, recipes with a drill now and then, slips."""
    rng = random.Random(f"ttsgrid-zoo-{spec.name}-{spec.seed}")
    generator = torch.Generator().manual_seed(spec.seed)
    for step in range(spec.num_drill_steps):
        yield drill_batch(spec, tokenizer, generator, 1 + step % 2)
    for step in range(spec.num_recipe_steps):
        if step % DRILL_EVERY == 0:
            yield drill_batch(spec, tokenizer, generator, 2)
            continue
        grown = int(2 * MAX_OPERATIONS * step / spec.num_recipe_steps)
        num_operations = rng.randint(1, min(MAX_OPERATIONS, 2 + grown))
        yield recipe_batch(spec, tokenizer, rng, num_operations, spec.product_share)
    for _ in range(sum(spec.slip_rounds)):
        num_operations = rng.randint(1, MAX_OPERATIONS)
        yield recipe_batch(spec, tokenizer, rng, num_operations, SLIP_PRODUCT_SHARE, spec.slip_rate)


def train_policy(
    spec: PolicySpec,
    tokenizer: PreTrainedTokenizerFast,
    device: torch.device,
    report: Callable[[int, float], None],
) -> LlamaForCausalLM:
    """Train one policy from scratch; `report(step, loss)` is called after each step."""
    model = new_model(spec, tokenizer).to(device)
    upcoming = batches(spec, tokenizer)

    def loss() -> Tensor:
        batch = next(upcoming)
        ids, has_loss = batch.ids.to(device), batch.has_loss.to(device)
        logits = model(input_ids=ids).logits[:, :-1]
        return cross_entropy(logits[has_loss[:, 1:]], ids[:, 1:][has_loss[:, 1:]])

    optimise(model, spec.num_clean_steps, loss, report)
    done = spec.num_clean_steps
    for num_steps in spec.slip_rounds:
        optimise(model, num_steps, loss, partial(_report_from, done, report), SLIP_TUNING_RATE)
        done += num_steps
    return model.eval()


def _report_from(first: int, report: Callable[[int, float], None], step: int, loss: float) -> None:
    report(first + step, loss)
