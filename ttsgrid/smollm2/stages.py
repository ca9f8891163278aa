"""The stages of the training, each from files to a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from ttsgrid.core.errors import ConfigError
from ttsgrid.smollm2.base import (
    converted,
    load_tokenizer,
    packaged_file,
)
from ttsgrid.smollm2.build import merge_policy
from ttsgrid.smollm2.comparison import Marker, chosen_for_comparison, compare_labels
from ttsgrid.smollm2.family import AdapterSpec, Family
from ttsgrid.smollm2.judging import judge_held_out, labelled_by_people
from ttsgrid.smollm2.labels import by_monte_carlo, by_outcome, with_arithmetic
from ttsgrid.smollm2.losses import LossLog
from ttsgrid.smollm2.measure import Pools, policy_figures
from ttsgrid.smollm2.policies import examples_of, train_policy
from ttsgrid.smollm2.prms import load_trunk, mark_solution, train_prm, with_mark
from ttsgrid.smollm2.problems import Corpus, read_corpus
from ttsgrid.smollm2.rollouts import chosen_for_prm, solve
from ttsgrid.smollm2.sampling import Sampler, make_sampler
from ttsgrid.smollm2.solutions import Solution, read_solutions, write_solutions

POOL_SIZE = 16
COMPARISON = "label-comparison.json"


@dataclass(frozen=True)
class Training:
    """Where everything is, and what is trained.

    Attributes:
        base: the untrained model, as GGUF or as a checkpoint; None for the package's.
        out: what ships: adapters, losses, figures.
        work: what does not: checkpoints, samples.
        num_problems: for a trial, so many of either side; None for all.
        max_steps: of each training, for a trial.
        sampler_kind: see `make_sampler`.
    """

    family: Family
    base: Path | None
    data: Path
    out: Path
    work: Path
    device: torch.device
    num_problems: int | None = None
    max_steps: int | None = None
    sampler_kind: str | None = None

    @cached_property
    def corpus(self) -> Corpus:
        """The problems, fewer for a trial."""
        return read_corpus(self.data).beginning(self.num_problems)

    @cached_property
    def untrained(self) -> Path:
        """Checkpoint of the untrained model."""
        self.work.mkdir(parents=True, exist_ok=True)
        base = self.base or packaged_file()
        return base if base.is_dir() else converted(base, self.work)

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """That of the policies."""
        return load_tokenizer(self.untrained)

    @property
    def where(self) -> dict[str, str]:
        """The device, for logs."""
        is_gpu = self.device.type == "cuda"
        return {"device": torch.cuda.get_device_name() if is_gpu else "cpu"}

    def adapter(self, name: str) -> Path:
        """File of an adapter."""
        return self.out / f"{name}.safetensors"

    def sampler(self, name: str, seed: int) -> AbstractContextManager[Sampler]:
        """Return a sampler of a policy, to be opened."""
        checkpoint = self.untrained if name == "base" else self.work / name
        end = int(self.tokenizer.eos_token_id)
        return make_sampler(checkpoint, self.device, end, seed, self.sampler_kind)


def train_one(spec_name: str, training: Training) -> str:
    """Train a policy and merge it into a checkpoint."""
    spec: AdapterSpec = getattr(training.family, spec_name)
    file = training.adapter(spec.name)
    if not file.exists():
        log = LossLog(spec.name)
        examples = examples_of(training.corpus.train, training.tokenizer)
        train_policy(
            spec,
            training.untrained,
            examples,
            file,
            training.device,
            log.add,
            training.max_steps,
        )
        log.write(training.out, asdict(spec) | training.where)
    checkpoint = training.work / spec.name
    if not (checkpoint / "config.json").exists():
        merge_policy(training.untrained, file, checkpoint)
    return str(file)


def sample(training: Training) -> str:
    """Let policies solve training problems."""
    spec = training.family.rollouts
    problems = training.corpus.train[spec.first_problem :][: spec.num_problems]
    for name, count in (("weak", spec.num_weak_samples), ("strong", spec.num_samples)):
        file = training.work / f"rollouts-{name}.jsonl"
        if not file.exists() and count:
            seed = spec.seed + spec.first_problem
            arguments = (count, spec.temperature, spec.max_tokens, spec.first_problem)
            with training.sampler(name, seed) as sampler:
                done = solve(name, problems, training.tokenizer, sampler, *arguments)
            write_solutions(done, file)
    found = sampled(training)
    right = sum(one.correct for one in found)
    return f"{len(found)} solutions, {right} of them right"


def sampled(training: Training) -> list[Solution]:
    """Return the policies' solutions of training problems."""
    files = [training.work / f"rollouts-{name}.jsonl" for name in ("weak", "strong")]
    return [one for file in files if file.exists() for one in read_solutions(file)]


def label(training: Training) -> str:
    """Choose solutions for the PRM and label their steps as its family says."""
    spec = training.family.rollouts
    file = training.work / f"labelled-{labels_from(training)}.jsonl"
    if file.exists():
        return f"kept {file}"
    chosen = chosen_for_prm(sampled(training), training.corpus.train, spec)
    outcome = [by_outcome(one) for one in chosen]
    write_solutions(outcome, training.work / "labelled-outcome.jsonl")
    if labels_from(training) == "monte_carlo":
        write_solutions(completed(training, outcome), file)
    right = sum(one.correct for one in chosen)
    return f"{len(chosen)} solutions, {right} of them right"


def completed(training: Training, solutions: list[Solution]) -> list[Solution]:
    """Label wrong solutions by Monte Carlo, as many as the family says."""
    spec = training.family.rollouts
    wrong = [i for i, one in enumerate(solutions) if not one.correct][: spec.num_monte_carlo]
    chosen = [solutions[i] for i in wrong]
    with training.sampler("strong", spec.seed + 1) as sampler:
        found = by_monte_carlo(chosen, training.corpus.train, training.tokenizer, sampler, spec)
    by_place = dict(zip(wrong, found, strict=True))
    return [by_place.get(i, one) for i, one in enumerate(solutions)]


def labels_from(training: Training) -> str:
    """Where labels come from, before arithmetic overrules them."""
    return "monte_carlo" if "monte_carlo" in training.family.labels.split("+") else "outcome"


def labelled(training: Training) -> list[Solution]:
    """Return the PRM's data with the labels that its family names."""
    solutions = read_solutions(training.work / f"labelled-{labels_from(training)}.jsonl")
    if "arithmetic" not in training.family.labels.split("+"):
        return solutions
    return [with_arithmetic(one) for one in solutions]


def train_judge(training: Training) -> str:
    """Train the PRM on the strongest policy's layers."""
    spec = training.family.prm
    file = training.adapter(spec.name)
    if file.exists():
        return f"kept {file}"
    tokenizer = with_mark(training.tokenizer, training.work / "prm-tokenizer")
    problems, log = training.corpus.train, LossLog(spec.name)
    data = [
        mark_solution(tokenizer, problems[one.problem].question, one.steps, one.labels)
        for one in labelled(training)
        if one.steps
    ]
    if not data:
        raise ConfigError(
            "rollouts: no problem has right and wrong solutions, so a PRM can learn nothing; "
            "sample more (--set rollouts.num_samples=8)"
        )
    trunk = load_trunk(training.work / "strong", tokenizer)
    train_prm(spec, trunk, data, file, training.device, log.add, training.max_steps)
    log.write(training.out, {**asdict(spec), "labels": training.family.labels, **training.where})
    return str(file)


def held_out(name: str, training: Training) -> str:
    """Let a policy, or the untrained model, solve held-out problems."""
    spec, problems = training.family.rollouts, training.corpus.held_out
    files = [training.work / f"held-out-{name}-{kind}.jsonl" for kind in ("greedy", "pool")]
    if not all(file.exists() for file in files):
        settings = ((1, 0.0), (POOL_SIZE, spec.temperature))
        with training.sampler(name, spec.seed + 2) as sampler:
            for file, setting in zip(files, settings, strict=True):
                arguments = (training.tokenizer, sampler, *setting, spec.max_tokens)
                write_solutions(solve(name, problems, *arguments), file)
    greedy, pool = (read_solutions(file) for file in files)
    figures = policy_figures(Pools.of(pool), greedy)
    _write(training.out / f"{name}-held-out.json", figures)
    return json.dumps(figures)


def judge(training: Training) -> str:
    """Measure the PRM on held-out pools and on ProcessBench."""
    figures = judge_held_out(
        training.work,
        training.data,
        training.adapter("prm"),
        training.corpus.held_out,
        training.device,
    )
    _write(training.out / "prm.json", figures)
    return json.dumps(figures)


def compare(training: Training) -> str:
    """Measure heads that learnt from the same solutions under each kind of labels."""
    rollouts, spec = training.family.rollouts, training.family.comparison
    problems = training.corpus.train
    compared = chosen_for_comparison(sampled(training), problems, rollouts, spec)
    file = training.work / "compared-monte_carlo.jsonl"
    if not file.exists():
        wrong = compared.to_complete(spec)
        with training.sampler("strong", rollouts.seed + 3) as sampler:
            done = by_monte_carlo(wrong, problems, training.tokenizer, sampler, rollouts)
        write_solutions(done, file)
    tokenizer = with_mark(training.tokenizer, training.work / "prm-tokenizer")
    trunk = load_trunk(training.work / "strong", tokenizer).to(training.device)
    figures = compare_labels(
        compared,
        read_solutions(file),
        labelled_by_people(tokenizer, training.data),
        Marker(tokenizer, trunk, problems),
        spec,
    )
    _write(training.out / COMPARISON, figures | training.where)
    return json.dumps(figures)


def _write(file: Path, figures: Mapping[str, object]) -> None:
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


TRAINING: dict[str, Callable[[Training], str]] = {
    "weak": partial(train_one, "weak"),
    "strong": partial(train_one, "strong"),
    "sample": sample,
    "label": label,
    "prm": train_judge,
}
MEASURING: dict[str, Callable[[Training], str]] = {
    "held-out-base": partial(held_out, "base"),
    "held-out-weak": partial(held_out, "weak"),
    "held-out-strong": partial(held_out, "strong"),
    "judge": judge,
    "compare-labels": compare,
}
ALL = TRAINING | MEASURING
