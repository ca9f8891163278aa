"""FLOPs: the study's Table 4, to the printed digits."""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest

from ttsgrid.frontier.flops import TokenCounts, inference_flops, pretraining_flops

# (parameters, pre-training tokens, tokens generated over MATH-500). The study prints no
# token counts: these are to a thousand tokens, a problem 102 k, 1.0 k, 116 k and 6.0 k.
MODELS = {
    "Llama-3.2-3B-Inst.": (3e9, 9e12, 51_167_000),
    "Llama-3.1-405B-Inst.": (405e9, 15e12, 525_000),
    "DeepSeek-R1-Distill-7B": (7e9, 18e12, 58_214_000),
    "DeepSeek-R1": (671e9, 14.8e12, 3_003_000),
}


def _printed(value: float) -> float:
    """Three significant digits as people round them."""
    exact = Decimal(repr(value))
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), ROUND_HALF_UP))


def test_table_4_of_the_study_is_reproduced_to_the_printed_digits(shared_data: Path) -> None:
    with (shared_data / "paper/paper_table4_flops.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(MODELS)
    for row in rows:
        num_parameters, training_tokens, tokens = MODELS[row["policy_model"]]
        training = pretraining_flops(num_parameters, training_tokens)
        inference = inference_flops(num_parameters, tokens)
        assert _printed(training) == float(row["pretraining_flops"])
        assert _printed(inference) == float(row["inference_flops"])
        assert _printed(training + inference) == float(row["total_flops"])


def test_the_prm_and_the_prompts_are_counted_apart() -> None:
    counts = TokenCounts(*(np.array([x]) for x in (100.0, 10.0, 40.0, 140.0)))
    assert counts.policy_flops(1e9)[0] == pytest.approx(2 * 1e9 * 110)
    assert counts.prm_flops(2e9)[0] == pytest.approx(2 * 2e9 * 140)
