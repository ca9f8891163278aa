"""FLOPs: the study's Table 4, to the printed digits."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from ttsgrid.analysis.cells.flops import Spent, inference_flops, pretraining_flops
from ttsgrid.analysis.study.paper import paper_figures

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


@pytest.mark.parametrize("model", MODELS)
def test_table_4_of_the_study_is_reproduced_to_the_printed_digits(model: str) -> None:
    num_parameters, training_tokens, tokens = MODELS[model]
    training = pretraining_flops(num_parameters, training_tokens)
    inference = inference_flops(num_parameters, tokens)
    rows = paper_figures().filter(table=4, model=model)
    printed = dict(rows.select("quantity", "value").iter_rows())
    assert printed == {
        "pretraining_flops": _printed(training),
        "inference_flops": _printed(inference),
        "total_flops": _printed(training + inference),
    }


def test_what_a_cache_holds_is_not_computed() -> None:
    spent = Spent(*(np.array([x]) for x in (40.0, 30.0, 100.0, 140.0, 50.0, 1.0)))
    assert spent.policy_computed[0] == 110
    assert spent.prm_computed[0] == 90
