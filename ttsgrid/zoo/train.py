"""Train the whole zoo: `python -m ttsgrid.zoo.train [--out FOLDER] [--only NAME ...]`.

Seeded; about an hour and a half on two CPU cores, minutes on a GPU. Members that the folder
already holds are kept, so an interrupted training goes on. `--only` trains some
(PRMs need the policies and the trunk to be there).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from ttsgrid.benchmarks.zoo.task import LEVELS, draw
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.zoo.family import LARGEST, POLICIES, PRMS, TRUNK
from ttsgrid.zoo.monte_carlo import monte_carlo_labels
from ttsgrid.zoo.policies import train_policy
from ttsgrid.zoo.prms import (
    LabelledSolution,
    PrmSpec,
    classifier_from_trunk,
    label_rollouts,
    prm_batch,
    train_prm,
)
from ttsgrid.zoo.rollouts import Rollout, sample_rollouts
from ttsgrid.zoo.tokenizer import build_tokenizer
from ttsgrid.zoo.trunk import train_trunk

ROLLOUT_TEMPERATURE = 1.0
console = Console()


def reporter(name: str, num_steps: int, log: list[float]) -> Callable[[int, float], None]:
    """Return a callback that logs every loss and prints one line every 100 steps."""
    started = time.monotonic()

    def report(step: int, loss: float) -> None:
        log.append(loss)
        if (step + 1) % 100 == 0:
            mean = sum(log[-100:]) / len(log[-100:])
            console.print(
                f"{name} {step + 1}/{num_steps} loss {mean:.3f} {time.monotonic() - started:.0f} s"
            )

    return report


def save_losses(folder: Path, log: list[float]) -> None:
    """Keep the losses, averaged over every 100 steps, for the model card."""
    means = [sum(part) / len(part) for part in (log[i : i + 100] for i in range(0, len(log), 100))]
    (folder / "training_losses.json").write_text(json.dumps([round(mean, 4) for mean in means]))


def make_policy(name: str, out: Path, device: torch.device) -> None:
    """Train one policy and save it as a Hugging Face checkpoint."""
    spec, tokenizer, log = POLICIES[name], build_tokenizer(), list[float]()
    model = train_policy(spec, tokenizer, device, reporter(name, spec.num_steps, log))
    model.save_pretrained(out / name)
    tokenizer.save_pretrained(out / name)
    save_losses(out / name, log)


def make_trunk(name: str, out: Path, device: torch.device) -> None:
    """Train what the PRMs start from and save it beside them."""
    tokenizer, log = build_tokenizer(), list[float]()
    policy = load_policy(LARGEST, out, device)
    trunk = train_trunk(TRUNK, policy, tokenizer, reporter(name, TRUNK.num_steps, log))
    trunk.save_pretrained(out / name)
    tokenizer.save_pretrained(out / name)
    save_losses(out / name, log)


def load_policy(name: str, out: Path, device: torch.device) -> LlamaForCausalLM:
    """Load a trained policy."""
    model = AutoModelForCausalLM.from_pretrained(out / name, dtype=torch.float32)
    return model.to(device).eval()


def training_rollouts(spec: PrmSpec, out: Path, device: torch.device) -> list[Rollout]:
    """Let every policy solve the PRM's training problems once, levels in turn."""
    torch.manual_seed(spec.seed)
    rng = random.Random(f"ttsgrid-zoo-{spec.name}-problems-{spec.seed}")
    # From the training side alone: a PRM that had seen test problems would rank too well.
    recipes = [draw(rng, 1 + i % len(LEVELS), test=False) for i in range(spec.num_problems)]
    tokenizer = AutoTokenizer.from_pretrained(out / LARGEST)
    rollouts: list[Rollout] = []
    for name in POLICIES:
        policy = load_policy(name, out, device)
        rollouts += sample_rollouts(policy, tokenizer, recipes, ROLLOUT_TEMPERATURE)
        console.print(f"{spec.name}: {name} solved {len(recipes)} training problems")
    return [rollout for rollout in rollouts if rollout.steps]


def make_token_classifier(spec: PrmSpec, out: Path, device: torch.device) -> None:
    """Train the PRM in Qwen's layout on exact step labels."""
    data = label_rollouts(training_rollouts(spec, out, device))
    tokenizer = build_tokenizer(with_bos=False)
    torch.manual_seed(spec.seed)
    trunk = load_policy(TRUNK.name, out, device)
    prm = classifier_from_trunk(trunk, tokenizer).to(device)
    log: list[float] = []
    train_prm(
        spec,
        prm,
        lambda batch: prm(batch.ids.to(device), batch.mask.to(device)).cpu(),
        lambda solutions: prm_batch(solutions, tokenizer, "qwen", (0, 1)),
        data,
        reporter(spec.name, spec.num_steps, log),
    )
    folder = out / spec.name
    prm.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # `save_file` with the names that vLLM loads: our module is none of transformers'.
    weights = {name: tensor.contiguous() for name, tensor in prm.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    save_losses(folder, log)


def make_step_tag_prm(spec: PrmSpec, out: Path, device: torch.device) -> None:
    """Train the PRM in Math-Shepherd's format on Monte Carlo labels."""
    rollouts = training_rollouts(spec, out, device)
    tokenizer = build_tokenizer()
    labels = asyncio.run(
        monte_carlo_labels(
            out / LARGEST,
            tokenizer,
            rollouts,
            spec.num_completions,
            use_gpu=device.type == "cuda",
        )
    )
    console.print(f"{spec.name}: {sum(map(len, labels))} steps have Monte Carlo labels")
    data = [
        LabelledSolution(rollout.recipe.question, rollout.steps, row)
        for rollout, row in zip(rollouts, labels, strict=True)
    ]
    minus, plus = tokenizer.convert_tokens_to_ids(["-", "+"])
    prm = load_policy(TRUNK.name, out, device).train()
    log: list[float] = []
    train_prm(
        spec,
        prm,
        lambda b: prm(input_ids=b.ids.to(device), attention_mask=b.mask.to(device)).logits.cpu(),
        lambda solutions: prm_batch(solutions, tokenizer, "math_shepherd", (minus, plus)),
        data,
        reporter(spec.name, spec.num_steps, log),
    )
    prm.save_pretrained(out / spec.name)
    tokenizer.save_pretrained(out / spec.name)
    save_losses(out / spec.name, log)


def make_prm(name: str, out: Path, device: torch.device) -> None:
    """Train a PRM of whichever kind its specification names."""
    spec = PRMS[name]
    make = make_token_classifier if spec.kind == "token_classifier" else make_step_tag_prm
    make(spec, out, device)


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ZOO_WEIGHTS, help="folder of the checkpoints")
    parser.add_argument(
        "--only", nargs="+", choices=[*POLICIES, TRUNK.name, *PRMS], help="train just these"
    )
    parser.add_argument("--threads", type=int, help="CPU threads; small models are fastest with 1")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    makers = {
        **dict.fromkeys(POLICIES, make_policy),
        TRUNK.name: make_trunk,
        **dict.fromkeys(PRMS, make_prm),
    }
    for name, make in makers.items():
        if options.only and name not in options.only:
            continue
        if (options.out / name / "model.safetensors").exists():
            console.print(f"{name}: kept, {options.out / name} holds it")
            continue
        make(name, options.out, device)


if __name__ == "__main__":
    main()
