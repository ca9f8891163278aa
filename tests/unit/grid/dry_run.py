"""A grid's units run beside fake engines, without Ray or a store: what each model computed.

The pool, search and scoring code is what workers run; the writer and the judge are not. The
writer ends solutions by one rule whether it is asked for whole ones or for steps, so that pools
and searches have lengths of the same distribution. Its tokenizers are real ones.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from operator import attrgetter

from ttsgrid.core.identity import derive_seed
from ttsgrid.core.records import FinishReason, Price, Problem, StepScores, Usage
from ttsgrid.core.units import Unit
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest, TokenLogits
from ttsgrid.engines.scoring import StepScorer
from ttsgrid.models import DecodingTokenizer, encode_prompt, prompt_format, split_steps
from ttsgrid.models.prms import prm_format
from ttsgrid.strategies.pricing import price_of_samples, price_of_scores
from ttsgrid.strategies.sampling import sample_block
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession

LEAST_STEPS, MOST_STEPS = 3, 9
BLOCK_TOKENS = 16  # as on a GPU
SEPARATOR = "\n\n"
# Drawn at random: steps that began alike would share blocks of the PRM's prefix cache.
_TEXT = (
    "we add both lengths since every triangle has an angle whose sum must be larger than before so "
    "that hence then let n be the number of pairs which remain after division by symmetry each of "
    "them counts twice substituting this into second equation gives no other case is possible and "
    "therefore first term equals $x^2$ $y$ $\\frac{a}{b}$ $n + 1$ $2k$ = positive odd even prime"
)
_WORDS = _TEXT.split()


class QuickTokenizer:
    """A tokenizer that remembers: searches encode their first steps with every later one."""

    def __init__(self, tokenizer: DecodingTokenizer) -> None:
        self._tokenizer = tokenizer
        self._encode = lru_cache(maxsize=200_000)(self._encoded)
        self._render = lru_cache(maxsize=1000)(self._rendered)

    @property
    def bos_token(self) -> str | None:
        return self._tokenizer.bos_token

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return list(self._encode(text, add_special_tokens))

    def apply_chat_template(
        self,
        conversation: Sequence[dict[str, str]],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        turns = tuple(tuple(turn.items()) for turn in conversation)
        return self._render(turns, add_generation_prompt, tuple(told.items()))

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool) -> str:
        return self._tokenizer.decode(token_ids, skip_special_tokens=skip_special_tokens)

    def _encoded(self, text: str, special: bool) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=special))

    def _rendered(
        self,
        turns: tuple[tuple[tuple[str, str], ...], ...],
        opened: bool,
        told: tuple[tuple[str, str], ...],
    ) -> str:
        chat = [dict(turn) for turn in turns]
        return self._tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=opened, **dict(told)
        )


@dataclass
class Writer:
    """Writes steps of 15 to 55 words; ends after the third step to the ninth, evenly."""

    tokenizer: QuickTokenizer
    device: str = "cpu"
    block_tokens: int = BLOCK_TOKENS
    max_input_tokens: int = 1 << 30
    texts: dict[tuple[int, ...], str] = field(default_factory=dict)

    async def generate(self, request: GenerationRequest) -> Generation:
        rng = random.Random(f"{request.seed}-{len(request.prompt_ids)}-{request.temperature}")
        before = self.texts.get(request.prompt_ids, "")
        depth = before.count(SEPARATOR)
        text, is_last = "", False
        while not is_last:
            is_last = rng.random() < 1 / max(1, MOST_STEPS - depth) and depth + 1 >= LEAST_STEPS
            depth += 1
            text += _step(rng) + ("" if is_last else SEPARATOR)
            if request.stop:
                break
        ids = tuple(self.tokenizer.encode(text, add_special_tokens=False))
        self.texts[request.prompt_ids + ids] = before + text
        usage = Usage(len(request.prompt_ids), 0, len(ids))
        return Generation(ids, FinishReason.STOP, None if is_last else SEPARATOR, usage)

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None: ...


class Judge:
    """Scores at random; has cached whatever the scorer remembers."""

    device, block_tokens, max_input_tokens = "cpu", BLOCK_TOKENS, 1 << 30

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        first = len(ids) - 1 if read_cache else 0
        rng = random.Random(hash(ids[-40:]))
        return TokenLogits(first, tuple((0.0, rng.uniform(-3, 3)) for _ in ids[first:]))

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None: ...


def _step(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(15, 55))) + f" {rng.randrange(99)}."


@dataclass(frozen=True)
class Model:
    """A model of a grid: its format, as configured, and the tokenizer of its family."""

    format: str
    tokenizer: QuickTokenizer


@dataclass
class DryRun:
    """Runs units and adds up what their models computed.

    Attributes:
        policies, prms: by name.
        problems: by id.
        written: tokens by policy.
        prompted: computed prompt tokens by policy, each unit run alone.
        read: computed tokens by PRM, likewise.
    """

    policies: Mapping[str, Model]
    prms: Mapping[str, Model]
    problems: Mapping[str, Problem]
    written: Counter[str] = field(default_factory=Counter)
    prompted: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    _texts: dict[str, list[str]] = field(default_factory=dict)

    def run(self, units: Sequence[Unit]) -> None:
        """Run units; those that wait for another come after it."""
        asyncio.run(self._all(sorted(units, key=lambda unit: unit.awaits is not None)))

    async def _all(self, units: Sequence[Unit]) -> None:
        for unit in units:
            if unit.awaits:
                await self._scored(unit)
            elif unit.tree:
                await self._searched(unit)
            else:
                await self._sampled(unit)

    def _prompt(self, unit: Unit) -> tuple[int, ...]:
        model = self.policies[unit.policy.name]
        question = self.problems[unit.problem_id].question
        return tuple(encode_prompt(prompt_format(model.format), model.tokenizer, question))

    async def _sampled(self, unit: Unit) -> None:
        assert unit.block is not None
        prompt, writer = self._prompt(unit), Writer(self.policies[unit.policy.name].tokenizer)
        samples = await sample_block(writer, prompt, unit.block)
        ids = [sample.generation.token_ids for sample in samples]
        self._texts[unit.id] = [writer.texts[prompt + one] for one in ids]
        price = price_of_samples(len(prompt), [len(one) for one in ids], BLOCK_TOKENS)
        self._add(unit, price)

    async def _scored(self, unit: Unit) -> None:
        assert unit.prm is not None
        assert unit.awaits is not None
        scorer, question = self._scorer(unit.prm.name), self.problems[unit.problem_id].question
        scores = []
        for sample, text in enumerate(self._texts[unit.awaits]):
            found = await scorer.score(question, split_steps(text, SEPARATOR))
            assert found.unscored is None, found.unscored
            scores.append(
                StepScores(
                    sample,
                    found.scores,
                    found.usage,
                    input_tokens=found.input_tokens,
                    prefixes=found.prefixes,
                )
            )
        self._add(unit, price_of_scores(scores, BLOCK_TOKENS))

    async def _searched(self, unit: Unit) -> None:
        assert unit.tree is not None
        prompt, writer = self._prompt(unit), Writer(self.policies[unit.policy.name].tokenizer)
        session = SearchSession(
            settings=unit.tree.settings,
            engine=writer,
            scorer=self._scorer(unit.tree.prm.name),
            question=self.problems[unit.problem_id].question,
            prompt_ids=prompt,
            decode=lambda ids: writer.texts[prompt + tuple(ids)],
            is_final=None,
            sampling=unit.sampling,
            seed_of=partial(derive_seed, unit.id),
        )
        self._add(unit, (await run_search(session)).price)

    def _scorer(self, prm: str) -> StepScorer:
        model = self.prms[prm]
        return StepScorer(Judge(), prm_format(model.format), model.tokenizer)

    def _add(self, unit: Unit, price: Price) -> None:
        computed = attrgetter("prompt_tokens", "cached_tokens")
        if price.policy:
            whole, cached = computed(price.policy)
            self.written[unit.policy.name] += price.policy.generated_tokens
            self.prompted[unit.policy.name] += whole - cached
        if price.prm and unit.prm:
            whole, cached = computed(price.prm)
            self.read[unit.prm.name] += whole - cached


def mean_solution(tokenizer: QuickTokenizer, number: int = 300) -> tuple[float, float]:
    """Return the mean tokens and steps of solutions that the writer writes, with other seeds."""
    writer = Writer(tokenizer)

    async def write(seed: int) -> Generation:
        return await writer.generate(GenerationRequest((), 1.0, 1.0, 9999, seed))

    async def all_of_them() -> list[Generation]:
        return [await write(-1 - seed) for seed in range(number)]

    written = asyncio.run(all_of_them())
    tokens = sum(len(one.token_ids) for one in written) / number
    steps = sum(len(split_steps(writer.texts[one.token_ids], SEPARATOR)) for one in written)
    return tokens, steps / number
