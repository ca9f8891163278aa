"""An engine that answers code problems from a file: the reference solution, or a mutant of it.

`engine.options.script` is a JSON file of {function: [texts]}. A greedy request gets the first
text, others one that their seed chooses. It stops at a step's end when asked to.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from transformers import AutoTokenizer

from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.spec import EngineSpec


class Coder:
    """Writes one of the texts that its script has for the function in the prompt."""

    device = "cpu"
    block_tokens = 16
    max_input_tokens = 1 << 20

    def __init__(self, spec: EngineSpec) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(spec.source)
        self._script = json.loads(Path(str(spec.options["script"])).read_text())

    async def generate(self, request: GenerationRequest) -> Generation:
        """Continue the text that the context has begun, else begin one."""
        context = self._tokenizer.decode(list(request.prompt_ids), skip_special_tokens=True)
        texts = next(texts for name, texts in self._script.items() if f"def {name}(" in context)
        begun = [(len(part), text) for text in texts if (part := _begun(context, text))]
        if begun:
            most = max(length for length, _ in begun)
            texts = [text[most:] for length, text in begun if length == most]
        seed = request.seed if request.temperature > 0 else 0
        text = texts[0] if seed == 0 else random.Random(seed).choice(texts)
        text, stopped_by = _until_stop(text, request.stop)
        ids = tuple(self._tokenizer.encode(text, add_special_tokens=False))
        usage = Usage(len(request.prompt_ids), 0, len(ids))
        return Generation(ids, FinishReason.STOP, stopped_by, usage)

    def stats(self) -> EngineStats:
        """Nothing is counted."""
        return EngineStats()

    def close(self) -> None:
        """Nothing to free."""


def _begun(context: str, text: str) -> str:
    """Return the longest beginning of a text, whole lines of it, with which a context ends."""
    lines = text.splitlines(keepends=True)
    beginnings = ("".join(lines[:count]) for count in range(len(lines) - 1, 0, -1))
    return next((part for part in beginnings if context.endswith(part)), "")


def _until_stop(text: str, stop: tuple[str, ...]) -> tuple[str, str | None]:
    places = [(text.index(mark) + len(mark), mark) for mark in stop if mark in text]
    if not places:
        return text, None
    end, mark = min(places)
    return text[:end], mark
