"""The plan says which PRMs vLLM can't serve, and what serves them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.grid.test_identities import GRID, model
from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import kind_for, require_served
from ttsgrid.grid.config import EngineConfig
from ttsgrid.grid.served import served_elsewhere

SKYWORK = model("zoo-prm", "skywork")


def test_a_prm_with_a_value_head_goes_to_transformers_and_the_plan_says_so() -> None:
    grid = replace(GRID, prms=(*GRID.prms, replace(SKYWORK, name="sky")))
    (said,) = served_elsewhere(grid)
    assert "sky runs on transformers" in said
    assert served_elsewhere(replace(grid, engine=EngineConfig("transformers"))) == []
    assert served_elsewhere(GRID) == []


@pytest.mark.parametrize("kind", ["vllm", "transformers"])
def test_each_head_has_an_engine(kind: str) -> None:
    assert kind_for(kind, "token_classify") == kind
    assert kind_for(kind, "marker_logits") == kind
    assert kind_for(kind, "value_head") == "transformers"
    assert kind_for(kind, "my_package.heads:load") == "own_head"
    assert kind_for("fake", "value_head") == "fake"


def test_what_transformers_would_ignore_is_refused() -> None:
    spec = EngineSpec("transformers", role="policy", name="mine", source="mine")
    require_served(replace(spec, num_gpus=1))
    with pytest.raises(ConfigError, match="runs a model on one GPU"):
        require_served(replace(spec, num_gpus=2))
    with pytest.raises(ConfigError, match="quantization=fp8 is for"):
        require_served(replace(spec, quantization="fp8"))
