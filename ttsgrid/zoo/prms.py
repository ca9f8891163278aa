"""Train the zoo's two PRMs on what the policies write, in the two real formats.

`zoo-prm` is a two-class token classifier in the layout of
`Qwen2ForProcessRewardModel` (Qwen2.5-Math-PRM): a trunk and a two-layer head,
read at each `<extra_0>`, trained on exact step labels. `zoo-shepherd` is a causal
LM that predicts `+` or `-` at each `ки`, trained on Monte Carlo labels.

Both start from the trunk (`ttsgrid.zoo.trunk`), which knows the arithmetic and can
compare: what they learn is a format, which steps are right there, and how a solution
goes on once a step is wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2Model

from ttsgrid.models.prms import prm_format
from ttsgrid.models.prms.qwen_layout import qwen_config, with_biases
from ttsgrid.zoo.optimise import FINE_TUNING_RATE, optimise
from ttsgrid.zoo.rollouts import Rollout

BATCH_SIZE = 96
BATCHES_DRAWN_AT_ONCE = 4


@dataclass(frozen=True)
class PrmSpec:
    """Kind and training length of one PRM.

    Attributes:
        num_problems: training problems; each policy solves each once.
        num_completions: Monte Carlo completions per step (`step_tag` only).
    """

    name: str
    kind: str
    num_problems: int
    num_steps: int
    num_completions: int = 8
    seed: int = 0


@dataclass(frozen=True)
class LabelledSolution:
    """A solution with one label per step, however they were made."""

    question: str
    steps: tuple[str, ...]
    labels: tuple[bool, ...]


class Qwen2ForProcessRewardModel(nn.Module):
    """The layout that vLLM serves under this name: `model.*` and `score.{0,2}.*`."""

    def __init__(self, config: Qwen2Config) -> None:
        super().__init__()
        self.config = config
        self.model = Qwen2Model(config)
        size = config.hidden_size
        self.score = nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Linear(size, 2))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return two logits per token, shape (batch, length, 2)."""
        hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        logits: Tensor = self.score(hidden)
        return logits


def classifier_from_trunk(
    trunk: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> Qwen2ForProcessRewardModel:
    """Copy the trunk into the PRM's layout."""
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    prm = Qwen2ForProcessRewardModel(qwen_config(trunk.config, **ends))
    prm.model.load_state_dict(with_biases(trunk.model.state_dict()))
    return prm


def label_rollouts(rollouts: Sequence[Rollout]) -> list[LabelledSolution]:
    """Pair rollouts with their exact labels."""
    return [LabelledSolution(r.recipe.question, r.steps, r.labels) for r in rollouts if r.steps]


@dataclass(frozen=True)
class PrmBatch:
    """Padded ids, mask and targets, each of shape (batch, length); targets are -100 off steps."""

    ids: Tensor
    mask: Tensor
    targets: Tensor


def prm_batch(
    solutions: Sequence[LabelledSolution],
    tokenizer: PreTrainedTokenizerFast,
    format_name: str,
    classes: tuple[int, int],
) -> PrmBatch:
    """Encode solutions in a PRM's real format, with (bad, good) classes at its marks."""
    encode = prm_format(format_name).encode
    inputs = [encode(tokenizer, s.question, s.steps) for s in solutions]
    width = max(len(item.ids) for item in inputs)
    ids = torch.full((len(inputs), width), int(tokenizer.pad_token_id or 0))
    mask = torch.zeros_like(ids)
    targets = torch.full_like(ids, -100)  # what `cross_entropy` leaves out: all but step marks
    for row, (item, solution) in enumerate(zip(inputs, solutions, strict=True)):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
        targets[row, list(item.positions)] = torch.tensor(
            [classes[good] for good in solution.labels]
        )
    return PrmBatch(ids, mask, targets)


def batches(
    data: Sequence[LabelledSolution], rng: random.Random
) -> Iterator[list[LabelledSolution]]:
    """Yield random batches without end, each of solutions of about one length: less padding."""
    while True:
        drawn = rng.sample(data, BATCH_SIZE * BATCHES_DRAWN_AT_ONCE)
        drawn.sort(key=lambda solution: len(solution.steps))
        starts = list(range(0, len(drawn), BATCH_SIZE))
        rng.shuffle(starts)
        for start in starts:
            yield drawn[start : start + BATCH_SIZE]


def train_prm(
    spec: PrmSpec,
    model: nn.Module,
    logits_of: Callable[[PrmBatch], Tensor],
    make_batch: Callable[[Sequence[LabelledSolution]], PrmBatch],
    data: Sequence[LabelledSolution],
    report: Callable[[int, float], None],
) -> None:
    """Fine-tune a PRM in place on step labels; `report(step, loss)` after each step."""
    rng = random.Random(f"ttsgrid-zoo-{spec.name}-{spec.seed}")
    upcoming = batches(data, rng)

    def loss() -> Tensor:
        batch = make_batch(next(upcoming))
        return cross_entropy(logits_of(batch).flatten(0, 1), batch.targets.flatten())

    optimise(model, spec.num_steps, loss, report, FINE_TUNING_RATE)
