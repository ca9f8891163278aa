"""Train the PRM: the strongest policy with a LoRA and the two-class head of Qwen2.5-Math-PRM.

It reads a solution in that model's format, with a mark after each step, and is served as
`Qwen2ForProcessRewardModel`. The mark is a token that the tokenizer reserves and no text
uses, renamed; it begins with the meaning of the blank line whose place it takes. SmolLM2's
layers are Qwen2's without biases, so those are zero.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerFast

from ttsgrid.models import Tokenizer
from ttsgrid.models.prms import prm_format
from ttsgrid.models.prms.qwen_prm import QwenPrmFormat
from ttsgrid.smollm2.adapters import save_adapter, trainable, with_adapter
from ttsgrid.smollm2.family import AdapterSpec
from ttsgrid.smollm2.optimise import optimise, parts_of, passes
from ttsgrid.smollm2.policies import IGNORED, computing
from ttsgrid.smollm2.problems import SEPARATOR

FORMAT = "qwen"
MARK = QwenPrmFormat().mark
RESERVED_TOKEN = "<empty_output>"
NUM_CLASSES = 2
EVALUATED_TOKENS = 65536


@dataclass(frozen=True)
class MarkedSolution:
    """A solution as the PRM reads it.

    Attributes:
        ids: token ids.
        positions: of the marks.
        labels: one per mark, 1 for good.
    """

    ids: list[int]
    positions: list[int]
    labels: tuple[bool, ...]


class StepJudge(nn.Module):
    """A trunk and the head that reads it: two logits per token."""

    def __init__(self, trunk: nn.Module, hidden_size: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.score = new_head(hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits of shape (batch, length, 2)."""
        hidden = self.trunk(input_ids=ids, use_cache=False).last_hidden_state
        logits: Tensor = self.score(hidden.to(self.score[0].weight.dtype))
        return logits


def new_head(hidden_size: int) -> nn.Sequential:
    """Return the head of Qwen2.5-Math-PRM."""
    return nn.Sequential(
        nn.Linear(hidden_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, NUM_CLASSES)
    )


def with_mark(tokenizer: PreTrainedTokenizerFast, out: Path) -> PreTrainedTokenizerFast:
    """Save a tokenizer in which the reserved token is the PRM's mark, and load it."""
    tokenizer.save_pretrained(out)
    for file in out.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(RESERVED_TOKEN, MARK), encoding="utf-8")
    loaded: PreTrainedTokenizerFast = type(tokenizer).from_pretrained(out)
    return loaded


def load_trunk(policy: Path, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """Load a policy's layers, with the mark meaning what the blank line means.

    Args:
        policy: checkpoint of the policy.
        tokenizer: the one with the mark.
    """
    trunk = AutoModel.from_pretrained(policy, dtype=torch.bfloat16)
    (blank,) = tokenizer.encode(SEPARATOR, add_special_tokens=False)
    (mark,) = tokenizer.encode(MARK, add_special_tokens=False)
    with torch.no_grad():
        trunk.embed_tokens.weight[mark] = trunk.embed_tokens.weight[blank]
    return trunk


def mark_solution(
    tokenizer: Tokenizer,
    question: str,
    steps: Sequence[str],
    labels: Sequence[bool],
) -> MarkedSolution:
    """Encode a solution in the PRM's format, as a sweep does."""
    encoded = prm_format(FORMAT).encode_open(tokenizer, question, steps)
    return MarkedSolution(encoded.ids, encoded.positions, tuple(labels))


def train_prm(
    spec: AdapterSpec,
    trunk: PreTrainedModel,
    data: Sequence[MarkedSolution],
    out: Path,
    device: torch.device,
    report: Callable[[int, int, float], None],
    max_steps: int | None = None,
) -> StepJudge:
    """Train the PRM's adapter and head on labelled solutions and keep them in one file.

    Args:
        spec: the adapter and how long it learns.
        trunk: the policy's layers.
        data: solutions with labels.
        out: file of adapter and head.
        device: where to compute.
        report: called with (step, steps in all, loss) after each step.
        max_steps: ends sooner, for tests.
    """
    adapted = with_adapter(trunk, spec.rank, spec.seed)
    judge = StepJudge(adapted, trunk.config.hidden_size).to(device).train()
    rng = random.Random(f"ttsgrid-smollm2-{spec.name}-{spec.seed}")
    lengths = [len(item.ids) for item in data]
    batches = passes(lengths, spec.batch_tokens, spec.epochs, rng)[:max_steps]

    def losses() -> Iterator[Iterator[Tensor]]:
        for batch in batches:
            yield shares(batch, sum(len(data[i].labels) for i in batch))

    def shares(batch: Sequence[int], num_labels: int) -> Iterator[Tensor]:
        for part in parts_of(batch, lengths, device):
            with computing(device):
                logits, labels = judged(judge, [data[i] for i in part])
            yield cross_entropy(logits.float(), labels, reduction="sum") / num_labels

    def told(step: int, loss: float) -> None:
        report(step, len(batches), loss)

    optimise(trainable(judge), spec.learning_rate, losses(), len(batches), told)
    head = {f"score.{name}": tensor for name, tensor in judge.score.state_dict().items()}
    save_adapter(adapted, out, head)
    return judge


def judged(judge: nn.Module, batch: Sequence[MarkedSolution]) -> tuple[Tensor, Tensor]:
    """Return what a judge says at all marks of a batch, in order, and the marks' labels."""
    width = max(len(item.ids) for item in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    labels = torch.full((len(batch), width), IGNORED)
    for row, item in enumerate(batch):
        # Padding at the right, where no mark of a causal model looks.
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        labels[row, item.positions] = torch.tensor(item.labels).long()
    device = next(judge.parameters()).device
    labels = labels.to(device)
    at_mark = labels != IGNORED
    said: Tensor = judge(ids.to(device))
    return said[at_mark], labels[at_mark]


@torch.inference_mode()
def step_scores(judge: StepJudge, data: Sequence[MarkedSolution]) -> list[list[float]]:
    """Return the probability that each step is good, for each solution."""
    device = next(judge.parameters()).device
    order = sorted(range(len(data)), key=lambda index: len(data[index].ids))
    scores: list[list[float]] = [[] for _ in data]
    low = 0
    while low < len(order):
        high = min(len(order), low + max(1, EVALUATED_TOKENS // len(data[order[-1]].ids)))
        batch = [data[index] for index in order[low:high]]
        with computing(device):
            logits, _ = judged(judge, batch)
        good = iter(logits.float().softmax(-1)[:, 1].tolist())
        for index in order[low:high]:
            scores[index] = [next(good) for _ in data[index].positions]
        low = high
    return scores
