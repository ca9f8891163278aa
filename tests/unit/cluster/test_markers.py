"""A worker looks up the tokens of its PRM; the driver loads no tokenizer for them."""

from __future__ import annotations

import subprocess
import sys

from transformers import AutoTokenizer

from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.cluster.worker.markers import with_markers
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.grid.resolve import ZOO_WEIGHTS


def spec(role: str, name: str, format: str, head: str) -> WorkerSpec:
    engine = EngineSpec("fake", role=role, name=name, source=str(ZOO_WEIGHTS / name), head=head)
    return WorkerSpec(engine, format, (), 1.0, 0, 1.0)


def test_a_prm_that_scores_with_two_tokens_gets_the_ids_of_its_minus_and_its_plus() -> None:
    prm = spec("prm", "zoo-shepherd", "math_shepherd", "marker_logits")
    ids = with_markers(prm).marker_tokens
    assert ids is not None
    tokenizer = AutoTokenizer.from_pretrained(prm.engine.source)
    assert [token.strip("▁Ġ") for token in tokenizer.convert_ids_to_tokens(list(ids))] == ["-", "+"]


def test_other_engines_stay_as_they_are() -> None:
    prm = spec("prm", "zoo-prm", "qwen", "token_classify")
    assert with_markers(prm) is prm.engine


def test_what_the_driver_imports_brings_no_torch() -> None:
    """torch takes a third of a gigabyte, for as long as a sweep lasts."""
    code = (
        "import sys, ttsgrid.cli.sweep, ttsgrid.cli.sweep_run, ttsgrid.cluster.driver.launch, "
        "ttsgrid.grid.preflight.checked; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
