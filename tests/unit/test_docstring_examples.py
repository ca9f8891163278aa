"""The example in each protocol's docstring is complete: it runs and passes the protocol's check."""

from __future__ import annotations

import asyncio
import inspect
import sys
import types
from collections.abc import Iterator
from textwrap import dedent

import pytest

from ttsgrid.benchmarks import make_grader
from ttsgrid.benchmarks.graders.protocol import Grader
from ttsgrid.benchmarks.labels import StepLabels
from ttsgrid.core.dotted import load_own
from ttsgrid.engines import EngineSpec, GenerationRequest, PolicyEngine, PrmEngine
from ttsgrid.engines.start import require_engine, start_engine
from ttsgrid.models import PromptFormat, prompt_format
from ttsgrid.models.prms import PrmFormat, prm_format, prm_identity
from ttsgrid.zoo.tokenizer import build_tokenizer

MODULE = "example_of_a_docstring"
TOKENIZER = build_tokenizer(with_bos=False)


def example_of(documented: type) -> str:
    """The first indented block of a docstring, up to the next line that is not."""
    lines = inspect.cleandoc(documented.__doc__ or "").split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("    "))
    inside = lines[start:]
    end = next((i for i, ln in enumerate(inside) if ln and not ln.startswith("    ")), len(inside))
    return dedent("\n".join(inside[:end]))


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Iterator[str]:
    """A module made of the example; yields the module's name."""
    module = types.ModuleType(MODULE)
    exec(example_of(request.param), module.__dict__)
    sys.modules[MODULE] = module
    yield MODULE
    del sys.modules[MODULE]


def of(documented: type) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", [documented], indirect=True)


@of(Grader)
def test_the_graders_example_judges_and_groups(example: str) -> None:
    grader = make_grader(f"{example}:YesNo")
    assert grader.extract("So it is: yes.") == "yes"
    assert not grader.is_final("Yes, but")
    assert grader.is_correct("yes", "Yes")
    assert grader.group(["yes", "no", "YES"]) == [0, 1, 0]


@of(StepLabels)
def test_the_step_labels_example_labels_steps(example: str) -> None:
    labels: StepLabels = load_own(f"{example}:Sums", "benchmark.step_labels", StepLabels)
    assert labels.label_steps("1 + 2 + 3", ["1 + 2 = 3", "3 + 3 = 7"]) == (True, False)


@of(PromptFormat)
def test_the_prompt_formats_example_asks(example: str) -> None:
    own = prompt_format(f"{example}:MINE")
    assert "You are careful. Put your final answer within \\boxed{}." in TOKENIZER.decode(
        own.encode(TOKENIZER, "1 + 1?")
    )
    asked = prompt_format(f"{example}:MINE", instruction="Say a letter.")
    assert asked.system == "You are careful. Say a letter."


@of(PrmFormat)
def test_the_prm_formats_example_marks_each_step(example: str) -> None:
    own = prm_format(f"{example}:Mine")
    encoded = own.encode(TOKENIZER, "1 + 1?", ["1 + 1 = 2", "so 2"])
    assert [TOKENIZER.decode([encoded.ids[at]]) for at in encoded.positions] == ["\n", "\n"]
    assert prm_identity(f"{example}:Mine") == f'{{"prm":"{example}:Mine"}}'


@of(PolicyEngine)
def test_the_policy_engines_example_generates(example: str) -> None:
    require_engine(f"{example}:Echo", "policy", "engine.kind")
    spec = EngineSpec(f"{example}:Echo", role="policy", name="echo", source="nowhere")
    engine = asyncio.run(start_engine(spec))
    said = asyncio.run(engine.generate(GenerationRequest((1, 2, 3), 0.7, 1.0, 2, seed=0)))
    assert said.token_ids == (1, 2)


@of(PrmEngine)
def test_the_prm_engines_example_scores(example: str) -> None:
    require_engine(f"{example}:Even", "prm", "engine.kind")
    spec = EngineSpec(f"{example}:Even", role="prm", name="even", source="nowhere")
    engine = asyncio.run(start_engine(spec))
    logits = asyncio.run(engine.token_logits((1, 2), read_cache=False))
    assert logits.rows == ((0.0, -1.0), (0.0, 1.0))


@of(PrmEngine)
def test_an_engine_that_lacks_what_its_role_needs_is_refused(example: str) -> None:
    with pytest.raises(Exception, match=r"engine\.kind: .*:Even lacks 'generate', which a Pol"):
        require_engine(f"{example}:Even", "policy", "engine.kind")
