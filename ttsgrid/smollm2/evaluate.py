"""Write what was measured into the card: `python -m ttsgrid.smollm2.evaluate STORE --data FOLDER`.

Figures of policies and of the PRM's ranking come from a sweep's store. `--measure` says what is
run here beside them: the PRM on ProcessBench (up to 5 minutes on two cores), and the untrained
model under a plain prompt and under one with worked examples (7 minutes each with `--samples 4`
on 200 problems), on the store's problems. All go to `evaluation.json` beside the adapters, and
from there into the card.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ttsgrid.core.cache import smollm2_folder
from ttsgrid.core.sentence import ends_in_a_sentence
from ttsgrid.smollm2.base import file_hash, load_tokenizer
from ttsgrid.smollm2.build import PRM, STRONGEST, UNTRAINED, WEIGHTS, build
from ttsgrid.smollm2.card import write_card
from ttsgrid.smollm2.judging import load_judge, process_bench
from ttsgrid.smollm2.of_store import policy_solutions, store_figures
from ttsgrid.smollm2.problems import read_corpus
from ttsgrid.smollm2.prompting import NUM_EXAMPLES, prompt_figures
from ttsgrid.smollm2.sampling import make_sampler

EVALUATION = "evaluation.json"
PROCESS_BENCH = "processbench"
POLICY = f"smollm2-{STRONGEST}"
SAMPLES = Path("results/smollm2-prompts")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, keep what was measured before, write the card."""
    parser = _parser()
    options = parser.parse_args(arguments)
    chosen = options.measure if options.data else []
    prompts = [name for name in chosen if name in NUM_EXAMPLES]
    if prompts and not options.store:
        parser.error(f"--measure {prompts[0]} asks the problems of a sweep's STORE: name it")
    with ends_in_a_sentence(parser):
        _measure(options, chosen, prompts)


def _measure(options: argparse.Namespace, chosen: Sequence[str], prompts: Sequence[str]) -> None:
    file = options.weights / EVALUATION
    measured: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if options.store:
        measured["test"] = store_figures(options.store)
    if PROCESS_BENCH in chosen:
        measured["processbench"] = judged(options.weights, options.data)
    for name in prompts:
        found = prompted(name, options.store, options.data, options.samples)
        measured["prompts"] = measured.get("prompts", {}) | {name: found}
    measured["adapters"] = hashes(options.weights)
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    print(f"written: {write_card(options.weights, measured)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("store", type=Path, nargs="?", help="of the sweep of test problems")
    parser.add_argument("--data", type=Path, help="folder of GSM8K's and ProcessBench's files")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the adapters")
    parser.add_argument(
        "--measure",
        nargs="+",
        choices=(PROCESS_BENCH, *NUM_EXAMPLES),
        default=[PROCESS_BENCH],
        help=f"what to run on --data; default: {PROCESS_BENCH}",
    )
    parser.add_argument(
        "--samples", type=int, help="of each problem under a prompt; default: as the store has"
    )
    return parser


def judged(weights: Path, data: Path) -> Mapping[str, object]:
    """Run the PRM on ProcessBench, in bfloat16 as it is served."""
    build(smollm2_folder(), weights)
    torch.manual_seed(0)
    tokenizer = load_tokenizer(smollm2_folder() / PRM)
    policy = smollm2_folder() / STRONGEST
    judge = load_judge(policy, smollm2_folder() / PRM, weights / f"{PRM}.safetensors")
    judge.trunk.to(torch.bfloat16)  # in float32 it takes four times as long
    return process_bench(judge, tokenizer, data)


def prompted(
    name: str, store: Path, data: Path, num_samples: int | None = None
) -> Mapping[str, object]:
    """Let the untrained model solve a sweep's problems under one kind of prompt."""
    build(smollm2_folder())
    checkpoint = smollm2_folder() / UNTRAINED
    tokenizer = load_tokenizer(checkpoint)
    trained, train = policy_solutions(store, POLICY), read_corpus(data).train
    end = int(tokenizer.eos_token_id)
    with make_sampler(checkpoint, torch.device("cpu"), end, seed=0) as sampler:
        return prompt_figures(name, trained, train, tokenizer, sampler, SAMPLES, num_samples)


def hashes(weights: Path) -> dict[str, str]:
    """Return which adapters the figures are of."""
    return {file.stem: file_hash(file) for file in sorted(weights.glob("*.safetensors"))}


if __name__ == "__main__":
    main()
