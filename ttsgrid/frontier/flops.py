"""Floating-point operations from parameters and tokens.

6 P D for training and 2 P D for inference (Kaplan et al. 2020, arXiv 2001.08361,
table 1, without the attention term), as arXiv 2502.06703 counts them in its Table 4.
The study leaves out the PRM and the prompts; both are kept apart here, so that a
total can be had with and without them. Tokens read from a prefix cache cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.voting import Floats

TRAINING_FLOPS_PER_PARAMETER_TOKEN = 6
INFERENCE_FLOPS_PER_PARAMETER_TOKEN = 2


def pretraining_flops(num_parameters: float, tokens: float) -> float:
    """Return the FLOPs of one pass of pre-training over `tokens`: 6 P D."""
    return TRAINING_FLOPS_PER_PARAMETER_TOKEN * num_parameters * tokens


def inference_flops(num_parameters: float, tokens: float) -> float:
    """Return the FLOPs of `tokens` forward passes, prefill or decode: 2 P D."""
    return INFERENCE_FLOPS_PER_PARAMETER_TOKEN * num_parameters * tokens


@dataclass(frozen=True)
class TokenCounts:
    """Tokens spent a problem, shape (P,) each (or one number).

    Attributes:
        policy_generated: sampled by the policy.
        policy_prompt: computed in prefill, each shared prefix once.
        policy_prompt_uncached: in prefill if no prefix were ever shared.
        prm_read: computed by the PRM, cached ones left out.
    """

    policy_generated: Floats
    policy_prompt: Floats
    policy_prompt_uncached: Floats
    prm_read: Floats

    def policy_flops(self, num_parameters: float) -> Floats:
        """FLOPs of the policy: prompts and generation."""
        per_token = INFERENCE_FLOPS_PER_PARAMETER_TOKEN * num_parameters
        return per_token * (self.policy_generated + self.policy_prompt)

    def prm_flops(self, num_parameters: float) -> Floats:
        """FLOPs of the PRM."""
        return INFERENCE_FLOPS_PER_PARAMETER_TOKEN * num_parameters * self.prm_read
