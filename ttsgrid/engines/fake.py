"""A fake engine for tests of scheduling and faults; never what a user gets.

It answers after a set delay with text derived from the prompt and the seed alone, so
that runs are reproducible whatever the order. Like a real engine it works on
`max_num_seqs` requests at once and keeps the others in line. Asked for whole solutions
it writes a few steps and an answer; asked to stop at a step's end it writes one step,
or, now and then, the last one with the answer.

Options (numbers, from `engine.fake`; with `policy_` or `prm_` in front, of that role
alone): `delay_s` per request, on average where `length_sigma` makes lengths of steps lognormal,
`start_s` to load, `end_rate` of steps that are the last (or `step_per_sentence`: as many steps
as the question has sentences, as the zoo's have about),
`error_rate` of requests that fail, `die_at_request` and in how many processes
(`num_deaths`), `stop_at_request` or `stop_at_start` in one process, `fail_start`, `block_tokens`
of the prefix cache that prices assume, `own_process` for an engine that ends with a process of
its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

from transformers import AutoTokenizer

from ttsgrid.core.errors import EngineError, WorkerStartError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest, TokenLogits
from ttsgrid.engines.fake_process import EngineProcess
from ttsgrid.engines.meter import Meter
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.models import DecodingTokenizer

END_RATE = 0.3
BLOCK_TOKENS = 32
UNLIMITED_TOKENS = 1 << 30  # what a fake reads where `max_model_len` is not set


class _FakeEngine:
    def __init__(self, spec: EngineSpec, process: EngineProcess | None = None) -> None:
        self._spec = spec
        self._process = process
        self._slots = asyncio.Semaphore(spec.max_num_seqs)
        # The loop's own clock: simulations run on a virtual one.
        self._meter = Meter(lambda: asyncio.get_running_loop().time())
        if self._option("stop_at_start"):
            self._stop()
        if self._option("fail_start"):
            raise WorkerStartError(f"{spec.name}: the fake engine was told not to start")

    def _option(self, name: str, default: float = 0.0) -> float:
        return self._spec.fake_option(self._spec.role, name, default)

    @property
    def device(self) -> str:
        """It computes nothing anywhere else."""
        return "cpu"

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of the prefix cache that a real engine would have."""
        return int(self._option("block_tokens", BLOCK_TOKENS))

    @property
    def max_input_tokens(self) -> int:
        """The longest input that it takes."""
        return self._spec.max_model_len or UNLIMITED_TOKENS

    async def _take_a_turn(self, length: float = 1.0) -> None:
        with self._meter.request():
            if self._meter.requests == self._option("die_at_request"):
                self._die()
            if self._meter.requests == self._option("stop_at_request"):
                self._stop()
            async with self._slots:
                await asyncio.sleep(self._option("delay_s") * length)
                if self._process is not None:
                    await self._process.ask()

    def _die(self) -> None:
        """End the process, unless as many as `num_deaths` have ended; marks on disk count them."""
        folder = Path(self._spec.source)
        if len(list(folder.glob("died-*"))) < self._option("num_deaths", float("inf")):
            (folder / f"died-{os.getpid()}").touch()
            os._exit(1)

    def _stop(self) -> None:
        """Stop the process, the first that gets here; it lives on and answers nothing."""
        mark = Path(self._spec.source) / "stopped"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGSTOP)

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return self._meter.stats()

    def close(self) -> None:
        """End its process, if it has one; there is nothing else to free."""
        if self._process is not None:
            self._process.close()


class FakePolicyEngine(_FakeEngine):
    """Writes a few steps and a boxed number."""

    def __init__(
        self,
        spec: EngineSpec,
        tokenizer: DecodingTokenizer,
        process: EngineProcess | None = None,
    ) -> None:
        super().__init__(spec, process)
        self._tokenizer = tokenizer

    @property
    def max_input_tokens(self) -> int:
        """The context length less the one token that any continuation needs."""
        return super().max_input_tokens - 1

    async def generate(self, request: GenerationRequest) -> Generation:
        """Answer with text that the prompt and the seed determine."""
        seed = request.seed if request.temperature > 0 else 0
        await self._take_a_turn(self._length(seed, request))
        rng = random.Random(f"{seed}-{request.prompt_ids}")
        if rng.random() < self._option("error_rate"):
            raise EngineError("the fake engine was told to fail this request")
        text, stopped_by = self._text(rng, request)
        whole = self._tokenizer.encode(text, add_special_tokens=False)
        context = self.max_input_tokens + 1 - len(request.prompt_ids)
        ids = tuple(whole[: min(request.max_tokens, context)])
        cut = len(ids) < len(whole)
        usage = Usage(len(request.prompt_ids), 0, len(ids))
        self._meter.count(usage)
        return Generation(
            ids,
            FinishReason.LENGTH if cut else FinishReason.STOP,
            None if cut else stopped_by,
            usage,
        )

    def _text(self, rng: random.Random, request: GenerationRequest) -> tuple[str, str | None]:
        """Return the text, and the stop text that it ends with if any."""
        stop = request.stop
        step = f"1 + {rng.randrange(40)} = {rng.randrange(40)}"
        answer = f"The answer is \\boxed{{{rng.randrange(4)}}}."
        if not stop:
            return f"{step}\n\n{answer}", None
        if self._ends(rng, request):
            return answer, None
        return step + stop[0], stop[0]

    def _length(self, seed: int, request: GenerationRequest) -> float:
        """Return how long a step is, in mean steps: lognormal, as those of policies about are."""
        sigma = self._option("length_sigma")
        rng = random.Random(f"length of {seed}-{request.prompt_ids}") if sigma else None
        return rng.lognormvariate(-(sigma**2) / 2, sigma) if rng else 1.0

    def _ends(self, rng: random.Random, request: GenerationRequest) -> bool:
        if not self._option("step_per_sentence"):
            return rng.random() < self._option("end_rate", END_RATE)
        # Steps are equations and have no full stop.
        context = self._tokenizer.decode(list(request.prompt_ids), skip_special_tokens=True)
        return context.count(request.stop[0]) >= context.count(".")


class FakePrmEngine(_FakeEngine):
    """Gives each token logits that its prefix determines."""

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Answer with one row per token; nothing is ever cached."""
        await self._take_a_turn()
        self._meter.count(Usage(len(ids), 0, 0))
        return TokenLogits(0, tuple((0.0, logit) for logit in _logits(ids)))


def _logits(ids: tuple[int, ...]) -> Iterator[float]:
    """Yield a number in [-4, 4) for each prefix."""
    prefix = hashlib.blake2b(digest_size=2)
    for token_id in ids:
        prefix.update(token_id.to_bytes(4, "big"))
        yield int.from_bytes(prefix.digest(), "big") / 8192 - 4.0


async def start_engine(spec: EngineSpec) -> FakePolicyEngine | FakePrmEngine:
    """Start a fake engine after the delay it was told."""
    await asyncio.sleep(spec.fake_option(spec.role, "start_s"))
    has_process = spec.fake_option(spec.role, "own_process")
    process = await EngineProcess.start(spec.name) if has_process else None
    if spec.role == "prm":
        return FakePrmEngine(spec, process)
    tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=spec.revision)
    return FakePolicyEngine(spec, tokenizer, process)
