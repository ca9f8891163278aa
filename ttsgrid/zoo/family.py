"""The zoo's members: who they are, how large, how long trained."""

from __future__ import annotations

from ttsgrid.zoo.judged import TrunkSpec
from ttsgrid.zoo.policies import PolicySpec
from ttsgrid.zoo.prms import PrmSpec

POLICIES: dict[str, PolicySpec] = {
    spec.name: spec
    for spec in (
        PolicySpec(
            "zoo-s",
            3,
            64,
            num_drill_steps=900,
            num_recipe_steps=1350,
            slip_rounds=(1500, 600, 800),
            slip_rate=0.8,
        ),
        PolicySpec("zoo-m", 3, 96, num_drill_steps=700, num_recipe_steps=1150),
        PolicySpec("zoo-l", 4, 128, num_drill_steps=700, num_recipe_steps=820),
    )
}
LARGEST = "zoo-l"
TRUNK = TrunkSpec(
    "zoo-trunk",
    num_new_layers=2,
    num_format_steps=150,
    num_drill_steps=250,
    num_recipe_steps=1200,
)

PRMS: dict[str, PrmSpec] = {
    spec.name: spec
    for spec in (
        PrmSpec("zoo-prm", kind="token_classifier", num_problems=4000, num_steps=900),
        PrmSpec(
            "zoo-shepherd", kind="step_tag", num_problems=4000, num_steps=500, num_completions=4
        ),
    )
}
