"""Where both PRMs start: the largest policy, with layers above it that compare.

A policy knows the next token at its last layer only, so a PRM needs layers above it to
compare that with what was written. Trained on solutions alone they learn which problems
are hard and nothing about steps. So first the policy goes on learning to write
solutions, now in the PRMs' formats too; then the layers above it are told of single
tokens whether they are right, with the policy frozen below, and learn to compare in
minutes: results from drills, operations from reference solutions with errors put in by
hand (all measured).

The trunk says `+` or `-` after a token, and at a line's mark of the line alone. That is
neither PRM's task, and it never sees what a policy wrote.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from ttsgrid.benchmarks.zoo.task import STEP_SEPARATOR, draw_of_length
from ttsgrid.models.prms import prm_format
from ttsgrid.zoo.drills import TOKENS_PER_EQUATION
from ttsgrid.zoo.judged import IGNORED, TrunkSpec, batches, tokenizers_of_formats
from ttsgrid.zoo.optimise import FINE_TUNING_RATE, optimise
from ttsgrid.zoo.policies import MAX_OPERATIONS
from ttsgrid.zoo.tokenizer import QWEN_STEP_MARK, SHEPHERD_STEP_TAG

VERDICTS = ("-", "+")


def deepened(policy: LlamaForCausalLM, num_new_layers: int) -> LlamaForCausalLM:
    """Return a copy of a policy with more layers on top, which change nothing at first."""
    old = policy.config.num_hidden_layers
    config = copy.deepcopy(policy.config)
    config.num_hidden_layers = old + num_new_layers
    deeper = LlamaForCausalLM(config).to(policy.device)
    missing, unexpected = deeper.load_state_dict(policy.state_dict(), strict=False)
    if unexpected or any(int(name.split(".")[2]) < old for name in missing):
        raise RuntimeError(f"layers do not match: {missing} {unexpected}")
    for layer in deeper.model.layers[old:]:
        # A layer whose outputs are zero adds nothing to the residual stream.
        nn.init.zeros_(layer.self_attn.o_proj.weight)
        nn.init.zeros_(layer.mlp.down_proj.weight)
    return deeper


def train_trunk(
    spec: TrunkSpec,
    policy: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    report: Callable[[int, float], None],
) -> LlamaForCausalLM:
    """Teach a policy the PRMs' formats; put layers on it and train those to judge tokens."""
    torch.manual_seed(spec.seed)
    learn_formats(spec, policy, tokenizer, report)
    trunk = deepened(policy, spec.num_new_layers)
    # The policy's layers stay as they are: what they know of arithmetic is to be compared with.
    for parameter in trunk.model.parameters():
        parameter.requires_grad_(False)
    for layer in trunk.model.layers[policy.config.num_hidden_layers :]:
        layer.requires_grad_(True)
    verdicts = torch.tensor(tokenizer.convert_tokens_to_ids(list(VERDICTS)))
    with torch.no_grad():
        trunk.lm_head.weight[verdicts] = 0.0  # start undecided
    upcoming = batches(spec, tokenizer)

    def loss() -> Tensor:
        batch = next(upcoming)
        logits = trunk(input_ids=batch.ids.to(trunk.device)).logits.cpu()
        judged = batch.is_right != IGNORED
        return cross_entropy(logits[judged][:, verdicts], batch.is_right[judged])

    done = spec.num_format_steps
    optimise(
        trunk.train(), spec.num_judging_steps, loss, lambda step, loss: report(done + step, loss)
    )
    return trunk.requires_grad_(True).eval()


def learn_formats(
    spec: TrunkSpec,
    policy: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    report: Callable[[int, float], None],
) -> None:
    """Train a policy in place on reference solutions as the PRMs will read solutions."""
    for mark in (QWEN_STEP_MARK, SHEPHERD_STEP_TAG):
        use_as_separator(policy, tokenizer, mark)
    rng = random.Random(f"ttsgrid-zoo-{spec.name}-formats-{spec.seed}")
    tokenizers = tokenizers_of_formats(tokenizer)

    def loss() -> Tensor:
        name, num_operations = rng.choice(list(tokenizers)), rng.randint(1, MAX_OPERATIONS)
        encode = prm_format(name).encode
        recipes = [
            draw_of_length(rng, num_operations, spec.product_share, test=False)
            for _ in range(spec.batch_size)
        ]
        inputs = [encode(tokenizers[name], recipe.question, recipe.steps) for recipe in recipes]
        ids = torch.tensor([item.ids for item in inputs]).to(policy.device)
        start = inputs[0].positions[0] - TOKENS_PER_EQUATION
        logits = policy(input_ids=ids).logits[:, start:-1]
        return cross_entropy(logits.flatten(0, 1), ids[:, start + 1 :].flatten())

    optimise(policy.train(), spec.num_format_steps, loss, report, FINE_TUNING_RATE)


def use_as_separator(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, mark: str
) -> None:
    """Let a PRM's step mark begin with the meaning of the separator that it replaces."""
    old, new = tokenizer.convert_tokens_to_ids([STEP_SEPARATOR, mark])
    with torch.no_grad():
        model.model.embed_tokens.weight[new] = model.model.embed_tokens.weight[old]
