"""How a model's tokenizer reads: loaded, tried on a text, and held against the model.

The tokenizer is tried on the benchmark's own words. transformers 5 builds the tokenizer that
`tokenizer_class` names around the vocabulary of `tokenizer.json`, and where that class is wrong,
as in the R1-distilled Llamas, spaces are lost both ways
(https://github.com/huggingface/transformers/issues/45488). On the hub's id it knows better, in a
folder it does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from transformers import AutoTokenizer

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models import DecodingTokenizer

SHOWN_CHARACTERS = 60


class LoadedTokenizer(DecodingTokenizer, Protocol):
    """A tokenizer as transformers loads it, as far as it is asked here."""

    @property
    def bos_token_id(self) -> int | None:
        """The id of BOS; None where the model has none."""
        ...

    @property
    def unk_token_id(self) -> int | None:
        """The id that stands for text it doesn't know; None where it knows all text."""
        ...

    @property
    def chat_template(self) -> str | None:
        """The Jinja template of chats; None where it has none."""
        ...


def load_tokenizer(model: ResolvedModel) -> LoadedTokenizer:
    """Load a model's tokenizer as its worker will.

    Raises:
        ConfigError: it can't be loaded.
    """
    try:
        tokenizer: LoadedTokenizer = AutoTokenizer.from_pretrained(
            model.source, revision=model.commit
        )
    # Missing files, damaged JSON, a class that transformers lacks: each its own exception.
    except Exception as error:
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"{model.where}.model: {model.config.model} has no tokenizer that transformers can "
            f"load ({why}); its tokenizer.json and tokenizer_config.json must lie with it"
        ) from error
    return tokenizer


def require_round_trip(model: ResolvedModel, tokenizer: LoadedTokenizer, text: str) -> None:
    """Refuse a tokenizer that doesn't give back a text that it knows all tokens of.

    Raises:
        ConfigError: it doesn't.
    """
    ids = tokenizer.encode(text, add_special_tokens=False)
    if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids:
        return
    back = tokenizer.decode(ids, skip_special_tokens=True)
    if _compared(back) == _compared(text):
        return
    remedy = ""
    if type(tokenizer).__name__.startswith("Llama"):
        remedy = (
            '; if its tokenizer.json is no SentencePiece one, set "tokenizer_class": '
            '"PreTrainedTokenizerFast" in its tokenizer_config.json'
        )
    raise ConfigError(
        f"{model.where}.model: its tokenizer doesn't give back what it reads: "
        f"{text[:SHOWN_CHARACTERS]!r} comes back as {back[:SHOWN_CHARACTERS]!r}{remedy}"
    )


def _compared(text: str) -> str:
    """Return a text without what tokenizers may tidy up: outer spaces, and those before signs."""
    return re.sub(r" +([.,!?'])", r"\1", text.strip())


def require_known_ids(model: ResolvedModel, ids: Sequence[int]) -> None:
    """Refuse ids for which the model has no embedding: another model's tokenizer.

    Raises:
        ConfigError: there is one.
    """
    config = model.checkpoint.config
    size = (config.get("text_config") or config).get("vocab_size")
    if size is not None and ids and max(ids) >= int(size):
        raise ConfigError(
            f"{model.where}.model: its tokenizer gives id {max(ids):,}, and the model knows "
            f"{int(size):,} tokens; the tokenizer is another model's"
        )


def require_one_bos(
    model: ResolvedModel, tokenizer: LoadedTokenizer, ids: Sequence[int]
) -> str | None:
    """Refuse an input that begins with BOS twice.

    Returns:
        A note where BOS is missing though the tokenizer would write one; else None.

    Raises:
        ConfigError: BOS is there twice, as where both a template and a text bring it.
    """
    bos = tokenizer.bos_token_id
    if bos is None:
        return None
    if list(ids[:2]) == [bos, bos]:
        raise ConfigError(
            f"{model.where}.format: the input begins with {tokenizer.bos_token} twice; take it "
            "out of the chat template or of the format's texts"
        )
    writes_it = tokenizer.encode("1", add_special_tokens=True)[:1] == [bos]
    if writes_it and list(ids[:1]) != [bos]:
        return (
            f"{model.config.name}: the input has no {tokenizer.bos_token}, which its tokenizer "
            "puts first; see whether its chat template should write it."
        )
    return None
