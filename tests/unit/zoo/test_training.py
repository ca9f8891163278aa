"""What the zoo's training data say: errors are where their labels put them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from ttsgrid.benchmarks.zoo.task import MODULUS, Operation, Recipe, draw_of_length, label_steps
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines import EngineStats, Generation, GenerationRequest
from ttsgrid.zoo import monte_carlo
from ttsgrid.zoo.corpus import slip_rate, written_steps
from ttsgrid.zoo.judged import (
    IGNORED,
    TrunkSpec,
    judged_equations,
    judged_recipes,
    tokenizers_of_formats,
    with_errors,
)
from ttsgrid.zoo.rollouts import read_rollout
from ttsgrid.zoo.tokenizer import build_tokenizer
from ttsgrid.zoo.trunk import deepened, use_as_separator

SPEC = TrunkSpec(
    "trunk",
    num_new_layers=2,
    num_format_steps=1,
    num_drill_steps=1,
    num_recipe_steps=1,
    batch_size=16,
)
RECIPE = Recipe(17, (Operation("+", 23), Operation("*", 5), Operation("-", 20)), level=2)


def test_a_drill_equation_is_judged_right_where_it_holds() -> None:
    tokenizer = build_tokenizer()
    judged = judged_equations(SPEC, tokenizer, torch.Generator().manual_seed(0))
    for ids, verdicts in zip(judged.ids[:64], judged.is_right[:64], strict=True):
        left, right = tokenizer.decode(ids).split(" = ")
        # The grammar of a drill is three numbers and a symbol.
        holds = eval(left) % MODULUS == int(right)
        assert verdicts.tolist() == [IGNORED] * 4 + [int(holds)] * 2


def test_lines_judged_right_are_the_reference_up_to_the_first_error() -> None:
    rng = random.Random(0)
    for _ in range(200):
        recipe = draw_of_length(rng, rng.randint(1, 6), 0.3, test=False)
        slip_at = rng.randrange(len(recipe.operations))
        steps, verdicts = with_errors(recipe, slip_at, 0.3, rng)
        lines = [of_line for *_, of_line in verdicts]
        first_error = lines.index(0)
        exact = label_steps(recipe, tuple(steps))
        assert exact[:first_error] == (True,) * first_error
        assert not exact[first_error]
        assert lines[slip_at] == 0
        assert set(lines[slip_at + 1 :]) <= {IGNORED}


def test_without_errors_every_judged_token_is_right() -> None:
    steps, verdicts = with_errors(RECIPE, None, 0.0, random.Random(0))
    assert tuple(steps) == RECIPE.steps[:-1]
    assert verdicts == [[IGNORED, 1, 1, IGNORED, 1, 1]] * 3


@pytest.mark.parametrize("name", ["qwen", "math_shepherd"])
def test_verdicts_of_recipes_lie_on_their_own_tokens(name: str) -> None:
    tokenizer = tokenizers_of_formats(build_tokenizer())[name]
    judged = judged_recipes(SPEC, {name: tokenizer}, random.Random(0), 3)
    mark = {"qwen": "<extra_0>", "math_shepherd": "ки"}[name]
    assert judged.ids.shape == judged.is_right.shape
    for ids, verdicts in zip(judged.ids, judged.is_right, strict=True):
        tokens = tokenizer.convert_ids_to_tokens(ids.tolist())
        start = next(i for i, verdict in enumerate(verdicts.tolist()) if verdict != IGNORED) - 1
        spaces = 1 if name == "math_shepherd" else 0  # before the tag, and the line's end after it
        line = tokens[start : start + 6 + spaces]
        left, symbol, right, _, result, *_ = line
        assert line[-1] == mark
        holds = eval(f"{left}{symbol}{right}") % MODULUS == int(result)
        assert verdicts[start + 4] == int(holds)
        assert {" = ", "assistant", "Ġ"}.isdisjoint(
            token for token, verdict in zip(tokens, verdicts.tolist(), strict=True) if verdict >= 0
        )


def test_a_corpus_without_slips_is_the_reference() -> None:
    assert written_steps(RECIPE, 0.0, random.Random(0)) == RECIPE.steps


def test_a_slip_is_one_too_many_and_the_solution_goes_on_from_it() -> None:
    recipe = Recipe(3, (Operation("*", 46), Operation("+", 5)), level=1)
    steps = written_steps(recipe, 1.0, random.Random(0))
    assert steps == ("3 * 46 = 45", "45 + 5 = 3", r"The answer is \boxed{3}.")
    assert label_steps(recipe, steps) == (False, False, False)


def test_slips_grow_with_the_factor_and_leave_sums_alone() -> None:
    assert slip_rate(Operation("+", 46), 0.7) == slip_rate(Operation("-", 46), 0.7) == 0.0
    assert slip_rate(Operation("*", 23), 0.7) == pytest.approx(0.35)
    rng = random.Random(0)
    recipe = Recipe(1, (Operation("*", 46),), level=1)
    slipped = sum(written_steps(recipe, 0.7, rng)[0] != recipe.steps[0] for _ in range(2000))
    assert slipped / 2000 == pytest.approx(0.7, abs=0.05)


def tiny_policy() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(build_tokenizer()),
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
        )
    ).eval()


def test_new_layers_change_nothing_at_first() -> None:
    policy = tiny_policy()
    ids = torch.arange(12)[None]
    with torch.inference_mode():
        assert torch.equal(deepened(policy, 2)(ids).logits, policy(ids).logits)


def test_a_step_mark_begins_as_the_separator() -> None:
    policy, tokenizer = tiny_policy(), build_tokenizer()
    use_as_separator(policy, tokenizer, "<extra_0>")
    embedded = policy.model.embed_tokens.weight
    blank, mark = tokenizer.convert_tokens_to_ids(["\n\n", "<extra_0>"])
    assert torch.equal(embedded[mark], embedded[blank])


@dataclass
class Completer:
    """Goes on without an error from whatever is written, and only at one index of four."""

    device = "cpu"
    block_tokens = 32
    max_input_tokens = 1 << 20

    recipe: Recipe
    asked: int = 0

    async def generate(self, request: GenerationRequest) -> Generation:
        self.asked += 1
        tokenizer = build_tokenizer()
        text = tokenizer.decode(list(request.prompt_ids))
        written = [line for line in text.split("assistant\n")[1].split("\n\n") if line]
        value = int(written[-1].split(" = ")[1])
        for operation in self.recipe.operations[len(written) :]:
            value = operation.apply(value)
        answer = value if self.asked % 4 == 0 else (value + 1) % MODULUS
        ids = tokenizer(f"The answer is \\boxed{{{answer}}}.", add_special_tokens=False).input_ids
        return Generation(tuple(ids), FinishReason.STOP, None, Usage(0, 0, len(ids)))

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        pass


@pytest.mark.parametrize("wrong_at", [None, 0, 1, 2])
def test_a_step_is_good_when_any_completion_from_it_reaches_the_answer(
    wrong_at: int | None,
) -> None:
    steps, value = [], RECIPE.start
    for index, operation in enumerate(RECIPE.operations):
        result = (operation.apply(value) + (index == wrong_at)) % MODULUS
        steps.append(f"{value} {operation.symbol} {operation.operand} = {result}")
        value = result
    rollout = read_rollout(RECIPE, "\n\n".join([*steps, f"The answer is \\boxed{{{value}}}."]))
    completer = Completer(RECIPE)
    labels = asyncio.run(
        monte_carlo.label_steps_of(completer, build_tokenizer(), rollout, num_completions=4)
    )
    assert labels == rollout.labels
    # Right solutions need no completion; in wrong ones the first bad of four steps is halved to.
    assert completer.asked == (0 if wrong_at is None else 4 * 2)
