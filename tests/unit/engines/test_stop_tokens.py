"""Tokens that an engine may end a step at are those whose own text holds the stop text."""

from __future__ import annotations

from tests.unit.models.prms.tokenizers import QwenTokenizer
from ttsgrid.engines.stop_tokens import MOST_TOKENS, StopTokens

BLANK_LINE = ("\n\n",)


class Qwen(QwenTokenizer):
    def decode(self, ids: list[int], *, skip_special_tokens: bool = True) -> str:
        return str(self._model.decode(ids))


def ids_of(tokenizer: Qwen, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False))


def test_a_token_with_the_whole_stop_text_is_kept_and_one_that_only_completes_it_is_not() -> None:
    tokenizer = Qwen()
    (alone,), (line,) = ids_of(tokenizer, "\n\n"), ids_of(tokenizer, "\n")
    stops = StopTokens(tokenizer)
    assert stops.of(BLANK_LINE) == []
    stops.learn(BLANK_LINE, line, "\n\n")  # after a line end of another token
    assert stops.of(BLANK_LINE) == []
    stops.learn(BLANK_LINE, alone, "\n\n")
    full_stop = ids_of(tokenizer, "4.\n\n")[-1]
    stops.learn(BLANK_LINE, full_stop, "\n\n")
    assert stops.of(BLANK_LINE) == [alone, full_stop]
    assert stops.text_at(BLANK_LINE, full_stop) == "\n\n"
    assert stops.text_at(BLANK_LINE, line) is None


def test_a_kept_token_reaches_the_stop_text_wherever_it_comes() -> None:
    tokenizer, stops = Qwen(), StopTokens(Qwen())
    for text in ("\n\n", "4.\n\n", "(4)\n\n", "x^2$\n\n", "four:\n\n"):
        stops.learn(BLANK_LINE, ids_of(tokenizer, text)[-1], "\n\n")
    assert len(stops.of(BLANK_LINE)) > 1
    for token in stops.of(BLANK_LINE):
        for before in ("", "Ответ", "四", "a ", "\n"):
            assert "\n\n" in tokenizer.decode([*ids_of(tokenizer, before), token])


def test_what_is_known_for_one_stop_text_is_not_for_another() -> None:
    tokenizer = Qwen()
    (alone,) = ids_of(tokenizer, "\n\n")
    stops = StopTokens(tokenizer)
    stops.learn(BLANK_LINE, alone, "\n\n")
    assert stops.of(("\n",)) == []
    assert stops.of(()) == []


def test_only_so_many_are_kept_and_those_in_use_stay() -> None:
    tokenizer = Qwen()
    holding = [i for i in range(20_000) if "\n\n" in tokenizer.decode([i])]
    assert len(holding) > MOST_TOKENS
    stops = StopTokens(tokenizer)
    for token in holding:
        stops.learn(BLANK_LINE, token, "\n\n")
        stops.learn(BLANK_LINE, holding[0], "\n\n")
    kept = stops.of(BLANK_LINE)
    assert len(kept) == MOST_TOKENS
    assert holding[0] in kept


def test_a_token_that_ends_within_a_character_is_not_kept() -> None:
    class Torn:
        def decode(self, ids: list[int], *, skip_special_tokens: bool = True) -> str:
            return "\n\n\ufffd"

    stops = StopTokens(Torn())  # type: ignore[arg-type]
    stops.learn(BLANK_LINE, 7, "\n\n")
    assert stops.of(BLANK_LINE) == []
