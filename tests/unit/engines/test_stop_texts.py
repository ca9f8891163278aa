"""A stop text is seen with the token that completes it, however texts fall into tokens."""

from __future__ import annotations

import random

import pytest

from tests.unit.models.prms.tokenizers import QwenTokenizer
from ttsgrid.engines.transformers_engine.stops import StopWatch

TEXTS = [
    "First, 2 + 2 = 4.\n\nThen we stop.",
    "Ответ: километр. 答えは四です。 ✓ 🙂 done\n\nmore",
    "a\n \n\n\nb and \\boxed{\\frac{1}{2}} Question: what?",
]


class Qwen(QwenTokenizer):
    def decode(self, ids: list[int], *, skip_special_tokens: bool = True) -> str:
        return str(self._model.decode(ids))


def first_end(tokenizer: Qwen, ids: list[int], stop: list[str]) -> tuple[int, str | None]:
    """How many tokens it takes until the decoded whole holds a stop text, and which.

    A whole that ends inside a character says nothing yet.
    """
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[:count])
        if text.endswith("\ufffd"):
            continue
        ends = {s: text.index(s) + len(s) for s in stop if s in text}
        if ends:
            return count, min(ends, key=ends.__getitem__)
    return len(ids) + 1, None


@pytest.mark.parametrize("text", TEXTS)
def test_it_is_seen_when_decoding_all_so_far_would_show_it(text: str) -> None:
    tokenizer, rng = Qwen(), random.Random(0)
    for _ in range(100):
        # Tokens as a model might write them, not as the tokenizer would: cut anywhere.
        cuts = sorted(rng.randrange(len(text)) for _ in range(rng.randrange(12)))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        ids = [i for part in parts for i in tokenizer.encode(part, add_special_tokens=False)]
        start = rng.randrange(len(text) - 6)
        stop = ["@@", text[start : start + rng.randint(1, 6)], "\n\n"]
        watch = StopWatch(tokenizer, stop, ids[:3])
        expected, which = first_end(tokenizer, ids, stop)
        for count, token in enumerate(ids, 1):
            reached = watch.reached(token)
            assert (reached is not None) == (count == expected)
            if reached is not None:
                assert reached == which
                break


def test_nothing_is_decoded_where_there_is_nothing_to_look_for() -> None:
    watch = StopWatch(None, (), (1, 2, 3))  # type: ignore[arg-type]
    assert watch.reached(5) is None
