"""The heads of PRMs on transformers: two numbers per token, as vLLM's classifiers give them.

- `marker_logits`: a causal LM whose LM head is cut to the rows of two tokens.
- `token_classify`: `score` on the trunk. One linear layer in transformers' own
  `*ForTokenClassification`; two with a ReLU between them in `Qwen2ForProcessRewardModel`
  (Qwen2.5-Math-PRM), whose own code is on the hub and not needed.
- `value_head`: one number per token. `v_head.summary`, a linear layer, in Skywork's
  `Qwen2ForPrmModel` (SkyworkAI/skywork-o1-prm-inference, `prm_model.py`); two layers `score`
  in `Qwen2ForRewardModel` (Qwen2.5-Math-RM); `score` in transformers' own
  `*ForSequenceClassification` with one label.

One number v stands as (0, v), whose two-class softmax is the sigmoid of v. Weights that a
checkpoint lacks are an error: transformers would draw them at random.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from ttsgrid.core.errors import EngineError
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.transformers_engine.attention import NAME


def load_policy(spec: EngineSpec) -> nn.Module:
    """Load a causal LM.

    Raises:
        EngineError: the checkpoint lacks some of its weights.
    """
    return _loaded(AutoModelForCausalLM, spec)


def load_prm(spec: EngineSpec) -> nn.Module:
    """Load a PRM; its output's `logits` are of shape (1, tokens, 1 or 2).

    Raises:
        EngineError: the checkpoint has no such head, or lacks some of its weights.
    """
    if spec.head == "marker_logits":
        return _cut_to_markers(load_policy(spec), spec)
    config = AutoConfig.from_pretrained(spec.source, revision=spec.revision, **_LOCAL)
    return _loaded(_headed(spec, config), spec, config=config)


# A checkpoint's own code is never run: what is served is said here.
_LOCAL: dict[str, Any] = {"trust_remote_code": False}
# transformers makes a model's dtype torch's default while it loads, for the whole process.
_LOADING = Lock()


def _loaded(cls: Any, spec: EngineSpec, **told: Any) -> nn.Module:  # noqa: ANN401 - a model class
    logging.disable_progress_bar()  # it would draw over the sweep's own
    with _LOADING:
        model, report = cls.from_pretrained(
            spec.source,
            revision=spec.revision,
            dtype=spec.dtype if spec.dtype == "auto" else getattr(torch, spec.dtype),
            attn_implementation=NAME,
            output_loading_info=True,
            **_LOCAL,
            **told,
        )
    lacking = sorted(report["missing_keys"])
    if lacking:
        raise EngineError(
            f"{spec.name}: {spec.source} lacks {len(lacking)} weights of its model, "
            f"{lacking[0]} among them; is its format the right one?"
        )
    moved: nn.Module = model.to("cuda" if spec.num_gpus else "cpu")
    return moved


def _cut_to_markers(model: Any, spec: EngineSpec) -> nn.Module:  # noqa: ANN401 - any causal LM
    """Keep the LM head's rows of the two markers: the others are most of a step's work."""
    if spec.marker_tokens is None:
        raise EngineError(f"{spec.name}: a marker_logits PRM needs its marker_tokens")
    whole = model.get_output_embeddings()
    rows = list(spec.marker_tokens)
    cut = nn.Linear(whole.in_features, 2, bias=whole.bias is not None)
    cut.to(whole.weight)
    with torch.no_grad():
        cut.weight.copy_(whole.weight[rows])
        if whole.bias is not None:
            cut.bias.copy_(whole.bias[rows])
    model.set_output_embeddings(cut)
    kept: nn.Module = model
    return kept


class HeadedModel(PreTrainedModel):  # type: ignore[misc]
    """A trunk under `model`, and a head that a subclass adds under its checkpoints' name."""

    base_model_prefix = "model"
    _supports_sdpa = _supports_attention_backend = True

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - any model's config
        super().__init__(config)
        self.model = AutoModel.from_config(config)
        self.add_head(config.get_text_config().hidden_size)
        self.post_init()

    def add_head(self, size: int) -> None:
        """Add the head's layers, for hidden states of that size."""
        raise NotImplementedError

    def head(self, hidden: Tensor) -> Tensor:
        """Return the numbers of each token."""
        raise NotImplementedError

    def forward(self, *, logits_to_keep: int = 0, **told: Any) -> SimpleNamespace:  # noqa: ANN401
        """Return the head's numbers for every token as `logits`."""
        return SimpleNamespace(logits=self.head(self.model(**told).last_hidden_state))


class ValueHeadModel(HeadedModel):
    """Skywork's layout."""

    def add_head(self, size: int) -> None:
        """One linear layer; its dropout acts in training only."""
        self.v_head = nn.ModuleDict({"summary": nn.Linear(size, 1)})

    def head(self, hidden: Tensor) -> Tensor:
        """Return one number per token."""
        value: Tensor = self.v_head["summary"](hidden)
        return value


class ScoreModel(HeadedModel):
    """The layout of transformers' own classifiers: a layer `score`."""

    def add_head(self, size: int) -> None:
        """One linear layer with a bias."""
        self.score: nn.Module = nn.Linear(size, self.config.num_labels)

    def head(self, hidden: Tensor) -> Tensor:
        """Return one number per token and label."""
        numbers: Tensor = self.score(hidden)
        return numbers


class SequenceScoreModel(ScoreModel):
    """The same without a bias, as `*ForSequenceClassification` has it."""

    def add_head(self, size: int) -> None:
        """One linear layer."""
        self.score = nn.Linear(size, self.config.num_labels, bias=False)


class TwoClassModel(ScoreModel):
    """The layout of Qwen2.5-Math-PRM."""

    num_outputs = 2  # said by the makers' code, whatever `num_labels` their config has

    def add_head(self, size: int) -> None:
        """Two linear layers with a ReLU between them."""
        last = nn.Linear(size, self.num_outputs)
        self.score = nn.Sequential(nn.Linear(size, size), nn.ReLU(), last)


class RewardModel(TwoClassModel):
    """The layout of Qwen2.5-Math-RM: the same with one number."""

    num_outputs = 1


# By the end of the architecture's name, whatever trunk it stands on.
LAYOUTS: dict[str, Callable[[Any], HeadedModel]] = {
    "ForProcessRewardModel": TwoClassModel,
    "ForRewardModel": RewardModel,
    "ForPrmModel": ValueHeadModel,
    "ForTokenClassification": ScoreModel,
    "ForSequenceClassification": SequenceScoreModel,
}


def _headed(spec: EngineSpec, config: Any) -> Callable[[Any], HeadedModel]:  # noqa: ANN401
    named = [str(name) for name in config.architectures or []]
    for name in named:
        for ending, layout in LAYOUTS.items():
            if name.endswith(ending):
                return layout
    raise EngineError(
        f"{spec.name}: {spec.source} is {', '.join(named) or 'of no named architecture'}, which "
        f"has no head for {spec.head}; served are *{', *'.join(LAYOUTS)}"
    )
