"""Sampling solutions from the zoo's policies with transformers, in large batches.

Used to make training data for the PRMs and to measure the family; the sweep itself
samples with vLLM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from ttsgrid.benchmarks.zoo.task import STEP_SEPARATOR, Recipe, boxed_answer, label_steps
from ttsgrid.zoo.policies import prompt_of

BATCH_SIZE = 512
MAX_NEW_TOKENS = 110


@dataclass(frozen=True)
class Rollout:
    """One sampled solution with its exact step labels."""

    recipe: Recipe
    steps: tuple[str, ...]
    labels: tuple[bool, ...]
    correct: bool


def sample_texts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[str],
    temperature: float,
) -> list[str]:
    """Continue each prompt once; temperature 0 is greedy. Order is kept."""
    # Prompts of like length in a batch: less padding to compute.
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    texts = [""] * len(prompts)
    # transformers keeps only the 50 likeliest tokens unless told; vLLM, in the sweep, keeps all.
    sampling = {"do_sample": True, "temperature": temperature, "top_k": 0}
    how = sampling if temperature > 0 else {"do_sample": False}
    for low in range(0, len(order), BATCH_SIZE):
        chosen = order[low : low + BATCH_SIZE]
        batch = tokenizer(
            [prompts[index] for index in chosen],
            add_special_tokens=False,
            padding=True,
            padding_side="left",  # a continuation must follow its prompt's last token
            return_tensors="pt",
            return_token_type_ids=False,
        ).to(model.device)
        with torch.inference_mode():
            ids = model.generate(**batch, max_new_tokens=MAX_NEW_TOKENS, **how)
        new = ids[:, batch.input_ids.shape[1] :]
        for index, text in zip(
            chosen, tokenizer.batch_decode(new, skip_special_tokens=True), strict=True
        ):
            texts[index] = text
    return texts


def read_rollout(recipe: Recipe, text: str) -> Rollout:
    """Split a sampled solution into labelled steps."""
    steps = tuple(step for step in text.split(STEP_SEPARATOR) if step.strip())
    return Rollout(recipe, steps, label_steps(recipe, steps), is_correct(recipe, text))


def is_correct(recipe: Recipe, text: str) -> bool:
    """Say whether a solution boxes the right answer."""
    return boxed_answer(text) == str(recipe.answer)


def sample_rollouts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    recipes: Sequence[Recipe],
    temperature: float,
) -> list[Rollout]:
    """Sample one solution per problem."""
    prompts = [prompt_of(recipe, tokenizer) for recipe in recipes]
    texts = sample_texts(model, tokenizer, prompts, temperature)
    return [read_rollout(recipe, text) for recipe, text in zip(recipes, texts, strict=True)]
