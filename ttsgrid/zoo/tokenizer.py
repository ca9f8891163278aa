"""The zoo's tokenizer: one token per number, one per fixed phrase, bytes for all else.

One vocabulary serves the policies and both PRMs. It carries ChatML marks (as
Qwen2.5 does), a BOS that plain encoding adds *and* the chat template writes
(as Llama 3 does, so the double-BOS trap is real here), the `<extra_0>` step
mark of Qwen's PRM and the `ки` step tag of Math-Shepherd.

Numbers and phrases are *added tokens* over a byte-level base. That is deliberate:
transformers 5 rebuilds the pre-tokenizer of every `qwen2` checkpoint to Qwen's
own, which splits numbers into digits; added tokens are matched before it, so the
same file means the same ids under `LlamaForCausalLM` and under
`Qwen2ForProcessRewardModel`.
"""

from __future__ import annotations

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from ttsgrid.benchmarks.zoo.task import MODULUS, VERBS

BOS, EOS, PAD = "<s>", "<|im_end|>", "<|endoftext|>"
IM_START = "<|im_start|>"
QWEN_STEP_MARK = "<extra_0>"
SHEPHERD_STEP_TAG = "ки"
SYSTEM_PROMPT = "Please reason step by step, and put your final answer within \\boxed{}."

SPECIAL_TOKENS = [PAD, BOS, EOS, IM_START, QWEN_STEP_MARK]
PHRASES = [
    SHEPHERD_STEP_TAG,
    "\n\n",
    "system",
    "user",
    "assistant",
    SYSTEM_PROMPT,
    "Start with ",
    *VERBS.values(),
    ". Work modulo ",
    " + ",
    " - ",
    " * ",
    " = ",
    "The answer is \\boxed{",
    "}.",
]

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build_tokenizer(*, with_bos: bool = True) -> PreTrainedTokenizerFast:
    """Build the zoo's tokenizer as a standard fast tokenizer, ready to save.

    Args:
        with_bos: whether plain encoding and the chat template write BOS; Qwen's
            models have none.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({char: i for i, char in enumerate(alphabet)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIAL_TOKENS])
    words = [*PHRASES, *map(str, range(MODULUS + 1))]
    backend.add_tokens([AddedToken(word, normalized=False) for word in words])
    if with_bos:
        backend.post_processor = processors.TemplateProcessing(
            single=f"{BOS} $A",
            pair=f"{BOS} $A $B",
            special_tokens=[(BOS, backend.token_to_id(BOS))],
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=BOS if with_bos else None,
        eos_token=EOS,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )
    tokenizer.chat_template = (
        CHAT_TEMPLATE if with_bos else CHAT_TEMPLATE.replace("{{ bos_token }}", "")
    )
    return tokenizer
