"""What a cell spends: tokens, as it takes them when run alone, and FLOPs from those.

6 P D for training and 2 P D for inference (Kaplan et al. 2020, arXiv 2001.08361,
table 1, without the attention term), as arXiv 2502.06703 counts them in its Table 4.
The study leaves out the PRM and the prompts; all parts are kept apart here, so that a
total can be had with and without them. Tokens read from a prefix cache cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ttsgrid.core.voting import Floats

TRAINING_FLOPS_PER_PARAMETER_TOKEN = 6
INFERENCE_FLOPS_PER_PARAMETER_TOKEN = 2
Number = TypeVar("Number", float, Floats)


def pretraining_flops(num_parameters: float, tokens: float) -> float:
    """Return the FLOPs of one pass of pre-training over `tokens`: 6 P D."""
    return TRAINING_FLOPS_PER_PARAMETER_TOKEN * num_parameters * tokens


def inference_flops(num_parameters: float, tokens: Number) -> Number:
    """Return the FLOPs of `tokens` forward passes, prefill or decode: 2 P D."""
    return INFERENCE_FLOPS_PER_PARAMETER_TOKEN * num_parameters * tokens


@dataclass(frozen=True, eq=False)
class Spent:
    """What each problem costs, shape (P,) each; NaN where not run or unknown.

    Equal to itself alone, so that what follows from one can be kept by it.

    Attributes:
        policy_prompt: tokens in the policy's prompts, cached ones included.
        policy_cached: of those, read from the prefix cache.
        policy_generated: sampled by the policy.
        prm_prompt: tokens in the PRM's inputs, cached ones included.
        prm_cached: of those, read from the prefix cache.
        seconds: wall time of the work units, queueing in the engine included, summed:
            units run side by side, so this is neither latency nor engine time.
    """

    policy_prompt: Floats
    policy_cached: Floats
    policy_generated: Floats
    prm_prompt: Floats
    prm_cached: Floats
    seconds: Floats

    @property
    def policy_computed(self) -> Floats:
        """Forward passes of the policy: uncached prompt tokens and generated ones."""
        return self.policy_prompt - self.policy_cached + self.policy_generated

    @property
    def prm_computed(self) -> Floats:
        """Forward passes of the PRM."""
        return self.prm_prompt - self.prm_cached
