"""Written verdicts: the model reasons up to its lead, and the verdict's probability is read."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

from ttsgrid.core.errors import ConfigError, ScoringError
from ttsgrid.core.price import distinct, prefixes_of
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import start_engine
from ttsgrid.engines.verdicts import VerdictScorer
from ttsgrid.models.prms import VerifierFormat, inline_prm_format, prm_format
from ttsgrid.zoo.tokenizer import build_tokenizer

TOKENIZER = build_tokenizer(with_bos=False)
QUESTION, STEPS = "Why {solution}?", ("Since 3.", "So 4.")
LEAD = "Verdict:"
FORMAT = VerifierFormat(
    engine_task="written_verdict", lead=LEAD, positive="1", negative="0", verdicts=3, max_tokens=40
)


def ids_of(text: str) -> tuple[int, ...]:
    return tuple(TOKENIZER.encode(text, add_special_tokens=False))


class Scripted:
    """Writes the next text of its list; reads probabilities from the text it is given."""

    device = "cpu"
    block_tokens = 32
    max_input_tokens = 1000

    def __init__(self, *texts: str, odds: Callable[[str], float] = lambda text: 3.0) -> None:
        self.texts = list(texts)
        self.odds = odds
        self.requests: list[GenerationRequest] = []
        self.reads = True

    async def generate(self, request: GenerationRequest) -> Generation:
        self.requests.append(request)
        await asyncio.sleep(0)
        num_prompt = len(request.prompt_ids)
        if request.read_tokens:
            odds = self.odds(TOKENIZER.decode(list(request.prompt_ids)))
            read = (math.log(0.1), math.log(0.1 * odds)) if self.reads else ()
            usage = Usage(num_prompt, num_prompt - 1, 1)
            return Generation((5,), FinishReason.LENGTH, None, usage, read)
        ids = ids_of(self.texts.pop(0))
        return Generation(ids, FinishReason.STOP, None, Usage(num_prompt, 0, len(ids)))

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        """Nothing to free."""


def score(engine: Scripted, fmt: VerifierFormat = FORMAT, times: int = 1) -> list[ScoredSteps]:
    async def run() -> list[ScoredSteps]:
        scorer = VerdictScorer(engine, fmt, TOKENIZER)
        return [await scorer.score(QUESTION, STEPS) for _ in range(times)]

    return asyncio.run(run())


def test_the_mean_of_the_verdicts_probabilities_is_the_solutions_one_score() -> None:
    odds = {"A": 1.0, "B": 3.0, "C": 9.0}
    texts = [f"{name} it is. {LEAD} 1" for name in odds]
    engine = Scripted(*texts, odds=lambda text: odds[text[-len(f"A it is. {LEAD}")]])
    (scored,) = score(engine)
    assert list(scored.scores) == pytest.approx([(1 / 2 + 3 / 4 + 9 / 10) / 3])
    assert scored.whole
    written = [request for request in engine.requests if not request.read_tokens]
    assert len({request.seed for request in written}) == 3
    assert {request.stop for request in written} == {(LEAD,)}
    assert TOKENIZER.decode(list(written[0].prompt_ids)) == (
        "<|im_start|>user\nWhy {solution}?\n\nSince 3.\n\nSo 4.\n\n"
        "Is the solution correct (Yes/No)?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_what_is_read_ends_with_the_lead_and_its_price_is_that_of_all_texts() -> None:
    engine = Scripted(*[f"Because. {LEAD} 1 and more"] * 3)
    (scored,) = score(engine)
    read = [request.prompt_ids for request in engine.requests if request.read_tokens]
    prompt = engine.requests[0].prompt_ids
    assert set(read) == {prompt + ids_of(f"Because. {LEAD}")}
    assert scored.input_tokens == sum(map(len, read))
    assert scored.prefixes == distinct(prefixes_of(ids, 32) for ids in read)
    assert scored.usage.generated_tokens == 3 * (len(ids_of(f"Because. {LEAD} 1 and more")) + 1)


def test_texts_without_a_verdict_are_left_out_and_without_any_there_is_no_score() -> None:
    (some,) = score(Scripted("Hm.", f"Yes. {LEAD}", "Hm."))
    assert list(some.scores) == pytest.approx([0.75])
    (none,) = score(Scripted("Hm.", "Hm.", "Hm."))
    assert none.scores == ()
    assert none.unscored == "no verdict in 40 tokens (prms' format.max_tokens)"


def test_a_solution_is_judged_once_and_alike_each_time() -> None:
    engine = Scripted(*[f"So. {LEAD}"] * 3)
    first, again = score(engine, times=2)
    assert again.scores == first.scores
    assert (again.usage.prompt_tokens, again.usage.cached_tokens) == (first.input_tokens,) * 2
    assert len(engine.requests) == 6
    other = Scripted(*[f"So. {LEAD}"] * 3)
    score(other)
    assert [r.seed for r in other.requests] == [r.seed for r in engine.requests]


def test_a_prompt_without_room_for_the_text_stays_unscored() -> None:
    engine = Scripted()
    (scored,) = score(engine, replace(FORMAT, max_tokens=990))
    assert "the PRM reads 10" in (scored.unscored or "")
    assert engine.requests == []


def test_an_engine_that_reads_no_probabilities_is_an_error_not_a_score() -> None:
    engine = Scripted(*[f"So. {LEAD}"] * 3)
    engine.reads = False
    with pytest.raises(ScoringError, match="can't read the probabilities"):
        score(engine)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"verdicts": 4}, "verdicts=4 needs head=written_verdict"),
        ({"head": "written_verdict"}, "needs lead"),
        ({"verdicts": 0}, "verdicts=0"),
        ({"head": "value_head"}, "read by marker_logits or written_verdict"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        inline_prm_format({"base": "verifier", **settings}, "prms.mine.format")


def write_model(folder: Path) -> Qwen2ForCausalLM:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(TOKENIZER), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=1, num_key_value_heads=1, max_position_embeddings=512,
        eos_token_id=TOKENIZER.eos_token_id, tie_word_embeddings=False,
    )  # fmt: skip
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.1)
    model.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    found: Qwen2ForCausalLM = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return found.eval()


def test_on_a_real_engine_the_score_is_that_of_plain_passes_over_what_was_written(
    tmp_path: Path,
) -> None:
    """A random model writes any given byte soon, so `e` may stand for a lead."""
    model = write_model(tmp_path / "lm")
    told = {"base": "verifier", "head": "written_verdict", "lead": "e", "positive": "1",
            "negative": "0", "verdicts": 8, "max_tokens": 300, "temperature": 1.0}  # fmt: skip
    fmt = prm_format(inline_prm_format(told, "prms.mine.format"))
    assert isinstance(fmt, VerifierFormat)
    spec = EngineSpec(
        "transformers", role="prm", name="tiny", source=str(tmp_path / "lm"), dtype="float32",
        head=fmt.engine_task,
    )  # fmt: skip
    read: list[tuple[int, ...]] = []

    async def run() -> ScoredSteps:
        engine = await start_engine(spec)
        generate = engine.generate

        async def noted(request: GenerationRequest) -> Generation:
            if request.read_tokens:
                read.append(request.prompt_ids)
            answer: Generation = await generate(request)
            return answer

        engine.generate = noted
        try:
            return await VerdictScorer(engine, fmt, TOKENIZER).score(QUESTION, STEPS)
        finally:
            engine.close()

    scored = asyncio.run(run())
    labels = [ids_of("0")[0], ids_of("1")[0]]
    expected = []
    for ids in read:
        assert TOKENIZER.decode(list(ids)).endswith("e")
        with torch.inference_mode():
            row = model(input_ids=torch.tensor([ids])).logits[0, -1, labels]
        expected.append(float(row.softmax(-1)[1]))
    assert len(expected) >= 4
    assert max(expected) - min(expected) > 0.01
    assert list(scored.scores) == pytest.approx([sum(expected) / len(expected)], abs=1e-4)
