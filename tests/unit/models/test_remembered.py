"""What was encoded before is looked up: the ids are those of encoding the whole, with less work."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.models.prms.tokenizers import LlamaTokenizer, MistralTokenizer, QwenTokenizer
from tests.unit.models.prms.varied import QUESTION, varied_solutions
from ttsgrid.core.errors import UnreadableError
from ttsgrid.engines.base import EngineStats, TokenLogits
from ttsgrid.engines.scoring import StepScorer
from ttsgrid.models import Tokenizer
from ttsgrid.models.prms import prm_format
from ttsgrid.models.prms.base import ScoringInput, require_marks
from ttsgrid.models.remembered import RememberingTokenizer
from ttsgrid.zoo.tokenizer import build_tokenizer

TOKENS = st.lists(st.integers(0, 2), max_size=30)
FAMILIES: dict[str, Callable[[], Tokenizer]] = {
    "math_shepherd": MistralTokenizer,
    "rlhflow_deepseek": LlamaTokenizer,
    "qwen": QwenTokenizer,
    "skywork": QwenTokenizer,
    "outcome": QwenTokenizer,
}


class Counting(RememberingTokenizer):
    """Counts the texts that reach the tokenizer."""

    def __init__(self, tokenizer: Tokenizer, num_texts: int = 1000) -> None:
        self.num_encoded = 0
        super().__init__(tokenizer, num_texts)

    def _encoded(self, text: str, special: bool):  # type: ignore[no-untyped-def]  # noqa: ANN202
        self.num_encoded += 1
        return super()._encoded(text, special)


class Listening:
    """A PRM engine that keeps the ids that it is given."""

    device = "cpu"
    block_tokens = 16
    max_input_tokens = 1 << 20

    def __init__(self) -> None:
        self.ids: list[tuple[int, ...]] = []

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        self.ids.append(ids)
        return TokenLogits(0, tuple((0.0, 1.0) for _ in ids))

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None: ...


@pytest.mark.parametrize("name", FAMILIES)
def test_a_scorer_serves_the_ids_of_encoding_each_whole_solution(name: str) -> None:
    fmt, tokenizer, engine = prm_format(name), FAMILIES[name](), Listening()
    scorer = StepScorer(engine, fmt, tokenizer)
    expected: list[tuple[int, ...]] = []

    async def grow() -> None:
        for steps in varied_solutions():
            for k in range(1, min(len(steps), 8) + 1):
                scored = await scorer.score(QUESTION, steps[:k])
                if scored.unscored is None:
                    whole = tuple(fmt.encode_open(tokenizer, QUESTION, steps[:k]).ids)
                    assert scored.input_tokens == len(whole)
                    expected.append(whole)

    asyncio.run(grow())
    assert len(engine.ids) > 100
    # An input that occurs twice is computed once.
    assert engine.ids == list(dict.fromkeys(expected))


@pytest.mark.parametrize("num_texts", [1, 3, 1000])
@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_forgotten_is_encoded_again(name: str, num_texts: int) -> None:
    fmt, tokenizer = prm_format(name), FAMILIES[name]()
    remembering = RememberingTokenizer(tokenizer, num_texts)
    for steps in varied_solutions():
        try:
            whole = fmt.encode_open(tokenizer, QUESTION, steps)
        except UnreadableError as error:
            with pytest.raises(UnreadableError, match=re.escape(str(error))):
                fmt.encode_open(remembering, QUESTION, steps)
            continue
        assert fmt.encode_open(remembering, QUESTION, steps) == whole


@pytest.mark.parametrize("name", ["math_shepherd", "rlhflow_deepseek", "qwen", "skywork"])
def test_a_step_more_encodes_one_text_more(name: str) -> None:
    fmt = prm_format(name)
    tokenizer = Counting(build_tokenizer(with_bos=name == "math_shepherd"))
    steps = [f"Step {i}: add {i}." for i in range(40)]
    fmt.encode_open(tokenizer, QUESTION, steps[:2])
    for k in range(3, 41):
        before = tokenizer.num_encoded
        fmt.encode_open(tokenizer, QUESTION, steps[:k])
        assert tokenizer.num_encoded == before + 1


def test_ids_that_a_caller_changes_are_its_own() -> None:
    tokenizer = RememberingTokenizer(build_tokenizer(with_bos=False))
    ids = tokenizer.encode("17 + 23 = 40", add_special_tokens=False)
    ids.append(0)
    assert tokenizer.encode("17 + 23 = 40", add_special_tokens=False) == ids[:-1]


def test_special_tokens_and_none_are_two_answers() -> None:
    plain = build_tokenizer(with_bos=True)
    tokenizer = RememberingTokenizer(plain)
    for special in (True, False, True):
        ids = tokenizer.encode("17", add_special_tokens=special)
        assert ids == plain.encode("17", add_special_tokens=special)
    assert tokenizer.bos_token == plain.bos_token


@given(
    st.lists(st.integers(0, 2), max_size=30), st.lists(st.integers(0, 2), min_size=1, max_size=3)
)
def test_marks_are_found_where_a_look_at_each_place_finds_them(
    ids: list[int], mark: list[int]
) -> None:
    places = range(len(mark) - 1, len(ids))
    ends = [end for end in places if ids[end - len(mark) + 1 : end + 1] == mark]
    assert require_marks(ScoringInput(ids, ends), mark, "test").positions == ends
    with pytest.raises(UnreadableError, match="contain the mark"):
        require_marks(ScoringInput(ids, [*ends, len(ids)]), mark, "test")
