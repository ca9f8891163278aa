"""Write what a sweep measured into the card: `python -m ttsgrid.smollm2.evaluate STORE`.

Figures of policies and of the PRM's ranking come from a sweep's store, ProcessBench's from the
PRM run here. All go to `evaluation.json` beside the adapters, and from there into the card.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ttsgrid.core.cache import smollm2_folder
from ttsgrid.smollm2.base import file_hash, load_tokenizer
from ttsgrid.smollm2.build import PRM, STRONGEST, WEIGHTS
from ttsgrid.smollm2.card import write_card
from ttsgrid.smollm2.judging import load_judge, process_bench
from ttsgrid.smollm2.of_store import store_figures

EVALUATION = "evaluation.json"


def main(arguments: list[str] | None = None) -> None:
    """Measure what can be, keep what was measured before, write the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("store", type=Path, nargs="?", help="of the sweep of test problems")
    parser.add_argument("--data", type=Path, help="folder of ProcessBench's GSM8K file")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the adapters")
    options = parser.parse_args(arguments)
    file = options.weights / EVALUATION
    measured: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if options.store:
        measured["test"] = store_figures(options.store)
    if options.data:
        measured["processbench"] = judged(options.weights, options.data)
    measured["adapters"] = hashes(options.weights)
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    print(f"written: {write_card(options.weights, measured)}")


def judged(weights: Path, data: Path) -> Mapping[str, object]:
    """Run the PRM on ProcessBench; its checkpoint is built in the cache before."""
    torch.manual_seed(0)
    tokenizer = load_tokenizer(smollm2_folder() / PRM)
    policy = smollm2_folder() / STRONGEST
    judge = load_judge(policy, smollm2_folder() / PRM, weights / f"{PRM}.safetensors")
    return process_bench(judge, tokenizer, data)


def hashes(weights: Path) -> dict[str, str]:
    """Return which adapters the figures are of."""
    return {file.stem: file_hash(file) for file in sorted(weights.glob("*.safetensors"))}


if __name__ == "__main__":
    main()
